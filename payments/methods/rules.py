"""Whether a client may pay by a method now, and if not exactly why. Pure: no database, no clock.

One answer for the form, the API and the services, so that what is offered is what is taken.
Limits are by the calendar of the brokerage: a day and a month end at its midnight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from backoffice.core.money import Money
from clients.countries import country_name
from payments.methods import hours
from payments.methods.fees import Fee, FeeTerms, fee
from payments.methods.hours import Window
from payments.methods.states import CountryRule, Direction

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """One currency and direction; amounts in that currency, None is no limit."""

    direction: str
    currency: str
    amount_min: Decimal = _ZERO
    amount_max: Decimal | None = None
    day_max: Decimal | None = None
    month_max: Decimal | None = None
    credit_max: Decimal | None = None
    fee: FeeTerms = field(default_factory=FeeTerms)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may use a method. An empty tuple asks nothing; words are as people read them."""

    country_rule: str = CountryRule.ANY
    countries: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    level_min: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """What of a client decides. ``country``: ISO 3166 of where they live; empty: not known."""

    country: str
    category: str
    kind: str
    level: int


@dataclass(frozen=True, slots=True)
class Offer:
    """A method as the rules see it. ``problem``: why its gateway takes nothing; empty: it does."""

    name: str
    active: bool
    directions: frozenset[str]
    terms: tuple[Terms, ...]
    problem: str = ""
    audience: Audience = field(default_factory=Audience)
    windows: tuple[Window, ...] = ()

    def terms_for(self, direction: str, currency: str) -> Terms | None:
        found = (t for t in self.terms if (t.direction, t.currency) == (direction, currency))
        return next(found, None)

    def currencies(self, direction: str) -> list[str]:
        return [terms.currency for terms in self.terms if terms.direction == direction]


@dataclass(frozen=True, slots=True)
class Used:
    """What a client has asked for by this method, in one currency and direction."""

    day: Decimal = _ZERO
    month: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. ``field`` is the one of a form or of the API that would have to change."""

    code: str
    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the limits; None where there is none. ``now``: most that one payment of this
    moment may be."""

    day: Money | None
    month: Money | None
    now: Money | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``reasons`` is empty when it is open. ``opens_at`` is known where only hours stand in the
    way of it."""

    reasons: tuple[Reason, ...]
    opens_at: datetime | None = None
    fee: Fee | None = None
    left: Left | None = None
    money: Money | None = None

    @property
    def is_open(self) -> bool:
        return not self.reasons

    @property
    def net(self) -> Money | None:
        """What is credited, or paid out; None where the method does not take the currency."""
        return None if self.money is None or self.fee is None else self.money - self.fee.client

    @property
    def fields(self) -> dict[str, str]:
        """The reasons by field, those of one field in a row."""
        found: dict[str, list[str]] = {}
        for reason in self.reasons:
            found.setdefault(reason.field, []).append(reason.sentence)
        return {name: " ".join(sentences) for name, sentences in found.items()}

    @property
    def why(self) -> str:
        return self.reasons[0].sentence if self.reasons else ""


def standing(offer: Offer, person: Person, direction: str, moment: Moment) -> Answer:
    """Whether the client may use it at all now, whatever the amount."""
    reasons = [
        *_offered(offer, direction),
        *_audience(offer, person),
        *_hours(offer, moment),
    ]
    only_hours = bool(reasons) and all(reason.code == "hours" for reason in reasons)
    opens = hours.next_opening(offer.windows, moment.at, moment.zone) if only_hours else None
    return Answer(tuple(reasons), opens)


def judge(
    offer: Offer,
    person: Person,
    direction: str,
    money: Money,
    used: Used,
    moment: Moment,
    gateway_says: str = "",
) -> Answer:
    """Whether this payment may be made now. ``gateway_says``: why its gateway refuses it."""
    stands = standing(offer, person, direction, moment)
    terms = offer.terms_for(direction, money.currency)
    if terms is None:
        named = " or ".join(sorted(offer.currencies(direction)))
        reason = Reason("currency", "currency", f"{offer.name} takes {named or 'no currency'}.")
        known = any(each.code == "currency" for each in stands.reasons)
        return Answer(stands.reasons if known else (*stands.reasons, reason), stands.opens_at)
    cost, rest = fee(money, terms.fee), left(terms, used)
    reasons = [*stands.reasons, *_amount(offer, terms, money, cost, rest)]
    if gateway_says:
        reasons.append(Reason("gateway", "amount", gateway_says))
    return Answer(tuple(reasons), stands.opens_at, cost, rest, money)


def left(terms: Terms, used: Used) -> Left:
    """What is left of a client's day and month, and of one payment."""
    currency = terms.currency
    day = _rest(terms.day_max, used.day, currency)
    month = _rest(terms.month_max, used.month, currency)
    most = None if terms.amount_max is None else Money.rounded(terms.amount_max, currency)
    bounds = [bound for bound in (most, day, month) if bound is not None]
    now = min(bounds, key=lambda bound: bound.amount) if bounds else None
    return Left(day, month, now)


def _rest(most: Decimal | None, used: Decimal, currency: str) -> Money | None:
    return None if most is None else Money.rounded(max(most - used, _ZERO), currency)


def _offered(offer: Offer, direction: str) -> Iterator[Reason]:
    verb = "take deposits" if direction == Direction.DEPOSIT else "pay withdrawals"
    if not offer.active:
        yield Reason("off", "method", f"{offer.name} is switched off.")
    if offer.problem:
        yield Reason("gateway", "method", f"{offer.name} can't be used: {offer.problem}")
    if direction not in offer.directions:
        yield Reason("direction", "method", f"{offer.name} does not {verb}.")
    elif not offer.currencies(direction):
        yield Reason("currency", "method", f"{offer.name} does not {verb} in any currency yet.")


def _audience(offer: Offer, person: Person) -> Iterator[Reason]:
    who, name = offer.audience, offer.name
    if who.country_rule != CountryRule.ANY:
        if not person.country:
            said = f"{name} depends on where the client lives, which is not known."
            yield Reason("country", "method", said)
        elif (person.country in who.countries) != (who.country_rule == CountryRule.ONLY):
            country = country_name(person.country)
            yield Reason("country", "method", f"{name} is not offered in {country}.")
    if who.categories and person.category not in who.categories:
        yield Reason("category", "method", f"{name} is for {_listed(who.categories)} clients only.")
    if who.kinds and person.kind not in who.kinds:
        kinds = "companies" if "company" in who.kinds else "individuals"
        yield Reason("kind", "method", f"{name} is for {kinds} only.")
    if person.level < who.level_min:
        yield Reason(
            "level", "method",
            f"{name} needs KYC level {who.level_min}; the client has level {person.level}.",
        )  # fmt: skip


def _listed(words: Sequence[str]) -> str:
    return " or ".join(word.replace("_", " ") for word in words)


def _hours(offer: Offer, moment: Moment) -> Iterator[Reason]:
    if hours.is_open(offer.windows, moment.at, moment.zone):
        return
    opens = hours.next_opening(offer.windows, moment.at, moment.zone)
    said = "" if opens is None else f" It opens {opens_in_words(opens, moment.zone)}."
    yield Reason("hours", "method", f"{offer.name} is closed at this hour.{said}")


def opens_in_words(opens: datetime, zone: ZoneInfo) -> str:
    return f"{opens.astimezone(zone):%a %-d %b at %H:%M} ({zone.key})"


def _amount(offer: Offer, terms: Terms, money: Money, cost: Fee, rest: Left) -> Iterator[Reason]:
    name, currency = offer.name, terms.currency
    if money.minor <= 0:
        yield Reason("amount", "amount", "The amount must be above zero.")
        return
    if money.amount < terms.amount_min:
        least = Money.rounded(terms.amount_min, currency)
        yield Reason("least", "amount", f"{name} takes {least} or more.")
    if terms.amount_max is not None and money.amount > terms.amount_max:
        most = Money.rounded(terms.amount_max, currency)
        yield Reason("most", "amount", f"{name} takes {most} at most.")
    for code, limit, free, when in (
        ("day", terms.day_max, rest.day, "a day"),
        ("month", terms.month_max, rest.month, "a month"),
    ):
        if limit is not None and free is not None and money > free:
            most = Money.rounded(limit, currency)
            of = "today" if code == "day" else "this month"
            yield Reason(
                code, "amount", f"{name} takes {most} of a client {when}; {free} is left {of}."
            )
    if cost.client and cost.client == money:
        yield Reason("fee", "amount", f"The fee of {cost.client} would take all of it.")
