"""Positions and orders: prices, profit in the account's currency, margin, stops."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.mt5 import Mt5Server
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import add_user, deposit

ALWAYS: dict[str, Any] = {"from": 0, "to": 2**32}


def send(client: RestClient, **request: object) -> dict[str, Any]:
    """Send a dealer request and fetch its result in the newer form."""
    body = {name: str(value) for name, value in request.items()}
    number = client.answer("/api/dealer/send_request", method="POST", body=body)["id"]
    result = client.answer("/api/dealer/get_request_result", id=number)
    assert [list(one) for one in result[number]] == [["result"], ["answer"]]
    answer: dict[str, Any] = result[number][1]["answer"]
    return answer


def test_a_buy_opens_at_the_ask_of_the_group_and_closes_at_its_bid(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "5000")
    server.set_price("EURUSD", 1.1000, 1.1002)
    # The group adds four points: two below the bid, two above the ask.
    deal = server.open_position(login, "EURUSD", "buy", "0.50")
    assert (deal["Price"], deal["Entry"], deal["VolumeExt"]) == ("1.10022", "0", "50000000")
    server.set_price("EURUSD", 1.1100, 1.1102)
    closing = server.close_position(int(str(deal["PositionID"])))
    assert (closing["Price"], closing["Entry"], closing["Action"]) == ("1.10998", "1", "1")
    assert (closing["Profit"], closing["PricePosition"]) == ("488.00", "1.10022")
    assert client.answer("/api/user/get", login=login)["Balance"] == "5488.00"


@pytest.mark.parametrize(
    ("group", "rate"),
    [
        ("real\\std-usd", 1 / 151.4),
        ("real\\std-eur", 1 / 165.0),
        # There is no pair of pound and yen: the way goes through the dollar.
        ("real\\std-gbp", 1 / 151.4 / 1.25),
    ],
)
def test_profit_in_yen_is_converted_to_the_deposit_currency(
    client: RestClient, server: Mt5Server, group: str, rate: float
) -> None:
    login = add_user(client, group)
    deposit(client, login, "50000")
    server.set_price("USDJPY", 150.0, 150.0)
    server.set_price("EURUSD", 1.1, 1.1)
    server.set_price("GBPUSD", 1.25, 1.25)
    server.set_price("EURJPY", 165.0, 165.0)
    deal = server.open_position(login, "USDJPY", "buy", "1.00")
    server.set_price("USDJPY", 151.4, 151.4)
    closing = server.close_position(int(str(deal["PositionID"])))
    raw = round((float(str(closing["Price"])) - float(str(deal["Price"]))) * 100_000, 2)
    assert float(str(closing["ProfitRaw"])) == raw
    assert float(str(closing["Profit"])) == round(raw * rate, 2)
    assert float(str(closing["RateProfit"])) == round(rate, 8)


def test_commission_is_charged_in_and_out(client: RestClient, server: Mt5Server) -> None:
    login = add_user(client, "real\\raw-eur")
    deposit(client, login, "5000")
    server.set_price("EURUSD", 1.1, 1.1)
    deal = server.open_position(login, "EURUSD", "sell", "0.50")
    closing = server.close_position(int(str(deal["PositionID"])))
    assert (deal["Commission"], closing["Commission"], closing["Profit"]) == (
        "-1.50", "-1.50", "0.00",
    )  # fmt: skip
    assert client.answer("/api/user/get", login=login)["Balance"] == "4997.00"


def test_margin_of_forex_and_of_leveraged_cfds(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "100000")
    server.set_price("EURUSD", 1.1, 1.1)
    server.set_price("XAUUSD", 2000.0, 2000.0)
    server.open_position(login, "EURUSD", "buy", "1.00")
    assert server.account(login)["Margin"] == "1100.00"
    gold = server.open_position(login, "XAUUSD", "buy", "0.50")
    price = float(str(gold["Price"]))
    assert float(str(server.account(login)["Margin"])) == 1100 + price * 100 * 0.5 / 100


def test_hedged_volume_is_charged_once(client: RestClient, server: Mt5Server, login: int) -> None:
    deposit(client, login, "10000")
    server.set_price("EURUSD", 1.1, 1.1)
    server.open_position(login, "EURUSD", "buy", "1.00")
    server.open_position(login, "EURUSD", "sell", "0.60")
    assert server.account(login)["Margin"] == "1100.00"
    assert len(server.positions(login)) == 2


def test_a_part_of_a_position_can_be_closed(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "10000")
    position = int(str(server.open_position(login, "EURUSD", "buy", "1.00")["PositionID"]))
    closing = server.close_position(position, "0.30")
    assert (closing["VolumeExt"], closing["VolumeClosedExt"]) == ("30000000", "30000000")
    assert [one["Volume"] for one in server.positions(login)] == ["7000"]
    answer = client.call("/api/position/check", login=login)
    assert (answer["invalid"], answer["missed"], answer["nonexist"]) == ([], [], [])


def test_netting_accounts_hold_one_position_in_a_symbol(
    client: RestClient, server: Mt5Server
) -> None:
    login = add_user(client, "demo\\netting-usd")
    deposit(client, login, "10000")
    server.set_price("EURUSD", 1.1000, 1.1000)
    server.open_position(login, "EURUSD", "buy", "0.20")
    server.set_price("EURUSD", 1.1100, 1.1100)
    server.open_position(login, "EURUSD", "buy", "0.20")
    position = client.answer("/api/position/get", login=login, symbol="EURUSD")
    assert (position["Volume"], position["PriceOpen"]) == ("4000", "1.10500")
    server.open_position(login, "EURUSD", "sell", "0.60")
    position = client.answer("/api/position/get", login=login, symbol="EURUSD")
    assert (position["Action"], position["Volume"]) == ("1", "2000")
    assert client.answer("/api/position/get_total", login=login) == {"total": "1"}


def test_a_loss_beyond_the_stop_out_level_closes_the_position(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1500")
    server.set_price("EURUSD", 1.1000, 1.1001)
    server.open_position(login, "EURUSD", "buy", "1.00")
    server.set_price("EURUSD", 1.0920, 1.0921)
    assert len(server.positions(login)) == 1
    server.set_price("EURUSD", 1.0900, 1.0901)
    assert server.positions(login) == []
    deal = server.deals(login)[-1]
    assert deal["Reason"] == "5"
    assert str(deal["Comment"]).startswith("[so ")


def test_stops_close_a_position_with_their_reason(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "10000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    server.open_position(login, "EURUSD", "buy", "0.10", price_sl=1.0950, price_tp=1.1050)
    server.open_position(login, "EURUSD", "sell", "0.10", price_sl=1.1060, price_tp=1.0990)
    server.set_price("EURUSD", 1.1051, 1.1052)
    assert [one["Action"] for one in server.positions(login)] == ["1"]
    server.set_price("EURUSD", 1.1061, 1.1062)
    reasons = [one["Reason"] for one in server.deals(login) if one["Entry"] == "1"]
    assert reasons == ["4", "3"]


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"Volume": "50"}, "10014 Invalid volume"),
        ({"Volume": "150"}, "10014 Invalid volume"),
        ({"Volume": "2000000"}, "10014 Invalid volume"),
        ({"Symbol": "NONE"}, "10013 Invalid request"),
        ({"Type": "9"}, "10013 Invalid request"),
        ({"Action": "199"}, "10013 Invalid request"),
        ({"PriceSL": "1.2"}, "10016 Invalid stops"),
        ({"Position": "5"}, "10036 Position already closed"),
        ({"Volume": "900000"}, "10019 No money"),
    ],
)
def test_a_bad_dealer_request_ends_with_its_code(
    client: RestClient, server: Mt5Server, login: int, changes: dict[str, str], retcode: str
) -> None:
    deposit(client, login, "1000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    request = {
        "Action": "200", "Login": login, "Symbol": "EURUSD", "Volume": "1000", "Type": "0",
        **changes,
    }  # fmt: skip
    assert send(client, **request)["ResultRetcode"] == retcode
    assert server.positions(login) == []


def test_a_dealer_opens_changes_and_closes_a_position(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    request: dict[str, object] = {"Login": login, "Symbol": "EURUSD"}
    done = send(client, Action=200, Volume=1000, Type=0, Comment="by dealer", **request)
    assert done["ResultRetcode"] == "10009 Request executed"
    position = int(done["ResultOrder"])
    changed = send(client, Action=202, Position=position, PriceSL="1.09", PriceTP="1.2", **request)
    assert changed["ResultRetcode"] == "10009 Request executed"
    held = client.answer("/api/position/get", login=login, symbol="EURUSD")
    assert (held["PriceSL"], held["PriceTP"], held["Comment"], held["Dealer"]) == (
        "1.09000", "1.20000", "by dealer", "1000",
    )  # fmt: skip
    closed = send(client, Action=200, Position=position, Volume=1000, Type=1, **request)
    assert closed["ResultDeal"] == server.deals(login)[-1]["Deal"]
    assert server.positions(login) == []


def test_a_pending_order_waits_is_changed_canceled_and_reopened(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    request: dict[str, object] = {"Login": login, "Symbol": "EURUSD", "Volume": 1000}
    wrong = send(client, Action=201, Type=2, PriceOrder="1.2", **request)
    assert wrong["ResultRetcode"] == "10015 Invalid price"
    order = send(client, Action=201, Type=2, PriceOrder="1.09", **request)["ResultOrder"]
    assert client.answer("/api/order/get", ticket=order)["State"] == "1"
    assert client.answer("/api/order/get_total", login=login) == {"total": "1"}
    send(client, Action=203, Order=order, Type=2, PriceOrder="1.08", **request)
    assert client.answer("/api/order/get", ticket=order)["PriceOrder"] == "1.08000"
    assert client.retcode("/api/order/cancel", ticket=order) == 0
    assert client.retcode("/api/order/get", ticket=order) == 13
    assert client.answer("/api/history/get", ticket=order)["State"] == "2"
    assert client.answer("/api/history/get_total", login=login, **ALWAYS) == {"total": "1"}
    assert client.retcode("/api/order/reopen", ticket=order) == 0
    assert client.answer("/api/history/get_total", login=login, **ALWAYS) == {"total": "0"}
    assert client.answer("/api/order/get_page", login=login)[0]["Order"] == order


@pytest.mark.parametrize(
    ("kind", "price", "moved", "action"),
    [(2, "1.09", 1.0890, "0"), (3, "1.11", 1.1110, "1"), (4, "1.11", 1.1110, "0"),
     (5, "1.09", 1.0890, "1")],
)  # fmt: skip
def test_pending_orders_are_filled_when_the_price_reaches_them(
    client: RestClient, server: Mt5Server, login: int, kind: int, price: str, moved: float,
    action: str,
) -> None:  # fmt: skip
    deposit(client, login, "1000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    request: dict[str, object] = {"Login": login, "Symbol": "EURUSD", "Volume": 1000}
    order = send(client, Action=201, Type=kind, PriceOrder=price, **request)["ResultOrder"]
    server.set_price("EURUSD", moved)
    assert [(one["Position"], one["Action"]) for one in server.positions(login)] == [
        (order, action)
    ]
    assert client.answer("/api/history/get", ticket=order)["State"] == "4"


def test_a_stop_limit_becomes_a_limit_first(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1000")
    server.set_price("EURUSD", 1.1000, 1.1001)
    order = send(
        client, Action=201, Type=6, PriceOrder="1.1050", PriceTrigger="1.1100", Login=login,
        Symbol="EURUSD", Volume=1000,
    )["ResultOrder"]  # fmt: skip
    server.set_price("EURUSD", 1.1110)
    assert client.answer("/api/order/get", ticket=order)["Type"] == "2"
    server.set_price("EURUSD", 1.1040)
    assert len(server.positions(login)) == 1


def test_opposite_positions_close_each_other(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "5000")
    server.set_price("EURUSD", 1.1000, 1.1000)
    first = server.open_position(login, "EURUSD", "buy", "0.10")["PositionID"]
    server.set_price("EURUSD", 1.1100, 1.1100)
    second = server.open_position(login, "EURUSD", "sell", "0.10")["PositionID"]
    done = send(client, Action=208, Login=login, Symbol="EURUSD", Position=first, PositionBy=second)
    assert done["ResultRetcode"] == "10009 Request executed"
    assert server.positions(login) == []
    closing = server.deals(login)[-2:]
    assert [one["Entry"] for one in closing] == ["3", "3"]
    assert [one["Profit"] for one in closing] == ["99.60", "0.00"]


def test_a_dealer_request_can_move_the_balance(client: RestClient, login: int) -> None:
    done = send(client, Action=206, Login=login, Type=2, PriceOrder="25.00", Comment="by 206")
    assert done["ResultRetcode"] == "10009 Request executed"
    deal = client.answer("/api/deal/get", ticket=done["ResultDeal"])
    assert (deal["Profit"], deal["Comment"]) == ("25.00", "by 206")


def test_a_result_is_handed_out_once_and_only_to_its_connection(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    body = {"Action": "206", "Login": str(login), "Type": "2", "PriceOrder": "1"}
    number = client.answer("/api/dealer/send_request", method="POST", body=body)["id"]
    with RestClient(server) as other:
        other.authenticate()
        assert other.answer("/api/dealer/get_request_result", id=number) == {number: []}
    assert client.answer("/api/dealer/get_request_result", id=number)[number] != []
    assert client.answer("/api/dealer/get_request_result", id=number) == {number: []}


def test_the_129th_unread_request_is_too_many(client: RestClient, login: int) -> None:
    body = {"Action": "206", "Login": str(login), "Type": "2", "PriceOrder": "1"}
    path = "/api/dealer/send_request"
    codes = [client.retcode(path, method="POST", body=body) for _ in range(129)]
    assert codes == [0] * 128 + [10024]


def test_trading_stops_at_the_weekend_but_not_for_crypto(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "100000")
    server.set_time(datetime(2026, 1, 17, 12, 0, tzinfo=UTC))
    request: dict[str, object] = {"Action": 200, "Login": login, "Volume": 1000, "Type": 0}
    assert send(client, Symbol="EURUSD", **request)["ResultRetcode"] == "10018 Market closed"
    done = send(client, Symbol="BTCUSD", **request)
    assert done["ResultRetcode"] == "10009 Request executed"


def test_blocked_accounts_do_not_trade(client: RestClient, server: Mt5Server, login: int) -> None:
    deposit(client, login, "1000")
    request: dict[str, object] = {
        "Action": 200, "Login": login, "Volume": 1000, "Type": 0, "Symbol": "EURUSD",
    }  # fmt: skip
    for rights in (483 | 0x4, 483 & ~0x1):
        client.answer("/api/user/update", login=login, rights=rights)
        assert send(client, **request)["ResultRetcode"] == "10017 Trade disabled"


def test_accounts_with_trades_neither_move_nor_vanish(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "1000")
    server.open_position(login, "EURUSD", "buy", "0.01")
    assert client.retcode("/api/user/update", login=login, group="real\\raw-usd") == 3008
    assert client.retcode("/api/user/delete", login=login) == 3008
    assert client.retcode("/api/user/archive/add", login=login) == 3008


def test_the_documented_profit_and_margin_calculations(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "100000")
    server.set_price("EURUSD", 1.2861, 1.2861)
    profit = client.answer(
        "/api/trade/calc_profit", group="real\\std-eur", symbol="EURUSD", type=0,
        volume=10_000_000, price_open="1.11500", price_close="1.12500",
    )  # fmt: skip
    assert (profit["Profit"], profit["Profit_rate"]) == ("77.754451", "0.777545")
    server.set_price("EURUSD", 1.2778, 1.2778)
    margin = client.answer(
        "/api/trade/check_margin", login=login, symbol="EURUSD", type=1, volume=100_000,
        price="1.27780",
    )  # fmt: skip
    assert (margin["new"]["Margin"], margin["current"]["Margin"]) == ("1.28", "0.00")
    assert margin["new"]["MarginFree"] == "99998.72"


def test_conversion_rates_buy_at_the_ask_and_sell_at_the_bid(
    client: RestClient, server: Mt5Server
) -> None:
    server.set_price("EURUSD", 1.1260, 1.1262)
    server.set_price("USDJPY", 150.0, 150.2)
    buy, sell = "/api/trade/calc_rate_buy", "/api/trade/calc_rate_sell"
    assert client.answer(buy, base="EUR", currency="USD") == {"Rate": "1.126200"}
    assert client.answer(sell, base="EUR", currency="USD") == {"Rate": "1.126000"}
    assert client.answer(buy, base="USD", currency="EUR") == {"Rate": f"{1 / 1.1260:.6f}"}
    assert client.answer(sell, base="JPY", currency="USD") == {"Rate": f"{1 / 150.2:.6f}"}
    assert client.answer(buy, base="USD", currency="USD") == {"Rate": "1.000000"}
    assert client.retcode(buy, base="USD", currency="XYZ") == 13


def test_ticks_since_a_transaction_are_only_the_changed_ones(
    client: RestClient, server: Mt5Server
) -> None:
    first = client.call("/api/tick/last", symbol="EURUSD,GBPUSD", trans_id=0)
    assert [one["Symbol"] for one in first["answer"]] == ["EURUSD", "GBPUSD"]
    server.set_price("GBPUSD", 1.3, 1.3001)
    second = client.call("/api/tick/last", symbol="EURUSD,GBPUSD", trans_id=first["trans_id"])
    assert [(one["Symbol"], one["Bid"], one["Ask"]) for one in second["answer"]] == [
        ("GBPUSD", "1.30000", "1.30010")
    ]
    third = client.call("/api/tick/last", symbol="EURUSD", trans_id=second["trans_id"])
    assert (third["answer"], third["trans_id"]) == ([], second["trans_id"])
    grouped = client.answer("/api/tick/last_group", symbol="GBPUSD", group="real\\std-usd")
    assert (grouped[0]["Bid"], grouped[0]["Ask"]) == ("1.29998", "1.30012")
    assert client.answer("/api/tick/stat", symbol="GBPUSD")[0]["BidHigh"] == "1.30000"
    assert client.retcode("/api/tick/last", symbol="NONE") == 13
