"""Proof beside ``ledger_verify``: an adjustment that stands has its journal, no other has one."""

from collections.abc import Iterator

from django.db import connection

from ledger.selectors import Fault, register_check

_JOURNALS = """
SELECT b.reference, a.state, count(j.id) FILTER (WHERE r.id IS NULL), count(r.id)
FROM reconciliation_adjustment a
JOIN reconciliation_break b ON b.tenant_id = a.tenant_id AND b.id = a.of_break_id
LEFT JOIN ledger_journal j ON j.tenant_id = a.tenant_id AND j.id = a.journal_id
LEFT JOIN ledger_journal r ON r.tenant_id = j.tenant_id AND r.reverses_id = j.id
WHERE a.tenant_id = %s
GROUP BY b.reference, a.id, a.state
HAVING (count(j.id) FILTER (WHERE r.id IS NULL), count(r.id)) <> CASE a.state
    WHEN 'booked' THEN (1::bigint, 0::bigint)
    WHEN 'taken_back' THEN (0::bigint, 1::bigint)
    ELSE (0::bigint, 0::bigint) END
ORDER BY b.reference
"""


def adjustment_faults(tenant_id: int) -> Iterator[Fault]:
    """Adjustments whose journals do not fit their state; the tenant must be in scope."""
    with connection.cursor() as cursor:
        cursor.execute(_JOURNALS, [tenant_id])
        for reference, state, standing, reversed_ones in cursor.fetchall():
            detail = f"{state}: {standing} standing, {reversed_ones} reversed"
            yield Fault("an adjustment has exactly its journal", reference, detail)


register_check("adjustments", adjustment_faults)
