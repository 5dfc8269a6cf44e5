"""The risk model in versions, what a version would change, and what was reckoned of each client."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Client, RiskBand
from compliance.risk.states import ModelState, TrialState


class RiskModel(TenantModel):
    """A version: ``figures`` as ``rules.dump`` writes them. Versions never change; one is in
    force, set by someone else than who wrote it, on the evidence of a trial."""

    number = models.PositiveIntegerField()
    figures = models.JSONField()
    note = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ModelState.choices, default=ModelState.DRAFT)
    evidence = TenantForeignKey(
        "RiskTrial", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_by_ref = models.CharField(max_length=80)
    made_by = models.CharField(max_length=160)
    made_at = models.DateTimeField(default=now)
    active_from = models.DateTimeField(null=True)
    active_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="risk_model_number"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="active"), name="risk_model_one_active"
            ),
        ]
        default_permissions: ClassVar = ()
        permissions: ClassVar = [("manage_risk", "Write versions of the risk model")]

    def __str__(self) -> str:
        return f"Risk model {self.number}"


class RiskTrial(TenantModel):
    """A version tried on every client as things stand. ``result``: see ``trials.tried``."""

    model = TenantForeignKey(RiskModel, on_delete=models.PROTECT, related_name="trials")
    state = models.CharField(max_length=10, choices=TrialState.choices, default=TrialState.WAITING)
    result = models.JSONField(default=dict)
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "model", "-id"], name="risk_trial")]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"Trial of {self.asked_at:%Y-%m-%d %H:%M}"


class RiskAssessment(TenantModel):
    """A client's score with everything that made it. Never changed, never deleted (grants say so).

    ``lines``: [code, words, value, weight, points] of each factor; ``was`` is the band before.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="assessments")
    model = TenantForeignKey(RiskModel, on_delete=models.PROTECT, related_name="+")
    score = models.PositiveSmallIntegerField()
    band = models.CharField(max_length=10, choices=RiskBand.choices)
    was = models.CharField(max_length=10, choices=RiskBand.choices)
    lines = models.JSONField()
    floors = models.JSONField(default=list)
    why = models.CharField(max_length=80)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(score__lte=100), name="assessment_score")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="assessment_client")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.get_band_display()}, {self.score}"
