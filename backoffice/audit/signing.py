"""Heads of the chain, signed every hour by a key that the database does not hold.

Hashes alone prove little against the owner of the database, who can compute them all anew. What
was signed can't be signed again without the key, and each signed head names the one before it.
docs/audit.md says how an outsider checks a file of them.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connection, transaction

from backoffice.audit import witnesses
from backoffice.audit.models import AuditHead, AuditHeadSignature
from backoffice.core.clock import now
from backoffice.core.context import Actor

FORMAT = "backoffice audit head v1"
NOTHING = bytes(32)  # what the first signed head has before it
_LOCK = "SELECT pg_advisory_xact_lock((19527::bigint << 48) | %s)"


class NoKey(Exception):  # noqa: N818 - a state of the settings, in words
    """``AUDIT_SIGNING_KEY`` is missing or is not base64 of 32 bytes."""


def signing_key() -> Ed25519PrivateKey:
    """The key of the settings. Raises ``NoKey``."""
    return Ed25519PrivateKey.from_private_bytes(_bytes(settings.AUDIT_SIGNING_KEY))


def _bytes(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 32:
        raise NoKey("AUDIT_SIGNING_KEY must be base64 of 32 bytes.")
    return found


def raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """The name of a key: the first 16 digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(raw(key)).hexdigest()[:16]


def public_keys() -> dict[str, Ed25519PublicKey]:
    """Keys whose signatures are believed, by name: the present one and the retired ones."""
    found = [
        Ed25519PublicKey.from_public_bytes(_bytes(text)) for text in settings.AUDIT_RETIRED_KEYS
    ]
    if settings.AUDIT_SIGNING_KEY:
        found.append(signing_key().public_key())
    return {key_id(key): key for key in found}


def statement(
    *, tenant_id: int, number: int, seq: int, head: str, previous: str, signed_at: datetime
) -> bytes:
    """What is signed. ``head`` and ``previous`` in hex; seven lines, each with its end."""
    lines = (
        FORMAT,
        f"brokerage {tenant_id}",
        f"number {number}",
        f"link {seq}",
        f"head {head}",
        f"previous {previous}",
        f"signed {signed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _statement_of(row: AuditHeadSignature) -> bytes:
    return statement(
        tenant_id=row.tenant_id or 0,
        number=row.number,
        seq=row.seq,
        head=bytes(row.hash).hex(),
        previous=bytes(row.previous).hex(),
        signed_at=row.signed_at,
    )


@transaction.atomic
def head_sign(*, actor: Actor) -> AuditHeadSignature | None:
    """Sign where the tenant's chain ends now; None when that is signed already. Raises ``NoKey``.

    The caller has sealed what waits and has the tenant in scope.
    """
    key = signing_key()
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [actor.tenant_id])
    end = AuditHead.objects.filter(tenant_id=actor.tenant_id).first()
    last = AuditHeadSignature.objects.filter(tenant_id=actor.tenant_id).order_by("-number").first()
    if end is None or end.seq == 0 or (last is not None and last.seq >= end.seq):
        return None
    row = AuditHeadSignature(
        tenant_id=actor.tenant_id,
        number=last.number + 1 if last else 1,
        seq=end.seq,
        hash=bytes(end.hash),
        previous=_digest(last.signature) if last else NOTHING,
        signed_at=now(),
        key_id=key_id(key.public_key()),
    )
    row.signature = key.sign(_statement_of(row))
    row.save(force_insert=True)
    return row


def _digest(signature: bytes | memoryview) -> bytes:
    return hashlib.sha256(bytes(signature)).digest()


@dataclass(frozen=True)
class Coverage:
    """What signed heads prove of a chain. ``faults``: (link, what is wrong)."""

    heads: int = 0
    covered_seq: int = 0
    signed_at: datetime | None = None
    named_elsewhere: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def coverage(tenant_id: int) -> Coverage:
    """Check every signed head of a tenant, and every head that is named elsewhere, against the
    chain as it stands. The tenant must be in scope."""
    rows = list(AuditHeadSignature.objects.filter(tenant_id=tenant_id).order_by("number"))
    named = witnesses.heads_named(tenant_id)
    links = _links(tenant_id, {row.seq for row in rows} | {head.seq for head in named})
    faults = _signature_faults(rows)
    for row in rows:
        faults += _compare(links, row.seq, bytes(row.hash).hex(), f"signed head {row.number}")
    for head in named:
        faults += _compare(links, head.seq, head.hash, head.label)
    last = rows[-1] if rows else None
    return Coverage(
        heads=len(rows),
        covered_seq=last.seq if last else 0,
        signed_at=last.signed_at if last else None,
        named_elsewhere=len(named),
        faults=sorted(faults),
    )


def _links(tenant_id: int, seqs: set[int]) -> dict[int, str]:
    """Hashes in hex of these links, where they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, encode(hash, 'hex') FROM audit_auditseal"
            " WHERE tenant_id = %s AND seq = ANY (%s)",
            [tenant_id, sorted(seqs)],
        )
        return dict(cursor.fetchall())


def _compare(links: Mapping[int, str], seq: int, head: str, label: str) -> list[tuple[int, str]]:
    if seq not in links:
        return [(seq, f"the chain is cut: {label} is not in it")]
    if links[seq] != head:
        return [(seq, f"the chain was rewritten: {label} is another hash")]
    return []


def _signature_faults(rows: list[AuditHeadSignature]) -> list[tuple[int, str]]:
    keys = public_keys()
    faults, number, before = [], 1, NOTHING
    for row in rows:
        if row.number != number:
            missing = f"{number}" if row.number == number + 1 else f"{number} to {row.number - 1}"
            faults.append((row.seq, f"signed head {missing} was removed"))
        elif bytes(row.previous) != before:
            faults.append((row.seq, f"signed head {row.number} follows another one"))
        key = keys.get(row.key_id)
        if key is None:
            faults.append((row.seq, f"signed head {row.number} has a key unknown here"))
        elif not is_signed(key, _statement_of(row), bytes(row.signature)):
            faults.append((row.seq, f"signed head {row.number} does not bear its signature"))
        number, before = row.number + 1, _digest(row.signature)
    return faults


def is_signed(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


# For those outside


def export(tenant_id: int, name: str) -> dict[str, Any]:
    """Every signed head of a tenant with the public keys: what an outsider keeps and checks."""
    rows = AuditHeadSignature.objects.filter(tenant_id=tenant_id).order_by("number")
    return {
        "format": "backoffice audit heads v1",
        "brokerage": tenant_id,
        "name": name,
        "made_at": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "public_keys": {
            name: base64.b64encode(raw(key)).decode() for name, key in public_keys().items()
        },
        "heads": [
            {
                "number": row.number,
                "link": row.seq,
                "head": bytes(row.hash).hex(),
                "previous": bytes(row.previous).hex(),
                "signed": f"{row.signed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
                "key": row.key_id,
                "signature": base64.b64encode(bytes(row.signature)).decode(),
            }
            for row in rows
        ],
    }


def compare_export(tenant_id: int, file: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Hold an earlier export, kept elsewhere, against the heads and the chain as they stand:
    what was removed since, even the newest head, is found. Raises ``ValueError``."""
    if file.get("brokerage") != tenant_id or not isinstance(file.get("heads"), list):
        raise ValueError("This is no file of heads of this brokerage.")
    kept = {
        row.number: bytes(row.hash).hex()
        for row in AuditHeadSignature.objects.filter(tenant_id=tenant_id)
    }
    links = _links(tenant_id, {int(head["link"]) for head in file["heads"]})
    faults: list[tuple[int, str]] = []
    for head in file["heads"]:
        number, seq = int(head["number"]), int(head["link"])
        if kept.get(number) != head["head"]:
            faults.append((seq, f"signed head {number} of the file was removed"))
        faults += _compare(links, seq, head["head"], f"head {number} of the file")
    return faults
