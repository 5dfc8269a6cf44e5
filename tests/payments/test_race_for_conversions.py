"""Two connections at one moment: an offer is booked once, and a wallet is never below zero."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backoffice.core.errors import DomainError
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.conversions.services import (
    KIND,
    conversion_accept,
    conversion_cancel,
    conversion_offer,
)
from payments.models import Conversion
from sandbox.gateway.server import CashierServer
from tests.payments.factories import quote_currencies
from tests.payments.money import Brokerage, eur
from tests.payments.test_race_for_money import _at_once
from tests.world import load_world


@pytest.fixture
def desk(committed: None, cashier: CashierServer) -> Iterator[Brokerage]:
    """Rows really committed, so that another connection sees them."""
    brokerage = Brokerage(load_world(), cashier)
    with brokerage.scope():
        quote_currencies(brokerage.world)
    brokerage.funded("700.00")
    yield brokerage


def _offer(desk: Brokerage, amount: str) -> Conversion:
    with desk.scope():
        return conversion_offer(
            actor=desk.actor, client=desk.client, give=eur(amount), currency="USD"
        )


def _accept(desk: Brokerage, row: Conversion) -> Callable[[], Any]:
    def run() -> Any:
        with desk.scope():
            return conversion_accept(actor=desk.actor, conversion=row).state

    return run


def _cancel(desk: Brokerage, row: Conversion) -> Callable[[], Any]:
    def run() -> Any:
        with desk.scope():
            return conversion_cancel(actor=desk.actor, conversion=row, reason="no more").state

    return run


def _refusals(found: list[Any]) -> int:
    return len([each for each in found if isinstance(each, DomainError)])


def test_an_offer_is_accepted_twice_at_one_moment(desk: Brokerage) -> None:
    row = _offer(desk, "400.00")
    assert _at_once(_accept(desk, row), _accept(desk, row)) == ["booked", "booked"]
    assert (desk.wallet(), desk.journals(row.reference)) == (300, ["conversion"])
    assert desk.sound()


def test_two_offers_that_the_wallet_has_no_room_for_together(desk: Brokerage) -> None:
    rows = [_offer(desk, "400.00"), _offer(desk, "450.00")]
    assert _refusals(_at_once(*(_accept(desk, row) for row in rows))) == 1
    assert desk.wallet() in (300, 250)
    assert desk.sound()


def test_one_is_accepted_as_it_is_declined(desk: Brokerage) -> None:
    row = _offer(desk, "400.00")
    assert _refusals(_at_once(_accept(desk, row), _cancel(desk, row))) == 1
    with desk.scope():
        state = Conversion.objects.get(pk=row.pk).state
    assert (state, desk.wallet()) in [("booked", 300), ("cancelled", 700)]
    assert desk.sound()


def test_a_large_one_is_approved_as_it_is_taken_back(desk: Brokerage) -> None:
    row = _offer(desk, "600.00")
    assert _accept(desk, row)() == "waiting"
    petra = desk.world.actor("petra")
    with desk.scope():
        approval = pending_for(petra, row.pk, KIND)
    assert approval is not None

    def yes() -> Any:
        with desk.scope():
            return approval_vote(actor=petra, approval=approval, approves=True)

    assert _refusals(_at_once(yes, _cancel(desk, row))) == 1
    with desk.scope():
        state = Conversion.objects.get(pk=row.pk).state
    assert (state, desk.wallet()) in [("booked", 100), ("cancelled", 700)]
    assert desk.sound()
