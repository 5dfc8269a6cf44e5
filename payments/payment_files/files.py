"""A payment file from its making to its handing over. Two people, and each payout in one live file.

What is given out is what was released: the file is written anew from what stands and compared with
what was sealed, and every payout is looked at once more, before any byte leaves.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core import crypto
from backoffice.core.clock import now, today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from backoffice.workflow.approvals import approval_ask, approval_cancel, pending_for
from payments import actions
from payments.gateways.bank_wire import pain001
from payments.gateways.bank_wire.pain001 import FileRefused, Message, Party
from payments.locks import part_locked, withdrawal_locked
from payments.models import GatewayAccount, PaymentFile, PaymentFileItem
from payments.payment_file_states import (
    PAYMENT_FILE,
    PAYMENT_FILE_HERE,
    PAYMENT_FILE_OUT,
    PaymentFileState,
)
from payments.payment_files import waiting
from payments.payment_files.waiting import Payout
from payments.services import parts, payouts
from payments.watch import BY_FILE

KIND = "payments.payment_file"
PURPOSE = "payments.payment_file"
WORK, RELEASE = "payments.work_payment", "payments.release_payment_file"
AHEAD_MAX = timedelta(days=30)
SHOWN_MAX = 5
_F = PaymentFileState


def next_bank_day(day: date) -> date:
    """The first day after ``day`` that is no weekend. Holidays are the bank's to know."""
    day += timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


# Made


@transaction.atomic
def file_prepare(
    *,
    actor: Actor,
    gateway: GatewayAccount,
    references: Collection[str],
    execution_on: date,
    charges: str = "SHAR",
) -> PaymentFile:
    """A file of these payouts, for a colleague to release. ``references``: the payouts' own.

    Raises ``StateConflict`` when one of them waits no more or can't go out, ``InvalidInput`` for
    what no bank takes; then nothing was made.
    """
    if not actor.can(WORK):
        raise NotPermitted
    if gateway.kind not in BY_FILE or not gateway.active:
        raise InvalidInput("Payment files are not for this account.")
    _check_day(execution_on)
    chosen = _chosen(actor, gateway, references)
    row = PaymentFile(
        id=uuid7(),
        tenant_id=actor.tenant_id,
        gateway=gateway,
        version=pain001.VERSION,
        execution_on=execution_on,
        charges=charges,
        prepared_by_ref=actor.ref,
        prepared_by=actor.name,
        reference=next_reference("PF"),
    )
    message = _message(row, chosen)
    try:
        content = pain001.write(message)
    except FileRefused as error:
        raise InvalidInput(" ".join(error.problems[:SHOWN_MAX])) from None
    sums = waiting.by_currency([payout.money for payout in chosen])
    row.totals = {code: format(money.amount, "f") for code, money in sums.items()}
    row.payments_count, row.control_sum = len(chosen), message.control_sum
    row.sha256, row.content_sealed = _hash(content), _sealed(row, content)
    row.save(force_insert=True)
    ours = waiting.account_of(gateway)
    PaymentFileItem.objects.bulk_create(
        PaymentFileItem(
            tenant_id=actor.tenant_id,
            file=row,
            withdrawal=payout.withdrawal,
            part=payout.part,
            reference=payout.reference,
            amount=payout.money.amount,
            currency=payout.money.currency,
            is_sepa=pain001.is_sepa(payment, ours),
        )
        for payout, payment in zip(chosen, message.payments, strict=True)
    )
    moves.begin(row, PAYMENT_FILE, actor=actor)
    audit(
        actor=actor,
        action=actions.FILE_PREPARED,
        subject=row,
        data={"what": count_text(row), "amount": totals_text(row), "sha256": row.sha256},
    )
    approval_ask(
        actor=actor, kind=KIND, subject=row, label=row.reference, content=content_now(actor, row)
    )
    return row


def _check_day(execution_on: date) -> None:
    if not today() <= execution_on <= today() + AHEAD_MAX:
        raise InvalidInput(fields={"execution_on": "Between today and thirty days from now."})
    if execution_on.weekday() >= 5:
        raise InvalidInput(fields={"execution_on": "Banks carry out nothing on a weekend."})


def _chosen(actor: Actor, gateway: GatewayAccount, references: Collection[str]) -> list[Payout]:
    """The payouts asked for, locked and looked at as they stand."""
    wanted = set(references)
    if not wanted:
        raise InvalidInput("Choose at least one payout.")
    if len(wanted) > waiting.WAITING_MAX:
        raise InvalidInput(f"A file has {waiting.WAITING_MAX} payouts at most.")
    for payout in sorted(
        waiting.payouts_of(actor, gateway, wanted), key=lambda each: each.withdrawal.pk
    ):
        _locked(actor, payout)
    found = waiting.payouts_of(actor, gateway, wanted)
    gone = sorted(wanted - {payout.reference for payout in found})
    if gone:
        names = ", ".join(gone[:SHOWN_MAX])
        raise StateConflict(f"{names}: waits for no file any more. Nothing was made; look again.")
    _stop_if_stopped(actor, found)
    return found


def _locked(actor: Actor, payout: Payout) -> Payout:
    if payout.part is not None:
        return Payout(*part_locked(actor, payout.part.pk))
    return Payout(withdrawal_locked(actor, payout.withdrawal.pk), None)


def _stop_if_stopped(actor: Actor, found: Sequence[Payout]) -> None:
    stopped = [
        f"{payout.reference}: {why}" for payout in found if (why := waiting.why_not(actor, payout))
    ]
    if stopped:
        raise StateConflict(f"{' '.join(stopped[:SHOWN_MAX])} Nothing was done.")


def _message(row: PaymentFile, chosen: Sequence[Payout]) -> Message:
    gateway = row.gateway
    ours = waiting.account_of(gateway)
    return Message(
        id=row.reference,
        created_at=row.created_at,
        execution_on=row.execution_on,
        debtor=Party(gateway.holder, gateway.merchant_id[:2]),
        account=ours,
        charges=row.charges,
        payments=tuple(waiting.payment_of(payout) for payout in chosen),
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _sealed(row: PaymentFile, content: bytes) -> bytes:
    return crypto.seal(
        content, tenant_id=current_tenant_id(), purpose=PURPOSE, bound_to=str(row.pk)
    )


def _opened(row: PaymentFile) -> bytes:
    return crypto.unseal(
        bytes(row.content_sealed),
        tenant_id=current_tenant_id(),
        purpose=PURPOSE,
        bound_to=str(row.pk),
    )


def totals(row: PaymentFile) -> list[Money]:
    """What it moves in each currency."""
    return [Money(Decimal(amount), code) for code, amount in sorted(row.totals.items())]


def totals_text(row: PaymentFile) -> str:
    """``1,120.00 EUR and 80.00 USD``."""
    return " and ".join(str(money) for money in totals(row))


def count_text(row: PaymentFile) -> str:
    """``1 payout``, ``1,200 payouts``."""
    return f"{row.payments_count:,} payout{'' if row.payments_count == 1 else 's'}"


# Released


def _payouts_in(row: PaymentFile) -> list[Payout]:
    items = row.items.select_related(
        "withdrawal__client", "withdrawal__destination", "part__destination"
    )
    found = [Payout(item.withdrawal, item.part) for item in items]
    for payout in found:
        if payout.part is not None:
            payout.part.withdrawal = payout.withdrawal
    found.sort(key=lambda payout: payout.row.pk)
    return found


def _hash_now(row: PaymentFile) -> str:
    """Of the file as it would be written now; empty when it could not be."""
    try:
        return _hash(pain001.write(_message(row, _payouts_in(row))))
    except FileRefused:
        return ""


def content_now(actor: Actor, row: PaymentFile) -> Mapping[str, Any]:
    """What a colleague releases, in words and figures: any change of a payout changes its hash."""
    return {
        "File": row.reference,
        "From": f"{row.gateway.name}, {row.gateway.merchant_id}",
        "Payouts": row.payments_count,
        "Amount": totals_text(row),
        "Carried out on": row.execution_on,
        "Charges outside SEPA": pain001.CHARGES[row.charges],
        "SHA-256 of the file": _hash_now(row),
    }


def file_locked(actor: Actor, pk: UUID) -> PaymentFile:
    """Before its payouts, which are locked in the order of their withdrawals."""
    rows = PaymentFile.objects.select_for_update(of=("self",)).select_related("gateway")
    return rows.get(tenant_id=actor.tenant_id, pk=pk)


@transaction.atomic
def file_released(*, actor: Actor, file_id: UUID) -> PaymentFile:
    """The second person's yes (called in the vote's transaction)."""
    row = file_locked(actor, file_id)
    _stop_if_stopped(actor, _payouts_in(row))
    row.released_at, row.released_by_ref, row.released_by = now(), actor.ref, actor.name
    moves.move(
        row,
        PAYMENT_FILE,
        _F.RELEASED,
        actor=actor,
        update_fields=["released_at", "released_by_ref", "released_by"],
    )
    audit(actor=actor, action=actions.FILE_RELEASED, subject=row, data={"amount": totals_text(row)})
    return row


@transaction.atomic
def file_cancel(*, actor: Actor, file: PaymentFile, reason: str) -> PaymentFile:
    """Take a file back that never left: its payouts wait for another one. Raises
    ``StateConflict`` once its bytes were given out."""
    if not actor.can(WORK):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    approval = pending_for(actor, file.pk, KIND)
    if approval is not None:
        approval_cancel(actor=actor, approval=approval, reason=reason[:300])
    return file_dropped(actor=actor, file_id=file.pk, reason=reason)


@transaction.atomic
def file_dropped(*, actor: Actor, file_id: UUID, reason: str) -> PaymentFile:
    """It does not go out: cancelled, or refused by the second person (called in that vote)."""
    row = file_locked(actor, file_id)
    if row.state == _F.CANCELLED:
        return row
    if row.state not in PAYMENT_FILE_HERE:
        raise StateConflict(
            f"{row.reference} is {row.get_state_display().lower()}: what left can't be taken back."
        )
    row.note = reason.strip()[:300]
    moves.move(
        row, PAYMENT_FILE, _F.CANCELLED, actor=actor, reason=row.note, update_fields=["note"]
    )
    audit(actor=actor, action=actions.FILE_CANCELLED, subject=row, data={"reason": row.note})
    items = row.items.filter(is_live=True)
    # What was stopped meanwhile goes where it belongs: each is taken up anew.
    for withdrawal_id in items.filter(part=None).values_list("withdrawal_id", flat=True):
        outbox.put("payments.submit", subject_id=withdrawal_id)
    items.update(is_live=False)
    return row


# Handed over


@transaction.atomic
def file_hand_over(*, actor: Actor, file: PaymentFile) -> tuple[PaymentFile, bytes]:
    """The bytes of a released file, for the bank. The first time its payouts become sent, in the
    same transaction: who has the bytes may use them. Again they are the same bytes.

    Raises ``StateConflict`` when it is not released, or when anything of it has changed since.
    """
    if not actor.can(WORK):
        raise NotPermitted
    row = file_locked(actor, file.pk)
    content = _opened(row)
    if row.state in PAYMENT_FILE_OUT:
        row.downloads += 1
        row.save(update_fields=["downloads"])
        audit(actor=actor, action=actions.FILE_GIVEN_AGAIN, subject=row, data={})
        return row, content
    if row.state != _F.RELEASED:
        raise StateConflict(f"{row.reference} is {row.get_state_display().lower()}.")
    locked = sorted(_payouts_in(row), key=lambda each: each.withdrawal.pk)
    for payout in locked:
        _locked(actor, payout)
    found = _payouts_in(row)
    _stop_if_stopped(actor, found)
    if _hash_now(row) != row.sha256 or _hash(content) != row.sha256:
        raise StateConflict(
            f"Something in {row.reference} changed since it was made. Cancel it and make it anew."
        )
    for payout in found:
        _sent(actor, row, payout)
    row.handed_over_at, row.handed_over_by, row.downloads = now(), actor.name, 1
    moves.move(
        row,
        PAYMENT_FILE,
        _F.HANDED_OVER,
        actor=actor,
        update_fields=["handed_over_at", "handed_over_by", "downloads"],
    )
    audit(
        actor=actor,
        action=actions.FILE_HANDED_OVER,
        subject=row,
        data={"what": count_text(row), "amount": totals_text(row), "sha256": row.sha256},
    )
    return row, content


def _sent(actor: Actor, row: PaymentFile, payout: Payout) -> None:
    if payout.part is not None:
        parts.part_handed_over(actor=actor, part_id=payout.part.pk, file=row.reference)
    else:
        payouts.payout_handed_over(
            actor=actor, withdrawal_id=payout.withdrawal.pk, file=row.reference
        )
