"""For how long clients' data is kept, who asked for its end, what went, and what may not go."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.models import Client
from privacy.states import RequestState, StepState, VersionState


class RetentionVersion(TenantModel):
    """A brokerage's rules, whole: ``figures`` as ``rules.dump`` writes them. Never changed; one is
    in force, set by someone else than who wrote it."""

    number = models.PositiveIntegerField()
    figures = models.JSONField()
    note = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=VersionState.choices, default=VersionState.PROPOSED
    )
    made_by_ref = models.CharField(max_length=80)
    made_by = models.CharField(max_length=160)
    made_at = models.DateTimeField(default=now)
    active_from = models.DateTimeField(null=True)
    active_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        permissions: ClassVar = [
            ("view_privacy", "See retention rules, erasure requests and legal holds"),
            ("manage_retention", "Propose and decide retention rules"),
            ("work_erasure", "Record and decide erasure requests"),
            ("hold_data", "Place legal holds, ask for their end and decide it"),
            ("export_subject", "Hand out all that is held on a client"),
            ("view_access", "See who of the staff saw whose personal data"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="retention_number"),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="active"), name="retention_one_active"
            ),
            models.UniqueConstraint(
                fields=["tenant"], condition=Q(state="proposed"), name="retention_one_proposed"
            ),
        ]

    def __str__(self) -> str:
        return f"Retention rules {self.number}"


class Source(models.TextChoices):
    CLIENT = "client", "The client"
    REPRESENTATIVE = "representative", "Someone for the client"
    AUTHORITY = "authority", "An authority"
    RETENTION = "retention", "The time is over"


class Channel(models.TextChoices):
    EMAIL = "email", "E-mail"
    LETTER = "letter", "Letter"
    PHONE = "phone", "Phone"
    PORTAL = "portal", "The client's own pages"
    PERSON = "person", "In person"
    NONE = "none", "Nobody asked"


class ErasureRequest(TenantModel):
    """Someone wants a client's data gone. ``answers`` are ``rules.Answer`` as JSON, as the rules
    of ``version`` gave them when it was asked; a second person decides on exactly these.

    ``terms_sealed`` holds by what the client is found while the work goes on, and is emptied with
    its last step; ``left`` says where else the name was found and not touched.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="erasures")
    state = models.CharField(
        max_length=10, choices=RequestState.choices, default=RequestState.ASKED
    )
    source = models.CharField(max_length=14, choices=Source.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    received_on = models.DateField()
    longer_years = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    version = TenantForeignKey(RetentionVersion, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField()
    asked_by_ref = models.CharField(max_length=80)
    asked_by = models.CharField(max_length=160)
    asked_at = models.DateTimeField(default=now)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)
    terms_sealed = models.BinaryField(default=bytes)
    left = models.JSONField(default=list)
    letter_sha256 = models.CharField(max_length=64, blank=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="erasure_reference"),
            models.UniqueConstraint(
                fields=["tenant", "client"],
                condition=Q(state__in=["asked", "running", "stopped"]),
                name="erasure_one_open",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="erasure_newest"),  # the list
            models.Index(fields=["tenant", "client", "-id"], name="erasure_client"),
        ]

    def __str__(self) -> str:
        return self.reference


class ErasureStep(TenantModel):
    """One piece of the work, done whole in one transaction or not at all: the evidence."""

    request = TenantForeignKey(ErasureRequest, on_delete=models.PROTECT, related_name="steps")
    place = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60)
    category = models.CharField(max_length=16, blank=True)
    label = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.WAITING)
    rows = models.PositiveIntegerField(default=0)
    detail = models.CharField(max_length=300, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "request", "place"], name="erasure_step_once")
        ]

    def __str__(self) -> str:
        return self.label


class RetentionDue(TenantModel):
    """A client of whom nothing has to be kept any longer: found at night, taken off the list when
    their erasure is asked for. Nothing is ever erased by it."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    found_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "client"], name="retention_due_once")
        ]

    def __str__(self) -> str:
        return f"{self.client_id} since {self.due_on:%Y-%m-%d}"


class LegalHold(TenantModel):
    """Nothing of this client may go, whatever the rules say. One person places it, two lift it."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="legal_holds")
    reason = models.CharField(max_length=300)
    placed_by_ref = models.CharField(max_length=80)
    placed_by = models.CharField(max_length=160)
    placed_at = models.DateTimeField(default=now)
    lift_asked_reason = models.CharField(max_length=300, blank=True)
    lifted_by = models.CharField(max_length=160, blank=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        default_permissions: ClassVar = ()
        indexes: ClassVar = [
            models.Index(
                fields=["tenant", "client"],
                name="legal_hold_standing",
                condition=Q(lifted_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"Legal hold of {self.placed_at:%Y-%m-%d}"
