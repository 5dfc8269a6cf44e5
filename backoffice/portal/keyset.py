"""Pages by key, never by offset: the millionth row costs what the first one does."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import DecimalField, Model, Q, QuerySet

RowT = TypeVar("RowT", bound=Model)
COUNT_MAX = 10_000
CURSOR_CHARS_MAX = 2_000


@dataclass(frozen=True)
class KeysetPage(Generic[RowT]):
    """Rows of one page and the cursors of its neighbours ("" where there is none)."""

    rows: Sequence[RowT]
    newer: str
    older: str


class _Exact(DjangoJSONEncoder):
    """Moments to the microsecond: Django cuts them to milliseconds, and a page that begins at a
    cut moment meets rows twice or not at all."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def encode(value: Any, pk: Any) -> str:
    text = json.dumps([value, str(pk)], cls=_Exact, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[Any, str] | None:
    """(ordering value, id), or None for a cursor that was tampered with or cut."""
    if len(cursor) > CURSOR_CHARS_MAX:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, pk = json.loads(raw)
    except (ValueError, TypeError, binascii.Error, RecursionError):
        return None
    if "\x00" in f"{value}{pk}":  # no text in the database holds it, and none compares with it
        return None
    return value, str(pk)


def attribute(row: Model, path: str) -> Any:
    """The value at a lookup path such as ``client__reference``."""
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name)
    return value


def keyset_page(
    rows: QuerySet[RowT], *, order: str, size: int, after: str = "", before: str = ""
) -> KeysetPage[RowT]:
    """One page of ``rows`` in ``order`` (a field, ``-`` for descending), tie-broken by id.

    The ordering field must not be null. A broken cursor gives the first page.
    """
    descending = order.startswith("-")
    field = order.lstrip("-")
    backwards = bool(before)
    cursor = decode(before or after) if before or after else None
    down = descending != backwards  # the direction in which we walk the index
    query = rows
    if cursor is not None:
        try:
            query = query.filter(_past(field, *cursor, down=down))
        except (ValidationError, ValueError, TypeError):  # of another list, or made up
            cursor = None
    sign = "-" if down else ""
    ordering = [f"{sign}id"] if field == "id" else [f"{sign}{field}", f"{sign}id"]
    if cursor is not None and _leaks(rows.model, field):
        query = rows.filter(pk__in=query.order_by(*ordering).values("pk")[: size + 1])
    found = list(query.order_by(*ordering)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_newer = (more if backwards else cursor is not None) and bool(found)
    has_older = (True if backwards else more) and bool(found)
    return KeysetPage(
        found,
        newer=_cursor_of(found[0], field) if has_newer else "",
        older=_cursor_of(found[-1], field) if has_older else "",
    )


def _leaks(model: type[Model], path: str) -> bool:
    """Whether PostgreSQL compares the field with an operator that is not leak-proof. Under
    row-level security it then walks from the index's end and looks at each row that is passed
    over: in the index alone, when nothing but the key is asked for first."""
    if "__" in path:
        return False
    return isinstance(model._meta.get_field(path), DecimalField)


def _cursor_of(row: Model, field: str) -> str:
    return encode(None if field == "id" else attribute(row, field), row.pk)


def _past(field: str, value: Any, pk: str, *, down: bool) -> Q:
    side = "lt" if down else "gt"
    if field == "id":
        return Q(**{f"id__{side}": pk})
    # The first term bounds the index scan; the second settles ties.
    return Q(**{f"{field}__{side}e": value}) & (
        Q(**{f"{field}__{side}": value}) | Q(**{f"id__{side}": pk})
    )


def bounded_count(rows: QuerySet[Any], most: int = COUNT_MAX, *, order: str = "") -> int:
    """How many rows, counting no further than ``most + 1``. With ``order`` ("-id", "id") those
    that come first: the part of the index that the list itself reads, where the database would
    else begin wherever in the table it left off last, on a disk that is cold there."""
    ordered = rows.order_by(order) if order.removeprefix("-") == "id" else rows.order_by()
    return ordered.values("pk")[: most + 1].count()


def count_text(count: int, most: int = COUNT_MAX) -> str:
    return f"{most:,}+" if count > most else f"{count:,}"
