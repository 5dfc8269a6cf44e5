import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.bank.server import BankServer
from sandbox.bank.state import Bank
from sandbox.btcpay.server import BTCPayServer
from sandbox.gateway.server import CashierServer
from sandbox.praxis.server import PraxisServer
from sandbox.stripe.server import StripeServer
from tests.payments.card import CardShop, stripe_running
from tests.payments.coins import CoinShop, btcpay_running
from tests.payments.money import Brokerage, cashier_running
from tests.payments.praxis import PraxisShop, praxis_running
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
    found.movements.rows.clear()
    return cashier_server


@pytest.fixture
def shop(world: World, cashier: CashierServer) -> Brokerage:
    """Aurora, a cashier, a card method and the client Anna Eriksson."""
    return Brokerage(world, cashier)


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[StripeServer]:
    with stripe_running() as server:
        yield server


@pytest.fixture
def card_shop(shop: Brokerage, stripe_server: StripeServer) -> CardShop:
    """The brokerage with a method that goes through Stripe, where nothing happened before."""
    box = stripe_server.box
    box.faults.clear()
    for kept in (box.owners, box.objects, box.owned, box.kept):
        kept.clear()
    box.post.messages.clear()
    return CardShop(shop, stripe_server)


@pytest.fixture(scope="session")
def btcpay_server() -> Iterator[BTCPayServer]:
    with btcpay_running() as server:
        yield server


@pytest.fixture
def coin_shop(shop: Brokerage, btcpay_server: BTCPayServer) -> CoinShop:
    """The brokerage with a method that goes through BTCPay, where nothing happened before."""
    box = btcpay_server.box
    box.faults.clear()
    for kept in (box.stores, box.invoices, box.pulls, box.payouts):
        kept.clear()
    box.post.messages.clear()
    return CoinShop(shop, btcpay_server)


@pytest.fixture(scope="session")
def praxis_server() -> Iterator[PraxisServer]:
    with praxis_running() as server:
        yield server


@pytest.fixture
def praxis_shop(shop: Brokerage, praxis_server: PraxisServer) -> PraxisShop:
    """The brokerage with a method that goes through Praxis, where nothing happened before."""
    box = praxis_server.box
    box.faults.clear()
    box.refunds_at_once = True
    for kept in (box.merchants, box.sessions, box.transactions):
        kept.clear()
    box.post.messages.clear()
    return PraxisShop(shop, praxis_server)


@pytest.fixture
def bank_shop(shop: Brokerage, tmp_path: Path) -> Iterator[Brokerage]:
    """The brokerage with 1,000.00 EUR of its client's, and a bank that it pays from."""
    bank = Bank(tmp_path / "bank.json")
    bank.account_open(
        {"iban": shop.our_iban, "currency": "EUR", "opening": "5000.00", "owner": "Aurora"}
    )
    server = BankServer(bank)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    shop.funded("1000.00")
    shop.rules(source_first=False)  # it was paid in by card, and is to leave by wire
    shop.bank(server.address)
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()
