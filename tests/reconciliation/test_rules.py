"""What a line is about, by its references and its amount."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.money import Money
from reconciliation.rules import LineFacts, Movement, meaning, references_of

PAYOUT = Movement(
    "withdrawal",
    UUID(int=1),
    "W-2026-000007",
    Money(Decimal("-250.00"), "EUR"),
    expected=True,
    settled=False,
    state="sent",
    account="DE2",
)
WIRE = Movement(
    "deposit",
    UUID(int=2),
    "D-2026-000009",
    Money(Decimal("1000.00"), "EUR"),
    expected=True,
    settled=False,
    state="pending",
)
BOOKS = {PAYOUT.reference: PAYOUT, WIRE.reference: WIRE}


def _line(amount: str, end_to_end: str = "", text: str = "", currency: str = "EUR") -> LineFacts:
    return LineFacts(Decimal(amount), currency, end_to_end, [], text)


def test_the_end_to_end_id_with_the_same_amount_is_a_match() -> None:
    found = meaning(_line("-250.00", "W-2026-000007"), BOOKS)
    assert (found.movement, found.rung, found.break_kind) == (PAYOUT, 1, "")


@pytest.mark.parametrize("text", ["Re D-2026-000009", "d 2026 000009 invoice", "ref:D2026000009."])
def test_a_reference_inside_the_text_is_a_match_however_the_bank_spelt_it(text: str) -> None:
    found = meaning(_line("1000.00", text=text), BOOKS)
    assert (found.movement, found.rung, found.break_kind) == (WIRE, 3, "")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (_line("-249.00", "W-2026-000007"), "amount_diff"),
        (replace(_line("-250.00", "W-2026-000007"), account="DE1"), "account_diff"),
        (_line("1000.00", "D-2026-000009", currency="XXX"), "currency_diff"),
        (_line("-250.00", "W-2026-000007", currency="USD"), "currency_diff"),
        (_line("250.00", "W-2026-000007"), "returned_payment"),
        (_line("40.00", text="from an uncle"), "unidentified_receipt"),
        (_line("-3.20", text="bank charges"), "missing_in_ledger"),
        (_line("1000.00", "W-2026-000007", "D-2026-000009"), "ambiguous"),
        (_line("40.00", "D-2026-999999"), "unidentified_receipt"),
    ],
)
def test_what_does_not_fit_is_a_break_with_its_kind(line: LineFacts, kind: str) -> None:
    assert meaning(line, BOOKS).break_kind == kind


def test_a_payout_comes_back_by_itself_only_when_the_bank_says_so_and_all_of_it_is_there() -> None:
    paid = replace(PAYOUT, expected=False, settled=True, state="paid")
    books = {PAYOUT.reference: paid}
    back = replace(_line("250.00", PAYOUT.reference), is_return=True)
    found = meaning(back, books)
    assert (found.movement, found.break_kind, found.comes_back) == (paid, "", True)
    assert "came back: 250.00 EUR" in found.explanation
    less = meaning(replace(back, amount=Decimal("245.00")), books)
    early = meaning(back, BOOKS)  # the books don't have it as paid yet
    again = meaning(back, {PAYOUT.reference: replace(paid, returned=True)})
    kinds = ["returned_payment", "returned_payment", "duplicate_statement"]
    assert [each.break_kind for each in (less, early, again)] == kinds
    assert not any(each.comes_back for each in (less, early, again))


@pytest.mark.parametrize(("amount", "currency"), [("985.00", "EUR"), ("870.00", "USD")])
def test_what_arrives_for_a_deposit_is_the_deposit_whatever_was_asked_for(
    amount: str, currency: str
) -> None:
    found = meaning(_line(amount, "D-2026-000009", currency=currency), BOOKS)
    assert (found.movement, found.rung, found.break_kind) == (WIRE, 2, "")
    assert (
        f"{amount if amount != '1000.00' else '1,000.00'} {currency} arrived" in found.explanation
    )
    booked = replace(WIRE, expected=False, settled=True)
    assert meaning(_line("985.00", WIRE.reference), {WIRE.reference: booked}).break_kind == (
        "amount_diff"
    )


def test_a_payment_that_was_not_on_its_way_is_a_status_break() -> None:
    early = Movement(
        "withdrawal",
        PAYOUT.id,
        PAYOUT.reference,
        PAYOUT.amount,
        expected=False,
        settled=False,
        state="waits for a decision",
    )
    found = meaning(_line("-250.00", PAYOUT.reference), {PAYOUT.reference: early})
    assert found.break_kind == "status_diff"
    assert "waits for a decision" in found.explanation


@given(st.text(max_size=200))
def test_no_text_of_a_bank_upsets_the_search(text: str) -> None:
    for reference, rung in references_of(_line("1.00", text=text)):
        assert reference[:2] in ("D-", "W-")
        assert rung == 3
