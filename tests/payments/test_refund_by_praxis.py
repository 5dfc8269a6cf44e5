"""Money back to the card through Praxis: once, whatever the line between us does."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from backoffice.core.clock import now
from payments.models import Withdrawal, WithdrawalPart
from payments.services.withdrawals import withdrawal_approve
from tests.payments.money import Brokerage
from tests.payments.praxis import PraxisShop


@pytest.fixture
def stocked(praxis_shop: PraxisShop, bank_shop: Brokerage) -> PraxisShop:
    """1,000 that came through the cashier, then 300 by Praxis; a bank to ask it out to."""
    praxis_shop.funded("300.00")
    bank_shop.rules(source_first=True)
    return praxis_shop


def _ask(shop: PraxisShop, amount: str = "1200.00") -> Withdrawal:
    """Approved, its parts laid down and not sent."""
    here = shop.shop
    row = here.withdraw(amount, method=here.wire, destination=here.iban)
    with here.scope():
        return withdrawal_approve(actor=here.world.actor("petra"), withdrawal=row)


def _part(shop: PraxisShop) -> WithdrawalPart:
    with shop.shop.scope():
        return WithdrawalPart.objects.filter(gateway=shop.gateway).latest("id")


def _states(shop: PraxisShop, row: Withdrawal) -> list[tuple[str, Any]]:
    with shop.shop.scope():
        rows = WithdrawalPart.objects.filter(withdrawal=row, gateway=shop.gateway)
        return list(rows.order_by("id").values_list("state", "amount"))


def _later(shop: PraxisShop, **span: int) -> None:
    with time_machine.travel(now() + timedelta(**span)):
        shop.shop.work()


def test_a_part_goes_back_to_the_card(stocked: PraxisShop) -> None:
    row = _ask(stocked)
    stocked.shop.work()
    part = _part(stocked)
    [refund] = stocked.refunds()
    assert (refund.amount, refund.currency) == (20_000, "EUR")
    assert (part.state, part.provider_ref, part.amount) == ("paid", str(refund.tid), 200)
    assert stocked.shop.outgoing(row).state == "paid"
    assert (stocked.shop.wallet(), stocked.clearing()) == (100, 100)
    stocked.hear()
    assert stocked.shop.queue("notices") == []
    assert stocked.shop.sound()


@pytest.mark.parametrize("fault", ["dropped_after", "broken_after", "broken"])
def test_an_unknown_outcome_is_resolved_by_asking_and_never_paid_twice(
    stocked: PraxisShop, fault: str
) -> None:
    row = _ask(stocked)
    stocked.box.faults.arm(fault, _part(stocked).reference)
    stocked.shop.work()
    assert _states(stocked, row) == [("unknown", 200)]
    assert (stocked.shop.wallet(), stocked.shop.available()) == (300, 100)
    _later(stocked, minutes=6)
    assert _states(stocked, row) == [("paid", 200)]
    assert [refund.amount for refund in stocked.refunds()] == [20_000]
    assert (stocked.shop.wallet(), stocked.clearing()) == (100, 100)
    assert stocked.shop.sound()


def test_a_refund_that_waits_is_paid_when_praxis_says_so(stocked: PraxisShop) -> None:
    stocked.box.refunds_at_once = False
    row = _ask(stocked)
    stocked.shop.work()
    assert _states(stocked, row)[0][0] in ("submitted", "in_progress")
    [refund] = stocked.refunds()
    stocked.box.decide(refund, "approved")
    stocked.hear()
    assert _states(stocked, row) == [("paid", 200)]
    assert stocked.shop.wallet() == 100


def test_a_refund_that_fails_gives_the_money_back_to_the_wallet_or_a_person(
    stocked: PraxisShop,
) -> None:
    stocked.box.refunds_at_once = False
    row = _ask(stocked)
    stocked.shop.work()
    [refund] = stocked.refunds()
    stocked.box.decide(refund, "rejected", "The card was closed.")
    stocked.hear()
    assert _states(stocked, row)[0][0] == "failed"
    assert stocked.clearing() == 300
    assert stocked.shop.sound()


def test_what_praxis_refuses_moves_nothing(stocked: PraxisShop) -> None:
    row = _ask(stocked)
    stocked.box.faults.arm("refused", _part(stocked).reference)
    stocked.shop.work()
    assert _states(stocked, row)[0][0] == "failed"
    assert stocked.refunds() == []
