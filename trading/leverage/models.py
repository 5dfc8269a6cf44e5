"""Tables of leverage caps in versions, and accounts that were found above their cap."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from backoffice.workflow.versions import VersionRow


class LeverageTable(VersionRow):
    """A version; ``content`` as ``tables.dump`` writes it. Never changed once written."""

    class Meta(VersionRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="leverage_table_number"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="active"), name="leverage_table_one_active"
            ),
        ]
        permissions: ClassVar = [("manage_leverage", "Write tables of leverage caps")]

    def __str__(self) -> str:
        return f"Leverage caps {self.number}"


class LeverageControl(TenantModel):
    """One look at every live account: how many there were, how many of them above their cap."""

    at = models.DateTimeField(default=now)
    accounts = models.PositiveIntegerField()
    above = models.PositiveIntegerField()
    by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="leverage_control")]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.above} of {self.accounts}, {self.at:%Y-%m-%d}"


class LeverageBreach(TenantModel):
    """An account above its cap, from when it was found until it was found at or below it."""

    account = TenantForeignKey(
        "trading.Account", on_delete=models.PROTECT, related_name="leverage_breaches"
    )
    leverage = models.PositiveIntegerField()
    cap = models.PositiveIntegerField()
    why = models.CharField(max_length=200)
    found_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "account"],
                condition=Q(ended_at__isnull=True),
                name="leverage_breach_one_open",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "-id"],
                name="leverage_breach_open",
                condition=Q(ended_at__isnull=True),
            )
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"1:{self.leverage} above 1:{self.cap}"
