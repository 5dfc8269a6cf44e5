"""Closing a business day: verified by a worker, asked for by one person, approved by a second one.

A closed day is never opened again: its totals were signed and may have been handed to an auditor.
What is learned of it later is booked into the first open day, with its own date.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from backoffice.audit.selectors import head
from backoffice.audit.services import audit, seal
from backoffice.audit.witnesses import Named
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.portal.figures import day_text
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import moves, outbox
from backoffice.workflow.approvals import approval_ask, approval_cancel, pending_for
from backoffice.workflow.models import Approval
from ledger import selectors as ledger
from ledger import totals as books
from ledger.days import day_close as ledger_day_close
from ledger.days import day_end, last_closed
from reporting import actions
from reporting.day_close.calendar import business_day_before, business_days
from reporting.day_close.checklist import Check, checklist, last_check, report_of
from reporting.day_close.policy import policy_of
from reporting.errors import DayNotReady
from reporting.locks import days_lock
from reporting.models import BooksCheck, BusinessDay, DayPolicy, DayTotal
from reporting.states import DAY, VERIFY, VERIFY_TOPIC, DayState, VerifyState

APPROVAL = "reporting.day_close"
CLOSE = "reporting.close_day"
FAULTS_KEPT = 50
REASON_CHARS_MAX = 300


@transaction.atomic
def policy_set(*, actor: Actor, values: Mapping[str, Any]) -> DayPolicy:
    """``values``: fields of ``DayPolicy``; they hold for every day that is not closed."""
    before = _policy_values(policy_of(actor.tenant_id))
    row, _ = DayPolicy.objects.update_or_create(tenant_id=actor.tenant_id, defaults=dict(values))
    data = {"before": before, "after": _policy_values(row)}
    audit(actor=actor, action=actions.DAY_POLICY_CHANGED, subject=row, data=data)
    return row


def _policy_values(policy: DayPolicy) -> dict[str, Any]:
    names = ("cut_off", "weekends", "materiality", "transit_days")
    return {name: str(getattr(policy, name)) for name in names}


# Days


@transaction.atomic
def days_open(*, actor: Actor, since: date | None = None) -> list[BusinessDay]:
    """Make the business days up to today that are not there yet; returns them.

    The first day follows what the ledger has closed; without that it is the newest business day
    before today (or ``since``) and covers the books from their beginning.
    """
    days_lock(actor)
    tenant = brokerage()
    last = BusinessDay.objects.filter(tenant_id=actor.tenant_id).order_by("-day").first()
    weekends, newest = policy_of(actor.tenant_id).weekends, today(tenant.timezone)
    if last is not None:
        first_day = start = last.day + timedelta(days=1)
    elif (closed := last_closed(actor.tenant_id)) is not None:
        first_day = start = closed.day + timedelta(days=1)
    else:
        start = since or business_day_before(newest, weekends=weekends)
        moment = books.first_moment(actor.tenant_id)
        first_day = moment.astimezone(ZoneInfo(tenant.timezone)).date() if moment else start
    made: list[BusinessDay] = []
    for day in business_days(start, newest, weekends=weekends):
        row = BusinessDay.objects.create(
            tenant_id=actor.tenant_id,
            day=day,
            first_day=min(first_day, day),
            ends_at=day_end(actor.tenant_id, day),
        )
        moves.begin(row, DAY, actor=actor)
        made.append(row)
        first_day = day + timedelta(days=1)
    return made


def day_locked(actor: Actor, row: BusinessDay) -> BusinessDay:
    return BusinessDay.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=row.pk)


@transaction.atomic
def day_look(*, actor: Actor, row: BusinessDay) -> BusinessDay:
    """Look at the checklist and move the day between open and ready as it says."""
    locked = day_locked(actor, row)
    if locked.state in (DayState.OPEN, DayState.READY):
        stopping = [each for each in checklist(actor, locked) if each.stops]
        target = DayState.OPEN if stopping else DayState.READY
        reason = f"{stopping[0].label}: {stopping[0].says}" if stopping else ""
        moves.move(locked, DAY, target, actor=actor, reason=reason[:300])
    return locked


# The books verified


@transaction.atomic
def verify_ask(*, actor: Actor, row: BusinessDay) -> BooksCheck:
    """Have the books verified by a worker; the verification that goes on, when one does."""
    locked = day_locked(actor, row)
    if locked.state == DayState.CLOSED:
        raise StateConflict("The day is closed already.")
    if now() < locked.ends_at:
        raise DayNotReady(f"{day_text(locked.day)} is not over yet where the brokerage is.")
    last = last_check(actor, locked)
    if last is not None and last.state == VerifyState.ASKED:
        return last
    check = BooksCheck.objects.create(tenant_id=actor.tenant_id, day=locked, asked_by=actor.name)
    moves.begin(check, VERIFY, actor=actor)
    audit(
        actor=actor,
        action=actions.VERIFY_ASKED,
        subject=locked,
        data={"day": day_text(locked.day)},
    )
    outbox.put(VERIFY_TOPIC, subject_id=check.pk)
    return check


@transaction.atomic
def verify_run(*, actor: Actor, check: BooksCheck) -> BooksCheck:
    """Derive the whole of the books again and keep what came of it; once."""
    row = BooksCheck.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=check.pk)
    if row.state != VerifyState.ASKED:
        return row
    row.books_at = books.database_now()
    size = books.books_size(actor.tenant_id)
    found = ledger.verify(actor.tenant_id)
    row.accounts, row.journals, row.lines = size.accounts, size.journals, size.lines
    row.seconds, row.ended_at = round(found.seconds, 3), now()
    row.faults = [asdict(fault) for fault in found.faults[:FAULTS_KEPT]]
    result = "no fault" if found.sound else f"{len(found.faults)} faults"
    moves.move(
        row,
        VERIFY,
        VerifyState.SOUND if found.sound else VerifyState.FAULTY,
        actor=actor,
        reason=result,
        update_fields=[
            *("books_at", "accounts", "journals", "lines", "seconds", "ended_at", "faults"),
        ],
    )
    data = {"day": day_text(row.day.day), "result": result, "lines": row.lines}
    audit(actor=actor, action=actions.VERIFIED, subject=row.day, data=data)
    day_look(actor=actor, row=row.day)
    return row


# The close


@transaction.atomic
def close_ask(*, actor: Actor, row: BusinessDay, reasons: Mapping[str, str]) -> Approval:
    """Ask for the close of a day, with a reason for each amber line (by its code).

    Raises ``DayNotReady`` while a red line is left, ``InvalidInput`` when a reason is missing.
    """
    if not actor.can(CLOSE):
        raise NotPermitted("Closing a day needs the right to work on the day close.")
    locked = day_locked(actor, row)
    if locked.state == DayState.CLOSING:
        raise StateConflict("The close of this day waits for a second person already.")
    checks = checklist(actor, locked)
    _refuse_red(checks)
    locked.reasons = _reasons(checks, reasons)
    locked.asked_at, locked.asked_by_ref, locked.asked_by = now(), actor.ref, actor.name
    moves.move(locked, DAY, DayState.READY, actor=actor)
    moves.move(
        locked,
        DAY,
        DayState.CLOSING,
        actor=actor,
        update_fields=["reasons", "asked_at", "asked_by_ref", "asked_by"],
    )
    data = {"day": day_text(locked.day), "reasons": locked.reasons}
    audit(actor=actor, action=actions.CLOSE_ASKED, subject=locked, data=data)
    return approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=locked,
        label=f"Close of {day_text(locked.day)}",
        content=close_content(actor, locked),
    )


def _refuse_red(checks: Sequence[Check]) -> None:
    stopping = [each for each in checks if each.stops]
    if stopping:
        more = f" {len(stopping) - 1} more lines are red." if len(stopping) > 1 else ""
        raise DayNotReady(f"{stopping[0].label}: {stopping[0].says}{more}")


def _reasons(checks: Sequence[Check], given: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for check in checks:
        if check.carried:
            reason = " ".join(given.get(check.code, "").split())[:REASON_CHARS_MAX]
            if reason:
                found[check.code] = reason
            else:
                missing[check.code] = "Write why it may stay as it is."
    if missing:
        raise InvalidInput("Each amber line needs a reason to stay as it is.", fields=missing)
    return found


def close_content(actor: Actor, row: BusinessDay) -> Mapping[str, Any]:
    """What is approved, whole: the day, what is carried over and why, and the books themselves.

    A line that turned red or amber since, and any posting valued in the day, change it; a line
    that was mended does not.
    """
    checks = checklist(actor, row)
    report = report_of(actor, row.day)
    totals = books.totals_at(actor.tenant_id, row.ends_at)
    return {
        "day": day_text(row.day),
        "since": day_text(row.first_day),
        "carried_over": row.reasons,
        "red_now": [each.label for each in checks if each.stops],
        "amber_now": [
            each.label for each in checks if each.carried and each.code not in row.reasons
        ],
        "report": f"{report.reference} {report.figures_sha256}" if report else "",
        "books_sha256": books.totals_hash(totals),
    }


@transaction.atomic
def close_execute(*, actor: Actor, row: BusinessDay, approval: Approval) -> BusinessDay:
    """After the second person's approval: shut the books, and freeze what they say.

    Raises ``DayNotReady`` when something was posted into the day at this very moment.
    """
    locked = day_locked(actor, row)
    checks = checklist(actor, locked)
    _refuse_red(checks)
    # From here on every post waits; what is read below is what the day stays.
    ledger_day_close(actor=actor, day=locked.day, verified=True)
    totals = books.totals_at(actor.tenant_id, locked.ends_at)
    locked.totals_sha256 = books.totals_hash(totals)
    if locked.totals_sha256 != approval.content["books_sha256"]:
        raise DayNotReady("Something was booked into the day at this moment. Nothing was closed.")
    DayTotal.objects.bulk_create(_total(locked, each) for each in totals)
    locked.checklist = [
        {**asdict(each), "reason": locked.reasons.get(each.code, "")} for each in checks
    ]
    locked.closed_at, locked.closed_by_ref, locked.closed_by = now(), actor.ref, actor.name
    locked.content_sha256 = content_hash(locked)
    seal(actor=actor)
    locked.audit_seq, locked.audit_head = head(actor.tenant_id)
    moves.move(
        locked,
        DAY,
        DayState.CLOSED,
        actor=actor,
        update_fields=[
            *("totals_sha256", "checklist", "closed_at", "closed_by_ref", "closed_by"),
            *("content_sha256", "audit_seq", "audit_head"),
        ],
    )
    data = {
        "day": day_text(locked.day),
        "totals_sha256": locked.totals_sha256,
        "content_sha256": locked.content_sha256,
        "asked_by": locked.asked_by_ref,
    }
    audit(actor=actor, action=actions.CLOSED, subject=locked, data=data)
    return locked


def _total(row: BusinessDay, total: books.Total) -> DayTotal:
    return DayTotal(
        tenant_id=row.tenant_id,
        day=row,
        code=total.code,
        currency=total.currency,
        kind=total.kind,
        accounts=total.accounts,
        debits=total.debits.amount,
        credits=total.credits.amount,
        balance=total.balance.amount,
        sha256=total.sha256,
    )


def content_hash(row: BusinessDay) -> str:
    """SHA-256 over the record of a close in one written form: the day, the hash of its totals, its
    checklist with the reasons, and both people."""
    content = {
        "day": str(row.day),
        "first_day": str(row.first_day),
        "totals_sha256": row.totals_sha256,
        "checklist": row.checklist,
        "asked_by": row.asked_by_ref,
        "closed_by": row.closed_by_ref,
    }
    text = json.dumps(content, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def close_refuse(*, actor: Actor, row: BusinessDay, reason: str) -> BusinessDay:
    """Not closed: the day is open again for whoever mends it."""
    locked = day_locked(actor, row)
    locked.asked_at, locked.asked_by_ref, locked.asked_by, locked.reasons = None, "", "", {}
    moves.move(
        locked,
        DAY,
        DayState.OPEN,
        actor=actor,
        reason=reason[:300],
        update_fields=["asked_at", "asked_by_ref", "asked_by", "reasons"],
    )
    data = {"day": day_text(locked.day), "reason": reason}
    audit(actor=actor, action=actions.CLOSE_REFUSED, subject=locked, data=data)
    return locked


@transaction.atomic
def close_cancel(*, actor: Actor, row: BusinessDay) -> BusinessDay:
    """Who asked takes it back, before it was decided."""
    approval = pending_for(actor, row.pk, APPROVAL)
    if approval is None or approval.maker_ref != actor.ref:
        raise StateConflict("There is no request of yours to take back.")
    approval_cancel(actor=actor, approval=approval)
    return close_refuse(actor=actor, row=row, reason="Taken back.")


def heads_named(tenant_id: int) -> list[Named]:
    """The audit heads that days were closed with: the chain has to have them still."""
    rows = BusinessDay.objects.filter(tenant_id=tenant_id, audit_seq__gt=0).order_by("audit_seq")
    return [
        Named(f"the head on the close of {row.day}", row.audit_seq, row.audit_head)
        for row in rows.only("day", "audit_seq", "audit_head")
    ]
