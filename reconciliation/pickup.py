"""Statements picked up from a folder: what a bank's host-to-host client or a transfer job leaves in
the brokerage's own folder is taken as if someone had uploaded it, then moved aside.

`<folder>/<slug of the brokerage>/` is looked into; `done/` and `failed/` beneath it keep what was
there. A file that is still being written is left until it is a few seconds old; one that was taken
and not moved yet, because something died in between, is known by its hash and moved then.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from reconciliation import actions, columns, intake
from reconciliation.errors import FileKnown
from reconciliation.files import FILE_BYTES_MAX
from reconciliation.models import Pickup, StatementFile

SETTLED_S = 5.0  # since the last write
FILES_AT_ONCE = 20
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")


@dataclass(frozen=True, slots=True)
class _Taken:
    state: str
    note: str
    file: StatementFile | None = None


def folder_of(slug: str) -> Path:
    return Path(settings.STATEMENT_PICKUP_DIR) / slug


def pickup_run(*, actor: Actor) -> list[Pickup]:
    """Take what has arrived in the folder of the actor's brokerage, each file in a transaction of
    its own; what became of each. Opens its own scopes. No folder: nothing to do."""
    folder = folder_of(Tenant.objects.get(pk=actor.tenant_id).slug)
    return [_pick(actor, path) for path in _arrived(folder)]


def _arrived(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    found = sorted(path for path in folder.iterdir() if _is_whole(path))
    yield from found[:FILES_AT_ONCE]


def _is_whole(path: Path) -> bool:
    if path.name.startswith(".") or path.suffix.lower() in UNFINISHED:
        return False
    if path.is_symlink():  # never followed; moved aside as it is
        return True
    return path.is_file() and time.time() - path.stat().st_mtime >= SETTLED_S


def _pick(actor: Actor, path: Path) -> Pickup:
    taken = _take(actor, path)
    with tenant_scope(actor.tenant_id, actor):
        row = Pickup.objects.create(
            tenant_id=actor.tenant_id,
            name=path.name[:200],
            state=taken.state,
            note=taken.note[:300],
            file=taken.file,
        )
        data = {"name": row.name, "result": row.get_state_display().lower(), "note": row.note}
        audit(actor=actor, action=actions.PICKED_UP, subject=row, label=row.name, data=data)
    _aside(path, "failed" if taken.state == Pickup.State.FAILED else "done")
    return row


def _take(actor: Actor, path: Path) -> _Taken:
    if path.is_symlink() or path.stat().st_size > FILE_BYTES_MAX:
        most = FILE_BYTES_MAX // 2**20
        return _Taken(Pickup.State.FAILED, f"It is no plain file of at most {most} MB.")
    try:
        content = path.read_bytes()
    except OSError as error:
        return _Taken(Pickup.State.FAILED, f"It can't be read: {error.strerror}.")
    try:
        with tenant_scope(actor.tenant_id, actor):
            file = intake.file_take(actor=actor, name=path.name, content=content)
            if file.state == StatementFile.State.MAPPING:
                file = columns.file_as_before(actor=actor, file=file)
    except FileKnown as refusal:
        return _Taken(Pickup.State.KNOWN, refusal.sentence)
    except DomainError as refusal:
        return _Taken(Pickup.State.FAILED, refusal.sentence)
    if file.state == StatementFile.State.REFUSED:
        return _Taken(Pickup.State.FAILED, "It can't be read as a statement.", file)
    waits = file.state == StatementFile.State.MAPPING
    return _Taken(Pickup.State.TAKEN, "Its columns are to be chosen." if waits else "", file)


def _aside(path: Path, where: str) -> None:
    """Out of the way under a name of its own, so that a file of the same name can come tomorrow."""
    target = path.parent / where
    target.mkdir(exist_ok=True)
    path.rename(target / f"{now():%Y%m%d-%H%M%S-%f}-{path.name}")
