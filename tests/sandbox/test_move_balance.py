"""Balance operations: what they book, what they refuse."""

from decimal import Decimal

import pytest

from sandbox.mt5 import Mt5Server
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import add_user, deposit


def operate(client: RestClient, login: int, **params: object) -> int:
    return client.retcode("/api/trade/balance", method="POST", login=login, **params)


def money(client: RestClient, login: int) -> tuple[str, str]:
    record = client.answer("/api/user/get", login=login)
    return record["Balance"], record["Credit"]


def test_a_deposit_is_a_deal_of_the_amount_with_the_comment(client: RestClient, login: int) -> None:
    ticket = deposit(client, login, "1250.50", comment="W-2026-000123")
    assert money(client, login) == ("1250.50", "0.00")
    deal = client.answer("/api/deal/get", ticket=ticket)
    assert (deal["Action"], deal["Profit"], deal["Comment"], deal["Login"]) == (
        "2", "1250.50", "W-2026-000123", str(login),
    )  # fmt: skip
    assert (deal["Dealer"], deal["Volume"], deal["Symbol"]) == ("1000", "0", "")


@pytest.mark.parametrize(
    ("kind", "balance", "credit"),
    [
        (2, "10.00", "0.00"), (3, "0.00", "10.00"), (4, "10.00", "0.00"), (5, "10.00", "0.00"),
        (6, "0.00", "10.00"),
    ],
)  # fmt: skip
def test_each_kind_goes_to_balance_or_credit(
    client: RestClient, login: int, kind: int, balance: str, credit: str
) -> None:
    assert operate(client, login, type=kind, balance="10") == 0
    assert money(client, login) == (balance, credit)


@pytest.mark.parametrize(
    ("params", "retcode"),
    [
        ({"type": 7, "balance": "10"}, 3),
        ({"type": 0, "balance": "10"}, 3),
        ({"type": "x", "balance": "10"}, 3),
        ({"balance": "10"}, 3),
        ({"type": 2, "balance": ""}, 3),
        ({"type": 2, "balance": "ten"}, 3),
        ({"type": 2, "balance": "nan"}, 3),
        ({"type": 2, "balance": "0"}, 3),
        ({"type": 2, "balance": "1000000000.01"}, 4005),
        ({"type": 2, "balance": "-1000000001"}, 4005),
        ({"type": 2, "balance": "-100.01"}, 10019),
        ({"type": 2, "balance": "-100.01", "check_margin": 0}, 10019),
        ({"type": 5, "balance": "-100.01"}, 10019),
        ({"type": 3, "balance": "-0.01"}, 10019),
        ({"type": 6, "balance": "-0.01", "check_margin": 0}, 10019),
    ],
)
def test_a_bad_operation_is_refused_and_books_nothing(
    client: RestClient, server: Mt5Server, login: int, params: dict[str, object], retcode: int
) -> None:
    deposit(client, login, "100")
    assert operate(client, login, **params) == retcode
    assert money(client, login) == ("100.00", "0.00")
    assert len(server.deals(login)) == 1


def test_the_retcode_carries_its_text(client: RestClient, login: int) -> None:
    params = {"login": login, "type": 2}
    for balance, text in (("-1", "10019 No money"), ("2e9", "4005 Money limit reached")):
        assert client.call("/api/trade/balance", balance=balance, **params)["retcode"] == text


def test_a_billion_is_still_allowed(client: RestClient, login: int) -> None:
    deposit(client, login, "1000000000")
    assert money(client, login)[0] == "1000000000.00"


def test_an_unknown_account_is_13(client: RestClient) -> None:
    assert operate(client, 424242, type=2, balance="10") == 13


def test_a_comment_keeps_31_characters(client: RestClient, login: int) -> None:
    ticket = deposit(client, login, "1", comment="0123456789" * 4)
    deal = client.answer("/api/deal/get", ticket=ticket)
    assert deal["Comment"] == ("0123456789" * 4)[:31]


def test_get_and_post_and_a_json_body_do_the_same(client: RestClient, login: int) -> None:
    path = "/api/trade/balance"
    client.answer(path, login=login, type=2, balance="1", comment="by get")
    body = {"Login": str(login), "Type": "2", "Balance": "2", "Comment": "by body"}
    client.answer(path, method="POST", body=body)
    assert money(client, login) == ("3.00", "0.00")


def test_amounts_are_rounded_to_the_digits_of_the_currency(client: RestClient, login: int) -> None:
    deposit(client, login, "10.005")
    assert money(client, login)[0] == "10.01"


def test_money_locked_as_margin_stays(client: RestClient, server: Mt5Server, login: int) -> None:
    deposit(client, login, "2000")
    server.set_price("EURUSD", 1.1, 1.1001)
    server.open_position(login, "EURUSD", "buy", "1.00")
    state = server.account(login)
    free = Decimal(str(state["MarginFree"]))
    assert Decimal("800") < free < Decimal("900")
    assert operate(client, login, type=2, balance=str(-(free + Decimal("0.01")))) == 10019
    assert operate(client, login, type=2, balance=str(-free)) == 0
    assert server.account(login)["MarginFree"] == "0.00"


def test_without_margin_check_a_withdrawal_may_stop_out(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "2000")
    server.set_price("EURUSD", 1.1, 1.1001)
    server.open_position(login, "EURUSD", "buy", "1.00")
    assert operate(client, login, type=2, balance="-1500", check_margin=0) == 0
    assert server.positions(login) == []
    assert client.answer("/api/deal/get_total", login=login, **{"from": 0, "to": 2**32}) == {
        "total": "4"
    }
    assert server.deals(login)[-1]["Reason"] == "5"


def test_a_correction_is_not_margin_checked(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    deposit(client, login, "2000")
    server.set_price("EURUSD", 1.1, 1.1001)
    server.open_position(login, "EURUSD", "buy", "1.00")
    assert operate(client, login, type=2, balance="-900") == 10019
    assert operate(client, login, type=5, balance="-900") == 0


def test_check_balance_finds_and_mends_what_the_deals_deny(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    ticket = deposit(client, login, "100")
    server.edit_deal(ticket, profit="80", moves_balance=False)
    answer = client.answer("/api/user/check_balance", login=login, fixflag=0)
    assert answer == {
        "Balance": {"User": "100.00", "History": "80.00"},
        "Credit": {"User": "0.00", "History": "0.00"},
    }
    assert money(client, login)[0] == "100.00"
    client.answer("/api/user/check_balance", login=login, fixflag=1)
    assert money(client, login)[0] == "80.00"


def test_an_account_in_yen_has_no_decimals(server: Mt5Server, client: RestClient) -> None:
    body = {"Group": "real\\std-jpy", "Currency": "JPY"}
    assert client.retcode("/api/group/add", method="POST", body=body) == 0
    login = add_user(client, "real\\std-jpy")
    deposit(client, login, "150000.4")
    assert money(client, login)[0] == "150000"
