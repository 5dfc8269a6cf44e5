"""Services for upload links: a client hands in documents without signing in.

The address carries ``<tenant>.<link>.<secret>`` under a signature, so that a made-up address is
refused before any query. The secret itself is shown once and kept as a hash.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, ActorKind, current_tenant_id, tenant_context
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from clients import actions
from clients.documents import document_store
from clients.errors import LinkRefused
from clients.locks import link_locked
from clients.models import Client, ClientDocument, DocumentType, UploadLink
from clients.states import ClientState

VALID_DAYS_MAX = 30
USES_MAX = 30
_signer = Signer(salt="clients.upload-link", sep=":")


@dataclass(frozen=True)
class NewUploadLink:
    """``token`` goes into the address; it can't be shown again."""

    link: UploadLink
    token: str


@dataclass(frozen=True)
class OpenLink:
    """A link that holds, in the scope of its tenant, with the client as the actor."""

    link: UploadLink
    tenant: Tenant
    actor: Actor


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def upload_link_create(
    *,
    actor: Actor,
    client: Client,
    types: Sequence[str],
    valid_days: int = 7,
    uses_max: int = 10,
    message: str = "",
) -> NewUploadLink:
    """A link for ``types`` of documents, for ``valid_days``; each file kept uses it once."""
    wanted = [kind for kind in DocumentType.values if kind in set(types)]
    if not wanted or len(wanted) != len(set(types)):
        raise InvalidInput(fields={"types": "Choose the documents to ask for."})
    return _create(actor, client, wanted, valid_days, uses_max, message)


@transaction.atomic
def question_link_create(
    *, actor: Actor, client: Client, valid_days: int = 7, message: str = ""
) -> NewUploadLink:
    """A link that asks for no document: another domain's page says what is answered there."""
    return _create(actor, client, [], valid_days, 1, message)


def _create(
    actor: Actor, client: Client, wanted: list[str], valid_days: int, uses_max: int, message: str
) -> NewUploadLink:
    if not 1 <= valid_days <= VALID_DAYS_MAX:
        raise InvalidInput(fields={"valid_days": f"Between 1 and {VALID_DAYS_MAX} days."})
    if not 1 <= uses_max <= USES_MAX:
        raise InvalidInput(fields={"uses_max": f"Between 1 and {USES_MAX} files."})
    if client.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. No link was made.")
    secret = secrets.token_urlsafe(24)
    link = UploadLink.objects.create(
        tenant_id=actor.tenant_id,
        client=client,
        secret_hash=_hash(secret),
        types=wanted,
        message=message.strip()[:500],
        created_by_ref=actor.ref,
        created_by=actor.name,
        expires_at=now() + timedelta(days=valid_days),
        uses_max=uses_max,
    )
    audit(
        actor=actor,
        action=actions.LINK_CREATED,
        subject=client,
        data={"link": link.pk, "types": wanted, "expires_at": link.expires_at},
    )
    return NewUploadLink(link, _signer.sign(f"{actor.tenant_id}.{link.pk.hex}.{secret}"))


@transaction.atomic
def upload_link_revoke(*, actor: Actor, link: UploadLink) -> UploadLink:
    row = link_locked(actor.tenant_id, link.pk)
    assert row is not None
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = now(), actor.name
        row.save(update_fields=["revoked_at", "revoked_by"])
        audit(actor=actor, action=actions.LINK_REVOKED, subject=row.client, data={"link": row.pk})
    return row


def why_closed(link: UploadLink) -> str:
    """Why nothing can be handed in through it any more; empty while it is open."""
    if link.revoked_at is not None:
        return "This link was withdrawn."
    if link.expires_at <= now():
        return f"This link ended on {link.expires_at:%-d %B %Y}."
    if link.uses >= link.uses_max:
        return "As many files as this link takes were handed in already."
    return ""


@contextmanager
def opened(token: str, ip: str = "") -> Iterator[OpenLink]:
    """The link behind an address, in one transaction of its tenant. Raises ``LinkRefused``.

    Unknown, forged and another's secret read the same: nothing is said about what exists.
    """
    tenant_id, link_id, secret = _parts(token)
    tenant = Tenant.objects.filter(pk=tenant_id, active=True).first()
    if tenant is None:
        raise LinkRefused
    with tenant_scope(tenant_id):
        link = link_locked(tenant_id, link_id)
        if link is None or not hmac.compare_digest(link.secret_hash, _hash(secret)):
            raise LinkRefused
        client = link.client
        actor = Actor(ActorKind.CLIENT, f"client:{client.reference}", client.name, tenant_id, ip=ip)
        with tenant_context(tenant_id, actor):
            yield OpenLink(link, tenant, actor)


def _parts(token: str) -> tuple[int, UUID, str]:
    try:
        tenant_id, link_id, secret = _signer.unsign(token).split(".")
        return int(tenant_id), UUID(link_id), secret
    except (BadSignature, ValueError):
        raise LinkRefused from None


def upload_link_use(*, open_link: OpenLink, type: str, name: str, content: bytes) -> ClientDocument:
    """Hand in one file. Raises ``LinkRefused`` when the link is closed or does not ask for it."""
    link = open_link.link
    why = why_closed(link)
    if why:
        raise LinkRefused(f"{why} Ask the company that sent it for a new one.")
    if type not in link.types:
        raise InvalidInput(fields={"type": "This link does not ask for such a document."})
    known = {row.pk for row in handed_in(link)}
    document = document_store(
        actor=open_link.actor, client=link.client, type=type, name=name, content=content
    )
    if document.pk not in known:
        link.uses += 1
        link.save(update_fields=["uses"])
    return document


def handed_in(link: UploadLink) -> list[ClientDocument]:
    """What the client has handed in since the link was made, of the types that it asks for."""
    return list(
        ClientDocument.objects.filter(
            tenant_id=current_tenant_id(),
            client_id=link.client_id,
            type__in=link.types,
            uploaded_at__gte=link.created_at,
            uploaded_by_ref__startswith="client:",
        ).order_by("id")
    )
