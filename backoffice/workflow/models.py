"""History of states, the outbox, approvals and work items: they point at any domain's objects.

A subject is (``subject_type``, ``subject_id``): a model label such as ``payments.withdrawal`` and
its id. Domains register what a subject can do in code (machines, handlers, kinds, queues).
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel


class Transition(TenantModel):
    """One move of one object through its state machine. Append-only."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    source = models.CharField(max_length=30, blank=True)
    target = models.CharField(max_length=30)
    at = models.DateTimeField(default=now)
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    reason = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "subject_id", "id"], name="transition_subject")
        ]

    def __str__(self) -> str:
        return f"{self.subject_type} {self.source} → {self.target}"


class OutboxItem(TenantModel):
    """Work to do after the commit: calls to the outside and to other domains. At least once."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    topic = models.CharField(max_length=60)
    subject_id = models.UUIDField(null=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "due_at"], name="outbox_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["tenant", "-id"], name="outbox_failed", condition=Q(state="failed")
            ),
            models.Index(fields=["tenant", "subject_id"], name="outbox_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject_id}"


class ApprovalBand(TenantModel):
    """Up to ``amount_max`` a kind of approval needs ``steps``: one permission per approver.

    ``amount_max`` is in the tenant's base currency, major units; null is without limit.
    """

    kind = models.CharField(max_length=60)
    amount_max = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    steps = ArrayField(models.CharField(max_length=80))
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "amount_max"],
                name="approval_band_max",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.amount_max}"


class Approval(TenantModel):
    """Something that waits for other eyes, with a hash of exactly what is to be approved."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for approval"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        CANCELLED = "cancelled", "Cancelled"
        STALE = "stale", "Changed since"

    kind = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    label = models.CharField(max_length=160)
    amount = models.DecimalField(max_digits=20, decimal_places=8, null=True)
    currency = models.CharField(max_length=8, blank=True)
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    steps = ArrayField(models.CharField(max_length=80))
    maker_ref = models.CharField(max_length=80)
    maker_name = models.CharField(max_length=160)
    # Everyone who may not approve: the maker and whoever shaped what is approved.
    barred_refs = ArrayField(models.CharField(max_length=80), default=list)
    # Whom or what it is about, where a list looked it up for the rows of a page.
    about: str | None = None
    # Whether who looks at a list may choose it, to approve it with others.
    may_be_chosen = False
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "kind", "subject_id"],
                condition=Q(state="pending"),
                name="approval_one_pending",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | (~Q(state="pending") & Q(decided_at__isnull=False)),
                name="approval_decided_at",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "subject_id"], name="approval_subject"),
            models.Index(
                fields=["tenant", "-id"], name="approval_open", condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return self.label


class ApprovalVote(TenantModel):
    """One person's word on an approval; the database refuses the maker's (sql/four_eyes.sql)."""

    approval = TenantForeignKey(Approval, on_delete=models.PROTECT, related_name="votes")
    step = models.PositiveSmallIntegerField()
    permission = models.CharField(max_length=80)
    voter_ref = models.CharField(max_length=80)
    voter_name = models.CharField(max_length=160)
    maker_ref = models.CharField(max_length=80)
    approves = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "approval", "voter_ref"], name="vote_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["tenant", "approval", "step"], name="vote_once_per_step"
            ),
            models.CheckConstraint(
                condition=~Q(voter_ref=F("maker_ref")), name="vote_not_by_maker"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voter_name} {'for' if self.approves else 'against'}"


class QueuePolicy(TenantModel):
    """How long a queue's items may wait, in minutes, by priority."""

    queue = models.CharField(max_length=40)
    due_minutes = models.PositiveIntegerField()
    due_minutes_urgent = models.PositiveIntegerField()
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        permissions: ClassVar = [("manage_queues", "Change the service levels of queues")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "queue"], name="queue_policy_queue")
        ]

    def __str__(self) -> str:
        return self.queue


class WorkItem(TenantModel):
    """Something in a queue that waits for a person."""

    queue = models.CharField(max_length=40)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    desk_id = models.UUIDField(null=True)
    urgent = models.BooleanField(default=False)
    opened_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField()
    owner_ref = models.CharField(max_length=80, blank=True)
    owner_name = models.CharField(max_length=160, blank=True)
    claimed_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    snooze_reason = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "queue", "subject_id"],
                condition=Q(closed_at__isnull=True),
                name="work_item_one_open",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "queue", "due_at", "id"],
                name="work_item_open",
                condition=Q(closed_at__isnull=True),
            ),
            # Own and unassigned items, for counts and segments.
            models.Index(
                fields=["tenant", "queue", "owner_ref", "due_at", "id"],
                name="work_item_owner",
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(fields=["tenant", "subject_id"], name="work_item_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.subject_id}"
