"""Which withdrawals need no person: ordered rules over facts. Pure; no database.

The first rule whose scope covers the withdrawal decides it, and no other is asked. What a rule
does not measure itself has to be green: no rule passes over a red check or a hold.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.rules import Check, Colour

RULES_MAX = 6
COUNT_MAX = 10_000
# Checks of the grid that a rule measures in its own terms: amber, they do not stop it.
MEASURED = frozenset({"kyc", "used"})
BANDS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who it covers, and what has to hold. Amounts are in the tenant's base currency, the client's
    and the brokerage's sums are of what was approved automatically in 24 hours, this one included.
    None: not asked."""

    name: str
    amount_max: Decimal
    methods: tuple[str, ...] = ()  # codes; empty: any
    categories: tuple[str, ...] = ()  # of clients; empty: any
    risk_bands: tuple[str, ...] = ("low",)
    level_min: int = 1
    account_days_min: int = 0
    destination_days_min: int = 0
    paid_before_min: int = 1
    net_min: Decimal | None = None
    client_count_max: int | None = 3
    client_sum_max: Decimal | None = None
    tenant_count_max: int | None = None
    tenant_sum_max: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a withdrawal when it is decided. Amounts in base currency; None where a
    rate is missing. ``net``: what the client paid in less what they took out, this one included.
    ``counts`` and sums: approved automatically in the 24 hours before."""

    base: str
    amount: Decimal | None
    method: str
    category: str
    risk_band: str
    level: int
    account_days: int
    destination_days: int
    paid_before: int
    net: Decimal | None
    client_count: int
    client_sum: Decimal
    tenant_count: int
    tenant_sum: Decimal
    approver: str  # who decides by its band, where that is more than one who approves withdrawals
    checks: tuple[tuple[str, str, str], ...]  # code, colour and words of what is not green


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of a verdict: what was asked, and what is so."""

    title: str
    fact: str
    limit: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """``rule``: the name of the one that decided; empty when none covers the withdrawal."""

    approves: bool
    rule: str
    why: str
    conditions: tuple[Condition, ...]


def open_checks(found: Sequence[Check]) -> tuple[tuple[str, str, str], ...]:
    """What is not green, as facts keep it."""
    return tuple(
        (
            check.code,
            str(check.colour),
            f"{check.title}: {check.note}" if check.note else check.title,
        )
        for check in found
        if check.colour != Colour.GOOD
    )


def covers(rule: Rule, facts: Facts) -> bool:
    return (not rule.methods or facts.method in rule.methods) and (
        not rule.categories or facts.category in rule.categories
    )


def evaluate(rules: Sequence[Rule], facts: Facts) -> Verdict:
    """What the first rule that covers it says, and why, in a sentence for a colleague."""
    rule = next((each for each in rules if covers(each, facts)), None)
    lines = [*_checks(facts), *_always(facts)]
    if rule is not None:
        lines += _asked(rule, facts)
    failed = next((line for line in lines if not line.holds), None)
    name = rule.name if rule else ""
    if failed is not None:
        return Verdict(False, name, _why(failed), tuple(lines))
    if rule is None:
        return Verdict(False, "", "no rule covers it", tuple(lines))
    return Verdict(True, name, f"every condition of “{name}” holds", tuple(lines))


def _why(line: Condition) -> str:
    if not line.limit:
        return lower(line.fact)
    return f"{lower(line.title)}: {line.fact}, {line.limit}"


def lower(text: str) -> str:
    """As it stands inside a sentence."""
    return text if text[:3].isupper() else text[:1].lower() + text[1:]


def _checks(facts: Facts) -> Iterator[Condition]:
    """Held and red first, as the grid sorts them."""
    order = [str(Colour.HELD), str(Colour.BAD), str(Colour.ATTENTION)]
    stops = [
        line for line in facts.checks if line[0] not in MEASURED or line[1] != str(Colour.ATTENTION)
    ]
    if not stops:
        yield Condition("Checks", "green", "green", holds=True)
    for _, _, words in sorted(stops, key=lambda line: order.index(line[1])):
        yield Condition("Check", words, "", holds=False)


def _always(facts: Facts) -> Iterator[Condition]:
    if facts.amount is None:
        yield Condition("Rate", "There is no rate for its currency", "", holds=False)
    if facts.approver:
        yield Condition("Band", f"Its band asks for {facts.approver}", "", holds=False)


def _asked(rule: Rule, facts: Facts) -> Iterator[Condition]:
    amount = facts.amount or Decimal(0)

    def money(value: Decimal | None) -> str:
        return "unknown" if value is None else str(Money.rounded(value, facts.base))

    def most(title: str, value: Decimal, limit: Decimal | None) -> Iterator[Condition]:
        if limit is not None:
            yield Condition(title, money(value), f"at most {money(limit)}", value <= limit)

    def count(title: str, value: int, limit: int | None) -> Iterator[Condition]:
        if limit is not None:
            yield Condition(title, f"{value:,}", f"at most {limit:,}", value <= limit)

    def least(title: str, value: int, limit: int) -> Iterator[Condition]:
        if limit:
            yield Condition(title, f"{value:,}", f"at least {limit:,}", value >= limit)

    yield from most("Amount", amount, rule.amount_max)
    yield from least("KYC level", facts.level, rule.level_min)
    bands = " or ".join(rule.risk_bands)
    yield Condition("Risk", facts.risk_band, bands, facts.risk_band in rule.risk_bands)
    yield from least("Days since the client came", facts.account_days, rule.account_days_min)
    yield from least(
        "Days since the destination was added", facts.destination_days, rule.destination_days_min
    )
    yield from least("Payments to it before", facts.paid_before, rule.paid_before_min)
    if rule.net_min is not None:
        holds = facts.net is not None and facts.net >= rule.net_min
        limit = f"at least {money(rule.net_min)}"
        yield Condition("Paid in less taken out, with this", money(facts.net), limit, holds)
    yield from count(
        "Client's automatic ones in 24 hours", facts.client_count + 1, rule.client_count_max
    )
    yield from most("Client's sum of these", facts.client_sum + amount, rule.client_sum_max)
    yield from count(
        "All automatic ones in 24 hours", facts.tenant_count + 1, rule.tenant_count_max
    )
    yield from most("Sum of all these", facts.tenant_sum + amount, rule.tenant_sum_max)


# As they are kept


def dump(value: Rule | Facts) -> dict[str, Any]:
    """For a JSON column: decimals as plain strings."""
    return {
        name: format(each, "f") if isinstance(each, Decimal) else each
        for name, each in asdict(value).items()
    }


_DECIMALS = {field.name for field in fields(Rule) if "Decimal" in str(field.type)}
_TUPLES = {field.name for field in fields(Rule) if "tuple" in str(field.type)}


def load(kept: Mapping[str, Any]) -> Rule:
    values = dict(kept)
    for name in _DECIMALS:
        if values.get(name) is not None:
            values[name] = Decimal(values[name])
    for name in _TUPLES:
        values[name] = tuple(values.get(name, ()))
    return Rule(**values)


def check(rules: Sequence[Rule]) -> None:
    """Raises ``InvalidInput`` for rules that can't be meant."""
    if not rules:
        raise InvalidInput("A version has at least one rule.")
    if len(rules) > RULES_MAX:
        raise InvalidInput(f"A version has at most {RULES_MAX} rules.")
    names = [rule.name.strip().casefold() for rule in rules]
    if len(set(names)) != len(names) or not all(names):
        raise InvalidInput("Each rule has a name of its own.")
    for rule in rules:
        _check_one(rule)
    for number, rule in enumerate(rules):
        wider = next((one for one in rules[:number] if _hides(one, rule)), None)
        if wider is not None:
            raise InvalidInput(
                f"“{rule.name}” would never be asked: “{wider.name}” before it covers all of it."
            )


def _hides(first: Rule, later: Rule) -> bool:
    return all(
        not wide or (narrow and set(narrow) <= set(wide))
        for wide, narrow in (
            (first.methods, later.methods),
            (first.categories, later.categories),
        )
    )


def _check_one(rule: Rule) -> None:
    def wrong(sentence: str) -> InvalidInput:
        return InvalidInput(f"“{rule.name}”: {sentence}")

    amounts = [rule.amount_max, rule.client_sum_max, rule.tenant_sum_max]
    if any(each is not None and not (each.is_finite() and each > 0) for each in amounts):
        raise wrong("an amount is above zero.")
    if rule.net_min is not None and not rule.net_min.is_finite():
        raise wrong("an amount is a number.")
    counts = [rule.client_count_max, rule.tenant_count_max]
    if any(each is not None and not 1 <= each <= COUNT_MAX for each in counts):
        raise wrong(f"a number of payments is between 1 and {COUNT_MAX:,}.")
    least = (rule.level_min, rule.account_days_min, rule.destination_days_min, rule.paid_before_min)
    if any(not 0 <= each <= COUNT_MAX for each in least):
        raise wrong(f"a number of days or payments is between 0 and {COUNT_MAX:,}.")
    if not rule.risk_bands or not set(rule.risk_bands) <= set(BANDS):
        raise wrong("choose the risks that it covers; who is prohibited is never covered.")


def in_words(rule: Rule, base: str) -> list[tuple[str, str]]:
    """Name and limit of each thing that the rule asks, in the order in which it is asked."""
    nothing = Facts(
        base=base, amount=Decimal(0), method="", category="", risk_band="", level=0,
        account_days=0, destination_days=0, paid_before=0, net=None, client_count=0,
        client_sum=Decimal(0), tenant_count=0, tenant_sum=Decimal(0), approver="", checks=(),
    )  # fmt: skip
    return [(line.title, line.limit) for line in _asked(rule, nothing)]
