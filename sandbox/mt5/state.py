"""The state file: accounts, deals, orders and positions survive a restart.

A SQLite database of JSON records. Each command that changed something is one transaction,
committed before its answer goes out: whatever a client was told has happened is in the file,
also when the process is killed the next moment.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from sandbox.mt5.book import Book
from sandbox.mt5.configs import Group, MarginMode
from sandbox.mt5.market import Market
from sandbox.mt5.records import Deal, Order, Position, User
from sandbox.mt5.rollover import Daily, Rollover, daily_key

FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL,
    key INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
"""
RecordT = TypeVar("RecordT", User, Deal, Order, Position)


class StateError(Exception):
    """The state file is not one of this program, or of another format."""


class StateFile:
    """Loads a book from the file, then follows its changes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._dirty: set[tuple[str, int]] = set()
        # Opened where the server is made, used where its loop runs: never by two at a time.
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._open(path)
        except StateError:
            self._database.close()
            raise

    def _open(self, path: Path) -> None:
        try:
            # Write-ahead logging survives the death of the process at any moment.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise StateError(f"{path} is not a state file: {error}") from error
        stored = self._meta("format")
        if stored not in {None, FORMAT}:
            raise StateError(f"{path} has format {stored}, this program writes {FORMAT}")
        self._set_meta("format", FORMAT)

    def close(self) -> None:
        self._database.close()

    # Loading

    def load(self, book: Book, market: Market, rollover: Rollover) -> None:
        """Fill a fresh book, and note its changes from now on."""
        for values in self._meta("groups") or []:
            group = Group(**{**values, "margin_mode": MarginMode(values["margin_mode"])})
            book.groups[group.name] = group
        for name, (bid, ask) in (self._meta("prices") or {}).items():
            if name in book.symbols:
                market.set_price(name, bid, ask)
        self._load_accounts(book)
        for deal in self._records("deal", Deal):
            book.add_deal(deal)
        for order in self._records("history", Order):
            book.history.add(order)
            book.reserve_tickets("order", order.ticket)
        for order in self._records("order", Order):
            book.add_order(order)
            book.reserve_tickets("order", order.ticket)
        for position in self._records("position", Position):
            book.add_position(position)
            book.reserve_tickets("order", position.ticket)
        self._load_dailies(rollover)
        rollover.day = self._meta("day") or rollover.day
        for kind, last in (self._meta("tickets") or {}).items():
            book.reserve_tickets(kind, last - 1)
        # After a restart no account has been active yet.
        book.active.clear()
        book.mark = self._note

    def _load_accounts(self, book: Book) -> None:
        for user in self._records("user", User):
            book.add_user(user)
        for user in self._records("archive", User):
            book.archive[user.login] = user

    def _load_dailies(self, rollover: Rollover) -> None:
        for (body,) in self._rows("daily"):
            daily = Daily(**json.loads(body))
            rollover.dailies[daily.login].append(daily)

    def _rows(self, kind: str) -> sqlite3.Cursor:
        return self._database.execute("SELECT body FROM record WHERE kind = ? ORDER BY key", [kind])

    def _records(self, kind: str, record_type: type[RecordT]) -> list[RecordT]:
        return [record_type(**json.loads(body)) for (body,) in self._rows(kind)]

    def _meta(self, name: str) -> Any:
        row = self._database.execute("SELECT body FROM meta WHERE name = ?", [name]).fetchone()
        return None if row is None else json.loads(row[0])

    def _set_meta(self, name: str, value: object) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, json.dumps(value)]
        )

    # Following

    def _note(self, kind: str, key: int) -> None:
        self._dirty.add((kind, key))

    def save(self, book: Book, market: Market, rollover: Rollover) -> None:
        """One transaction with everything that changed since the last one."""
        if not self._dirty:
            return
        written, deleted = [], []
        for kind, key in self._dirty:
            body = _body(kind, key, book, rollover)
            if body is None:
                deleted.append((kind, key))
            else:
                written.append((kind, key, body))
        prices = {name: (tick.bid, tick.ask) for name, tick in market.ticks.items()}
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", written)
            self._database.executemany("DELETE FROM record WHERE kind = ? AND key = ?", deleted)
            self._set_meta("prices", prices)
            self._set_meta("tickets", book.next_tickets())
            self._set_meta("day", rollover.day)
            self._database.execute("COMMIT")
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise
        self._dirty.clear()

    def save_groups(self, book: Book) -> None:
        self._set_meta("groups", [asdict(group) for group in book.groups.values()])


def _body(kind: str, key: int, book: Book, rollover: Rollover) -> str | None:
    """The JSON of a record as it is now, None when it is gone."""
    if kind == "daily":
        for daily in rollover.dailies.get(key // 100_000, ()):
            if daily_key(daily) == key:
                return json.dumps(asdict(daily))
        return None
    lookup: dict[str, Callable[[int], User | Deal | Order | Position | None]] = {
        "user": book.users.get,
        "archive": book.archive.get,
        "deal": book.deals.get,
        "history": book.history.get,
        "order": book.orders.get,
        "position": book.positions.get,
    }
    record = lookup[kind](key)
    if record is None:
        return None
    return json.dumps({one.name: getattr(record, one.name) for one in fields(record)})
