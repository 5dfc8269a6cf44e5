from collections.abc import Iterator

import pytest

from sandbox.gateway.server import CashierServer
from tests.payments.money import Brokerage, cashier_running
from tests.world import World


@pytest.fixture(scope="session")
def cashier_server() -> Iterator[CashierServer]:
    with cashier_running() as server:
        yield server


@pytest.fixture
def cashier(cashier_server: CashierServer) -> CashierServer:
    """The cashier, with nothing of an earlier test in it."""
    found = cashier_server.cashier
    found.faults.clear()
    found.payments.clear()
    found.payouts.clear()
    found.refunds.clear()
    found.messages.clear()
    return cashier_server


@pytest.fixture
def shop(world: World, cashier: CashierServer) -> Brokerage:
    """Aurora, a cashier, a card method and the client Anna Eriksson."""
    return Brokerage(world, cashier)
