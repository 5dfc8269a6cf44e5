"""The demo's past: one clock for everything, nobody else's to set, and nothing left behind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from backoffice.audit.models import AuditEntry
from backoffice.audit.services import audit
from backoffice.core import clock
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from ledger.actions import DAY_CLOSED
from operations.demo.past import Past
from tests.conftest import OWNER
from tests.world import World

SEARCHED = (
    "SELECT DISTINCT unnest(proconfig) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
)
NEAR = timedelta(minutes=1)


@pytest.fixture
def demo_past(committed: None, settings: Any) -> Iterator[Past]:
    settings.DEMO = True
    facts = connection.settings_dict
    settings.DATABASE_OWNER_URL = (
        f"postgresql://{facts['USER']}:{facts['PASSWORD']}@/{facts['NAME']}"
        f"?host={facts['HOST']}&port={facts['PORT']}&options=-c%20role%3D{OWNER}"
    )
    past = Past()
    yield past
    past.close()


def _paths() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(SEARCHED)
        return {text for (text,) in cursor.fetchall() if text.startswith("search_path")}


def _entry(world: World) -> AuditEntry:
    actor = world.actor("miles")
    with tenant_scope(actor.tenant_id, actor):
        entry = audit(actor=actor, action=DAY_CLOSED)
        return AuditEntry.objects.get(pk=entry)


def test_what_is_done_in_the_past_carries_its_moment_everywhere(
    world: World, demo_past: Past
) -> None:
    moment = datetime.now(UTC) - timedelta(days=20)
    demo_past.go(moment)
    entry = _entry(world)
    assert moment <= entry.at < moment + NEAR
    assert moment <= clock.now() < moment + NEAR
    stamp = datetime.fromtimestamp((uuid7().int >> 80) / 1000, UTC)
    assert abs(stamp - moment) < NEAR


def test_afterwards_the_present_is_back_and_the_kernel_as_it_was(
    world: World, demo_past: Past
) -> None:
    before = _paths()
    demo_past.go(datetime.now(UTC) - timedelta(days=20))
    assert _paths() != before
    demo_past.close()
    assert _paths() == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('demo_clock')")
        assert cursor.fetchone() == (None,)
    assert abs(_entry(world).at - datetime.now(UTC)) < NEAR


def test_no_clock_but_a_demo_s_can_be_set(db: None) -> None:
    with (
        pytest.raises(RuntimeError, match="Only the demo's clock"),
        clock.travelled(timedelta(days=-1)),
    ):
        pass
    assert abs(clock.now() - datetime.now(UTC)) < NEAR


def test_the_runtime_role_cannot_shift_the_kernel_s_clock(world: World) -> None:
    name = "audit_seal(bigint, integer)"
    for attack in (
        f"ALTER FUNCTION {name} SET search_path = other, pg_catalog, public",
        "CREATE SCHEMA demo_clock",
    ):
        with (
            pytest.raises(ProgrammingError, match="must be owner|permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attack)
    # A setting of that name alone moves nothing.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('demo.shift', '-20 days', true)")
    assert abs(_entry(world).at - datetime.now(UTC)) < NEAR
