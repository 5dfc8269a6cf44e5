"""The gateway's and the bank's clocks can be set back, for a demo that makes a past."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sandbox.bank.server import BankServer
from sandbox.bank.state import Bank
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.server import CashierServer

DAYS_S = -12 * 86_400


def _post(address: str, path: str, **data: Any) -> Any:
    request = urllib.request.Request(f"{address}{path}", json.dumps(data).encode())  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.loads(answer.read())


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[BankServer]:
    server = BankServer(Bank(tmp_path / "bank.json"))
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_receipt_is_booked_on_the_bank_s_day(bank: BankServer) -> None:
    iban = "CY17002001280000001200527600"
    _post(bank.address, "/accounts", iban=iban, currency="EUR", opening="0.00", owner="Aurora")
    _post(bank.address, "/clock", shift_s=DAYS_S)
    entry = _post(bank.address, "/receipts", iban=iban, amount="10.00", from_name="A", text="x")
    assert entry["booked_on"] == str((datetime.now(UTC) + timedelta(seconds=DAYS_S)).date())


def test_messages_carry_the_gateway_s_time_and_are_handed_over_once() -> None:
    cashier = Cashier(lambda *_: 0)
    cashier.merchant_add("aurora", "secret")
    server = CashierServer(cashier)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        _post(server.address, "/control/clock", shift_s=DAYS_S)
        cashier._put("aurora", "http://127.0.0.1:9/", "D-1", {"reference": "D-1"})
        first = _post(server.address, "/control/collect", merchant="aurora")["messages"]
        again = _post(server.address, "/control/collect", merchant="aurora")["messages"]
    finally:
        server.stop()
    ((headers, body),) = first
    assert again == []
    assert headers["X-Cashier-Delivery"] == json.loads(body)["id"]
    sent_at = datetime.fromisoformat(json.loads(body)["at"])
    assert abs(sent_at - datetime.now(UTC) - timedelta(seconds=DAYS_S)) < timedelta(minutes=1)
