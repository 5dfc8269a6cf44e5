"""Deals by time: bounds, pages, batches, edits behind the back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.mt5 import Mt5Server
from tests.sandbox.clients import RestClient
from tests.sandbox.conftest import NOON, add_user

WALL_NOON = int(NOON.timestamp()) + 7200


def period(start: int, end: int) -> dict[str, Any]:
    return {"from": start, "to": end}


def fill(server: Mt5Server, login: int, count: int) -> None:
    """A deal every minute before noon, the last one at noon."""
    for number in range(count):
        time = NOON - timedelta(minutes=count - 1 - number)
        server.balance(login, 1, comment=f"n{number}", time=time)


def test_times_are_the_servers_wall_clock_and_both_bounds_are_included(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fill(server, login, 3)
    page = client.answer("/api/deal/get_page", login=login, **period(0, 2**32))
    assert [int(one["Time"]) for one in page] == [WALL_NOON - 120, WALL_NOON - 60, WALL_NOON]
    assert page[0]["TimeMsc"] == f"{(WALL_NOON - 120) * 1000}"
    for start, end, total in (
        (WALL_NOON - 120, WALL_NOON, 3),
        (WALL_NOON - 119, WALL_NOON, 2),
        (WALL_NOON - 120, WALL_NOON - 1, 2),
        (WALL_NOON, WALL_NOON, 1),
        (WALL_NOON + 1, WALL_NOON + 9, 0),
        (WALL_NOON, WALL_NOON - 120, 0),
    ):
        answer = client.answer("/api/deal/get_total", login=login, **period(start, end))
        assert answer == {"total": str(total)}


def test_pages_have_at_most_100_rows_in_order_of_time(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fill(server, login, 205)
    comments: list[str] = []
    for offset, rows in ((0, 100), (100, 100), (200, 5), (300, 0)):
        page = client.answer(
            "/api/deal/get_page", login=login, offset=offset, total=1000, **period(0, 2**32)
        )
        assert len(page) == rows
        comments += [one["Comment"] for one in page]
    assert comments == [f"n{number}" for number in range(205)]
    small = client.answer("/api/deal/get_page", login=login, offset=3, total=2, **period(0, 2**32))
    assert [one["Comment"] for one in small] == ["n3", "n4"]


def test_a_batch_takes_logins_groups_or_tickets(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    other = add_user(client, "real\\std-eur")
    fill(server, login, 2)
    fill(server, other, 3)
    path = "/api/deal/get_batch"
    assert len(client.answer(path, login=f"{login},{other}", **period(0, 2**32))) == 5
    assert len(client.answer(path, group="real\\*", **period(0, 2**32))) == 5
    assert len(client.answer(path, group="real\\*,!real\\std-eur", **period(0, 2**32))) == 2
    body = {"Login": [login, other], "From": 0, "To": 2**32}
    assert len(client.answer(path, method="POST", body=body)) == 5
    tickets = ",".join(str(one["Deal"]) for one in server.deals(other)[:2])
    assert len(client.answer(path, ticket=tickets)) == 2
    assert client.answer(path, login=login, symbol="EURUSD", **period(0, 2**32)) == []
    assert client.retcode(path, login=login) == 3
    assert client.retcode(path, login=login, ticket=5, **period(0, 2**32)) == 3
    assert client.retcode(path) == 3


def test_a_symbol_narrows_a_batch(client: RestClient, server: Mt5Server, login: int) -> None:
    server.balance(login, 1000)
    server.open_position(login, "EURUSD", "buy", "0.01")
    server.open_position(login, "USDJPY", "buy", "0.01")
    rows = client.answer("/api/deal/get_batch", login=login, symbol="USDJPY", **period(0, 2**32))
    assert [one["Symbol"] for one in rows] == ["USDJPY"]


def test_an_inserted_deal_is_found_at_its_old_date(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fill(server, login, 2)
    deal = server.insert_deal(
        login, NOON - timedelta(days=9), profit="7.25", comment="late", action=5
    )
    page = client.answer("/api/deal/get_page", login=login, **period(0, 2**32))
    assert [one["Comment"] for one in page] == ["late", "n0", "n1"]
    assert int(page[0]["Deal"]) > int(page[2]["Deal"])
    assert client.answer("/api/user/get", login=login)["Balance"] == "9.25"
    assert deal["Profit"] == "7.25"


def test_an_edited_and_a_deleted_deal_move_the_balance(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fill(server, login, 3)
    tickets = [int(str(one["Deal"])) for one in server.deals(login)]
    server.edit_deal(tickets[2], profit="5", time=NOON - timedelta(days=1))
    server.delete_deal(tickets[0])
    page = client.answer("/api/deal/get_page", login=login, **period(0, 2**32))
    assert [(one["Comment"], one["Profit"]) for one in page] == [("n2", "5.00"), ("n1", "1.00")]
    assert client.answer("/api/user/get", login=login)["Balance"] == "6.00"
    assert client.retcode("/api/deal/get", ticket=tickets[0]) == 13


def test_managers_edit_and_delete_deals_without_touching_the_balance(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    fill(server, login, 2)
    first, second = (str(one["Deal"]) for one in server.deals(login))
    body = {"Deal": first, "Profit": "3.50", "Comment": "mended"}
    changed = client.answer("/api/deal/update", method="POST", body=body)
    assert (changed["Profit"], changed["Comment"], changed["ModificationFlags"]) == (
        "3.50", "mended", "1",
    )  # fmt: skip
    assert changed["ModifyFlags"] == "1"
    assert client.retcode("/api/deal/delete", ticket=second) == 0
    assert client.retcode("/api/deal/delete", ticket=second) == 13
    assert client.retcode("/api/deal/update", method="POST", body={"Deal": "999"}) == 13
    assert client.answer("/api/user/get", login=login)["Balance"] == "2.00"


def test_a_backup_has_the_deals_as_they_were(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    server.set_time(NOON - timedelta(days=3))
    ticket = str(server.balance(login, 10)["Deal"])
    server.set_time(NOON)
    days = client.answer("/api/deal/backup/list", **period(0, 2**32))
    assert len(days) == 30
    assert int(days[-1]) == int(datetime(2026, 1, 14, tzinfo=UTC).timestamp())
    client.answer("/api/deal/update", method="POST", body={"Deal": ticket, "Profit": "99"})
    client.answer("/api/deal/delete", ticket=ticket)
    stored = client.answer("/api/deal/backup/get", backup=days[-1], login=login, **period(0, 2**32))
    assert [one["Profit"] for one in stored] == ["10.00"]
    assert client.retcode("/api/deal/backup/restore", method="POST", body=stored) == 0
    assert client.answer("/api/deal/get", ticket=ticket)["Deal"] == ticket


@pytest.mark.parametrize("given", [{}, {"from": 0}, {"to": 2**32}, {"from": "", "to": ""}])
def test_a_page_without_an_end_of_its_period_goes_as_far_as_there_are_deals(
    client: RestClient, server: Mt5Server, login: int, given: dict[str, object]
) -> None:
    fill(server, login, 3)
    assert client.answer("/api/deal/get_total", login=login, **given) == {"total": "3"}
    assert len(client.answer("/api/deal/get_page", login=login, **given, offset=1)) == 2
    assert client.answer("/api/history/get_total", login=login, **given) == {"total": "0"}


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_batch_needs_both_ends_of_its_period(client: RestClient, login: int, name: str) -> None:
    assert client.retcode("/api/deal/get_batch", login=login, **{name: 5}) == 3
    assert client.retcode("/api/deal/get_page", login=login, **{name: "soon"}) == 3


def test_a_list_of_nothing_is_as_good_as_none(
    client: RestClient, server: Mt5Server, login: int
) -> None:
    """Gateways fill in every parameter they know: `login=5&group=&ticket=0&symbol=`."""
    fill(server, login, 3)
    unused = {"group": "", "ticket": 0, "symbol": ""}
    assert len(client.answer("/api/deal/get_batch", login=login, **unused, **period(0, 2**32))) == 3
    assert client.answer("/api/position/get_batch", login=login, **unused) == []
    assert client.answer("/api/order/get_batch", login=login, **unused) == []
    by_group = client.answer("/api/user/get_batch", login=0, group="real\\*")
    assert [one["Login"] for one in by_group] == [str(login)]


def test_common_get_counts_what_there_is(client: RestClient, server: Mt5Server, login: int) -> None:
    fill(server, login, 4)
    counts = client.answer("/api/common/get")
    assert (counts["TotalUsers"], counts["TotalUsersReal"], counts["TotalDeals"]) == (
        "2", "1", "4",
    )  # fmt: skip
