"""What partners earn: pure functions of a trade, the tree and the agreements as they stood then.

Amounts are exact here (eight places); money is rounded when it is booked, once, with the rest
carried on (``booked``), so that many small lots are worth as much as one large one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from enum import StrEnum
from fnmatch import fnmatchcase
from uuid import UUID

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money, exponent

DEPTH_MAX = 32
TIERS_MAX = 12
RATES_MAX = 200
RATE_MAX = Decimal(10_000)
RATE_PLACES = 4
PATTERN = re.compile(r"^[A-Za-z0-9*?._#/\\&+\-]{1,64}$")
EXACT = Decimal("0.00000001")

ENTRY_IN, ENTRY_OUT, ENTRY_IN_OUT, ENTRY_OUT_BY = 0, 1, 2, 3
CLOSING_ENTRIES = (ENTRY_OUT, ENTRY_IN_OUT, ENTRY_OUT_BY)
ACTIONS_CANCELLED = (13, 14)
ACTIONS_TRADED = (0, 1, *ACTIONS_CANCELLED)


class Exclusion(StrEnum):
    """Why a line amounts to nothing."""

    DELETED = "deleted"
    CANCELLED = "cancelled"
    NOT_ACTIVE = "not_active"
    SELF_REFERRAL = "self_referral"
    NO_AGREEMENT = "no_agreement"
    NO_RATE = "no_rate"
    TOO_SHORT = "too_short"
    OPENING_UNKNOWN = "opening_unknown"


SENTENCES = {
    Exclusion.DELETED: "The deal was deleted on the trading server.",
    Exclusion.CANCELLED: "The deal was cancelled on the trading server.",
    Exclusion.NOT_ACTIVE: "The partner was not active when it was reckoned.",
    Exclusion.SELF_REFERRAL: "The partner traded themselves, which the agreement does not pay.",
    Exclusion.NO_AGREEMENT: "The partner had no agreement at the time of the deal.",
    Exclusion.NO_RATE: "The agreement has no rate for this symbol.",
    Exclusion.TOO_SHORT: "The position was held for less than the agreement asks.",
    Exclusion.OPENING_UNKNOWN: "When the position was opened has not been seen.",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """Per closed lot, one amount per tier (the first is the client's own partner).

    ``pattern`` is a symbol with ``*`` and ``?``; with a backslash it is the symbol's path on the
    server, which is a group of symbols (``Forex\\Majors\\*``).
    """

    pattern: str
    amounts: tuple[Decimal, ...]

    def matches(self, symbol: str, path: str) -> bool:
        given, wanted = (path, self.pattern) if "\\" in self.pattern else (symbol, self.pattern)
        return fnmatchcase(given.upper(), wanted.upper().replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class Terms:
    """A published version of an agreement. The first rate whose pattern fits a symbol counts."""

    id: UUID
    agreement_id: UUID
    number: int
    effective_from: datetime
    currency: str
    rates: tuple[Rate, ...]
    minimum_holding_s: int = 0
    pays_self_referral: bool = False

    @property
    def tiers(self) -> int:
        return max((len(rate.amounts) for rate in self.rates), default=0)

    def rate_for(self, symbol: str, path: str) -> Rate | None:
        return next((rate for rate in self.rates if rate.matches(symbol, path)), None)


@dataclass(frozen=True, slots=True)
class Period:
    """Something that holds from a moment (inclusive) until another (exclusive; None: open)."""

    target: UUID
    from_at: datetime
    until_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at and (self.until_at is None or at < self.until_at)


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    id: UUID
    reference: str
    client_id: UUID
    active: bool


def _at(periods: Iterable[Period], at: datetime) -> UUID | None:
    return next((period.target for period in periods if period.holds(at)), None)


@dataclass(frozen=True)
class Directory:
    """The tree and the agreements of one brokerage through time."""

    partners: Mapping[UUID, PartnerFacts]
    parents: Mapping[UUID, Sequence[Period]]
    agreements: Mapping[UUID, Sequence[Period]]
    versions: Mapping[UUID, Sequence[Terms]]
    _rates: dict[tuple[UUID, str, str], Rate | None] = field(default_factory=dict)

    def chain(self, partner_id: UUID, at: datetime) -> list[PartnerFacts]:
        """The partner and everyone above, nearest first, as placed at ``at``."""
        found: list[PartnerFacts] = []
        current: UUID | None = partner_id
        while current is not None and len(found) < DEPTH_MAX:
            found.append(self.partners[current])
            current = _at(self.parents.get(current, ()), at)
        return found

    def terms(self, partner_id: UUID, at: datetime) -> Terms | None:
        """The version in force for the partner at ``at``: the newest that was effective."""
        agreement = _at(self.agreements.get(partner_id, ()), at)
        if agreement is None:
            return None
        known = [v for v in self.versions.get(agreement, ()) if v.effective_from <= at]
        return max(known, key=lambda v: (v.effective_from, v.number), default=None)

    def rate(self, terms: Terms, symbol: str, path: str) -> Rate | None:
        key = (terms.id, symbol, path)
        if key not in self._rates:
            self._rates[key] = terms.rate_for(symbol, path)
        return self._rates[key]


@dataclass(frozen=True, slots=True)
class Trade:
    """A closing deal of a client who came through a partner. ``held_s``: None when unknown."""

    partner_id: UUID
    client_id: UUID
    symbol: str
    path: str
    lots: Decimal
    at: datetime
    held_s: int | None
    cancelled: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Earned:
    """One line: what one partner gets for one trade, or why not (``reason``)."""

    partner_id: UUID
    tier: int
    lots: Decimal
    rate: Decimal
    amount: Decimal
    currency: str
    pattern: str
    version_id: UUID | None
    reason: str
    tree: tuple[str, ...]


def closed_lots(entry: int, lots: Decimal, lots_closed: Decimal) -> Decimal:
    """How much of a deal closed a position: all of an exit, the closed part of a reversal."""
    if entry == ENTRY_IN_OUT:
        return lots_closed
    return lots_closed or lots


def commissions(trade: Trade, directory: Directory) -> list[Earned]:
    """A line for every partner above the trade whose agreement reaches that far."""
    chain = directory.chain(trade.partner_id, trade.at)
    tree = tuple(partner.reference for partner in chain)
    lines = (_line(trade, directory, who, tier, tree) for tier, who in enumerate(chain, 1))
    return [line for line in lines if line is not None]


def _line(
    trade: Trade, directory: Directory, who: PartnerFacts, tier: int, tree: tuple[str, ...]
) -> Earned | None:
    terms = directory.terms(who.id, trade.at)
    if terms is not None and tier > terms.tiers:
        return None
    rate = directory.rate(terms, trade.symbol, trade.path) if terms else None
    per_lot = rate.amounts[tier - 1] if rate and tier <= len(rate.amounts) else Decimal(0)
    reason = _excluded(trade, who, terms, rate, tier)
    amount = Decimal(0) if reason else (trade.lots * per_lot).quantize(EXACT, ROUND_HALF_EVEN)
    return Earned(
        partner_id=who.id,
        tier=tier,
        lots=trade.lots,
        rate=per_lot,
        amount=amount,
        currency=terms.currency if terms else "",
        pattern=rate.pattern if rate else "",
        version_id=terms.id if terms else None,
        reason=reason,
        tree=tree,
    )


def _excluded(
    trade: Trade, who: PartnerFacts, terms: Terms | None, rate: Rate | None, tier: int
) -> str:
    if trade.deleted:
        return Exclusion.DELETED
    if trade.cancelled:
        return Exclusion.CANCELLED
    if not who.active:
        return Exclusion.NOT_ACTIVE
    if terms is None:
        return Exclusion.NO_AGREEMENT
    if trade.client_id == who.client_id and not terms.pays_self_referral:
        return Exclusion.SELF_REFERRAL
    if rate is None or tier > len(rate.amounts):
        return Exclusion.NO_RATE
    if terms.minimum_holding_s:
        if trade.held_s is None:
            return Exclusion.OPENING_UNKNOWN
        if trade.held_s < terms.minimum_holding_s:
            return Exclusion.TOO_SHORT
    return ""


# Money


def booked(exact: Decimal, carried: Decimal, currency: str) -> tuple[Money, Decimal]:
    """What to book of an exact sum and the rest carried so far, and the rest after it."""
    total = exact + carried
    money = Money.rounded(total, currency)
    return money, total - money.amount


def payable(exact: Decimal, carried: Decimal, currency: str) -> tuple[Money, Decimal]:
    """What to pay out, cut to whole units so that no more is paid than was booked."""
    total = exact + carried
    cut = total.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_DOWN)
    return Money(cut, currency), total - cut


# What people type


def parse_rates(rows: Sequence[tuple[str, Sequence[str]]]) -> list[Rate]:
    """From (pattern, amounts per tier) as typed; blank rows are left out.

    Raises ``InvalidInput`` whose ``fields`` name the row: ``rates-0``, counted from zero.
    """
    problems: dict[str, str] = {}
    rates: list[Rate] = []
    for index, (pattern, amounts) in enumerate(rows):
        given = [amount.strip() for amount in amounts]
        if not pattern.strip() and not any(given):
            continue
        try:
            rates.append(_parse_rate(pattern.strip(), given))
        except InvalidInput as problem:
            problems[f"rates-{index}"] = problem.sentence
    patterns = [rate.pattern.upper() for rate in rates]
    if len(patterns) != len(set(patterns)):
        problems["rates"] = "A symbol stands twice; only the first would count."
    if len(rates) > RATES_MAX:
        problems["rates"] = f"At most {RATES_MAX} rows fit."
    if not rates and not problems:
        problems["rates"] = "Give at least one rate."
    if problems:
        raise InvalidInput(" ".join(problems.values()), fields=problems)
    return rates


def _parse_rate(pattern: str, given: Sequence[str]) -> Rate:
    if not PATTERN.match(pattern):
        raise InvalidInput(f"“{pattern[:64]}” is not a symbol or a pattern such as EUR* or *.")
    while given and not given[-1]:
        given = given[:-1]
    if not given:
        raise InvalidInput(f"{pattern} has no amount.")
    if len(given) > TIERS_MAX:
        raise InvalidInput(f"At most {TIERS_MAX} tiers fit.")
    if not all(given):
        raise InvalidInput(f"{pattern} leaves a tier out; write 0 where nothing is paid.")
    return Rate(pattern, tuple(_amount(text) for text in given))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f"“{text[:20]}” is not an amount.") from None
    if not amount.is_finite() or not 0 <= amount <= RATE_MAX:
        raise InvalidInput(f"An amount per lot lies between 0 and {RATE_MAX:,}.")
    if amount != amount.quantize(Decimal(1).scaleb(-RATE_PLACES)):
        raise InvalidInput(f"An amount per lot has at most {RATE_PLACES} decimal places.")
    return amount
