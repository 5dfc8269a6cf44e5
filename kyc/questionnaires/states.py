"""States of a questionnaire's versions and fillings. Drawings: docs/states/ (generated)."""

from django.db import models

from backoffice.core.transitions import machine
from backoffice.workflow.versions import COLOURS, VersionState

_V = VersionState
# A refused draft goes back to who wrote it: it can be changed until it is published.
FORM_LABELS = {
    _V.DRAFT: "Draft",
    _V.PROPOSED: "Waits for a second person",
    _V.ACTIVE: "Published",
    _V.REFUSED: "Thrown away",
    _V.RETIRED: "Retired",
}
FORM_VERSION = machine(
    "kyc.formversion",
    initial=_V.DRAFT,
    transitions={
        _V.DRAFT: {_V.PROPOSED, _V.REFUSED},
        _V.PROPOSED: {_V.ACTIVE, _V.DRAFT},
        _V.ACTIVE: {_V.RETIRED},
    },
    final={_V.REFUSED, _V.RETIRED},
    labels={str(state): label for state, label in FORM_LABELS.items()},
)
FORM_COLOURS = {**COLOURS, _V.REFUSED: "neutral"}


class FillingState(models.TextChoices):
    OPEN = "open", "Being filled in"
    WARNED = "warned", "Warning to be confirmed"
    DONE = "done", "Answered"
    DROPPED = "dropped", "Dropped"


_F = FillingState
FILLING = machine(
    "kyc.filling",
    initial=_F.OPEN,
    transitions={_F.OPEN: {_F.WARNED, _F.DONE, _F.DROPPED}, _F.WARNED: {_F.DONE}},
    final={_F.DONE, _F.DROPPED},
    labels=dict(_F.choices),
)
FILLING_COLOURS = {
    _F.OPEN: "going",
    _F.WARNED: "attention",
    _F.DONE: "good",
    _F.DROPPED: "neutral",
}


class Outcome(models.TextChoices):
    """What a test's score means for trading; ``NONE`` for a questionnaire that is no test."""

    NONE = "none", "Answered"
    ALLOW = "allow", "Appropriate"
    WARN = "warn", "Warned"
    CAP = "cap", "Leverage capped"
    BLOCK = "block", "Blocked"


OUTCOME_COLOURS = {
    Outcome.NONE: "good",
    Outcome.ALLOW: "good",
    Outcome.WARN: "attention",
    Outcome.CAP: "attention",
    Outcome.BLOCK: "bad",
}
