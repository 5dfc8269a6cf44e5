"""Prices between currencies, as the trading server quotes them."""

from decimal import Decimal

from payments.conversions import feed, quotes
from payments.models import ConversionQuote
from sandbox.mt5.faults import FaultKind
from tests.payments.factories import quote_currencies
from tests.trading.house import House
from trading.prices import currency_prices


def test_pairs_of_the_wanted_currencies_are_read_and_nothing_else(house: House) -> None:
    market = house.mt5.core.market
    house.mt5.run(market.set_price, "EURUSD", 1.0999, 1.1001)
    found = currency_prices(house.system, {"EUR", "USD", "XAU"})
    [price] = [each for each in found if each.symbol == "EURUSD"]
    assert (price.base, price.quote) == ("EUR", "USD")
    assert (price.bid, price.ask) == (Decimal("1.0999"), Decimal("1.1001"))
    assert {each.symbol for each in found} <= {"EURUSD", "XAUUSD", "XAUEUR"}
    assert currency_prices(house.system, {"EUR"}) == []


def test_conversions_are_priced_by_the_servers_newest_quote(house: House) -> None:
    with house.scope():
        assert not feed.wanted(house.system)
        quote_currencies(house.world)
        assert feed.wanted(house.system)
    house.mt5.run(house.mt5.core.market.set_price, "EURUSD", 1.0999, 1.1001)
    assert feed.read(house.system) >= 1
    with house.scope():
        row = ConversionQuote.objects.get(base="EUR", quote="USD", source="server")
        assert (row.mid, row.name.split()[-1]) == (Decimal("1.1"), "EURUSD")
        assert row.history.count() == 0
    assert feed.read(house.system) == 0  # the same ticks again


def test_a_server_that_is_away_leaves_what_is_known(house: House) -> None:
    with house.scope():
        quote_currencies(house.world)
    house.fail("tick/last", FaultKind.DROP_BEFORE, times=20)
    assert feed.read(house.system) == 0
    with house.scope():
        assert [quote.name for quote in quotes.book().quotes] == ["Petra"]
