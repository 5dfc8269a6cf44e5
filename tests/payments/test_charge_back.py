"""A chargeback from its first word to its end: the money, the freeze, the debt, in every order."""

import contextlib
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.db import transaction

from backoffice.core.clock import now
from backoffice.core.errors import FourEyes, InvalidInput, StateConflict
from backoffice.workflow.approvals import approval_vote
from clients.models import ClientAction
from clients.selectors import allowed
from ledger import selectors as ledger
from payments.accounts import adapter_for
from payments.chargebacks import books
from payments.chargebacks.answers import chargeback_accept, evidence_add, evidence_submit
from payments.chargebacks.debts import write_off_propose
from payments.chargebacks.people import chargeback_enter, chargeback_settle
from payments.gateways.port import Notice
from payments.models import Chargeback, ChargebackAnswer, Deposit, PaymentHold, Withdrawal
from payments.services.notices import notice_apply
from payments.services.withdrawals import withdrawal_approve, withdrawal_reject
from sandbox.stripe.records import Object
from tests.clients.factories import picture
from tests.payments.card import CardShop
from tests.payments.money import Brokerage, eur


def _only(shop: CardShop) -> Chargeback:
    with shop.shop.scope():
        return Chargeback.objects.select_related("client", "deposit").get()


def _disputed(shop: CardShop, row: Deposit, **facts: Any) -> Object:
    dispute = shop.box.disputes.open(shop.box.objects[row.provider_ref], **facts)
    shop.hear()
    return dispute


def _closed(shop: CardShop, dispute: Object, status: str) -> None:
    shop.box.disputes.close(dispute, status)
    shop.hear()


def _may_withdraw(shop: CardShop) -> bool:
    with shop.shop.scope():
        return allowed(shop.shop.client)[ClientAction.WITHDRAW].ok


def _owed(shop: CardShop) -> Any:
    return shop.shop.balance(f"client:{shop.shop.client.pk}:receivable")


def _cost(shop: CardShop) -> Any:
    return shop.shop.balance("gateway:cost")


def test_a_chargeback_takes_the_money_from_the_wallet_and_freezes_withdrawals(
    card_shop: CardShop,
) -> None:
    row = card_shop.funded("80.00")
    dispute = _disputed(card_shop, row)
    found = _only(card_shop)
    assert (found.state, found.provider_ref, found.reason_code) == (
        "open",
        dispute["id"],
        "fraudulent",
    )
    assert found.reference.startswith("CB-")
    assert (card_shop.shop.wallet(), _owed(card_shop)) == (0, 0)
    assert (card_shop.clearing(), _cost(card_shop)) == (-15, 15)
    assert card_shop.shop.journals(found.reference) == ["chargeback", "chargeback_fee"]
    assert not _may_withdraw(card_shop)
    assert card_shop.shop.queue("chargebacks") == [found.pk]
    assert card_shop.shop.again(row).state == "done"
    assert card_shop.shop.sound()


def test_what_the_wallet_does_not_have_is_owed_by_the_client(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    card_shop.shop.approved_card()
    withdrawal = card_shop.shop.withdraw("50.00")
    _disputed(card_shop, row)
    found = _only(card_shop)
    # What a withdrawal holds is frozen with it, so only 30 of 80 were there to take.
    assert (card_shop.shop.wallet(), card_shop.shop.available(), _owed(card_shop)) == (50, 0, 50)
    assert found.owed_amount == 50
    assert card_shop.shop.outgoing(withdrawal).state == "compliance"
    assert card_shop.shop.sound()
    with card_shop.shop.scope():
        withdrawal_reject(
            actor=card_shop.shop.world.actor("carla"), withdrawal=withdrawal, reason_code="other"
        )
    card_shop.shop.work()
    assert (card_shop.shop.wallet(), _owed(card_shop)) == (0, 0)
    assert _only(card_shop).repaid_amount == 50
    assert card_shop.shop.sound()


def test_a_won_chargeback_gives_everything_back_and_lets_withdrawals_go(
    card_shop: CardShop,
) -> None:
    row = card_shop.funded("80.00")
    card_shop.shop.approved_card()
    withdrawal = card_shop.shop.withdraw("50.00")
    dispute = _disputed(card_shop, row)
    _closed(card_shop, dispute, "won")
    found = _only(card_shop)
    assert found.state == "won"
    assert not books.owed(found)
    assert (card_shop.shop.wallet(), card_shop.shop.available(), _owed(card_shop)) == (80, 30, 0)
    assert card_shop.shop.outgoing(withdrawal).state == "review"
    assert _may_withdraw(card_shop)
    assert card_shop.shop.queue("chargebacks") == []
    with card_shop.shop.scope():
        assert not PaymentHold.objects.filter(released_at=None).exists()
    assert card_shop.shop.sound()


def test_a_lost_chargeback_stays_taken_and_the_freeze_stands(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    dispute = _disputed(card_shop, row)
    _closed(card_shop, dispute, "lost")
    found = _only(card_shop)
    assert found.state == "lost"
    assert (card_shop.shop.wallet(), _owed(card_shop)) == (0, 0)
    assert card_shop.shop.journals(found.reference) == ["chargeback", "chargeback_fee"]
    assert not _may_withdraw(card_shop)
    assert card_shop.shop.queue("chargebacks") == []
    assert card_shop.shop.sound()


def test_the_next_deposit_repays_what_is_owed(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    card_shop.shop.approved_card()
    withdrawal = card_shop.shop.withdraw("80.00")
    dispute = _disputed(card_shop, row)
    assert _owed(card_shop) == 80
    _closed(card_shop, dispute, "lost")
    found = _only(card_shop)
    assert card_shop.shop.queue("chargebacks") == [found.pk]
    card_shop.shop.funded("100.00")
    assert (card_shop.shop.wallet(), card_shop.shop.available(), _owed(card_shop)) == (100, 20, 0)
    assert card_shop.shop.queue("chargebacks") == []
    assert card_shop.shop.outgoing(withdrawal).state == "compliance"
    assert card_shop.shop.journals(found.reference)[-1] == "chargeback_repaid"
    assert card_shop.shop.sound()


def test_an_inquiry_moves_no_money_and_stops_nothing(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    dispute = _disputed(card_shop, row, status="warning_needs_response")
    found = _only(card_shop)
    assert (found.state, found.taken_at) == ("inquiry", None)
    assert (card_shop.shop.wallet(), card_shop.clearing()) == (80, 80)
    assert _may_withdraw(card_shop)
    assert card_shop.shop.queue("chargebacks") == [found.pk]
    _closed(card_shop, dispute, "warning_closed")
    assert _only(card_shop).state == "inquiry_closed"
    assert card_shop.shop.queue("chargebacks") == []
    assert card_shop.shop.journals(found.reference) == []
    assert card_shop.shop.sound()


def test_an_inquiry_that_becomes_a_chargeback_is_booked_then(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    dispute = _disputed(card_shop, row, status="warning_needs_response")
    card_shop.box.disputes.escalate(dispute)
    card_shop.hear()
    assert _only(card_shop).state == "open"
    assert card_shop.shop.wallet() == 0
    assert card_shop.shop.sound()


def test_an_approved_payout_that_was_not_sent_is_stopped(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    card_shop.shop.approved_card()
    withdrawal = card_shop.shop.withdraw("50.00")
    with card_shop.shop.scope():
        withdrawal_approve(actor=card_shop.shop.world.actor("petra"), withdrawal=withdrawal)
    card_shop.box.disputes.open(card_shop.box.objects[row.provider_ref])
    card_shop.box.post.pump()
    with card_shop.shop.scope():
        assert Withdrawal.objects.get().state == "approved"
    card_shop.shop.work()
    assert len(card_shop.shop.cashier.payouts) == 0 or _only(card_shop).owed_amount == 50
    assert card_shop.shop.sound()


def _notices(shop: CardShop, row: Deposit, *, ends: str) -> list[Notice]:
    """All that Stripe says of a dispute of ``row`` that begins as an inquiry, in its own order."""
    box, before = shop.box, len(shop.box.post.messages)
    dispute = box.disputes.open(box.objects[row.provider_ref], status="warning_needs_response")
    box.disputes.escalate(dispute)
    box.disputes.close(dispute, ends)
    bodies = [message.body.encode() for message in box.post.messages[before:]]
    del box.post.messages[before:]
    return [adapter_for(shop.gateway).read(body) for body in bodies]


@pytest.mark.parametrize(("ends", "left"), [("won", 80), ("lost", 0)])
def test_events_in_any_order_and_twice_leave_the_same_books(
    card_shop: CardShop, ends: str, left: int
) -> None:
    row = card_shop.funded("80.00")
    heard = _notices(card_shop, row, ends=ends)
    assert len(heard) == (5 if ends == "won" else 4)
    orders = list(permutations(range(len(heard))))
    for place, order in enumerate(orders[::11]):
        with card_shop.shop.scope(), contextlib.suppress(_Undone), transaction.atomic():
            for at in (*order, order[0]):
                notice_apply(
                    actor=card_shop.shop.system, gateway=card_shop.gateway, notice=heard[at]
                )
            found = Chargeback.objects.get()
            wallet = _posted(card_shop, f"client:{card_shop.shop.client.pk}:wallet")
            clearing = _posted(card_shop, "gateway:stripe:clearing")
            assert (found.state, wallet, clearing) == (ends, left, left - 15), order
            assert (found.fee_amount, found.amount) == (15, 80)
            if place % 8 == 0:
                assert ledger.verify(card_shop.shop.world.aurora.pk).sound, order
            raise _Undone


class _Undone(Exception):  # noqa: N818 - takes a run back
    pass


def _posted(shop: CardShop, code: str) -> Any:
    account = ledger.account(shop.shop.world.aurora.pk, code, "EUR")
    assert account is not None
    return ledger.balance(shop.shop.world.aurora.pk, account).posted.amount


# What we answer


def _with_evidence(shop: CardShop, **facts: Any) -> Chargeback:
    """A chargeback with words and a file in its bundle."""
    _disputed(shop, shop.funded("80.00"), **facts)
    row = _only(shop)
    with shop.shop.scope():
        for kind, more in (
            ("activity", {"text": "Signed in from 203.0.113.7 that day."}),
            ("receipt", {"name": "receipt.png", "content": picture("PNG")}),
        ):
            evidence_add(actor=shop.shop.actor, chargeback=row, kind=kind, **more)
    return row


def _submit(shop: CardShop, row: Chargeback) -> None:
    with shop.shop.scope():
        evidence_submit(actor=shop.shop.actor, chargeback=row)


def _answers(shop: CardShop) -> list[tuple[str, str]]:
    with shop.shop.scope():
        rows = ChargebackAnswer.objects.order_by("id")
        return list(rows.values_list("kind", "state"))


def test_evidence_goes_to_the_bank_once_with_its_files(card_shop: CardShop) -> None:
    row = _with_evidence(card_shop)
    _submit(card_shop, row)
    card_shop.shop.work()
    [dispute] = card_shop.objects("dispute")
    [file] = card_shop.objects("file")
    assert dispute["status"] == "under_review"
    assert dispute["evidence"]["access_activity_log"] == "Signed in from 203.0.113.7 that day."
    assert dispute["evidence"]["receipt"] == file["id"]
    assert dispute["evidence_details"]["submission_count"] == 1
    assert (_only(card_shop).state, _answers(card_shop)) == ("evidence", [("evidence", "sent")])
    assert card_shop.shop.queue("chargebacks") == []
    with card_shop.shop.scope(), pytest.raises(StateConflict):
        evidence_submit(actor=card_shop.shop.actor, chargeback=row)
    card_shop.hear()
    _closed(card_shop, dispute, "won")
    assert _only(card_shop).state == "won"
    assert card_shop.shop.sound()


@pytest.mark.parametrize("fault", ["dropped_after", "error_500_after", "error_500", "rate_limited"])
def test_an_unknown_outcome_is_looked_for_and_never_sent_twice(
    card_shop: CardShop, fault: str
) -> None:
    row = _with_evidence(card_shop)
    card_shop.box.faults.arm(fault, row.deposit.reference)
    _submit(card_shop, row)
    card_shop.shop.work()
    assert _answers(card_shop) == [("evidence", "unknown")]
    assert card_shop.shop.queue("chargebacks") == [row.pk]
    card_shop.box.faults.clear()
    with time_machine.travel(now() + timedelta(minutes=6)):
        card_shop.shop.work()
    assert _answers(card_shop) == [("evidence", "sent")]
    [dispute] = card_shop.objects("dispute")
    assert dispute["evidence_details"]["submission_count"] == 1
    assert _only(card_shop).state == "evidence"


def test_evidence_that_is_refused_is_before_people_again(card_shop: CardShop) -> None:
    row = _with_evidence(card_shop)
    card_shop.box.faults.arm("refused", row.deposit.reference)
    _submit(card_shop, row)
    card_shop.shop.work()
    assert (_only(card_shop).state, _answers(card_shop)) == ("open", [("evidence", "refused")])
    assert card_shop.shop.queue("chargebacks") == [row.pk]
    _submit(card_shop, row)
    card_shop.shop.work()
    assert _only(card_shop).state == "evidence"


@pytest.mark.parametrize("heard_first", [False, True])
def test_an_accepted_dispute_is_closed_at_the_gateway(
    card_shop: CardShop, heard_first: bool
) -> None:
    _disputed(card_shop, card_shop.funded("80.00"))
    row = _only(card_shop)
    if heard_first:
        card_shop.box.faults.arm("dropped_after", row.deposit.reference)
    with card_shop.shop.scope():
        chargeback_accept(actor=card_shop.shop.actor, chargeback=row, reason="It is not ours.")
    card_shop.shop.work()
    card_shop.hear()
    with time_machine.travel(now() + timedelta(minutes=6)):
        card_shop.shop.work()
    [dispute] = card_shop.objects("dispute")
    assert dispute["status"] == "lost"
    assert (_only(card_shop).state, _answers(card_shop)) == ("accepted", [("accept", "sent")])
    assert (card_shop.shop.wallet(), card_shop.shop.queue("notices")) == (0, [])
    assert card_shop.shop.sound()


def test_a_lost_message_is_made_good_by_asking(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    dispute = _disputed(card_shop, row)
    card_shop.box.faults.arm("lost", row.reference)
    card_shop.box.disputes.close(dispute, "won")
    with time_machine.travel(now() + timedelta(days=1, minutes=1)):
        card_shop.shop.work()
    assert (_only(card_shop).state, card_shop.shop.wallet()) == ("won", 80)


# Debts


def _lost_and_owing(shop: CardShop) -> Chargeback:
    row = shop.funded("80.00")
    shop.shop.approved_card()
    shop.shop.withdraw("50.00")
    _closed(shop, _disputed(shop, row), "lost")
    return _only(shop)


def test_a_write_off_needs_a_second_person_and_is_the_houses_loss(card_shop: CardShop) -> None:
    row, world = _lost_and_owing(card_shop), card_shop.shop.world
    with card_shop.shop.scope():
        approval = write_off_propose(
            actor=world.actor("petra"), chargeback=row, money=eur("50.00"), reason="They left."
        )
        with pytest.raises(FourEyes):
            approval_vote(actor=world.actor("petra"), approval=approval, approves=True)
        with pytest.raises(StateConflict):
            write_off_propose(
                actor=world.actor("pavel"), chargeback=row, money=eur("1.00"), reason="More."
            )
    assert (_owed(card_shop), card_shop.shop.balance("chargeback:loss")) == (50, 0)
    with card_shop.shop.scope():
        approval_vote(actor=world.actor("adam"), approval=approval, approves=True)
    assert (_owed(card_shop), card_shop.shop.balance("chargeback:loss")) == (0, 50)
    assert card_shop.shop.queue("chargebacks") == []
    assert card_shop.shop.sound()


def test_a_write_off_is_not_approved_once_the_client_repaid(card_shop: CardShop) -> None:
    row, world = _lost_and_owing(card_shop), card_shop.shop.world
    with card_shop.shop.scope():
        approval = write_off_propose(
            actor=world.actor("petra"), chargeback=row, money=eur("50.00"), reason="They left."
        )
    card_shop.shop.funded("20.00")
    with card_shop.shop.scope():
        assert (
            approval_vote(actor=world.actor("adam"), approval=approval, approves=True).state
            == "stale"
        )
    assert (_owed(card_shop), card_shop.shop.balance("chargeback:loss")) == (30, 0)
    assert _only(card_shop).proposed_amount is None
    assert card_shop.shop.sound()


def test_an_open_chargeback_is_never_written_off(card_shop: CardShop) -> None:
    _disputed(card_shop, card_shop.funded("80.00"))
    row = _only(card_shop)
    with card_shop.shop.scope(), pytest.raises(StateConflict):
        write_off_propose(
            actor=card_shop.shop.actor, chargeback=row, money=eur("1.00"), reason="They left."
        )


# By hand


def test_a_chargeback_entered_by_hand_is_found_by_the_gateways_word(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    with card_shop.shop.scope():
        made = chargeback_enter(
            actor=card_shop.shop.actor,
            deposit=row,
            money=eur("80.00"),
            reason_code="fraudulent",
            note="Settlement of the 3rd, line 7",
        )
    assert (made.state, card_shop.shop.wallet()) == ("open", 0)
    dispute = _disputed(card_shop, row)
    assert _only(card_shop).provider_ref == dispute["id"]
    assert (card_shop.shop.wallet(), _owed(card_shop)) == (0, 0)
    assert card_shop.shop.sound()


def test_no_more_is_taken_back_by_hand_than_was_paid(card_shop: CardShop) -> None:
    row = card_shop.funded("80.00")
    facts: dict[str, Any] = {
        "actor": card_shop.shop.actor,
        "deposit": row,
        "reason_code": "fraudulent",
        "note": "Settlement of the 3rd, line 7",
    }
    with card_shop.shop.scope():
        chargeback_enter(money=eur("50.00"), **facts)
        with pytest.raises(InvalidInput):
            chargeback_enter(money=eur("30.01"), **facts)
    assert card_shop.shop.wallet() == 30


def test_one_entered_by_hand_ends_by_a_persons_word_with_proof(shop: Brokerage) -> None:
    deposit = shop.funded("100.00")
    with shop.scope():
        row = chargeback_enter(
            actor=shop.actor,
            deposit=deposit,
            money=eur("40.00"),
            reason_code="general",
            note="Letter of the acquirer",
            fee=eur("20.00"),
        )
        with pytest.raises(InvalidInput):
            chargeback_settle(actor=shop.actor, chargeback=row, outcome="won", proof="yes")
        chargeback_settle(
            actor=shop.actor, chargeback=row, outcome="won", proof="Acquirer's letter 12/7"
        )
    assert (shop.wallet(), shop.clearing()) == (100, 80)
    assert shop.journals(row.reference) == ["chargeback", "chargeback_fee", "chargeback_won"]
    assert shop.sound()


def test_a_deposit_whose_money_is_not_in_the_wallet_goes_before_a_person(
    card_shop: CardShop,
) -> None:
    with card_shop.shop.scope():
        card_shop.method.deposit_policy = "manual"
        card_shop.method.save()
    row = card_shop.funded("80.00")
    assert row.state == "review"
    _disputed(card_shop, row)
    with card_shop.shop.scope():
        assert not Chargeback.objects.exists()
    assert len(card_shop.shop.queue("notices")) == 2
    assert card_shop.shop.set_aside() == 80
    assert card_shop.shop.sound()
