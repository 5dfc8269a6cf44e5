"""Accounts through the bridge: open, read, change, rights, passwords, state."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from sandbox.mt5.configs import Group as SandboxGroup
from sandbox.mt5.core import Settings
from sandbox.mt5.faults import FaultKind
from tests.trading.mt5_brokerage import ANNA, BEN, CARLA, GROUP, Brokerage, brokerage
from trading.bridge import port
from trading.bridge.errors import AnswerLost, ChangeIgnored, CommandRefused, NotFound

MAIN = port.PasswordKind.MAIN
INVESTOR = port.PasswordKind.INVESTOR


@pytest.fixture
def mt5() -> Iterator[Brokerage]:
    with brokerage() as running:
        yield running


def opening(**changes: object) -> port.NewAccount:
    values: dict[str, object] = {
        "group": GROUP,
        "name": "Dora Dvořák",
        "leverage": 100,
        "password_main": "Main=1|pass\\",
        "password_investor": "Inv-1-pass",
        "login": 200_001,
        "email": "dora@example.com",
        "external_id": "C-2026-000007",
    }
    return port.NewAccount(**(values | changes))  # type: ignore[arg-type]  # test factory


def test_an_account_is_opened_as_asked(mt5: Brokerage) -> None:
    account = mt5.platform.account_create(opening(agent=BEN))
    assert isinstance(account, port.Account)
    assert (account.login, account.group, account.name) == (200_001, GROUP, "Dora Dvořák")
    assert (account.leverage, account.agent, account.external_id) == (100, BEN, "C-2026-000007")
    assert (account.login_enabled, account.trading_enabled) == (True, True)
    assert account.registered_utc is not None
    assert mt5.platform.account_get(200_001) == account


def test_an_account_may_be_opened_shut(mt5: Brokerage) -> None:
    account = mt5.platform.account_create(opening(login_enabled=False, trading_enabled=False))
    assert isinstance(account, port.Account)
    assert (account.login_enabled, account.trading_enabled) == (False, False)


def test_the_server_chooses_a_login_when_none_is_given(mt5: Brokerage) -> None:
    account = mt5.platform.account_create(opening(login=0))
    assert isinstance(account, port.Account)
    assert account.login > 0


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"login": ANNA}, 3004),
        ({"password_main": "weak"}, 3006),
        ({"group": "real\\missing"}, 8),
        ({"leverage": 9999}, 3),
    ],
)
def test_what_the_server_refuses_opens_nothing(
    mt5: Brokerage, changes: dict[str, object], retcode: int
) -> None:
    before = set(mt5.server.core.book.users)
    with pytest.raises(CommandRefused) as raised:
        mt5.platform.account_create(opening(**changes))
    assert (raised.value.retcode, raised.value.permanent) == (retcode, True)
    assert set(mt5.server.core.book.users) == before


@pytest.mark.parametrize(
    "kind", [FaultKind.TIMEOUT_AFTER, FaultKind.DROP_AFTER, FaultKind.RETCODE_AFTER]
)
def test_an_opening_whose_answer_was_lost_is_unknown_and_was_sent_once(
    mt5: Brokerage, kind: FaultKind
) -> None:
    mt5.hurried.time()
    mt5.fail("user/add", kind)
    assert isinstance(mt5.hurried.account_create(opening()), port.Unknown)
    assert mt5.calls("user/add") == 1
    assert mt5.platform.account_get(200_001).external_id == "C-2026-000007"


def test_passwords_are_not_in_what_is_printed() -> None:
    assert "pass" not in repr(opening())


def test_an_account_that_is_not_there_is_not_found(mt5: Brokerage) -> None:
    with pytest.raises(NotFound):
        mt5.platform.account_get(999_999)


def test_many_accounts_are_read_by_login_and_by_group(mt5: Brokerage) -> None:
    logins = [ANNA, BEN, 999_999, CARLA]
    by_login = [
        account.login for batch in mt5.platform.accounts(logins=logins) for account in batch
    ]
    by_group = [a.login for batch in mt5.platform.accounts(group="real\\*") for a in batch]
    assert sorted(by_login) == sorted(by_group) == [ANNA, BEN, CARLA]


@pytest.mark.parametrize(("logins", "group"), [((), ""), ((1,), "real\\*")])
def test_accounts_are_selected_one_way(mt5: Brokerage, logins: tuple[int, ...], group: str) -> None:
    with pytest.raises(ValueError, match="one of them"):
        list(mt5.platform.accounts(logins=logins, group=group))


def test_a_change_is_partial_and_answers_the_account(mt5: Brokerage) -> None:
    account = mt5.platform.account_update(ANNA, {"leverage": 200, "email": "anna@example.com"})
    assert (account.leverage, account.email, account.name) == (
        200,
        "anna@example.com",
        "Anna Adler",
    )


def test_a_value_that_the_server_silently_ignores_is_an_error(mt5: Brokerage) -> None:
    with pytest.raises(ChangeIgnored, match="leverage") as raised:
        mt5.platform.account_update(ANNA, {"leverage": 9999, "city": "Wien"})
    assert raised.value.fields == ("leverage",)
    assert mt5.platform.account_get(ANNA).city == "Wien"


def test_a_field_that_can_not_be_set_is_refused_by_us(mt5: Brokerage) -> None:
    with pytest.raises(ValueError, match="balance"):
        mt5.platform.account_update(ANNA, {"balance": Decimal(1)})
    assert mt5.calls("user/update") == 0


def test_a_move_to_a_group_of_another_currency_is_refused(mt5: Brokerage) -> None:
    with pytest.raises(CommandRefused) as raised:
        mt5.platform.account_update(ANNA, {"group": "real\\std-eur"})
    assert raised.value.retcode == 3010
    assert mt5.platform.account_get(ANNA).group == GROUP


def test_rights_are_changed_one_by_one_and_unknown_ones_kept(mt5: Brokerage) -> None:
    mt5.user(ANNA).rights |= 0x40000000
    blocked = mt5.platform.account_rights_set(ANNA, trading_enabled=False)
    assert (blocked.login_enabled, blocked.trading_enabled) == (True, False)
    both = mt5.platform.account_rights_set(ANNA, login_enabled=False)
    assert (both.login_enabled, both.trading_enabled) == (False, False)
    free = mt5.platform.account_rights_set(ANNA, login_enabled=True, trading_enabled=True)
    assert (free.login_enabled, free.trading_enabled) == (True, True)
    assert mt5.user(ANNA).rights & 0x40000000
    mt5.platform.account_rights_set(ANNA, login_enabled=True)
    assert mt5.calls("user/update") == 3


def test_passwords_are_set_and_checked(mt5: Brokerage) -> None:
    mt5.platform.account_password_set(ANNA, MAIN, "New=1|\\Pass")
    assert mt5.platform.account_password_check(ANNA, MAIN, "New=1|\\Pass")
    assert not mt5.platform.account_password_check(ANNA, MAIN, "New=1|Pass")
    assert not mt5.platform.account_password_check(ANNA, INVESTOR, "New=1|\\Pass")


def test_a_weak_password_is_refused(mt5: Brokerage) -> None:
    with pytest.raises(CommandRefused) as raised:
        mt5.platform.account_password_set(ANNA, MAIN, "short")
    assert raised.value.retcode == 3006


def test_a_password_change_with_a_lost_answer_says_so(mt5: Brokerage) -> None:
    mt5.hurried.time()
    mt5.fail("user/change_password", FaultKind.TIMEOUT_AFTER)
    with pytest.raises(AnswerLost):
        mt5.hurried.account_password_set(ANNA, MAIN, "New-Pass-1")
    assert mt5.calls("user/change_password") == 1
    assert mt5.platform.account_password_check(ANNA, MAIN, "New-Pass-1")


def test_an_idle_account_without_trade_state_is_flat(mt5: Brokerage) -> None:
    mt5.user(ANNA).balance, mt5.user(ANNA).credit = 12_345, 1_000
    mt5.server.core.book.active.clear()  # as a restart of the server does
    state = mt5.platform.account_state(ANNA)
    assert state.flat
    assert (state.balance, state.credit) == (Decimal("123.45"), Decimal("10.00"))
    assert (state.equity, state.margin_free) == (Decimal("133.45"), Decimal("133.45"))


def test_online_says_last_access_and_not_what_it_can_not_know(mt5: Brokerage) -> None:
    mt5.user(ANNA).last_access = mt5.server.core.clock.now_s()
    seen = {online.login: online for online in mt5.platform.online([ANNA, BEN])}
    assert seen[ANNA].connected is None
    assert seen[ANNA].last_access_utc is not None
    assert seen[BEN].last_access_utc is None


def test_groups_are_read_by_mask(mt5: Brokerage) -> None:
    groups = {group.name: group for group in mt5.platform.groups("real\\*,!real\\raw*")}
    assert sorted(groups) == ["real\\std-eur", "real\\std-gbp", "real\\std-usd"]
    standard = groups[GROUP]
    assert (standard.currency, standard.currency_digits) == ("USD", 2)
    assert standard.margin_mode is port.MarginMode.HEDGING
    assert standard.connections_enabled


def test_more_groups_than_one_answer_holds_are_paged() -> None:
    many = [SandboxGroup(f"real\\g{number:04d}", "USD") for number in range(5_050)]
    many += [SandboxGroup(GROUP, "USD"), SandboxGroup("demo\\one", "EUR")]
    with brokerage(Settings(groups=many)) as mt5:
        everything = mt5.platform.groups()
        assert len({group.name for group in everything}) == len(everything)
        assert {group.name for group in everything} >= {group.name for group in many}
        assert len(mt5.platform.groups("real\\*,!real\\std*")) == 5_050


def test_symbols_have_lots_and_contract_sizes(mt5: Brokerage) -> None:
    symbols = {symbol.name: symbol for symbol in mt5.platform.symbols()}
    assert set(symbols) == set(mt5.server.core.book.symbols)
    euro = symbols["EURUSD"]
    assert (euro.currency_base, euro.currency_profit, euro.digits) == ("EUR", "USD", 5)
    assert (euro.contract_size, euro.volume_min) == (Decimal(100_000), Decimal("0.01"))


def test_logins_of_a_group_are_listed(mt5: Brokerage) -> None:
    assert mt5.platform.logins("real\\*") == (ANNA, BEN, CARLA)
    assert mt5.platform.logins("demo\\*") == ()


def test_a_group_too_large_for_one_answer_is_read_by_login(mt5: Brokerage) -> None:
    mt5.fail("user/get_batch", FaultKind.RETCODE_AFTER, retcode=14)
    found = [a.login for batch in mt5.platform.accounts(group="real\\*") for a in batch]
    assert found == [ANNA, BEN, CARLA]
    assert mt5.calls("user/logins") == 1
