"""Four eyes over a correction of a balance: one asks, another approves, then it is booked."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind
from backoffice.workflow.models import Approval
from trading.bridge.port import BalanceKind
from trading.errors import AccountNotReady
from trading.locks import account_locked
from trading.models import Account
from trading.services.operations import READY, operation_request
from trading.states import AccountState

CORRECT = "trading.correct_balance"
KINDS = {
    BalanceKind.CORRECTION: "Correction of the balance",
    BalanceKind.CREDIT: "Credit",
    BalanceKind.BONUS: "Bonus",
    BalanceKind.CHARGE: "Charge",
}


def _content(account: Account, amount: Money, kind: str, reason: str) -> dict[str, Any]:
    return {
        "Login": account.login,
        "Server": account.server.name,
        "Client": account.client.reference if account.client else "none",
        "Amount": str(amount),
        "Booked as": KINDS[BalanceKind(kind)],
        "Reason": reason,
    }


@transaction.atomic
def correction_ask(
    *, actor: Actor, account: Account, amount: Money, kind: str, reason: str
) -> Approval:
    """Ask for a correction, credit, bonus or charge (signed) on an account; another person
    approves it, then it is booked like every balance operation."""
    row = account_locked(actor, account.pk)
    if row.login is None or AccountState(row.state) not in READY:
        raise AccountNotReady("No money can be booked on this account.")
    if BalanceKind(kind) not in KINDS:
        raise InvalidInput(fields={"kind": "Choose what it is booked as."})
    if amount.currency != row.currency or not amount:
        raise InvalidInput(fields={"amount": f"An amount in {row.currency}, not zero."})
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    if approvals.pending_for(actor, row.pk, CORRECT):
        raise StateConflict("A correction of this account waits for approval already.")
    content = _content(row, amount, kind, reason.strip()[:300])
    return approvals.approval_ask(
        actor=actor,
        kind=CORRECT,
        subject=row,
        label=f"{amount} on login {row.login}",
        content=content,
        amount=amount,
    )


def _kind_of(approval: Approval) -> BalanceKind:
    booked_as = approval.content["Booked as"]
    return next(kind for kind, label in KINDS.items() if label == booked_as)


def _amount_of(approval: Approval) -> Money:
    assert approval.amount is not None
    return Money(approval.amount, approval.currency)


def _content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    account = account_locked(actor, approval.subject_id)
    amount, reason = _amount_of(approval), approval.content["Reason"]
    return _content(account, amount, _kind_of(approval), reason)


def _execute(actor: Actor, approval: Approval) -> None:
    operation_request(
        actor=actor,
        account=account_locked(actor, approval.subject_id),
        amount=_amount_of(approval),
        kind=_kind_of(approval),
        business_ref=f"correction:{approval.pk}",
        note="correction",
    )


def register() -> None:
    approvals.register(
        ApprovalKind(
            code=CORRECT,
            label="Correction of a balance",
            permission="trading.approve_correction",
            content=_content_now,
            execute=_execute,
            refused=approvals.nothing_to_undo,
            url=lambda approval: reverse("trading:account", args=[approval.subject_id]),
        )
    )
