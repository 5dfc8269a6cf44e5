"""Writing the audit trail: one entry beside every write, in its transaction; sealing apart."""

import json
import os
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models

from backoffice.audit.actions import Action
from backoffice.core.context import Actor, request_id
from backoffice.core.ids import uuid7

_APPEND = "SELECT audit_append(" + ", ".join(["%s"] * 13) + ")"
SEAL_BATCH_MAX = 5_000


class _Encoder(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        if hasattr(value, "currency") and hasattr(value, "amount"):
            return str(value)
        if isinstance(value, set | frozenset):
            return sorted(map(str, value))
        return super().default(value)


def subject_type(model: type[models.Model] | models.Model) -> str:
    """The code under which an object's history is kept: ``payments.withdrawal``."""
    return str(model._meta.label_lower)


def audit(
    *,
    actor: Actor,
    action: Action,
    subject: models.Model | None = None,
    label: str = "",
    data: Mapping[str, Any] | None = None,
) -> UUID:
    """Append one entry to the actor's tenant; returns its id. Call it inside the transaction."""
    entry = uuid7()
    label = label or getattr(subject, "reference", "") or ""
    if action.typed_label:
        data, label = {**(data or {}), "label": label}, ""
    with connection.cursor() as cursor:
        cursor.execute(
            _APPEND,
            [
                actor.tenant_id,
                entry,
                actor.kind.value,
                actor.ref[:80],
                actor.name[:160],
                action.code,
                subject_type(subject) if subject is not None else "",
                subject.pk if subject is not None else None,
                label[:120],
                actor.ip,
                request_id.get(),
                json.dumps(data or {}, cls=_Encoder),
                os.urandom(16),
            ],
        )
    return entry


def seal(*, actor: Actor) -> int:
    """Seal the waiting entries of the actor's tenant, batch by batch in one transaction."""
    sealed = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT audit_seal(%s, %s)", [actor.tenant_id, SEAL_BATCH_MAX])
            count: int = cursor.fetchone()[0]
            sealed += count
            if count < SEAL_BATCH_MAX:
                return sealed
