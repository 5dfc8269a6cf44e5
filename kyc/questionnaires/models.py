"""Questionnaires in versions, what is being filled in, and what was answered."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from backoffice.workflow.versions import VersionRow
from clients.models import Client, UploadLink
from kyc.questionnaires.states import FillingState, Outcome


class Questionnaire(TenantModel):
    """What versions are of. ``code`` names it for good; ``name`` is what people read."""

    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=now)
    made_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code"], name="questionnaire_code")
        ]
        default_permissions: ClassVar = ()
        permissions: ClassVar = [("manage_questionnaires", "Write questionnaires and publish them")]

    def __str__(self) -> str:
        return self.name


class FormVersion(VersionRow):
    """One version; ``content`` as ``rules.dump`` writes it. It changes while it is a draft and
    never again (a trigger says so). ``edition`` counts its changes, so that nobody writes over a
    colleague; ``authors`` are all who wrote on it: they can't publish it."""

    questionnaire = TenantForeignKey(
        Questionnaire, on_delete=models.PROTECT, related_name="versions"
    )
    edition = models.PositiveIntegerField(default=1)
    authors = models.JSONField(default=list)
    changed_at = models.DateTimeField(default=now)

    class Meta(VersionRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "questionnaire", "number"], name="form_version_number"
            ),
            models.UniqueConstraint(
                fields=["tenant", "questionnaire"],
                condition=Q(state="active"),
                name="form_version_one_published",
            ),
            models.UniqueConstraint(
                fields=["tenant", "questionnaire"],
                condition=Q(state__in=["draft", "proposed"]),
                name="form_version_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.questionnaire.name}, version {self.number}"


class Filling(TenantModel):
    """A client on the way through one version. ``answers`` grow page by page; the version stays
    the one that was begun, whatever is published meanwhile."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="fillings")
    version = TenantForeignKey(FormVersion, on_delete=models.PROTECT, related_name="fillings")
    questionnaire = TenantForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="+")
    link = TenantForeignKey(UploadLink, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=FillingState.choices, default=FillingState.OPEN)
    answers = models.JSONField(default=dict)
    begun_at = models.DateTimeField(default=now)
    begun_by_ref = models.CharField(max_length=80)
    begun_by = models.CharField(max_length=160)
    saved_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client", "questionnaire"],
                condition=Q(state__in=["open", "warned"]),
                name="filling_one_at_a_time",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="filling_client"),
            models.Index(fields=["tenant", "link"], name="filling_link"),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.version_id} by {self.client_id}"


class AnswerSet(TenantModel):
    """Everything a client answered, at one moment, with what it scored. Never changed, never
    deleted (grants say so). ``lines``: [question, answer, points] as they were read; ``attempt``
    counts the client's answers of this questionnaire; ``leverage_max`` is of the outcome cap."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="answer_sets")
    version = TenantForeignKey(FormVersion, on_delete=models.PROTECT, related_name="+")
    questionnaire = TenantForeignKey(Questionnaire, on_delete=models.PROTECT, related_name="+")
    filling = TenantForeignKey(Filling, on_delete=models.PROTECT, related_name="answer_sets")
    attempt = models.PositiveSmallIntegerField()
    answers = models.JSONField()
    lines = models.JSONField()
    score = models.IntegerField(null=True)
    score_max = models.IntegerField(null=True)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, default=Outcome.NONE)
    leverage_max = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(default=now)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)
    on_behalf = models.BooleanField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "filling"], name="answer_set_once"),
            models.UniqueConstraint(
                fields=["tenant", "client", "questionnaire", "attempt"], name="answer_set_attempt"
            ),
            models.CheckConstraint(
                condition=~Q(outcome="cap") | Q(leverage_max__gte=1), name="answer_set_cap"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="answer_set_client")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.at:%Y-%m-%d}"


class Confirmation(TenantModel):
    """A client has read a test's warning and goes on. Append-only."""

    answer_set = TenantForeignKey(AnswerSet, on_delete=models.PROTECT, related_name="confirmations")
    words = models.CharField(max_length=1000)
    at = models.DateTimeField(default=now)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)
    on_behalf = models.BooleanField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "answer_set"], name="confirmation_once")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.by} {self.at:%Y-%m-%d}"
