"""What a bank says of a payment file (pain.002): kept as it came, then applied to its payouts.

That the bank takes a payment moves it on; that it refuses one frees the money, which only who may
settle unknown outcomes hands in. That one was paid is for the statement to say.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core import crypto
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.workflow import moves
from payments import actions
from payments.gateways.bank_wire import pain002
from payments.gateways.bank_wire.pain002 import ReportUnreadable, Status, StatusReport
from payments.gateways.port import Notice, Outcome
from payments.models import PaymentFile, PaymentFileItem, PaymentFileReport, WebhookMessage
from payments.payment_file_states import PAYMENT_FILE, PAYMENT_FILE_OUT, PaymentFileState
from payments.payment_files.files import WORK, file_locked
from payments.services.notices import notice_apply

PURPOSE = "payments.payment_file_report"
RESOLVE = "payments.resolve_unknown"
REPORT_BYTES_MAX = 5 * 1024 * 1024
_F = PaymentFileState
S = WebhookMessage.State


@dataclass(slots=True)
class Heard:
    """What came of a report; ``odd``: what it says that can't be, in sentences."""

    report: PaymentFileReport
    odd: list[str] = field(default_factory=list)


@transaction.atomic
def report_take(*, actor: Actor, file: PaymentFile, content: bytes) -> Heard:
    """Keep a bank's report of ``file`` and do what it says. The same one again does nothing.

    Raises ``InvalidInput`` for what is no report of this file, ``StateConflict`` before it was
    handed over, ``NotPermitted`` and ``FourEyes`` when a refusal is not the actor's to hand in.
    """
    if not actor.can(WORK):
        raise NotPermitted
    said = _read(content, file)
    row = file_locked(actor, file.pk)
    sha256 = hashlib.sha256(content).hexdigest()
    known = row.reports.filter(sha256=sha256).first()
    if known is not None:
        return Heard(known)
    if row.state not in (*PAYMENT_FILE_OUT, _F.REFUSED):
        raise StateConflict(f"{row.reference} is {row.get_state_display().lower()}.")
    items = list(
        row.items.select_related("withdrawal__destination").order_by("withdrawal_id", "id")
    )
    _check_named(said, items)
    statuses = _statuses(row, said, items)
    refused = [item for item, status in statuses if status.code in pain002.REFUSED]
    _may_refuse(actor, refused)
    heard = Heard(_kept(actor, row, content, sha256, len(statuses) - len(refused), len(refused)))
    for item, status in statuses:
        _apply(actor, row, item, status, heard)
    _move(actor, row)
    audit(
        actor=actor,
        action=actions.FILE_ANSWERED,
        subject=row,
        data={"taken": heard.report.taken, "refused": heard.report.refused, "sha256": sha256},
    )
    return heard


def _read(content: bytes, file: PaymentFile) -> StatusReport:
    if len(content) > REPORT_BYTES_MAX:
        raise InvalidInput(fields={"file": "A report has 5 MB at most."})
    try:
        said = pain002.read(content)
    except ReportUnreadable as error:
        raise InvalidInput(fields={"file": str(error)}) from None
    if said.message_id != file.reference:
        name = said.message_id[:35]
        raise InvalidInput(fields={"file": f"It is about {name}, not about {file.reference}."})
    return said


def _check_named(said: StatusReport, items: Sequence[PaymentFileItem]) -> None:
    strange = sorted(set(said.payments) - {item.reference for item in items})
    if strange:
        raise InvalidInput(fields={"file": f"{strange[0][:35]} is not in this file."})


def _statuses(
    row: PaymentFile, said: StatusReport, items: Sequence[PaymentFileItem]
) -> list[tuple[PaymentFileItem, Status]]:
    """What is said of each payout, where anything is: of itself, else of its block, else of all."""
    kinds = sorted({(not item.is_sepa, item.currency) for item in items})
    names = {kind: f"{row.reference}-{at}" for at, kind in enumerate(kinds, start=1)}
    found = []
    for item in items:
        block = said.blocks.get(names[not item.is_sepa, item.currency])
        order = (said.payments.get(item.reference), block, said.whole)
        status = next((each for each in order if each and each.code != pain002.PART), None)
        if status is not None:
            found.append((item, status))
    if not found:
        raise InvalidInput(fields={"file": "It says nothing of any payout."})
    return found


def _may_refuse(actor: Actor, refused: Sequence[PaymentFileItem]) -> None:
    if refused and not actor.can(RESOLVE):
        raise NotPermitted(
            "It refuses payouts, whose money is free again then: someone who may settle unknown "
            "outcomes hands it in. Nothing was done."
        )
    for item in refused:
        shaped = {item.withdrawal.requested_by_ref, *item.withdrawal.destination.edited_by_refs}
        if actor.ref in shaped:
            raise FourEyes(f"You asked for {item.reference} or shaped where it goes.")


def _kept(
    actor: Actor, row: PaymentFile, content: bytes, sha256: str, taken: int, refused: int
) -> PaymentFileReport:
    report = PaymentFileReport(
        id=uuid7(),
        tenant_id=actor.tenant_id,
        file=row,
        sha256=sha256,
        taken=taken,
        refused=refused,
        received_by_ref=actor.ref,
        received_by=actor.name,
    )
    report.content_sealed = crypto.seal(
        content, tenant_id=current_tenant_id(), purpose=PURPOSE, bound_to=str(report.pk)
    )
    report.save(force_insert=True)
    return report


def _apply(
    actor: Actor, row: PaymentFile, item: PaymentFileItem, status: Status, heard: Heard
) -> None:
    refused = status.code in pain002.REFUSED
    item.bank_status, item.bank_reason = status.code, status.reason[:200]
    item.save(update_fields=["bank_status", "bank_reason"])
    notice = Notice(
        reference=item.reference,
        outcome=Outcome.FAILED if refused else Outcome.IN_PROGRESS,
        money=Money(item.amount, item.currency),
        at=now(),
        reason=f"The bank refused it: {status.reason or status.code}." if refused else "",
    )
    applied = notice_apply(actor=actor, gateway=row.gateway, notice=notice)
    if applied.needs_person:
        heard.odd.append(f"{item.reference}: {applied.note}")


def _move(actor: Actor, row: PaymentFile) -> None:
    codes = list(row.items.values_list("bank_status", flat=True))
    target = _F.ACKNOWLEDGED
    if all(code in pain002.REFUSED for code in codes):
        target = _F.REFUSED
    if PAYMENT_FILE.allows(row.state, target):
        moves.move(row, PAYMENT_FILE, target, actor=actor)
