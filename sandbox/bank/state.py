"""The bank's books: a JSON file, changed under one lock, every change on disk before the answer."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from threading import RLock
from typing import Any

from sandbox.bank.entries import Account, Entry, Statement

TEXT_CHARS_MAX = 140
_IBAN = re.compile(r"[A-Z]{2}\d\d[A-Z0-9]{11,30}")
_NUMBER = re.compile(r"[A-Z0-9]{4,34}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_REASON = re.compile(r"[A-Z0-9]{4}")
_REFERENCE = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")
_BIC = re.compile(r"[A-Z0-9]{8}([A-Z0-9]{3})?")
_EXPONENTS = {"JPY": 0, "KWD": 3, "BHD": 3, "JOD": 3}
_AMOUNT_MAX = Decimal("1e12")


class Refused(Exception):
    """A request that the bank does not carry out: HTTP status, code, sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Bank:
    """Accounts and their entries, kept in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = RLock()
        self._accounts: dict[str, Account] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._transfers: dict[str, dict[str, str]] = {}  # by end-to-end id
        self._last_reference = 0
        if path.exists():
            self._load()

    def accounts(self) -> list[dict[str, str]]:
        with self._lock:
            return [
                {
                    "iban": account.iban,
                    "currency": account.currency,
                    "owner": account.owner,
                    "balance": format(self.balance(account.iban), "f"),
                }
                for account in self._accounts.values()
            ]

    def balance(self, iban: str) -> Decimal:
        with self._lock:
            booked = sum((entry.amount for entry in self._entries[iban]), Decimal(0))
            return self._accounts[iban].opening + booked

    def account_open(self, data: dict[str, Any]) -> Account:
        """Open an account; the same one again changes nothing."""
        iban = _text(data, "iban", _IBAN)
        currency = _text(data, "currency", _CURRENCY)
        opening = _amount(data, currency, "opening", minimum=None)
        account = Account(
            iban, currency, _free(data, "owner"), _text(data, "bic", _BIC, optional=True), opening
        )
        with self._lock:
            if iban not in self._accounts:
                self._accounts[iban] = account
                self._entries[iban] = []
                self._save()
            return self._accounts[iban]

    def transfer_send(self, data: dict[str, Any], today: date) -> tuple[Entry, bool]:
        """Send money out. Gives the entry and whether it is new.

        The end-to-end id makes it idempotent: the same transfer again gives the same entry, another
        one under a known id is refused. With `return_reason` the money comes back at once.
        """
        with self._lock:
            account = self._account(data, "from_iban")
            amount = _amount(data, account.currency, "amount")
            self._check_currency(data, account)
            end_to_end = _text(data, "end_to_end_id", _REFERENCE)
            request = {
                "from_iban": account.iban,
                "to_iban": _text(data, "to_iban", _IBAN, optional=bool(data.get("to_number"))),
                "to_number": _text(data, "to_number", _NUMBER, optional=True),
                "amount": format(amount, "f"),
                "name": _free(data, "to_name"),
                "text": _free(data, "text"),
            }
            reason = _text(data, "return_reason", _REASON, optional=True)
            known = self._transfers.get(end_to_end)
            if known is not None:
                if {key: known.get(key, "") for key in request} != request:
                    raise Refused(
                        409, "end_to_end_id_used", "Another transfer has this end-to-end id."
                    )
                return self._entry(account.iban, known["reference"]), False
            if self.balance(account.iban) < amount:
                raise Refused(422, "insufficient_funds", "The balance does not cover the transfer.")
            day = _day(data, today)
            entry = self._book(
                account,
                Entry(
                    "", day, day, -amount, end_to_end, request["name"], request["to_iban"],
                    _text(data, "to_bic", _BIC, optional=True), request["text"],
                ),
            )  # fmt: skip
            self._transfers[end_to_end] = request | {"reference": entry.reference, "returned": ""}
            if reason:
                self._give_back(account, entry, reason, day)
            self._save()
            return entry, True

    def transfer_return(self, data: dict[str, Any], today: date) -> Entry:
        """Book the money of an earlier transfer back, once."""
        with self._lock:
            end_to_end = _text(data, "end_to_end_id", _REFERENCE)
            reason = _text(data, "return_reason", _REASON)
            known = self._transfers.get(end_to_end)
            if known is None:
                raise Refused(404, "unknown_transfer", "No transfer has this end-to-end id.")
            account = self._accounts[known["from_iban"]]
            if known["returned"]:
                return self._entry(account.iban, known["returned"])
            entry = self._entry(account.iban, known["reference"])
            returned = self._give_back(account, entry, reason, _day(data, today))
            self._save()
            return returned

    def receipt_book(self, data: dict[str, Any], today: date) -> Entry:
        """Book incoming money. Each call is a payment of its own, as in life."""
        with self._lock:
            account = self._account(data, "iban")
            self._check_currency(data, account)
            day = _day(data, today)
            entry = self._book(
                account,
                Entry(
                    "", day, day, _amount(data, account.currency, "amount"),
                    _text(data, "end_to_end_id", _REFERENCE, optional=True),
                    _free(data, "from_name"), _text(data, "from_iban", _IBAN, optional=True),
                    _text(data, "from_bic", _BIC, optional=True), _free(data, "text"),
                ),
            )  # fmt: skip
            self._save()
            return entry

    def statement(self, iban: str, day: date) -> Statement:
        """The account's statement of one day; numbered by the day of its year."""
        with self._lock:
            if iban not in self._accounts:
                raise Refused(404, "unknown_account", "The bank keeps no such account.")
            account = self._accounts[iban]
            before = sum(
                (entry.amount for entry in self._entries[iban] if entry.booked_on < day), Decimal(0)
            )
            entries = tuple(entry for entry in self._entries[iban] if entry.booked_on == day)
            number = (day - date(day.year, 1, 1)) // timedelta(days=1) + 1
            return Statement(account, day, number, account.opening + before, entries)

    def entries(self, iban: str) -> list[Entry]:
        with self._lock:
            if iban not in self._entries:
                raise Refused(404, "unknown_account", "The bank keeps no such account.")
            return list(self._entries[iban])

    def _account(self, data: dict[str, Any], key: str) -> Account:
        account = self._accounts.get(_text(data, key, _IBAN))
        if account is None:
            raise Refused(404, "unknown_account", "The bank keeps no such account.")
        return account

    @staticmethod
    def _check_currency(data: dict[str, Any], account: Account) -> None:
        if data.get("currency", account.currency) != account.currency:
            raise Refused(
                422, "wrong_currency", f"The account is in {account.currency}, the payment is not."
            )

    def _entry(self, iban: str, reference: str) -> Entry:
        return next(entry for entry in self._entries[iban] if entry.reference == reference)

    def _book(self, account: Account, entry: Entry) -> Entry:
        self._last_reference += 1
        booked = replace(entry, reference=f"B{self._last_reference:012}")
        self._entries[account.iban].append(booked)
        return booked

    def _give_back(self, account: Account, sent: Entry, reason: str, day: date) -> Entry:
        returned = self._book(
            account,
            replace(sent, amount=-sent.amount, booked_on=day, value_date=day, return_reason=reason),
        )
        self._transfers[sent.end_to_end]["returned"] = returned.reference
        return returned

    def _save(self) -> None:
        state = {
            "accounts": [asdict(account) for account in self._accounts.values()],
            "entries": {
                iban: [asdict(entry) for entry in entries]
                for iban, entries in self._entries.items()
            },
            "transfers": self._transfers,
            "last_reference": self._last_reference,
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        with written.open("w", encoding="utf-8") as file:
            json.dump(state, file, default=str, indent=1)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._path)

    def _load(self) -> None:
        state = json.loads(self._path.read_text(encoding="utf-8"))
        for data in state["accounts"]:
            account = Account(**data | {"opening": Decimal(data["opening"])})
            self._accounts[account.iban] = account
        for iban, entries in state["entries"].items():
            self._entries[iban] = [entry_of(data) for data in entries]
        self._transfers = state["transfers"]
        self._last_reference = state["last_reference"]


def entry_of(data: dict[str, Any]) -> Entry:
    return Entry(
        **data
        | {
            "booked_on": date.fromisoformat(data["booked_on"]),
            "value_date": date.fromisoformat(data["value_date"]),
            "amount": Decimal(data["amount"]),
        }
    )


def _text(
    data: dict[str, Any], key: str, pattern: re.Pattern[str], *, optional: bool = False
) -> str:
    value = data.get(key) or ""
    if optional and value == "":
        return ""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(400, "bad_field", f"The field {key} is missing or not of its form.")
    return value


def _free(data: dict[str, Any], key: str) -> str:
    value = data.get(key) or ""
    if not isinstance(value, str) or len(value) > TEXT_CHARS_MAX or not value.isprintable():
        raise Refused(
            400, "bad_field", f"The field {key} has at most {TEXT_CHARS_MAX} printable characters."
        )
    return value


def _amount(
    data: dict[str, Any], currency: str, key: str, *, minimum: Decimal | None = Decimal(0)
) -> Decimal:
    """A decimal string with no more places than the currency has; over zero for payments."""
    value = data.get(key)
    try:
        amount = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        amount = None
    exponent = _EXPONENTS.get(currency, 2)
    if (
        amount is None
        or not amount.is_finite()
        or abs(amount) >= _AMOUNT_MAX
        or amount != round(amount, exponent)
        or (minimum is not None and amount <= minimum)
    ):
        raise Refused(400, "bad_amount", f"The field {key} is no amount in {currency}.")
    return round(amount, exponent)


def _day(data: dict[str, Any], today: date) -> date:
    value = data.get("date")
    if value is None:
        return today
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(400, "bad_field", "The field date is no YYYY-MM-DD date.") from None
