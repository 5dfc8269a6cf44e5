"""The API's door: keys, the tenant's scope, and requests that count once.

A key is ``Authorization: Bearer bo_<tenant>_<prefix>_<secret>``. Every writing request carries an
``Idempotency-Key``; it is stored as it came, in a transaction of its own, before it is parsed.
"""

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from ninja import Schema, Status
from ninja.security import HttpBearer

from backoffice.core.clock import now
from backoffice.core.context import Actor, ActorKind
from backoffice.core.crypto import seal
from backoffice.core.errors import DomainError, IdempotencyConflict, InvalidInput, NotPermitted
from backoffice.core.ids import uuid7
from backoffice.staff.models import ApiKey, ApiRequest
from backoffice.staff.network import client_ip
from backoffice.staff.services import hash_key
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 256 * 2**10
KEY_CHARS_MAX = 80
READS = frozenset({"GET", "HEAD", "OPTIONS"})
PURPOSE = "staff.api-request"
_TOKEN = re.compile(r"^bo_(\d{1,12})_([0-9a-f]{10})_[A-Za-z0-9_-]{20,80}$")
ViewT = TypeVar("ViewT", bound=Callable[..., Any])


class BodyTooLarge(DomainError):
    code = "body-too-large"
    sentence = f"The body is larger than {BODY_BYTES_MAX // 2**10} KB. Nothing was kept."
    status = 413


@dataclass(frozen=True)
class Caller:
    """Who calls, and the stored request when it writes."""

    actor: Actor
    stored: UUID | None = None


class ApiKeyAuth(HttpBearer):
    """Ninja calls it before it parses anything; a wrong key is answered 401 without a reason."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        match = _TOKEN.match(token)
        tenant_id = int(match[1]) if match else 0
        if match is None or not Tenant.objects.filter(pk=tenant_id, active=True).exists():
            return None
        with tenant_scope(tenant_id):
            key = ApiKey.objects.filter(tenant_id=tenant_id, prefix=match[2]).first()
            if key is None or not _holds(key, token):
                log.warning("API key refused", extra={"tenant_id": tenant_id, "prefix": match[2]})
                return None
        actor = _actor(key, client_ip(request))
        if request.method in READS:
            return Caller(actor)
        return Caller(actor, _stored(request, actor, key))


def _holds(key: ApiKey, token: str) -> bool:
    if not hmac.compare_digest(key.key_hash, hash_key(token)) or key.revoked_at is not None:
        return False
    return key.expires_at is None or key.expires_at > now()


def _actor(key: ApiKey, ip: str) -> Actor:
    return Actor(
        kind=ActorKind.API,
        ref=f"key:{key.prefix}",
        name=f"API key {key.name}",
        tenant_id=cast("int", key.tenant_id),
        permissions=frozenset(key.permissions),
        ip=ip,
    )


def _stored(request: HttpRequest, actor: Actor, key: ApiKey) -> UUID:
    """The row of this request, new or the earlier one with the same key. Raises
    ``IdempotencyConflict`` when the earlier one was another request."""
    name = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(name) <= KEY_CHARS_MAX or not name.isprintable():
        raise InvalidInput(
            f"Send an Idempotency-Key header of 1 to {KEY_CHARS_MAX} characters, one per request.",
            code="idempotency-key-missing",
        )
    if int(request.headers.get("Content-Length") or 0) > BODY_BYTES_MAX:
        raise BodyTooLarge
    body = request.body
    content_hash = hashlib.sha256(
        b"\n".join([str(request.method).encode(), request.path.encode(), body])
    ).hexdigest()
    with tenant_scope(actor.tenant_id, actor):
        row = _find(key, name) or _keep(request, actor, key, name, body, content_hash)
        if row.content_hash != content_hash:
            raise IdempotencyConflict
        return row.pk


def _find(key: ApiKey, name: str) -> ApiRequest | None:
    return ApiRequest.objects.filter(key=key, idempotency_key=name).first()


def _keep(
    request: HttpRequest, actor: Actor, key: ApiKey, name: str, body: bytes, content_hash: str
) -> ApiRequest:
    pk = uuid7()
    try:
        with transaction.atomic():
            return ApiRequest.objects.create(
                id=pk,
                tenant_id=actor.tenant_id,
                key=key,
                idempotency_key=name,
                method=str(request.method),
                path=request.path[:300],
                body_sealed=seal(
                    body, tenant_id=actor.tenant_id, purpose=PURPOSE, bound_to=str(pk)
                ),
                content_hash=content_hash,
                ip=actor.ip,
            )
    except IntegrityError:  # the same request came twice at once
        row = _find(key, name)
        assert row is not None
        return row


class ApiHttpRequest(HttpRequest):
    """A request inside ``api_view``: the tenant is in scope, the actor is known."""

    auth: Caller
    actor: Actor


def api_view(permission: str, *, status: int = 200) -> Callable[[ViewT], ViewT]:
    """Run an operation in one transaction of the key's tenant, when the key has ``permission``.

    An operation that writes returns a Schema; its answer is stored with what it wrote, so that a
    repeat gets the same one and writes nothing.
    """

    def decorate(view: ViewT) -> ViewT:
        @wraps(view)
        def checked(request: ApiHttpRequest, *args: Any, **kwargs: Any) -> Any:
            caller = request.auth
            if not caller.actor.can(permission):
                raise NotPermitted(f"This key does not hold the right {permission}.")
            request.actor = caller.actor
            with tenant_scope(caller.actor.tenant_id, caller.actor):
                if caller.stored is None:
                    return Status(status, view(request, *args, **kwargs))
                row = ApiRequest.objects.select_for_update().get(pk=caller.stored)
                if row.status is not None:
                    return Status(row.status, row.response)
                answer: Schema = view(request, *args, **kwargs)
                row.status, row.answered_at = status, now()
                row.response = json.loads(answer.model_dump_json())
                row.save(update_fields=["status", "response", "answered_at"])
                return Status(status, row.response)

        return cast("ViewT", checked)

    return decorate
