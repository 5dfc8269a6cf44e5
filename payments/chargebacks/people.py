"""Chargebacks that people enter and end by hand, for gateways that have no message for them, and
where a settlement or a letter knows more than a message did."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from payments import actions
from payments.chargeback_states import CHARGEBACK, ChargebackState
from payments.chargebacks import answers, debts, events
from payments.chargebacks.locks import chargeback_locked, deposit_gate
from payments.chargebacks.rules import REASONS
from payments.gateways.port import DisputeStage
from payments.models import Chargeback, Deposit
from payments.services.deposits import paid_money
from payments.sources import CREDITED

PROOF_CHARS_MIN = 10
_C = ChargebackState
SETTLE = "payments.resolve_unknown"
ENDS = {
    _C.WON: DisputeStage.WON,
    _C.LOST: DisputeStage.LOST,
    _C.INQUIRY_CLOSED: DisputeStage.INQUIRY_CLOSED,
}


def why_not_enter(deposit: Deposit) -> str:
    """Why no chargeback of it can be entered; empty when one can."""
    if deposit.state not in CREDITED:
        return f"It is {deposit.get_state_display().lower()}: its money is not in the wallet."
    return "" if deposit.gateway_id else "It came by no gateway."


@transaction.atomic
def chargeback_enter(
    *,
    actor: Actor,
    deposit: Deposit,
    money: Money,
    reason_code: str,
    note: str,
    provider_ref: str = "",
    due_at: datetime | None = None,
    fee: Money | None = None,
    is_inquiry: bool = False,
) -> Chargeback:
    """Write down what a settlement, a letter or the provider's portal says. The gateway's message,
    should it come, finds this one by its number, or by deposit and amount."""
    if not actor.can(debts.WORK):
        raise NotPermitted
    row = deposit_gate(actor, deposit)
    if problem := why_not_enter(row):
        raise StateConflict(f"{problem} Nothing was booked.")
    _check(row, money, reason_code, note, fee)
    if due_at is not None and due_at <= now():
        raise InvalidInput(fields={"due_at": "This moment has passed already."})
    name = provider_ref.strip()
    mine = Chargeback.objects.filter(tenant_id=actor.tenant_id)
    known = mine.filter(gateway=row.gateway, provider_ref=name).first() if name else None
    if known is not None:
        raise StateConflict(f"{known.reference} has this number already. Nothing was booked.")
    made = events.noted(
        actor,
        deposit=row,
        money=money,
        provider_ref=name,
        reason_code=reason_code,
        due_at=due_at,
    )
    stage = DisputeStage.INQUIRY if is_inquiry else DisputeStage.TAKEN
    events.advance(actor, made, stage, note.strip())
    if fee and not is_inquiry:
        events.fee_book(actor, made, fee)
    audit(
        actor=actor,
        action=actions.CHARGEBACK_ENTERED,
        subject=made,
        data={"amount": money, "deposit": row.reference, "reason": note.strip()[:300]},
    )
    return made


def _check(deposit: Deposit, money: Money, reason_code: str, note: str, fee: Money | None) -> None:
    if reason_code not in REASONS:
        raise InvalidInput(fields={"reason_code": "Choose the bank's reason."})
    if not note.strip():
        raise InvalidInput(fields={"note": "Say where it was seen: whose paper, which number."})
    paid = paid_money(deposit)
    if money.currency != paid.currency or (fee and fee.currency != paid.currency):
        raise InvalidInput(fields={"amount": f"The deposit was paid in {paid.currency}."})
    before = deposit.chargebacks.exclude(
        state__in=[_C.INQUIRY, _C.INQUIRY_CLOSED, _C.WON]
    ).aggregate(total=Sum("amount"))["total"]
    left = paid - Money(before, paid.currency) if before else paid
    if not 0 < money.minor <= left.minor:
        raise InvalidInput(
            fields={"amount": f"{left} of {paid} was not taken back yet: not more than that."}
        )


def why_not_settle(actor: Actor, row: Chargeback) -> str:
    """Why the actor can't say how it ended; empty when they can."""
    if row.state in CHARGEBACK.final:
        return f"It is {row.get_state_display().lower()}."
    if answers.by_hand(row) or actor.can(SETTLE):
        return ""
    return "The gateway tells how it ends; a lead may settle it with proof."


@transaction.atomic
def chargeback_settle(
    *, actor: Actor, chargeback: Chargeback, outcome: str, proof: str
) -> Chargeback:
    """Say how it ended, with proof in words, where no message does."""
    if not actor.can(debts.WORK):
        raise NotPermitted
    row = chargeback_locked(actor, chargeback.pk)
    if why := why_not_settle(actor, row):
        raise StateConflict(f"{why} Nothing was done.")
    if outcome not in ends(row):
        raise InvalidInput(fields={"outcome": "Choose how it ended."})
    if len(proof.strip()) < PROOF_CHARS_MIN:
        raise InvalidInput(
            fields={"proof": "Say what proves it: whose word, when, under which number."}
        )
    events.advance(actor, row, ENDS[ChargebackState(outcome)], proof.strip())
    audit(
        actor=actor,
        action=actions.CHARGEBACK_SETTLED,
        subject=row,
        data={"outcome": row.get_state_display().lower(), "proof": proof.strip()[:300]},
    )
    return row


def ends(row: Chargeback) -> list[str]:
    """How it may end from where it is."""
    if row.taken_at is None:
        return [str(_C.INQUIRY_CLOSED)] if row.state == _C.INQUIRY else []
    return [str(_C.WON), str(_C.LOST)]
