"""The sandbox bank as a process: what it books, refuses, remembers and how it stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import urllib3

from reconciliation.importers import parse_bytes

ROOT = Path(__file__).parents[2]
IBAN = "DE89370400440532013000"
CLIENT = "FR7630006000011234567890189"
TRANSFER = {
    "from_iban": IBAN,
    "to_iban": CLIENT,
    "to_name": "Anna Example",
    "amount": "40.00",
    "currency": "EUR",
    "end_to_end_id": "W-2026-000001",
    "text": "Withdrawal",
    "date": "2026-03-02",
}


class Client:
    def __init__(self, address: str) -> None:
        self.address = address
        self._http = urllib3.PoolManager(timeout=10, retries=False)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        return self._http.request("GET", self.address + path)

    def post(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        answer = self._http.request("POST", self.address + path, body=json.dumps(body).encode())
        return answer.status, answer.json()

    def balance(self) -> str:
        return str(self.get("/accounts").json()["accounts"][0]["balance"])

    def close(self) -> None:
        self._http.clear()


@contextmanager
def bank(
    folder: Path, *, stops_cleanly: bool = True
) -> Iterator[tuple[Client, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "sandbox.bank", "--state", str(folder / "bank.json")]
    command += ["--account", f"{IBAN}:EUR:100.00:Northwind Markets"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().split()
        assert line[:3] == ["bank", "ready", "on"]
        client = Client(line[3])
        try:
            yield client, process
        finally:
            client.close()
            process.send_signal(signal.SIGTERM)
            assert (process.wait(timeout=10) == 0) is stops_cleanly


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with bank(tmp_path_factory.mktemp("bank")) as (client, _):
        yield client


def test_a_day_of_payments_comes_as_a_statement_in_both_formats(tmp_path: Path) -> None:
    with bank(tmp_path) as (client, _):
        assert client.post("/transfers", TRANSFER)[0] == 201
        receipt = {"iban": IBAN, "amount": "25.50", "text": "D-77 thanks", "from_name": "Ben",
                   "currency": "EUR", "date": "2026-03-02"}  # fmt: skip
        assert client.post("/receipts", receipt)[0] == 201
        assert client.post("/receipts", receipt | {"date": "2026-03-03"})[0] == 201

        for kind in ("camt053", "mt940"):
            answer = client.get(f"/accounts/{IBAN}/statement?date=2026-03-02&format={kind}")
            (statement,) = parse_bytes(answer.data).statements
            assert answer.status == 200
            assert statement.problems == ()
            assert statement.opening == Decimal(100)
            assert statement.closing == Decimal("85.50")
            assert [line.amount for line in statement.lines] == [-40, Decimal("25.50")]
            assert statement.lines[0].references.end_to_end == "W-2026-000001"
            assert statement.lines[1].text == "D-77 thanks"


def test_the_same_transfer_again_is_booked_once(tmp_path: Path) -> None:
    with bank(tmp_path) as (client, _):
        first = client.post("/transfers", TRANSFER)
        again = client.post("/transfers", TRANSFER)
        other = client.post("/transfers", TRANSFER | {"amount": "41.00"})

        assert (first[0], again[0], other[0]) == (201, 200, 409)
        assert first[1] == again[1]
        assert other[1]["error"] == "end_to_end_id_used"
        assert client.balance() == "60.00"


def test_a_returned_transfer_brings_the_money_back_once(tmp_path: Path) -> None:
    with bank(tmp_path) as (client, _):
        client.post("/transfers", TRANSFER | {"return_reason": "AC04"})
        assert client.balance() == "100.00"

        back = {"end_to_end_id": "W-2026-000001", "return_reason": "AC04"}
        first, again = client.post("/returns", back), client.post("/returns", back)
        assert first == again
        assert client.balance() == "100.00"
        entries = client.get(f"/accounts/{IBAN}/entries").json()["entries"]
        assert [each["amount"] for each in entries] == ["-40.00", "40.00"]
        assert entries[1]["return_reason"] == "AC04"


def test_a_restarted_bank_remembers(tmp_path: Path) -> None:
    with bank(tmp_path) as (client, _):
        client.post("/transfers", TRANSFER)
    with bank(tmp_path) as (client, _):
        assert client.balance() == "60.00"
        assert client.post("/transfers", TRANSFER)[0] == 200


def test_a_killed_bank_has_lost_nothing_that_it_answered(tmp_path: Path) -> None:
    with bank(tmp_path, stops_cleanly=False) as (client, process):
        client.post("/transfers", TRANSFER)
        process.kill()
        process.wait(timeout=10)
    with bank(tmp_path) as (client, _):
        assert client.balance() == "60.00"


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/transfers", TRANSFER | {"amount": "0"}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": "-5.00"}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": "5.001"}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": "NaN"}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": 5.0}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": "1e30"}, 400, "bad_amount"),
        ("/transfers", TRANSFER | {"amount": "100.01"}, 422, "insufficient_funds"),
        ("/transfers", TRANSFER | {"currency": "USD"}, 422, "wrong_currency"),
        ("/transfers", TRANSFER | {"from_iban": CLIENT}, 404, "unknown_account"),
        ("/transfers", TRANSFER | {"end_to_end_id": ""}, 400, "bad_field"),
        ("/transfers", TRANSFER | {"end_to_end_id": "x" * 36}, 400, "bad_field"),
        ("/transfers", TRANSFER | {"text": "a\nb"}, 400, "bad_field"),
        ("/transfers", TRANSFER | {"date": "2026-02-30"}, 400, "bad_field"),
        ("/receipts", {"iban": CLIENT, "amount": "1.00"}, 404, "unknown_account"),
        ("/returns", {"end_to_end_id": "W-9", "return_reason": "AC04"}, 404, "unknown_transfer"),
        ("/nowhere", {}, 404, "unknown_path"),
        ("/transfers", [], 400, "bad_json"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused_and_moves_nothing(
    shared: Client, path: str, body: object, status: int, error: str
) -> None:
    answer = shared.post(path, body)

    assert (answer[0], answer[1]["error"]) == (status, error)
    assert answer[1]["message"].endswith(".")
    assert shared.balance() == "100.00"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/accounts/{CLIENT}/statement", 404),
        (f"/accounts/{IBAN}/statement?date=yesterday", 400),
        (f"/accounts/{IBAN}/statement?format=pdf", 400),
        (f"/accounts/{IBAN}/statement", 200),
        ("/health", 200),
        ("/elsewhere", 404),
    ],
)
def test_questions_are_answered(shared: Client, path: str, status: int) -> None:
    assert shared.get(path).status == status


def test_a_person_pays_in_and_finds_the_statement_on_the_page(tmp_path: Path) -> None:
    with bank(tmp_path) as (client, _), urllib3.PoolManager() as person:
        page = client.get("/").data.decode()
        assert "Northwind Markets" in page
        assert f"/accounts/{IBAN}/statement?date=" in page
        form = {"iban": IBAN, "currency": "EUR", "from_name": "<b>Ann</b>", "amount": "7.50"}
        answer = person.request(
            "POST", f"{client.address}/pay-in", fields=form, encode_multipart=False, redirect=False
        )
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        assert client.balance() == "107.50"
        assert "107.50" in client.get("/").data.decode()
        wrong = {**form, "amount": "-1"}
        refused = person.request(
            "POST", f"{client.address}/pay-in", fields=wrong, encode_multipart=False
        )
        assert refused.status == 400
        assert client.balance() == "107.50"
