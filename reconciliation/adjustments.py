"""Adjustments: one person says what a line is for the books, a second one approves; the journal,
the match and the break's end are one fact then. Nothing here books by itself."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import EXPONENTS, Money
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from ledger import chart
from ledger.chart import AccountSpec
from ledger.entries import Line
from ledger.services import account_for, journal_reverse, post
from reconciliation import actions, adjusting, books
from reconciliation.adjusting import Proposed
from reconciliation.breaks import break_locked, break_settled
from reconciliation.matching import Because, line_matched, line_unmatched, unmatched_locked
from reconciliation.models import Adjustment, BankAccount, Break, Match, StatementLine
from reconciliation.rules import Movement, said
from reconciliation.states import (
    ADJUSTMENT,
    BREAK,
    AdjustmentKind,
    AdjustmentState,
    BreakKind,
    BreakState,
)

APPROVAL = "reconciliation.adjustment"
JOURNAL = "adjustment"


def fitting(actor: Actor, row: Break) -> dict[AdjustmentKind, Proposed]:
    """What the break's line may be booked as; nothing where there is no line of a known account."""
    line = row.line
    if line is None or line.account is None or line.currency not in EXPONENTS or not line.amount:
        return {}
    payout = payout_of(actor, row)
    return adjusting.proposals(
        line.amount,
        bank_spec(line.account),
        holds_client_money=line.account.client_money,
        payout=payout.amount.amount if payout else None,
    )


def bank_spec(account: BankAccount) -> AccountSpec:
    """The ledger's account of a bank account."""
    spec = chart.bank_client if account.client_money else chart.bank_own
    return spec(account.iban)


def payout_of(actor: Actor, row: Break) -> Movement | None:
    """The payout that the break's line names and differs from, unless the books have it already."""
    if row.kind != BreakKind.AMOUNT_DIFF or not row.subject_label:
        return None
    found = books.movements(actor, [row.subject_label]).get(row.subject_label)
    if found is None or found.kind != "withdrawal" or not (found.expected or found.settled):
        return None
    return found if row.line and row.line.currency == found.amount.currency else None


@transaction.atomic
def adjustment_propose(*, actor: Actor, row: Break, kind: str, reason: str) -> Approval:
    """Say what the break's line is; someone else decides. Raises ``InvalidInput`` for what it can't
    be and ``StateConflict`` while a proposal waits."""
    locked = break_locked(actor, row)
    if locked.state == BreakState.PROPOSED:
        raise StateConflict("An adjustment of this break waits for approval already.")
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say how you know.", fields={"reason": "Say how you know."})
    proposed = {str(each): found for each, found in fitting(actor, locked).items()}.get(kind)
    if proposed is None or locked.line is None:
        raise InvalidInput("The line can't be this.", fields={"kind": "Choose one."})
    unmatched_locked(actor, locked.line)
    adjustment = Adjustment.objects.create(
        tenant_id=actor.tenant_id,
        of_break=locked,
        kind=kind,
        debit=proposed.debit.code,
        credit=proposed.credit.code,
        amount=proposed.amount,
        currency=locked.line.currency,
        reason=reason[:300],
        proposed_by_ref=actor.ref,
        proposed_by=actor.name,
    )
    moves.begin(adjustment, ADJUSTMENT, actor=actor)
    moves.move(locked, BREAK, BreakState.PROPOSED, actor=actor, reason=reason[:300])
    audit(
        actor=actor,
        action=actions.ADJUSTMENT_PROPOSED,
        subject=locked,
        label=locked.reference,
        data=_facts(adjustment),
    )
    return approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=adjustment,
        label=f"{locked.reference}: {adjustment}",
        content=adjustment_content(adjustment),
        amount=_money(adjustment),
    )


def _money(adjustment: Adjustment) -> Money:
    return Money(adjustment.amount, adjustment.currency)


def _facts(adjustment: Adjustment) -> dict[str, Any]:
    return {"amount": _money(adjustment), "what": str(adjustment), "reason": adjustment.reason}


def adjustment_content(adjustment: Adjustment) -> Mapping[str, Any]:
    """What is approved, whole."""
    row = adjustment.of_break
    line = row.line
    assert line is not None
    return {
        "break": row.reference,
        "line": f"{line.value_date:%-d %b %Y}: {said(line.amount, line.currency)}",
        "counterparty": line.counterparty_name,
        "text": line.text,
        "what_it_is": str(adjustment),
        "debit": chart.words(adjustment.debit),
        "credit": chart.words(adjustment.credit),
        "amount": str(_money(adjustment)),
        "because": adjustment.reason,
    }


@transaction.atomic
def adjustment_book(*, actor: Actor, adjustment: Adjustment) -> Match:
    """After approval: the journal, the match and the end of the break, once."""
    row = break_locked(actor, adjustment.of_break)
    assert row.line is not None
    line = unmatched_locked(actor, row.line)
    proposed = fitting(actor, row).get(AdjustmentKind(adjustment.kind))
    if proposed is None or (proposed.debit.code, proposed.credit.code, proposed.amount) != (
        adjustment.debit,
        adjustment.credit,
        adjustment.amount,
    ):
        raise StateConflict("The line or its payment has changed. Refuse it and look again.")
    payout = payout_of(actor, row)
    if adjustment.kind == AdjustmentKind.CHARGE_ON_PAYOUT:
        assert payout is not None
        books.settle(actor, payout, line, abs(payout.amount))
    adjustment.journal_id = _post(actor, adjustment, proposed)
    decide(actor, adjustment, AdjustmentState.BOOKED)
    outcome = f"{adjustment}: {adjustment.reason}"
    match = line_matched(actor=actor, line=line, because=because(row, payout, outcome))
    row.journal_id = adjustment.journal_id
    break_settled(actor=actor, row=row, outcome=outcome, update_fields=["journal_id"])
    audit(
        actor=actor,
        action=actions.ADJUSTMENT_BOOKED,
        subject=row,
        label=row.reference,
        data={**_facts(adjustment), "journal": adjustment.journal_id},
    )
    return match


def _post(actor: Actor, adjustment: Adjustment, proposed: Proposed) -> Any:
    machine = system_actor(actor.tenant_id, "reconciliation")
    debit, credit = (
        account_for(actor=machine, spec=spec, currency=adjustment.currency)
        for spec in (proposed.debit, proposed.credit)
    )
    return post(
        actor=machine,
        key=f"adjustment:{adjustment.pk}",
        kind=JOURNAL,
        lines=[Line(debit, credit, _money(adjustment))],
        business_ref=adjustment.of_break.reference,
        effective_at=books.valued_at(line) if (line := adjustment.of_break.line) else None,
        into_open_day=True,
        approved_by=actor.ref,
        meta={"proposed_by": adjustment.proposed_by_ref, "adjustment": str(adjustment.pk)},
    ).journal_id


def because(row: Break, payout: Movement | None, outcome: str) -> Because:
    """What a line of a break stands for now: its payout, or what was booked for the break."""
    if payout is not None:
        return Because(f"payments.{payout.kind}", payout.id, payout.reference, outcome)
    return Because(books.BREAK, row.pk, row.reference, outcome)


def decide(actor: Actor, adjustment: Adjustment, state: AdjustmentState, reason: str = "") -> None:
    adjustment.decided_at, adjustment.decided_by = now(), actor.name
    moves.move(
        adjustment,
        ADJUSTMENT,
        state,
        actor=actor,
        reason=reason[:300],
        update_fields=["decided_at", "decided_by", "journal_id"],
    )


@transaction.atomic
def adjustment_refuse(*, actor: Actor, adjustment: Adjustment, reason: str) -> None:
    """Refused: the break is being looked into again."""
    row = break_locked(actor, adjustment.of_break)
    decide(actor, adjustment, AdjustmentState.REFUSED, reason)
    moves.move(row, BREAK, BreakState.INVESTIGATING, actor=actor, reason=reason[:300])
    audit(
        actor=actor,
        action=actions.ADJUSTMENT_REFUSED,
        subject=row,
        label=row.reference,
        data={"reason": reason},
    )


@transaction.atomic
def receipt_identify(*, actor: Actor, row: Break, reference: str, reason: str) -> Match:
    """It is known now whose unallocated money it was: take the adjustment back and give the line to
    the deposit that waits for it. Raises ``InvalidInput``; ``InsufficientFunds`` when the money
    was sent back meanwhile."""
    adjustment, line = _booked(actor, row)
    reference, reason = reference.strip().upper(), reason.strip()
    if not reason:
        raise InvalidInput("Say how you know.", fields={"reason": "Say how you know."})
    movement = books.movements(actor, [reference]).get(reference)
    if movement is None or movement.kind != "deposit" or not movement.expected:
        raise InvalidInput(
            f"There is no deposit {reference[:20]} that waits for money by bank.",
            fields={"reference": "Create a deposit by bank transfer for the client first."},
        )
    assert adjustment.journal_id is not None
    journal_reverse(
        actor=actor,
        key=f"adjustment:{adjustment.pk}:back",
        journal_id=adjustment.journal_id,
        kind=f"{JOURNAL}_back",
        reason=reason[:300],
    )
    moves.move(adjustment, ADJUSTMENT, AdjustmentState.TAKEN_BACK, actor=actor, reason=reason[:300])
    line_unmatched(actor=actor, line=line, reason=reason)
    audit(
        actor=actor,
        action=actions.ADJUSTMENT_TAKEN_BACK,
        subject=row,
        label=row.reference,
        data={"reason": f"it is {reference}: {reason}"},
    )
    books.settle(actor, movement, line)
    found = Because(
        f"payments.{movement.kind}",
        movement.id,
        movement.reference,
        f"Found to be {movement.reference}: {reason}",
    )
    return line_matched(actor=actor, line=line, because=found)


def _booked(actor: Actor, row: Break) -> tuple[Adjustment, StatementLine]:
    """The unallocated money of a break under its lock, with its line."""
    adjustment = (
        Adjustment.objects.select_for_update(of=("self",))
        .filter(
            tenant_id=actor.tenant_id,
            of_break=row,
            kind=AdjustmentKind.UNALLOCATED,
            state=AdjustmentState.BOOKED,
        )
        .first()
    )
    if adjustment is None or row.line is None:
        raise InvalidInput("There is no unallocated money of this break any more.")
    rows = StatementLine.objects.select_for_update(of=("self",)).select_related("account")
    return adjustment, rows.get(tenant_id=actor.tenant_id, pk=row.line.pk)
