"""Scenarios find what was planted and nothing else; each alert once; days follow what moved."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.portal.timeline import timeline
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from clients.models import Client
from compliance.models import Alert, ClientDay, MonitoringRun, Scenario
from compliance.monitoring.alerts import alert_decide, alert_review, alert_snooze
from compliance.monitoring.days import (
    days_check,
    days_rebuild,
    days_rebuild_all,
    days_refresh,
    unrated,
)
from compliance.monitoring.definitions import scenario_move, scenario_propose, scenarios_install
from compliance.monitoring.kinds import KINDS
from compliance.monitoring.run import days_due, found_by, monitoring_run
from compliance.states import AlertState
from tests.compliance.planted import AS_OF, day, deal, deposit, make_client, make_rate, withdrawal
from tests.world import World

FX01 = KINDS["FX01"].checked({})
FX02 = KINDS["FX02"].checked({})
FX08 = KINDS["FX08"].checked({})


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        make_rate("USD", "0.8")
        yield actor


def _found(actor: Actor, code: str, parameters: dict[str, str]) -> set[Any]:
    return {row[0] for row in found_by(actor.tenant_id, code, parameters, AS_OF)}


def _rows(client: Client) -> dict[date, ClientDay]:
    return {row.day: row for row in ClientDay.objects.filter(client=client)}


def test_a_day_counts_and_sums_what_moved_in_base_currency(carla: Actor) -> None:
    client = make_client(carla, "Moved")
    deposit(client, "1000", day(3, 1))
    deposit(client, "500", day(3, 23), currency="USD")
    deposit(client, "9999", day(3), state="declined", credited_at=None, paid_amount=None)
    withdrawal(client, "300", day(2))
    withdrawal(client, "777", day(2), state="review", paid_at=None, paid_amount=None)
    deal(client, "0.10", day(2), profit=Decimal(0), commission=Decimal("-1"))
    deal(client, "0.10", day(2), entry=1, profit=Decimal("42.50"))
    deal(client, "5", day(2), deleted_at=now())
    assert days_refresh(actor=carla) == [day(3).date(), day(2).date()]
    rows = _rows(client)
    third, second = rows[day(3).date()], rows[day(2).date()]
    assert (third.deposit_count, third.deposits_base) == (2, Decimal("1400.00"))
    assert (second.withdrawal_count, second.withdrawals_base) == (1, Decimal("300.00"))
    # 0.10 lots of 100,000 at 1.25 are 12,500 USD, which are 10,000 EUR; the closing adds none.
    assert (second.deal_count, second.notional_base) == (2, Decimal("10000.00"))
    assert second.profit_base == Decimal("41.50")
    assert len(rows) == 2


def test_days_follow_what_moves_later_and_rebuilding_changes_nothing(carla: Actor) -> None:
    client = make_client(carla, "Later")
    deposit(client, "100", day(5))
    days_refresh(actor=carla)
    late = deal(client, "1", day(9))
    late.synced_at = now()
    late.save(update_fields=["synced_at"])
    assert days_refresh(actor=carla) == [day(9).date()]
    before = list(ClientDay.objects.order_by("client", "day").values_list("day", "notional_base"))
    assert before == [(day(9).date(), Decimal("100000.00")), (day(5).date(), Decimal(0))]
    days_rebuild(actor=carla, days=[day(9).date(), day(5).date()])
    days_rebuild_all(actor=carla)
    after = list(ClientDay.objects.order_by("client", "day").values_list("day", "notional_base"))
    assert after == before


def test_a_currency_without_a_rate_is_counted_and_said(carla: Actor) -> None:
    client = make_client(carla, "Unrated")
    deposit(client, "100", day(5), currency="GBP")
    days_refresh(actor=carla)
    row = ClientDay.objects.get()
    assert (row.deposit_count, row.deposits_base, row.unrated_count) == (1, Decimal(0), 1)
    assert unrated(actor=carla, first=day(9).date(), last=AS_OF) == 1


def test_days_that_the_books_do_not_bear_out_are_named(carla: Actor) -> None:
    deposit(make_client(carla, "Unbooked"), "100", day(5))
    days_refresh(actor=carla)
    (fault,) = days_check(actor=carla, first=day(9).date(), last=AS_OF)
    assert (fault.kind, fault.in_days, fault.in_books) == ("deposit", 1, 0)


def test_fx01_finds_money_in_and_out_without_trading(carla: Actor) -> None:
    guilty, trader, keeper, small, old, edge = (
        make_client(carla, name) for name in ("Guilty", "Trader", "Keeper", "Small", "Old", "Edge")
    )
    for client, money in ((guilty, "6000"), (trader, "6000"), (keeper, "6000"), (edge, "5000")):
        deposit(client, money, day(20))
    deposit(small, "4999.99", day(20))
    deposit(old, "6000", day(30))  # one day before the window
    withdrawal(guilty, "5000", day(5))
    withdrawal(trader, "5000", day(5))
    withdrawal(keeper, "4799.99", day(5))
    withdrawal(small, "4999", day(5))
    withdrawal(old, "5000", day(5))
    withdrawal(edge, "4000", day(0))  # exactly 80%, on the last day
    deal(guilty, "0.20", day(10))  # 20,000 of turnover: below five times
    deal(trader, "0.30", day(10))  # 30,000: exactly five times is enough
    days_refresh(actor=carla)
    assert _found(carla, "FX01", FX01) == {guilty.pk, edge.pk}


def test_fx02_finds_deposits_kept_below_a_threshold(carla: Actor) -> None:
    guilty, pair, whole, spread, old, dollars = (
        make_client(carla, name) for name in ("Guilty", "Pair", "Whole", "Spread", "Old", "Dollars")
    )
    for hours in (1, 4, 7):
        deposit(guilty, "9200", day(2, hours))
        deposit(spread, "7499.99", day(2, hours))
        deposit(whole, "10000", day(2, hours))
        deposit(dollars, "12000", day(2, hours), currency="USD")  # 9,600 each
    for back in (1, 2):
        deposit(pair, "9900", day(back))
    for back in (7, 6, 5):
        deposit(old, "9200", day(back))  # the first is out of the window
    rows = found_by(carla.tenant_id, "FX02", FX02, AS_OF)
    assert {row[0] for row in rows} == {guilty.pk, dollars.pk}
    basis = next(row[2] for row in rows if row[0] == guilty.pk)
    assert (basis["deposit_count"], basis["deposits"]) == (3, "27600.00")


def test_fx08_finds_money_leaving_to_where_none_came_from(carla: Actor) -> None:
    guilty, looped, small, refused, yesterday, after = (
        make_client(carla, name)
        for name in ("Guilty", "Looped", "Small", "Refused", "Yesterday", "After")
    )
    for client in (guilty, looped, small, refused, yesterday):
        deposit(client, "2000", day(9), instrument="own")
    waiting: dict[str, Any] = {"state": "review", "paid_at": None, "paid_amount": None}
    bad = withdrawal(guilty, "500", day(0, 9), instrument="other", **waiting)
    withdrawal(looped, "900", day(0, 9), instrument="own", **waiting)
    withdrawal(small, "499.99", day(0, 9), instrument="other", **waiting)
    withdrawal(refused, "900", day(0, 9), instrument="other", **{**waiting, "state": "rejected"})
    withdrawal(yesterday, "900", day(1), instrument="other", **waiting)
    late = withdrawal(after, "900", day(0, 9), instrument="later", **waiting)
    deposit(after, "900", day(0, 10), instrument="later")  # paid in only after it was asked for
    rows = found_by(carla.tenant_id, "FX08", FX08, AS_OF)
    assert {(row[0], row[1]) for row in rows} == {
        (guilty.pk, str(bad.pk)),
        (after.pk, str(late.pk)),
    }


def test_a_run_raises_each_alert_once_and_into_the_queue(world: World) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        guilty = _structuring(carla)
        scenarios_install(actor=world.actor("miles"))
    first = monitoring_run(actor=carla, as_of=AS_OF)
    assert {name: r["raised"] for name, r in first.results.items()} == {
        "FX01 v1": 0, "FX02 v1": 1, "FX08 v1": 0,
    }  # fmt: skip
    again = monitoring_run(actor=carla, as_of=AS_OF)
    next_day = monitoring_run(actor=carla, as_of=AS_OF + timedelta(days=1))
    for run in (again, next_day):
        assert (run.results["FX02 v1"]["raised"], run.results["FX02 v1"]["known"]) == (0, 1)
    with tenant_scope(world.aurora.pk, carla):
        alert = Alert.objects.get()
        assert (alert.client_id, alert.code, alert.state) == (guilty.pk, "FX02", "triggered")
        assert (alert.window_first, alert.window_last) == (AS_OF - timedelta(days=6), AS_OF)
        item = queues.item_for(carla, "alerts", alert.pk)
        assert item is not None
        assert item.urgent
        assert MonitoringRun.objects.count() == 3


def test_nights_that_were_missed_are_made_up_for(world: World) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        client = make_client(carla, "Missed")
        withdrawal(client, "900", day(2), instrument="card-never-used")
        scenarios_install(actor=world.actor("miles"))
    assert days_due(carla, AS_OF) == [AS_OF]
    monitoring_run(actor=carla, as_of=AS_OF - timedelta(days=4))
    missed = [AS_OF - timedelta(days=back) for back in (3, 2, 1, 0)]
    assert days_due(carla, AS_OF) == missed
    raised = [monitoring_run(actor=carla, as_of=one).results["FX08 v1"]["raised"] for one in missed]
    assert raised == [0, 1, 0, 0]  # as of the last night alone it would not have been seen
    assert days_due(carla, AS_OF) == []


def _structuring(actor: Actor, name: str = "Guilty") -> Client:
    client = make_client(actor, name)
    for hours in (1, 4, 7):
        deposit(client, "9200", day(2, hours))
    return client


def test_another_brokerages_money_is_not_looked_at(world: World) -> None:
    carla, zoe = world.actor("carla"), world.actor("zoe")
    with tenant_scope(world.borealis.pk, zoe):
        client = make_client(zoe, "Elsewhere")
        for hours in (1, 4, 7):
            deposit(client, "9200", day(2, hours), currency="GBP")
    with tenant_scope(world.aurora.pk, carla):
        scenarios_install(actor=world.actor("miles"))
        assert _found(carla, "FX02", FX02) == set()
    assert monitoring_run(actor=zoe, as_of=AS_OF).results == {}
    with tenant_scope(world.borealis.pk, zoe):
        assert Alert.objects.count() == 0
        assert Scenario.objects.count() == 0


def test_a_scenario_in_shadow_counts_and_raises_nothing(world: World) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(world.aurora.pk, carla):
        _structuring(carla)
        draft = scenario_propose(
            actor=carla, code="FX02", parameters={}, severity="high", reason="Try it"
        )
        scenario_move(actor=miles, scenario=draft, state="shadow")
    run = monitoring_run(actor=carla, as_of=AS_OF)
    assert run.results["FX02 v1"] | {"seconds": 0} == {
        "state": "shadow", "found": 1, "raised": 0, "known": 0, "snoozed": 0, "seconds": 0,
    }  # fmt: skip
    with tenant_scope(world.aurora.pk, carla):
        assert Alert.objects.count() == 0


def test_a_silenced_client_raises_no_alert_until_the_day_is_past(world: World) -> None:
    carla = world.actor("carla")
    as_of = today()
    back = (as_of - AS_OF).days
    with tenant_scope(world.aurora.pk, carla):
        client = make_client(carla, "Known")
        for hours in (0, 1, 2):
            deposit(client, "9200", day(-back + 1, hours))
        scenarios_install(actor=world.actor("miles"))
    monitoring_run(actor=carla, as_of=as_of)
    with tenant_scope(world.aurora.pk, carla):
        alert = Alert.objects.get()
        alert_snooze(
            actor=carla, alert=alert, until=as_of + timedelta(days=2), reason="A known salary"
        )
        with pytest.raises(InvalidInput):
            alert_snooze(
                actor=carla, alert=alert, until=as_of + timedelta(days=400), reason="Too long"
            )
        note = "Salary of three jobs, contracts seen."
        alert_decide(actor=carla, alert=alert, verdict="cleared", reason="explained", note=note)
        # Another window, so that not the old alert keeps it silent.
        Alert.objects.update(window_first=date(2020, 1, 1), window_last=date(2020, 1, 7))
    run = monitoring_run(actor=carla, as_of=as_of + timedelta(days=1))
    assert (run.results["FX02 v1"]["raised"], run.results["FX02 v1"]["snoozed"]) == (0, 1)
    run = monitoring_run(actor=carla, as_of=as_of + timedelta(days=3))
    assert (run.results["FX02 v1"]["raised"], run.results["FX02 v1"]["snoozed"]) == (1, 0)


def _alert(world: World) -> Alert:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        _structuring(carla)
        scenarios_install(actor=world.actor("miles"))
    monitoring_run(actor=carla, as_of=AS_OF)
    with tenant_scope(world.aurora.pk, carla):
        return Alert.objects.get()


def test_an_alert_is_decided_with_a_reason_and_words(world: World) -> None:
    alert, carla = _alert(world), world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        alert_review(actor=carla, alert=alert)
        for reason, note in (("explained", "short"), ("unknown", "Long enough to be a record")):
            with pytest.raises(InvalidInput):
                alert_decide(actor=carla, alert=alert, verdict="cleared", reason=reason, note=note)
        done = alert_decide(
            actor=carla, alert=alert, verdict="cleared", reason="explained",
            note="Sale of a car, contract seen.",
        )  # fmt: skip
        assert (done.state, done.decided_by) == ("cleared", "Carla")
        story = {event.text: event.note for event in timeline(carla, alert.pk)}
        assert story["Cleared"] == "The client's explanation fits the documents"
        assert queues.item_for(carla, "alerts", alert.pk) is None
        with pytest.raises(StateConflict):
            alert_decide(
                actor=carla, alert=alert, verdict="escalated", reason="structuring",
                note="Too late to escalate.",
            )  # fmt: skip


def test_what_is_escalated_only_the_officer_clears(world: World) -> None:
    alert, carla, miles = _alert(world), world.actor("carla"), world.actor("miles")
    words = "Three deposits just below the threshold."
    with tenant_scope(world.aurora.pk, carla):
        alert_decide(
            actor=carla, alert=alert, verdict="escalated", reason="structuring", note=words
        )
        assert queues.item_for(carla, "alerts", alert.pk) is not None
        with pytest.raises(NotPermitted):
            alert_decide(
                actor=carla, alert=alert, verdict="cleared", reason="explained", note=words
            )
        done = alert_decide(
            actor=miles, alert=alert, verdict="cleared", reason="explained", note=words
        )
        assert done.state == AlertState.CLEARED


def test_figures_out_of_bounds_are_named(carla: Actor) -> None:
    for bad in ({"days": "0"}, {"days": "2.5"}, {"band_from": "x"}, {"threshold": "NaN"}):
        with pytest.raises(InvalidInput) as caught:
            scenario_propose(actor=carla, code="FX02", parameters=bad, severity="high", reason="x")
        assert set(caught.value.fields) == set(bad)
    assert Scenario.objects.count() == 0


def test_the_author_does_not_make_it_live_and_a_new_version_retires_the_old(
    world: World, carla: Actor
) -> None:
    miles = world.actor("miles")
    (old,) = [row for row in scenarios_install(actor=miles) if row.code == "FX02"]
    mine = scenario_propose(
        actor=miles, code="FX02", parameters={"threshold": "8000"}, severity="high", reason="Less"
    )
    with pytest.raises(FourEyes):
        scenario_move(actor=miles, scenario=mine, state="live")
    with pytest.raises(NotPermitted):
        scenario_move(actor=carla, scenario=mine, state="live")
    hers = scenario_propose(
        actor=carla, code="FX02", parameters={"threshold": "9000"}, severity="high", reason="Less"
    )
    live = scenario_move(actor=miles, scenario=hers, state="live")
    old.refresh_from_db()
    assert (live.state, live.version, old.state) == ("live", 3, "retired")
    with (
        pytest.raises(DatabaseError, match="scenario_four_eyes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE compliance_scenario SET approver_ref = author_ref WHERE id = %s", [hers.pk]
        )
