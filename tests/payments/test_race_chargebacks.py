"""Chargebacks on two connections at one moment, and a worker killed while it answers one."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.core.errors import DomainError
from payments.accounts import adapter_for
from payments.chargebacks.answers import chargeback_accept, evidence_add, evidence_submit
from payments.chargebacks.debts import receivable_repay
from payments.gateways.port import Notice
from payments.models import Chargeback, ChargebackAnswer, Deposit, Withdrawal
from payments.services.notices import notice_apply
from payments.services.withdrawals import withdrawal_approve
from sandbox.gateway.server import CashierServer
from sandbox.stripe.server import StripeServer
from tests.payments.card import CardShop
from tests.payments.money import Brokerage
from tests.payments.test_race_for_money import _at_once
from tests.payments.test_survive_kill import _another_takes_over, _dies, _points
from tests.world import load_world

ANSWER = _points(
    "payments.chargebacks.answers:answer_take:call",
    "payments.chargebacks.answers:answer_take:return",
    "payments.gateways.stripe.disputes:_hand_in:call",
    "payments.gateways.stripe.disputes:_hand_in:return",
    "payments.chargebacks.answers:answer_ended:call",
    "payments.chargebacks.answers:answer_ended:return",
    "backoffice.workflow.outbox:_finish:call",
)


@pytest.fixture
def shop(
    committed: None, cashier: CashierServer, stripe_server: StripeServer
) -> Iterator[CardShop]:
    """Rows really committed, so that another connection sees them; 80.00 EUR by card."""
    box = stripe_server.box
    box.faults.clear()
    for kept in (box.owners, box.objects, box.owned, box.kept):
        kept.clear()
    box.post.messages.clear()
    yield CardShop(Brokerage(load_world(), cashier), stripe_server)


def _said(shop: CardShop, row: Deposit, **facts: Any) -> list[Notice]:
    box, before = shop.box, len(shop.box.post.messages)
    box.disputes.open(box.objects[row.provider_ref], **facts)
    bodies = [message.body.encode() for message in box.post.messages[before:]]
    del box.post.messages[before:]
    return [adapter_for(shop.gateway).read(body) for body in bodies]


def _hears(shop: CardShop, notice: Notice) -> Any:
    def run() -> Any:
        with shop.shop.scope():
            return notice_apply(actor=shop.shop.system, gateway=shop.gateway, notice=notice)

    return run


def _rows(shop: CardShop) -> list[Chargeback]:
    with shop.shop.scope():
        return list(Chargeback.objects.order_by("id"))


def test_two_words_of_one_dispute_at_once_open_it_once(shop: CardShop) -> None:
    created, taken = _said(shop, shop.funded("80.00"))
    found = _at_once(*(_hears(shop, notice) for notice in (created, taken, created, taken)))
    assert not [each for each in found if isinstance(each, DomainError)]
    [row] = _rows(shop)
    assert (row.state, shop.shop.wallet(), shop.clearing()) == ("open", 0, -15)
    assert shop.shop.sound()


def test_a_payout_that_is_approved_as_the_chargeback_opens_is_not_sent(shop: CardShop) -> None:
    deposit = shop.funded("80.00")
    shop.shop.approved_card()
    withdrawal = shop.shop.withdraw("50.00")
    notice = _said(shop, deposit)[-1]

    def approve() -> Any:
        with shop.shop.scope():
            return withdrawal_approve(actor=shop.shop.world.actor("petra"), withdrawal=withdrawal)

    _at_once(_hears(shop, notice), approve)
    shop.shop.work()
    with shop.shop.scope():
        assert Withdrawal.objects.get().state == "compliance"
    assert shop.shop.cashier.payouts == {}
    assert (shop.shop.wallet(), shop.shop.available()) == (50, 0)
    assert _rows(shop)[0].owed_amount == 50
    assert shop.shop.sound()


def test_a_credit_and_a_chargeback_at_once_leave_no_debt_beside_money(shop: CardShop) -> None:
    first, second = shop.funded("80.00"), shop.deposit("100.00")
    shop.shop.approved_card()
    shop.shop.withdraw("80.00")
    notice = _said(shop, first)[-1]
    shop.box.session_decide(shop.session(second), "paid", holder="Anna Eriksson", card="4242")
    bodies = [message.body.encode() for message in shop.box.post.messages if message.due_at]
    paid = [adapter_for(shop.gateway).read(body) for body in bodies if b"intent.succ" in body][-1]
    _at_once(_hears(shop, notice), _hears(shop, paid))
    shop.shop.work()
    [row] = _rows(shop)
    assert (row.owed_amount, row.repaid_amount) in ((80, 80), (0, 0))
    assert shop.shop.available() == 20
    assert shop.shop.sound()


def test_a_debt_is_repaid_once(shop: CardShop) -> None:
    row = shop.funded("80.00")
    shop.shop.approved_card()
    shop.shop.withdraw("80.00")
    _hears(shop, _said(shop, row)[-1])()
    shop.shop.funded("30.00")

    def repay() -> Any:
        with shop.shop.scope():
            return receivable_repay(actor=shop.shop.system, client_id=shop.shop.client.pk)

    _at_once(repay, repay)
    assert _rows(shop)[0].repaid_amount == 30
    assert shop.shop.sound()


def _opened(shop: CardShop) -> Chargeback:
    _hears(shop, _said(shop, shop.funded("80.00"))[-1])()
    row = _rows(shop)[-1]
    with shop.shop.scope():
        evidence_add(
            actor=shop.shop.actor, chargeback=row, kind="activity", text="Signed in that day."
        )
    return row


def test_one_of_two_answers_at_once_is_told_that_it_came_second(shop: CardShop) -> None:
    row = _opened(shop)

    def submit() -> Any:
        with shop.shop.scope():
            return evidence_submit(actor=shop.shop.world.actor("pavel"), chargeback=row)

    def accept() -> Any:
        with shop.shop.scope():
            return chargeback_accept(
                actor=shop.shop.world.actor("petra"), chargeback=row, reason="It is not ours."
            )

    found = _at_once(submit, accept)
    assert len([each for each in found if isinstance(each, DomainError)]) == 1
    with shop.shop.scope():
        assert ChargebackAnswer.objects.count() == 1


@pytest.mark.slow
def test_evidence_is_handed_in_once_wherever_its_worker_dies(shop: CardShop) -> None:
    for count, point in enumerate(ANSWER, 1):
        row = _opened(shop)
        with shop.shop.scope():
            evidence_submit(actor=shop.shop.actor, chargeback=row)
        _dies(shop.shop, point)
        _another_takes_over(shop.shop)
        disputes = shop.objects("dispute")
        times = [each["evidence_details"]["submission_count"] for each in disputes]
        assert times == [1] * count, point
        with shop.shop.scope():
            assert [each.state for each in ChargebackAnswer.objects.all()] == ["sent"] * count
        assert {each.state for each in _rows(shop)} == {"evidence"}, point
    assert shop.shop.sound()
