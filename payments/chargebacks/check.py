"""The freeze: nothing leaves while a chargeback is open or something of one is owed."""

from uuid import UUID

from django.db.models import F, Q

from backoffice.core.context import Actor, current_tenant_id
from payments.chargeback_states import CHARGEBACK_LIVE, CHARGEBACK_TAKEN
from payments.chargebacks import books
from payments.models import Chargeback, Deposit, Withdrawal, WithdrawalPart
from payments.rules import Check, Colour

CODE, TITLE = "chargeback", "Chargeback"


def freezing(client_id: UUID) -> Chargeback | None:
    """The newest chargeback that stops the client's money from leaving."""
    owing = Q(owed_amount__gt=F("repaid_amount") + F("written_off_amount"))
    rows = Chargeback.objects.filter(
        Q(state__in=CHARGEBACK_LIVE) | owing, tenant_id=current_tenant_id(), client_id=client_id
    )
    return rows.order_by("-id").first()


def said(row: Chargeback) -> str:
    """``CB-2026-000001 of 80.00 EUR, open``: begins as the holds that it places."""
    words = row.get_state_display().lower()
    if missing := books.owed(row):
        words = f"{words}, {missing} is owed"
    return f"{row.reference} of {books.money_of(row)}, {words}"


def why_not_send(part: WithdrawalPart) -> str:
    """Why a part of a withdrawal must not go out now; empty when it may."""
    if (row := freezing(part.withdrawal.client_id)) is not None:
        return f"the chargeback {said(row)}"
    if part.deposit_id is None:
        return ""
    taken = Chargeback.objects.filter(
        tenant_id=current_tenant_id(), deposit_id=part.deposit_id, state__in=CHARGEBACK_TAKEN
    ).first()
    return "" if taken is None else f"its deposit was taken back by {taken.reference}"


def release_check(actor: Actor, payment: Deposit | Withdrawal) -> Check | None:
    """Registered with the checks before money moves: violet, so that it stops by itself."""
    if isinstance(payment, Deposit):
        return None
    row = freezing(payment.client_id)
    return None if row is None else Check(CODE, Colour.HELD, TITLE, said(row))
