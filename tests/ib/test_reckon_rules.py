"""The rules alone: sums over tiers, rounding that loses nothing, rates as people type them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from backoffice.core.errors import InvalidInput
from ib import rules
from ib.changes import History, Standing, change
from ib.rules import Directory, PartnerFacts, Period, Rate, Terms, Trade, commissions

START = datetime(2026, 1, 1, tzinfo=UTC)
NOON = START + timedelta(days=10)
lots = some.decimals("0.01", "500", places=2)
amounts = some.decimals("0", "50", places=4)


def _directory(
    depth: int, terms: Terms | None, *, active: bool = True
) -> tuple[Directory, list[UUID]]:
    ids = [UUID(int=number + 1) for number in range(depth)]
    return (
        Directory(
            partners={pk: PartnerFacts(pk, f"P-{pk.int}", uuid4(), active) for pk in ids},
            parents={a: [Period(b, START)] for a, b in zip(ids, ids[1:], strict=False)},
            agreements={pk: [Period(terms.agreement_id, START)] for pk in ids} if terms else {},
            versions={terms.agreement_id: [terms]} if terms else {},
        ),
        ids,
    )


def _terms(*rates: Rate, **more: object) -> Terms:
    return Terms(uuid4(), uuid4(), 1, START, "EUR", rates, **more)  # type: ignore[arg-type]


def _trade(partner: UUID, traded: Decimal, **more: object) -> Trade:
    facts: dict[str, object] = {
        "symbol": "EURUSD",
        "path": "Forex\\Majors\\EURUSD",
        "at": NOON,
        "held_s": 100,
    }
    return Trade(partner_id=partner, client_id=uuid4(), lots=traded, **{**facts, **more})  # type: ignore[arg-type]


@given(lots, some.lists(amounts, min_size=1, max_size=12), some.integers(1, 14))
def test_all_tiers_together_get_the_lots_times_the_rates_that_reach_them(
    traded: Decimal, per_tier: list[Decimal], depth: int
) -> None:
    directory, ids = _directory(depth, _terms(Rate("*", tuple(per_tier))))
    lines = commissions(_trade(ids[0], traded), directory)
    reached = per_tier[:depth]
    assert [line.amount for line in lines] == [traded * rate for rate in reached]
    assert sum(line.amount for line in lines) == traded * sum(reached)
    assert [line.tier for line in lines] == list(range(1, len(reached) + 1))
    assert {line.tree for line in lines} == {tuple(f"P-{pk.int}" for pk in ids)}


@given(lots, some.integers(1, 5))
def test_nobody_earns_from_a_deal_that_was_taken_back(traded: Decimal, depth: int) -> None:
    directory, ids = _directory(depth, _terms(Rate("*", (Decimal(5), Decimal(2)))))
    for flag in ("cancelled", "deleted"):
        lines = commissions(_trade(ids[0], traded, **{flag: True}), directory)
        assert {(line.amount, line.reason) for line in lines} == {(Decimal(0), flag)}


@given(some.lists(some.decimals("-20", "20", places=8), max_size=60))
def test_rounding_carries_on_and_so_loses_nothing(parts: list[Decimal]) -> None:
    booked, carried = Decimal(0), Decimal(0)
    for part in parts:
        money, carried = rules.booked(part, carried, "EUR")
        booked += money.amount
    assert booked + carried == sum(parts)
    assert abs(carried) <= Decimal("0.005")


@given(some.lists(some.decimals("0", "20", places=8), min_size=1, max_size=60))
def test_payouts_never_come_to_more_than_was_booked(parts: list[Decimal]) -> None:
    booked, rest = Decimal(0), Decimal(0)
    paid, carried = Decimal(0), Decimal(0)
    for part in parts:
        money, rest = rules.booked(part, rest, "EUR")
        booked += money.amount
        money, carried = rules.payable(part, carried, "EUR")
        paid += money.amount
        assert paid <= booked
    assert sum(parts) - paid < Decimal("0.01")


def test_periods_begin_with_their_moment_and_end_before_it() -> None:
    first, second = uuid4(), uuid4()
    periods = [Period(first, START, NOON), Period(second, NOON)]
    assert [p.target for p in periods if p.holds(NOON - timedelta(microseconds=1))] == [first]
    assert [p.target for p in periods if p.holds(NOON)] == [second]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*", True),
        ("EURUSD", True),
        ("eur*", True),
        ("???USD", True),
        ("Forex\\*", True),
        ("Forex\\Majors\\*", True),
        ("Metals\\*", False),
        ("XAU*", False),
        ("EUR", False),
    ],
)
def test_patterns_fit_symbols_and_groups_of_symbols(pattern: str, fits: bool) -> None:
    assert Rate(pattern, (Decimal(1),)).matches("EURUSD", "Forex\\Majors\\EURUSD") is fits


def test_the_first_rate_that_fits_counts() -> None:
    terms = _terms(Rate("EURUSD", (Decimal(3),)), Rate("*", (Decimal(1),)))
    directory, ids = _directory(1, terms)
    for symbol, rate in (("EURUSD", 3), ("USDJPY", 1)):
        (line,) = commissions(_trade(ids[0], Decimal(2), symbol=symbol, path=""), directory)
        assert line.rate == rate


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([("EURUSD", ["x"])], "rates-0"),
        ([("EURUSD", ["-1"])], "rates-0"),
        ([("EURUSD", ["1e99"])], "rates-0"),
        ([("EURUSD", ["NaN"])], "rates-0"),
        ([("EURUSD", ["0.00001"])], "rates-0"),
        ([("EURUSD", ["1", "", "2"])], "rates-0"),
        ([("EURUSD", [])], "rates-0"),
        ([("EUR USD", ["1"])], "rates-0"),
        ([("*", ["1"]), ("*", ["2"])], "rates"),
        ([("*", ["1"]), ("", ["2"])], "rates-1"),
        ([("*", ["1"] * 13)], "rates-0"),
        ([("", [""])], "rates"),
    ],
)
def test_rates_that_make_no_sense_are_named(rows: list[tuple[str, list[str]]], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        rules.parse_rates(rows)
    assert list(caught.value.fields) == [field]


def test_rates_are_read_as_typed() -> None:
    assert rules.parse_rates([(" XAU* ", ["8", "2.50", ""]), ("", ["", ""])]) == [
        Rate("XAU*", (Decimal(8), Decimal("2.50")))
    ]


@given(some.sampled_from(["accrued", "excluded", "in_payout", "paid"]), some.booleans())
def test_lines_in_a_payout_change_only_with_their_deal(state: str, paid_too: bool) -> None:
    directory, ids = _directory(1, _terms(Rate("*", (Decimal(5),))))
    wanted = commissions(_trade(ids[0], Decimal(1)), directory)
    line = Standing(
        id=uuid4(),
        partner_id=ids[0],
        sequence=0,
        deal_revision=0,
        tier=1,
        lots=Decimal(1),
        rate=Decimal(4),
        amount=Decimal(4),
        currency="EUR",
        version_id=None,
        state=state,
        reason="",
        is_reversal=False,
    )
    found = change(History([line]), wanted, paid_too=paid_too)
    changes = paid_too or state in ("accrued", "excluded")
    assert list(found.reversed) == ([line] if changes else [])
    assert [sequence for sequence, _ in found.added] == ([2] if changes else [])
