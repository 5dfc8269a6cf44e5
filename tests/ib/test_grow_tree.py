"""The tree: effective-dated moves, no circles, no overlaps, whatever way they are tried."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal.timeline import audit_events
from backoffice.tenancy.scope import tenant_scope
from clients.services import client_move
from ib import selectors
from ib.errors import HistoryStays, WouldCircle
from ib.models import ClientAttribution, Partner, Placement
from ib.services import (
    accrual_run,
    client_attribute,
    client_detach,
    partner_create,
    partner_move,
    partner_place,
)
from tests.ib.factories import (
    Market,
    attribute,
    make_agreement,
    make_client,
    make_partner,
    rates,
)
from tests.world import World

DAY = timedelta(days=1)


def _place(actor: Actor, partner: Partner, parent: Partner | None, days: int = 0) -> None:
    partner_place(
        actor=actor,
        partner=partner,
        parent=parent,
        from_at=now() + days * DAY if days else None,
        reason="test",
    )


def test_a_partner_is_placed_and_moved(igor: Actor) -> None:
    a, b = make_partner(igor), make_partner(igor)
    c = make_partner(igor, a)
    _place(igor, c, b)
    placement = selectors.parent_of(c)
    assert placement is not None
    assert placement.parent == b
    before = selectors.parent_of(c, now() - DAY)
    assert before is not None
    assert before.parent == a
    _place(igor, c, None)
    assert selectors.parent_of(c) is None


def test_nobody_stands_above_themselves(igor: Actor) -> None:
    a = make_partner(igor)
    b = make_partner(igor, a)
    c = make_partner(igor, b)
    rows = Placement.objects.count()
    for parent in (a, b, c):
        with pytest.raises(WouldCircle):
            _place(igor, a, parent)
    assert Placement.objects.count() == rows


def test_a_circle_that_would_close_only_later_is_refused_too(igor: Actor) -> None:
    a, b = make_partner(igor), make_partner(igor)
    _place(igor, a, b, days=30)
    with pytest.raises(WouldCircle):
        _place(igor, b, a)
    with pytest.raises(WouldCircle):
        _place(igor, b, a, days=60)


def test_places_may_be_swapped_when_their_times_do_not_meet(igor: Actor) -> None:
    a = make_partner(igor)
    b = make_partner(igor, a)
    _place(igor, b, None, days=5)
    _place(igor, a, b, days=5)
    later = selectors.parent_of(a, now() + 6 * DAY)
    assert later is not None
    assert later.parent == b


def test_two_moves_at_once_cannot_close_a_circle(committed: None, world: World) -> None:
    igor = world.actor("igor")
    with tenant_scope(world.aurora.pk, igor):
        a, b = make_partner(igor), make_partner(igor)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def move(partner: Partner, parent: Partner) -> None:
        start.wait()
        try:
            with tenant_scope(world.aurora.pk, igor):
                _place(igor, partner, parent)
            outcomes.append("moved")
        except WouldCircle:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=move, args=pair) for pair in ((a, b), (b, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved", "refused"]


def test_the_database_itself_refuses_circles_and_overlaps(igor: Actor) -> None:
    a = make_partner(igor)
    b = make_partner(igor, a)
    facts = {"from_at": now() - DAY, "set_by": "x"}
    for partner, parent in ((a, b), (b, a), (a, a)):
        with pytest.raises(DatabaseError), transaction.atomic():
            Placement.objects.create(partner=partner, parent=parent, **facts)
    client = make_client(igor)
    attribute(igor, client, a)
    with pytest.raises(DatabaseError), transaction.atomic():
        ClientAttribution.objects.create(client=client, partner=b, **facts)


def test_a_move_cannot_reach_behind_commissions(igor: Actor, market: Market) -> None:
    a, b = make_partner(igor), make_partner(igor)
    c = make_partner(igor, a, make_agreement(igor, rates(ANY=["5"])))
    client = make_client(igor)
    attribute(igor, client, c)
    market.closed(client, "1", at=now() - DAY)
    accrual_run(actor=igor)
    with pytest.raises(HistoryStays):
        _place(igor, c, b, days=-2)
    with pytest.raises(HistoryStays):
        client_detach(actor=igor, client=client, from_at=now() - 2 * DAY, reason="test")
    placement = selectors.parent_of(c)
    assert placement is not None
    assert placement.parent == a


def test_a_later_plan_is_dropped_by_an_earlier_move(igor: Actor) -> None:
    a, b, c = (make_partner(igor) for _ in range(3))
    _place(igor, c, a, days=30)
    _place(igor, c, b, days=10)
    found = selectors.parent_of(c, now() + 40 * DAY)
    assert found is not None
    assert found.parent == b


def test_a_client_goes_from_one_partner_to_another_and_to_none(igor: Actor) -> None:
    a, b = make_partner(igor), make_partner(igor)
    client = make_client(igor)
    attribute(igor, client, a)
    client_attribute(actor=igor, client=client, partner=b, reason="asked")
    client.refresh_from_db()
    assert client.partner_ref == b.reference
    client_detach(actor=igor, client=client, reason="asked")
    client.refresh_from_db()
    assert client.partner_ref == ""
    with pytest.raises(StateConflict):
        client_detach(actor=igor, client=client, reason="again")
    # One act, one entry, on the client whom it is about.
    told = [event.text for event in reversed(audit_events(igor, client.pk))]
    put = [text.partition(" from ")[0] for text in told if "under" in text]
    assert put == [f"Put {client.reference} under {each.reference}" for each in (a, b)]
    assert told[-1] == f"Ended that {client.reference} is with {b.reference}: asked"
    assert not any(client.reference in event.text for event in audit_events(igor, b.pk))


def test_a_client_is_made_a_partner_once_and_only_while_it_makes_sense(igor: Actor) -> None:
    client = make_client(igor)
    partner = partner_create(actor=igor, client=client)
    assert partner.state == "applicant"
    with pytest.raises(StateConflict):
        partner_create(actor=igor, client=client)
    client_move(actor=igor, client=client, state="suspended", reason="test")
    partner.refresh_from_db()
    with pytest.raises(InvalidInput):
        partner_move(actor=igor, partner=partner, state="active", reason="test")
    with pytest.raises(InvalidInput):
        partner_move(actor=igor, partner=partner, state="closed", reason=" ")
    closed = make_client(igor)
    client_move(actor=igor, client=closed, state="closed", reason="test")
    with pytest.raises(InvalidInput):
        partner_create(actor=igor, client=closed)


def test_a_move_needs_a_reason_and_a_time_within_a_year(igor: Actor) -> None:
    a, b = make_partner(igor), make_partner(igor)
    with pytest.raises(InvalidInput):
        partner_place(actor=igor, partner=a, parent=b, reason=" ")
    with pytest.raises(InvalidInput):
        _place(igor, a, b, days=400)
    partner_move(actor=igor, partner=b, state="closed", reason="left")
    b.refresh_from_db()
    with pytest.raises(InvalidInput):
        _place(igor, a, b)
    assert selectors.parent_of(a) is None


def test_the_tree_shows_who_is_above_and_below(igor: Actor) -> None:
    top = make_partner(igor)
    middle = make_partner(igor, top)
    low, other = make_partner(igor, middle), make_partner(igor, middle)
    deepest = make_partner(igor, low)
    make_partner(igor, top)
    found = [(branch.partner, branch.depth) for branch in selectors.tree(igor, middle)]
    assert found == [(top, -1), (middle, 0), (low, 1), (deepest, 2), (other, 1)]
    assert selectors.below_count(top) == 5
