"""Watch lists, what screening found on them, and what monitoring saw in the flow of money.

Public lists are the same for every brokerage and have no tenant; a brokerage's own list belongs to
it (docs/adr/watch-lists.md). Amounts with ``base`` in their name are in the tenant's currency.
"""

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.ids import uuid7
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.models import Client
from compliance.risk.models import RiskAssessment as RiskAssessment
from compliance.risk.models import RiskModel as RiskModel
from compliance.risk.models import RiskTrial as RiskTrial
from compliance.screening.decide import Category
from compliance.states import AlertState, HitState

CATEGORIES = [(str(each), each.name.replace("_", " ").capitalize()) for each in Category]


class ListVersion(models.Model):
    """One file of one list as it was read. One version of a source is active at a time.

    ``rows_counted = rows_parsed + problems``; ``problems`` and ``notes`` hold the first of them as
    ``[where, why]``, their numbers stand beside. ``added``, ``changed`` and ``removed`` count
    entities against the version before.
    """

    source = models.CharField(max_length=40)
    title = models.CharField(max_length=120)
    category = models.CharField(max_length=14, choices=CATEGORIES)
    number = models.PositiveIntegerField()
    active = models.BooleanField(default=True)
    file_name = models.CharField(max_length=160, blank=True)
    sha256 = models.CharField(max_length=64)
    issued = models.CharField(max_length=40, blank=True)
    imported_at = models.DateTimeField(default=now)
    imported_by = models.CharField(max_length=160)
    entities_count = models.PositiveIntegerField()
    names_count = models.PositiveIntegerField()
    rows_counted = models.PositiveIntegerField()
    rows_parsed = models.PositiveIntegerField()
    problems_count = models.PositiveIntegerField(default=0)
    notes_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    # Ids of all of them, so that a brokerage that missed a version knows what to search for.
    delta = models.JSONField(default=list)
    # The first of them for people: ``added`` and ``removed`` as [id, name], ``changed`` as [id,
    # name, [field, ...]]. Their numbers stand above.
    changes = models.JSONField(default=dict)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"


class ListRow(models.Model):
    """One entity of the active version, whole, as ``screening.entities`` writes it in JSON.

    Rows of an older version go when a new one takes its place; what a hit saw stays on the hit.
    """

    source = models.CharField(max_length=40)
    entity_id = models.CharField(max_length=120)
    content_hash = models.CharField(max_length=64)
    entity = models.JSONField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.source} {self.entity_id}"


class WatchList(ListVersion):
    """A version of a public list (OFAC, UN, EU ...): reference data, shared by all tenants."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    objects: ClassVar[models.Manager["WatchList"]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "number"], name="watch_list_number"),
            models.UniqueConstraint(
                fields=["source"], condition=Q(active=True), name="watch_list_one_active"
            ),
        ]
        permissions: ClassVar = [("manage_lists", "See watch lists and import the own one")]


class WatchEntity(ListRow):
    """An entity of a public list's active version."""

    watch_list = models.ForeignKey(WatchList, on_delete=models.CASCADE, related_name="entities")
    objects: ClassVar[models.Manager["WatchEntity"]] = models.Manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["watch_list", "entity_id"], name="watch_entity_id")
        ]
        indexes: ClassVar = [
            # A wallet's address among the identifiers (parties.address_listed).
            GinIndex(fields=["entity"], name="watch_entity_content", opclasses=["jsonb_path_ops"])
        ]


class TenantList(ListVersion, TenantModel):
    """A version of a brokerage's own list, such as people it wants no business with."""

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "source", "number"], name="tenant_list_number"
            ),
            models.UniqueConstraint(
                fields=["tenant", "source"],
                condition=Q(active=True),
                name="tenant_list_one_active",
            ),
        ]


class TenantEntity(ListRow, TenantModel):
    """An entity of the active version of a brokerage's own list."""

    watch_list = TenantForeignKey(TenantList, on_delete=models.PROTECT, related_name="entities")

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "watch_list", "entity_id"], name="tenant_entity_id"
            )
        ]


class Screening(TenantModel):
    """When a client was last searched for, as who, and on which versions of the lists.

    ``versions`` maps a source to the version's number.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="screenings")
    subject_hash = models.CharField(max_length=64)
    versions = models.JSONField(default=dict)
    matches = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "client"], name="screening_client")
        ]

    def __str__(self) -> str:
        return f"{self.client_id} at {self.at:%Y-%m-%d %H:%M}"


class ScreeningPolicy(TenantModel):
    """How a brokerage screens; without a row the product's own way. ``number`` grows with each
    change. ``thresholds`` maps a category to its scores, ``proposed`` is what waits for a second
    person."""

    number = models.PositiveIntegerField(default=0)
    lists_on = models.JSONField(default=list)
    lists_off = models.JSONField(default=list)
    thresholds = models.JSONField(default=dict)
    proposed = models.JSONField(default=dict)
    history = TenantHistory(excluded_fields=["proposed"])

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="screening_policy_one")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"screening policy {self.number}"


class PartyScreening(TenantModel):
    """When a third party of a client was last searched for: a payer by name, a wallet by address.

    ``subject`` is what was searched, as a hit keeps it.
    """

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    subject = models.JSONField(encoder=DjangoJSONEncoder)
    subject_hash = models.CharField(max_length=64)
    matches = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "client", "subject_type", "subject_id"], name="party_once"
            )
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.subject_type} {self.subject_id}"


class ScreeningRun(TenantModel):
    """One pass over clients: after a list changed, or over all of them."""

    class Kind(models.TextChoices):
        DELTA = "delta", "A list changed"
        FULL = "full", "All clients"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=40, blank=True)
    version = models.PositiveIntegerField(null=True)
    entities = models.PositiveIntegerField(default=0)
    clients = models.PositiveIntegerField(default=0)
    screened = models.PositiveIntegerField(default=0)
    hits = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="screening_run_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.source} {self.started_at:%Y-%m-%d}"


class Hit(TenantModel):
    """A client who may be someone on a list, with everything that spoke for and against it.

    One row per pair of subject and entity, so that a dismissal is remembered: it holds for
    ``content_hash`` (the entity) and ``subject_hash`` (the client) as they were. ``features`` are
    ``[feature, value, effect]`` and add up to ``score``, cut to 0..1.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="hits")
    # Whose name it was: the client's; owners and payers come with their domains.
    subject_type = models.CharField(max_length=60, default="clients.client")
    subject_id = models.UUIDField()
    subject = models.JSONField(encoder=DjangoJSONEncoder)
    subject_hash = models.CharField(max_length=64)
    source = models.CharField(max_length=40)
    source_title = models.CharField(max_length=120)
    category = models.CharField(max_length=14, choices=CATEGORIES)
    entity_id = models.CharField(max_length=120)
    entity = models.JSONField()
    content_hash = models.CharField(max_length=64)
    listed_name = models.CharField(max_length=1000)
    score = models.DecimalField(max_digits=5, decimal_places=4)
    features = models.JSONField()
    blocking = models.BooleanField()
    why = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=HitState.choices, default=HitState.OPEN)
    # What was proposed to the second pair of eyes, while it waits there.
    proposed = models.CharField(max_length=16, choices=HitState.choices, blank=True)
    reason = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    second_by = models.CharField(max_length=160, blank=True)
    times_opened = models.PositiveSmallIntegerField(default=1)
    found_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="hit_reference"),
            models.UniqueConstraint(
                fields=["tenant", "subject_type", "subject_id", "source", "entity_id"],
                name="hit_pair",
            ),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="hit_score"),
            models.CheckConstraint(
                condition=~Q(state__in=["false_positive", "confirmed"]) | ~Q(reason=""),
                name="hit_decision_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(category="sanctions")
                | ~Q(state__in=["false_positive", "confirmed"])
                | ~Q(second_by=""),
                name="hit_sanctions_need_two",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="hit_newest"),  # the list
            models.Index(fields=["tenant", "state", "-id"], name="hit_state"),
            models.Index(fields=["tenant", "client", "-id"], name="hit_client"),
            models.Index(fields=["tenant", "source", "entity_id"], name="hit_entity"),  # delta
        ]
        permissions: ClassVar = [
            ("decide_hit", "Decide hits on watch lists"),
            ("view_monitoring", "Know about transaction monitoring"),
            ("decide_alert", "Decide monitoring alerts"),
            ("approve_release", "Release what compliance holds"),
        ]

    def __str__(self) -> str:
        return self.reference


class ClientDay(TenantModel):
    """What moved for one client on one day (UTC), in base currency. Derived: rebuilt at will."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    deposit_count = models.PositiveIntegerField(default=0)
    deposits_base = models.DecimalField(max_digits=28, decimal_places=2, default=0)
    withdrawal_count = models.PositiveIntegerField(default=0)
    withdrawals_base = models.DecimalField(max_digits=28, decimal_places=2, default=0)
    deal_count = models.PositiveIntegerField(default=0)
    notional_base = models.DecimalField(max_digits=28, decimal_places=2, default=0)
    profit_base = models.DecimalField(max_digits=28, decimal_places=2, default=0)
    # Movements in a currency without a rate: counted, their amounts are in no sum.
    unrated_count = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "client", "day"], name="client_day_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "day", "client"], name="client_day_window"),  # scenarios
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.client_id} {self.day}"


class DayCursor(TenantModel):
    """Up to when (by the time of our own writing) movements are in ``ClientDay``."""

    until = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant"], name="day_cursor_tenant")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"


class Scenario(TenantModel):
    """One version of a monitoring scenario: which kind, with which figures. Versions never change;
    a new one takes the place of the old when someone else has approved it."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SHADOW = "shadow", "Shadow (counts, no alerts)"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    class Severity(models.TextChoices):
        LOW = "low", "Low"
        MEDIUM = "medium", "Medium"
        HIGH = "high", "High"
        CRITICAL = "critical", "Critical"

    code = models.CharField(max_length=8)
    version = models.PositiveIntegerField()
    parameters = models.JSONField()
    severity = models.CharField(max_length=8, choices=Severity.choices, default=Severity.MEDIUM)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    reason = models.CharField(max_length=300)
    author_ref = models.CharField(max_length=80)
    author = models.CharField(max_length=160)
    approver_ref = models.CharField(max_length=80, blank=True)
    approver = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField(default=now)
    approved_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "code", "version"], name="scenario_version"),
            models.UniqueConstraint(
                fields=["tenant", "code"], condition=Q(state="live"), name="scenario_one_live"
            ),
            models.CheckConstraint(
                condition=Q(approver_ref="") | ~Q(approver_ref=models.F("author_ref")),
                name="scenario_four_eyes",
            ),
            models.CheckConstraint(
                condition=~Q(state="live") | ~Q(approver_ref=""), name="scenario_live_approved"
            ),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.code} version {self.version}"


class MonitoringRun(TenantModel):
    """One pass of the scenarios. ``results``: code -> {version, state, found, raised, known,
    snoozed, seconds}."""

    as_of = models.DateField()
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    days_rebuilt = models.PositiveIntegerField(default=0)
    unrated = models.PositiveIntegerField(default=0)
    results = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [models.Index(fields=["tenant", "-id"], name="monitoring_run_newest")]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"as of {self.as_of}"


class Alert(TenantModel):
    """A client whose money moved as a scenario describes, within a window of days.

    ``basis`` are the figures that met it, amounts as text in base currency. ``window_key`` names
    what is looked at once: the window's last day, or the one payment that the alert is about.
    """

    reference = models.CharField(max_length=20)
    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="alerts")
    scenario = TenantForeignKey(Scenario, on_delete=models.PROTECT, related_name="alerts")
    code = models.CharField(max_length=8)
    window_first = models.DateField()
    window_last = models.DateField()
    window_key = models.CharField(max_length=60)
    basis = models.JSONField()
    severity = models.CharField(max_length=8, choices=Scenario.Severity.choices)
    state = models.CharField(
        max_length=12, choices=AlertState.choices, default=AlertState.TRIGGERED
    )
    reason = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    raised_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "reference"], name="alert_reference"),
            models.UniqueConstraint(
                fields=["tenant", "code", "client", "window_key"], name="alert_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["cleared", "dismissed", "escalated"])
                | (~Q(reason="") & Q(decided_at__isnull=False)),
                name="alert_decision_has_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="alert_newest"),
            models.Index(fields=["tenant", "client", "-id"], name="alert_client"),
            models.Index(fields=["tenant", "state", "-id"], name="alert_state"),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.reference


class AlertSnooze(TenantModel):
    """A scenario is not to alert about one client until a day: what it sees is known."""

    client = TenantForeignKey(Client, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=8)
    until = models.DateField()
    reason = models.CharField(max_length=300)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "code", "client", "until"], name="alert_snooze_client")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.code} until {self.until}"


class Release(TenantModel):
    """An officer let one payment go although something about its client is open.

    It covers what was open then: an alert or a hit raised later stops the payment again.
    """

    payment_type = models.CharField(max_length=60)
    payment_id = models.UUIDField()
    reason = models.CharField(max_length=300)
    by_ref = models.CharField(max_length=80)
    by = models.CharField(max_length=160)
    at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "payment_id", "-id"], name="release_payment")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.payment_type} {self.payment_id}"
