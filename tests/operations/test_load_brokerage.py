"""`manage.py sandbox_load`: a made-up brokerage that the product itself finds sound."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from backoffice.audit import selectors as trail
from backoffice.audit.services import seal
from backoffice.core.context import system_actor
from backoffice.portal import search
from backoffice.portal.models import SearchEntry
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.references import next_reference
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from kyc.models import KycCase
from ledger.models import Account, Transfer
from operations.load.bulk import Bulk
from payments.models import Deposit, Withdrawal
from tests.world import World
from trading.models import Deal

UNTIL = datetime(2026, 6, 30, 12, tzinfo=UTC)
SCALE = 0.0002  # two hundred clients, a thousand deals
FUNDED = 130  # of the two hundred, by seed


@pytest.fixture
def owner(world: World) -> Iterator[None]:
    """The command changes tables, so it runs as their owner."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE backoffice_owner")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE backoffice_app")


def load(slug: str) -> Tenant:
    call_command("sandbox_load", scale=SCALE, tenant=slug, until=UNTIL, stdout=StringIO())
    return Tenant.objects.get(slug=slug)


def books_faults(tenant: Tenant) -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_faults(%s, 5)", [tenant.pk])
        return list(cursor.fetchall())


def test_its_books_are_sound(owner: None) -> None:
    tenant = load("plenty")
    with tenant_scope(tenant.pk):
        assert Transfer.objects.filter(tenant_id=tenant.pk).count() == 8 * FUNDED
        assert Account.objects.filter(tenant_id=tenant.pk, pending_debits__gt=0).count() == 20
        assert books_faults(tenant) == []


def test_its_rows_are_as_many_as_the_scale_says(owner: None) -> None:
    tenant = load("plenty")
    with tenant_scope(tenant.pk):
        assert Client.objects.filter(tenant_id=tenant.pk).count() == 200
        assert Deal.objects.filter(tenant_id=tenant.pk).count() == 1_000
        assert Deposit.objects.filter(tenant_id=tenant.pk).count() == 2 * FUNDED + 20
        assert Withdrawal.objects.filter(tenant_id=tenant.pk, state="review").count() == 20


def test_its_trail_seals_into_an_intact_chain(owner: None) -> None:
    tenant = load("plenty")
    actor = system_actor(tenant.pk, "sealer")
    with tenant_scope(tenant.pk, actor):
        while seal(actor=actor):
            pass
        assert trail.verify(tenant.pk).intact


def test_the_same_seed_makes_the_same_people(owner: None) -> None:
    names = []
    for slug in ("plenty", "plenty-again"):
        tenant = load(slug)
        with tenant_scope(tenant.pk):
            rows = Client.objects.filter(tenant_id=tenant.pk).order_by("id")
            names.append(list(rows.values_list("reference", "first_name", "last_name", "state")))
    assert names[0] == names[1]


def test_people_are_found_by_the_words_that_the_product_would_have_kept(owner: None) -> None:
    tenant = load("plenty")
    with tenant_scope(tenant.pk):
        for client in Client.objects.filter(tenant_id=tenant.pk, kind="person")[:10]:
            words = [client.reference, client.reference[-6:], client.email, client.phone[1:]]
            kept = SearchEntry.objects.filter(tenant_id=tenant.pk, object_id=client.pk).values_list(
                "token", flat=True
            )
            assert sorted(kept) == sorted(search.tokens(client.name, *words))


def test_the_next_reference_follows_the_last_one_loaded(owner: None) -> None:
    tenant = load("plenty")
    with tenant_scope(tenant.pk):
        last = Client.objects.filter(tenant_id=tenant.pk, reference__startswith="C-2026-").count()
        with connection.cursor() as cursor:
            cursor.execute("SELECT last FROM tenancy_counter WHERE prefix = 'C' AND year = 2026")
            assert cursor.fetchone() == (last,)
        with time_machine.travel(UNTIL):  # each year counts from one
            assert next_reference("C") == f"C-2026-{last + 1:06d}"


def test_a_brokerage_that_exists_is_left_alone(owner: None) -> None:
    with pytest.raises(CommandError, match="There is a brokerage aurora already"):
        load("aurora")


@pytest.mark.parametrize("rebuild_min", [1, 1_000_000])
def test_a_table_has_its_policy_triggers_and_indexes_back_after_loading(
    world: World, owner: None, rebuild_min: int
) -> None:
    before = guards()
    bulk = Bulk(world.aurora.pk, say=lambda text: None, rebuild_min=rebuild_min)
    line = (
        "0199aaaa-0000-7000-8000-000000000001\tB-1\tone:code\tasset\tEUR\t1\t2026-01-01T00:00:00\n"
    )
    bulk.copy(Account, "id owner_ref code kind currency normal opened_at", [line], rows=1)
    assert guards() == before
    with tenant_scope(world.aurora.pk):
        account = Account.objects.get(tenant_id=world.aurora.pk, code="one:code")
        assert (account.version, account.closed, account.shard) == (0, False, 0)


GUARDS = """
SELECT relrowsecurity, relforcerowsecurity,
       (SELECT array_agg(x.indexrelid::regclass::text ORDER BY x.indexrelid::regclass::text)
        FROM pg_index x WHERE x.indrelid = c.oid),
       (SELECT array_agg(concat(t.tgname, t.tgenabled) ORDER BY t.tgname)
        FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
       (SELECT array_agg(r.conname ORDER BY r.conname)
        FROM pg_constraint r WHERE r.conrelid = c.oid),
       (SELECT count(*) FROM pg_attrdef d WHERE d.adrelid = c.oid)
FROM pg_class c WHERE c.oid = 'ledger_account'::regclass
"""


def guards() -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        return list(cursor.fetchall())


def test_a_row_that_breaks_a_reference_is_refused_and_nothing_stays(
    world: World, owner: None
) -> None:
    bulk = Bulk(world.aurora.pk, say=lambda text: None)
    stranger = "0199aaaa-0000-7000-8000-00000000000a"
    line = f"{stranger}\tK-1\t{stranger}\tdraft\t{stranger}\t2026-01-01\tload\n"

    columns = "id reference client_id state level_id opened_at opened_by"
    with pytest.raises(IntegrityError, match="tenant_fk"), transaction.atomic():
        bulk.copy(KycCase, columns, [line], rows=1)
    with tenant_scope(world.aurora.pk):
        assert not KycCase.objects.filter(tenant_id=world.aurora.pk).exists()
