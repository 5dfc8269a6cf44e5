"""Tenants (brokerages), their legal entities, and the counters behind readable references."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from simple_history.models import HistoricalRecords

from backoffice.core.tenant import TenantHistory, TenantModel, history_user


class Accent(models.TextChoices):
    """The brand's one colour: for the primary action and the active item alone."""

    INDIGO = "", "Indigo"
    BLUE = "blue", "Blue"
    TEAL = "teal", "Teal"
    FOREST = "forest", "Forest"
    PLUM = "plum", "Plum"
    COPPER = "copper", "Copper"
    GRAPHITE = "graphite", "Graphite"


class Tenant(models.Model):
    """A brokerage on this installation: shared reference data, so without row-level security."""

    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=120)
    hostname = models.CharField(max_length=200, unique=True, null=True, blank=True)
    timezone = models.CharField(max_length=60, default="UTC")
    base_currency = models.CharField(max_length=8, default="EUR")
    currencies = ArrayField(models.CharField(max_length=8), default=list)
    # The legal entity's name under the brand, as every page shows it.
    entity = models.CharField(max_length=160, blank=True)
    accent = models.CharField(
        max_length=10, choices=Accent.choices, default=Accent.INDIGO, blank=True
    )
    # Networks that staff may come from, what the edge reads before any tenant is in scope;
    # staff.AccessPolicy is the record behind it. Empty: from anywhere.
    ip_allow_list = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(user_db_constraint=False, get_user=history_user)

    objects: ClassVar[models.Manager["Tenant"]] = models.Manager()

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return self.name


class LegalEntity(TenantModel):
    """The licensed company behind a brand: who the client's contract and money are with."""

    name = models.CharField(max_length=160)
    regulator = models.CharField(max_length=60)
    licence = models.CharField(max_length=60, blank=True)
    lei = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="legal_entity_name")
        ]

    def __str__(self) -> str:
        return self.name


class Counter(TenantModel):
    """The last number given out for one kind of reference in one year."""

    prefix = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    last = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "prefix", "year"], name="counter_prefix_year")
        ]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}"
