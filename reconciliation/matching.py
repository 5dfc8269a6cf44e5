"""From lines to matches and breaks, and back: each match is a row, and so is its undoing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.core.money import EXPONENTS, Money
from reconciliation import actions, books
from reconciliation.breaks import break_open, break_resolve
from reconciliation.models import (
    BankAccount,
    Break,
    Match,
    SettlementLine,
    SettlementReport,
    StatementFile,
    StatementLine,
)
from reconciliation.rules import (
    RULE_VERSION,
    Found,
    LineFacts,
    Movement,
    awaits,
    meaning,
    payout_named,
    references_of,
    said,
)
from reconciliation.settlements.models import LineKind
from reconciliation.states import BreakKind, BreakState

Line = StatementLine.State
BY_HAND = 7  # the rung of a person


@dataclass(frozen=True, slots=True)
class Because:
    """What a line stands for, and how that is known; ``label`` is read, ``rung`` says who found
    it."""

    subject_type: str
    subject_id: UUID
    label: str
    explanation: str
    rung: int = BY_HAND


def some_match(*, actor: Actor, file: StatementFile, most: int) -> int:
    """Match the next open lines of a locked file; returns how many there were. Lines of a statement
    whose numbers can't be trusted wait for a person."""
    lines = list(
        StatementLine.objects.filter(
            tenant_id=actor.tenant_id,
            statement__file=file,
            statement__trusted=True,
            account__isnull=False,
            state=Line.OPEN,
        )
        .select_related("account", "statement")
        .order_by("id")[:most]
    )
    file.matched += lines_match(actor=actor, lines=lines)
    file.save(update_fields=["matched"])
    return len(lines)


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
        account=line.account.iban if isinstance(line.account, BankAccount) else "",
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
                line_matched(actor=actor, line=line, because=_because(found))
        except DomainError as error:
            _break(actor, line, found, BreakKind.STATUS_DIFF, error.sentence)
            return False
        return True
    if found.break_kind == BreakKind.UNIDENTIFIED_RECEIPT and _gateways_payout(actor, line):
        return True
    _break(actor, line, found, found.break_kind)
    return False


def _gateways_payout(actor: Actor, line: StatementLine) -> bool:
    """Book a line that names a payout of a gateway's report, to the unit; False leaves it to
    people, as does a gateway that holds less by our books."""
    named = payout_named(facts_of(line), books.payouts_for(actor, line))
    if named is None:
        return False
    payout, name, rung = named
    try:
        with transaction.atomic():
            nothing = Money.zero(line.currency)
            movement = books.settle_gateway(actor, line, payout.gateway_id, nothing)
            where = "its reference field" if rung == 1 else "its text"
            why = (
                f"Payout {name} of {payout.gateway}: its report has this amount; named in {where}."
            )
            line_matched(actor=actor, line=line, because=_because(Found(movement, rung, why)))
    except DomainError:
        return False
    return True


def payouts_arrived(*, actor: Actor, report: SettlementReport) -> int:
    """Book the lines that stood at the bank before this report named their payout, where nobody has
    taken them up yet; how many those were."""
    payouts = SettlementLine.objects.filter(
        tenant_id=actor.tenant_id, report=report, kind=LineKind.PAYOUT
    )
    amounts = {
        Money.from_minor(-gross, currency)
        for gross, currency in payouts.values_list("gross", "currency")
        if gross < 0
    }
    standing = Break.objects.filter(
        tenant_id=actor.tenant_id,
        closed_at=None,
        state=BreakState.OPEN,
        kind=BreakKind.UNIDENTIFIED_RECEIPT,
        amount__in={money.amount for money in amounts},
        line__isnull=False,
    )
    return sum(_arrived(actor, row) for row in standing.select_related("line").order_by("id"))


@transaction.atomic
def _arrived(actor: Actor, row: Break) -> bool:
    assert row.line is not None
    line = StatementLine.objects.select_for_update(of=("self",)).select_related("account")
    locked = line.get(tenant_id=actor.tenant_id, pk=row.line.pk)
    untouched = Break.objects.select_for_update(of=("self",)).filter(
        tenant_id=actor.tenant_id, pk=row.pk, state=BreakState.OPEN, closed_at=None
    )
    if locked.state == Line.MATCHED or not untouched.exists():
        return False
    if not _gateways_payout(actor, locked):
        return False
    outcome = "The gateway's report, which came after the line, names its payout."
    break_resolve(actor=actor, row=row, outcome=outcome)
    return True


def _because(found: Found) -> Because:
    movement = found.movement
    assert movement is not None
    return Because(
        f"payments.{movement.kind}",
        movement.id,
        movement.reference,
        found.explanation,
        found.rung,
    )


@transaction.atomic
def line_matched(*, actor: Actor, line: StatementLine, because: Because) -> Match:
    """A line and what it stands for, put down; what follows for the books is the caller's."""
    match = Match.objects.create(
        tenant_id=actor.tenant_id,
        line=line,
        subject_type=because.subject_type,
        subject_id=because.subject_id,
        subject_label=because.label,
        rung=because.rung,
        rule=RULE_VERSION,
        explanation=because.explanation[:300],
        by_ref=actor.ref,
        by_name=actor.name,
    )
    line.state = Line.MATCHED
    line.save(update_fields=["state"])
    audit(
        actor=actor,
        action=actions.LINE_MATCHED,
        subject=match,
        label=because.label,
        data={"explanation": because.explanation, "line": line.pk, "rung": because.rung},
    )
    return match


@transaction.atomic
def line_unmatched(*, actor: Actor, line: StatementLine, reason: str) -> Match:
    """Undo the match of a line under its lock: a row of its own, and the old one no longer stands.
    What was booked with it is the caller's to take back."""
    match = Match.objects.get(tenant_id=actor.tenant_id, line=line, standing=True)
    match.standing = False
    match.save(update_fields=["standing"])
    line.state = Line.BROKEN
    line.save(update_fields=["state"])
    return Match.objects.create(
        tenant_id=actor.tenant_id,
        line=line,
        subject_type=match.subject_type,
        subject_id=match.subject_id,
        subject_label=match.subject_label,
        rung=BY_HAND,
        rule=RULE_VERSION,
        explanation=f"Undone: {reason}"[:300],
        by_ref=actor.ref,
        by_name=actor.name,
        undoes=match,
        standing=False,
    )


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
    """A person says what a line is about. A deposit takes what arrived; of other payments the
    amount must be the line's, and a difference is an adjustment. Money in that names a withdrawal
    is the withdrawal come back. Raises ``InvalidInput``, ``StateConflict``."""
    row = unmatched_locked(actor, line)
    reference = reference.strip().upper()
    movement = books.movements(actor, [reference]).get(reference)
    if movement is None:
        raise InvalidInput(
            f"There is no deposit or withdrawal {reference[:20]}.",
            fields={"reference": "Not found."},
        )
    if movement.kind == "withdrawal" and row.amount > 0 and row.currency in EXPONENTS:
        return _return_by_hand(actor, row, movement, reason)
    if row.account is not None and movement.account not in ("", row.account.iban):
        raise InvalidInput(f"{reference} goes through {movement.account}, not this account.")
    same = (row.amount, row.currency) == (movement.amount.amount, movement.amount.currency)
    if not same and not awaits(movement, row.amount, row.currency):
        raise InvalidInput(
            f"{reference} is {movement.amount}, the line {said(row.amount, row.currency)}. They "
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
    row = unmatched_locked(actor, line)
    movement = books.settle_gateway(actor, row, gateway, cost)
    words = f"Settlement of {movement.reference}"
    return _by_hand(actor, row, movement, f"{words}, which kept {cost}" if cost else words)


def unmatched_locked(actor: Actor, line: StatementLine) -> StatementLine:
    """The line under its lock. Raises ``InvalidInput`` when it is matched."""
    row = StatementLine.objects.select_for_update(of=("self",)).select_related("account")
    locked = row.get(tenant_id=actor.tenant_id, pk=line.pk)
    if locked.state == Line.MATCHED:
        raise InvalidInput("The line is matched already. Nothing was booked twice.")
    return locked


def _by_hand(actor: Actor, line: StatementLine, movement: Movement, outcome: str) -> Match:
    match = line_matched(
        actor=actor,
        line=line,
        because=_because(Found(movement, BY_HAND, f"By hand: {outcome}")),
    )
    standing = Break.objects.filter(tenant_id=actor.tenant_id, line=line, closed_at=None).first()
    if standing is not None:
        break_resolve(actor=actor, row=standing, outcome=outcome)
    return match
