"""What clients owe since chargebacks: repaid by their next money, or written off by two people.

Each chargeback says how much of it is missing; together that is the client's receivable.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id, system_actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.workflow import outbox, queues
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from ledger.errors import InsufficientFunds
from payments import actions
from payments.chargeback_states import CHARGEBACK, ChargebackState
from payments.chargebacks import books
from payments.chargebacks.locks import chargeback_locked, client_gate
from payments.models import Chargeback

QUEUE = "chargebacks"
REPAY = "payments.receivable_repay"
WRITE_OFF = "payments.write_off"
WORK = "payments.work_chargeback"


def owing(client_id: UUID) -> QuerySet[Chargeback]:
    """Chargebacks of a client of which something is missing, the oldest first."""
    return Chargeback.objects.filter(
        tenant_id=current_tenant_id(),
        client_id=client_id,
        owed_amount__gt=F("repaid_amount") + F("written_off_amount"),
    ).order_by("id")


def repay_soon(client_id: UUID) -> None:
    """Money came free in a client's wallet: if they owe some, it is taken in a moment."""
    if owing(client_id).exists():
        outbox.put(REPAY, subject_id=client_id)


@transaction.atomic
def receivable_repay(*, actor: Actor, client_id: UUID) -> list[Money]:
    """Take what is in the wallets for what is owed, the oldest chargeback first."""
    client_gate(actor, client_id)
    found = []
    for row in owing(client_id).select_for_update(of=("self",)).select_related("deposit"):
        if money := _repaid(actor, row):
            found.append(money)
    return found


def _repaid(actor: Actor, row: Chargeback) -> Money | None:
    missing = books.owed(row)
    there = books.available(actor, row.client_id, row.currency)
    for _ in range(books.TRIES_MAX):
        money = min(there, missing)
        if money.minor <= 0:
            return None
        try:
            books.repaid(actor=actor, row=row, money=money)
        except InsufficientFunds as error:
            there = error.available
            continue
        row.repaid_amount += money.amount
        row.save(update_fields=["repaid_amount"])
        audit(actor=actor, action=actions.CHARGEBACK_REPAID, subject=row, data={"amount": money})
        settle_item(actor, row)
        return money
    return None


def settle_item(actor: Actor, row: Chargeback) -> None:
    """One that is over waits for people as long as something of it is missing."""
    if row.state not in CHARGEBACK.final:
        return
    if books.owed(row):
        queues.item_open(actor=actor, queue=QUEUE, subject=row, desk_id=row.client.desk_id)
    else:
        queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)


# Written off


def why_not_write_off(row: Chargeback) -> str:
    """Why nothing of it can be written off; empty when it can."""
    if row.state not in (ChargebackState.LOST, ChargebackState.ACCEPTED):
        return "It may still be won: only what is lost for good is written off."
    if not books.owed(row):
        return "Nothing of it is missing."
    if row.proposed_amount is not None:
        return "A write-off waits for a colleague's approval already."
    return ""


@transaction.atomic
def write_off_propose(
    *, actor: Actor, chargeback: Chargeback, money: Money, reason: str
) -> Approval:
    """Say that (part of) what a client owes will never come; a colleague decides."""
    if not actor.can(WORK):
        raise NotPermitted
    row = chargeback_locked(actor, chargeback.pk)
    if problem := why_not_write_off(row):
        raise StateConflict(problem)
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why it will never come."})
    missing = books.owed(row)
    if money.currency != row.currency or not 0 < money.minor <= missing.minor:
        raise InvalidInput(fields={"amount": f"{missing} is missing: not more than that."})
    row.proposed_amount, row.note = money.amount, reason.strip()[:300]
    row.save(update_fields=["proposed_amount", "note"])
    audit(
        actor=actor,
        action=actions.WRITE_OFF_ASKED,
        subject=row,
        data={"amount": money, "reason": row.note},
    )
    return approval_ask(
        actor=actor,
        kind=WRITE_OFF,
        subject=row,
        label=f"{row.reference}: write off {money}",
        content=write_off_content(row),
        amount=money,
    )


def write_off_content(row: Chargeback) -> Mapping[str, Any]:
    """What is approved, whole: it is asked anew once the client has repaid some of it."""
    proposed = Money(row.proposed_amount or Decimal(0), row.currency)
    return {
        "Chargeback": row.reference,
        "Client": f"{row.client.reference} {row.client.name}",
        "Deposit": row.deposit.reference,
        "Taken back": str(books.money_of(row)),
        "Still owed": str(books.owed(row)),
        "Write off": str(proposed),
        "Why": row.note,
    }


@transaction.atomic
def written_off(actor: Actor, approval: Approval) -> None:
    """The second person approved (called in the last vote's transaction)."""
    row = chargeback_locked(actor, approval.subject_id)
    if row.proposed_amount is None:
        raise StateConflict("Nothing is proposed any more. Nothing was booked.")
    money = Money(row.proposed_amount, row.currency)
    if money.minor > books.owed(row).minor:
        raise StateConflict(f"{books.owed(row)} is still owed. Nothing was booked.")
    machine = system_actor(actor.tenant_id, "chargebacks")
    books.written_off(actor=machine, row=row, money=money, approved_by=actor.ref)
    row.written_off_amount += money.amount
    row.proposed_amount = None
    row.save(update_fields=["written_off_amount", "proposed_amount"])
    audit(
        actor=actor,
        action=actions.WRITTEN_OFF,
        subject=row,
        data={"amount": money, "reason": row.note},
    )
    settle_item(actor, row)


@transaction.atomic
def write_off_refused(actor: Actor, approval: Approval) -> None:
    row = chargeback_locked(actor, approval.subject_id)
    row.proposed_amount = None
    row.save(update_fields=["proposed_amount"])
