"""Writing tables of leverage caps: a version is a new row, set by a second person."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.workflow import outbox, versions
from backoffice.workflow.versions import Track, version_machine
from trading import actions
from trading.leverage import tables
from trading.leverage.models import LeverageTable
from trading.leverage.tables import FIRST, Table

KIND, MANAGE = "trading.leverage_table", "trading.manage_leverage"
CONTROL = "trading.leverage_control"
LEVERAGE_TABLE = version_machine("trading.leveragetable")


def row_in_force() -> LeverageTable | None:
    row: LeverageTable | None = versions.in_force(TRACK)
    return row


def table_in_force() -> Table:
    """What caps now: the version in force, else the product's own figures."""
    row = row_in_force()
    return tables.load(row.content) if row else FIRST


@transaction.atomic
def table_write(*, actor: Actor, table: Table, note: str) -> LeverageTable:
    """A draft. It caps nobody until it was proposed and set."""
    if not actor.can(MANAGE):
        raise NotPermitted
    tables.check(table)
    if not note.strip():
        raise InvalidInput(fields={"note": "Say what is new in it."})
    versions.alone(actor, TRACK)
    row: LeverageTable = versions.begin(
        TRACK, actor=actor, content=tables.dump(table), note=note.strip()[:200]
    )
    data = {"note": row.note}
    audit(actor=actor, action=actions.LEVERAGE_WRITTEN, subject=row, label=str(row), data=data)
    return row


def content(row: LeverageTable) -> Mapping[str, Any]:
    """What the second person reads, and what is hashed: every figure that is another."""
    before = row_in_force()
    changes = tables.differences(table_in_force(), tables.load(row.content))
    return {
        "Version": row.number,
        "In place of": str(before) if before else "the product's own figures",
        "What is new": row.note,
        **changes,
    }


def _follow(actor: Actor, row: LeverageTable) -> None:
    """Who is above by the new figures is to be known at once."""
    outbox.put(CONTROL, subject_id=row.pk)


TRACK = Track(
    model=LeverageTable,
    machine=LEVERAGE_TABLE,
    kind=KIND,
    label="Leverage caps",
    right=MANAGE,
    proposed=actions.LEVERAGE_PROPOSED,
    done=actions.LEVERAGE_SET,
    content=content,
    url=lambda approval: reverse("trading:leverage-table", args=[approval.subject_id]),
    follow=_follow,
)
