"""Which payment a statement line is about: pure, and the same for every format.

Rungs are those of the ladder in docs/money.md; rung 1 and 3 match by themselves, rung 2 only says
that a person has to look.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from backoffice.core.money import Money

# What next_reference() gives deposits and withdrawals; banks fold case and drop or add spaces.
OUR_REFERENCE = re.compile(r"\b(WP|[DW])[-\s]?(\d{4})[-\s]?(\d{6,})\b", re.IGNORECASE)
RULE_VERSION = "exact-1"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What matching reads of a line. ``amount`` is signed: what it adds to the account."""

    amount: Decimal
    currency: str
    end_to_end: str
    references: Sequence[str]
    text: str
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class Movement:
    """A deposit or withdrawal that may be on a bank statement.

    ``amount`` is signed like a line's: deposits add, withdrawals take. ``expected`` says that the
    bank is expected to book it now; ``settled`` that it is booked in our ledger already;
    ``returned`` that it came back since, which is booked as well.
    """

    kind: str
    id: UUID
    reference: str
    amount: Money
    expected: bool
    settled: bool
    state: str
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A line's meaning. ``break_kind`` is empty when the line may be booked and matched.

    ``comes_back``: the line gives back what the movement had taken.
    """

    movement: Movement | None
    rung: int
    explanation: str
    break_kind: str = ""
    comes_back: bool = False


def references_of(line: LineFacts) -> list[tuple[str, int]]:
    """(our reference, rung) as the line gives them: own fields first, free text after."""
    found: dict[str, int] = {}
    for field in (line.end_to_end, *line.references):
        for reference in _references(field):
            found.setdefault(reference, 1)
    for reference in _references(line.text):
        found.setdefault(reference, 3)
    return list(found.items())


def _references(text: str) -> list[str]:
    return [f"{kind.upper()}-{year}-{number}" for kind, year, number in OUR_REFERENCE.findall(text)]


def meaning(line: LineFacts, movements: Mapping[str, Movement]) -> Found:
    """What ``line`` is about, given the movements that its references name."""
    named = [
        (movements[reference], rung)
        for reference, rung in references_of(line)
        if reference in movements
    ]
    if not named:
        return _unknown(line)
    if len({movement.id for movement, _ in named}) > 1:
        listed = ", ".join(movement.reference for movement, _ in named)
        return Found(None, 4, f"The line names {listed}.", "ambiguous")
    movement, rung = named[0]
    return _compare(line, movement, rung)


def _unknown(line: LineFacts) -> Found:
    if line.amount > 0:
        return Found(None, 0, "No payment of ours is named on the line.", "unidentified_receipt")
    return Found(
        None, 0, "Money left the account and the books do not say why.", "missing_in_ledger"
    )


def _compare(line: LineFacts, movement: Movement, rung: int) -> Found:
    where = "in its reference field" if rung == 1 else "in its text"
    if movement.kind == "withdrawal" and line.amount > 0:
        return _came_back(line, movement, rung)
    if line.currency != movement.amount.currency:
        why = f"{movement.reference} is in {movement.amount.currency}, the line in {line.currency}."
        return Found(movement, rung, why, "currency_diff")
    if line.amount != movement.amount.amount:
        why = (
            f"{movement.reference} is {movement.amount.amount:,f}, "
            f"the line {line.amount:,f} {line.currency}."
        )
        return Found(movement, 2, why, "amount_diff")
    if movement.settled or movement.expected:
        return Found(movement, rung, f"Same amount, {movement.reference} {where}.")
    why = f"{movement.reference} is {movement.state}, yet the bank has booked it."
    return Found(movement, rung, why, "status_diff")


def _came_back(line: LineFacts, movement: Movement, rung: int) -> Found:
    """Booked by itself when the bank calls it a return and all of it is there; else a person
    looks: it may be other money that quotes the withdrawal."""
    why = f"{movement.reference} came back: {line.amount:,f} {line.currency}."
    if movement.returned:
        why = f"{movement.reference} came back before: {line.amount:,f} {line.currency} more."
        return Found(movement, rung, why, "duplicate_statement")
    whole = (line.amount, line.currency) == (-movement.amount.amount, movement.amount.currency)
    if line.is_return and movement.settled and whole:
        return Found(movement, rung, why, comes_back=True)
    return Found(movement, rung, why, "returned_payment")
