"""Who is behind a company: named, changed, ended; never deleted."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Transition
from clients.models import Party, Tie
from clients.ownership.selectors import ended_ties, structure_of
from clients.ownership.services import (
    company_flag,
    party_change,
    party_decide,
    share_change,
    tie_add,
    tie_end,
)
from clients.ownership.states import PartyState
from clients.services import client_move
from tests.clients.company_factories import LONG_AGO, make_company, make_holding, make_person
from tests.clients.factories import make_document, make_lead
from tests.world import STRANGER, World, load_world


def test_a_tree_of_two_steps_is_reckoned_and_drawn(carla: Actor) -> None:
    client = make_company(carla)
    holding = make_holding(carla, client, "60")
    maria = make_person(carla, client, "50", of=holding)
    nikos = make_person(carla, client, first_name="Nikos")
    tie_add(actor=carla, party=maria, role="signatory", from_on=LONG_AGO)
    found = structure_of(client)
    assert found.effective == {holding.pk: Fraction(60), maria.pk: Fraction(30)}
    assert [(line.party.name, line.depth, line.percent) for line in found.lines()] == [
        ("Harbour Holding Ltd", 0, Decimal(60)),
        ("Maria Kostas", 1, Decimal(50)),
        ("Nikos Kostas", 0, None),
    ]
    assert found.role_words(maria) == "owner, signatory"
    assert found.required() == [holding, maria, nikos]
    assert found.unexplained() == 70
    assert found.gaps() == [(client.name, Fraction(40)), (holding.name, Fraction(30))]


def test_an_owner_below_a_quarter_is_not_asked_for(carla: Actor) -> None:
    client = make_company(carla)
    make_person(carla, client, "24.9999")
    quarter = make_person(carla, client, "25", first_name="Eleni")
    assert structure_of(client).required() == [quarter]


def test_who_owns_by_two_ways_is_drawn_twice_and_what_is_below_once(carla: Actor) -> None:
    client = make_company(carla)
    first = make_holding(carla, client, "50")
    second = make_holding(carla, client, "40", company_name="Second Holding Ltd")
    shared = make_holding(carla, client, "30", company_name="Shared Ltd", of=first)
    tie_add(
        actor=carla, party=shared, role="owner", percent=Decimal(20), of=second, from_on=LONG_AGO
    )
    maria = make_person(carla, client, "100", of=shared)
    found = structure_of(client)
    assert found.share(maria) == 15 + 8
    drawn = [(line.party.name, line.again) for line in found.lines()]
    assert drawn.count(("Maria Kostas", False)) == 1
    assert ("Shared Ltd", True) in drawn


def test_a_changed_share_ends_one_row_and_begins_another(carla: Actor) -> None:
    client = make_company(carla)
    maria = make_person(carla, client, "60")
    tie = maria.ties.get()
    day = today() - timedelta(days=10)
    made = share_change(
        actor=carla, tie=tie, percent=Decimal("35.5"), from_on=day, reason="Sold some"
    )
    tie.refresh_from_db()
    assert (tie.percent, tie.until_on, tie.end_reason) == (Decimal(60), day, "Sold some")
    assert (made.percent, made.from_on, made.until_on) == (Decimal("35.5"), day, None)
    assert structure_of(client).share(maria) == Fraction("35.5")
    assert ended_ties(client) == [tie]
    with pytest.raises(StateConflict, match="Carla has ended it already"):
        share_change(actor=carla, tie=tie, percent=Decimal(1), from_on=day, reason="Again")
    actions = AuditEntry.objects.filter(subject_id=client.pk).values_list("action", flat=True)
    assert list(actions).count("clients.tie_added") == 2
    assert list(actions).count("clients.tie_ended") == 1


def test_a_party_ends_with_its_last_role_but_not_while_others_own_it(carla: Actor) -> None:
    client = make_company(carla)
    holding = make_holding(carla, client, "60")
    maria = make_person(carla, client, "50", of=holding)
    with pytest.raises(StateConflict, match="Others own shares of Harbour"):
        tie_end(actor=carla, tie=holding.ties.get(), until_on=today(), reason="Sold")
    tie_end(actor=carla, tie=maria.ties.get(), until_on=today(), reason="Sold")
    tie_end(actor=carla, tie=holding.ties.get(), until_on=today(), reason="Sold")
    holding.refresh_from_db()
    assert (holding.state, holding.ended_on) == (PartyState.ENDED, today())
    assert structure_of(client).parties == {}
    with pytest.raises(StateConflict, match="ended on"):
        tie_add(actor=carla, party=holding, role="director", from_on=today())
    targets = Transition.objects.filter(subject_id=holding.pk).order_by("id")
    assert [move.target for move in targets] == ["open", "ended"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"percent": Decimal(130)}, "percent"),
        ({"percent": Decimal(0)}, "percent"),
        ({"percent": None}, "percent"),
        ({"role": "director"}, "percent"),
        ({"role": "king"}, "role"),
        ({"from_on": today() + timedelta(days=1)}, "from_on"),
        ({"from_on": date(1700, 1, 1)}, "from_on"),
        ({"last_name": ""}, "last_name"),
        ({"last_name": "Ko\x00stas"}, "last_name"),
        ({"last_name": "x" * 81}, "last_name"),
        ({"kind": "ghost"}, "kind"),
        ({"nationality": "XX"}, "nationality"),
        ({"birth_date": today() + timedelta(days=1)}, "birth_date"),
        ({"birth_date": date(1800, 1, 1)}, "birth_date"),
    ],
)
def test_what_can_not_be_so_is_named_and_nothing_is_kept(
    carla: Actor, values: dict[str, Any], field: str
) -> None:
    client = make_company(carla)
    with pytest.raises(InvalidInput) as refused:
        make_person(carla, client, "30", **values)
    assert list(refused.value.fields) == [field]
    assert (Party.objects.count(), Tie.objects.count()) == (0, 0)


def test_more_than_the_whole_and_circles_are_refused(carla: Actor) -> None:
    client = make_company(carla)
    holding = make_holding(carla, client, "70")
    fund = make_holding(carla, client, "50", company_name="Fund Ltd", of=holding)
    with pytest.raises(InvalidInput) as refused:
        make_person(carla, client, "30.0001")
    assert refused.value.fields == {"percent": "70 % are told already, so 30 % are left."}
    with pytest.raises(InvalidInput) as refused:
        tie_add(
            actor=carla, party=holding, role="owner", percent=Decimal(5), of=fund, from_on=LONG_AGO
        )
    assert "circle" in refused.value.fields["percent"]
    with pytest.raises(InvalidInput) as refused:
        make_person(carla, client, "5", of=make_person(carla, client))
    assert refused.value.fields == {"percent": "Only a company has owners."}
    assert structure_of(client).unexplained() == 100


def test_the_same_role_stands_once(carla: Actor) -> None:
    client = make_company(carla)
    maria = make_person(carla, client)
    with pytest.raises(InvalidInput, match="valid") as refused:
        tie_add(actor=carla, party=maria, role="director", from_on=today())
    assert refused.value.fields == {
        "role": "Maria Kostas is a director already: change the share or end it."
    }


def test_an_end_lies_between_the_beginning_and_today_and_has_a_reason(carla: Actor) -> None:
    client = make_company(carla)
    tie = make_person(carla, client).ties.get()
    for day, reason, field in (
        (today() + timedelta(days=1), "Left", "until_on"),
        (LONG_AGO - timedelta(days=1), "Left", "until_on"),
        (today(), "  ", "reason"),
    ):
        with pytest.raises(InvalidInput) as refused:
            tie_end(actor=carla, tie=tie, until_on=day, reason=reason)
        assert list(refused.value.fields) == [field]
    tie.refresh_from_db()
    assert tie.until_on is None


def test_a_person_and_a_closed_company_have_no_owners(carla: Actor) -> None:
    with pytest.raises(InvalidInput, match="Only a company"):
        make_person(carla, make_lead(carla))
    client = make_company(carla)
    client_move(actor=carla, client=client, state="closed", reason="left")
    with pytest.raises(StateConflict, match="closed"):
        make_person(carla, client)


def test_another_companys_holding_and_papers_are_refused(carla: Actor) -> None:
    client, other = make_company(carla), make_company(carla, email="b@mail.example")
    holding = make_holding(carla, other, "60")
    paper = make_document(carla, other, "shareholders")
    for values in ({"of": holding}, {"evidence": paper}):
        with pytest.raises(InvalidInput) as refused:
            make_person(carla, client, "30", **values)
        assert list(refused.value.fields) == list(values)
    assert structure_of(client).parties == {}


def test_a_changed_person_is_looked_at_again(carla: Actor) -> None:
    client = make_company(carla)
    maria = make_person(carla, client)
    party_decide(actor=carla, party=maria, target=PartyState.CLEARED)
    assert party_change(actor=carla, party=maria, residence="cy").state == PartyState.CLEARED
    maria = party_change(actor=carla, party=maria, last_name="Kosta")
    maria.refresh_from_db()
    assert (maria.state, maria.decision_reason) == (PartyState.OPEN, "the particulars changed")
    assert AuditEntry.objects.filter(action="clients.party_changed").count() == 1


def test_a_holding_with_owners_stays_a_company(carla: Actor) -> None:
    client = make_company(carla)
    holding = make_holding(carla, client, "60")
    make_person(carla, client, "50", of=holding)
    with pytest.raises(InvalidInput) as refused:
        party_change(actor=carla, party=holding, kind="person", last_name="Holding")
    assert list(refused.value.fields) == ["kind"]


def test_what_the_company_is_is_noted_once(carla: Actor) -> None:
    client = company_flag(actor=carla, client=make_company(carla), flags=["shell", "bearer"])
    company_flag(actor=carla, client=client, flags=["bearer", "shell"])
    assert AuditEntry.objects.filter(action="clients.company_flagged").count() == 1
    with pytest.raises(InvalidInput):
        company_flag(actor=carla, client=client, flags=["golden"])
    listed = company_flag(actor=carla, client=client, flags=["listed"])
    assert structure_of(listed).unexplained() == 0


def test_the_database_keeps_what_was(carla: Actor) -> None:
    tie = make_person(carla, make_company(carla), "40").ties.get()
    for statement in (
        "DELETE FROM clients_party",
        "DELETE FROM clients_tie",
        "UPDATE clients_tie SET percent = 90",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    tie.refresh_from_db()
    assert tie.percent == Decimal(40)


def test_a_stranger_finds_no_party(world: World) -> None:
    actor, stranger = world.actor("carla"), world.actor(STRANGER)
    with tenant_scope(actor.tenant_id, actor):
        make_person(actor, make_company(actor))
    with tenant_scope(stranger.tenant_id, stranger):
        assert not Party.objects.exists()


def test_two_people_can_not_give_away_more_than_the_whole(committed: None) -> None:
    """On two real connections: the second hears what the first has left."""
    world = load_world()
    carla = world.actor("carla")
    with tenant_scope(carla.tenant_id, carla):
        client = make_company(carla)
    start = Barrier(2)

    def add(name: str) -> str:
        actor = world.actor(name)
        try:
            start.wait()
            with tenant_scope(actor.tenant_id, actor):
                make_person(actor, client, "60", first_name=name.title())
        except DomainError as error:
            return error.fields["percent"]
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(2) as pool:
        heard = sorted(pool.map(add, ["carla", "olivia"]))
    assert heard == ["", "60 % are told already, so 40 % are left."]
    with tenant_scope(carla.tenant_id, carla):
        assert (Party.objects.count(), Tie.objects.count()) == (1, 1)
