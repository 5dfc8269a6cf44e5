"""Accounts, groups and symbols over the REST form."""

import json

import pytest

from sandbox.mt5 import Manager, Mt5Server, Right, Settings
from sandbox.mt5.configs import Group
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import add_user


def test_an_added_account_is_answered_whole_and_found_again(client: RestClient) -> None:
    login = add_user(client, "real\\std-eur", Email="ada@example.com", ZipCode="E1 6AN")
    record = client.answer("/api/user/get", login=login)
    assert (record["Group"], record["Leverage"], record["Rights"]) == (
        "real\\std-eur", "100", "483",
    )  # fmt: skip
    assert (record["Email"], record["ZipCode"]) == ("ada@example.com", "E1 6AN")
    assert (record["Balance"], record["Credit"]) == ("0.00", "0.00")
    assert "Secret" not in json.dumps(record)


def test_every_scalar_of_a_record_is_a_string(client: RestClient, login: int) -> None:
    record = client.answer("/api/user/get", login=login)
    assert {type(value) for name, value in record.items() if name != "ApiData"} == {str}


def test_the_query_form_of_add_is_as_good_as_the_body(client: RestClient) -> None:
    record = client.answer(
        "/api/user/add", group="demo\\forex-usd", name="Bo Ek", leverage=50,
        pass_main="Secret-1x", pass_investor="Secret-2x", zipcode="11122", agent=7,
    )  # fmt: skip
    assert (record["Name"], record["ZipCode"], record["Agent"]) == ("Bo Ek", "11122", "7")
    assert record["Rights"] == "355"


def test_body_values_override_query_values(client: RestClient, login: int) -> None:
    record = client.answer(
        "/api/user/update", method="POST", login=login, leverage=50, body={"Leverage": "200"}
    )
    assert record["Leverage"] == "200"


def test_json_field_names_are_case_sensitive(client: RestClient, login: int) -> None:
    body = {"LEADCAMPAIGN": "spring", "LeadSource": "fair"}
    record = client.answer("/api/user/update", method="POST", login=login, body=body)
    assert (record["LeadCampaign"], record["LeadSource"]) == ("", "fair")


def test_a_body_is_json_whatever_the_content_type_says(client: RestClient, login: int) -> None:
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
        record = client.answer(
            "/api/user/update", method="POST", login=login, body={"City": kind[:31]},
            headers={"Content-Type": kind},
        )  # fmt: skip
        assert record["City"] == kind[:31]
    assert client.retcode("/api/user/update", method="POST", raw_body=b"City=x") == 3


@pytest.mark.parametrize(
    ("changes", "retcode"),
    [
        ({"Group": "real\\nowhere"}, 8),
        ({"Leverage": "501"}, 3),
        ({"Leverage": "0"}, 3),
        ({"Name": ""}, 3),
        ({"PassMain": ""}, 3),
        ({"PassMain": "Short-1"}, 3006),
        ({"PassMain": "nocapital-1"}, 3006),
        ({"PassMain": "NOSMALL-1"}, 3006),
        ({"PassMain": "NoDigit--"}, 3006),
        ({"PassMain": "NoSpecial1"}, 3006),
        ({"PassInvestor": "MuchTooLong-12345"}, 3006),
        ({"Login": "1000"}, 3004),
        ({"Login": "5"}, 3003),
    ],
)
def test_a_bad_new_account_is_refused_with_its_code(
    client: RestClient, changes: dict[str, str], retcode: int
) -> None:
    record = {
        "Group": "real\\std-usd", "Name": "Ada", "Leverage": "100", "PassMain": "Secret-1x",
        "PassInvestor": "Secret-2x", **changes,
    }  # fmt: skip
    total = client.answer("/api/user/total")
    assert client.retcode("/api/user/add", method="POST", body=record) == retcode
    assert client.answer("/api/user/total") == total


def test_a_full_login_range_is_said_to_be_exhausted() -> None:
    settings = Settings(login_first=500, login_last=501)
    with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
        client.authenticate()
        assert [add_user(client, "demo\\forex-usd") for _ in range(2)] == [500, 501]
        record = {
            "Group": "demo\\forex-usd", "Name": "Ada", "Leverage": "100",
            "PassMain": "Secret-1x", "PassInvestor": "Secret-2x",
        }  # fmt: skip
        assert client.retcode("/api/user/add", method="POST", body=record) == 3002


def test_long_texts_are_cut(client: RestClient) -> None:
    login = add_user(
        client, "real\\std-usd", Name="n" * 200, Company="c" * 200, Address="a" * 200,
        Comment="k" * 200,
    )  # fmt: skip
    record = client.answer("/api/user/get", login=login)
    lengths = [len(record[name]) for name in ("Name", "Company", "Address", "Comment")]
    assert lengths == [127, 63, 127, 63]


def test_update_ignores_what_it_does_not_like(client: RestClient, login: int) -> None:
    body = {"Leverage": "9999", "Group": "real\\nowhere", "Agent": "x", "City": "Oslo"}
    record = client.answer("/api/user/update", method="POST", login=login, body=body)
    assert (record["Leverage"], record["Group"], record["Agent"], record["City"]) == (
        "100", "real\\std-usd", "0", "Oslo",
    )  # fmt: skip


def test_an_account_moves_only_between_groups_of_its_currency(
    client: RestClient, login: int
) -> None:
    assert client.retcode("/api/user/update", login=login, group="real\\std-eur") == 3010
    record = client.answer("/api/user/update", login=login, group="real\\raw-usd")
    assert record["Group"] == "real\\raw-usd"
    assert client.answer("/api/user/logins", group="real\\raw-usd") == [str(login)]
    assert client.answer("/api/user/logins", group="real\\std-usd") == []


def test_passwords_are_checked_and_changed(client: RestClient, login: int) -> None:
    check = "/api/user/check_password"
    assert client.retcode(check, login=login, type="main", password="Secret-1x") == 0
    assert client.retcode(check, login=login, type="investor", password="Secret-1x") == 3006
    body = {"Login": str(login), "Type": "main", "Password": "Better-2y"}
    change = "/api/user/change_password"
    assert client.retcode(change, method="POST", body=body) == 0
    assert client.retcode(check, method="POST", body=body) == 0
    assert client.retcode(check, login=login, type="main", password="Secret-1x") == 3006
    assert client.retcode(change, login=login, type="main", password="weak") == 3006


def test_a_group_name_may_be_escaped_or_not(client: RestClient, login: int) -> None:
    for text in ("real\\std-usd", "real\\\\std-usd", "real\\*,!real\\raw*"):
        assert client.answer("/api/user/logins", group=text) == [str(login)]


def test_escaped_separators_reach_the_record(client: RestClient, login: int) -> None:
    record = client.answer("/api/user/update", login=login, comment="a\\|b\\=c\\\\d\\\ne\\f")
    assert record["Comment"] == "a|b=c\\d\ne\\f"


def test_a_batch_wants_exactly_one_of_logins_and_group(client: RestClient, login: int) -> None:
    other = add_user(client, "real\\std-eur")
    both = client.answer("/api/user/get_batch", login=f"{login},{other},999")
    assert [record["Login"] for record in both] == [str(login), str(other)]
    assert len(client.answer("/api/user/get_batch", group="real\\*")) == 2
    assert client.retcode("/api/user/get_batch") == 3
    assert client.retcode("/api/user/get_batch", login=login, group="*") == 3


def test_an_unknown_account_is_13(client: RestClient) -> None:
    for path in ("user/get", "user/update", "user/delete", "user/group", "user/account/get"):
        assert client.retcode(f"/api/{path}", login=424242) == 13


def test_a_deleted_account_is_gone_but_managers_stay(client: RestClient, login: int) -> None:
    assert client.retcode("/api/user/delete", login=login) == 0
    assert client.retcode("/api/user/get", login=login) == 13
    assert client.retcode("/api/user/delete", login=1000) == 3005


def test_old_endpoint_names_are_still_served(client: RestClient, login: int) -> None:
    assert client.answer("/user_get", login=login)["Login"] == str(login)
    assert client.retcode("/user_pass_check", login=login, type="main", password="Secret-1x") == 0
    assert "ticket" in client.answer("/user_deposit_change", login=login, type=2, balance=5)


def test_scalar_answers_are_lower_case_unless_switched() -> None:
    for documented, name in ((False, "total"), (True, "Total")):
        settings = Settings(documented_case=documented)
        with Mt5Server(settings, plain=True) as server, RestClient(server) as client:
            assert client.authenticate().answer("/api/user/total") == {name: "1"}


def test_an_idle_account_has_no_trade_state_after_a_restart(client: RestClient, login: int) -> None:
    state = client.answer("/api/user/account/get", login=login)
    assert (state["Balance"], state["MarginFree"], state["MarginLevel"]) == ("0.00", "0.00", "0.00")
    assert client.retcode("/api/server/restart") == 0
    assert client.retcode("/api/user/account/get", login=login) == 13
    client.answer("/api/trade/balance", login=login, type=2, balance=5)
    assert client.answer("/api/user/account/get", login=login)["Equity"] == "5.00"


def test_an_account_with_a_trade_has_its_trade_state_after_a_restart(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    server.balance(login, 1000)
    server.open_position(login, "EURUSD", "buy", "0.10")
    assert client.retcode("/api/server/restart") == 0
    assert client.answer("/api/user/account/get", login=login)["Balance"] == "1000.00"
    assert len(client.answer("/api/user/account/get_batch", login=login)) == 1


def test_a_login_is_never_given_twice(client: RestClient, server: Mt5Server, login: int) -> None:
    server.balance(login, 1000)
    assert client.retcode("/api/user/delete", login=login) == 0
    after = add_user(client, "real\\std-usd")
    assert after > login
    checked = client.answer("/api/user/check_balance", login=after)["Balance"]
    assert checked == {"User": "0.00", "History": "0.00"}
    record = {"Group": "real\\std-usd", "Name": "A", "Leverage": "1", "Login": login}
    passwords = {"PassMain": "Secret-1x", "PassInvestor": "Secret-2x"}
    assert client.retcode("/api/user/add", method="POST", body=record | passwords) == 3004


def test_a_pair_of_currencies_is_not_deleted_under_a_trade(
    client: RestClient, server: Mt5Server
) -> None:
    euro = server.add_account("real\\std-eur")
    server.balance(euro, 5000)
    position = int(str(server.open_position(euro, "XAUUSD", "buy", "0.01")["PositionID"]))
    assert client.retcode("/api/symbol/delete", symbol="XAUUSD") == 2003
    assert client.retcode("/api/symbol/delete", symbol="EURUSD") == 2003
    assert client.retcode("/api/symbol/delete", symbol="XAGUSD") == 0
    server.run_market(5)
    server.close_position(position)
    assert client.retcode("/api/symbol/delete", symbol="EURUSD") == 0
    assert client.retcode("/api/tick/last", symbol="EURUSD") == 13


def test_symbols_are_masked_by_name_or_path(client: RestClient) -> None:
    names = client.answer("/api/symbol/list", mask="Forex\\EUR*,!EURJPY")
    assert names == ["EURUSD", "EURGBP"]
    found = client.answer("/api/symbol/get", mask="Forex\\*,!*JPY")
    assert {one["Path"].split("\\")[0] for one in found} == {"Forex"}
    ticks = client.answer("/api/tick/last", symbol="Forex\\EUR*,!Forex\\EURGBP,XAUUSD")
    assert [one["Symbol"] for one in ticks] == ["EURUSD", "EURJPY", "XAUUSD"]


def test_groups_are_listed_counted_paged_and_masked(client: RestClient) -> None:
    names = client.answer("/api/group/list")
    assert "demo\\forex-usd" in names
    assert client.answer("/api/group/total") == {"total": str(len(names))}
    assert client.answer("/api/group/next", index=1)["Group"] == names[1]
    assert [one["Group"] for one in client.answer("/api/group/next", index=1, count=2)] == (
        names[1:3]
    )
    assert client.retcode("/api/group/next", index=len(names)) == 13
    group = client.answer("/api/group/get", group="real\\raw-eur")
    assert (group["Currency"], group["CurrencyDigits"], group["MarginMode"]) == ("EUR", "2", "2")
    masked = client.answer("/api/group/get", mask="real\\*,!real\\raw*")
    assert [one["Group"] for one in masked] == [
        "real\\std-usd", "real\\std-eur", "real\\std-gbp",
    ]  # fmt: skip
    assert client.retcode("/api/group/get", group="none") == 13


def test_symbols_carry_digits_contract_size_and_calculation_mode(client: RestClient) -> None:
    names = client.answer("/api/symbol/list")
    expected = {
        "EURUSD": ("5", "100000.00", "0"), "USDJPY": ("3", "100000.00", "0"),
        "XAUUSD": ("2", "100.00", "4"), "US500": ("1", "10.00", "4"), "BTCUSD": ("2", "1.00", "4"),
    }  # fmt: skip
    for name, values in expected.items():
        assert name in names
        symbol = client.answer("/api/symbol/get", symbol=name)
        assert (symbol["Digits"], symbol["ContractSize"], symbol["CalcMode"]) == values
    assert [one["Symbol"] for one in client.answer("/api/symbol/get", mask="XA*")] == [
        "XAUUSD", "XAGUSD",
    ]  # fmt: skip
    assert client.retcode("/api/symbol/get", symbol="NONE") == 13


def fields(names: str) -> list[str]:
    return names.split()


SYMBOL_FIELDS = fields("""
    Symbol Path ISIN Description International Basis Source Page CurrencyBase CurrencyBaseDigits
    CurrencyProfit CurrencyProfitDigits CurrencyMargin CurrencyMarginDigits Color ColorBackground
    Digits Point Multiply TickFlags TickBookDepth TickChartMode FilterSoft FilterSoftTicks
    FilterHard FilterHardTicks FilterDiscard FilterSpreadMax FilterSpreadMin FilterGap
    FilterGapTicks TradeMode TradeFlags CalcMode ExecMode GTCMode FillFlags ExpirFlags OrderFlags
    Spread SpreadBalance SpreadDiff SpreadDiffBalance TickValue TickSize ContractSize StopsLevel
    FreezeLevel QuotesTimeout VolumeMin VolumeMax VolumeStep VolumeLimit MarginFlags MarginInitial
    MarginMaintenance MarginLiquidity MarginHedged MarginCurrency MarginInitialBuy
    MarginInitialSellStopLimit MarginMaintenanceBuyStop SwapMode SwapLong SwapShort Swap3Day
    TimeStart TimeExpiration SessionsQuotes SessionsTrades REFlags RETimeout IECheckMode IETimeout
    IESlipProfit IESlipLosing IEVolumeMax PriceSettle PriceLimitMax PriceLimitMin PriceStrike
    OptionMode FaceValue AccruedInterest SpliceType SpliceTimeType SpliceTimeDays
""")
GROUP_FIELDS = fields("""
    Group Server PermissionsFlags AuthMode AuthPasswordMin AuthOTPMode Company CompanyPage
    CompanyEmail CompanySupportPage CompanySupportEmail CompanyCatalog Currency CurrencyDigits
    ReportsMode ReportsFlags ReportsSMTP ReportsSMTPLogin ReportsSMTPPass NewsMode NewsCategory
    NewsLangs MailMode TradeFlags TradeTransferMode TradeInterestrate TradeVirtualCredit MarginMode
    MarginSOMode MarginFreeMode MarginCall MarginStopOut MarginFreeProfitMode DemoLeverage
    DemoDeposit LimitHistory LimitOrders LimitSymbols LimitPositions Commissions Symbols
""")
GROUP_SYMBOL_FIELDS = fields("""
    Path TradeMode ExecMode FillFlags ExpirFlags OrderFlags SpreadDiff SpreadDiffBalance StopsLevel
    FreezeLevel VolumeMin VolumeMax VolumeStep VolumeLimit MarginFlags MarginInitial
    MarginMaintenance MarginLiquidity MarginHedged MarginCurrency SwapMode SwapLong SwapShort
    Swap3Day REFlags RETimeout IEFlags IECheckMode IETimeout IESlipProfit IESlipLosing IEVolumeMax
""")


def test_configurations_have_every_field_the_official_samples_index(client: RestClient) -> None:
    symbol = client.answer("/api/symbol/get", symbol="EURUSD")
    assert [name for name in SYMBOL_FIELDS if name not in symbol] == []
    for group in client.answer("/api/group/get", mask="*"):
        assert [name for name in GROUP_FIELDS if name not in group] == []
        for one in group["Symbols"]:
            assert [name for name in GROUP_SYMBOL_FIELDS if name not in one] == []


def test_sessions_are_the_days_on_which_a_symbol_is_traded(client: RestClient) -> None:
    day = [{"Open": "0", "Close": "1440"}]
    euro = client.answer("/api/symbol/get", symbol="EURUSD")
    assert euro["SessionsTrades"] == euro["SessionsQuotes"] == [[], *[day] * 5, []]
    assert client.answer("/api/symbol/get", symbol="BTCUSD")["SessionsTrades"] == [day] * 7


def test_a_mask_of_more_than_5000_groups_is_answered_in_part(
    client: RestClient, server: Mt5Server
) -> None:
    def add_groups() -> None:
        for number in range(5_001):
            server.core.add_group(Group(f"bulk\\g{number}", "USD"))

    server.run(add_groups)
    answer = client.call("/api/group/get", mask="bulk\\*")
    assert answer["retcode"] == "14"
    assert len(answer["answer"]) == 5_000


def test_only_administrators_change_groups() -> None:
    chief = Manager(1000, "Password1")
    clerk = Manager(1001, "Password2", rights=frozenset({Right.ACCOUNTS, Right.ACCOUNTS_EDIT}))
    with (
        Mt5Server(Settings(managers=[chief, clerk]), plain=True) as server,
        RestClient(server) as client,
        RestClient(server) as limited,
    ):
        limited.authenticate(1001, "Password2")
        body = {"Group": "real\\new-usd", "Currency": "USD", "MarginStopOut": 30}
        assert limited.retcode("/api/group/add", method="POST", body=body) == 12001
        assert limited.retcode("/api/group/delete", group="real\\std-usd") == 12001
        client.authenticate()
        added = client.answer("/api/group/add", method="POST", body=body)
        levels = (added["MarginCall"], added["MarginStopOut"])
        assert (added["Currency"], levels) == ("USD", ("100.00", "30.00"))
        for level in ("low", -1, 10**9):
            wrong = body | {"MarginCall": level}
            assert client.retcode("/api/group/add", method="POST", body=wrong) == 3
        add_user(client, "real\\new-usd")
        assert client.retcode("/api/group/delete", group="real\\new-usd") == 2003
        assert client.retcode("/api/group/delete", group="real\\std-usd") == 0
        assert client.retcode("/api/group/get", group="real\\std-usd") == 13
