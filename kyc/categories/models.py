"""Changes of clients' categories: what was asked for, on which ground, and what came of it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Category, Client
from kyc.categories.states import Basis, ChangeState, Criterion


class CategoryChange(TenantModel):
    """One change; ``evidence`` are ids of the client's documents, ``shown`` what they show.
    ``asked_on`` is the day on which the client asked for it or was told."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="category_changes")
    before = models.CharField(max_length=22, choices=Category.choices)
    category = models.CharField(max_length=22, choices=Category.choices)
    basis = models.CharField(max_length=10, choices=Basis.choices)
    shown = ArrayField(models.CharField(max_length=10, choices=Criterion.choices), default=list)
    evidence = models.JSONField(default=list)
    reason = models.CharField(max_length=300)
    asked_on = models.DateField()
    state = models.CharField(
        max_length=8, choices=ChangeState.choices, default=ChangeState.PROPOSED
    )
    made_at = models.DateTimeField(default=now)
    made_by_ref = models.CharField(max_length=80)
    made_by = models.CharField(max_length=160)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client"],
                condition=Q(state="proposed"),
                name="category_change_one_open",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="category_change_client")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.get_category_display()}, {self.asked_on:%Y-%m-%d}"

    def shown_words(self) -> str:
        return "; ".join(str(Criterion(each).label) for each in self.shown)

    def words(self) -> str:
        """The category with its ground: ``Professional, on request``."""
        label = self.get_category_display()
        if self.basis == Basis.NONE:
            return label
        return f"{label}, {self.get_basis_display().lower()}"
