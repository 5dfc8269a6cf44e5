"""A fresh server for each test, on ports of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sandbox.mt5 import Mt5Server, Settings
from tests.sandbox.clients import RestClient

# A Wednesday noon in winter: markets are open, and the server is at GMT+2.
NOON = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Mt5Server]:
    with Mt5Server(Settings(frozen_at=NOON), plain=True) as running:
        yield running


@pytest.fixture
def client(server: Mt5Server) -> Iterator[RestClient]:
    with RestClient(server) as rest:
        yield rest.authenticate()


@pytest.fixture
def login(client: RestClient) -> int:
    """A real USD account without money."""
    return add_user(client, "real\\std-usd")


def add_user(client: RestClient, group: str, **fields: object) -> int:
    record = {
        "Group": group, "Name": "Ada Byron", "Leverage": "100", "PassMain": "Secret-1x",
        "PassInvestor": "Secret-2x", "Rights": "483", **fields,
    }  # fmt: skip
    return int(client.answer("/api/user/add", method="POST", body=record)["Login"])


def deposit(client: RestClient, login: int, amount: str, **params: object) -> int:
    answer = client.answer(
        "/api/trade/balance", method="POST", login=login, type=2, balance=amount, **params
    )
    return int(answer["ticket"])
