"""The pages of trading, through the browser's door."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.errors import FourEyes
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import approvals
from backoffice.workflow.models import Approval
from clients.models import Desk
from clients.services import client_assign, desk_create
from tests.clients.factories import make_active
from tests.trading.house import House
from tests.trading.rows import make_account, make_deal, make_operation, make_position, make_server
from tests.world import World
from trading import selectors
from trading.models import Account, AccountChange, BalanceOperation, TradingServer
from trading.rules import Missing, Search, when_missing

Browse = Callable[[str], Client]


def _text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def _account(world: World, **values: object) -> Account:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        return make_account(adam, **values)  # type: ignore[arg-type]


def test_an_account_shows_money_margin_positions_deals_and_operations(
    world: World, browse: Browse
) -> None:
    account = _account(
        world,
        balance=Decimal("1250.50"),
        equity=Decimal("1255.50"),
        margin=Decimal("251.10"),
        margin_free=Decimal("1004.40"),
    )
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        make_deal(account, 700_001)
        make_position(account, 800_001)
        make_operation(adam, account)
    text = _text(browse("pavel"), reverse("trading:account", args=[account.pk]))
    for said in ("1,250.50", "500.0 %", "EURUSD", "700001", "800001", "D-1", "Queued"):
        assert said in text


def test_who_may_only_look_sees_no_actions_and_can_not_post(world: World, browse: Browse) -> None:
    account = _account(world)
    path = reverse("trading:account", args=[account.pk])
    assert "Change leverage" in _text(browse("pavel"), path)
    assert "Change leverage" not in _text(browse("anna"), path)
    url = reverse("trading:account-leverage", args=[account.pk])
    assert browse("anna").post(url, {"leverage": "10"}).status_code == 403
    with tenant_scope(world.aurora.pk):
        assert not AccountChange.objects.exists()


def test_accounts_of_another_desk_are_not_found(world: World, browse: Browse) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        desk = desk_create(actor=adam, name="Limassol")
        client = make_active(adam)
        client_assign(actor=adam, client=client, desk=desk, manager=None)
        account = make_account(adam, client=client)
    with tenant_scope(adam.tenant_id):
        theirs = replace(adam, desks=frozenset({Desk.objects.get().pk}))
        others = replace(adam, desks=frozenset({account.pk}))
        assert selectors.accounts_for(theirs).count() == 1
        assert selectors.accounts_for(others).count() == 0


def test_a_refused_form_says_why_and_changes_nothing(world: World, browse: Browse) -> None:
    account = _account(world)
    url = reverse("trading:account-correct", args=[account.pk])
    for amount in ("", "0", "abc", "1.001", "-"):
        sent = {"kind": "correction", "amount": amount, "reason": "x"}
        assert browse("pavel").post(url, sent).status_code == 422
    with tenant_scope(world.aurora.pk):
        assert not Approval.objects.exists()
        assert not BalanceOperation.objects.exists()


def test_a_correction_needs_a_second_person_and_is_then_booked_once(
    house: House, browse: Browse
) -> None:
    account = house.open()
    url = reverse("trading:account-correct", args=[account.pk])
    sent = {"kind": "correction", "amount": "12.34", "reason": "price error of 20 November"}
    assert browse("pavel").post(url, sent).status_code == 302
    assert browse("pavel").post(url, sent).status_code == 422  # one waits already
    pavel, petra = house.pavel, house.world.actor("petra")
    with house.scope("pavel"), pytest.raises(FourEyes):
        approvals.approval_vote(actor=pavel, approval=Approval.objects.get(), approves=True)
    with house.scope("petra"):
        approvals.approval_vote(actor=petra, approval=Approval.objects.get(), approves=True)
    house.drain()
    [deal] = house.deals(account.login)
    assert (deal.profit, deal.action) == (1_234, 5)


def test_a_new_password_is_shown_once(house: House, browse: Browse) -> None:
    account = house.open()
    pavel = browse("pavel")
    url = reverse("trading:account-password", args=[account.pk])
    assert pavel.post(url, {"kind": "main", "reason": "lost"}).status_code == 302
    house.drain()
    with house.scope():
        change = AccountChange.objects.get()
    show = reverse("trading:password-show", args=[account.pk, change.pk])
    first, second = pavel.post(show), pavel.post(show)
    assert (first.status_code, second.status_code) == (200, 302)
    assert first["Cache-Control"].startswith("max-age=0")


def test_an_account_is_opened_from_the_clients_page(house: House, browse: Browse) -> None:
    with house.scope() as actor:
        client = make_active(actor)
        group = house.group()
    url = reverse("trading:account-new", args=[client.pk])
    assert "At most 1:30" in _text(browse("pavel"), url)
    sent = {"group": str(group.pk), "leverage": "30"}
    assert browse("pavel").post(url, sent).status_code == 302
    house.drain()
    tab = _text(browse("pavel"), reverse("clients:tab", args=[client.pk, "accounts"]))
    with house.scope():
        assert str(Account.objects.get().login) in tab


def test_a_server_is_tested_from_its_page_and_the_page_says_how_it_went(
    house: House, browse: Browse
) -> None:
    adam = browse("adam")
    url = reverse("trading:server-ask", args=[house.server.pk])
    assert adam.post(url, {"kind": "test"}).status_code == 302
    assert adam.post(url, {"kind": "everything"}).status_code == 302
    house.drain()
    text = _text(adam, reverse("trading:server", args=[house.server.pk]))
    assert "Its clock agrees with the time zone set here. 9 groups" in text
    assert "Password1" not in text


def test_a_server_is_connected_by_form_and_its_password_stays_out_of_sight(
    world: World, browse: Browse
) -> None:
    sent = {
        "name": "Live 2",
        "platform": "mt5",
        "url": "https://mt5.example:443",
        "manager_login": "1002",
        "password": "A-secret-of-ours",
        "tls_fingerprint": "ab" * 32,
        "group_masks": "real\\*",
        "timezone_offset_minutes": "120",
        "dst_rule": "eu",
        "read_timeout_s": "30",
        "live": "on",
        "active": "on",
    }
    adam = browse("adam")
    assert adam.post(reverse("trading:server-new"), {**sent, "url": "x"}).status_code == 422
    assert adam.post(reverse("trading:server-new"), sent).status_code == 302
    with tenant_scope(world.aurora.pk):
        server = TradingServer.objects.get()
    edit = reverse("trading:server-edit", args=[server.pk])
    assert "A-secret-of-ours" not in _text(adam, edit)
    assert adam.post(edit, {**sent, "password": "", "name": "Live two"}).status_code == 302
    with tenant_scope(world.aurora.pk):
        after = TradingServer.objects.get()
    assert (after.name, bytes(after.password_sealed)) == (
        "Live two",
        bytes(server.password_sealed),
    )


def test_deals_show_thirty_days_unless_asked_for_more(world: World, browse: Browse) -> None:
    account = _account(world)
    with tenant_scope(world.aurora.pk):
        make_deal(account, 700_001)
        make_deal(account, 700_002, at=now() - timedelta(days=40))
    path, anna = reverse("trading:deals"), browse("anna")
    assert "700002" not in _text(anna, path)
    assert "700002" in _text(anna, path + "?segment=all")
    assert "700001" in _text(anna, path + f"?login={account.login}")
    assert "700001" not in _text(anna, path + "?login=4711")
    assert "700002" in _text(anna, path + "?segment=all&ticket=700002")


def test_exposure_nets_buys_and_sells(world: World, browse: Browse) -> None:
    account = _account(world)
    with tenant_scope(world.aurora.pk):
        make_position(account, 1, lots=Decimal(3))
        make_position(account, 2, lots=Decimal("0.5"), side="sell")
        [one] = selectors.exposure(world.actor("adam"))
    assert (one.buy_lots, one.sell_lots, one.net_lots) == (
        Decimal(3),
        Decimal("0.5"),
        Decimal("2.5"),
    )
    assert "2.5" in _text(browse("anna"), reverse("trading:exposure"))


@pytest.mark.parametrize("name", ["accounts", "deals", "positions", "operations"])
def test_a_list_asks_the_database_as_often_for_forty_rows_as_for_two(
    world: World, browse: Browse, name: str
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        server = make_server(adam)
        client = make_active(adam)
    asked = []
    for start, count in ((0, 2), (2, 38)):
        with tenant_scope(adam.tenant_id, adam):
            for number in range(start, start + count):
                account = make_account(adam, client=client, server=server, login=100_001 + number)
                make_deal(account, 700_000 + number)
                make_position(account, 800_000 + number)
                make_operation(adam, account, ref=f"deposit:{number}")
        anna = browse("anna")
        anna.get(reverse(f"trading:{name}"))
        with CaptureQueriesContext(connection) as queries:
            assert anna.get(reverse(f"trading:{name}")).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_what_follows_a_search_that_found_nothing() -> None:
    sent = now()

    def search(looks: int, minutes: float, sends: int, *, resends: bool) -> Missing:
        looked = sent + timedelta(minutes=minutes)
        return when_missing(Search(sent, looked, looks, sends, resends))

    assert search(1, 60, 1, resends=True) is Missing.LOOK_AGAIN
    assert search(9, 4.9, 1, resends=True) is Missing.LOOK_AGAIN
    assert search(2, 5, 1, resends=True) is Missing.RESEND
    assert search(2, 5, 2, resends=True) is Missing.VOID
    assert search(2, 5, 1, resends=False) is Missing.VOID
