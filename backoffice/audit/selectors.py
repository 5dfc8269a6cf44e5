"""Reading the audit trail, and proving it whole."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from backoffice.audit.actions import discreet_codes, look_codes
from backoffice.audit.models import AuditEntry, AuditHead, AuditUnsealed
from backoffice.audit.signing import Coverage, coverage
from backoffice.core.context import Actor

VERIFY_CHUNK = 50_000
SEE_DISCREET = "compliance.view_monitoring"


@dataclass(frozen=True)
class Verification:
    """What a check of one tenant's chain found. ``faults``: (sequence number, what is wrong)."""

    tenant_id: int
    first_seq: int
    last_seq: int
    head_hash: str
    waiting: int
    seconds: float
    signed: Coverage = field(default_factory=Coverage)
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.faults

    @property
    def uncovered(self) -> int:
        """Links after the newest signed head: their hashes fit, and no signature proves them."""
        return max(0, self.last_seq - self.signed.covered_seq)

    @property
    def rows_per_s(self) -> int:
        return int((self.last_seq - self.first_seq + 1) / self.seconds) if self.seconds else 0


def head(tenant_id: int) -> tuple[int, str]:
    """(sequence number, hex hash) of the chain's end; (0, "") before the first seal."""
    row = AuditHead.objects.filter(tenant_id=tenant_id).first()
    return (row.seq, bytes(row.hash).hex()) if row else (0, "")


def verify(tenant_id: int, *, first_seq: int = 1) -> Verification:
    """Recompute every hash from ``first_seq`` on, and hold the chain against its signed heads.
    The tenant must be in scope."""
    started = time.perf_counter()
    last_seq, head_hash = head(tenant_id)
    faults: list[tuple[int, str]] = []
    for begin, end in _chunks(first_seq, last_seq):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM audit_faults(%s, %s, %s)", [tenant_id, begin, end])
            faults += cursor.fetchall()
        if faults:
            break
    faults += _head_faults(tenant_id, last_seq, head_hash)
    waiting = AuditUnsealed.objects.filter(tenant_id=tenant_id).count()
    faults += _loose_entries(tenant_id, last_seq, waiting)
    signed = coverage(tenant_id)
    faults += signed.faults
    return Verification(
        tenant_id=tenant_id,
        first_seq=first_seq,
        last_seq=last_seq,
        head_hash=head_hash,
        waiting=waiting,
        seconds=time.perf_counter() - started,
        signed=signed,
        faults=faults,
    )


def _chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    # Each chunk begins with the last link of the one before, so that no seam goes unchecked.
    begin = first
    while begin <= last:
        end = min(begin + VERIFY_CHUNK, last)
        yield begin, end
        if end == last:
            return
        begin = end


def _head_faults(tenant_id: int, last_seq: int, head_hash: str) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, encode(hash, 'hex') FROM audit_auditseal WHERE tenant_id = %s"
            " ORDER BY seq DESC LIMIT 1",
            [tenant_id],
        )
        last = cursor.fetchone() or (0, "")
    if last[0] and not last_seq:
        return [(last[0], "the head was removed")]
    if last_seq and tuple(last) != (last_seq, head_hash):
        return [(last_seq, "head differs from the last link")]
    return []


def _loose_entries(tenant_id: int, last_seq: int, waiting: int) -> list[tuple[int, str]]:
    """Every entry is in a link or waits for one: else links were cut off and their entries left."""
    loose = AuditEntry.objects.filter(tenant_id=tenant_id).count() - last_seq - waiting
    return [(last_seq, f"{loose} entries are in no link")] if loose > 0 else []


def entries(actor: Actor) -> QuerySet[AuditEntry]:
    """What the actor may see of the trail: discreet entries need the right to know."""
    rows = AuditEntry.objects.filter(tenant_id=actor.tenant_id)
    if not actor.can(SEE_DISCREET):
        rows = rows.exclude(action__in=discreet_codes())
    return rows


def entries_about(actor: Actor, *subject_ids: UUID) -> QuerySet[AuditEntry]:
    return entries(actor).filter(subject_id__in=subject_ids).order_by("-id")


def newest_change(actor: Actor, subject_id: UUID) -> QuerySet[AuditEntry, UUID]:
    """The entry of the last thing that was done to an object, if any; who only looked did nothing.
    One row with its id, asked for by itself or inside of another query."""
    rows = entries_about(actor, subject_id).exclude(action__in=look_codes())
    return rows.values_list("pk", flat=True)[:1]
