"""Whatever is booked when, and whenever days are closed: the totals that a day closed with are the
ones that are read of it later, by snapshot or line by line."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from backoffice.core.clock import now, today
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.days import day_close, day_end, snapshots_take
from ledger.entries import Line
from ledger.errors import PeriodClosed
from ledger.services import VALUE_DATE, account_for, post
from ledger.totals import totals_at, totals_hash
from tests.world import World

DAYS = 5
# Each step: book an amount valued so many days ago, close the next day, or take the snapshots.
BOOK = st.tuples(
    st.just("book"),
    st.integers(min_value=0, max_value=DAYS),
    st.integers(min_value=1, max_value=500),
    st.sampled_from(["ada", "bob", "fee"]),
    st.booleans(),
)
STEPS = st.lists(
    st.one_of(BOOK, BOOK, BOOK, st.just(("close",)), st.just(("snapshots",))), max_size=25
)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_closed_days_totals_are_what_it_closed_with(world: World, steps: list[Any]) -> None:
    with transaction.atomic():
        _run(world, steps)
        transaction.set_rollback(True)


def _run(world: World, steps: list[Any]) -> None:
    actor, tenant_id = world.system(), world.aurora.pk
    with tenant_scope(tenant_id, actor):
        oldest = today(world.aurora.timezone) - timedelta(days=DAYS)
        frozen: dict[datetime, str] = {}

        def book(back: int, cents: int, who: str, late: bool) -> None:  # noqa: FBT001
            bank = account_for(actor=actor, spec=chart.bank_client("CY1"), currency="EUR")
            spec = chart.fee("x") if who == "fee" else chart.client_wallet(who)
            other = account_for(actor=actor, spec=spec, currency="EUR")
            money = Money(Decimal(cents) / 100, "EUR")
            asked = now() - timedelta(days=back)
            closed_until = max(frozen, default=None)
            try:
                made = post(
                    actor=actor,
                    key=str(uuid7()),
                    kind="test",
                    lines=[Line(bank, other, money)],
                    effective_at=asked,
                    into_open_day=late,
                )
            except PeriodClosed as refusal:
                assert not late
                assert closed_until is not None
                assert (refusal.until, asked < closed_until) == (closed_until, True)
                return
            entry = selectors.journal(tenant_id, made.journal_id)
            assert entry is not None
            carried = closed_until is not None and asked < closed_until
            assert entry.journal.effective_at == (closed_until if carried else asked)
            assert (VALUE_DATE in entry.journal.meta) == carried

        for step, *facts in steps:
            if step == "book":
                book(*facts)
            elif step == "snapshots":
                snapshots_take(actor=actor)
            elif len(frozen) < DAYS:
                day = oldest + timedelta(days=len(frozen))
                day_close(actor=actor, day=day, verified=True)
                until = day_end(tenant_id, day)
                frozen[until] = totals_hash(totals_at(tenant_id, until))
            for until, digest in frozen.items():
                assert totals_hash(totals_at(tenant_id, until)) == digest
        assert selectors.verify(tenant_id).faults == []
