"""What goes over the wire: escaping, tolerant JSON, records in any case."""

import json
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.bridge.errors import BadAnswer
from trading.bridge.mt5 import records
from trading.bridge.mt5.configuration import matches
from trading.bridge.mt5.wire import Answer, escape, query_string
from trading.bridge.server_time import DstRule, ServerClock

CLOCK = ServerClock(7200, DstRule.EU)


def unescape(text: str) -> str:
    """As a server does: a backslash before = | \\ or line feed goes, any other is literal."""
    out, position = "", 0
    while position < len(text):
        if text[position] == "\\" and text[position + 1 : position + 2] in ("=", "|", "\\", "\n"):
            position += 1
        out += text[position]
        position += 1
    return out


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("demo\\forex", "demo\\\\forex"),
        ("a=b|c", "a\\=b\\|c"),
        ("two\nlines", "two\\\nlines"),
        ("plain", "plain"),
    ],
)
def test_special_characters_are_escaped_once(value: str, escaped: str) -> None:
    assert escape(value) == escaped


@given(st.dictionaries(st.sampled_from(["group", "comment", "name"]), st.text(min_size=1)))
def test_any_value_survives_escaping_and_url_encoding(values: dict[str, str]) -> None:
    try:
        query = query_string(values)
    except UnicodeEncodeError:
        return  # lone surrogates are no text
    decoded = parse_qs(query, keep_blank_values=True, strict_parsing=bool(query))
    assert {name: unescape(found[0]) for name, found in decoded.items()} == values


def test_a_space_is_percent_twenty() -> None:
    assert query_string({"comment": "W-1 note", "login": 7}) == "comment=W-1%20note&login=7"


def test_an_answer_has_its_code_text_and_payload() -> None:
    answer = Answer.parse(b'{"retcode":"3006 Invalid account password","answer":{"Login":"7"}}')
    assert (answer.retcode, answer.text) == (3006, "Invalid account password")
    assert answer.payload == {"Login": "7"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"RETCODE":"0 Done","Answer":[1]}',
        b'{"retcode":0,"answer":[1]}',
        b'\xef\xbb\xbf{"retcode":"0 Done","answer":[1]}\r\n',
        b'{"retcode":"0","answer":[1]}\0',
    ],
)
def test_answers_are_read_in_any_case_with_numbers_and_marks(body: bytes) -> None:
    answer = Answer.parse(body)
    assert (answer.retcode, answer.payload) == (0, [1])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b'["0 Done"]',
        b'{"answer":1}',
        b'{"retcode":"Done"}',
        b'{"retcode":true}',
        b'{"retcode":"0 Done","answer":',
        b'{"retcode":"0 Done","answer":NaN}',
    ],
)
def test_what_is_no_answer_is_called_so(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        Answer.parse(body)


@pytest.mark.parametrize(
    ("body", "group"),
    [
        (rb'{"retcode":"0 Done","answer":{"Login":"1","Group":"real\\std"}}', "real\\std"),
        (rb'{"retcode":"0 Done","answer":{"Login":"1","Group":"real\std"}}', "real\\std"),
        (rb'{"retcode":"0 Done","answer":{"Login":"1","Group":"demo\forex"}}', "demo\\forex"),
        (rb'{"retcode":"0 Done","answer":{"Login":"1","Group":"a\new\b\std"}}', "a\\new\\b\\std"),
        (
            rb'{"retcode":"0 Done","answer":{"Login":"1","Name":"\"O\u0027N\"","Group":"x\usd"}}',
            "x\\usd",
        ),
    ],
)
def test_group_paths_are_right_with_escaped_and_with_bare_backslashes(
    body: bytes, group: str
) -> None:
    assert records.account(Answer.parse(body).payload, CLOCK).group == group


@given(st.text(alphabet='abz \\"/usd09', max_size=30))
def test_properly_escaped_json_is_never_changed(text: str) -> None:
    body = json.dumps({"retcode": "0 Done", "answer": text}).encode()
    assert Answer.parse(body).payload == text


def test_money_is_exact_whether_text_or_number() -> None:
    body = b'{"retcode":"0 Done","answer":{"login":7,"BALANCE":0.1,"Credit":"0.20"}}'
    account = records.account(Answer.parse(body).payload, CLOCK)
    assert (account.login, account.balance, account.credit) == (7, Decimal("0.1"), Decimal("0.20"))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1,000.00", "abc"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(BadAnswer, match="Balance is not a number"):
        records.account({"Login": "7", "Balance": value}, CLOCK)


@pytest.mark.parametrize("row", [None, "7", [], {}, {"Login": "seven"}])
def test_what_is_no_account_is_refused(row: object) -> None:
    with pytest.raises(BadAnswer):
        records.account(row, CLOCK)


def test_the_finer_volume_wins_unless_it_is_zero() -> None:
    assert records.lots(Decimal(300), Decimal(3_000_001)) == Decimal("0.03000001")
    assert records.lots(Decimal(300), Decimal(0)) == Decimal("0.03")


def test_a_deal_has_server_time_and_utc_to_the_millisecond() -> None:
    row = {
        "Deal": "5", "Login": "7", "Action": "2", "Profit": "-12.50", "Comment": "W-1",
        "Time": "1751371200", "TimeMsc": "1751371200123", "Volume": "0", "VolumeExt": "0",
    }  # fmt: skip
    deal = records.deal(row, CLOCK)
    assert deal.time_server_msc == 1751371200123
    assert deal.time_utc.isoformat() == "2025-07-01T09:00:00.123000+00:00"
    assert deal.is_balance_operation
    assert deal.profit == Decimal("-12.50")


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(BadAnswer, match="is not a time"):
        records.deal({"Deal": "5", "Login": "7", "Action": "2", "Time": "9" * 18}, CLOCK)


@pytest.mark.parametrize(
    ("mask", "name", "expected"),
    [
        ("*", "real\\std", True),
        ("real\\*", "real\\std", True),
        ("real\\*", "demo\\std", False),
        ("*,!demo\\*", "demo\\std", False),
        ("!demo\\*", "real\\std", True),
        ("real\\a,real\\b", "REAL\\B", True),
        ("real\\a", "real\\ab", False),
        ("r[ae]al*", "real", False),
    ],
)
def test_masks_choose_groups(mask: str, name: str, expected: bool) -> None:
    assert matches(mask, name) is expected
