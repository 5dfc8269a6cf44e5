"""Self-certifications of tax residence: rows that nobody changes; the newest one holds."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantModel
from clients.tax.states import Classification, NoTin


class TaxCertification(TenantModel):
    """What a client, or with ``party`` someone who controls it, certified of their taxes on a day,
    on the form of ``form_version``. Never changed, never deleted (grants say so)."""

    client = TenantForeignKey(
        "clients.Client", on_delete=models.PROTECT, related_name="tax_certifications"
    )
    party = TenantForeignKey(
        "clients.Party",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tax_certifications",
    )
    us_person = models.BooleanField()
    # Of a company alone.
    classification = models.CharField(max_length=12, choices=Classification.choices, blank=True)
    form_version = models.PositiveSmallIntegerField()
    certified_on = models.DateField()
    # Who signed it: the person themselves, or who may sign for the company.
    certified_by = models.CharField(max_length=160)
    document = TenantForeignKey(
        "clients.ClientDocument", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The sentences in which it did not fit what else was known, as they were read on that day.
    doubts = models.JSONField(default=list)
    recorded_at = models.DateTimeField(default=now)
    recorded_by_ref = models.CharField(max_length=80)
    recorded_by = models.CharField(max_length=160)

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "-id"], name="tax_certification_client")
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.certified_by}, {self.certified_on:%Y-%m-%d}"


class TaxResidence(TenantModel):
    """One country of a certification, with the taxpayer number there or the reason for none. The
    number is sealed with the tenant's key."""

    certification = TenantForeignKey(
        TaxCertification, on_delete=models.PROTECT, related_name="residences"
    )
    country = models.CharField(max_length=2)
    tin_sealed = models.BinaryField(default=bytes)
    no_tin = models.CharField(max_length=1, choices=NoTin.choices, blank=True)
    explanation = models.CharField(max_length=200, blank=True)
    order = models.PositiveSmallIntegerField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "certification", "country"], name="tax_residence_once"
            ),
            models.CheckConstraint(
                condition=Q(no_tin="", tin_sealed__gt=b"") | (~Q(no_tin="") & Q(tin_sealed=b"")),
                name="tax_residence_tin",
            ),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.country
