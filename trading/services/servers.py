"""Trading servers: how to reach them, and what is asked of them by hand."""

from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput
from backoffice.workflow import outbox
from trading import actions
from trading.connections import seal_password, settings_of
from trading.locks import server_locked
from trading.models import Group, SyncKind, TradingServer

FIELDS = (
    "name",
    "platform",
    "url",
    "manager_login",
    "tls_fingerprint",
    "tls_ca_bundle",
    "group_masks",
    "timezone_offset_minutes",
    "dst_rule",
    "read_timeout_s",
    "live",
    "active",
)
TEXTS = {"name": 40, "url": 200, "tls_fingerprint": 95, "group_masks": 400}
OFFSET_MINUTES_MAX = 14 * 60
READ_TIMEOUT_S_MAX = 60  # rules.CALL_MAX counts on it
PASSWORD_CHARS_MAX = 128


def _check(server: TradingServer, password: str) -> None:
    problems: dict[str, str] = {}
    if not server.name.strip():
        problems["name"] = "A server needs a name."
    if server.manager_login <= 0:
        problems["manager_login"] = "A login is a positive number."
    if abs(server.timezone_offset_minutes) > OFFSET_MINUTES_MAX:
        problems["timezone_offset_minutes"] = "Time zones are at most 14 hours from UTC."
    if not 1 <= server.read_timeout_s <= READ_TIMEOUT_S_MAX:
        problems["read_timeout_s"] = f"From 1 to {READ_TIMEOUT_S_MAX} seconds."
    if len(password) > PASSWORD_CHARS_MAX:
        problems["password"] = f"At most {PASSWORD_CHARS_MAX} characters."
    for name, limit in TEXTS.items():
        if len(getattr(server, name)) > limit:
            problems[name] = f"At most {limit} characters fit."
    taken = TradingServer.objects.filter(tenant_id=current_tenant_id(), name=server.name)
    if taken.exclude(pk=server.pk).exists():
        problems["name"] = "There is a server of this name."
    if problems:
        raise InvalidInput(fields=problems)
    settings_of(server)


@transaction.atomic
def server_add(*, actor: Actor, password: str, **values: Any) -> TradingServer:
    """Connect a server; ``values`` are named in ``FIELDS``. Its groups and symbols are read next.

    ``password`` is the manager's API password; it is sealed and never shown again.
    """
    assert set(values) <= set(FIELDS), values
    if not password:
        raise InvalidInput(fields={"password": "The API password is missing."})
    server = TradingServer(tenant_id=actor.tenant_id, **values)
    server.password_sealed = seal_password(server, password)
    _check(server, password)
    server.save(force_insert=True)
    audit(actor=actor, action=actions.SERVER_ADDED, subject=server, label=server.name)
    server_ask(actor=actor, server=server, kind=SyncKind.SETUP)
    return server


@transaction.atomic
def server_change(
    *, actor: Actor, server: TradingServer, password: str = "", **values: Any
) -> TradingServer:
    """Change how a server is reached; an empty ``password`` leaves it as it is."""
    assert set(values) <= set(FIELDS), values
    row = server_locked(actor, server.pk)
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, values[name])
    if password:
        row.password_sealed = seal_password(row, password)
        changed.append("password_sealed")
    if not changed:
        return row
    _check(row, password)
    row.save(update_fields=changed)
    fields = ", ".join(name.removesuffix("_sealed").replace("_", " ") for name in changed)
    audit(
        actor=actor,
        action=actions.SERVER_CHANGED,
        subject=row,
        label=row.name,
        data={"fields": fields},
    )
    return row


@transaction.atomic
def server_ask(*, actor: Actor, server: TradingServer, kind: str) -> None:
    """Have a server tested or read now; the answer is a ``SyncRun``."""
    outbox.put(
        "trading.sync",
        subject_id=server.pk,
        payload={"kind": SyncKind(kind).value, "by": actor.name},
    )


@transaction.atomic
def group_offer(*, actor: Actor, group: Group, offered: bool) -> Group:
    """Whether accounts may be opened in ``group`` from here."""
    row = Group.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=group.pk)
    if row.offered != offered:
        row.offered = offered
        row.save(update_fields=["offered"])
        audit(
            actor=actor,
            action=actions.GROUP_OFFERED,
            subject=server_locked(actor, row.server_id),
            label=row.name,
            data={"verb": "offered" if offered else "took back", "group": row.name},
        )
    return row
