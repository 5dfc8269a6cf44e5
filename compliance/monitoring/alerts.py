"""Services that decide alerts. What they write down is discreet: seen with the right alone."""

from datetime import date, timedelta

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves, queues
from compliance import actions, reasons
from compliance.locks import alert_locked
from compliance.models import Alert, AlertSnooze
from compliance.monitoring.run import ALERTS_QUEUE
from compliance.states import ALERT, AlertState

RIGHT = "compliance.decide_alert"
# Clearing what was escalated is the reporting officer's.
OFFICER = "compliance.approve_release"
NOTE_CHARS_MIN = 10
SNOOZE_DAYS_MAX = 180
VERDICTS = (AlertState.CLEARED, AlertState.DISMISSED, AlertState.ESCALATED)


def why_not_decide(actor: Actor, alert: Alert) -> str:
    """Why the actor may not decide; empty when they may."""
    if not actor.can(RIGHT):
        return "You don't have the right to decide alerts."
    if alert.state == AlertState.ESCALATED and not actor.can(OFFICER):
        return "It is escalated: the reporting officer decides."
    if alert.state in (AlertState.CLEARED, AlertState.DISMISSED):
        return f"It is {alert.get_state_display().lower()}."
    return ""


@transaction.atomic
def alert_review(*, actor: Actor, alert: Alert) -> Alert:
    """Begin to look into an alert. A repeat is no error."""
    row = alert_locked(actor, alert.pk)
    if not actor.can(RIGHT):
        raise NotPermitted
    if moves.move(row, ALERT, AlertState.UNDER_REVIEW, actor=actor):
        audit(actor=actor, action=actions.ALERT_TAKEN, subject=row)
    return row


@transaction.atomic
def alert_decide(*, actor: Actor, alert: Alert, verdict: str, reason: str, note: str = "") -> Alert:
    """Clear, dismiss or escalate, with a reason from the catalogue and the facts in words."""
    row = alert_locked(actor, alert.pk)
    if verdict not in VERDICTS:
        raise InvalidInput("Decide: cleared, dismissed or escalated.")
    if row.state == verdict:
        return row
    why = why_not_decide(actor, row)
    if why and row.state in (AlertState.CLEARED, AlertState.DISMISSED):
        raise StateConflict(f"{row.reference} is {row.get_state_display().lower()} already.")
    if why:
        raise NotPermitted(why)
    if not reasons.known(reasons.ALERT_REASONS, verdict, reason):
        raise InvalidInput(fields={"reason": "Choose a reason from the list."})
    if len(note.strip()) < NOTE_CHARS_MIN:
        raise InvalidInput(fields={"note": "Say in words what you found; it is the record."})
    if row.state == AlertState.TRIGGERED:
        moves.move(row, ALERT, AlertState.UNDER_REVIEW, actor=actor)
    row.reason, row.note = reason, note.strip()[:1000]
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    moves.move(
        row,
        ALERT,
        verdict,
        actor=actor,
        reason=reasons.label(reasons.ALERT_REASONS, reason),
        update_fields=["reason", "note", "decided_at", "decided_by_ref", "decided_by"],
    )
    queues.item_close(actor=actor, queue=ALERTS_QUEUE, subject_id=row.pk)
    if verdict == AlertState.ESCALATED:
        queues.item_open(
            actor=actor,
            queue=ALERTS_QUEUE,
            subject=row,
            desk_id=row.client.desk_id,
            urgent=True,
        )
    audit(
        actor=actor,
        action=actions.ALERT_DECIDED,
        subject=row,
        data={
            "verdict": row.get_state_display().lower(),
            "reason": reasons.label(reasons.ALERT_REASONS, reason),
            "note": row.note,
            "client": row.client.reference,
        },
    )
    return row


@transaction.atomic
def alert_snooze(*, actor: Actor, alert: Alert, until: date, reason: str) -> AlertSnooze:
    """Let this scenario be silent about this client until a day, inclusive."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    if not today() <= until <= today() + timedelta(days=SNOOZE_DAYS_MAX):
        raise InvalidInput(
            fields={"until": f"A day within the next {SNOOZE_DAYS_MAX} days, please."}
        )
    row = alert_locked(actor, alert.pk)
    snooze = AlertSnooze.objects.create(
        tenant_id=actor.tenant_id,
        client=row.client,
        code=row.code,
        until=until,
        reason=reason.strip()[:300],
        by_ref=actor.ref,
        by=actor.name,
    )
    audit(
        actor=actor,
        action=actions.ALERT_SNOOZED,
        subject=row,
        data={
            "code": row.code,
            "client": row.client.reference,
            "until": until.isoformat(),
            "reason": reason,
        },
    )
    return snooze
