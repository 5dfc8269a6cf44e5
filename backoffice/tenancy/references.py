"""References that people read and type: ``W-2026-000123``, counted per tenant, prefix and year."""

from django.db import connection

from backoffice.core.clock import today
from backoffice.core.context import current_tenant_id
from backoffice.core.ids import uuid7

_NEXT = """
INSERT INTO tenancy_counter (id, tenant_id, prefix, year, last) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, prefix, year) DO UPDATE SET last = tenancy_counter.last + EXCLUDED.last
RETURNING last
"""


def next_reference(prefix: str) -> str:
    """The next reference for ``prefix``. Take it late in a transaction: it locks the counter."""
    return next_references(prefix, 1)[0]


def next_references(prefix: str, count: int) -> list[str]:
    """``count`` references in a row, for batches."""
    year = today().year
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [uuid7(), current_tenant_id(), prefix, year, count])
        last: int = cursor.fetchone()[0]
    return [f"{prefix}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
