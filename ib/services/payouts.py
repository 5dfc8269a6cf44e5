"""Payouts: collect a partner's unpaid lines, let someone else look, pay to the client's wallet.

While a payout is open its lines are locked to it; a deal that is changed meanwhile makes the
request stale. The ledger's key is the payout's reference: it is paid once, whoever asks twice.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.references import next_reference
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import moves, queues
from backoffice.workflow.approvals import approval_ask
from ib import actions, rules
from ib.errors import NothingToPay, PayoutOpen
from ib.locks import commissions_locked, partner_locked, payout_locked
from ib.models import Partner, Payout
from ib.services.partners import check_may_earn
from ib.services.payables import payable_post
from ib.states import OPEN_PAYOUTS, PAYOUT, PartnerState, PayoutState
from ledger import chart, services
from ledger.entries import Line

APPROVAL = "ib.payout"
QUEUE = "ib-payouts"
KIND = "ib.payout"
# An amount whose worth in the base currency is not known here needs the highest band.
ABOVE_ALL_BANDS = Decimal(10) ** 14

# Lines of deals before the moment, and whatever was taken back of lines that were paid.
_COLLECTED = """
FROM ib_commissionline WHERE tenant_id = %(tenant)s AND partner_id = %(partner)s
AND currency = %(currency)s AND state = 'accrued'
AND (deal_at < %(until)s OR reverses_id IS NOT NULL)
"""
_SUMS = (
    "SELECT count(*), coalesce(sum(amount), 0), coalesce(sum(lots), 0), min(deal_at)" + _COLLECTED
)
_DIGEST = (
    "SELECT encode(sha256(convert_to(coalesce(string_agg(id::text || ':' || amount::text, ','"
    " ORDER BY id), ''), 'UTF8')), 'hex')"
)
_TAKE = (
    "UPDATE ib_commissionline SET state = 'in_payout', payout_id = %(payout)s WHERE id IN"  # noqa: S608
    f" (SELECT id {_COLLECTED}) AND tenant_id = %(tenant)s AND state = 'accrued'"
)


@transaction.atomic
def payout_propose(
    *,
    actor: Actor,
    partner: Partner,
    currency: str,
    until: datetime | None = None,
    minimum: Decimal = Decimal(0),
) -> Payout:
    """Collect what is unpaid of deals before ``until`` and ask for approval.

    Raises ``PayoutOpen`` while another one waits, ``NothingToPay`` when it comes to nothing or to
    less than ``minimum``.
    """
    moment = until or now()
    if moment > now():
        raise InvalidInput(fields={"until": "Deals of the future can't be paid."})
    commissions_locked(actor)
    row = partner_locked(actor, partner.pk)
    _check_payable(actor, row, currency)
    facts: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "partner": row.pk,
        "currency": currency,
        "until": moment,
    }
    count, exact, lots, first_at = _one(_SUMS, facts)
    carried_in = _carried(actor, row, currency)
    amount, carried_out = rules.payable(exact, carried_in, currency)
    if not count or amount.amount <= 0:
        raise NothingToPay(f"{row.reference} has nothing to be paid in {currency} up to then.")
    if amount.amount < minimum:
        raise NothingToPay(f"{row.reference} has {amount}, which is less than the minimum.")
    digest = _one(_DIGEST + _COLLECTED, facts)[0]
    payout = Payout.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("PO"),
        partner=row,
        currency=currency,
        first_at=first_at,
        until_at=moment,
        lines_count=count,
        lots=lots,
        exact=exact,
        carried_in=carried_in,
        carried_out=carried_out,
        amount=amount.amount,
        digest=digest,
        proposed_by_ref=actor.ref,
        proposed_by=actor.name,
    )
    moves.begin(payout, PAYOUT, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {**facts, "payout": payout.pk})
        taken = cursor.rowcount
    assert taken == count, (taken, count)
    _ask(actor, payout, amount)
    return payout


def _check_payable(actor: Actor, partner: Partner, currency: str) -> None:
    if partner.state != PartnerState.ACTIVE:
        raise StateConflict(
            f"{partner.reference} is {partner.get_state_display().lower()}; only active partners"
            " are paid."
        )
    check_may_earn(partner.client)
    waiting = Payout.objects.filter(
        tenant_id=actor.tenant_id, partner=partner, currency=currency, state__in=OPEN_PAYOUTS
    ).first()
    if waiting is not None:
        raise PayoutOpen(f"{waiting.reference} of this partner is still open. Decide it first.")


def _one(statement: str, facts: Mapping[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def _carried(actor: Actor, partner: Partner, currency: str) -> Decimal:
    """The part of a cent that the last payout left."""
    last = (
        Payout.objects.filter(
            tenant_id=actor.tenant_id,
            partner=partner,
            currency=currency,
            state=PayoutState.PAID,
        )
        .order_by("-id")
        .first()
    )
    return last.carried_out if last else Decimal(0)


def _ask(actor: Actor, payout: Payout, amount: Money) -> None:
    moves.move(payout, PAYOUT, PayoutState.PROPOSED, actor=actor)
    tenant = brokerage()
    approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=payout,
        label=f"{payout.reference} {amount} to {payout.partner.name}"[:160],
        content=payout_content(payout),
        amount=amount,
        amount_base=amount.amount if tenant.base_currency == amount.currency else ABOVE_ALL_BANDS,
    )
    queues.item_open(
        actor=actor, queue=QUEUE, subject=payout, desk_id=payout.partner.client.desk_id
    )
    audit(
        actor=actor,
        action=actions.PAYOUT_PROPOSED,
        subject=payout,
        data={"amount": amount, "lines": payout.lines_count, "digest": payout.digest},
    )


def payout_content(payout: Payout) -> Mapping[str, Any]:
    """What is approved: to whom, how much, for exactly which lines, and whether they still hold."""
    digest = _one(
        _DIGEST + " FROM ib_commissionline WHERE tenant_id = %(tenant)s AND payout_id = %(payout)s",
        {"tenant": payout.tenant_id, "payout": payout.pk},
    )[0]
    taken_back = payout.lines.filter(reversals__isnull=False).count()
    partner = payout.partner
    return {
        "reference": payout.reference,
        "partner": partner.reference,
        "partner_active": partner.state == PartnerState.ACTIVE,
        "wallet_of": partner.client.reference,
        "amount": str(Money(payout.amount, payout.currency)),
        "lines": payout.lines_count,
        "digest": digest,
        "lines_taken_back_since": taken_back,
    }


@transaction.atomic
def payout_pay(*, actor: Actor, payout: Payout) -> Payout:
    """Pay an approved payout: from what the partner is owed to their client's wallet, once.

    Called by the approval's last vote, in its transaction. ``actor`` is the approver.
    """
    commissions_locked(actor)
    partner = partner_locked(actor, payout.partner_id)
    row = payout_locked(actor, payout.pk)
    if row.state == PayoutState.PAID:
        return row
    moves.move(row, PAYOUT, PayoutState.APPROVED, actor=actor)
    check_may_earn(partner.client)
    machine = system_actor(actor.tenant_id, "partner payouts")
    payable_post(actor=machine, partner=partner, currency=row.currency)
    amount = Money(row.amount, row.currency)
    posting = services.post(
        actor=machine,
        key=f"ib-payout:{row.reference}",
        kind=KIND,
        lines=[
            Line(
                services.account_for(
                    actor=machine, spec=chart.ib_payable(partner.pk), currency=row.currency
                ),
                services.account_for(
                    actor=machine,
                    spec=chart.client_wallet(partner.client_id),
                    currency=row.currency,
                ),
                amount,
                "payout",
            )
        ],
        business_ref=row.reference,
        approved_by=actor.ref,
        meta={"proposed_by": row.proposed_by_ref, "digest": row.digest},
    )
    _settle(actor, row)
    row.journal_id, row.paid_at = posting.journal_id, now()
    moves.move(row, PAYOUT, PayoutState.PAID, actor=actor, update_fields=["journal_id", "paid_at"])
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    audit(
        actor=actor,
        action=actions.PAYOUT_PAID,
        subject=row,
        data={"amount": amount, "partner": partner.reference, "journal": posting.journal_id},
    )
    return row


def _settle(actor: Actor, payout: Payout) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ib_commissionline SET state = 'paid'"
            " WHERE tenant_id = %s AND payout_id = %s AND state = 'in_payout'",
            [actor.tenant_id, payout.pk],
        )
        settled = cursor.rowcount
    assert settled == payout.lines_count, (settled, payout.lines_count)


@transaction.atomic
def payout_refuse(*, actor: Actor, payout: Payout, reason: str) -> Payout:
    """Refused, withdrawn or stale: its lines are unpaid again. Nothing was booked."""
    commissions_locked(actor)
    row = payout_locked(actor, payout.pk)
    row.reason = reason[:300]
    if not moves.move(
        row,
        PAYOUT,
        PayoutState.REFUSED,
        actor=actor,
        reason=row.reason,
        update_fields=["reason"],
    ):
        return row
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ib_commissionline SET state = 'accrued', payout_id = NULL"
            " WHERE tenant_id = %s AND payout_id = %s AND state = 'in_payout'",
            [actor.tenant_id, row.pk],
        )
    queues.item_close(actor=actor, queue=QUEUE, subject_id=row.pk)
    audit(actor=actor, action=actions.PAYOUT_REFUSED, subject=row, data={"reason": reason})
    return row
