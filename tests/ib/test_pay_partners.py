"""Payouts: what was earned, once, with other eyes, and the books agree."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, FourEyes, InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.services import restriction_place
from ib.errors import NothingToPay, PayoutOpen
from ib.models import CommissionLine, Partner, PayablePosting, Payout
from ib.services import (
    accrual_run,
    partner_move,
    payables_post,
    payout_pay,
    payout_propose,
    recalculate,
)
from ledger import chart, selectors
from tests.ib.factories import (
    Market,
    attribute,
    earned,
    make_agreement,
    make_client,
    make_partner,
    make_version,
    rates,
)
from tests.world import World
from trading.models import Deal

NIL = Decimal(0)
NOTHING = (NIL, NIL, NIL)


def _balance(actor: Actor, spec: chart.AccountSpec, currency: str = "EUR") -> Decimal:
    account = selectors.account(actor.tenant_id, spec.code, currency)
    return selectors.balance(actor.tenant_id, account).posted.amount if account else Decimal(0)


def _books(actor: Actor, partner: Partner) -> tuple[Decimal, Decimal, Decimal]:
    """(expense, what the partner is owed, the wallet)."""
    return (
        _balance(actor, chart.ib_commission()),
        _balance(actor, chart.ib_payable(partner.pk)),
        _balance(actor, chart.client_wallet(partner.client_id)),
    )


def _states(**narrow: Any) -> list[str]:
    lines = CommissionLine.objects.filter(**narrow).order_by("deal_ticket", "sequence")
    return [line.state for line in lines]


@pytest.fixture
def partner(igor: Actor) -> Partner:
    return make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))


@pytest.fixture
def trade(igor: Actor, market: Market, partner: Partner) -> Callable[..., Deal]:
    """Close so many lots of the partner's client and reckon the commission."""
    client = make_client(igor)
    attribute(igor, client, partner)

    def close(lots: str = "2", **facts: Any) -> Deal:
        deal = market.closed(client, lots, **facts)
        accrual_run(actor=igor)
        return deal

    return close


def _approve(actor: Actor, payout: Payout) -> None:
    approval = pending_for(actor, payout.pk)
    assert approval is not None
    approval_vote(actor=actor, approval=approval, approves=True)


def test_a_payout_goes_from_expense_over_what_is_owed_to_the_wallet(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    trade("3.31")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    assert (payout.amount, payout.lines_count, payout.state) == (Decimal("26.55"), 2, "proposed")
    assert _states() == ["in_payout", "in_payout"]
    assert _books(igor, partner) == NOTHING
    assert queues.item_for(igor, "ib-payouts", payout.pk) is not None

    _approve(world.actor("petra"), payout)

    payout.refresh_from_db()
    assert (payout.state, _states()) == ("paid", ["paid", "paid"])
    assert payout.journal_id is not None
    assert _books(igor, partner) == (Decimal("26.55"), NIL, Decimal("26.55"))
    assert queues.item_for(igor, "ib-payouts", payout.pk) is None


def test_paying_twice_pays_once(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    approval = pending_for(igor, payout.pk)
    assert approval is not None
    petra = world.actor("petra")
    _approve(petra, payout)
    with pytest.raises(StateConflict):
        approval_vote(actor=petra, approval=approval, approves=True)
    payout_pay(actor=petra, payout=payout)
    assert _books(igor, partner) == (Decimal(10), NIL, Decimal(10))
    with pytest.raises(NothingToPay):
        payout_propose(actor=igor, partner=partner, currency="EUR")


def test_who_proposed_it_cannot_approve_it(
    world: World, partner: Partner, trade: Callable[..., Deal], igor: Actor
) -> None:
    trade("2")
    olivia = world.actor("olivia")
    with tenant_scope(olivia.tenant_id, olivia):
        payout = payout_propose(actor=olivia, partner=partner, currency="EUR")
        with pytest.raises(FourEyes):
            _approve(olivia, payout)
    assert _books(igor, partner) == NOTHING


def test_a_refused_payout_leaves_its_lines_unpaid(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    approval = pending_for(igor, payout.pk)
    assert approval is not None
    approval_vote(actor=world.actor("petra"), approval=approval, approves=False, reason="too soon")
    payout.refresh_from_db()
    assert (payout.state, payout.reason, _states()) == ("refused", "too soon", ["accrued"])
    assert _books(igor, partner) == NOTHING
    again = payout_propose(actor=igor, partner=partner, currency="EUR")
    assert (again.amount, again.reference != payout.reference) == (Decimal(10), True)


def test_one_payout_of_a_partner_and_currency_is_open_at_a_time(
    igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    payout_propose(actor=igor, partner=partner, currency="EUR")
    trade("4")
    with pytest.raises(PayoutOpen):
        payout_propose(actor=igor, partner=partner, currency="EUR")
    assert _states() == ["in_payout", "accrued"]


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"currency": "USD"}, NothingToPay),
        ({"until": timedelta(days=-9)}, NothingToPay),
        ({"until": timedelta(days=1)}, InvalidInput),
        ({"minimum": Decimal("10.01")}, NothingToPay),
    ],
)
def test_what_cannot_be_paid_is_said_and_nothing_is_locked(
    igor: Actor,
    partner: Partner,
    trade: Callable[..., Deal],
    facts: dict[str, Any],
    error: type[DomainError],
) -> None:
    trade("2")
    if "until" in facts:
        facts = {"until": now() + facts["until"]}
    with pytest.raises(error):
        payout_propose(actor=igor, partner=partner, **{"currency": "EUR", **facts})
    assert (_states(), Payout.objects.count()) == (["accrued"], 0)


def test_a_partner_who_is_suspended_or_stopped_is_not_paid(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    restriction_place(
        actor=igor, client=partner.client, action="ib", reason="review", text="Complaint"
    )
    with pytest.raises(InvalidInput, match="Complaint"):
        _approve(world.actor("petra"), payout)
    payout.refresh_from_db()
    assert (payout.state, _books(igor, partner)) == ("proposed", NOTHING)
    partner_move(actor=igor, partner=partner, state="suspended", reason="complaint")
    _approve(world.actor("petra"), payout)  # its content has changed: stale, not paid
    payout.refresh_from_db()
    assert (payout.state, _states(), _books(igor, partner)) == (
        "refused",
        ["accrued"],
        NOTHING,
    )


def test_a_deal_that_changes_while_a_payout_waits_makes_it_stale(
    world: World,
    igor: Actor,
    market: Market,
    partner: Partner,
    trade: Callable[..., Deal],
) -> None:
    deal = trade("2")
    trade("1")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    market.changed(deal, lots=Decimal(1), lots_closed=Decimal(1))
    accrual_run(actor=igor)
    _approve(world.actor("petra"), payout)
    payout.refresh_from_db()
    assert (payout.state, _books(igor, partner)) == ("refused", NOTHING)
    again = payout_propose(actor=igor, partner=partner, currency="EUR")
    assert again.amount == Decimal(10)
    _approve(world.actor("petra"), again)
    assert _books(igor, partner) == (Decimal(10), NIL, Decimal(10))


def test_what_was_paid_and_is_taken_back_comes_off_the_next_payout(
    world: World,
    igor: Actor,
    market: Market,
    partner: Partner,
    trade: Callable[..., Deal],
) -> None:
    deal = trade("2")
    _approve(world.actor("petra"), payout_propose(actor=igor, partner=partner, currency="EUR"))
    market.changed(deal, deleted_at=now())
    accrual_run(actor=igor)
    payables_post(actor=world.system(), until=now() + timedelta(minutes=1))
    assert _books(igor, partner) == (Decimal(10), NIL, Decimal(10))  # nothing is owed to take from
    with pytest.raises(NothingToPay):
        payout_propose(actor=igor, partner=partner, currency="EUR")
    trade("5")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    assert (payout.amount, payout.lines_count) == (Decimal(15), 2)
    _approve(world.actor("petra"), payout)
    assert _books(igor, partner) == (Decimal(25), NIL, Decimal(25))
    assert earned(partner) == Decimal(25)


def test_new_terms_leave_lines_of_a_payout_alone(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    payout = payout_propose(actor=igor, partner=partner, currency="EUR")
    agreement = partner.agreements.get().agreement
    make_version(igor, agreement, rates(ANY=["50"]), since=now() - timedelta(days=30))
    recalculate(actor=igor, since=now() - timedelta(days=30))
    assert (_states(), earned(partner)) == (["in_payout"], Decimal(10))
    _approve(world.actor("petra"), payout)
    recalculate(actor=igor, since=now() - timedelta(days=30))
    assert (_states(), earned(partner)) == (["paid"], Decimal(10))


def test_parts_of_a_cent_are_carried_from_payout_to_payout(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    for _ in range(3):
        trade("0.333")  # 1.665 each
        _approve(world.actor("petra"), payout_propose(actor=igor, partner=partner, currency="EUR"))
    paid = [payout.amount for payout in Payout.objects.order_by("id")]
    assert (paid, sum(paid)) == (
        [Decimal("1.66"), Decimal("1.67"), Decimal("1.66")],
        Decimal("4.99"),
    )
    assert _books(igor, partner)[2] == Decimal("4.99")


def test_the_daily_journal_books_each_line_once(
    world: World, igor: Actor, partner: Partner, trade: Callable[..., Deal]
) -> None:
    trade("2")
    later = now() + timedelta(minutes=1)
    assert [payables_post(actor=world.system(), until=later) for _ in range(3)] == [1, 0, 0]
    assert _books(igor, partner) == (Decimal(10), Decimal(10), NIL)
    trade("1")
    assert payables_post(actor=world.system(), until=now() - timedelta(days=1)) == 0
    _approve(world.actor("petra"), payout_propose(actor=igor, partner=partner, currency="EUR"))
    assert _books(igor, partner)[2] == Decimal(15)
    assert sum(p.amount for p in PayablePosting.objects.all()) == Decimal(15)


def test_the_database_lets_no_line_be_rewritten_or_paid_by_hand(
    igor: Actor, trade: Callable[..., Deal]
) -> None:
    trade("2")
    for statement in (
        "UPDATE ib_commissionline SET amount = 1000",
        "UPDATE ib_commissionline SET lots = 1000",
        "UPDATE ib_commissionline SET state = 'paid'",
        "DELETE FROM ib_commissionline",
        "UPDATE ib_payout SET amount = 1000",
        "DELETE FROM ib_payout",
        "DELETE FROM ib_placement",
        "UPDATE ib_clientattribution SET from_at = now()",
        "UPDATE ib_agreementversion SET rates = '[]'",
        "DELETE FROM ib_payableposting",
    ):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert _states() == ["accrued"]


def test_two_people_proposing_at_once_make_one_payout(committed: None, world: World) -> None:
    actors = [world.actor("igor"), world.actor("olivia")]
    with tenant_scope(world.aurora.pk, actors[0]):
        market = Market(actors[0])
        partner = make_partner(actors[0], agreement=make_agreement(actors[0], rates(ANY=["5"])))
        client = make_client(actors[0])
        attribute(actors[0], client, partner)
        for _ in range(5):
            market.closed(client, "1")
    accrual_run(actor=actors[0])
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def propose(actor: Actor) -> None:
        start.wait()
        try:
            with tenant_scope(actor.tenant_id, actor):
                payout_propose(actor=actor, partner=partner, currency="EUR")
            outcomes.append("proposed")
        except PayoutOpen:
            outcomes.append("open")
        finally:
            connection.close()

    threads = [threading.Thread(target=propose, args=[actor]) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["open", "proposed"]
    with tenant_scope(world.aurora.pk):
        assert Payout.objects.get().amount == Decimal(25)
        assert _states() == ["in_payout"] * 5


def test_two_workers_accruing_at_once_write_each_line_once(committed: None, world: World) -> None:
    igor = world.actor("igor")
    with tenant_scope(world.aurora.pk, igor):
        market = Market(igor)
        partner = make_partner(igor, agreement=make_agreement(igor, rates(ANY=["5"])))
        client = make_client(igor)
        attribute(igor, client, partner)
        for _ in range(30):
            market.closed(client, "1")
    start = threading.Barrier(2)
    written: list[int] = []

    def run() -> None:
        start.wait()
        try:
            written.append(accrual_run(actor=igor).lines)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [0, 30]
    with tenant_scope(world.aurora.pk):
        assert earned(partner) == Decimal(150)
