"""States of versions of the risk model and of their trials. Drawings: docs/states/ (generated)."""

from django.db import models

from backoffice.core.transitions import machine


class ModelState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waits for a second person"
    ACTIVE = "active", "In force"
    REFUSED = "refused", "Refused"
    RETIRED = "retired", "Replaced"


_M = ModelState
MODEL = machine(
    "compliance.riskmodel",
    initial=_M.DRAFT,
    transitions={
        _M.DRAFT: {_M.PROPOSED},
        _M.PROPOSED: {_M.ACTIVE, _M.REFUSED},
        _M.ACTIVE: {_M.RETIRED},
    },
    final={_M.REFUSED, _M.RETIRED},
    labels=dict(_M.choices),
)
MODEL_COLOURS = {
    _M.DRAFT: "neutral",
    _M.PROPOSED: "attention",
    _M.ACTIVE: "good",
    _M.REFUSED: "bad",
    _M.RETIRED: "neutral",
}


class TrialState(models.TextChoices):
    WAITING = "waiting", "Being made"
    DONE = "done", "Done"


TRIAL = machine(
    "compliance.risktrial",
    initial=TrialState.WAITING,
    transitions={TrialState.WAITING: {TrialState.DONE}},
    final={TrialState.DONE},
    labels=dict(TrialState.choices),
)
