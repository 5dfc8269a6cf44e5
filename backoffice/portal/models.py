"""What the portal itself keeps: saved views, exports, batches, the index behind the search box."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from backoffice.portal.states import BatchState, ItemState
from backoffice.workflow.models import Approval


class SavedView(TenantModel):
    """A list with its filters, order and columns, under a name; own or shared."""

    list_code = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, blank=True)
    owner_ref = models.CharField(max_length=80)
    shared = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "list_code", "owner_ref", "name"], name="saved_view_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Export(TenantModel):
    """A file of exactly what a list showed; large ones are made in the background."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    list_code = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    query = models.CharField(max_length=2000, blank=True)
    file_format = models.CharField(max_length=4, choices=[("csv", "CSV"), ("xlsx", "XLSX")])
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    rows = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    path = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=300, blank=True)
    asked_by_ref = models.CharField(max_length=80)
    asked_by_name = models.CharField(max_length=160)
    asked_by_user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "asked_by_ref", "-id"], name="export_mine")
        ]

    def __str__(self) -> str:
        return self.title


class Batch(TenantModel):
    """Approvals of one kind that one person gave in one go; a worker works through them."""

    kind = models.CharField(max_length=60)
    label = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=BatchState.choices, default=BatchState.RUNNING)
    total = models.PositiveSmallIntegerField()
    asked_by_ref = models.CharField(max_length=80)
    asked_by_name = models.CharField(max_length=160)
    asked_by_user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        verbose_name_plural = "batches"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="running", done_at__isnull=True)
                | (~Q(state="running") & Q(done_at__isnull=False)),
                name="batch_done_at",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="batch_newest"),
            models.Index(fields=["tenant", "asked_by_ref", "-id"], name="batch_mine"),
        ]

    def __str__(self) -> str:
        return self.label


class BatchItem(TenantModel):
    """One approval of a batch, named as it was seen, and what became of it."""

    batch = TenantForeignKey(Batch, on_delete=models.PROTECT, related_name="items")
    approval = TenantForeignKey(Approval, on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "batch", "place"], name="batch_item_place"),
            models.UniqueConstraint(
                fields=["tenant", "batch", "approval"], name="batch_item_approval"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place} of {self.batch_id}"


class SearchEntry(TenantModel):
    """One word by which one object is found: prefix search over (tenant, token), by range.

    A table of tokens and not a trigram index, because PostgreSQL does not use an index for
    operators that are not leak-proof under row-level security; text comparison is.
    """

    kind = models.CharField(max_length=20)
    object_id = models.UUIDField()
    token = models.CharField(max_length=80, db_collation="C")
    label = models.CharField(max_length=160)
    detail = models.CharField(max_length=160, blank=True)
    desk_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            # Both answer from the index alone: thousands are called Maria.
            models.Index(fields=["tenant", "token", "id"], include=["object_id"], name="search_by"),
            models.Index(fields=["tenant", "object_id", "token"], name="search_of"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(token=""), name="search_token_not_empty")
        ]

    def __str__(self) -> str:
        return f"{self.token} → {self.label}"


class FormSent(TenantModel):
    """A form that someone sent, and where its answer led: the same form again leads there too."""

    key = models.CharField(max_length=64)
    sent_by_ref = models.CharField(max_length=80)
    location = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "sent_by_ref", "key"], name="form_sent_once")
        ]

    def __str__(self) -> str:
        return self.location
