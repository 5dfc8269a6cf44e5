"""Levels and what each asks for, cases, what checks said of them, and decisions with reasons."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client, ClientAction, ClientDocument, ClientKind, DocumentType, RiskBand
from kyc.categories.models import CategoryChange as CategoryChange
from kyc.questionnaires.models import AnswerSet as AnswerSet
from kyc.questionnaires.models import Confirmation as Confirmation
from kyc.questionnaires.models import Filling as Filling
from kyc.questionnaires.models import FormVersion as FormVersion
from kyc.questionnaires.models import Questionnaire as Questionnaire
from kyc.states import WORKING, CaseState, VendorState


class Level(TenantModel):
    """What a client may do once approved at it, and within which limits.

    ``limits`` maps a name (``deposit_per_month``) to an amount in the tenant's base currency,
    written as text; a name that is absent has no limit.
    """

    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    rights = ArrayField(models.CharField(max_length=12, choices=ClientAction.choices))
    limits = models.JSONField(default=dict)
    review_months = models.JSONField(default=dict)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "number"], name="level_number")
        ]
        ordering: ClassVar = ["number"]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class RequirementKind(models.TextChoices):
    DOCUMENT = "document", "Document"
    QUESTIONNAIRE = "questionnaire", "Questionnaire"
    CHECK = "check", "Check"


class Requirement(TenantModel):
    """One thing that a level asks of a kind of client.

    A document requirement is met by an accepted document of any of ``types``; a check by the
    answer of the registered check named ``code``; a questionnaire by what the client answered of
    the one with that ``code``, or of the ``questions`` that the level has itself.
    """

    level = TenantForeignKey(Level, on_delete=models.PROTECT, related_name="requirements")
    kind = models.CharField(max_length=14, choices=RequirementKind.choices)
    client_kind = models.CharField(
        max_length=10, choices=ClientKind.choices, default=ClientKind.PERSON
    )
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    types = ArrayField(
        models.CharField(max_length=20, choices=DocumentType.choices), default=list, blank=True
    )
    age_days_max = models.PositiveSmallIntegerField(null=True, blank=True)
    questions = models.JSONField(default=list, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "level", "client_kind", "kind", "code"], name="requirement_code"
            )
        ]

    def __str__(self) -> str:
        return self.label


class ReasonUse(models.TextChoices):
    DOCUMENT = "document", "A document is refused"
    INFO = "info", "The client is asked"
    REJECTION = "rejection", "A case is rejected"


class ReasonCode(TenantModel):
    """A reason from the catalogue; ``texts`` is what the client reads, by language."""

    use = models.CharField(max_length=10, choices=ReasonUse.choices)
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    texts = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "use", "code"], name="reason_code")
        ]

    def __str__(self) -> str:
        return self.label

    def text_for(self, language: str) -> str:
        return str(self.texts.get(language) or self.texts.get("en") or self.label)


class KycCase(TenantModel):
    """One request to approve one client at one level."""

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="kyc_cases")
    level = TenantForeignKey(Level, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=CaseState.choices, default=CaseState.DRAFT)
    answers = models.JSONField(default=dict)
    opened_at = models.DateTimeField(default=now)
    opened_by = models.CharField(max_length=160)
    submitted_at = models.DateTimeField(null=True)
    # Who sent it to approval: someone else approves.
    reviewer_ref = models.CharField(max_length=80, blank=True)
    reviewer = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    client_text = models.CharField(max_length=1000, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    resubmittable = models.BooleanField(default=True)
    escalation = models.CharField(max_length=300, blank=True)
    review_due_on = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="kyc_reference"),
            models.UniqueConstraint(
                fields=["tenant", "client"],
                condition=Q(state__in=sorted(WORKING)),
                name="kyc_one_working_case",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="kyc_client"),
            models.Index(fields=["tenant", "state", "-id"], name="kyc_state"),
            models.Index(fields=["tenant", "level", "-id"], name="kyc_by_level"),
            models.Index(
                fields=["tenant", "review_due_on"],
                name="kyc_review_due",
                condition=Q(state="approved"),
            ),
        ]
        permissions: ClassVar = [
            ("view_case", "See KYC cases"),
            ("prepare_case", "Open KYC cases and submit them"),
            ("review_case", "Review KYC cases"),
            ("approve_case", "Approve KYC cases"),
            ("approve_high_risk", "Approve high-risk and politically exposed clients"),
        ]

    def __str__(self) -> str:
        return self.reference


class CheckOutcome(models.TextChoices):
    WAITING = "waiting", "Waiting"
    CLEAR = "clear", "Clear"
    HIT = "hit", "Hit"
    ERROR = "error", "Failed"


class CaseCheck(TenantModel):
    """What one check says of one case. ``lines`` explain it to the reviewer, one list of
    {title, score, detail} per hit; ``url`` leads to where it is decided."""

    case = TenantForeignKey(KycCase, on_delete=models.PROTECT, related_name="checks")
    name = models.CharField(max_length=40)
    outcome = models.CharField(
        max_length=8, choices=CheckOutcome.choices, default=CheckOutcome.WAITING
    )
    summary = models.CharField(max_length=200, blank=True)
    lines = models.JSONField(default=list)
    url = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=160, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "case", "name"], name="case_check_name"),
            models.CheckConstraint(
                condition=Q(outcome="waiting", answered_at__isnull=True)
                | (~Q(outcome="waiting") & Q(answered_at__isnull=False)),
                name="case_check_answered",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.outcome}"


class DocumentDecision(TenantModel):
    """One decision on one document in one case. Append-only; the document holds the last."""

    case = TenantForeignKey(KycCase, on_delete=models.PROTECT, related_name="decisions")
    document = TenantForeignKey(ClientDocument, on_delete=models.PROTECT, related_name="decisions")
    accepted = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    client_text = models.CharField(max_length=300, blank=True)
    note = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=now)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(accepted=True) | ~Q(reason=""), name="refusal_has_a_reason"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "case", "id"], name="document_decision_case")
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {'accepted' if self.accepted else self.reason}"


class RiskRating(TenantModel):
    """A band set by hand on a case, with why. Append-only; its author may not approve."""

    case = TenantForeignKey(KycCase, on_delete=models.PROTECT, related_name="ratings")
    band = models.CharField(max_length=10, choices=RiskBand.choices)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(default=now)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "case", "id"], name="risk_rating_case")]

    def __str__(self) -> str:
        return f"{self.band}: {self.reason}"


class VendorAccount(TenantModel):
    """A brokerage's account at one identity vendor; ``kind`` names the adapter.

    ``key_id`` is what the vendor knows us by, ``template`` what it runs (a level, a workflow). The
    secrets are sealed; during a rotation the older webhook secret is accepted until its end.
    """

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    base_url = models.CharField(max_length=200)
    key_id = models.CharField(max_length=120, blank=True)
    template = models.CharField(max_length=120, blank=True)
    api_key_sealed = models.BinaryField(default=bytes)
    secret_sealed = models.BinaryField(default=bytes)
    previous_secret_sealed = models.BinaryField(default=bytes)
    previous_secret_until = models.DateTimeField(null=True)
    # The address that the vendor posts to names this and no id of ours.
    webhook_token = models.CharField(max_length=40)
    active = models.BooleanField(default=True)
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    last_error_at = models.DateTimeField(null=True)
    bad_signatures = models.PositiveIntegerField(default=0)
    history = TenantHistory(
        excluded_fields=[
            "last_ok_at",
            "last_error",
            "last_error_at",
            "bad_signatures",
            "secret_sealed",
            "previous_secret_sealed",
            "api_key_sealed",
        ]
    )

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="vendor_name"),
            models.UniqueConstraint(fields=["tenant", "webhook_token"], name="vendor_token"),
        ]
        permissions: ClassVar = [("manage_vendors", "Connect and change identity vendors")]

    def __str__(self) -> str:
        return self.name


class VendorCheck(TenantModel):
    """One identity check of a case at a vendor: where the client does it, and what the vendor says.

    ``said_at`` is the vendor's own time of what it said last; an older word changes nothing.
    """

    case = TenantForeignKey(KycCase, on_delete=models.PROTECT, related_name="vendor_checks")
    account = TenantForeignKey(VendorAccount, on_delete=models.PROTECT, related_name="checks")
    state = models.CharField(
        max_length=10, choices=VendorState.choices, default=VendorState.STARTING
    )
    vendor_ref = models.CharField(max_length=120, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    said_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(default=now)
    started_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "account", "vendor_ref"],
                condition=~Q(vendor_ref=""),
                name="vendor_check_ref",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "case", "-id"], name="vendor_check_case"),
            # What the watch looks for: asked for and never answered.
            models.Index(
                fields=["tenant", "started_at"],
                name="vendor_check_starting",
                condition=Q(state="starting"),
            ),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.vendor_ref or str(self.pk)


class VendorMessage(TenantModel):
    """What a vendor posted, raw, before anyone looked into it. Append-only but for its outcome."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        APPLIED = "applied", "Applied"
        STALE = "stale", "Changes nothing"
        REFUSED = "refused", "Not understood"

    account = TenantForeignKey(VendorAccount, on_delete=models.PROTECT, related_name="messages")
    delivery = models.CharField(max_length=80)
    body = models.BinaryField()
    headers = models.JSONField()
    received_at = models.DateTimeField(default=now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    note = models.CharField(max_length=300, blank=True)
    check_id = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "account", "delivery"], name="vendor_message_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "account", "-id"], name="vendor_message_newest")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.delivery
