"""Payouts that a bank had made and that came back, as its statements tell; and the cashier's page
to which clients come back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import InvalidInput, StateConflict
from payments.models import Deposit, Withdrawal, WithdrawalPart
from payments.services.parts import part_give_up
from payments.services.statements import returned_by_bank
from payments.services.withdrawals import withdrawal_approve
from reconciliation import files, intake, matching
from reconciliation.models import Break, StatementLine
from sandbox.bank.camt053 import write_camt053
from sandbox.bank.entries import Account, Entry, Statement
from tests.payments.money import Brokerage, eur

DAY = date(2026, 11, 20)


@pytest.fixture
def shop(bank_shop: Brokerage) -> Brokerage:
    """The brokerage whose client has 1,000.00 EUR, with its bank account known to both."""
    with bank_shop.scope():
        files.account_add(
            actor=bank_shop.world.actor("petra"),
            name="Clients EUR",
            iban=bank_shop.our_iban,
            currency="EUR",
        )
    return bank_shop


def _sent(shop: Brokerage, amount: str) -> Withdrawal:
    row = shop.withdraw(amount, method=shop.wire, destination=shop.iban)
    with shop.scope():
        withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)
    shop.work()
    return row


def _by_card_and_wire(shop: Brokerage) -> tuple[Withdrawal, WithdrawalPart]:
    """1,050.00 of which the card gave 1,000.00; the part of 50.00 goes by wire."""
    shop.rules(source_first=True)
    gained = shop.funded("50.00")
    with shop.scope():
        Deposit.objects.filter(pk=gained.pk).update(instrument_hash="")
    row = _sent(shop, "1050.00")
    with shop.scope():
        return row, WithdrawalPart.objects.get(amount=50)


def _statement(shop: Brokerage, number: int, amount: str, reference: str, reason: str = "") -> str:
    """Import a statement of one line about a payout; what became of the line."""
    line = Entry(
        reference=f"BANK{number:06d}",
        booked_on=DAY,
        value_date=DAY,
        amount=Decimal(amount),
        end_to_end=reference,
        name="Anna Eriksson",
        return_reason=reason,
    )
    account = Account(shop.our_iban, "EUR", "Aurora", "COBADEFFXXX", Decimal(5000))
    written = Statement(account, DAY, number, Decimal(5000), (line,))
    pavel = shop.world.actor("pavel")
    with shop.scope():
        file = intake.file_take(
            actor=pavel, name="s.xml", content=write_camt053([written], message_id=f"M{number}")
        )
        return StatementLine.objects.get(statement__file=file).state


def _kinds(shop: Brokerage) -> list[str]:
    with shop.scope():
        rows = Break.objects.filter(closed_at=None).order_by("id")
        return list(rows.values_list("kind", flat=True))


def test_a_part_that_the_bank_gives_back_is_in_the_wallet_again_once(shop: Brokerage) -> None:
    row, part = _by_card_and_wire(shop)
    assert _statement(shop, 1, "-50.00", part.reference) == "matched"
    assert (shop.outgoing(row).state, shop.wallet()) == ("paid", 0)
    assert _statement(shop, 2, "50.00", part.reference, "AC04") == "matched"
    assert (shop.wallet(), shop.balance(f"bank:client:{shop.our_iban}")) == (50, 0)
    assert shop.sound()
    with shop.scope():
        part.refresh_from_db()
    # The card kept what it was given: the withdrawal stays paid, and its part says what came back.
    assert (part.state, part.error, shop.outgoing(row).state) == (
        "returned",
        "AC04 (BANK000002)",
        "paid",
    )
    assert _statement(shop, 3, "50.00", part.reference, "AC04") == "broken"
    assert (_kinds(shop), shop.wallet()) == (["duplicate_statement"], 50)


def test_nothing_stayed_out_so_the_withdrawal_came_back_as_a_whole(shop: Brokerage) -> None:
    shop.cashier.faults.arm("refused")
    row, part = _by_card_and_wire(shop)
    _statement(shop, 1, "-50.00", part.reference)
    _statement(shop, 2, "50.00", part.reference, "AC04")
    assert (shop.outgoing(row).state, shop.wallet()) == ("part_failed", 1050)
    with shop.scope():
        failed = WithdrawalPart.objects.get(state="failed")
        part_give_up(actor=shop.world.actor("petra"), part=failed, reason="The card is closed.")
    assert shop.outgoing(row).state == "returned_after_paid"
    assert (shop.wallet(), shop.available()) == (1050, 1050)
    assert shop.sound()


def test_a_whole_withdrawal_that_comes_back_is_booked_from_the_statement(shop: Brokerage) -> None:
    row = _sent(shop, "400.00")
    assert _statement(shop, 1, "-400.00", row.reference) == "matched"
    assert _statement(shop, 2, "400.00", row.reference, "AC01") == "matched"
    assert (shop.outgoing(row).state, shop.wallet()) == ("returned_after_paid", 1000)
    assert (_kinds(shop), shop.sound()) == ([], True)


def test_money_in_that_the_bank_does_not_call_a_return_waits_for_a_person(shop: Brokerage) -> None:
    row = _sent(shop, "400.00")
    _statement(shop, 1, "-400.00", row.reference)
    assert _statement(shop, 2, "395.00", row.reference) == "broken"
    assert (_kinds(shop), shop.wallet()) == (["returned_payment"], 600)
    with shop.scope():
        line = StatementLine.objects.get(state="broken")
        facts: dict[str, Any] = {
            "actor": shop.world.actor("pavel"),
            "line": line,
            "reference": row.reference,
        }
        with pytest.raises(InvalidInput):
            matching.line_match_by_hand(**facts, reason=" ")
        matching.line_match_by_hand(**facts, reason="Their bank kept 5.00")
    assert (shop.outgoing(row).state, shop.wallet()) == ("returned_after_paid", 995)
    assert (_kinds(shop), shop.sound()) == ([], True)


def test_what_was_not_paid_or_is_more_does_not_come_back(shop: Brokerage) -> None:
    row = _sent(shop, "400.00")
    facts: dict[str, Any] = {
        "actor": shop.actor,
        "reference": row.reference,
        "reason": "AC04",
        "bank_ref": "B2",
    }
    with shop.scope():
        with pytest.raises(StateConflict):  # not paid yet
            returned_by_bank(**facts, money=eur("400.00"))
        with pytest.raises(InvalidInput):
            returned_by_bank(**facts | {"reference": "W-2026-999999"}, money=eur("400.00"))
    assert (shop.outgoing(row).state, shop.wallet()) == ("submitted", 1000)
    _statement(shop, 1, "-400.00", row.reference)
    with shop.scope(), pytest.raises(StateConflict):
        returned_by_bank(**facts, money=eur("400.01"))
    assert (shop.outgoing(row).state, shop.wallet()) == ("paid", 600)
    assert shop.sound()


def test_who_comes_back_from_the_cashier_is_thanked_and_told_nothing(db: None) -> None:
    url = reverse("payments:returned")
    plain = Browser().get(url)
    assert plain.status_code == 200
    assert "We hear from the payment provider by ourselves" in plain.content.decode()
    # Whatever a cashier, or anyone, hangs on the address: nothing of it is read or shown.
    hung = Browser().get(url, {"reference": "D-2026-000001", "status": "<b>paid</b>"})
    assert "D-2026-000001" not in hung.content.decode()
    assert "paid</b>" not in hung.content.decode()
    assert Browser().post(url).status_code == 405
