"""What of the risk model needs a second person."""

from django.urls import reverse

from backoffice.workflow.approvals import ApprovalKind, register
from compliance.risk import versions


def register_approval() -> None:
    register(
        ApprovalKind(
            code=versions.KIND,
            label="Risk model",
            permission=versions.MANAGE,
            content=lambda actor, approval: versions.content(versions.model_for(actor, approval)),
            execute=versions.model_set,
            refused=versions.model_refused,
            url=lambda approval: reverse("compliance:risk-model", args=[approval.subject_id]),
        )
    )
