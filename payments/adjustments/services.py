"""Adjustments of wallets: one person asks, another one decides, and the last yes books the journal.

Locks: the approval, the client, the adjustment, then the ledger's.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask, approval_cancel, pending_for
from backoffice.workflow.models import Approval
from clients.models import Client, ClientAction
from clients.selectors import check_allowed
from ledger import chart
from payments import actions, books
from payments.adjustment_states import WALLET_ADJUSTMENT, AdjustmentState, Direction, Why
from payments.adjustments import rules
from payments.chargebacks import debts
from payments.chargebacks.books import available
from payments.chargebacks.locks import client_gate
from payments.errors import NotEnoughMoney
from payments.evaluation import base_amount
from payments.models import WalletAdjustment

KIND = "payments.wallet_adjustment"
ASK, APPROVE = "payments.adjust_wallet", "payments.approve_wallet_adjustment"
READ = ("Client", "Direction", "Amount", "What it is", "Why", "Debit", "Credit")
SEARCH_KIND = "adjustment"
# Without a rate nobody knows how much it is: then the band of the largest amounts decides.
UNKNOWN_WORTH = Decimal(10) ** 18
# What a client may be stopped from, as it would be if they moved the money themselves.
STOPPED_BY = {
    Direction.TO_CLIENT: ClientAction.DEPOSIT,
    Direction.FROM_CLIENT: ClientAction.WITHDRAW,
}


def money_of(row: WalletAdjustment) -> Money:
    return Money(row.amount, row.currency)


def said(row: WalletAdjustment) -> str:
    """``to the client, goodwill``."""
    return f"{way(row)}, {what(row)}"


def way(row: WalletAdjustment) -> str:
    return Direction(row.direction).label.lower()


def what(row: WalletAdjustment) -> str:
    return Why(row.why).label.lower()


# Asked


@transaction.atomic
def adjustment_ask(
    *, actor: Actor, client: Client, direction: str, why: str, money: Money, reason: str
) -> WalletAdjustment:
    """Ask for money to be booked between a wallet and the house. Nothing is booked or held.

    Raises ``InvalidInput``, ``ActionStopped``, and ``NotEnoughMoney`` for more than is available.
    """
    if not actor.can(ASK):
        raise NotPermitted
    if wrong := rules.problems(direction, why, money, reason):
        raise InvalidInput(fields=wrong)
    client = client_gate(actor, client.pk)
    check_allowed(client, STOPPED_BY[Direction(direction)])
    if direction == Direction.FROM_CLIENT:
        _check_there(actor, client, money)
    row = WalletAdjustment(
        tenant_id=actor.tenant_id,
        reference=next_reference("WA"),
        client=client,
        direction=direction,
        why=why,
        counter=rules.COUNTERS[Why(why)].account().code,
        amount=money.amount,
        currency=money.currency,
        reason=reason.strip(),
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    row.save(force_insert=True)
    moves.begin(row, WALLET_ADJUSTMENT, actor=actor)
    _tell(actor, row, actions.ADJUSTMENT_ASKED, reason=row.reason)
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{money} {said(row)}, {client.name}",
        desk_id=client.desk_id,
    )
    _put_before_another(actor, row)
    return row


def _check_there(actor: Actor, client: Client, money: Money) -> None:
    there = available(actor, client.pk, money.currency)
    if money.minor > there.minor:
        raise NotEnoughMoney(
            f"The wallet has {there} available; {money} is to be taken. Nothing was asked for.",
            fields={"amount": f"{there} is available."},
        )


def _put_before_another(actor: Actor, row: WalletAdjustment) -> Approval:
    worth = base_amount(money_of(row))
    return approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=f"{row.reference}: {money_of(row)} {way(row)}",
        content=content(row),
        amount=money_of(row),
        amount_base=UNKNOWN_WORTH if worth is None else worth,
    )


def _tell(actor: Actor, row: WalletAdjustment, action: Any, **more: Any) -> None:
    facts = {"amount": money_of(row), "way": way(row), "what": what(row), **more}
    audit(actor=actor, action=action, subject=row, data=facts)


def content(row: WalletAdjustment) -> Mapping[str, Any]:
    """What is approved, whole. What the wallet has is looked at when it is booked."""
    wallet, other = "Client's wallet", chart.words(row.counter)
    gives = row.direction == Direction.TO_CLIENT
    return {
        "Client": f"{row.client.reference} {row.client.name}",
        "Direction": Direction(row.direction).label,
        "Amount": str(money_of(row)),
        "What it is": Why(row.why).label,
        "Debit": other if gives else wallet,
        "Credit": wallet if gives else other,
        "Why": row.reason,
    }


def shown(approval: Approval) -> Mapping[str, Any]:
    """In the order in which a person reads it; the database keeps another one."""
    return {name: approval.content[name] for name in READ}


def content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    rows = WalletAdjustment.objects.select_related("client")
    return content(rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


# Decided


def _locked(actor: Actor, pk: UUID) -> WalletAdjustment:
    """As it stands now, with its client's gate closed behind it."""
    mine = WalletAdjustment.objects.filter(tenant_id=actor.tenant_id)
    client = client_gate(actor, mine.values_list("client_id", flat=True).get(pk=pk))
    row = mine.select_for_update(of=("self",)).get(pk=pk)
    row.client = client
    return row


@transaction.atomic
def adjustment_booked(actor: Actor, approval: Approval) -> None:
    """The last yes (called in that vote's transaction): one journal. Raises ``NotEnoughMoney`` and
    ``ActionStopped`` for what has changed since; then the vote is undone with it."""
    row = _locked(actor, approval.subject_id)
    direction, counter = Direction(row.direction), rules.COUNTERS[Why(row.why)].account()
    check_allowed(row.client, STOPPED_BY[direction])
    if counter.code != row.counter:
        raise StateConflict("It would be booked against another account now. Ask for it anew.")
    row.journal_id = books.wallet_adjusted(
        actor=system_actor(actor.tenant_id, "adjustments"),
        adjustment=row,
        counter=counter,
        approved_by=actor.ref,
    ).journal_id
    _end(actor, row, AdjustmentState.BOOKED)
    _tell(actor, row, actions.ADJUSTMENT_BOOKED, journal=row.journal_id)
    if direction == Direction.TO_CLIENT:
        debts.repay_soon(row.client_id)


@transaction.atomic
def adjustment_refused(actor: Actor, approval: Approval) -> None:
    """Someone said no (called in that vote's transaction), or it is not what was asked for."""
    row = _locked(actor, approval.subject_id)
    note = approval.reason or "Something of it changed after it was asked for."
    _end(actor, row, AdjustmentState.REFUSED, note)
    _tell(actor, row, actions.ADJUSTMENT_REFUSED, reason=row.note)


@transaction.atomic
def adjustment_cancel(
    *, actor: Actor, adjustment: WalletAdjustment, reason: str
) -> WalletAdjustment:
    """Take it back before it is decided. Raises ``StateConflict`` once it is."""
    if not actor.can(ASK):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    approval = pending_for(actor, adjustment.pk, KIND)
    if approval is not None:
        # Waits for a vote that is being given, and finds what came of it.
        approval = approval_cancel(actor=actor, approval=approval, reason=reason.strip()[:300])
    if approval is None or approval.state != Approval.State.CANCELLED:
        raise StateConflict("It is decided already. Nothing was done; ask for another one.")
    row = _locked(actor, adjustment.pk)
    _end(actor, row, AdjustmentState.CANCELLED, reason)
    _tell(actor, row, actions.ADJUSTMENT_CANCELLED, reason=row.note)
    return row


def _end(actor: Actor, row: WalletAdjustment, state: AdjustmentState, note: str = "") -> None:
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    row.note = note.strip()[:300]
    moves.move(
        row,
        WALLET_ADJUSTMENT,
        state,
        actor=actor,
        reason=row.note,
        update_fields=["decided_at", "decided_by_ref", "decided_by", "note", "journal_id"],
    )
