"""States of rule versions and of their dry runs."""

from django.db import models

from backoffice.core.transitions import machine


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waits for a second person"
    ACTIVE = "active", "In force"
    REFUSED = "refused", "Refused"
    RETIRED = "retired", "Replaced"


_V = VersionState

VERSION = machine(
    "payments.ruleversion",
    initial=_V.DRAFT,
    transitions={
        _V.DRAFT: {_V.PROPOSED},
        _V.PROPOSED: {_V.ACTIVE, _V.REFUSED},
        _V.ACTIVE: {_V.RETIRED},
    },
    final={_V.REFUSED, _V.RETIRED},
    labels=dict(_V.choices),
)

VERSION_COLOURS = {
    _V.DRAFT: "neutral",
    _V.PROPOSED: "attention",
    _V.ACTIVE: "good",
    _V.REFUSED: "bad",
    _V.RETIRED: "neutral",
}


class DryRunState(models.TextChoices):
    WAITING = "waiting", "Running"
    DONE = "done", "Done"


DRY_RUN = machine(
    "payments.dryrun",
    initial=DryRunState.WAITING,
    transitions={DryRunState.WAITING: {DryRunState.DONE}},
    final={DryRunState.DONE},
    labels=dict(DryRunState.choices),
)
