"""What a balance operation sends, and what an answer proves."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.bridge import port
from trading.bridge.mt5.money import balance_parameters, comment, has_token, outcome
from trading.bridge.mt5.wire import Answer, Parameters

tokens = st.from_regex(r"[A-Z][A-Z0-9-]{5,30}", fullmatch=True)


def parameters(
    *,
    login: int = 7001,
    kind: port.BalanceKind = port.BalanceKind.BALANCE,
    amount: str = "100.00",
    digits: int = 2,
    token: str = "D-2026-000123",  # noqa: S107 a reference, no secret
    note: str = "",
    margin_checked: bool = True,
) -> Parameters:
    return balance_parameters(
        login=login,
        kind=kind,
        amount=Decimal(amount),
        currency_digits=digits,
        token=token,
        note=note,
        margin_checked=margin_checked,
    )


def test_a_deposit_is_a_plain_decimal_with_its_token() -> None:
    assert parameters(amount="1E+2", note="Deposit by card") == {
        "login": 7001,
        "type": 2,
        "balance": "100.00",
        "comment": "D-2026-000123 Deposit by card",
        "check_margin": 1,
    }


def test_a_credit_withdrawal_without_margin_check() -> None:
    sent = parameters(kind=port.BalanceKind.CREDIT, amount="-0.5", margin_checked=False)
    assert (sent["type"], sent["balance"], sent["check_margin"]) == (3, "-0.50", 0)


@pytest.mark.parametrize("amount", ["0", "0.00", "NaN", "Infinity", "-Infinity", "1000000000.01"])
def test_impossible_amounts_are_refused_before_anything_is_sent(amount: str) -> None:
    with pytest.raises(ValueError, match="can't be booked"):
        parameters(amount=amount)


@pytest.mark.parametrize(("amount", "digits"), [("1.005", 2), ("1.5", 0), ("0.0001", 3)])
def test_an_amount_is_never_rounded(amount: str, digits: int) -> None:
    with pytest.raises(ValueError, match="decimal places"):
        parameters(amount=amount, digits=digits)


@pytest.mark.parametrize("token", ["", "short", "has space in it", "x" * 32, "naïve-token"])
def test_a_token_that_the_server_would_cut_or_change_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        parameters(token=token)


def test_a_login_is_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        parameters(login=0)


@given(tokens, st.text(max_size=60))
def test_the_token_comes_first_and_whole_and_the_server_cuts_nothing(token: str, note: str) -> None:
    try:
        text = comment(token, note)
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError:
        return
    assert units <= 31
    assert has_token(text, token)


@given(tokens, tokens)
def test_another_token_is_not_found(token: str, other: str) -> None:
    assert has_token(comment(token, "note"), other) == (token == other)


def answer(text: str, payload: object = None) -> Answer:
    return Answer.parse(
        (f'{{"retcode":"{text}"' + (f',"answer":{payload}}}' if payload else "}")).encode()
    )


@pytest.mark.parametrize("name", ["ticket", "Ticket"])
def test_done_with_a_ticket_is_applied(name: str) -> None:
    assert outcome(answer("0 Done", f'{{"{name}":"136623"}}')) == port.Applied(136623)


@pytest.mark.parametrize("payload", [None, "{}", '{"ticket":"0"}', '{"ticket":"x"}', "[]"])
def test_done_without_a_ticket_is_unknown(payload: str | None) -> None:
    assert isinstance(outcome(answer("0 Done", payload)), port.Unknown)


def test_no_money_is_refused_for_good_and_too_frequent_for_now() -> None:
    assert outcome(answer("10019 No money")) == port.Refused(10019, "No money", permanent=True)
    assert outcome(answer("12 Too frequent requests")) == port.Refused(
        12, "Too frequent requests", permanent=False
    )


def test_a_timeout_inside_the_server_is_unknown() -> None:
    assert outcome(answer("9 Operation timeout")) == port.Unknown("9 Operation timeout")
