"""Reading a server: groups, accounts, positions and deals, each once, and nothing lost."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from backoffice.audit.selectors import entries
from backoffice.core.clock import now
from backoffice.core.errors import StateConflict
from backoffice.tenancy.scope import tenant_scope
from sandbox.mt5.configs import Group as SandboxGroup
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.records import Deal as SandboxDeal
from sandbox.mt5.records import OrderType, User, UserRights
from tests.clients.factories import make_active
from tests.trading.house import BALANCE, STD_EUR, House, add_server
from trading import services
from trading.models import (
    Account,
    BalanceOperation,
    Deal,
    DealCursor,
    Group,
    Position,
    Symbol,
    SyncKind,
    SyncRun,
)
from trading.sync.readings import read
from trading.sync.runs import forget_old, only_one

DAY_MSC = 86_400_000


def _read(house: House, kind: SyncKind = SyncKind.DEALS) -> SyncRun:
    with house.scope():
        house.server.refresh_from_db()
    run = read(house.system, house.server, kind)
    assert run is not None
    assert run.error == ""
    return run


def _tickets(house: House) -> list[int]:
    with house.scope():
        return list(
            Deal.objects.filter(deleted_at=None).order_by("ticket").values_list("ticket", flat=True)
        )


def _theirs(house: House, *accounts: Account) -> list[int]:
    return sorted(deal.ticket for account in accounts for deal in house.deals(account.login))


def _audited(house: House, code: str) -> int:
    with house.scope() as actor:
        return entries(actor).filter(action=code).count()


def _trade(house: House, account: Account, lots: int = 1) -> None:
    """The client opens a position of ``lots`` of what trades on every day of the week."""
    symbol = house.mt5.core.book.symbols["BTCUSD"]
    house.mt5.run(
        house.mt5.core.engine.open,
        house.user(account.login),
        symbol,
        OrderType.BUY,
        lots * 100_000_000,
    )


# -- groups and symbols -------------------------------------------------------------------------


def test_groups_and_symbols_are_mirrored(house: House) -> None:
    with house.scope():
        group = Group.objects.get(name="real\\raw-eur")
        assert (group.currency, group.currency_digits, group.default_leverage) == ("EUR", 2, 200)
        assert not Group.objects.filter(name__startswith="managers").exists()
        gold = Symbol.objects.get(name="XAUUSD")
        assert (gold.digits, gold.contract_size, gold.asset_class) == (2, Decimal(100), "metals")


def test_a_group_that_went_is_marked_and_one_that_came_back_is_ours_again(house: House) -> None:
    core = house.mt5.core
    group = core.book.groups["real\\raw-gbp"]
    house.mt5.run(core.delete_group, group.name)
    assert _read(house, SyncKind.SETUP).rows_gone == 1
    with house.scope():
        assert Group.objects.get(name=group.name).gone_at is not None
    house.mt5.run(core.add_group, group)
    assert _read(house, SyncKind.SETUP).rows_changed == 1
    with house.scope():
        assert Group.objects.get(name=group.name).gone_at is None
    assert _read(house, SyncKind.SETUP).rows_changed == 0


def test_the_connection_test_says_whether_the_clock_agrees(house: House) -> None:
    run = _read(house, SyncKind.TEST)
    assert (run.detail["clock_agrees"], run.detail["groups"]) == (True, 9)
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, timezone_offset_minutes=-300)
    run = _read(house, SyncKind.TEST)
    assert run.detail["clock_agrees"] is False
    assert (run.detail["offset_minutes"], run.detail["expected_minutes"]) == (120, -300)


def test_a_server_that_is_away_is_a_run_that_says_so(house: House) -> None:
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, url="https://127.0.0.1:9")
        house.server.refresh_from_db()
    run = read(house.system, house.server, SyncKind.TEST)
    assert run is not None
    assert run.error
    with house.scope():
        house.server.refresh_from_db()
    assert house.server.last_error
    assert house.server.last_error_at is not None


# -- accounts -----------------------------------------------------------------------------------


def test_money_and_margin_follow_the_server(house: House) -> None:
    account = house.open()
    house.book(account.login, 500_000)
    _trade(house, account)
    _read(house, SyncKind.ACCOUNTS)
    row = house.account(account)
    assert (row.balance, row.credit) == (Decimal(5000), Decimal(0))
    assert row.margin > 0
    assert row.margin_free == row.equity - row.margin


def test_an_account_opened_elsewhere_is_taken_in_without_a_client(house: House) -> None:
    house.mt5.run(house.mt5.core.book.add_user, User(555_001, STD_EUR, name="Eva Elsewhere"))
    house.book(555_001, 12_300)
    run = _read(house, SyncKind.ACCOUNTS)
    assert run.rows_new == 1
    with house.scope() as actor:
        orphan = Account.objects.get(login=555_001)
        assert (orphan.client_id, orphan.state, orphan.balance) == (None, "active", Decimal(123))
        client = make_active(actor)
        services.account_link(actor=actor, account=orphan, client=client, reason="by passport")
        with pytest.raises(StateConflict):
            services.account_link(actor=actor, account=orphan, client=client, reason="again")
    assert _read(house, SyncKind.ACCOUNTS).rows_new == 0
    assert _audited(house, "trading.accounts_found") == 1


def test_an_account_that_we_are_opening_is_not_taken_for_a_strangers(house: House) -> None:
    house.fail("user/add", FaultKind.DROP_AFTER)
    with house.scope() as actor:
        account = services.account_open(
            actor=actor, client=make_active(actor), group=house.group(), leverage=30
        )
    house.drain()
    assert _read(house, SyncKind.ACCOUNTS).rows_new == 0
    with house.later(minutes=3):
        house.drain()
    assert house.account(account).state == "active"


def test_a_change_made_on_the_server_is_followed_and_noted(house: House) -> None:
    account = house.open()
    user = house.user(account.login)
    user.rights |= UserRights.TRADE_DISABLED
    user.leverage = 20
    house.mt5.run(house.mt5.core.book.move_user, user, "real\\raw-eur")
    _read(house, SyncKind.ACCOUNTS)
    row = house.account(account)
    assert (row.state, row.leverage, row.group.name) == ("read_only", 20, "real\\raw-eur")
    assert _audited(house, "trading.changed_outside") == 1
    _read(house, SyncKind.ACCOUNTS)
    assert _audited(house, "trading.changed_outside") == 1


def test_a_login_out_of_sight_is_marked_and_gets_no_money(house: House) -> None:
    account, other = house.open(), house.open(email="ben@mail.example")
    removed = house.mt5.run(house.mt5.core.book.remove_user, account.login)
    assert _read(house, SyncKind.ACCOUNTS).rows_gone == 1
    assert house.account(account).gone_at is not None
    assert house.account(other).gone_at is None
    with pytest.raises(StateConflict):
        house.ask(account, "1.00")
    house.mt5.run(house.mt5.core.book.add_user, removed)
    _read(house, SyncKind.ACCOUNTS)
    assert house.account(account).gone_at is None


def test_masks_keep_two_brokerages_on_one_server_apart(house: House) -> None:
    house.mt5.run(house.mt5.core.add_group, SandboxGroup("borealis\\std-gbp", "GBP"))
    for login, group in ((555_001, STD_EUR), (555_002, "borealis\\std-gbp")):
        house.mt5.run(house.mt5.core.book.add_user, User(login, group))
        house.book(login, 100)
    zoe = house.world.actor("zoe")
    with tenant_scope(zoe.tenant_id, zoe):
        theirs = add_server(zoe, house.mt5, group_masks="borealis\\*")
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, group_masks="real\\*")
    for kind in (SyncKind.SETUP, SyncKind.ACCOUNTS, SyncKind.DEALS):
        _read(house, kind)
        assert read(zoe, theirs, kind) is not None
    with house.scope():
        assert list(Deal.objects.values_list("login", flat=True)) == [555_001]
    with tenant_scope(zoe.tenant_id, zoe):
        assert list(Account.objects.values_list("login", flat=True)) == [555_002]
        assert list(Deal.objects.values_list("login", flat=True)) == [555_002]


# -- positions ----------------------------------------------------------------------------------


def test_positions_come_change_and_go(house: House) -> None:
    account = house.open()
    house.book(account.login, 1_000_000)
    _trade(house, account, 2)
    _read(house, SyncKind.POSITIONS)
    with house.scope():
        position = Position.objects.get()
        assert (position.symbol, position.side, position.lots) == ("BTCUSD", "buy", Decimal(2))
        assert position.account_id == account.pk
    [theirs] = house.mt5.core.book.positions_of(account.login or 0)
    house.mt5.run(house.mt5.core.engine.close, theirs, theirs.volume_ext)
    run = _read(house, SyncKind.POSITIONS)
    assert run.rows_gone == 1
    with house.scope():
        assert not Position.objects.exists()


# -- deals --------------------------------------------------------------------------------------


def test_deals_are_read_once_however_often_they_are_read(house: House) -> None:
    account = house.open()
    house.book(account.login, 1_000_000, "hello")
    _trade(house, account)
    assert _read(house).rows_new == 2
    assert (_read(house).rows_new, _read(house).rows_changed) == (0, 0)
    _trade(house, account)
    assert _read(house).rows_new == 1
    assert _tickets(house) == _theirs(house, account)
    with house.scope():
        first = Deal.objects.get(comment="hello")
        assert (first.profit, first.action, first.account_id) == (Decimal(10_000), 2, account.pk)
        trade = Deal.objects.filter(action=0).order_by("ticket")[0]
        assert (trade.symbol, trade.lots, trade.contract_size) == ("BTCUSD", Decimal(1), Decimal(1))


def test_rows_sent_twice_are_one_deal_each(house: House) -> None:
    account = house.open()
    for number in range(5):
        house.book(account.login, 100 + number)
    house.fail("deal/get_batch", FaultKind.DUPLICATE_ROWS)
    _read(house)
    _read(house)
    assert _tickets(house) == _theirs(house, account)


def test_a_stream_that_loses_a_row_is_read_again_by_login(house: House) -> None:
    account = house.open()
    house.book(account.login, 100)
    _read(house)
    for number in range(4):
        house.book(account.login, 200 + number)
    house.fail("deal/get_batch", FaultKind.DUPLICATE_ROWS)  # pushes the last row out
    run = _read(house)
    assert (run.rows_new, run.gaps) == (4, 0)
    assert _tickets(house) == _theirs(house, account)


def test_a_count_that_never_fits_is_a_gap_in_sight_until_it_heals(house: House) -> None:
    account = house.open()
    house.book(account.login, 100)
    _read(house)
    for number in range(3):
        house.book(account.login, 200 + number)
    house.fail("deal/get_batch", FaultKind.DUPLICATE_ROWS)
    house.fail("deal/get_page", FaultKind.DUPLICATE_ROWS, times=2)
    assert _read(house).gaps == 1
    with house.scope():
        cursor = DealCursor.objects.get(login=account.login or 0)
        assert cursor.counted - cursor.seen == 1
    assert _read(house).gaps == 0
    with house.scope():
        cursor = DealCursor.objects.get(login=account.login or 0)
        assert cursor.counted == cursor.seen == 4
    assert _tickets(house) == _theirs(house, account)


def test_an_edited_deal_gets_a_revision_and_an_entry(house: House) -> None:
    account = house.open()
    deal = house.book(account.login, 10_000, "as it was")
    _read(house)
    edited = replace(deal, profit=9_000, comment="as it is")
    house.mt5.run(house.mt5.core.book.replace_deal, edited, 0)
    assert _read(house).rows_changed == 1
    with house.scope():
        row = Deal.objects.get(ticket=deal.ticket)
    assert (row.profit, row.comment, row.revision) == (Decimal(90), "as it is", 1)
    assert _audited(house, "trading.deal_edited") == 1
    assert _read(house).rows_changed == 0


def test_a_deal_moved_to_another_month_stays_one_deal(house: House) -> None:
    account = house.open()
    deal = house.book(account.login, 10_000)
    _read(house)
    moved = replace(deal, time_msc=deal.time_msc - 40 * DAY_MSC)
    house.mt5.run(house.mt5.core.book.replace_deal, moved, 0)
    _read(house, SyncKind.DEEP)
    _read(house, SyncKind.ACCOUNTS)
    with house.scope():
        [row] = Deal.objects.all()
    assert (row.revision, row.server_msc) == (1, moved.time_msc)


def test_a_back_dated_deal_is_found_by_the_deep_check(house: House) -> None:
    account = house.open()
    house.book(account.login, 100)
    _read(house)
    old = house.mt5.core.clock.now_msc() - 200 * DAY_MSC
    house.book(account.login, 5_000, "correction of May", msc=old)
    assert _read(house).rows_new == 0
    _read(house, SyncKind.ACCOUNTS)
    assert _read(house, SyncKind.DEEP).rows_new == 1
    assert _tickets(house) == _theirs(house, account)


def test_a_deal_that_was_taken_out_is_marked_and_comes_back(house: House) -> None:
    account = house.open()
    house.book(account.login, 100)
    deal = house.book(account.login, 200)
    _read(house)
    gone = house.mt5.run(house.mt5.core.book.delete_deal, deal.ticket, 0)
    house.user(account.login).balance -= 200
    assert gone is not None
    _read(house, SyncKind.ACCOUNTS)
    assert _read(house, SyncKind.DEEP).rows_gone == 1
    with house.scope():
        assert Deal.objects.get(ticket=deal.ticket).deleted_at is not None
    assert _audited(house, "trading.deal_gone") == 1
    assert _tickets(house) == _theirs(house, account)


def test_a_login_out_of_sight_keeps_its_deals(house: House) -> None:
    account = house.open()
    house.book(account.login, 100)
    _read(house)
    house.mt5.run(house.mt5.core.book.remove_user, account.login)
    assert _read(house, SyncKind.DEEP).rows_gone == 0
    assert len(_tickets(house)) == 1


def test_a_login_that_came_later_is_read_from_its_first_deal_on(house: House) -> None:
    anna = house.open()
    house.book(anna.login, 100)
    _read(house)
    house.mt5.run(house.mt5.core.book.add_user, User(555_001, STD_EUR))
    old = house.mt5.core.clock.now_msc() - 100 * DAY_MSC
    house.book(555_001, 300, msc=old)
    _read(house, SyncKind.ACCOUNTS)
    assert _read(house).rows_new == 1
    with house.scope():
        assert Deal.objects.get(login=555_001).account_id is not None


def test_deals_read_before_their_account_find_it_later(house: House) -> None:
    house.mt5.run(house.mt5.core.book.add_user, User(555_001, STD_EUR))
    house.book(555_001, 300)
    _read(house)
    _read(house, SyncKind.ACCOUNTS)
    with house.scope():
        assert Deal.objects.get().account_id == Account.objects.get().pk


def test_a_line_that_breaks_between_slices_loses_nothing(house: House) -> None:
    account = house.open()
    for days in (3, 40, 80, 200):
        msc = house.mt5.core.clock.now_msc() - days * DAY_MSC
        house.book(account.login, days, msc=msc)
    house.fail("deal/get_batch", FaultKind.TIMEOUT_AFTER, after=150)
    with house.scope():
        house.server.refresh_from_db()
    run = read(house.system, house.server, SyncKind.DEALS)
    assert run is not None
    assert run.error
    with house.scope():
        house.server.refresh_from_db()
    assert house.server.deals_until is None
    with house.later(minutes=5):
        _read(house)
    assert _tickets(house) == _theirs(house, account)


def test_a_deal_of_an_operation_that_was_given_up_is_put_before_people(house: House) -> None:
    account = house.open()
    house.ask(account, "50.00", "deposit:1")
    house.fail(BALANCE, FaultKind.DROP_BEFORE)
    operation = house.ask(account, "-20.00", "withdrawal:1")
    for minutes in (1, 6):
        with house.later(minutes=minutes):
            house.drain()
    assert house.operation(operation).state == "voided"
    late = house.book(account.login, -2_000, operation.token)
    _read(house)
    assert house.operation(operation).late_ticket == late.ticket
    assert _audited(house, "trading.operation_late") == 1


def test_a_deal_read_before_the_next_look_settles_an_unknown_operation(house: House) -> None:
    account = house.open()
    _read(house)
    house.fail(BALANCE, FaultKind.DROP_AFTER)
    operation = house.ask(account, "20.00")
    assert operation.state == "unknown"
    _read(house)
    house.drain()
    assert house.operation(operation).state == "applied"


def test_two_readings_of_a_kind_do_not_run_at_once(house: House) -> None:
    with only_one(house.system, house.server, SyncKind.DEALS) as mine:
        assert mine
        assert read(house.system, house.server, SyncKind.DEALS) is None
    assert _read(house) is not None


def test_quiet_readings_leave_one_record(house: House) -> None:
    for _ in range(3):
        _read(house)
    with house.scope():
        assert SyncRun.objects.filter(kind=SyncKind.DEALS).count() == 1
        SyncRun.objects.update(started_at=now() - timedelta(days=8))
    assert forget_old(house.system) == 3  # with two readings of groups at the start


def test_ten_thousand_deals_are_the_servers_ten_thousand(house: House) -> None:
    with house.scope("adam") as adam:
        services.server_change(actor=adam, server=house.server, read_timeout_s=60)
    account = house.open()
    login = account.login
    assert login is not None
    start = house.mt5.core.clock.now_msc() - 30 * DAY_MSC
    for number in range(10_000):
        deal = SandboxDeal(
            ticket=house.mt5.core.book.new_ticket("deal"),
            login=login,
            time_msc=start + number * 1000,
            action=2,
            profit=number + 1,
        )
        house.mt5.core.book.add_deal(deal)
    run = _read(house)
    assert (run.rows_new, run.gaps) == (10_000, 0)
    with house.scope():
        total = sum(Deal.objects.values_list("profit", flat=True))
    assert total == Decimal(10_000 * 10_001) / 200
    with house.scope():
        assert not BalanceOperation.objects.exists()
