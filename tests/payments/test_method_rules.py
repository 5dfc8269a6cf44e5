"""Whether a client may pay by a method now: each rule at its boundary, by calendar and clock."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.methods import rules
from payments.methods.fees import FeeTerms, fee
from payments.methods.hours import Window, is_open, next_opening, periods
from payments.methods.rules import Audience, Moment, Offer, Person, Terms, Used

NICOSIA, UTC_ZONE = ZoneInfo("Asia/Nicosia"), ZoneInfo("UTC")
ANNA = Person("SE", "retail", "person", 1)
EURO = Terms("deposit", "EUR", amount_min=Decimal(10), amount_max=Decimal(500))
OFFER = Offer("Card", active=True, directions=frozenset({"deposit"}), terms=(EURO,))
NOTHING = Used()
NOON = Moment(datetime(2026, 11, 23, 12, tzinfo=UTC), UTC_ZONE)  # a Monday


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def ask(
    amount: str = "100.00", offer: Offer = OFFER, used: Used = NOTHING, **more: object
) -> rules.Answer:
    facts = {"person": ANNA, "direction": "deposit", "money": eur(amount), "moment": NOON, **more}
    return rules.judge(offer, used=used, **facts)  # type: ignore[arg-type]


def with_terms(**facts: object) -> Offer:
    return replace(OFFER, terms=(replace(EURO, **facts),))  # type: ignore[arg-type]


# Limits


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("9.99", "Card takes 10.00 EUR or more."),
        ("10.00", ""),
        ("500.00", ""),
        ("500.01", "Card takes 500.00 EUR at most."),
        ("0.00", "The amount must be above zero."),
        ("-5.00", "The amount must be above zero."),
    ],
)
def test_least_and_most_of_a_payment_are_inside(amount: str, why: str) -> None:
    assert ask(amount).why == why


def test_exactly_the_day_limit_is_taken_and_a_cent_more_is_not() -> None:
    offer = with_terms(day_max=Decimal(300))
    assert ask("200.00", offer, Used(Decimal(100), Decimal(100))).is_open
    refused = ask("200.01", offer, Used(Decimal(100), Decimal(100)))
    assert refused.why == "Card takes 300.00 EUR of a client a day; 200.00 EUR is left today."
    assert refused.fields == {"amount": refused.why}


def test_the_month_counts_what_the_day_does_not() -> None:
    offer = with_terms(day_max=Decimal(300), month_max=Decimal(1000))
    used = Used(day=Decimal(0), month=Decimal(950))
    assert ask("50.00", offer, used).is_open
    assert [reason.code for reason in ask("50.01", offer, used).reasons] == ["month"]
    answer = ask("400.00", offer, used)
    assert [reason.code for reason in answer.reasons] == ["day", "month"]
    assert answer.left == rules.Left(eur("300.00"), eur("50.00"), eur("50.00"))


def test_a_limit_lowered_below_what_was_used_leaves_nothing_and_no_debt() -> None:
    left = ask("10.00", with_terms(day_max=Decimal(50)), Used(Decimal(80), Decimal(80))).left
    assert left is not None
    assert (left.day, left.now) == (eur("0.00"), eur("0.00"))


def test_without_limits_nothing_is_counted() -> None:
    offer = with_terms(amount_max=None)
    answer = ask("900000.00", offer, Used(Decimal(10**9), Decimal(10**9)))
    assert (answer.is_open, answer.left) == (True, rules.Left(None, None, None))


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 10**6))
def test_what_is_left_is_what_is_taken(used: int, amount: int, day: int, month: int) -> None:
    """The most that is said to be left gets through, a cent more never does."""
    offer = with_terms(
        amount_min=Decimal(0), amount_max=None, day_max=Decimal(day), month_max=Decimal(month)
    )
    spent = Used(Decimal(used) / 2, Decimal(used))
    left = ask("1.00", offer, spent).left
    assert left is not None
    assert left.now is not None
    money = Money(Decimal(amount) / 100, "EUR")
    fits = money.minor > 0 and money <= left.now
    assert ask(str(money.amount), offer, spent).is_open == fits


# Currency, direction, gateway


def test_another_currency_names_those_that_it_takes() -> None:
    offer = replace(OFFER, terms=(EURO, replace(EURO, currency="USD")))
    answer = ask(offer=offer, money=Money(Decimal(100), "GBP"))
    assert answer.fields == {"currency": "Card takes EUR or USD."}
    assert answer.fee is None


def test_every_reason_is_told_at_once() -> None:
    offer = replace(
        OFFER, active=False, problem="it has no gateway.", audience=Audience(level_min=2)
    )
    answer = ask("900.00", offer)
    assert [reason.code for reason in answer.reasons] == ["off", "gateway", "level", "most"]
    assert answer.fields["method"] == (
        "Card is switched off. Card can't be used: it has no gateway. "
        "Card needs KYC level 2; the client has level 1."
    )


def test_a_direction_that_is_off_and_one_without_terms() -> None:
    assert ask(direction="withdrawal").why == "Card does not pay withdrawals."
    both = replace(OFFER, directions=frozenset({"deposit", "withdrawal"}))
    nothing = ask(offer=both, direction="withdrawal")
    assert nothing.why == "Card does not pay withdrawals in any currency yet."
    assert len(nothing.reasons) == 1


def test_what_its_gateway_refuses_is_beside_the_amount() -> None:
    assert ask(gateway_says="At least 0.50 EUR.").fields == {"amount": "At least 0.50 EUR."}


# Who


@pytest.mark.parametrize(
    ("audience", "person", "why"),
    [
        (Audience("only", ("SE", "DE")), ANNA, ""),
        (Audience("only", ("DE",)), ANNA, "Card is not offered in Sweden."),
        (Audience("except", ("DE",)), ANNA, ""),
        (Audience("except", ("SE",)), ANNA, "Card is not offered in Sweden."),
        (
            Audience("except", ("DE",)),
            replace(ANNA, country=""),
            "Card depends on where the client lives, which is not known.",
        ),
        (
            Audience("only", ("DE",)),
            replace(ANNA, country=""),
            "Card depends on where the client lives, which is not known.",
        ),
        (Audience(), replace(ANNA, country=""), ""),
        (
            Audience(categories=("professional", "eligible_counterparty")),
            ANNA,
            "Card is for professional or eligible counterparty clients only.",
        ),
        (Audience(categories=("retail",)), ANNA, ""),
        (Audience(kinds=("company",)), ANNA, "Card is for companies only."),
        (
            Audience(kinds=("person",)),
            replace(ANNA, kind="company"),
            "Card is for individuals only.",
        ),
        (Audience(kinds=("person", "company")), ANNA, ""),
        (Audience(level_min=1), ANNA, ""),
        (Audience(level_min=2), ANNA, "Card needs KYC level 2; the client has level 1."),
    ],
)
def test_who_may_use_it(audience: Audience, person: Person, why: str) -> None:
    assert ask(offer=replace(OFFER, audience=audience), person=person).why == why


# Hours


def at(text: str, zone: ZoneInfo = UTC_ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


OFFICE = Window((0, 1, 2, 3, 4), time(9), time(17))
NIGHT = Window((4,), time(22), time(2))  # from Friday into Saturday
ALWAYS = Window(tuple(range(7)), time(0), time(0))


@pytest.mark.parametrize(
    ("moment", "is_in"),
    [
        ("2026-11-23 08:59:59", False),
        ("2026-11-23 09:00", True),
        ("2026-11-23 16:59:59", True),
        ("2026-11-23 17:00", False),
        ("2026-11-28 12:00", False),  # Saturday
    ],
)
def test_a_window_holds_its_beginning_and_not_its_end(moment: str, is_in: bool) -> None:
    assert is_open([OFFICE], at(moment), UTC_ZONE) is is_in
    # The same on the wall of another place.
    assert is_open([OFFICE], at(moment, NICOSIA), NICOSIA) is is_in


@pytest.mark.parametrize(
    ("moment", "is_in"),
    [
        ("2026-11-27 21:59", False),
        ("2026-11-27 22:00", True),
        ("2026-11-27 23:59:59", True),
        ("2026-11-28 00:00", True),
        ("2026-11-28 01:59:59", True),
        ("2026-11-28 02:00", False),
        ("2026-11-27 00:30", False),  # the night before belongs to Thursday
        ("2026-11-29 00:30", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(
    moment: str, is_in: bool
) -> None:
    assert is_open([NIGHT], at(moment), UTC_ZONE) is is_in


def test_no_window_is_always_and_a_whole_day_is_a_day() -> None:
    sunday_night = at("2026-11-29 23:59:59")
    assert is_open([], sunday_night, UTC_ZONE)
    assert is_open([ALWAYS], sunday_night, UTC_ZONE)
    monday = Window((0,), time(0), time(0))
    assert not is_open([monday], sunday_night, UTC_ZONE)
    assert is_open([monday], at("2026-11-30 00:00"), UTC_ZONE)
    assert is_open([monday], at("2026-11-30 23:59:59"), UTC_ZONE)
    assert not is_open([monday], at("2026-12-01 00:00"), UTC_ZONE)


def test_it_says_when_it_opens_again() -> None:
    offer = replace(OFFER, windows=(OFFICE, NIGHT))
    friday = Moment(at("2026-11-27 17:00", NICOSIA), NICOSIA)
    answer = ask(offer=offer, moment=friday)
    assert answer.why == "Card is closed at this hour. It opens Fri 27 Nov at 22:00 (Asia/Nicosia)."
    assert answer.opens_at == at("2026-11-27 22:00", NICOSIA)
    saturday = Moment(at("2026-11-28 02:00", NICOSIA), NICOSIA)
    assert ask(offer=offer, moment=saturday).opens_at == at("2026-11-30 09:00", NICOSIA)
    # Who may not use it at all is not told to come back on Monday.
    barred = replace(offer, audience=Audience(level_min=2))
    assert ask(offer=barred, moment=saturday).opens_at is None


def test_a_window_of_one_day_opens_a_week_later() -> None:
    monday = Window((0,), time(9), time(17))
    assert next_opening([monday], at("2026-11-23 09:00"), UTC_ZONE) == at("2026-11-30 09:00")
    assert next_opening([monday], at("2026-11-23 08:59"), UTC_ZONE) == at("2026-11-23 09:00")
    assert next_opening([Window((), time(9), time(17))], at("2026-11-23 09:00"), UTC_ZONE) is None


def test_the_hours_hold_on_the_days_on_which_the_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    early = Window((6,), time(1, 30), time(2, 30))
    # 29 March 2026, 01:00 becomes 02:00: 01:30 does not exist, so it begins at 02:30 on the wall,
    # which is where it ends.
    assert not is_open([early], datetime(2026, 3, 29, 1, 0, tzinfo=UTC), london)
    assert not is_open([early], datetime(2026, 3, 29, 1, 30, tzinfo=UTC), london)
    late = Window((6,), time(0, 30), time(3))
    assert is_open([late], datetime(2026, 3, 29, 0, 30, tzinfo=UTC), london)
    assert is_open([late], datetime(2026, 3, 29, 1, 59, tzinfo=UTC), london)
    assert not is_open([late], datetime(2026, 3, 29, 2, 0, tzinfo=UTC), london)
    # 25 October 2026, 02:00 becomes 01:00: 01:15 comes twice and is open both times.
    twice = Window((6,), time(1), time(1, 30))
    for minute, is_in in ((-1, False), (0, True), (29, True), (75, True), (89, True), (90, False)):
        moment = datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + timedelta(minutes=minute)
        assert is_open([twice], moment, london) is is_in, minute


def test_windows_are_written_and_read_back() -> None:
    for window in (OFFICE, NIGHT, ALWAYS):
        assert Window.parse(str(window)) == window
    assert str(NIGHT) == "Fri 22:00-02:00"
    assert [window.in_words for window in (OFFICE, NIGHT, ALWAYS)] == [
        "Mon to Fri 09:00-17:00", "Fri 22:00-02:00", "every day 00:00-00:00",
    ]  # fmt: skip
    for wrong in ("", "09:00-17:00", "Mon 25:00-26:00", "Moo 09:00-17:00", "Mon 9:00-17:00"):
        with pytest.raises(InvalidInput):
            Window.parse(wrong)


# Day and month


def test_a_day_and_a_month_are_the_brokerages() -> None:
    found = periods(datetime(2026, 11, 30, 22, 30, tzinfo=UTC), NICOSIA)  # 00:30 on 1 December
    assert found.day == found.month == datetime(2026, 11, 30, 22, tzinfo=UTC)
    assert found.next_day == datetime(2026, 12, 1, 22, tzinfo=UTC)
    assert found.next_month == datetime(2026, 12, 31, 22, tzinfo=UTC)
    before = periods(datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC), NICOSIA)
    assert before.day == datetime(2026, 11, 29, 22, tzinfo=UTC)
    assert before.month == datetime(2026, 10, 31, 22, tzinfo=UTC)
    assert before.next_day == before.next_month == found.day


def test_a_day_on_which_the_clocks_change_has_its_own_length() -> None:
    london = ZoneInfo("Europe/London")
    short = periods(datetime(2026, 3, 29, 12, tzinfo=UTC), london)
    long = periods(datetime(2026, 10, 25, 12, tzinfo=UTC), london)
    assert short.next_day - short.day == timedelta(hours=23)
    assert long.next_day - long.day == timedelta(hours=25)


@given(st.integers(0, 15 * 365 * 86_400))
def test_each_moment_lies_in_its_day_and_its_month(seconds: int) -> None:
    moment = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    found = periods(moment, NICOSIA)
    assert found.day <= moment < found.next_day
    assert found.month <= found.day < found.next_day <= found.next_month
    assert periods(found.next_month, NICOSIA).month == found.next_month


# Fees


@pytest.mark.parametrize(
    ("terms", "amount", "cost"),
    [
        (FeeTerms(), "100.00", "0.00"),
        (FeeTerms(fixed=Decimal("0.25"), percent=Decimal("1.5")), "100.00", "1.75"),
        (FeeTerms(percent=Decimal(1), least=Decimal(2)), "100.00", "2.00"),
        (FeeTerms(percent=Decimal(1), least=Decimal(2)), "200.00", "2.00"),
        (FeeTerms(percent=Decimal(1), least=Decimal(2)), "201.00", "2.01"),
        (FeeTerms(percent=Decimal(1), most=Decimal(5)), "500.00", "5.00"),
        (FeeTerms(percent=Decimal(1), most=Decimal(5)), "501.00", "5.00"),
        (FeeTerms(percent=Decimal("0.5")), "1.00", "0.00"),  # half a cent, to even
        (FeeTerms(percent=Decimal("1.5")), "1.00", "0.02"),
        (FeeTerms(fixed=Decimal(5)), "3.00", "3.00"),
    ],
)
def test_a_fee_is_rounded_and_bounded(terms: FeeTerms, amount: str, cost: str) -> None:
    found = fee(eur(amount), terms)
    assert (found.client, found.house) == (eur(cost), eur("0.00"))
    borne = fee(eur(amount), replace(terms, payer="house"))
    assert (borne.client, borne.house, borne.borne) == (eur("0.00"), eur(cost), cost != "0.00")


def test_a_fee_that_takes_all_is_refused_unless_the_brokerage_bears_it() -> None:
    offer = with_terms(fee=FeeTerms(fixed=Decimal(10)))
    assert ask("10.00", offer).why == "The fee of 10.00 EUR would take all of it."
    assert ask("10.01", offer).is_open
    borne = with_terms(fee=FeeTerms(fixed=Decimal(10), payer="house"))
    assert ask("10.00", borne).is_open


@given(st.integers(1, 10**8), st.integers(0, 10**4), st.integers(0, 999_999))
def test_a_fee_is_never_below_nothing_nor_above_the_amount(
    minor: int, fixed: int, percent: int
) -> None:
    money = Money.from_minor(minor, "EUR")
    terms = FeeTerms(fixed=Decimal(fixed) / 100, percent=Decimal(percent) / 10_000)
    assert eur("0.00") <= fee(money, terms).client <= money
    assert FeeTerms.of(terms.kept("EUR")) == terms


def test_a_fee_in_words() -> None:
    terms = FeeTerms(Decimal("0.2500"), Decimal("1.5000"), Decimal(1), Decimal(20), "house")
    assert str(terms) == "1.5% + 0.25, at least 1, at most 20, borne by the brokerage"
    assert str(FeeTerms()) == "none"
