"""Two connections at one moment: an adjustment is booked once, and a wallet is never below zero."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backoffice.core.errors import DomainError
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.adjustment_states import Direction, Why
from payments.adjustments.services import KIND, adjustment_ask, adjustment_cancel
from payments.models import WalletAdjustment
from sandbox.gateway.server import CashierServer
from tests.payments.money import Brokerage, eur
from tests.payments.test_race_for_money import _at_once
from tests.world import load_world


@pytest.fixture
def shop(committed: None, cashier: CashierServer) -> Iterator[Brokerage]:
    """Rows really committed, so that another connection sees them."""
    brokerage = Brokerage(load_world(), cashier)
    brokerage.funded("100.00")
    yield brokerage


def _asked(shop: Brokerage, amount: str) -> WalletAdjustment:
    with shop.scope():
        return adjustment_ask(
            actor=shop.actor,
            client=shop.client,
            direction=Direction.FROM_CLIENT,
            why=Why.CORRECTION,
            money=eur(amount),
            reason="credited to the wrong client",
        )


def _yes(shop: Brokerage, row: WalletAdjustment, name: str) -> Callable[[], Any]:
    actor = shop.world.actor(name)

    def run() -> Any:
        with shop.scope():
            approval = pending_for(actor, row.pk, KIND)
            assert approval is not None
            return approval_vote(actor=actor, approval=approval, approves=True)

    return run


def _refusals(found: list[Any]) -> int:
    return len([each for each in found if isinstance(each, DomainError)])


def test_two_people_approve_at_one_moment(shop: Brokerage) -> None:
    row = _asked(shop, "60.00")
    with shop.scope():
        approval = pending_for(shop.system, row.pk, KIND)
    assert approval is not None

    def yes(name: str) -> Callable[[], Any]:
        def run() -> Any:
            with shop.scope():
                actor = shop.world.actor(name)
                return approval_vote(actor=actor, approval=approval, approves=True)

        return run

    assert _refusals(_at_once(yes("petra"), yes("adam"))) == 1
    assert (shop.wallet(), shop.journals(row.reference)) == (40, ["wallet_adjustment"])
    assert shop.sound()


def test_two_that_the_wallet_has_no_room_for_together(shop: Brokerage) -> None:
    first, second = _asked(shop, "60.00"), _asked(shop, "70.00")
    assert _refusals(_at_once(_yes(shop, first, "petra"), _yes(shop, second, "adam"))) == 1
    assert shop.wallet() in (40, 30)
    assert shop.sound()


def test_one_is_approved_as_it_is_cancelled(shop: Brokerage) -> None:
    row = _asked(shop, "60.00")
    with shop.scope():
        approval = pending_for(shop.system, row.pk, KIND)
    assert approval is not None
    petra = shop.world.actor("petra")

    def yes() -> Any:
        with shop.scope():
            return approval_vote(actor=petra, approval=approval, approves=True)

    def cancel() -> Any:
        with shop.scope():
            return adjustment_cancel(actor=shop.actor, adjustment=row, reason="no more")

    assert _refusals(_at_once(yes, cancel)) == 1
    with shop.scope():
        state = WalletAdjustment.objects.get(pk=row.pk).state
    assert (state, shop.wallet()) in [("booked", 40), ("cancelled", 100)]
    assert shop.sound()
