"""Rows by COPY into tenant tables, as the owner, as fast as the machine takes them.

Row-level security binds the owner too, and PostgreSQL has no COPY under it; so each table is let
go for one transaction, in which other sessions see nothing of that: the lock keeps them out and
the policy is back before the commit. References and CHECKs hold at that commit as ever.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from django.db import connection, models, transaction
from psycopg import sql

from backoffice.tenancy.scope import tenant_scope

REBUILD_MIN = 50_000  # from here on, making indexes and references anew beats keeping them
NULL = r"\N"


@dataclass(frozen=True)
class Loaded:
    """How many rows of a table, in how many seconds (indexes and references included)."""

    table: str
    rows: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0


@dataclass
class Bulk:
    """Loads tables of one tenant and remembers what it did."""

    tenant_id: int
    say: Callable[[str], None] = print
    rebuild_min: int = REBUILD_MIN
    done: list[Loaded] = field(default_factory=list)

    def copy(
        self,
        model: type[models.Model],
        columns: str,
        blocks: Iterable[str],
        *,
        rows: int,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        """Write ``blocks`` of COPY text (a tab between ``columns``, a newline after each row).

        ``constants`` are the same in each row; what neither names takes the model's default.
        ``rows`` is about how many: many are indexed after the fact.
        """
        if not rows:
            return
        started = time.perf_counter()
        table = model._meta.db_table
        fixed = {"tenant_id": self.tenant_id, **(constants or {})}
        names = columns.split()
        with (
            tenant_scope(self.tenant_id),
            _let_go(table),
            _defaults(model, names, fixed),
            _rebuilt(table, rows >= self.rebuild_min),
        ):
            count = _copy(table, names, blocks)
        self.done.append(Loaded(table, count, time.perf_counter() - started))
        last = self.done[-1]
        self.say(f"{table}: {last.rows:,} rows, {last.per_second:,.0f}/s")

    def analyse(self) -> None:
        """Statistics and visibility of every table loaded, so that plans are those of a live one.

        VACUUM does not run inside a transaction; there (in tests) statistics must do.
        """
        verb = "ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)"
        started = time.perf_counter()
        with connection.cursor() as cursor:
            for table in dict.fromkeys(loaded.table for loaded in self.done):
                cursor.execute(f"{verb} {connection.ops.quote_name(table)}")
        self.say(f"{verb.lower()}: {time.perf_counter() - started:.1f} s")

    def total(self) -> Loaded:
        return Loaded(
            "all", sum(one.rows for one in self.done), sum(one.seconds for one in self.done)
        )


def blocks(lines: Iterable[str], size: int = 5_000) -> Iterator[str]:
    """Lines gathered into pieces worth sending."""
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == size:
            yield "".join(piece)
            piece.clear()
    if piece:
        yield "".join(piece)


def escaped(text: str) -> str:
    """A value as COPY's text format wants it."""
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


def _copy(table: str, columns: Sequence[str], pieces: Iterable[str]) -> int:
    names = sql.SQL(", ").join(sql.Identifier(name) for name in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor:
        raw: Any = cursor.cursor
        with connection.wrap_database_errors, raw.copy(statement) as copy:
            for piece in pieces:
                copy.write(piece)
        return int(raw.rowcount)


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _rows(statement: str, *tables: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [f'"{table}"' for table in tables])
        return cast("list[tuple[Any, ...]]", cursor.fetchall())


_FORCED = """
SELECT quote_ident(c.relname) FROM pg_class c
WHERE c.relforcerowsecurity AND (c.oid = %s::regclass OR c.oid IN (
    SELECT confrelid FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'))
ORDER BY 1
"""


@contextmanager
def _let_go(table: str) -> Iterator[None]:
    """No policy and no trigger for the owner until the end of the transaction.

    Nor on the tables referred to: a reference that is laid anew is checked for the rows of every
    tenant, and under the policy the check would find those of this tenant alone.
    """
    with transaction.atomic():
        _run("SET CONSTRAINTS ALL IMMEDIATE")  # ALTER TABLE refuses while checks are put off
        forced = [name for (name,) in _rows(_FORCED, table, table)]
        _run(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
        for name in forced:
            _run(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
        yield
        for name in forced:
            _run(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        _run(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')


_HAS_DEFAULT = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND atthasdef AND NOT attisdropped
"""


@contextmanager
def _defaults(
    model: type[models.Model], columns: Sequence[str], constants: Mapping[str, Any]
) -> Iterator[None]:
    """What is the same in every row is said once, to the database, and not sent a million times."""
    table = model._meta.db_table
    kept = {name for (name,) in _rows(_HAS_DEFAULT, table)} - set(constants)
    laid: list[str] = []
    for one in model._meta.concrete_fields:
        name = one.column
        if not name or name in columns or name in kept:
            continue
        value = constants[name] if name in constants else one.get_default()
        if value is not None:
            laid.append(name)
            _run(f'ALTER TABLE "{table}" ALTER "{name}" SET DEFAULT {_literal(one, value)}')
    yield
    for name in laid:
        _run(f'ALTER TABLE "{table}" ALTER "{name}" DROP DEFAULT')


def _literal(one: "models.Field[Any, Any]", value: Any) -> str:
    prepared = one.get_db_prep_save(value, connection)
    return sql.Literal(prepared).as_string(cast("Any", connection.connection))


_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = %s::regclass
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""
_REFERENCES = """
SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = %s::regclass AND contype = 'f' AND conparentid = 0
"""


@contextmanager
def _rebuilt(table: str, anew: bool) -> Iterator[None]:
    """References and indexes taken off and laid again over the whole: a join and a sort each."""
    if not anew:
        yield
        _run("SET CONSTRAINTS ALL IMMEDIATE")
        return
    _run("SET LOCAL maintenance_work_mem = '512MB'")
    _run("SET LOCAL work_mem = '256MB'")
    references, indexes = _rows(_REFERENCES, table), _rows(_INDEXES, table)
    for name, _ in references:
        _run(f'ALTER TABLE "{table}" DROP CONSTRAINT {name}')
    for name, _ in indexes:
        _run(f"DROP INDEX {name}")
    yield
    _run(f'ANALYZE "{table}"')  # or the checks of references run by a plan for an empty table
    for _, definition in indexes:
        _run(definition.replace(" ON ONLY ", " ON ", 1))
    for name, definition in references:
        _run(f'ALTER TABLE "{table}" ADD CONSTRAINT {name} {definition}')
