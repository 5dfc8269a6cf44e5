"""Parties of a company and what ties them to it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from backoffice.core.clock import now
from backoffice.core.tenant import TenantForeignKey, TenantHistory, TenantModel
from clients.ownership.states import EntityFlag, PartyKind, PartyRole, PartyState


class Party(TenantModel):
    """A person or company behind a client that is a company. Nobody deletes one: it ends with
    the last of its ties. Its papers are documents of the client that name it."""

    client = TenantForeignKey("clients.Client", on_delete=models.PROTECT, related_name="parties")
    kind = models.CharField(max_length=10, choices=PartyKind.choices)
    state = models.CharField(max_length=10, choices=PartyState.choices, default=PartyState.OPEN)
    first_name = models.CharField(max_length=80, blank=True)
    last_name = models.CharField(max_length=80, blank=True)
    company_name = models.CharField(max_length=160, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    nationality = models.CharField(max_length=2, blank=True)
    # Where a person lives; where a company has its seat.
    residence = models.CharField(max_length=2, blank=True)
    registration_number = models.CharField(max_length=40, blank=True)
    politically_exposed = models.BooleanField(default=False)
    flags = ArrayField(
        models.CharField(max_length=10, choices=EntityFlag.choices), default=list, blank=True
    )
    decided_at = models.DateTimeField(null=True)
    decided_by_ref = models.CharField(max_length=80, blank=True)
    decided_by = models.CharField(max_length=160, blank=True)
    decision_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    created_by_ref = models.CharField(max_length=80)
    created_by = models.CharField(max_length=160)
    ended_on = models.DateField(null=True)
    history = TenantHistory()

    class Meta(TenantModel.Meta):
        verbose_name_plural = "parties"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="company", company_name__gt="", last_name="")
                | Q(kind="person", company_name="", last_name__gt=""),
                name="party_has_a_name",
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_on__isnull=False)
                | (~Q(state="ended") & Q(ended_on__isnull=True)),
                name="party_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "id"], name="party_client"),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.company_name or f"{self.first_name} {self.last_name}".strip()


class Tie(TenantModel):
    """What a party is to the company, from a day until a day: a director, a signatory, or the
    owner of ``percent`` of the company or, with ``of``, of a party between. A share that changes
    ends its row and begins another; a row is never changed but for its end (grants say so)."""

    client = TenantForeignKey("clients.Client", on_delete=models.PROTECT, related_name="ties")
    party = TenantForeignKey(Party, on_delete=models.PROTECT, related_name="ties")
    role = models.CharField(max_length=10, choices=PartyRole.choices)
    of = TenantForeignKey(
        Party, on_delete=models.PROTECT, null=True, blank=True, related_name="owned_by"
    )
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    from_on = models.DateField()
    until_on = models.DateField(null=True)
    evidence = TenantForeignKey(
        "clients.ClientDocument", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    added_at = models.DateTimeField(default=now)
    added_by_ref = models.CharField(max_length=80)
    added_by = models.CharField(max_length=160)
    ended_at = models.DateTimeField(null=True)
    ended_by_ref = models.CharField(max_length=80, blank=True)
    ended_by = models.CharField(max_length=160, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "party", "role", "of"],
                condition=Q(until_on__isnull=True),
                nulls_distinct=False,
                name="tie_stands_once",
            ),
            models.CheckConstraint(
                condition=Q(role="owner", percent__gt=0, percent__lte=100)
                | (~Q(role="owner") & Q(percent__isnull=True, of__isnull=True)),
                name="tie_percent",
            ),
            models.CheckConstraint(
                condition=Q(of__isnull=True) | ~Q(of=F("party")), name="tie_of_another"
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="tie_period",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["tenant", "client", "id"], name="tie_client"),
        ]
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return self.words()

    def words(self) -> str:
        """“owner of 60 %”, “director”."""
        if self.percent is None:
            return self.get_role_display().lower()
        return f"owner of {self.percent.normalize():f} %"
