"""The books follow trading, and a balance that the books can't explain is put before people."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from backoffice.core.clock import now
from ledger import selectors as ledger
from ledger.chart import mt_mirror
from ledger.days import day_close
from reconciliation import trading_plane
from reconciliation.models import Break
from tests.trading.house import House, house_of
from tests.world import World
from trading.models import Account, SyncKind
from trading.sync.readings import read


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with house_of(world) as running:
        running.setup()
        yield running


def _read(house: House) -> None:
    for kind in (SyncKind.ACCOUNTS, SyncKind.DEALS):
        read(house.system, house.server, kind)


def _trade(house: House, account: Account, profit_pips: int) -> None:
    """Buy a lot of EURUSD and sell it so many pips higher, on the server."""
    assert account.login is not None
    house.mt5.set_price("EURUSD", 1.1000, 1.1000)
    deal = house.mt5.open_position(account.login, "EURUSD", "buy", "1.00")
    house.mt5.set_price("EURUSD", 1.1 + profit_pips / 10_000, 1.1 + profit_pips / 10_000)
    house.mt5.close_position(int(str(deal["PositionID"])))


def _mirror(house: House, account: Account) -> Decimal:
    with house.scope():
        assert account.client_id is not None
        code = mt_mirror(account.client_id, account.server.name, account.login or 0).code
        found = ledger.account(house.world.aurora.pk, code, account.currency)
        if found is None:
            return Decimal(0)
        return ledger.balance(house.world.aurora.pk, found).posted.amount


def _post(house: House) -> int:
    with house.scope():
        return trading_plane.day_post(actor=house.system, day=now().date()).accounts


def _breaks(house: House) -> list[str]:
    with house.scope():
        trading_plane.balances_check(actor=house.system)
        rows = Break.objects.filter(tenant=house.world.aurora, closed_at=None)
        return [row.subject_label for row in rows]


def test_a_days_trading_is_booked_once_and_a_late_deal_only_by_its_difference(
    house: House,
) -> None:
    account = house.open()
    house.ask(account, "5000.00")
    _trade(house, account, 20)
    _read(house)
    reported = house.account(account).balance - 5000
    assert reported != 0
    assert (_post(house), _mirror(house, account)) == (1, reported)
    assert (_post(house), _mirror(house, account)) == (0, reported)
    _trade(house, account, -10)
    _read(house)
    assert _post(house) == 1
    assert _mirror(house, account) == house.account(account).balance - 5000


def test_money_that_our_books_know_nothing_of_is_a_break_until_it_is_gone(house: House) -> None:
    account = house.open()
    _read(house)
    assert _breaks(house) == []
    house.book(account.login, 123_45, comment="from the dealer")
    _read(house)
    assert _breaks(house) == [f"{house.server.name} {account.login}"]
    assert _breaks(house) == [f"{house.server.name} {account.login}"]
    house.book(account.login, -123_45, comment="taken back")
    _read(house)
    assert _breaks(house) == []


def test_trading_of_today_that_is_not_booked_yet_is_no_difference(house: House) -> None:
    account = house.open()
    house.book(account.login, 5_000_00)
    _trade(house, account, 15)
    _read(house)
    with house.scope():
        found = trading_plane.differences(house.system)
    assert [row.amount for row in found] == [Decimal(5000)]


def test_the_night_books_yesterday(house: House) -> None:
    account = house.open()
    house.book(account.login, 5_000_00)
    _trade(house, account, 15)
    _read(house)
    day = now().date()
    with time_machine.travel(now() + timedelta(days=1)), house.scope():
        posted = trading_plane.day_post(actor=house.system, day=day)
    assert (posted.accounts, posted.refused) == (1, ())


def test_trading_found_after_its_day_was_closed_is_valued_in_an_open_one(house: House) -> None:
    account = house.open()
    house.book(account.login, 5_000_00)
    _trade(house, account, 15)
    _read(house)
    day = now().date()
    with time_machine.travel(now() + timedelta(days=1, hours=12)), house.scope():
        day_close(actor=house.system, day=day)
        posted = trading_plane.day_post(actor=house.system, day=day)
        again = trading_plane.day_post(actor=house.system, day=day)
    assert (posted.accounts, posted.refused, again.accounts) == (1, (), 0)
