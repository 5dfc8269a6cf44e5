"""Accounts: asked for, opened once on the server, changed there, and kept in step here."""

from datetime import timedelta

import pytest

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal import search
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem
from clients.errors import ActionStopped
from clients.services import client_set_category
from sandbox.mt5.faults import FaultKind
from sandbox.mt5.records import UserRights
from tests.clients.factories import make_active, make_lead
from tests.trading.house import RAW_EUR, STD_EUR, STD_USD, House
from trading import services
from trading.bridge.port import PasswordKind
from trading.connections import platform_of
from trading.errors import AccountNotReady, CurrencyDiffers, LeverageTooHigh, MoneyPending
from trading.models import Account, AccountChange, Group, TradingServer
from trading.services.changes import secrets_forget


def _ask(house: House) -> Account:
    with house.scope() as actor:
        return services.account_open(
            actor=actor, client=make_active(actor), group=house.group(), leverage=30
        )


def _change(house: House, change: AccountChange) -> AccountChange:
    with house.scope():
        return AccountChange.objects.get(pk=change.pk)


def test_an_account_is_opened_with_our_reference_on_the_server(house: House) -> None:
    account = house.open()
    user = house.user(account.login)
    assert (account.state, account.currency, account.leverage) == ("active", "EUR", 30)
    assert (user.group, user.leverage, user.name) == (STD_EUR, 30, "Anna Eriksson")
    assert user.id == account.reference


@pytest.mark.parametrize("kind", [FaultKind.DROP_AFTER, FaultKind.TIMEOUT_AFTER, FaultKind.GARBAGE])
def test_an_opening_whose_answer_was_lost_is_found_and_not_made_twice(
    house: House, kind: FaultKind
) -> None:
    house.fail("user/add", kind)
    account = _ask(house)
    house.drain()
    assert house.account(account).state == "opening"
    with house.later(minutes=3):
        house.drain()
    account = house.account(account)
    assert (account.state, house.calls("user/add")) == ("active", 1)
    assert house.user(account.login).id == account.reference


def test_an_opening_that_never_arrived_is_sent_again_after_two_looks(house: House) -> None:
    house.fail("user/add", FaultKind.DROP_BEFORE)
    account = _ask(house)
    house.drain()
    for minutes in (3, 4):
        with house.later(minutes=minutes):
            house.drain()
    assert house.calls("user/add") == 1
    with house.later(minutes=7):
        house.drain()
    assert (house.account(account).state, house.calls("user/add")) == ("active", 2)


def test_a_server_that_says_no_ends_the_opening(house: House) -> None:
    house.fail("user/add", FaultKind.RETCODE, retcode=3002)
    account = _ask(house)
    house.drain()
    account = house.account(account)
    assert (account.state, account.login) == ("refused", None)
    assert account.error.startswith("3002")


def test_a_client_who_may_not_open_accounts_gets_none(house: House) -> None:
    with house.scope() as actor:
        lead = make_lead(actor)
        with pytest.raises(ActionStopped):
            services.account_open(actor=actor, client=lead, group=house.group(), leverage=30)
    assert house.drain() == 0


def test_leverage_stops_at_the_cap_of_the_category(house: House) -> None:
    with house.scope("olivia") as actor:
        client = make_active(actor)
        with pytest.raises(LeverageTooHigh):
            services.account_open(actor=actor, client=client, group=house.group(), leverage=50)
        client_set_category(actor=actor, client=client, category="professional", reason="opted up")
        client.refresh_from_db()
        services.account_open(actor=actor, client=client, group=house.group(), leverage=50)


def test_a_group_that_is_not_on_offer_is_refused(house: House) -> None:
    with house.scope() as actor:
        client = make_active(actor)
        with pytest.raises(InvalidInput):
            services.account_open(
                actor=actor, client=client, group=house.group("demo\\forex-eur"), leverage=30
            )


def test_leverage_and_group_are_changed_on_the_server_and_here(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        services.account_set_leverage(actor=actor, account=account, leverage=10, reason="asked")
        services.account_move_group(actor=actor, account=account, group=house.group(RAW_EUR))
    house.drain()
    account, user = house.account(account), house.user(account.login)
    assert (account.leverage, account.group.name) == (10, "real\\raw-eur")
    assert (user.leverage, user.group) == (10, "real\\raw-eur")


def test_a_group_of_another_currency_is_refused(house: House) -> None:
    account = house.open()
    with house.scope() as actor, pytest.raises(CurrencyDiffers):
        services.account_move_group(actor=actor, account=account, group=house.group(STD_USD))
    assert house.user(account.login).group == STD_EUR


def test_no_move_while_money_is_on_its_way(house: House) -> None:
    account = house.open()
    house.fail("trade/balance", FaultKind.DROP_BEFORE)
    house.ask(account, "5.00")
    with house.scope() as actor, pytest.raises(MoneyPending):
        services.account_move_group(actor=actor, account=account, group=house.group(RAW_EUR))
    with house.scope() as actor, pytest.raises(MoneyPending):
        services.account_archive(actor=actor, account=account, reason="closing")


@pytest.mark.parametrize(
    ("status", "may_sign_in", "may_trade"),
    [("read_only", True, False), ("disabled", False, False)],
)
def test_rights_follow_the_status_and_other_flags_stay(
    house: House, status: str, may_sign_in: bool, may_trade: bool
) -> None:
    account = house.open()
    user = house.user(account.login)
    other = user.rights & ~(UserRights.ENABLED | UserRights.TRADE_DISABLED)
    with house.scope() as actor:
        services.account_set_status(actor=actor, account=account, status=status, reason="review")
    house.drain()
    account = house.account(account)
    assert (account.state, account.login_enabled, account.trading_enabled) == (
        status,
        may_sign_in,
        may_trade,
    )
    assert bool(user.rights & UserRights.ENABLED) is may_sign_in
    assert bool(user.rights & UserRights.TRADE_DISABLED) is not may_trade
    assert user.rights & ~(UserRights.ENABLED | UserRights.TRADE_DISABLED) == other
    with house.scope() as actor:
        services.account_set_status(actor=actor, account=account, status="active", reason="done")
    house.drain()
    assert house.account(account).state == "active"


def test_an_account_with_money_is_not_archived_and_an_empty_one_is(house: House) -> None:
    account = house.open()
    with house.scope():
        Account.objects.filter(pk=account.pk).update(balance=1)
    with house.scope() as actor, pytest.raises(StateConflict):
        services.account_archive(actor=actor, account=account, reason="closing")
    with house.scope():
        Account.objects.filter(pk=account.pk).update(balance=0)
    with house.scope() as actor:
        services.account_archive(actor=actor, account=account, reason="closing")
    house.drain()
    assert house.account(account).state == "archived"
    with pytest.raises(AccountNotReady):
        house.ask(account, "1.00")


def test_a_change_is_repeated_until_the_server_answers(house: House) -> None:
    account = house.open()
    house.fail("user/update", FaultKind.DROP_AFTER)
    house.fail("user/update", FaultKind.DROP_BEFORE)
    with house.scope() as actor:
        change = services.account_set_leverage(actor=actor, account=account, leverage=5)
        with pytest.raises(StateConflict):
            services.account_set_leverage(actor=actor, account=account, leverage=20)
    house.drain()
    assert _change(house, change).state == "requested"
    for seconds in (20, 40):
        with house.later(seconds=seconds):
            house.drain()
    assert _change(house, change).state == "applied"
    assert house.account(account).leverage == house.user(account.login).leverage == 5


def test_a_change_that_the_server_does_not_take_says_so(house: House) -> None:
    account = house.open()
    house.fail("user/update", FaultKind.RETCODE, retcode=8)
    with house.scope() as actor:
        change = services.account_set_leverage(actor=actor, account=account, leverage=5)
    house.drain()
    change = _change(house, change)
    assert (change.state, house.account(account).leverage) == ("refused", 30)
    assert "8 Not enough permissions" in change.error


def test_a_new_password_works_is_shown_once_and_kept_nowhere(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        change = services.password_reset(actor=actor, account=account)
        with pytest.raises(StateConflict):
            services.password_show(actor=actor, change=change)
    house.drain()
    with house.scope("petra") as petra, pytest.raises(StateConflict):
        services.password_show(actor=petra, change=change)
    with house.scope() as actor:
        secret = services.password_show(actor=actor, change=change)
        with pytest.raises(StateConflict):
            services.password_show(actor=actor, change=change)
        outbox = OutboxItem.objects.filter(subject_id=change.pk)
        assert secret not in str(list(outbox.values()))
    assert _change(house, change).secret_sealed is None
    login = account.login
    assert login is not None
    platform = platform_of(house.server)
    assert platform.account_password_check(login, PasswordKind.MAIN, secret)
    assert not platform.account_password_check(login, PasswordKind.MAIN, secret + "x")


def test_a_password_that_nobody_looked_at_is_forgotten_within_the_hour(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        change = services.password_reset(actor=actor, account=account)
    house.drain()
    with house.scope() as actor:
        assert secrets_forget(actor=actor) == 0
        AccountChange.objects.filter(pk=change.pk).update(created_at=now() - timedelta(minutes=61))
        assert secrets_forget(actor=actor) == 1
        with pytest.raises(StateConflict):
            services.password_show(actor=actor, change=change)


def test_a_login_is_found_from_the_search_box(house: House) -> None:
    account = house.open()
    with house.scope() as actor:
        [hit] = search.find(actor, str(account.login))
    assert hit.url == f"/trading/accounts/{account.pk}/"


def test_the_servers_password_is_sealed_and_others_dont_see_the_server(house: House) -> None:
    with house.scope():
        row = TradingServer.objects.get(pk=house.server.pk)
        assert b"Password1" not in bytes(row.password_sealed)
    zoe = house.world.actor("zoe")
    with tenant_scope(zoe.tenant_id, zoe):
        assert not TradingServer.objects.exists()
        assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "ftp://mt5.example"}, "url"),
        ({"url": "http://mt5.example:443"}, "url"),
        ({"tls_fingerprint": "12:34"}, "tls_fingerprint"),
        ({"read_timeout_s": 61}, "read_timeout_s"),
        ({"timezone_offset_minutes": 1000}, "timezone_offset_minutes"),
        ({"manager_login": 0}, "manager_login"),
        ({"name": " "}, "name"),
        ({"password": ""}, "password"),
    ],
)
def test_a_server_that_cant_be_is_not_connected(
    house: House, values: dict[str, object], field: str
) -> None:
    given: dict[str, object] = {
        "name": "Other",
        "url": "https://mt5.example:443",
        "manager_login": 7,
        "password": "x" * 12,
    }
    with house.scope("adam") as adam, pytest.raises(InvalidInput) as raised:
        services.server_add(actor=adam, **{**given, **values})  # type: ignore[arg-type]
    assert field in raised.value.fields
