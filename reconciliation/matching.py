"""From lines to matches and breaks, and back: each match is a row, and so is its undoing."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import EXPONENTS, Money
from reconciliation import actions, books
from reconciliation.breaks import break_open, break_resolve
from reconciliation.models import Break, Match, StatementFile, StatementLine
from reconciliation.rules import (
    RULE_VERSION,
    Found,
    LineFacts,
    Movement,
    meaning,
    references_of,
)
from reconciliation.states import BreakKind

Line = StatementLine.State
LINES_MAX = 50_000


def file_match(*, actor: Actor, file: StatementFile) -> int:
    """Match the open lines of a file; returns how many matched. Lines of a statement whose
    numbers can't be trusted wait for a person."""
    lines = list(
        StatementLine.objects.filter(
            tenant_id=actor.tenant_id,
            statement__file=file,
            statement__trusted=True,
            account__isnull=False,
            state=Line.OPEN,
        )
        .select_related("account", "statement")
        .order_by("id")[:LINES_MAX]
    )
    matched = lines_match(actor=actor, lines=lines)
    file.matched += matched
    file.save(update_fields=["matched"])
    return matched


def lines_match(*, actor: Actor, lines: Sequence[StatementLine]) -> int:
    """Match lines by the exact rungs; what does not fit becomes a break."""
    facts = {line.pk: facts_of(line) for line in lines}
    wanted = {ref for fact in facts.values() for ref, _ in references_of(fact)}
    movements = books.movements(actor, sorted(wanted))
    matched = 0
    for line in lines:
        found = meaning(facts[line.pk], movements)
        matched += _carry_out(actor, line, found)
        if found.movement is not None and not found.break_kind:
            # The same payment on a second line of this file is not there to be matched twice.
            fresh = books.movements(actor, [found.movement.reference])
            movements = {**movements, **fresh}
    return matched


def facts_of(line: StatementLine) -> LineFacts:
    references = [
        text
        for value in line.references.values()
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str)
    ]
    return LineFacts(
        amount=line.amount,
        currency=line.currency,
        end_to_end=line.end_to_end,
        references=references,
        text=line.text,
        is_return=bool(line.return_reason),
    )


def _carry_out(actor: Actor, line: StatementLine, found: Found) -> bool:
    movement = found.movement
    if movement is not None and not found.break_kind:
        if not found.comes_back and books.matched_line(actor, movement) is not None:
            _break(actor, line, found, BreakKind.DUPLICATE_STATEMENT)
            return False
        try:
            with transaction.atomic():
                if found.comes_back:
                    books.take_back(actor, movement, line)
                else:
                    books.settle(actor, movement, line)
                _match(actor, line, found)
        except DomainError as error:
            _break(actor, line, found, BreakKind.STATUS_DIFF, error.sentence)
            return False
        return True
    _break(actor, line, found, found.break_kind)
    return False


def _match(actor: Actor, line: StatementLine, found: Found) -> Match:
    assert found.movement is not None
    match = Match.objects.create(
        tenant_id=actor.tenant_id,
        line=line,
        subject_type=f"payments.{found.movement.kind}",
        subject_id=found.movement.id,
        subject_label=found.movement.reference,
        rung=found.rung,
        rule=RULE_VERSION,
        explanation=found.explanation[:300],
        by_ref=actor.ref,
        by_name=actor.name,
    )
    line.state = Line.MATCHED
    line.save(update_fields=["state"])
    audit(
        actor=actor,
        action=actions.LINE_MATCHED,
        subject=match,
        label=found.movement.reference,
        data={"explanation": found.explanation, "line": line.pk, "rung": found.rung},
    )
    return match


def _break(
    actor: Actor, line: StatementLine, found: Found, kind: str, explanation: str = ""
) -> Break:
    movement = found.movement
    line.state = Line.BROKEN
    line.save(update_fields=["state"])
    return break_open(
        actor=actor,
        kind=kind,
        amount=line.amount,
        currency=line.currency,
        explanation=explanation or found.explanation,
        line=line,
        subject_type=f"payments.{movement.kind}" if movement else "",
        subject_id=movement.id if movement else None,
        subject_label=movement.reference if movement else "",
    )


@transaction.atomic
def line_match_by_hand(*, actor: Actor, line: StatementLine, reference: str, reason: str) -> Match:
    """A person says what a line is about. The amount must be the payment's; a difference is an
    adjustment, which needs a second person. Money in that names a withdrawal is the withdrawal come
    back. Raises ``InvalidInput``, ``StateConflict``."""
    row = _unmatched(actor, line)
    reference = reference.strip().upper()
    movement = books.movements(actor, [reference]).get(reference)
    if movement is None:
        raise InvalidInput(
            f"There is no deposit or withdrawal {reference[:20]}.",
            fields={"reference": "Not found."},
        )
    if movement.kind == "withdrawal" and row.amount > 0 and row.currency in EXPONENTS:
        return _return_by_hand(actor, row, movement, reason)
    if row.currency not in EXPONENTS or (row.amount, row.currency) != (
        movement.amount.amount,
        movement.amount.currency,
    ):
        raise InvalidInput(
            f"{reference} is {movement.amount}, the line {row.amount:,f} {row.currency}. They "
            "have to be the same."
        )
    _need(reason)
    books.settle(actor, movement, row)
    return _by_hand(actor, row, movement, f"Matched to {reference}: {reason.strip()}")


def _return_by_hand(actor: Actor, row: StatementLine, movement: Movement, reason: str) -> Match:
    """The bank may have kept a charge, so less than was paid may come back; never more."""
    _need(reason)
    if movement.returned:
        raise InvalidInput(f"{movement.reference} came back before. This is other money.")
    books.take_back(actor, movement, row)
    return _by_hand(actor, row, movement, f"{movement.reference} came back: {reason.strip()}")


def _need(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("Say how you know.", fields={"reason": "Say how you know."})


@transaction.atomic
def line_settle_gateway(*, actor: Actor, line: StatementLine, gateway: UUID, cost: Money) -> Match:
    """A person says that a line is what a gateway had collected, paid out to us after ``cost``.
    Raises ``InvalidInput``."""
    row = _unmatched(actor, line)
    movement = books.settle_gateway(actor, row, gateway, cost)
    words = f"Settlement of {movement.reference}"
    return _by_hand(actor, row, movement, f"{words}, which kept {cost}" if cost else words)


def _unmatched(actor: Actor, line: StatementLine) -> StatementLine:
    row = StatementLine.objects.select_for_update(of=("self",)).select_related("account")
    locked = row.get(tenant_id=actor.tenant_id, pk=line.pk)
    if locked.state == Line.MATCHED:
        raise InvalidInput("The line is matched already. Nothing was booked twice.")
    return locked


def _by_hand(actor: Actor, line: StatementLine, movement: Movement, outcome: str) -> Match:
    match = _match(actor, line, Found(movement, 7, f"By hand: {outcome}"))
    standing = Break.objects.filter(tenant_id=actor.tenant_id, line=line, closed_at=None).first()
    if standing is not None:
        break_resolve(actor=actor, row=standing, outcome=outcome)
    return match
