"""States of hits and alerts. Drawings: docs/states/ (generated)."""

from django.db import models

from backoffice.core.transitions import machine


class HitState(models.TextChoices):
    OPEN = "open", "To be decided"
    PENDING = "pending", "Waits for a second pair of eyes"
    FALSE_POSITIVE = "false_positive", "Someone else"
    CONFIRMED = "confirmed", "Confirmed"
    GONE = "gone", "Matches no longer"


_H = HitState

HIT = machine(
    "compliance.hit",
    initial=_H.OPEN,
    transitions={
        _H.OPEN: {_H.PENDING, _H.FALSE_POSITIVE, _H.CONFIRMED, _H.GONE},
        _H.PENDING: {_H.OPEN, _H.FALSE_POSITIVE, _H.CONFIRMED},
        # A dismissal holds for these two as they were: when either side changes it opens again.
        _H.FALSE_POSITIVE: {_H.OPEN, _H.GONE},
        _H.GONE: {_H.OPEN},
    },
    final={_H.CONFIRMED},
    labels=dict(_H.choices),
)

HIT_COLOURS = {
    _H.OPEN: "attention",
    _H.PENDING: "attention",
    _H.FALSE_POSITIVE: "good",
    _H.CONFIRMED: "bad",
    _H.GONE: "neutral",
}
# Someone has to decide: money does not leave meanwhile.
HIT_UNDECIDED = frozenset({_H.OPEN, _H.PENDING})


class AlertState(models.TextChoices):
    TRIGGERED = "triggered", "Triggered"
    UNDER_REVIEW = "under_review", "Under review"
    CLEARED = "cleared", "Cleared"
    DISMISSED = "dismissed", "Dismissed"
    ESCALATED = "escalated", "Escalated"


_A = AlertState

ALERT = machine(
    "compliance.alert",
    initial=_A.TRIGGERED,
    transitions={
        _A.TRIGGERED: {_A.UNDER_REVIEW},
        _A.UNDER_REVIEW: {_A.CLEARED, _A.DISMISSED, _A.ESCALATED},
        # The reporting officer has looked and found an explanation.
        _A.ESCALATED: {_A.CLEARED},
    },
    final={_A.CLEARED, _A.DISMISSED},
    labels=dict(_A.choices),
)

ALERT_COLOURS = {
    _A.TRIGGERED: "attention",
    _A.UNDER_REVIEW: "going",
    _A.CLEARED: "good",
    _A.DISMISSED: "neutral",
    _A.ESCALATED: "held",
}
ALERT_OPEN = frozenset({_A.TRIGGERED, _A.UNDER_REVIEW, _A.ESCALATED})
