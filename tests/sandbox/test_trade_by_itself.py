"""The market that moves by itself: what has to hold whatever the seed."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.mt5 import Mt5Server, Settings
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import NOON

GROUPS = ("real\\std-usd", "real\\raw-eur", "real\\std-gbp", "demo\\forex-usd")
ALWAYS: dict[str, Any] = {"from": 0, "to": 2**33}


def money(value: object) -> Decimal:
    return Decimal(str(value))


def run(
    seed: int, *, hours: float = 4, accounts: int = 12
) -> Iterator[tuple[Mt5Server, list[int]]]:
    with Mt5Server(Settings(frozen_at=NOON, seed=seed), plain=True) as server:
        logins = [server.add_account(GROUPS[n % len(GROUPS)]) for n in range(accounts)]
        for login in logins:
            server.balance(login, 10_000, comment="start")
        server.run_market(hours * 3600, step_s=20)
        yield server, logins


# The tests only read what happened, so that they can share it.
@pytest.fixture(params=[1, 2, 3], scope="module")
def market(request: pytest.FixtureRequest) -> Iterator[tuple[Mt5Server, list[int]]]:
    yield from run(request.param)


def test_the_balance_is_the_sum_of_the_deals(market: tuple[Mt5Server, list[int]]) -> None:
    server, logins = market
    for login in logins:
        parts = ("Profit", "Storage", "Commission", "Fee")
        total = sum(money(deal[part]) for deal in server.deals(login) for part in parts)
        assert money(server.account(login)["Balance"]) == total
    with RestClient(server) as client:
        client.authenticate()
        for login in logins:
            checked = client.answer("/api/user/check_balance", login=login)
            assert checked["Balance"]["User"] == checked["Balance"]["History"]
            assert checked["Credit"]["User"] == checked["Credit"]["History"]


def test_every_deal_out_closes_what_a_deal_in_opened(
    market: tuple[Mt5Server, list[int]],
) -> None:
    server, logins = market
    trades = 0
    for login in logins:
        volumes: dict[str, int] = defaultdict(int)
        opened: dict[str, dict[str, object]] = {}
        for deal in server.deals(login)[1:]:
            trades += 1
            key = str(deal["PositionID"])
            if deal["Entry"] == "0":
                opened[key] = deal
                volumes[key] += int(str(deal["VolumeExt"]))
            else:
                assert deal["PricePosition"] == opened[key]["Price"]
                assert deal["Action"] != opened[key]["Action"]
                assert deal["Symbol"] == opened[key]["Symbol"]
                volumes[key] -= int(str(deal["VolumeClosedExt"]))
            assert volumes[key] >= 0
        held = {str(one["Position"]): int(str(one["VolumeExt"])) for one in server.positions(login)}
        assert {key: volume for key, volume in volumes.items() if volume} == held
    assert trades > 50


def test_profits_are_the_price_differences_in_the_deposit_currency(
    market: tuple[Mt5Server, list[int]],
) -> None:
    server, logins = market
    for login in logins:
        for deal in server.deals(login):
            if deal["Entry"] != "1":
                continue
            side = 1 if deal["Action"] == "1" else -1
            difference = float(str(deal["Price"])) - float(str(deal["PricePosition"]))
            lots = int(str(deal["VolumeExt"])) / 100_000_000
            raw = side * difference * lots * float(str(deal["ContractSize"]))
            assert abs(raw - float(str(deal["ProfitRaw"]))) < 0.01
            expected = raw * float(str(deal["RateProfit"]))
            assert abs(expected - float(str(deal["Profit"]))) < 0.01


def test_every_trade_has_its_filled_order_and_pages_give_all_deals(
    market: tuple[Mt5Server, list[int]],
) -> None:
    server, logins = market
    with RestClient(server) as client:
        client.authenticate()
        for login in logins[:4]:
            deals, offset = [], 0
            while page := client.answer(
                "/api/deal/get_page", login=login, offset=offset, total=100, **ALWAYS
            ):
                deals += page
                offset += len(page)
            assert deals == server.deals(login)
            tickets = ",".join(deal["Order"] for deal in deals if deal["Order"] != "0")
            orders = client.answer("/api/history/get_batch", ticket=tickets or "0")
            by_ticket = {order["Order"]: order for order in orders}
            for deal in deals[1:]:
                order = by_ticket[deal["Order"]]
                assert (order["State"], order["VolumeCurrent"]) == ("4", "0")
                assert order["PositionID"] == deal["PositionID"]
            check = client.call("/api/position/check", login=login)
            assert (check["invalid"], check["missed"], check["nonexist"]) == ([], [], [])


def history(server: Mt5Server, logins: list[int]) -> list[list[dict[str, object]]]:
    return [server.deals(login) for login in logins]


def test_the_same_seed_makes_the_same_trades_and_another_seed_others() -> None:
    results = []
    for seed in (7, 7, 8):
        for server, logins in run(seed, hours=1, accounts=6):
            results.append(history(server, logins))
    assert results[0] == results[1]
    assert results[0] != results[2]


def test_a_new_client_looks_around_before_trading() -> None:
    with Mt5Server(Settings(frozen_at=NOON), plain=True) as server:
        logins = [server.add_account("real\\std-usd") for _ in range(50)]
        for login in logins:
            server.balance(login, 10_000)
        server.run_market(119)
        assert [len(server.deals(login)) for login in logins] == [1] * 50
        server.run_market(1_200, step_s=10)
        assert sum(len(server.deals(login)) for login in logins) > 50


def test_a_night_charges_swap_and_writes_daily_reports() -> None:
    with Mt5Server(Settings(frozen_at=NOON), plain=True) as server:
        login = server.add_account("real\\std-usd")
        server.balance(login, 10_000)
        server.open_position(login, "EURUSD", "buy", "1.00")
        # From Wednesday noon to the first minutes of Thursday: the triple night.
        server.run_market(11 * 3600, step_s=600, is_trading=False)
        assert server.positions(login)[0]["Storage"] == "-21.60"
        server.run_market(24 * 3600, step_s=600, is_trading=False)
        assert server.positions(login)[0]["Storage"] == "-28.80"
        with RestClient(server) as client:
            client.authenticate()
            reports = client.answer("/api/daily/get", login=login, **ALWAYS)
            assert [one["DailyBalance"] for one in reports] == ["10000.00", "0.00"]
            assert len(reports[0]["Positions"]) == 1
            light = client.answer("/api/daily/get_light", login=login, **ALWAYS)
            assert "Positions" not in light[0]
            page = client.answer("/api/daily/get_page", login=login, offset=1, total=1, **ALWAYS)
            assert page == reports[1:]
            record = client.answer("/api/user/get", login=login)
            assert record["BalancePrevDay"] == "10000.00"
        closing = server.close_position(int(str(server.positions(login)[0]["Position"])))
        assert closing["Storage"] == "-28.80"


def test_prices_rest_at_the_weekend_except_crypto() -> None:
    saturday = NOON + timedelta(days=3)
    with (
        Mt5Server(Settings(frozen_at=saturday), plain=True) as server,
        RestClient(server) as client,
    ):
        client.authenticate()
        before = client.call("/api/tick/last", symbol="*")
        server.run_market(60)
        after = client.call("/api/tick/last", symbol="*", trans_id=before["trans_id"])
        assert sorted(one["Symbol"] for one in after["answer"]) == ["BTCUSD", "ETHUSD"]
