"""What we say to a dispute: the bundle of evidence, and the one answer that is sent.

A call to the gateway is made between two transactions. Whether it was taken may be unknown: then
the gateway is asked what it has of ours, and nothing is sent under another name.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.ids import uuid7
from backoffice.workflow import moves, outbox, queues
from clients import files
from clients.models import ClientDocument
from clients.states import DocumentState
from payments import actions
from payments.accounts import adapter_for
from payments.chargeback_states import (
    ANSWER,
    ANSWER_OPEN,
    CHARGEBACK_ANSWERABLE,
    AnswerState,
    ChargebackState,
)
from payments.chargebacks import debts, events
from payments.chargebacks.evidence import KINDS
from payments.chargebacks.locks import answer_locked, chargeback_locked
from payments.gateways.port import DisputeAnswer, EvidenceFile, Refused, Result, Sent
from payments.models import Chargeback, ChargebackAnswer, ChargebackEvidence, GatewayAccount

SEND = "payments.chargeback_answer"
TEXT_CHARS_MAX = 4000
# What Stripe takes of one dispute, all files together; others take more.
FILES_BYTES_MAX = 4_500_000
_A, _C = AnswerState, ChargebackState
Kind = ChargebackAnswer.Kind


def bundle(chargeback: Chargeback) -> QuerySet[ChargebackEvidence]:
    """The evidence that stands, by kind; what was taken out is not in it."""
    rows = ChargebackEvidence.objects.filter(
        tenant_id=current_tenant_id(), chargeback=chargeback, removed_at=None
    )
    return rows.order_by("id")


def pending(chargeback: Chargeback) -> ChargebackAnswer | None:
    """The answer that is under way."""
    return ChargebackAnswer.objects.filter(
        tenant_id=current_tenant_id(), chargeback=chargeback, state__in=ANSWER_OPEN
    ).first()


# The bundle


def why_not_change(row: Chargeback) -> str:
    """Why its evidence can't be changed or sent; empty when it can."""
    if row.state not in CHARGEBACK_ANSWERABLE:
        return f"It is {row.get_state_display().lower()}."
    if (answer := pending(row)) is not None:
        word = answer.get_state_display().lower()
        return f"The {answer.get_kind_display().lower()} is on its way ({word})."
    taken = row.answers.filter(state=_A.SENT).exists()
    return "The bank has our answer: it takes one." if taken else ""


def _changeable(actor: Actor, pk: UUID) -> Chargeback:
    if not actor.can(debts.WORK):
        raise NotPermitted
    row = chargeback_locked(actor, pk)
    if why := why_not_change(row):
        raise StateConflict(f"{why} Nothing was done.")
    return row


def evidence_add(
    *,
    actor: Actor,
    chargeback: Chargeback,
    kind: str,
    text: str = "",
    name: str = "",
    content: bytes = b"",
    document: ClientDocument | None = None,
) -> ChargebackEvidence:
    """Add a piece to the bundle; one of its kind that stands gives way to it.

    A file is re-encoded and kept sealed, as clients' documents are; or it is a copy of such a
    ``document`` of the same client. Raises ``FileRefused``.
    """
    found = KINDS.get(kind)
    if found is None:
        raise InvalidInput(fields={"kind": "Choose what it is."})
    if found.is_file and not content and document is None:
        raise InvalidInput(fields={"file": f"{found.label}: choose a file."})
    if not found.is_file and not text.strip():
        raise InvalidInput(fields={"text": f"{found.label}: write it down."})
    if len(text) > TEXT_CHARS_MAX:
        raise InvalidInput(fields={"text": f"At most {TEXT_CHARS_MAX:,} characters fit."})
    clean = None
    if found.is_file:
        clean = _paper(chargeback, document) if document else files.clean_file(content)
    with transaction.atomic():
        row = _changeable(actor, chargeback.pk)
        said = document.get_type_display() if document else name or found.code
        facts = _kept(actor, said, clean) if clean else {"text": text.strip()}
        _room(row, kind, facts.get("size", 0))
        _drop(actor, bundle(row).filter(kind=kind))
        added = ChargebackEvidence.objects.create(
            tenant_id=actor.tenant_id,
            chargeback=row,
            kind=kind,
            document=document if found.is_file else None,
            added_by_ref=actor.ref,
            added_by=actor.name,
            **facts,
        )
        data = {"what": found.label.lower(), "evidence": added.pk}
        audit(actor=actor, action=actions.EVIDENCE_ADDED, subject=row, data=data)
    return added


def _paper(chargeback: Chargeback, document: ClientDocument) -> files.CleanFile:
    """What a client handed in and a reviewer accepted, as it is kept."""
    if document.client_id != chargeback.client_id or document.state != DocumentState.ACCEPTED:
        raise InvalidInput(fields={"document": "Choose a paper of the client that was accepted."})
    content = files.read(tenant_id=current_tenant_id(), document_id=document.pk, path=document.path)
    return files.CleanFile(content, document.mime, document.pages)


def _kept(actor: Actor, name: str, clean: files.CleanFile) -> dict[str, Any]:
    pk, moment = uuid7(), now()
    path = files.path_for(actor.tenant_id, pk, moment)
    files.write(tenant_id=actor.tenant_id, document_id=pk, path=path, content=clean.content)
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return {
        "id": pk,
        "name": "".join(char for char in last if char.isprintable()).strip()[-120:],
        "path": path,
        "mime": clean.mime,
        "size": len(clean.content),
        "sha256": hashlib.sha256(clean.content).hexdigest(),
    }


def _room(row: Chargeback, kind: str, size: int) -> None:
    others = bundle(row).exclude(kind=kind).values_list("size", flat=True)
    if sum(others) + size > FILES_BYTES_MAX:
        most = f"{FILES_BYTES_MAX / 1e6:.1f} MB"
        raise InvalidInput(fields={"file": f"A bank takes {most} of files in all. Not kept."})


def _drop(actor: Actor, rows: QuerySet[ChargebackEvidence]) -> int:
    return rows.update(removed_at=now(), removed_by=actor.name)


@transaction.atomic
def evidence_remove(*, actor: Actor, evidence: ChargebackEvidence) -> None:
    """Take a piece out of the bundle. It stays on record, and out of what is sent."""
    row = _changeable(actor, evidence.chargeback_id)
    if _drop(actor, bundle(row).filter(pk=evidence.pk)):
        data = {"what": KINDS[evidence.kind].label.lower(), "evidence": evidence.pk}
        audit(actor=actor, action=actions.EVIDENCE_REMOVED, subject=row, data=data)


def evidence_file(actor: Actor, evidence: ChargebackEvidence, mark: str) -> bytes:
    """A file for a person to look at, marked with who looks; the look is recorded."""
    content = _content(evidence)
    with transaction.atomic():
        data = {"what": evidence.name, "evidence": evidence.pk}
        audit(actor=actor, action=actions.EVIDENCE_SHOWN, subject=evidence.chargeback, data=data)
    return files.marked(content, evidence.mime, mark)


def _content(evidence: ChargebackEvidence) -> bytes:
    return files.read(tenant_id=current_tenant_id(), document_id=evidence.pk, path=evidence.path)


# Said to the gateway


def by_hand(chargeback: Chargeback) -> bool:
    """Whether people answer where the gateway asks for it, and say here that they did."""
    adapter = adapter_for(chargeback.gateway)
    return not (chargeback.provider_ref and adapter.answers_disputes)


@transaction.atomic
def evidence_submit(*, actor: Actor, chargeback: Chargeback) -> ChargebackAnswer:
    """Hand the bundle to the bank, once. Raises ``InvalidInput`` when it is empty."""
    row = _changeable(actor, chargeback.pk)
    pieces = list(bundle(row))
    if not pieces:
        raise InvalidInput("There is no evidence yet: add some, or accept the dispute.")
    content = {
        "texts": {piece.kind: piece.text for piece in pieces if not piece.path},
        "files": [str(piece.pk) for piece in pieces if piece.path],
    }
    reason = f"{len(pieces)} pieces" if len(pieces) > 1 else "1 piece"
    return _ask(actor, row, Kind.EVIDENCE, content, reason)


@transaction.atomic
def chargeback_accept(*, actor: Actor, chargeback: Chargeback, reason: str) -> ChargebackAnswer:
    """Give the dispute up: the money stays with the payer for good."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why it is not fought."})
    row = _changeable(actor, chargeback.pk)
    return _ask(actor, row, Kind.ACCEPT, {"reason": reason.strip()[:300]}, reason.strip())


def _ask(
    actor: Actor, row: Chargeback, kind: str, content: dict[str, Any], reason: str
) -> ChargebackAnswer:
    answer = ChargebackAnswer(
        tenant_id=actor.tenant_id,
        chargeback=row,
        kind=kind,
        content=content,
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    try:
        with transaction.atomic():
            answer.save(force_insert=True)
    except IntegrityError:
        raise StateConflict("An answer is on its way already. Nothing was done.") from None
    moves.begin(answer, ANSWER, actor=actor)
    what = answer.get_kind_display().lower()
    data = {"what": what, "reason": reason[:300], "answer": answer.pk}
    audit(actor=actor, action=actions.ANSWER_ASKED, subject=row, data=data)
    if by_hand(row):
        moves.move(answer, ANSWER, _A.SENDING, actor=actor)
        _taken(actor, row, answer, "by hand")
    else:
        outbox.put(SEND, subject_id=answer.pk)
    return answer


@dataclass(frozen=True, slots=True)
class ToSend:
    """An answer whose intent is committed."""

    answer_id: UUID
    gateway: GatewayAccount
    answer: DisputeAnswer


@transaction.atomic
def answer_take(*, actor: Actor, answer_id: UUID) -> ToSend | None:
    """Commit the intent to send; None when there is nothing to send any more."""
    row, answer = answer_locked(actor, answer_id)
    if answer.state in ANSWER.final:
        return None
    if answer.state == _A.QUEUED:
        # What is being sent may be what ended it: then the gateway is asked as for any other.
        if row.state not in CHARGEBACK_ANSWERABLE:
            _refused(actor, row, answer, f"It was {row.get_state_display().lower()} before.")
            return None
        moves.move(answer, ANSWER, _A.SENDING, actor=actor)
    return ToSend(answer.pk, row.gateway, _told(row, answer))


def _told(row: Chargeback, answer: ChargebackAnswer) -> DisputeAnswer:
    names = answer.content.get("files", [])
    pieces = ChargebackEvidence.objects.filter(tenant_id=current_tenant_id(), pk__in=names)
    return DisputeAnswer(
        reference=str(answer.pk),
        provider_ref=row.provider_ref,
        accepts=answer.kind == Kind.ACCEPT,
        texts=answer.content.get("texts", {}),
        files=tuple(
            EvidenceFile(piece.kind, piece.name, piece.mime, _content(piece))
            for piece in pieces.order_by("id")
        ),
    )


@transaction.atomic
def answer_ended(*, actor: Actor, answer_id: UUID, result: Result) -> bool:
    """What the call brought; False when that is not known and it has to be asked again."""
    row, answer = answer_locked(actor, answer_id)
    if answer.state in ANSWER.final:
        return True
    if isinstance(result, Sent):
        _taken(actor, row, answer, "taken by the gateway")
        return True
    if isinstance(result, Refused):
        _refused(actor, row, answer, result.reason)
        return True
    answer.error = result.reason[:300]
    if answer.state == _A.UNKNOWN:
        answer.save(update_fields=["error"])
    else:
        moves.move(
            answer, ANSWER, _A.UNKNOWN, actor=actor, reason=answer.error, update_fields=["error"]
        )
    return False


def _taken(actor: Actor, row: Chargeback, answer: ChargebackAnswer, outcome: str) -> None:
    answer.done_at, answer.error = now(), ""
    moves.move(answer, ANSWER, _A.SENT, actor=actor, update_fields=["done_at", "error"])
    _said(actor, row, answer, outcome)
    if row.state not in CHARGEBACK_ANSWERABLE:
        return  # the gateway's own word was faster
    if row.state == _C.INQUIRY:
        # No money moved: what becomes of an inquiry, the bank says.
        queues.item_close(actor=actor, queue=debts.QUEUE, subject_id=row.pk)
    elif answer.kind == Kind.ACCEPT:
        events.lose(actor, row, _C.ACCEPTED, str(answer.content.get("reason", "")))
    else:
        events.evidence_given(actor, row)


def _refused(actor: Actor, row: Chargeback, answer: ChargebackAnswer, why: str) -> None:
    """People have it again, with its deadline."""
    answer.done_at, answer.error = now(), why[:300]
    moves.move(
        answer, ANSWER, _A.REFUSED, actor=actor, reason=answer.error,
        update_fields=["done_at", "error"],
    )  # fmt: skip
    _said(actor, row, answer, f"refused: {why}")


def _said(actor: Actor, row: Chargeback, answer: ChargebackAnswer, outcome: str) -> None:
    data = {"what": answer.get_kind_display().lower(), "outcome": outcome, "answer": answer.pk}
    audit(actor=actor, action=actions.ANSWER_ENDED, subject=row, data=data)
