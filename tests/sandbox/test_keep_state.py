"""The state file, and accounts made up in bulk."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.mt5 import Mt5Server, Settings
from sandbox.mt5.state import StateError
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import NOON, add_user, deposit

ALWAYS: dict[str, Any] = {"from": 0, "to": 2**33}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(frozen_at=NOON, state_path=tmp_path / "var" / "mt5.sqlite")


def test_a_restart_keeps_accounts_deals_orders_positions_and_prices(settings: Settings) -> None:
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        login = add_user(client.authenticate(), "real\\std-usd", Phone="+1 555 0100")
        gone = add_user(client, "real\\std-usd")
        shelved = add_user(client, "real\\std-eur")
        deposit(client, login, "5000", comment="kept")
        assert client.retcode("/api/user/delete", login=gone) == 0
        assert client.retcode("/api/user/archive/add", login=shelved) == 0
        body = {"Group": "real\\new-gbp", "Currency": "GBP"}
        assert client.retcode("/api/group/add", method="POST", body=body) == 0
        server.set_price("EURUSD", 1.2345, 1.2346)
        server.open_position(login, "EURUSD", "buy", "0.10", comment="held")
        closed = int(str(server.open_position(login, "EURUSD", "sell", "0.10")["PositionID"]))
        server.close_position(closed)
        edited = int(str(server.deals(login)[0]["Deal"]))
        server.edit_deal(edited, comment="edited")
        record = client.answer("/api/user/get", login=login)
        deals, positions = server.deals(login), server.positions(login)
        orders = client.answer("/api/history/get_page", login=login, **ALWAYS)
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        client.authenticate()
        assert client.answer("/api/user/get", login=login) == record
        assert client.retcode("/api/user/get", login=gone) == 13
        assert client.answer("/api/user/archive/get", login=shelved)["Login"] == str(shelved)
        assert client.answer("/api/group/get", group="real\\new-gbp")["Currency"] == "GBP"
        assert server.deals(login) == deals
        assert server.positions(login) == positions
        assert client.answer("/api/history/get_page", login=login, **ALWAYS) == orders
        assert client.answer("/api/tick/last", symbol="EURUSD")[0]["Bid"] == "1.23450"
        right = {"login": login, "type": "main", "password": "Secret-1x"}
        assert client.retcode("/api/user/check_password", **right) == 0
        new = server.open_position(login, "EURUSD", "buy", "0.10")
        assert int(str(new["Deal"])) > max(int(str(deal["Deal"])) for deal in deals)
        assert add_user(client, "real\\std-usd") == max(login, gone, shelved) + 1


def test_what_was_answered_is_in_the_file_at_once(settings: Settings) -> None:
    assert settings.state_path is not None
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        login = add_user(client.authenticate(), "real\\std-usd")
        ticket = deposit(client, login, "10")
        with closing(sqlite3.connect(settings.state_path)) as database:
            rows = database.execute("SELECT key FROM record WHERE kind = 'deal'").fetchall()
        assert rows == [(ticket,)]


def test_a_daily_report_survives(settings: Settings) -> None:
    with Mt5Server(settings, plain=True) as server:
        login = server.add_account("real\\std-usd")
        server.balance(login, 100)
        server.run_market(12 * 3600, step_s=3600, is_trading=False)
    later = replace(settings, frozen_at=NOON + timedelta(days=1))
    with Mt5Server(later, plain=True) as server, RestClient(server) as client:
        client.authenticate()
        reports = client.answer("/api/daily/get", login=login, **ALWAYS)
        assert [one["Balance"] for one in reports] == ["100.00"]


def test_a_trade_that_was_there_before_a_restart_is_in_the_reports(settings: Settings) -> None:
    with Mt5Server(settings, plain=True) as server:
        login, idle = server.add_account("real\\std-usd"), server.add_account("real\\std-usd")
        server.balance(login, 5000)
        server.open_position(login, "EURUSD", "buy", "0.10")
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        server.set_time(NOON + timedelta(days=1))
        server.run_market(1)
        (report,) = client.authenticate().answer("/api/daily/get", login=login, **ALWAYS)
        assert len(report["Positions"]) == 1
        assert client.answer("/api/daily/get", login=idle, **ALWAYS) == []


def test_a_strange_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    strange = tmp_path / "notes.txt"
    strange.write_text("these are notes, " * 100)
    with pytest.raises(StateError):
        Mt5Server(replace(settings, state_path=strange))
    assert strange.read_text().startswith("these are notes")


def test_made_up_accounts_have_a_past_that_adds_up() -> None:
    with Mt5Server(Settings(frozen_at=NOON), plain=True) as server, RestClient(server) as client:
        logins = server.preload(accounts=20, deals=3_000)
        counts = client.authenticate().answer("/api/common/get")
        assert (counts["TotalDeals"], counts["TotalUsers"]) == ("3000", "21")
        total = 0
        for login in logins:
            checked = client.answer("/api/user/check_balance", login=login)
            assert checked["Balance"]["User"] == checked["Balance"]["History"]
            answer = client.answer("/api/deal/get_total", login=login, **ALWAYS)
            total += int(answer["total"])
            times = [int(str(deal["TimeMsc"])) for deal in server.deals(login)]
            assert times == sorted(times)
            assert times[-1] <= int(NOON.timestamp() + 7200) * 1000
            check = client.call("/api/position/check", login=login)
            assert (check["invalid"], check["missed"], check["nonexist"]) == ([], [], [])
        assert total == 3_000
        trades = {one: bool(server.positions(one)) for one in logins}
        assert set(trades.values()) == {True, False}
        for login, has_trades in trades.items():
            code = client.retcode("/api/user/account/get", login=login)
            assert code == (0 if has_trades else 13)


def test_the_same_seed_makes_up_the_same_past() -> None:
    pasts = []
    for _ in range(2):
        with Mt5Server(Settings(frozen_at=NOON, seed=5), plain=True) as server:
            logins = server.preload(accounts=3, deals=100)
            pasts.append([server.deals(login) for login in logins])
    assert pasts[0] == pasts[1]
