"""What a conversion costs: no way to and fro gains, whatever the amounts and the currencies."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backoffice.core.errors import InvalidInput
from backoffice.core.money import AMOUNT_MINOR_MAX, Money
from payments.conversion_states import SpreadKind
from payments.conversions import rules
from payments.conversions.rules import Quote, Spread

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CURRENCIES = ("JPY", "EUR", "KWD", "BTC")  # 0, 2, 3 and 8 places
NONE = Spread(SpreadKind.PERCENT, Decimal(0))
mids = st.decimals("0.0000001", "99999999", places=10)
amounts = st.integers(1, 10**12)


def quote(base: str, other: str, mid: str | Decimal, minutes: int = 0, name: str = "q") -> Quote:
    return Quote(base, other, Decimal(mid), NOW - timedelta(minutes=minutes), name)


@st.composite
def markets(draw: st.DrawFn) -> tuple[str, str, list[Quote], Spread]:
    """Two currencies with a quote either way round or by way of a third, and a spread."""
    source, target, third = draw(st.permutations(CURRENCIES))[:3]
    pairs = draw(
        st.sampled_from(
            [
                [(source, target)],
                [(target, source)],
                [(source, third), (third, target)],
                [(third, source), (third, target)],
                [(source, target), (target, source)],
            ]
        )
    )
    quotes = [quote(*pair, draw(mids), draw(st.integers(0, 3))) for pair in pairs]
    mid = rules.mid_of(quotes, source, target, third)
    assert mid is not None
    percent = Spread(SpreadKind.PERCENT, draw(st.decimals("0", "49", places=4)))
    share = draw(st.decimals("0", "0.9", places=3))
    price = round(Decimal(mid.rate.numerator) / mid.rate.denominator * share, 10)
    in_price = Spread(SpreadKind.PRICE, price, source, target)
    return source, target, quotes, draw(st.sampled_from([NONE, percent, in_price]))


@given(markets(), amounts, st.lists(st.integers(1, 10**6), max_size=4))
def test_there_and_back_never_gains_in_one_sum_or_in_many(
    market: tuple[str, str, list[Quote], Spread], minor: int, parts: list[int]
) -> None:
    source, target, quotes, spread = market
    third = next(code for code in CURRENCIES if code not in (source, target))
    vias = [code for each in quotes for code in (each.base, each.quote)]
    via = next((code for code in vias if code not in (source, target)), third)
    there, back = (
        rules.mid_of(quotes, *pair, via) for pair in ((source, target), (target, source))
    )
    assert there is not None
    assert back is not None
    sums = (minor, *parts)
    try:
        out = rules.client_rate(there.rate, spread, source)
        home = rules.client_rate(back.rate, spread, target)
        # Given in any parts, and what is got of them given back as one or each alone.
        got = [rules.converted(Money.from_minor(each, source), out, target) for each in sums]
        whole = Money.from_minor(sum(each.minor for each in got), target)
    except InvalidInput:
        return  # a spread as large as the price, or more than can be booked: nothing is offered
    assert Fraction(out) <= there.rate
    assert rules.converted(whole, home, source).minor <= sum(sums)
    assert sum(rules.converted(each, home, source).minor for each in got) <= sum(sums)


@given(markets(), amounts)
def test_what_is_cut_is_less_than_one_minor_unit(
    market: tuple[str, str, list[Quote], Spread], minor: int
) -> None:
    source, target, quotes, _ = market
    via = next((q.base for q in quotes if q.base not in (source, target)), "")
    via = via or next((q.quote for q in quotes if q.quote not in (source, target)), "EUR")
    mid = rules.mid_of(quotes, source, target, via)
    assert mid is not None
    assume(mid.rate < rules.RATE_MAX)
    rate, give = rules.written(mid.rate), Money.from_minor(minor, source)
    exact = Fraction(give.amount) * Fraction(rate)
    if exact > Fraction(Money.from_minor(AMOUNT_MINOR_MAX, target).amount):
        with pytest.raises(InvalidInput):
            rules.converted(give, rate, target)
        return
    got = rules.converted(give, rate, target)
    assert 0 <= exact - Fraction(got.amount) < Fraction(Money.from_minor(1, target).amount)


def test_half_a_yen_is_not_rounded_up_to_a_whole_one() -> None:
    """What rounding would give away: 1 JPY is 0.0067 USD, which is a cent, which is 1.5 JPY."""
    there = rules.client_rate(Fraction(1, 149), NONE, "JPY")
    assert rules.converted(Money(Decimal(1), "JPY"), there, "USD") == Money.zero("USD")
    assert rules.converted(Money(Decimal(2), "JPY"), there, "USD") == Money(Decimal("0.01"), "USD")


@pytest.mark.parametrize(
    ("source", "target", "amount", "got"),
    [
        ("EUR", "USD", "100.00", "107.85"),  # 108.40 less 0.5%, 107.858 cut
        ("USD", "EUR", "107.85", "98.99"),  # the same quote, the other way round
        ("EUR", "JPY", "100.00", "16143"),
        ("JPY", "USD", "16143", "107.31"),  # by way of EUR
        ("EUR", "KWD", "100.00", "33.134"),
        ("BTC", "EUR", "0.00012345", "11.19"),
    ],
)
def test_the_rate_is_the_mid_less_the_spread_whichever_way(
    source: str, target: str, amount: str, got: str
) -> None:
    quotes = [
        quote("EUR", "USD", "1.0840"),
        quote("EUR", "JPY", "162.25"),
        quote("EUR", "KWD", "0.33301"),
        quote("BTC", "EUR", "91100"),
    ]
    mid = rules.mid_of(quotes, source, target, "EUR")
    assert mid is not None
    rate = rules.client_rate(mid.rate, Spread(SpreadKind.PERCENT, Decimal("0.5")), source)
    found = rules.converted(Money(Decimal(amount), source), rate, target)
    assert found.amount == Decimal(got)


def test_a_spread_in_the_price_lies_on_either_side_of_the_mid() -> None:
    spread = Spread(SpreadKind.PRICE, Decimal("0.0015"), "EUR", "USD")
    sells = rules.client_rate(Fraction("1.0840"), spread, "EUR")
    buys = rules.client_rate(1 / Fraction("1.0840"), spread, "USD")
    assert sells == Decimal("1.0825")
    assert rules.written(1 / Fraction("1.0855")) == buys
    assert str(spread) == "0.0015 USD on each EUR"
    with pytest.raises(InvalidInput, match="as large as the price"):
        rules.client_rate(Fraction("0.001"), spread, "EUR")


def test_the_newest_quote_of_a_pair_counts_and_a_pairs_own_goes_before_a_way_round() -> None:
    old, new = quote("EUR", "USD", "1.08", 5, "old"), quote("USD", "EUR", "0.9", 1, "new")
    cross = [quote("EUR", "GBP", "0.85"), quote("GBP", "USD", "1.3")]
    for found in (
        rules.mid_of([old, new, *cross], "EUR", "USD", "GBP"),
        rules.mid_of([*cross, new, old], "USD", "EUR", "GBP"),
    ):
        assert found is not None
        assert [each.name for each in found.quotes] == ["new"]
    found = rules.mid_of(cross, "EUR", "USD", "GBP")
    assert found is not None
    assert (found.rate, found.at) == (Fraction("1.105"), NOW)
    assert rules.mid_of(cross, "EUR", "JPY", "GBP") is None
    assert rules.mid_of(cross[:1], "EUR", "USD", "GBP") is None


def test_quotes_that_contradict_each_other_are_found() -> None:
    good = [quote("EUR", "USD", "1.1"), quote("USD", "JPY", "150"), quote("EUR", "JPY", "165")]
    assert rules.circles(good, ["EUR", "USD", "JPY"], "EUR") == []
    bad = [*good[:2], quote("EUR", "JPY", "155")]
    assert rules.circles(bad, ["EUR", "USD", "JPY"], "EUR") == [("EUR", "USD", "JPY", "EUR")]


@pytest.mark.parametrize(
    ("rate", "text"),
    [("1.084", "1.084"), ("0.922509225092", "0.92250923"), ("91100", "91100"),
     ("0.000000064213579", "0.000000064213579"), ("2500000000", "2500000000")],
)  # fmt: skip
def test_rates_are_read_with_eight_digits(rate: str, text: str) -> None:
    assert rules.rate_text(Decimal(rate)) == text


def test_an_amount_too_large_to_book_is_refused() -> None:
    with pytest.raises(InvalidInput):
        rules.converted(Money.from_minor(AMOUNT_MINOR_MAX, "BTC"), Decimal(10**9), "VND")
    with pytest.raises(InvalidInput):
        rules.written(Fraction(10**12))
