"""Tenants (brokerages), their legal entities, and the counters behind readable references."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from backoffice.core.tenant import TenantHistory, TenantModel


class Tenant(models.Model):
    """A brokerage on this installation: shared reference data, so without row-level security."""

    slug = models.SlugField(unique=True, max_length=40)
    name = models.CharField(max_length=120)
    hostname = models.CharField(max_length=200, unique=True, null=True, blank=True)
    timezone = models.CharField(max_length=60, default="UTC")
    base_currency = models.CharField(max_length=8, default="EUR")
    currencies = ArrayField(models.CharField(max_length=8), default=list)
    brand_colour = models.CharField(
        max_length=7, default="#3451d1", validators=[RegexValidator(r"^#[0-9a-f]{6}$")]
    )
    ip_allow_list = ArrayField(models.GenericIPAddressField(), default=list, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

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
