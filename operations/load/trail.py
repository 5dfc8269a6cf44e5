"""The audit trail: one entry for each client that came and each withdrawal that was paid."""

from collections.abc import Iterator
from hashlib import sha256

from backoffice.audit.models import AuditEntry, AuditPayload, AuditUnsealed
from clients.actions import CREATED
from operations.load.bulk import Bulk, blocks
from operations.load.size import STAFF, Size, texts

SALT = bytes(16)


def load(size: Size, bulk: Bulk) -> None:
    """Left unsealed: the sealer takes them into the chain in the order of their ids."""
    moments = size.moments("clients", size.clients)
    ids = size.ids("audit", moments)
    bulk.copy(
        AuditEntry,
        "id at actor_ref actor_name subject_id subject_label ip payload_sha",
        blocks(_entries(size, ids, texts(moments))),
        rows=len(ids),
        constants={
            "actor_kind": "staff",
            "action": CREATED.code,
            "subject_type": "clients.client",
        },
    )
    payload_ids = size.ids("audit payload", moments)
    bulk.copy(
        AuditPayload,
        "id entry_id data",
        blocks(
            f"{own}\t{entry}\t{_payload(reference)}\n"
            for own, entry, reference in zip(payload_ids, ids, size.client_references, strict=True)
        ),
        rows=len(ids),
        constants={"salt": SALT},
    )
    bulk.copy(AuditUnsealed, "id", blocks(f"{entry}\n" for entry in ids), rows=len(ids))


def _payload(reference: str) -> str:
    """As PostgreSQL writes jsonb: the digest is over its text."""
    return f'{{"reference": "{reference}"}}'


def _entries(size: Size, ids: list[str], at: list[str]) -> Iterator[str]:
    people = list(enumerate(STAFF, 1))
    for n, identity in enumerate(ids):
        number, name = people[n % len(people)]
        digest = sha256(SALT + _payload(size.client_references[n]).encode()).hexdigest()
        yield (
            f"{identity}\t{at[n]}\tuser:load-{number}\t{name}\t{size.client_ids[n]}\t"
            f"{size.client_names[n]}\t10.0.0.{n % 250}\t\\\\x{digest}\n"
        )
