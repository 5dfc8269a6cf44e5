"""The bank over HTTP, on loopback only: JSON in, JSON or statement files out."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.bank.camt053 import write_camt053
from sandbox.bank.entries import Entry
from sandbox.bank.mt940 import write_mt940
from sandbox.bank.page import bank_page
from sandbox.bank.payment_file import take_file
from sandbox.bank.state import Bank, Refused
from sandbox.common.multipart import parts

BODY_BYTES_MAX, FILE_BYTES_MAX = 64 * 1024, 8 * 1024 * 1024
READ_TIMEOUT_S = 10


class BankServer(ThreadingHTTPServer):
    """Serves one bank on 127.0.0.1; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, bank: Bank, port: int = 0) -> None:
        self.bank = bank
        #: How far the bank's clock is ahead of the machine's, for a demo that makes a past.
        self.shift_s = 0.0
        super().__init__(("127.0.0.1", port), _Handler)

    def today(self) -> date:
        return datetime.fromtimestamp(time.time() + self.shift_s, UTC).date()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: BankServer
    protocol_version = "HTTP/1.1"
    timeout = READ_TIMEOUT_S

    def do_GET(self) -> None:
        self._answer_or_refuse(self._get)

    def do_POST(self) -> None:
        self._answer_or_refuse(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the demo's output belongs to the product."""

    def _answer_or_refuse(self, answer: Any) -> None:
        try:
            answer()
        except Refused as refused:
            body = {"error": refused.code, "message": refused.message}
            # The body of a refused request may be unread, so the connection can't be used again.
            self._send(refused.status, "application/json", json.dumps(body).encode(), closes=True)

    def _get(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case [""]:
                self._page()
            case ["health"]:
                self._json(200, {"status": "ok"})
            case ["accounts"]:
                self._json(200, {"accounts": self.server.bank.accounts()})
            case ["accounts", iban, "entries"]:
                entries = [_shown(entry) for entry in self.server.bank.entries(iban)]
                self._json(200, {"entries": entries})
            case ["accounts", iban, "statement"]:
                self._statement(iban, parse_qs(url.query))
            case _:
                raise Refused(404, "unknown_path", "There is nothing at this address.")

    def _page(self) -> None:
        text = bank_page(self.server.bank.accounts(), datetime.now(UTC).date())
        self._send(200, "text/html; charset=utf-8", text.encode())

    def _pay_in(self) -> None:
        """The form of the page: money from someone, as a bank books it."""
        form = parse_qs(self._raw(BODY_BYTES_MAX).decode("utf-8", "replace"))
        data = {name: values[0] for name, values in form.items()}
        self.server.bank.receipt_book(data, datetime.now(UTC).date())
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _take_file(self) -> None:
        """A payment file, by itself or in the form of the page; its report to download."""
        content, kind = self._raw(FILE_BYTES_MAX), self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            given = parts(kind, content).get("file")
            content = given[1] if isinstance(given, tuple) else b""
        report = take_file(self.server.bank, content, self.server.today())
        self._send(200, "application/xml", report, name="pain002.xml")

    def _post(self) -> None:
        if self.path == "/pay-in":
            self._pay_in()
            return
        if self.path == "/files":
            self._take_file()
            return
        data = self._body()
        bank = self.server.bank
        today = self.server.today()
        match self.path.strip("/"):
            case "accounts":
                account = bank.account_open(data)
                self._json(201, {"iban": account.iban, "currency": account.currency})
            case "transfers":
                entry, is_new = bank.transfer_send(data, today)
                self._json(201 if is_new else 200, _shown(entry))
            case "clock":
                try:
                    self.server.shift_s = float(data["shift_s"])
                except (KeyError, TypeError, ValueError):
                    raise Refused(400, "bad_field", "The field shift_s is in seconds.") from None
                self._json(200, {"today": self.server.today().isoformat()})
            case "returns":
                self._json(201, _shown(bank.transfer_return(data, today)))
            case "receipts":
                self._json(201, _shown(bank.receipt_book(data, today)))
            case _:
                raise Refused(404, "unknown_path", "There is nothing at this address.")

    def _statement(self, iban: str, query: dict[str, list[str]]) -> None:
        try:
            text = query.get("date", [""])[0]
            day = date.fromisoformat(text) if text else self.server.today()
        except ValueError:
            raise Refused(400, "bad_field", "The date is no YYYY-MM-DD date.") from None
        statement = self.server.bank.statement(iban, day)
        match query.get("format", ["camt053"])[0]:
            case "camt053":
                data = write_camt053([statement], message_id=statement.identification)
                self._send(200, "application/xml", data)
            case "mt940":
                self._send(200, "text/plain; charset=us-ascii", write_mt940([statement]))
            case _:
                raise Refused(400, "bad_field", "The format is camt053 or mt940.")

    def _body(self) -> dict[str, Any]:
        try:
            data = json.loads(self._raw(BODY_BYTES_MAX))
        except ValueError:
            raise Refused(400, "bad_json", "The body is not JSON.") from None
        if not isinstance(data, dict):
            raise Refused(400, "bad_json", "The body is not a JSON object.")
        return data

    def _raw(self, most: int) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > most:
            raise Refused(413, "bad_length", f"A body has at most {most} bytes.")
        return self.rfile.read(int(length))

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(
        self, status: int, kind: str, data: bytes, *, closes: bool = False, name: str = ""
    ) -> None:
        self.send_response(status)
        if name:
            self.send_header("Content-Disposition", f'attachment; filename="{name}"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if closes:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _shown(entry: Entry) -> dict[str, str]:
    return {
        key: format(value, "f") if key == "amount" else str(value)
        for key, value in asdict(entry).items()
    }
