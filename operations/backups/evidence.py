"""What is looked at in a restored database. Each finding: {check, held, detail}, and the ``tenant``
whose own it is: another brokerage's is nobody else's to read."""

import hashlib
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from operations.models import Backup

Finding = dict[str, Any]

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
_OPEN_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND NOT c.relforcerowsecurity ORDER BY 1
"""
_LAST_LINK = """
SELECT s.seq, encode(s.hash, 'hex'), encode(h.hash, 'hex') FROM audit_auditseal s
LEFT JOIN audit_audithead h ON h.tenant_id = s.tenant_id
WHERE s.tenant_id = %s ORDER BY s.seq DESC LIMIT 1
"""
FAULTS_MAX = 10


def row_counts(connection: "psycopg.Connection[Any]") -> dict[str, int]:
    """Rows of every table, partitions with their parent."""
    counts = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        ).fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts


def file_check(backup: Backup, path: Path) -> Finding:
    if not path.is_file():
        return _finding("The file is whole", held=False, detail=f"{path.name} is gone")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    same = found == backup.sha256
    detail = f"sha256 {found}" if same else f"sha256 is {found}, was {backup.sha256}"
    return _finding("The file is whole", held=same, detail=detail)


def gather(connection: "psycopg.Connection[Any]", backup: Backup) -> list[Finding]:
    """Every table's rows, each brokerage's audit chain and books, and the tenant wall."""
    return [
        _counts(connection, backup),
        _walls(connection),
        *(
            finding
            for tenant_id, name in connection.execute(
                "SELECT id, name FROM tenancy_tenant ORDER BY id"
            ).fetchall()
            for finding in _tenant(connection, tenant_id, name)
        ),
    ]


def _counts(connection: "psycopg.Connection[Any]", backup: Backup) -> Finding:
    restored = row_counts(connection)
    names = sorted(set(restored) | set(backup.tables))
    wrong = [
        f"{name}: {backup.tables.get(name)} dumped, {restored.get(name)} restored"
        for name in names
        if backup.tables.get(name) != restored.get(name)
    ]
    total = sum(restored.values())
    detail = "; ".join(wrong[:FAULTS_MAX]) or f"{len(restored)} tables, {total:,} rows"
    return _finding("Every table has its rows", held=not wrong, detail=detail)


def _walls(connection: "psycopg.Connection[Any]") -> Finding:
    wide_open = [row[0] for row in connection.execute(_OPEN_TABLES).fetchall()]
    detail = ", ".join(wide_open) or "forced row-level security on every table with a tenant"
    return _finding("Brokerages are kept apart", held=not wide_open, detail=detail)


def _tenant(connection: "psycopg.Connection[Any]", tenant_id: int, name: str) -> list[Finding]:
    connection.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])
    last = connection.execute(_LAST_LINK, [tenant_id]).fetchone()
    seq, end, head = last or (0, "", "")
    broken = connection.execute(
        "SELECT seq, fault FROM audit_faults(%s, 1, %s) AS f (seq, fault)", [tenant_id, seq]
    ).fetchall()
    whole = not broken and end == head
    detail = f"{seq} links, head {head[:16]}" if whole else f"{broken[:3]}, head {head[:16]}"
    faults = connection.execute(
        "SELECT rule, subject FROM ledger_faults(%s, %s)", [tenant_id, FAULTS_MAX]
    ).fetchall()
    connection.rollback()
    books = "; ".join(f"{rule}: {subject}" for rule, subject in faults) or "debits are credits"
    return [
        _finding(f"Audit chain of {name}", held=whole, detail=detail) | {"tenant": tenant_id},
        _finding(f"Books of {name}", held=not faults, detail=books) | {"tenant": tenant_id},
    ]


def _finding(check: str, *, held: bool, detail: str) -> Finding:
    return {"check": check, "held": held, "detail": detail}
