"""Where a withdrawal goes: pure rule, in the order of cards, wallets, then where it was asked."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.money import Money
from payments.plan import Asked, PaidIn, PlannedPart, beyond, in_words, is_whole, parts_of

START = datetime(2026, 3, 1, tzinfo=UTC)
BANK = Asked("iban", "Bank •• 0189", "bank")


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def paid_in(
    left: str, *, card: str = "4242", kind: str = "card", day: int = 0, why_not: str = ""
) -> PaidIn:
    return PaidIn(
        deposit_id=UUID(int=day + 1),
        reference=f"D-{day}",
        instrument=card,
        label=f"Card •• {card}",
        kind=kind,
        paid=eur("1000.00"),
        left=eur(left),
        at=START + timedelta(days=day),
        why_not=why_not,
    )


def shares(parts: list[PlannedPart]) -> list[tuple[str, str]]:
    return [(part.label, str(part.amount.amount)) for part in parts]


def test_the_oldest_deposit_of_a_card_comes_first_and_the_rest_goes_where_it_was_asked() -> None:
    parts = parts_of(eur("700.00"), BANK, [paid_in("200.00", day=2), paid_in("300.00", day=1)])
    assert shares(parts) == [
        ("Card •• 4242", "300.00"),
        ("Card •• 4242", "200.00"),
        ("Bank •• 0189", "200.00"),
    ]
    assert [part.deposit_id for part in parts] == [UUID(int=2), UUID(int=3), None]
    assert parts[0].why == "300.00 EUR of D-1 (2 Mar 2026) came from it"
    assert parts[2].why == "What is left after the sources"


def test_cards_come_before_wallets_however_old() -> None:
    deposits = [paid_in("50.00", card="w", kind="wallet"), paid_in("50.00", day=9)]
    parts = parts_of(eur("80.00"), BANK, deposits)
    assert shares(parts) == [("Card •• 4242", "50.00"), ("Card •• w", "30.00")]


def test_what_was_asked_to_a_source_is_one_part_to_it() -> None:
    asked = Asked("4242", "Card •• 4242", "card")
    parts = parts_of(eur("120.00"), asked, [paid_in("100.00"), paid_in("10.00", day=1)])
    assert is_whole(parts)
    assert parts[0].why == "110.00 EUR came from it, 10.00 EUR is beyond what any source gave"
    assert beyond(eur("120.00"), asked, [paid_in("100.00")]) == eur("20.00")


def test_an_older_source_comes_before_the_one_that_was_asked_for() -> None:
    asked = Asked("9010", "Card •• 9010", "card")
    deposits = [paid_in("60.00"), paid_in("100.00", card="9010", day=3)]
    parts = parts_of(eur("100.00"), asked, deposits)
    assert in_words(parts) == "60.00 EUR to Card •• 4242; 40.00 EUR to Card •• 9010"


@pytest.mark.parametrize(
    "source",
    [
        paid_in("500.00", why_not="older than 180 days"),
        paid_in("500.00", kind="bank"),
        paid_in("0.00"),
    ],
)
def test_what_can_take_nothing_back_is_passed_over(source: PaidIn) -> None:
    parts = parts_of(eur("100.00"), BANK, [source])
    assert shares(parts) == [("Bank •• 0189", "100.00")]
    assert is_whole(parts)


def test_with_a_reason_all_of_it_goes_where_it_was_asked() -> None:
    parts = parts_of(eur("100.00"), BANK, [paid_in("500.00")], waived="card lost")
    assert shares(parts) == [("Bank •• 0189", "100.00")]
    assert parts[0].why == "All of it there: card lost"


@given(
    st.integers(1, 100_000),
    st.lists(st.tuples(st.integers(0, 30_000), st.sampled_from("abc")), max_size=8),
)
def test_parts_add_up_and_no_source_gets_more_than_it_gave(
    asked: int, given_: list[tuple[int, str]]
) -> None:
    deposits = [
        PaidIn(
            deposit_id=uuid4(),
            reference="D",
            instrument=card,
            label=card,
            kind="card",
            paid=Money.from_minor(left, "EUR"),
            left=Money.from_minor(left, "EUR"),
            at=START + timedelta(days=day),
        )
        for day, (left, card) in enumerate(given_)
    ]
    left_of = {each.deposit_id: each.left for each in deposits}
    parts = parts_of(Money.from_minor(asked, "EUR"), BANK, deposits)
    assert sum(part.amount.minor for part in parts) == asked
    assert all(part.amount.minor > 0 for part in parts)
    backed = [part for part in parts if part.deposit_id is not None]
    assert len({part.deposit_id for part in backed}) == len(backed)
    for part in backed:
        assert part.deposit_id is not None
        assert part.amount <= left_of[part.deposit_id]
