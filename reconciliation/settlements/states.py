"""States of the cost of a gateway's report."""

from django.db import models

from backoffice.core.transitions import machine


class CostState(models.TextChoices):
    PROPOSED = "proposed", "Waits for approval"
    BOOKED = "booked", "Booked"
    REFUSED = "refused", "Refused"


_C = CostState

COST = machine(
    "reconciliation.settlementcost",
    initial=_C.PROPOSED,
    transitions={_C.PROPOSED: {_C.BOOKED, _C.REFUSED}},
    final={_C.BOOKED, _C.REFUSED},
    labels=dict(_C.choices),
)

COST_COLOURS = {_C.PROPOSED: "held", _C.BOOKED: "good", _C.REFUSED: "bad"}
