"""Which payment a statement line is about: pure, and the same for every format.

Rungs are those of the ladder in docs/money.md: 1 and 3 match by themselves, and so does 2 for what
arrives, since payments put an amount that nobody asked for before a person. Of what left the
account rung 2 says only that a person has to look. A payout of a gateway is booked where the line
names it, by the name and with the amount of the gateway's own report.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from backoffice.core.money import EXPONENTS, Money
from payments.gateways.references import our_references

RULE_VERSION = "exact-3"
PAYOUT_NAME_CHARS_MIN = 6  # a shorter name is in many a text by accident


@dataclass(frozen=True, slots=True)
class LineFacts:
    """What matching reads of a line. ``amount`` is signed: what it adds to the account."""

    amount: Decimal
    currency: str
    end_to_end: str
    references: Sequence[str]
    text: str
    is_return: bool = False
    account: str = ""  # the IBAN that the line stands on


@dataclass(frozen=True, slots=True)
class Movement:
    """A deposit or withdrawal that may be on a bank statement.

    ``amount`` is signed like a line's: deposits add, withdrawals take. ``expected`` says that the
    bank is expected to book it now; ``settled`` that it is booked in our ledger already;
    ``returned`` that it came back since, which is booked as well; ``account`` is the IBAN that it
    goes through.
    """

    kind: str
    id: UUID
    reference: str
    amount: Money
    expected: bool
    settled: bool
    state: str
    returned: bool = False
    account: str = ""


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout of a gateway, as its report says it, of just a line's amount. ``names``: the
    gateway's own of it."""

    id: UUID
    gateway_id: UUID
    gateway: str
    names: Sequence[str]


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
        for reference in our_references(field):
            found.setdefault(reference, 1)
    for reference in our_references(line.text):
        found.setdefault(reference, 3)
    return list(found.items())


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


def payout_named(line: LineFacts, payouts: Sequence[Payout]) -> tuple[Payout, str, int] | None:
    """The one payout that the line names word for word, by which name, and the rung: 1 for a field
    of its own, 3 for the text. None where the line names none of them, or more than one."""
    fields = {field.strip().casefold() for field in (line.end_to_end, *line.references)}
    found = []
    for payout in payouts:
        for name in payout.names:
            word = name.strip().casefold()
            if len(word) < PAYOUT_NAME_CHARS_MIN:
                continue
            if word in fields:
                found.append((payout, name, 1))
                break
            if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", line.text.casefold()):
                found.append((payout, name, 3))
                break
    return found[0] if len(found) == 1 else None


def _unknown(line: LineFacts) -> Found:
    if line.amount > 0:
        return Found(None, 0, "No payment of ours is named on the line.", "unidentified_receipt")
    return Found(
        None, 0, "Money left the account and the books do not say why.", "missing_in_ledger"
    )


def _compare(line: LineFacts, movement: Movement, rung: int) -> Found:
    where = "in its reference field" if rung == 1 else "in its text"
    if line.account and movement.account and line.account != movement.account:
        why = f"{movement.reference} goes through {movement.account}, the line is on another one."
        return Found(movement, rung, why, "account_diff")
    if movement.kind == "withdrawal" and line.amount > 0:
        return _came_back(line, movement, rung)
    if awaits(movement, line.amount, line.currency):
        return _arrived(line, movement, rung)
    if line.currency != movement.amount.currency:
        why = f"{movement.reference} is in {movement.amount.currency}, the line in {line.currency}."
        return Found(movement, rung, why, "currency_diff")
    if line.amount != movement.amount.amount:
        on_line = said(line.amount, line.currency)
        why = f"{movement.reference} is {movement.amount}, the line {on_line}."
        return Found(movement, 2, why, "amount_diff")
    if movement.settled or movement.expected:
        return Found(movement, rung, f"Same amount, {movement.reference} {where}.")
    why = f"{movement.reference} is {movement.state}, yet the bank has booked it."
    return Found(movement, rung, why, "status_diff")


def said(amount: Decimal, currency: str) -> str:
    """A line's amount as people write it: without the zeros that it is stored with."""
    if currency in EXPONENTS and amount == round(amount, EXPONENTS[currency]):
        return str(Money.rounded(amount, currency))
    return f"{amount.normalize():,f} {currency}"


def awaits(movement: Movement, amount: Decimal, currency: str) -> bool:
    """Whether money that came in can be this deposit, however much of it arrived."""
    waits = movement.kind == "deposit" and movement.expected
    return waits and amount > 0 and currency in EXPONENTS


def _arrived(line: LineFacts, movement: Movement, rung: int) -> Found:
    """What arrived is what counts, never what was asked for: banks on the way take charges, and
    convert. Payments put other money than was asked for before a person."""
    asked = movement.amount
    if (line.amount, line.currency) == (asked.amount, asked.currency):
        where = "in its reference field" if rung == 1 else "in its text"
        return Found(movement, rung, f"Same amount, {movement.reference} {where}.")
    why = f"{said(line.amount, line.currency)} arrived for {movement.reference} of {asked}."
    return Found(movement, 2, why)


def _came_back(line: LineFacts, movement: Movement, rung: int) -> Found:
    """Booked by itself when the bank calls it a return and all of it is there; else a person
    looks: it may be other money that quotes the withdrawal."""
    why = f"{movement.reference} came back: {said(line.amount, line.currency)}."
    if movement.returned:
        why = f"{movement.reference} came back before: {said(line.amount, line.currency)} more."
        return Found(movement, rung, why, "duplicate_statement")
    whole = (line.amount, line.currency) == (-movement.amount.amount, movement.amount.currency)
    if line.is_return and movement.settled and whole:
        return Found(movement, rung, why, comes_back=True)
    return Found(movement, rung, why, "returned_payment")
