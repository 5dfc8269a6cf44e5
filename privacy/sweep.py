"""Every table that there is, looked through for a client's name: first to take it out, then to
prove that it is gone. Which tables those are is asked of the database, not of a list that ages."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from backoffice.core.context import current_tenant_id
from clients.models import Client
from privacy.terms import Terms

IDS_AT_ONCE = 1_000
# Never written to here: other people's own names, who works here, what a brokerage runs on, the
# books, and lists of who must not get in. They are looked through all the same, and what is found
# is said.
KEPT = re.compile(
    r"^(ledger|tenancy|staff_(?!apirequest)|audit_(?!auditpayload)|privacy_(?!erasurerequest))"
    r"|^(clients_client|clients_historicalclient|compliance_tenantentity|compliance_tenantlist"
    r"|workflow_approvalvote)$"
)
# A payload is bound to its entry by a hash, so it goes whole; so does a word of the search box.
REMOVED = {"audit_auditpayload", "portal_searchentry"}
HAS_BYTES = 'EXISTS (SELECT 1 FROM unnest(%s::bytea[]) w WHERE position(w IN x."{}") > 0)'
_TABLES = """
    SELECT c.relname,
           (SELECT k.attname FROM pg_index i JOIN pg_attribute k ON k.attrelid = c.oid
                AND k.attnum = ANY (i.indkey) AND k.atttypid = 'uuid'::regtype
            WHERE i.indrelid = c.oid AND i.indisprimary
            ORDER BY k.attname = 'id' DESC LIMIT 1) AS key,
           array_agg(a.attname) FILTER (WHERE a.atttypid = 'uuid'::regtype) AS ids,
           array_agg(a.attname) FILTER (WHERE a.atttypid = 'bytea'::regtype) AS bytes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    GROUP BY c.oid, c.relname HAVING bool_or(a.attname = 'tenant_id') ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A tenant table: its key beside the tenant, and its columns of ids and of bytes."""

    name: str
    key: str
    ids: tuple[str, ...]
    bytes: tuple[str, ...]

    @property
    def app(self) -> str:
        return self.name.partition("_")[0]


def tables() -> list[Table]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        rows = cursor.fetchall()
    return [Table(n, key, tuple(ids or ()), tuple(held or ())) for n, key, ids, held in rows if key]


def find(table: Table, terms: Terms, about: Sequence[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Rows that can only mean this client, and rows about them that say one of their names."""
    return _ids(table, terms.everywhere, terms.raw(), ()), _own(table, terms, about)


def _own(table: Table, terms: Terms, about: Sequence[UUID]) -> list[UUID]:
    found = _ids(table, terms.own, (), about)
    if table.name == "audit_auditpayload":
        return _details(terms, about)
    return found


def _details(terms: Terms, about: Sequence[UUID]) -> list[UUID]:
    """Details of entries about the client: the entry knows the subject, its payload does not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM audit_auditentry e JOIN audit_auditpayload p"
            " ON p.tenant_id = e.tenant_id AND p.entry_id = e.id"
            " WHERE e.tenant_id = %s AND e.subject_id = ANY (%s)"
            " AND p.data::text ~* %s",
            [current_tenant_id(), list(about), terms.own],
        )
        return [row[0] for row in cursor.fetchall()]


def _ids(table: Table, pattern: str, raw: Sequence[bytes], about: Sequence[UUID]) -> list[UUID]:
    if not pattern:
        return []
    # Names of tables and columns are the catalogue's own, quoted.
    said = ["x::text ~* %s"]
    said += [HAS_BYTES.format(column) for column in table.bytes if raw]
    values: list[Any] = [current_tenant_id(), pattern, *([list(raw)] * (len(said) - 1))]
    where = f"({' OR '.join(said)})"
    if about:
        mine = [column for column in table.ids if column != "history_id"]
        leads = " OR ".join(f'x."{column}" = ANY (%s)' for column in mine)
        where += f" AND ({leads})"
        values += [list(about)] * len(mine)
    sql = (
        f'SELECT x."{table.key}" FROM "{table.name}" x'  # noqa: S608 - names of the catalogue
        f" WHERE x.tenant_id = %s AND {where}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]


def take_out(
    request: UUID, table: Table, terms: Terms, about: Sequence[UUID], *, namesake: bool
) -> int:
    """Take the client's name out of one table; how many rows had it. With a ``namesake`` only rows
    about the client themselves are touched: of others nobody can say whom they mean."""
    if KEPT.search(table.name):
        return 0
    everyone, own = find(table, terms, about)
    if namesake:
        everyone = []
    if table.name in REMOVED:
        return remove(request, table.name, table.key, {*everyone, *own})
    scrub(request, table, everyone, terms.everywhere, terms.raw())
    scrub(request, table, own, terms.own, terms.raw())
    return len({*everyone, *own})


def scrub(
    request: UUID, table: Table, ids: Iterable[UUID], pattern: str, raw: Sequence[bytes]
) -> int:
    return _many("privacy_scrub", request, table.name, table.key, ids, pattern, list(raw))


def remove(request: UUID, table: str, key: str, ids: Iterable[UUID]) -> int:
    return _many("privacy_remove", request, table, key, ids)


def write(request: UUID, table: str, key: str, ids: Iterable[UUID], values: str) -> int:
    """``values``: JSON of column and value."""
    return _many("privacy_write", request, table, key, ids, values)


def _many(
    function: str, request: UUID, table: str, key: str, ids: Iterable[UUID], *more: Any
) -> int:
    wanted, done = sorted(ids), 0
    casts = {1: "%s::jsonb", 2: "%s, %s::bytea[]", 0: ""}[len(more)]
    call = f"SELECT {function}(%s, %s, %s, %s, %s" + (f", {casts})" if casts else ")")
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), IDS_AT_ONCE):
            part = wanted[start : start + IDS_AT_ONCE]
            cursor.execute(call, [current_tenant_id(), request, table, key, part, *more])
            done += cursor.fetchone()[0]
    return done


def left(client: Client, terms: Terms, about: Sequence[UUID]) -> list[list[object]]:
    """[table, rows] in which the client's name still stands."""
    found: list[list[object]] = []
    for table in tables():
        everyone, own = find(table, terms, about)
        if many := len({*everyone, *own}):
            found.append([table.name, many])
    return found


def with_bytes(table: str, column: str, needles: Sequence[bytes]) -> list[UUID]:
    """Rows whose bytes hold one of the needles."""
    if not needles:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT id FROM "{table}" x WHERE tenant_id = %s AND '  # noqa: S608 - our names
            + HAS_BYTES.format(column),
            [current_tenant_id(), list(needles)],
        )
        return [row[0] for row in cursor.fetchall()]


def details_remove(request: UUID, about: Sequence[UUID]) -> int:
    """Details of the entries about these; the entries and their seals stay as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM audit_auditentry e JOIN audit_auditpayload p"
            " ON p.tenant_id = e.tenant_id AND p.entry_id = e.id"
            " WHERE e.tenant_id = %s AND e.subject_id = ANY (%s)"
            " AND e.action NOT LIKE 'privacy.%%'",
            [current_tenant_id(), list(about)],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return remove(request, "audit_auditpayload", "id", ids)


def work_remove(request: UUID, about: Sequence[UUID]) -> int:
    """Work that is behind us: what it was told of the client says names in its own words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM workflow_outboxitem WHERE tenant_id = %s AND state <> 'waiting'"
            " AND (subject_id = ANY (%s) OR payload::text ~ %s)",
            [current_tenant_id(), list(about), "|".join(map(str, about))],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return remove(request, "workflow_outboxitem", "id", ids)
