"""How much leverage clients may have: by residence and category, set by two, held nightly."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted
from backoffice.workflow import outbox, versions
from backoffice.workflow.approvals import approval_approve
from clients.services import client_set_category
from tests.clients.factories import make_active
from tests.trading.rows import make_account, make_group, make_server
from tests.world import World
from trading import services
from trading.errors import LeverageTooHigh
from trading.leverage import tables
from trading.leverage.caps import cap_for
from trading.leverage.control import control_run, last_control
from trading.leverage.models import LeverageBreach, LeverageTable
from trading.leverage.tables import FIRST, Region, Table
from trading.leverage.versions import TRACK, row_in_force, table_write
from trading.models import Account, AccountChange

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]
EU, REST = FIRST.regions
LOOSER = replace(FIRST, regions=(EU, replace(REST, retail={**REST.retail, "fx_major": 200})))


@pytest.fixture
def adam(world: World, scope: Scope) -> Any:
    with scope(world.actor("adam")):
        yield world.actor("adam")


def _set(world: World, scope: Scope, table: Table) -> LeverageTable:
    carla, miles = world.actor("carla"), world.actor("miles")
    with scope(carla):
        row = table_write(actor=carla, table=table, note="Other figures.")
        approval = versions.propose(TRACK, actor=carla, pk=row.pk)
    with scope(miles):
        approval_approve(actor=miles, approval=approval)
    return row


def test_what_ships_is_the_caps_of_esma() -> None:
    tables.check(FIRST)
    assert tables.load(tables.dump(FIRST)) == FIRST
    assert len(EU.countries) == 31
    assert list(EU.retail.values()) == [30, 20, 20, 20, 10, 5, 2]
    assert FIRST.region("GB") is EU
    assert FIRST.region("AE") is REST
    assert FIRST.region("") is REST
    assert (EU.most("retail"), EU.most("professional"), EU.most("")) == (30, 500, 30)


@given(st.text(max_size=3), st.text(max_size=12))
def test_everyone_falls_under_one_region_and_an_unknown_category_is_retail(
    residence: str, category: str
) -> None:
    most = FIRST.region(residence).most(category)
    assert most == (500 if category in ("professional", "eligible_counterparty") else 30)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (replace(FIRST, regions=(EU,)), "One region has no countries"),
        (replace(FIRST, regions=(EU, EU, REST)), "In two regions: AT, BE"),
        (replace(FIRST, regions=(Region("X", ("XX",), EU.retail, EU.others), REST)), "country: XX"),
        (replace(FIRST, source=" "), "where the figures are from"),
        (replace(FIRST, regions=(replace(REST, retail={"gold": 1}),)), "a figure is missing"),
        (
            replace(FIRST, regions=(replace(REST, retail={**REST.retail, "gold": 501}),)),
            "leverage is 1 to 500",
        ),
    ],
)
def test_what_is_no_table_is_refused(adam: Actor, table: Table, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        table_write(actor=adam, table=table, note="Wrong.")
    assert LeverageTable.objects.count() == 0


def test_two_people_set_it(world: World, scope: Scope) -> None:
    carla, sam = world.actor("carla"), world.actor("sam")
    with scope(sam), pytest.raises(NotPermitted):
        table_write(actor=sam, table=LOOSER, note="More.")
    with scope(carla):
        row = table_write(actor=carla, table=LOOSER, note="More outside.")
        approval = versions.propose(TRACK, actor=carla, pk=row.pk)
        assert approval.content["Everywhere else, retail, major currency pairs"] == "1:30 to 1:200"
        assert "Source" not in approval.content
        with pytest.raises(FourEyes):
            approval_approve(actor=carla, approval=approval)
        client = make_active(carla, residence="AE")
        assert cap_for(client).most == 30
    with scope(world.actor("miles")):
        approval_approve(actor=world.actor("miles"), approval=approval)
        assert row_in_force() == row
        assert cap_for(client).most == 200
    _set(world, scope, FIRST)
    with scope(carla):
        row.refresh_from_db()
        assert row.state == "retired"
        assert cap_for(client).most == 30


def test_opening_changing_and_moving_keep_below_the_cap(adam: Actor) -> None:
    client = make_active(adam)
    server = make_server(adam)
    group, other = make_group(server), make_group(server, "real\\pro-eur")
    with pytest.raises(LeverageTooHigh, match="At most 1:30 for this client's category"):
        services.account_open(actor=adam, client=client, group=group, leverage=50)
    account = make_account(adam, server=server, client=client, login=501, leverage=100)
    with pytest.raises(LeverageTooHigh):
        services.account_set_leverage(actor=adam, account=account, leverage=50)
    # One that is above already is lowered before it is moved.
    with pytest.raises(LeverageTooHigh):
        services.account_move_group(actor=adam, account=account, group=other)
    assert AccountChange.objects.count() == 0
    services.account_set_leverage(actor=adam, account=account, leverage=30)
    client_set_category(actor=adam, client=client, category="professional", reason="asked for it")
    client.refresh_from_db()
    account.refresh_from_db()
    services.account_move_group(actor=adam, account=account, group=other)
    assert AccountChange.objects.count() == 2


def test_the_control_lists_who_is_above_until_they_are_not(world: World, scope: Scope) -> None:
    adam = world.actor("adam")
    with scope(adam):
        server = make_server(adam)
        retail, other = make_active(adam), make_active(adam, email="b@mail.example")
        client_set_category(actor=adam, client=other, category="professional", reason="asked")
        above = make_account(adam, server=server, client=retail, login=1, leverage=100)
        make_account(adam, server=server, client=retail, login=2, leverage=30)
        make_account(adam, server=server, client=other, login=3, leverage=400)
        make_account(adam, server=server, client=retail, login=4, leverage=500, live=False)
    for _ in range(2):
        row = control_run(world.system())
        assert (row.accounts, row.above) == (3, 1)
    with scope(adam):
        breach = LeverageBreach.objects.get()
        assert (breach.account_id, breach.leverage, breach.cap) == (above.pk, 100, 30)
        Account.objects.filter(pk=above.pk).update(leverage=30)
        client_set_category(actor=adam, client=other, category="retail", reason="no longer")
    row = control_run(world.system())
    assert row.above == 1
    with scope(adam):
        breach.refresh_from_db()
        assert breach.ended_at is not None
        assert LeverageBreach.objects.get(ended_at__isnull=True).leverage == 400
        # Nobody of the other brokerage is in it.
        last = last_control(adam)
        assert last is not None
        assert last.accounts == 3
    with scope(world.actor("zoe")):
        assert last_control(world.actor("zoe")) is None


def test_new_caps_are_held_against_everyone_at_once(world: World, scope: Scope) -> None:
    adam = world.actor("adam")
    with scope(adam):
        client = make_active(adam)
        server = make_server(adam)
        make_account(adam, server=server, client=client, login=1, leverage=30)
    stricter = dict.fromkeys(EU.retail, 10)
    _set(world, scope, replace(FIRST, regions=(replace(EU, retail=stricter), REST)))
    outbox.drain(world.system())
    with scope(adam):
        assert LeverageBreach.objects.get().cap == 10


def test_the_page_says_a_count_of_nothing_plainly(
    world: World, scope: Scope, browse: Browse
) -> None:
    carla = browse("carla")
    assert "Not looked at yet" in carla.get("/trading/leverage/").content.decode()
    assert carla.post("/trading/leverage/look/").status_code == 302
    outbox.drain(world.system())
    assert "0 above" in carla.get("/trading/leverage/").content.decode()
    adam = world.actor("adam")
    with scope(adam):
        server = make_server(adam)
        make_account(adam, server=server, client=make_active(adam), login=77, leverage=200)
    control_run(world.system())
    page = carla.get("/trading/leverage/").content.decode()
    assert "1:200" in page
    assert "0 above" not in page


def test_another_version_is_written_in_the_portal(
    world: World, scope: Scope, browse: Browse
) -> None:
    carla = browse("carla")
    page = carla.get("/trading/leverage/versions/new/").content.decode()
    assert "EU, EEA and United Kingdom" in page
    form: dict[str, str] = {"note": "Gulf", "source": "Our board", "as_of": "2026-01-01"}
    form |= {"name0": "Gulf", "countries0": "AE, QA"}
    codes = [*tables.CLASSES, *tables.OTHERS]
    form |= {f"{code}0": "50" for code in codes} | {f"{code}2": "30" for code in codes}
    wrong = carla.post("/trading/leverage/versions/new/", form | {"gold0": "many"})
    assert wrong.status_code == 422
    nowhere = carla.post("/trading/leverage/versions/new/", form | {"countries0": "AE QX"})
    assert "No such country: QX." in nowhere.content.decode()
    made = carla.post("/trading/leverage/versions/new/", form)
    assert made.status_code == 302
    with scope(world.actor("carla")):
        row = LeverageTable.objects.get()
        assert [each.countries for each in tables.load(row.content).regions] == [("AE", "QA"), ()]
    assert carla.post(f"{made['Location']}propose/").status_code == 302
    assert "It waits for a second person" in carla.get(made["Location"]).content.decode()
