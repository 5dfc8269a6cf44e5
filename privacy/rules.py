"""What is kept of a client and until when: pure, by a version's figures and a few dates."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import models

from backoffice.core.errors import InvalidInput

YEARS_MAX = 30
WORDS_MAX = 300


class Category(models.TextChoices):
    """Kinds of data that have a time of their own."""

    IDENTITY = "identity", "Identity, documents and what you told us"
    TRANSACTIONS = "transactions", "Payments, accounts and trades"
    COMMUNICATIONS = "communications", "Messages and notes"
    SCREENING = "screening", "Checks that the law asks of us for every client"
    AUDIT = "audit", "The record of our own work"


class Trigger(models.TextChoices):
    """From when the years are counted."""

    ENDED = "relationship_ended", "the relationship ended"
    LAST_MONEY = "last_payment", "the last payment, or the end if that is later"


class Outcome(models.TextChoices):
    DELETED = "deleted", "Deleted"
    ANONYMISED = "anonymised", "Made anonymous"
    RESTRICTED = "restricted", "Kept under lock"
    NEEDED = "needed", "Kept, still needed"


# Rows of the books stay, under a reference that leads to nobody.
ENDS_AS = {
    Category.IDENTITY: Outcome.DELETED,
    Category.TRANSACTIONS: Outcome.ANONYMISED,
    Category.COMMUNICATIONS: Outcome.DELETED,
    Category.SCREENING: Outcome.DELETED,
    Category.AUDIT: Outcome.ANONYMISED,
}
HELD_BASIS = "a legal duty obliges us to keep it unchanged for now"
GOES_ON = "the relationship has not ended"


@dataclass(frozen=True, slots=True)
class Rule:
    """``at_least`` is what the law named in ``source`` asks for, ``extendable`` by how many years
    one client's time may be made longer; both are data of whoever wrote the version."""

    years: int
    at_least: int
    trigger: str
    extendable: int
    basis: str
    source: str


Policy = Mapping[Category, Rule]


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one category. ``until`` is the first day on which it may go; None while
    that day is not known."""

    category: str
    outcome: str
    until: date | None
    basis: str

    @property
    def goes(self) -> bool:
        return self.outcome not in (Outcome.RESTRICTED, Outcome.NEEDED)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one client's relationship."""

    ended_on: date | None
    last_money_on: date | None
    held: bool = False
    longer_years: int = 0


@lru_cache(maxsize=1)
def defaults() -> dict[str, Any]:
    text = (Path(__file__).parent / "defaults.toml").read_text()
    found = tomllib.loads(text)
    return {**found, "as_of": found["as_of"].isoformat()}


def load(figures: Mapping[str, Any]) -> Policy:
    return {each: Rule(**figures[each]) for each in Category}


def dump(policy: Policy, as_of: date) -> dict[str, Any]:
    rules = {str(category): asdict(rule) for category, rule in policy.items()}
    return {"as_of": as_of.isoformat(), **rules}


def check(policy: Policy) -> None:
    """Raises ``InvalidInput`` by field. Who somebody was goes last: till then it explains the
    rest, and what else names them is found by it."""
    wrong = {}
    for category, rule in policy.items():
        for name in ("years", "extendable", "at_least"):
            if not 0 <= getattr(rule, name) <= YEARS_MAX:
                wrong[f"{category}_{name}"] = f"0 to {YEARS_MAX} years."
        if rule.trigger not in Trigger.values:
            wrong[f"{category}_trigger"] = "Choose from when the years are counted."
        for name in ("basis", "source"):
            if not getattr(rule, name).strip():
                wrong[f"{category}_{name}"] = (
                    "Say it: the client reads the basis, a regulator both."
                )
            elif len(getattr(rule, name)) > WORDS_MAX:
                wrong[f"{category}_{name}"] = f"At most {WORDS_MAX} characters fit."
    if wrong:
        raise InvalidInput(fields=wrong)


def shorter(policy: Policy) -> list[Category]:
    """Categories that would be kept for less than the law which they name asks for."""
    return [category for category, rule in policy.items() if rule.years < rule.at_least]


def years_after(day: date, years: int) -> date:
    """The same day of another year; of 29 February the day after, where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def due_on(rule: Rule, facts: Facts) -> date | None:
    """The first day on which it need not be kept; None while the relationship goes on."""
    if facts.ended_on is None:
        return None
    begin = facts.ended_on
    if rule.trigger == Trigger.LAST_MONEY and facts.last_money_on:
        begin = max(begin, facts.last_money_on)
    return years_after(begin, rule.years + min(facts.longer_years, rule.extendable))


def answers(policy: Policy, facts: Facts, today: date) -> list[Answer]:
    """What becomes of each category today. Identity waits for the last of the others."""
    found = [_answer(category, policy[category], facts, today) for category in Category]
    others = [each for each in found if each.category != Category.IDENTITY]
    waits = [each for each in others if not each.goes]
    if waits and found[0].goes:
        until = max((each.until for each in waits if each.until), default=None)
        last = next(each for each in waits if each.until == until)
        found[0] = replace(found[0], outcome=Outcome.RESTRICTED, until=until, basis=last.basis)
    return found


def _answer(category: Category, rule: Rule, facts: Facts, today: date) -> Answer:
    """A hold changes the answer only where the data would go: whoever reads theirs learns from it
    of no hold that made no difference."""
    due = due_on(rule, facts)
    if due is None:
        basis = f"{GOES_ON}; after its end {rule.basis}, for {rule.years} years"
        return Answer(category, Outcome.NEEDED, None, basis)
    if today < due:
        return Answer(category, Outcome.RESTRICTED, due, rule.basis)
    if facts.held:
        return Answer(category, Outcome.RESTRICTED, None, HELD_BASIS)
    return Answer(category, ENDS_AS[category], None, "the time for which we had to keep it is over")


def nothing_goes(found: Sequence[Answer]) -> bool:
    return not any(answer.goes for answer in found)
