"""Closing a day of the books. Part of the ledger's public door for those who write."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import brokerage
from ledger import selectors
from ledger.actions import DAY_CLOSED
from ledger.errors import DayNotClosable
from ledger.models import DayClose


def day_end(tenant_id: int, day: date) -> datetime:
    """Midnight after ``day`` where the brokerage is: the first moment that is not in it."""
    zone = ZoneInfo(brokerage().timezone)
    return datetime.combine(day + timedelta(days=1), time(), zone)


def day_close(*, actor: Actor, day: date, verified: bool = False) -> DayClose:
    """Shut the books of ``day`` and of all before it: nothing more is valued there.

    Posts in flight are waited for, and new ones wait until the caller's transaction ends: what is
    read after this is what the day stays. Closing a closed day again does nothing. ``verified``:
    the caller has just had the books verified. Raises ``DayNotClosable`` when the day is not over,
    a later day is closed, or the books don't verify.
    """
    ends_at = day_end(actor.tenant_id, day)
    if now() < ends_at:
        raise DayNotClosable(f"{day:%d %B %Y} is not over yet where the brokerage is.")
    closed = DayClose.objects.filter(tenant_id=actor.tenant_id)
    found = closed.filter(day=day).first()
    if found is not None:
        return found
    if not verified:
        _verify(actor.tenant_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ledger_day_close(%s, %s, %s, %s, %s)",
            [actor.tenant_id, uuid7(), day, ends_at, actor.ref],
        )
        if not cursor.fetchone()[0]:
            raise DayNotClosable("A later day is closed already.")
    row = closed.get(day=day)
    audit(actor=actor, action=DAY_CLOSED, subject=row, label=str(day), data={"day": str(day)})
    return row


def _verify(tenant_id: int) -> None:
    verification = selectors.verify(tenant_id)
    if not verification.sound:
        first = verification.faults[0]
        raise DayNotClosable(
            f"The books do not verify ({first.rule}: {first.subject}), so the day stays open."
        )


def last_closed(tenant_id: int) -> DayClose | None:
    """The newest closed day; None before the first."""
    return DayClose.objects.filter(tenant_id=tenant_id).order_by("-ends_at").first()


def snapshots_take(*, actor: Actor) -> int:
    """Write the balances of the closed days that have none yet; returns how many rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_snapshots_take(%s)", [actor.tenant_id])
        count: int = cursor.fetchone()[0]
    return count
