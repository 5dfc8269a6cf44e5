"""Messages and their delivery by tenant; backups and restore drills of the whole installation."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.ids import uuid7
from backoffice.core.tenant import TenantHistory, TenantModel


class NotificationTemplate(TenantModel):
    """A brokerage's own words for one message in one language; else the product's are used."""

    code = models.CharField(max_length=60)
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=160)
    body = models.TextField(max_length=4000)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "code", "language"], name="notification_template_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.language})"


class Notification(TenantModel):
    """A message to a member of staff, shown behind the bell. ``once`` keeps repeats out."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    once = models.CharField(max_length=120)
    item_id = models.UUIDField()
    created_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ("view",)
        permissions: ClassVar = [
            ("view_operations", "See health, backups and deliveries"),
            ("manage_operations", "Change message templates; try failed work again"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user", "once"], name="notification_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "user", "id"], name="notification_of_user"),
            models.Index(
                fields=["tenant", "user"],
                name="notification_unread",
                condition=Q(read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class DeliveryAttempt(TenantModel):
    """One try to send one message by e-mail, and what came of it. Append-only."""

    class Outcome(models.TextChoices):
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        SKIPPED = "skipped", "Not sent"

    item_id = models.UUIDField()
    to_ref = models.CharField(max_length=80)
    address = models.CharField(max_length=254, blank=True)
    code = models.CharField(max_length=60)
    language = models.CharField(max_length=5, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    error = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "item_id", "to_ref"],
                condition=Q(outcome="sent"),
                name="delivery_sent_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="delivery_newest"),  # the log
            models.Index(fields=["tenant", "to_ref", "-id"], name="delivery_to"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.to_ref} {self.outcome}"


def _id_field() -> Any:
    return models.UUIDField(primary_key=True, default=uuid7, editable=False)


class Backup(models.Model):
    """One ``pg_dump`` of the whole installation: every brokerage, so of no tenant.

    ``tables`` maps each table to its rows in the very snapshot that was dumped.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        REMOVED = "removed", "Removed by retention"

    id = _id_field()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=120)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    tables = models.JSONField(default=dict)
    server_version = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager["Backup"]] = models.Manager()

    class Meta:
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["state", "-id"], name="backup_state")]

    def __str__(self) -> str:
        return self.name


class RestoreDrill(models.Model):
    """A backup restored into a database of its own and checked there; ``evidence`` is what held.

    ``evidence``: a list of {check, held, detail}, with ``tenant`` where it is one brokerage's own.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    id = _id_field()
    backup = models.ForeignKey(Backup, on_delete=models.PROTECT, related_name="drills")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    restore_seconds = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    evidence = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager["RestoreDrill"]] = models.Manager()

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"drill of {self.backup_id}"


class Heartbeat(models.Model):
    """When a part of the installation last showed that it lives (worker, beat)."""

    name = models.CharField(max_length=80, primary_key=True)
    seen_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["Heartbeat"]] = models.Manager()

    class Meta:
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name


class PlatformEntry(models.Model):
    """What an operator of the installation did or looked at, across brokerages: append-only.

    Not a tenant's: what touches a brokerage is in that brokerage's own audit trail as well.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    user_name = models.CharField(max_length=160)
    what = models.CharField(max_length=300)
    ip = models.CharField(max_length=45, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions: ClassVar = ()
        indexes: ClassVar = [models.Index(fields=["-id"], name="platform_entry_newest")]

    def __str__(self) -> str:
        return self.what
