"""Who pays in a client's place, and the wallets their money goes to, are screened too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.models import Client, Restriction
from clients.selectors import allowed
from compliance.hits import hit_decide
from compliance.lists import tenant_list_import
from compliance.models import Hit, PartyScreening, TenantList
from compliance.parties import PAYER, WALLET, payer_screen
from compliance.party_handlers import PAYER_TOPIC, WALLET_TOPIC
from compliance.release import release_check
from compliance.rescreen import lists_follow
from compliance.screening.decide import Category
from compliance.states import HitState
from payments.models import Deposit, Destination, Withdrawal
from payments.services.destinations import destination_add
from tests.compliance.planted import day, deposit, make_client, withdrawal
from tests.world import STRANGER, World

ADDRESS = "1AbcDEFghijkLMNopqrstUVWxyz12345"
LISTED = f"id,kind,name,identifiers\nX1,person,Femi Okonkwo-Drayle,crypto address:{ADDRESS}\n"
QUIET = "id,name\nX9,Quincey Morris\n"


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        yield actor


def make_list(actor: Actor, folder: Path, text: str = LISTED) -> TenantList:
    path = folder / "list.csv"
    path.write_text(text)
    return tenant_list_import(
        actor=actor, path=path, title="House list", category=Category.INTERNAL, accept_fewer=True
    )


def paid_by(client: Client, payer: str) -> Deposit:
    row = deposit(client, "100", day(0), state="review", credited_at=None, payer_name=payer)
    outbox.put(PAYER_TOPIC, subject_id=row.pk)
    return row


def to_wallet(actor: Actor, client: Client, address: str = ADDRESS) -> Withdrawal:
    destination = destination_add(
        actor=actor, client=client, kind=Destination.Kind.WALLET, number=address,
        holder=client.name, label="Ledger",
    )  # fmt: skip
    row = withdrawal(client, "100", day(0), state="review", paid_at=None, paid_amount=None)
    Withdrawal.objects.filter(pk=row.pk).update(destination=destination)
    row = Withdrawal.objects.select_related("client", "destination").get(pk=row.pk)
    outbox.put(WALLET_TOPIC, subject_id=row.pk)
    return row


def work(world: World) -> None:
    outbox.drain(world.system())


def test_a_listed_payer_becomes_a_hit_of_the_client_and_stops_the_money(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        client = make_client(carla, "Clean")
        row = paid_by(client, "Femi OKONKWO DRAYLE")
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        hit = Hit.objects.get()
        assert (hit.client_id, hit.subject_type) == (client.pk, PAYER)
        assert (hit.subject["role"], hit.subject["name"]) == ("Payer", "Femi OKONKWO DRAYLE")
        assert release_check(carla, row).colour == "held"
        hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
        assert not release_check(carla, row).stops


def test_a_dismissed_payer_stays_dismissed_with_the_next_deposit(
    carla: Actor, tmp_path: Path
) -> None:
    make_list(carla, tmp_path)
    client = make_client(carla, "Clean")
    (hit,) = payer_screen(actor=carla, client=client, name="Femi Okonkwo Drayle")
    hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
    assert payer_screen(actor=carla, client=client, name="femi  okonkwo drayle") == []
    assert (Hit.objects.count(), PartyScreening.objects.count()) == (1, 1)


def test_a_deposit_of_someone_else_waits_until_its_payer_was_searched(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        row = paid_by(make_client(carla, "Clean"), "Wilhelmina Murray")
        check = release_check(carla, row)
        assert (check.colour, check.stops) == ("bad", True)
        assert "being looked at" in check.note
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        assert not release_check(carla, row).stops
        assert not Hit.objects.exists()


def test_money_under_the_clients_own_name_is_not_searched_again(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        client = make_client(carla, "Clean")
        row = paid_by(client, client.name.upper())
        assert not release_check(carla, row).stops
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        assert not PartyScreening.objects.exists()


def test_a_listed_wallet_is_held_at_once_and_becomes_a_hit(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        row = to_wallet(carla, make_client(carla, "Clean"))
        assert release_check(carla, row).colour == "held"
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        hit = Hit.objects.get()
        assert (hit.subject_type, hit.blocking) == (WALLET, True)
        assert hit.score == 1
        assert hit.subject["number"] == ADDRESS
        hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
        assert not release_check(carla, row).stops


def test_a_wallet_is_compared_letter_for_letter(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        row = to_wallet(carla, make_client(carla, "Clean"), ADDRESS.lower())
        assert not release_check(carla, row).stops
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        assert not Hit.objects.exists()
        assert PartyScreening.objects.get().matches == 0


def test_a_list_that_changes_finds_payers_and_wallets_of_before(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path, QUIET)
        client = make_client(carla, "Clean")
        paid_by(client, "Femi Okonkwo Drayle")
        paid_by(client, "Wilhelmina Murray")
        to_wallet(carla, client)
    work(world)
    lists_follow(carla)
    with tenant_scope(world.aurora.pk, carla):
        assert not Hit.objects.exists()
        make_list(carla, tmp_path)
    (run,) = lists_follow(carla)
    with tenant_scope(world.aurora.pk, carla):
        found = set(Hit.objects.values_list("subject_type", "state"))
        assert found == {(PAYER, "open"), (WALLET, "open")}
        assert run.hits == 2
        make_list(carla, tmp_path, QUIET)
    lists_follow(carla)
    with tenant_scope(world.aurora.pk, carla):
        assert set(Hit.objects.values_list("state", flat=True)) == {"gone"}


def test_a_confirmed_payer_keeps_the_money_and_leaves_the_client_who_they_are(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        client = make_client(carla, "Clean")
        row = paid_by(client, "Femi Okonkwo Drayle")
    work(world)
    with tenant_scope(world.aurora.pk, carla):
        before = {action: permit.ok for action, permit in allowed(client).items()}
        hit_decide(actor=carla, hit=Hit.objects.get(), verdict=HitState.CONFIRMED, reason="stated")
        assert release_check(carla, row).colour == "held"
        assert not Restriction.objects.filter(client=client).exists()
        assert {action: permit.ok for action, permit in allowed(client).items()} == before
    work(world)


def test_another_brokerage_sees_nothing_of_a_party(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        payer_screen(actor=carla, client=make_client(carla, "Clean"), name="Femi Okonkwo Drayle")
    with tenant_scope(world.borealis.pk, world.actor(STRANGER)):
        assert not PartyScreening.objects.exists()
        assert not Hit.objects.exists()
