"""A table of tickets in columns: a million rows in a few hundred megabytes, found by bisection.

Deals and closed orders live here. One index has all tickets in order, and each login has its
rows in order of time: a ticket and a period are both found by bisection. Tickets and times
mostly grow, so that new rows go to the end; a late one is put in its place.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar


class Row(Protocol):
    """What a row has to have: its ticket, its owner, and the time it is looked up by."""

    ticket: int
    login: int

    @property
    def index_msc(self) -> int: ...


RowT = TypeVar("RowT", bound=Row)
_TYPECODES: dict[object, str] = {int: "q", float: "d", "int": "q", "float": "d"}


class _LoginIndex:
    """Row numbers of one login in order of time, and of tickets where times are equal."""

    __slots__ = ("_tickets", "rows", "times")

    def __init__(self, tickets: "array[int]") -> None:
        self._tickets = tickets
        self.times = array("q")
        self.rows = array("q")

    def add(self, time_msc: int, row: int) -> None:
        place = len(self.times)
        if place and time_msc < self.times[-1]:
            place = bisect_right(self.times, time_msc)
        ticket = self._tickets[row]
        while place and self.times[place - 1] == time_msc:
            if self._tickets[self.rows[place - 1]] < ticket:
                break
            place -= 1
        self.times.insert(place, time_msc)
        self.rows.insert(place, row)

    def remove(self, time_msc: int, row: int) -> None:
        place = bisect_left(self.times, time_msc)
        while self.rows[place] != row:
            place += 1
        del self.times[place], self.rows[place]

    def between(self, from_msc: int, to_msc: int) -> tuple[int, int]:
        """Bounds of the rows of a period, both ends included."""
        start = bisect_left(self.times, from_msc)
        return start, max(start, bisect_right(self.times, to_msc))


class TicketTable(Generic[RowT]):
    """Rows of one dataclass, kept in columns. Rows handed out are copies: write with `replace`."""

    def __init__(self, row_type: type[RowT]) -> None:
        self._row_type = row_type
        self._names = [one.name for one in fields(row_type)]  # type: ignore[arg-type]
        self._columns: dict[str, Any] = {}
        for one in fields(row_type):  # type: ignore[arg-type]
            code = _TYPECODES.get(one.type)
            self._columns[one.name] = array(code) if code else []
        self._by_login: dict[int, _LoginIndex] = {}
        # Every ticket ever seen, in order, with its row; deleted rows keep their place.
        self._tickets = array("q")
        self._rows = array("q")
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowT]:
        """Every row, in the order in which they came."""
        for row, login in enumerate(self._columns["login"]):
            if login:
                yield self._row(row)

    def add(self, record: RowT) -> None:
        """Add a record under a new ticket, or under one that was deleted."""
        if self._find(record.ticket, with_deleted=True) is not None:
            self._revive(record)
            return
        row = len(self._columns["ticket"])
        for name, column in self._columns.items():
            value = getattr(record, name)
            column.append(sys.intern(value) if type(value) is str else value)
        self._note_ticket(record.ticket, row)
        self._index(record, row)

    def _note_ticket(self, ticket: int, row: int) -> None:
        if not self._tickets or ticket > self._tickets[-1]:
            self._tickets.append(ticket)
            self._rows.append(row)
            return
        place = bisect_left(self._tickets, ticket)
        self._tickets.insert(place, ticket)
        self._rows.insert(place, row)

    def extend(self, records: Sequence[RowT]) -> None:
        """Add many records under new tickets at once."""
        first = len(self._columns["ticket"])
        for name, column in self._columns.items():
            read = attrgetter(name)
            if isinstance(column, list):
                column.extend(sys.intern(read(record)) for record in records)
            else:
                column.extend(map(read, records))
        for row, record in enumerate(records, start=first):
            self._note_ticket(record.ticket, row)
            self._index(record, row)

    def _index(self, record: RowT, row: int) -> None:
        index = self._by_login.get(record.login)
        if index is None:
            index = self._by_login[record.login] = _LoginIndex(self._columns["ticket"])
        index.add(record.index_msc, row)
        self._count += 1

    def _revive(self, record: RowT) -> None:
        """Put a deleted ticket back."""
        row = self._find(record.ticket, with_deleted=True)
        if row is None or self._columns["login"][row]:
            raise KeyError(record.ticket)
        self._write(row, record)
        self._index(record, row)

    def _write(self, row: int, record: RowT) -> None:
        for name, column in self._columns.items():
            column[row] = getattr(record, name)

    def _row(self, row: int) -> RowT:
        return self._row_type(*[column[row] for column in self._columns.values()])

    def _find(self, ticket: int, *, with_deleted: bool = False) -> int | None:
        place = bisect_left(self._tickets, ticket)
        if place == len(self._tickets) or self._tickets[place] != ticket:
            return None
        row = self._rows[place]
        # A deleted row is one without an owner.
        return row if with_deleted or self._columns["login"][row] else None

    def get(self, ticket: int) -> RowT | None:
        row = self._find(ticket)
        return None if row is None else self._row(row)

    def replace(self, record: RowT) -> None:
        """Overwrite the row of the record's ticket; owner and time may change."""
        self.delete(record.ticket)
        self._revive(record)

    def delete(self, ticket: int) -> RowT | None:
        row = self._find(ticket)
        if row is None:
            return None
        record = self._row(row)
        self._by_login[record.login].remove(record.index_msc, row)
        self._columns["login"][row] = 0
        self._count -= 1
        return record

    def count(self, login: int, from_msc: int, to_msc: int) -> int:
        index = self._by_login.get(login)
        if index is None:
            return 0
        start, end = index.between(from_msc, to_msc)
        return end - start

    def page(
        self, login: int, from_msc: int, to_msc: int, offset: int = 0, limit: int | None = None
    ) -> list[RowT]:
        """Rows of a login whose time lies in the period, ascending by time."""
        index = self._by_login.get(login)
        if index is None:
            return []
        start, end = index.between(from_msc, to_msc)
        start += offset
        if limit is not None:
            end = min(end, start + limit)
        return [self._row(row) for row in index.rows[start:end]]

    def last_ticket(self) -> int:
        return self._tickets[-1] if self._tickets else 0
