"""States of rules of retention, erasure requests and legal holds. Drawings: docs/states/."""

from django.db import models

from backoffice.core.transitions import machine


class VersionState(models.TextChoices):
    PROPOSED = "proposed", "Waits for a second person"
    ACTIVE = "active", "In force"
    REFUSED = "refused", "Refused"
    RETIRED = "retired", "Replaced"


_V = VersionState
VERSION = machine(
    "privacy.retentionversion",
    initial=_V.PROPOSED,
    transitions={_V.PROPOSED: {_V.ACTIVE, _V.REFUSED}, _V.ACTIVE: {_V.RETIRED}},
    final={_V.REFUSED, _V.RETIRED},
    labels=dict(_V.choices),
)
VERSION_COLOURS = {
    _V.PROPOSED: "attention",
    _V.ACTIVE: "good",
    _V.REFUSED: "bad",
    _V.RETIRED: "neutral",
}


class RequestState(models.TextChoices):
    ASKED = "asked", "Waits for a second person"
    RUNNING = "running", "Being carried out"
    STOPPED = "stopped", "Stopped by a legal hold"
    DONE = "done", "Answered"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Taken back"


_R = RequestState
REQUEST = machine(
    "privacy.erasurerequest",
    initial=_R.ASKED,
    transitions={
        _R.ASKED: {_R.RUNNING, _R.REFUSED, _R.CANCELLED},
        # A hold may come between two steps; what went before it is gone, and the steps say so.
        _R.RUNNING: {_R.STOPPED, _R.DONE},
        _R.STOPPED: {_R.RUNNING},
    },
    final={_R.DONE, _R.REFUSED, _R.CANCELLED},
    labels=dict(_R.choices),
)
REQUEST_COLOURS = {
    _R.ASKED: "attention",
    _R.RUNNING: "going",
    _R.STOPPED: "held",
    _R.DONE: "good",
    _R.REFUSED: "bad",
    _R.CANCELLED: "neutral",
}


class StepState(models.TextChoices):
    WAITING = "waiting", "To do"
    DONE = "done", "Done"
