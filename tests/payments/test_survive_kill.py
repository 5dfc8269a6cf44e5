"""A worker killed by SIGKILL at every step of a deposit and of a withdrawal: once another worker
has taken over, the balances are right on both sides, once.

The worker is a process of its own, forked with no connection open; a trace function kills it at a
named point. The product knows nothing of it.
"""

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from django.db import connection

from backoffice.core.clock import now
from backoffice.portal.batches import batch_ask
from backoffice.workflow import outbox
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.models import ApprovalVote, OutboxItem
from payments.gateways import http
from payments.models import Deposit, Withdrawal
from payments.services.withdrawals import withdrawal_approve
from sandbox.gateway.server import CashierServer
from tests.payments.money import MERCHANT, Brokerage
from tests.world import load_world

NOT_REACHED = 7


@dataclass(frozen=True)
class Point:
    """Where the worker dies: at the ``call`` of a function, or at its ``return``."""

    module: str
    function: str
    event: str

    def __str__(self) -> str:
        return f"{self.event} of {self.module}.{self.function}"


def _points(*names: str) -> list[Point]:
    return [Point(*name.rsplit(":", 2)) for name in names]


CREDIT = _points(
    "payments.services.notices:message_process:call",
    "payments.services.deposits:deposit_arrived:call",
    "payments.books:deposit_credited:call",
    "payments.books:deposit_credited:return",
    "payments.services.deposits:_credit:return",
    "payments.services.notices:message_process:return",
    "backoffice.workflow.outbox:_finish:call",
    "backoffice.workflow.outbox:_finish:return",
)
FORWARD = _points(
    "payments.services.transfers:deposit_forward:call",
    "payments.services.transfers:deposit_forward:return",
)
SUBMIT = _points(
    "payments.services.payouts:payout_take:call",
    "payments.services.payouts:payout_take:return",
    "payments.gateways.cashier.adapter:Cashier.payout:call",
    "payments.gateways.http:call:call",
    "payments.gateways.http:call:return",
    "payments.gateways.cashier.adapter:Cashier.payout:return",
    "payments.services.payouts:payout_answered:call",
    "payments.services.payouts:payout_answered:return",
    "backoffice.workflow.outbox:_finish:call",
)
PAY = _points(
    "payments.services.payouts:payout_notice:call",
    "payments.books:withdrawal_paid:call",
    "payments.books:withdrawal_paid:return",
    "payments.services.notices:message_process:return",
    "backoffice.workflow.outbox:_finish:call",
)

IN_PARTS = _points(
    "payments.services.parts:parts_start:return",
    "payments.services.parts:part_take:return",
    "payments.gateways.http:call:return",
    "payments.books:part_paid:return",
    "payments.services.parts:part_answered:return",
    "backoffice.workflow.outbox:_finish:call",
)
BATCH = _points(
    "backoffice.workflow.approvals:approval_vote:return",
    "backoffice.portal.batches:_tried:return",
    "backoffice.portal.batches:item_work:return",
    "backoffice.portal.batches:_end:return",
)


@pytest.fixture
def shop(committed: None, cashier: CashierServer) -> Iterator[Brokerage]:
    yield Brokerage(load_world(), cashier)


def _killer(point: Point) -> Any:
    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if frame.f_globals.get("__name__") != point.module or code.co_qualname != point.function:
            return None
        if event == point.event:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def _dies(shop: Brokerage, point: Point) -> None:
    """A worker drains the outbox and is killed at ``point``."""
    connection.close()  # nothing is shared with the worker
    http._pool.clear()
    worker = os.fork()
    if not worker:
        try:
            sys.settrace(_killer(point))
            for _ in range(5):
                outbox.drain(shop.system)
        finally:
            os._exit(NOT_REACHED)
    _, status = os.waitpid(worker, 0)
    assert os.WIFSIGNALED(status), f"the worker never came to the {point}"
    assert os.WTERMSIG(status) == signal.SIGKILL


def _another_takes_over(shop: Brokerage) -> None:
    """The leases of the dead worker run out, and what it left is worked."""
    with shop.scope():
        OutboxItem.objects.filter(state=OutboxItem.State.WAITING, attempts__gt=0).update(
            due_at=now()
        )
    shop.work()


def _paid_deposit(shop: Brokerage) -> Deposit:
    """Paid at the cashier, its message received, nothing worked yet."""
    deposit = shop.deposit("100.00")
    payment = shop.at_the_cashier(deposit)
    shop.cashier.payment_decide(payment, "paid", holder="Anna Eriksson", card="4242")
    shop.cashier.pump()
    return deposit


@pytest.mark.slow
def test_a_deposit_is_credited_once_wherever_its_worker_dies(shop: Brokerage) -> None:
    for count, point in enumerate([*CREDIT, *FORWARD], 1):
        deposit = _paid_deposit(shop)
        _dies(shop, point)
        _another_takes_over(shop)
        assert shop.again(deposit).state == "done", point
        assert (shop.wallet(), shop.clearing()) == (100 * count, 100 * count), point
        assert shop.journals(deposit.reference) == ["deposit"], point
    assert shop.sound()


@pytest.mark.slow
def test_a_withdrawal_is_paid_once_wherever_its_worker_dies(shop: Brokerage) -> None:
    shop.funded("10000.00")
    shop.approved_card()
    for count, (point, is_paying) in enumerate(
        [*((point, False) for point in SUBMIT), *((point, True) for point in PAY)], 1
    ):
        row = _approved(shop)
        if not is_paying:
            _dies(shop, point)
        _another_takes_over(shop)
        assert shop.outgoing(row).state == "submitted", point
        payout = shop.cashier.payout(MERCHANT, row.reference)
        assert len(shop.cashier.payouts) == count, point
        shop.cashier.payout_decide(payout, "paid")
        shop.cashier.pump()
        if is_paying:
            _dies(shop, point)
        _another_takes_over(shop)
        assert shop.outgoing(row).state == "paid", point
        left = 10_000 - 100 * count
        assert (shop.wallet(), shop.available(), shop.clearing()) == (left, left, left), point
        assert shop.journals(row.reference) == ["withdrawal"], point
    assert shop.sound()


def _approved(shop: Brokerage) -> Withdrawal:
    row = shop.withdraw("100.00")
    with shop.scope():
        return withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)


@pytest.mark.slow
def test_a_part_is_given_back_once_wherever_its_worker_dies(shop: Brokerage) -> None:
    """Paid in by one card and asked for to another: all of it goes back to the first."""
    shop.funded("10000.00")
    shop.approved_card(number=f"fp_{shop.client.reference}_9010")
    for count, point in enumerate(IN_PARTS, 1):
        row = _approved(shop)
        _dies(shop, point)
        _another_takes_over(shop)
        assert shop.outgoing(row).state == "paid", point
        assert len(shop.cashier.refunds) == count, point
        left = 10_000 - 100 * count
        assert (shop.wallet(), shop.available(), shop.clearing()) == (left, left, left), point
        with shop.scope():
            [part] = row.parts.all()
        assert shop.journals(part.reference) == ["withdrawal"], point
    assert shop.sound()


@pytest.mark.slow
def test_a_batch_is_voted_through_once_wherever_its_worker_dies(shop: Brokerage) -> None:
    shop.funded("10000.00")
    shop.approved_card()
    for count, point in enumerate(BATCH, 1):
        rows = [shop.withdraw("30.00"), shop.withdraw("40.00")]
        with shop.scope():
            seen = [pending_for(shop.system, row.pk) for row in rows]
            chosen = [each.pk for each in seen if each is not None]
            batch = batch_ask(actor=shop.world.actor("petra"), chosen=chosen)
        _dies(shop, point)
        _another_takes_over(shop)
        assert [shop.outgoing(row).state for row in rows] == ["submitted", "submitted"], point
        with shop.scope():
            assert ApprovalVote.objects.count() == 2 * count, point
            assert list(batch.items.values_list("state", flat=True)) == ["done", "done"], point
            batch.refresh_from_db()
            assert batch.state == "done", point
        assert len(shop.cashier.payouts) == 2 * count, point
    assert shop.sound()
