"""Services for clients' documents: store, describe, decide, look at."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.crypto import fingerprints, seal, unseal
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.ids import uuid7
from backoffice.workflow import moves
from clients import actions, files, followers
from clients.locks import client_locked, document_locked
from clients.looks import look
from clients.models import Client, ClientDocument, DocumentType, LookKind, Party
from clients.rules import folded
from clients.states import DOCUMENT, ClientState, DocumentState

NUMBER = "clients.document-number"
TYPED = "typed"
EXTRACTION = "clients.document-extraction"
NAME_CHARS_MAX = 120
NUMBER_CHARS_MAX = 40
DOCUMENTS_PER_CLIENT_MAX = 200


@transaction.atomic
def document_store(
    *,
    actor: Actor,
    client: Client,
    type: str,
    name: str,
    content: bytes,
    clean: files.CleanFile | None = None,
    party: Party | None = None,
) -> ClientDocument:
    """Keep a file for a client, or for a ``party`` of a company. The same bytes of the same type
    again return what is kept.

    ``clean`` is what ``files.clean_file(content)`` gave, when that was done before.
    Raises ``FileRefused`` when the file is too large, disguised, damaged or a bomb.
    """
    if type not in DocumentType.values:
        raise InvalidInput(fields={"type": "Choose what kind of document it is."})
    files.check_size(len(content))
    digest = hashlib.sha256(content).hexdigest()
    row = client_locked(actor, client.pk)
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. The file was not kept.")
    mine = ClientDocument.objects.filter(tenant_id=actor.tenant_id, client=row)
    if party is not None and party.client_id != row.pk:
        raise InvalidInput(fields={"party": "Choose one of this client's."})
    known = (
        mine.filter(sha256=digest, type=type, party=party)
        .exclude(state=DocumentState.REFUSED)
        .first()
    )
    if known is not None:
        return known
    if mine.count() >= DOCUMENTS_PER_CLIENT_MAX:
        raise InvalidInput(f"A client has {DOCUMENTS_PER_CLIENT_MAX} documents at most.")
    clean = clean or files.clean_file(content)
    document_id, moment = uuid7(), now()
    path = files.path_for(actor.tenant_id, document_id, moment)
    files.write(
        tenant_id=actor.tenant_id, document_id=document_id, path=path, content=clean.content
    )
    document = ClientDocument.objects.create(
        id=document_id,
        tenant_id=actor.tenant_id,
        client=row,
        party=party,
        type=type,
        name=_file_name(name, type),
        sha256=digest,
        mime=clean.mime,
        size=len(clean.content),
        pages=clean.pages,
        path=path,
        uploaded_at=moment,
        uploaded_by_ref=actor.ref,
        uploaded_by=actor.name,
    )
    moves.begin(document, DOCUMENT, actor=actor)
    audit(
        actor=actor,
        action=actions.DOCUMENT_UPLOADED,
        subject=row,
        data={**_about(document), "name": document.name, "sha256": digest},
    )
    followers.tell("document_uploaded", row, document=str(document_id))
    return document


def _file_name(name: str, type: str) -> str:
    """What it was called, for people to recognise; never a path, never used to open anything."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(char for char in last if char.isprintable()).strip()
    return plain[-NAME_CHARS_MAX:] or type


def _about(document: ClientDocument) -> dict[str, Any]:
    kind = document.get_type_display().lower()
    whose = f" ({document.party.name})" if document.party else ""
    return {"type": f"{kind}{whose}", "document": document.pk}


def number_key(number: str) -> str:
    """A document's number without the blanks and dashes in which its writings differ."""
    return folded(number).replace(" ", "").upper()


@transaction.atomic
def document_describe(
    *,
    actor: Actor,
    document: ClientDocument,
    number: str = "",
    issuing_country: str = "",
    issued_on: date | None = None,
    expires_on: date | None = None,
    source: str = TYPED,
    reading: Mapping[str, Any] | None = None,
) -> ClientDocument:
    """Write down what the document says. ``reading`` is kept under its ``source`` (``mrz``,
    ``typed``, a vendor's name), sealed; an empty argument leaves what was known."""
    client = client_locked(actor, document.client_id)
    row = document_locked(actor, document.pk)
    if len(number) > NUMBER_CHARS_MAX:
        raise InvalidInput(fields={"number": f"At most {NUMBER_CHARS_MAX} characters fit."})
    row.issued_on = issued_on or row.issued_on
    row.expires_on = expires_on or row.expires_on
    row.issuing_country = issuing_country or row.issuing_country
    if row.issued_on and row.expires_on and row.issued_on >= row.expires_on:
        sentence = (
            f"It can't expire on {row.expires_on:%-d %b %Y} when it was issued on "
            f"{row.issued_on:%-d %b %Y}. Nothing was changed."
        )
        raise InvalidInput(sentence, fields={"expires_on": sentence})
    if number:
        row.number_sealed = _sealed(row, NUMBER, number.strip().encode())
        row.number_hash = fingerprints(
            number_key(number), tenant_id=current_tenant_id(), purpose=NUMBER
        )[0]
    if reading is None and source == TYPED:
        reading = {
            "number": number.strip(),
            "expires_on": expires_on.isoformat() if expires_on else "",
            "issued_on": issued_on.isoformat() if issued_on else "",
        }
    if reading is not None:
        readings = {**readings_of(row), source: dict(reading)}
        row.extraction_sealed = _sealed(row, EXTRACTION, json.dumps(readings).encode())
    row.save(
        update_fields=[
            "issued_on",
            "expires_on",
            "issuing_country",
            "number_sealed",
            "number_hash",
            "extraction_sealed",
        ]
    )
    audit(
        actor=actor,
        action=actions.DOCUMENT_DESCRIBED,
        subject=client,
        data={**_about(row), "source": source},
    )
    return row


def _sealed(row: ClientDocument, purpose: str, plain: bytes) -> bytes:
    return seal(plain, tenant_id=current_tenant_id(), purpose=purpose, bound_to=str(row.pk))


def _unsealed(row: ClientDocument, purpose: str, sealed: bytes) -> bytes:
    if not sealed:
        return b""
    return unseal(sealed, tenant_id=current_tenant_id(), purpose=purpose, bound_to=str(row.pk))


def number_of(document: ClientDocument) -> str:
    """The document's number in clear: show it only to who may see full data."""
    return _unsealed(document, NUMBER, bytes(document.number_sealed)).decode()


def readings_of(document: ClientDocument) -> dict[str, dict[str, Any]]:
    """What was read from the document, by source."""
    plain = _unsealed(document, EXTRACTION, bytes(document.extraction_sealed))
    return dict(json.loads(plain)) if plain else {}


@transaction.atomic
def document_decide(
    *,
    actor: Actor,
    document: ClientDocument,
    accepted: bool,
    reason: str = "",
    client_text: str = "",
) -> ClientDocument:
    """Accept, or refuse with a code of the catalogue and the words that the client reads."""
    if not accepted and not reason:
        raise InvalidInput(fields={"reason": "A refusal needs a reason."})
    client = client_locked(actor, document.client_id)
    row = document_locked(actor, document.pk)
    if accepted and row.expires_on and row.expires_on < today():
        raise InvalidInput(f"It expired on {row.expires_on:%-d %b %Y}: refuse it as expired.")
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    row.decision_reason = "" if accepted else reason
    row.decision_text = "" if accepted else client_text[:300]
    state = DocumentState.ACCEPTED if accepted else DocumentState.REFUSED
    fields = ("decided_at", "decided_by_ref", "decided_by", "decision_reason", "decision_text")
    if moves.move(row, DOCUMENT, state, actor=actor, reason=reason, update_fields=fields):
        audit(
            actor=actor,
            action=actions.DOCUMENT_DECIDED,
            subject=client,
            data={**_about(row), "verdict": state.label.lower(), "reason": reason},
        )
    return row


@transaction.atomic
def document_expire(*, actor: Actor, document: ClientDocument) -> ClientDocument:
    """Its date has passed. What follows from that is KYC's to say."""
    client = client_locked(actor, document.client_id)
    row = document_locked(actor, document.pk)
    if moves.move(row, DOCUMENT, DocumentState.EXPIRED, actor=actor):
        audit(actor=actor, action=actions.DOCUMENT_EXPIRED, subject=client, data=_about(row))
    return row


def document_look(*, actor: Actor, document: ClientDocument, brokerage: str) -> bytes:
    """The file with a watermark of who looks, when; every look is an audit entry."""
    content = files.read(tenant_id=current_tenant_id(), document_id=document.pk, path=document.path)
    look(actor=actor, client=document.client, kind=LookKind.DOCUMENT)
    audit(
        actor=actor,
        action=actions.DOCUMENT_VIEWED,
        subject=document.client,
        data=_about(document),
    )
    mark = f"{brokerage} - {actor.name} - {now():%Y-%m-%d %H:%M} UTC"
    return files.marked(content, document.mime, mark)
