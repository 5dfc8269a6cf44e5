"""The audit trail: entries, their erasable payloads, and the chain that seals them.

Rows are written by ``audit_append`` and ``audit_seal`` (sql/) alone: the runtime role only reads.
"""

from typing import ClassVar

from django.db import models

from backoffice.core.tenant import TenantForeignKey, TenantModel


class AuditEntry(TenantModel):
    """Someone did something to something. Never changed, never deleted."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_ref = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=160)
    action = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=120, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    payload_sha = models.BinaryField()

    class Meta(TenantModel.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="audit_newest"),  # the audit page
            models.Index(fields=["tenant", "subject_id", "-id"], name="audit_subject"),  # timelines
            models.Index(fields=["tenant", "actor_ref", "-id"], name="audit_actor"),  # staff access
            models.Index(fields=["tenant", "action", "-id"], name="audit_action"),
            models.Index(fields=["tenant", "subject_label", "-id"], name="audit_label"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.action} {self.subject_label}"


class AuditPayload(TenantModel):
    """The details of one entry, apart, so that erasing them leaves the chain whole."""

    entry = TenantForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="payloads")
    salt = models.BinaryField()
    data = models.JSONField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "entry"], name="audit_payload_entry")
        ]

    def __str__(self) -> str:
        return str(self.entry_id)


class AuditSeal(TenantModel):
    """One link of a tenant's chain: ``hash = sha256(prev || canonical entry)``."""

    seq = models.BigIntegerField()
    entry = TenantForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="seals")
    sealed_at = models.DateTimeField()
    prev = models.BinaryField()
    hash = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "seq"], name="audit_seal_seq"),
            models.UniqueConstraint(fields=["tenant", "entry"], name="audit_seal_entry"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.hash).hex()[:12]}"


class AuditUnsealed(TenantModel):
    """Entries that wait for the sealer; the id is the entry's."""

    def __str__(self) -> str:
        return str(self.id)


class AuditHead(TenantModel):
    """Where a tenant's chain ends now."""

    seq = models.BigIntegerField()
    hash = models.BinaryField()
    sealed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [models.UniqueConstraint(fields=["tenant"], name="audit_head_one")]

    def __str__(self) -> str:
        return f"{self.seq} {bytes(self.hash).hex()[:12]}"


class AuditHeadSignature(TenantModel):
    """A head hash signed with a key that the database does not hold. ``number`` counts a tenant's
    signed heads, ``previous`` is the SHA-256 of the signature before."""

    number = models.BigIntegerField()
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    previous = models.BinaryField()
    signed_at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "seq", "key_id"], name="audit_signature_seq"),
            models.UniqueConstraint(fields=["tenant", "number"], name="audit_signature_number"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.key_id}"
