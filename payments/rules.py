"""Pure rules of payments: what a deposit's arrival leads to, names. No database."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from backoffice.core.money import Money
from clients.rules import folded

NAME_WORDS_SHARED_MIN = 2


def same_name(one: str, other: str) -> bool:
    """Whether two writings can be one name: titles, order, script and middle names aside."""
    first, second = set(folded(one).split()), set(folded(other).split())
    if not first or not second:
        return False
    shared = first & second
    return len(shared) >= min(NAME_WORDS_SHARED_MIN, len(first), len(second))


class Arrival(StrEnum):
    """What becomes of money that arrived."""

    CREDIT = "credit"
    REVIEW = "review"
    MISMATCH = "amount_mismatch"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class ArrivalFacts:
    asked: Money
    paid: Money
    policy: str
    threshold: Decimal | None
    client_name: str
    payer_name: str
    stopped: str  # why the client may not deposit; empty when they may
    holds: tuple[str, ...] = ()


def arrival(facts: ArrivalFacts) -> tuple[Arrival, str]:
    """What to do with a deposit that was paid, and why, in a sentence for a colleague."""
    if facts.holds:
        # Colleagues read this: why compliance holds it is theirs to know (tipping-off).
        return Arrival.HELD, "Held by compliance."
    if facts.paid.currency != facts.asked.currency:
        return Arrival.MISMATCH, f"{facts.paid} arrived; {facts.asked} was asked for."
    if facts.paid.amount != facts.asked.amount:
        return Arrival.MISMATCH, f"{facts.paid} arrived instead of {facts.asked}."
    if facts.stopped:
        return Arrival.REVIEW, f"Deposits of this client are stopped: {facts.stopped}."
    if facts.payer_name and not same_name(facts.payer_name, facts.client_name):
        return Arrival.REVIEW, f"It was paid by {facts.payer_name}, not by the client."
    if facts.policy == "manual":
        return Arrival.REVIEW, "A person decides every deposit of this method."
    if facts.policy == "under_threshold" and (
        facts.threshold is None or facts.paid.amount > facts.threshold
    ):
        least = Money.rounded(facts.threshold or Decimal(0), facts.paid.currency)
        return Arrival.REVIEW, f"It is over {least}, the amount credited without a person."
    return Arrival.CREDIT, "Credited without a person, as the method allows."


class Colour(StrEnum):
    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the grid. ``bad`` and ``held`` stop an approval; anything but ``good`` stops
    an automatic one."""

    code: str
    colour: str
    title: str
    note: str = ""
    url: str = ""

    @property
    def stops(self) -> bool:
        return self.colour in (Colour.BAD, Colour.HELD)


def worst(checks: Iterable[Check]) -> list[Check]:
    """The checks that are not green, the worst first."""
    order = {Colour.HELD: 0, Colour.BAD: 1, Colour.ATTENTION: 2}
    found = [check for check in checks if check.colour != Colour.GOOD]
    return sorted(found, key=lambda check: order[Colour(check.colour)])
