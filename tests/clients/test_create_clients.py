"""Leads come in whole or not at all, and are found again."""

from datetime import date
from typing import Any

import pytest

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal import search
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Transition
from clients import selectors, services
from clients.models import Client
from tests.clients.factories import make_desk, make_lead
from tests.world import World


def test_a_lead_gets_a_reference_a_history_and_an_audit_entry(olivia: Actor) -> None:
    client = make_lead(olivia)
    assert client.reference == f"C-{today().year}-000001"
    assert (client.state, client.level, client.rights) == ("lead", 0, ["login"])
    assert client.phone == "+35799123456"
    assert Transition.objects.get(subject_id=client.pk).target == "lead"
    entry = AuditEntry.objects.get(subject_id=client.pk)
    assert (entry.action, entry.actor_ref) == ("clients.created", olivia.ref)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"last_name": ""}, "last_name"),
        ({"email": "no address"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"nationality": "XX"}, "nationality"),
        ({"residence": "Cyprus"}, "residence"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "12"}, "phone"),
        ({"birth_date": date(2015, 1, 1)}, "birth_date"),
        ({"birth_date": date(2999, 1, 1)}, "birth_date"),
        ({"birth_date": date(1850, 1, 1)}, "birth_date"),
        ({"first_name": "A\x00na"}, "first_name"),
        ({"last_name": "x" * 81}, "last_name"),
        ({"company_name": "Acme Ltd"}, "company_name"),
        ({"kind": "company", "company_name": ""}, "company_name"),
        ({"language": "english"}, "language"),
    ],
)
def test_wrong_particulars_are_named_and_nothing_is_kept(
    olivia: Actor, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_lead(olivia, **values)
    assert field in caught.value.fields
    assert Client.objects.count() == 0
    assert AuditEntry.objects.filter(action="clients.created").count() == 0


def test_names_of_every_script_are_taken_and_found_in_latin_letters(olivia: Actor) -> None:
    client = make_lead(olivia, first_name="Αθηνά", last_name="Παπαδοπούλου", email="a@p.example")
    assert client.surname_key == "papadopoyloy"
    assert [hit.label for hit in search.find(olivia, "athina papa")] == ["Αθηνά Παπαδοπούλου"]


@pytest.mark.parametrize(
    "typed", ["erik", "anna erik", "ERIKSSON", "anna.eriksson@mail", "35799123", "c-{year}-000001"]
)
def test_a_client_is_found_by_the_beginning_of_what_is_known(olivia: Actor, typed: str) -> None:
    typed = typed.format(year=today().year)
    make_lead(olivia)
    make_lead(olivia, first_name="Bo", last_name="Berg", email="b@berg.example", phone="")
    assert [hit.label for hit in search.find(olivia, typed)] == ["Anna Eriksson"]
    rows = selectors.matching(selectors.clients_for(olivia), typed)
    assert [row.name for row in rows] == ["Anna Eriksson"]


def test_a_changed_name_is_found_and_the_old_one_is_not(olivia: Actor) -> None:
    client = make_lead(olivia)
    services.client_update(actor=olivia, client=client, last_name="Lindqvist")
    assert search.find(olivia, "eriksson") == []
    assert [hit.label for hit in search.find(olivia, "lindqvist")] == ["Anna Lindqvist"]
    assert Client.history.filter(id=client.pk).count() == 2


def test_another_brokerage_finds_nothing(olivia: Actor, world: World) -> None:
    make_lead(olivia)
    zoe = world.actor("zoe")
    assert [hit.label for hit in search.find(olivia, "erik")] == ["Anna Eriksson"]
    assert selectors.clients_for(zoe).count() == 0


def test_an_update_that_changes_nothing_leaves_no_trace(olivia: Actor) -> None:
    client = make_lead(olivia)
    services.client_update(actor=olivia, client=client, last_name=" Eriksson ")
    assert AuditEntry.objects.filter(action="clients.changed").count() == 0


def test_a_closed_client_is_not_changed(olivia: Actor) -> None:
    client = make_lead(olivia)
    services.client_move(actor=olivia, client=client, state="closed", reason="asked")
    with pytest.raises(StateConflict):
        services.client_update(actor=olivia, client=client, last_name="Other")
    assert Client.objects.get(pk=client.pk).last_name == "Eriksson"


def test_an_impossible_move_is_refused_and_a_reason_is_needed(olivia: Actor) -> None:
    client = make_lead(olivia)
    with pytest.raises(StateConflict, match="It is lead"):
        services.client_move(actor=olivia, client=client, state="active", reason="x")
    with pytest.raises(InvalidInput):
        services.client_move(actor=olivia, client=client, state="closed", reason="  ")
    assert Client.objects.get(pk=client.pk).state == "lead"


def test_the_same_surname_and_birth_date_link_two_clients_and_no_more(olivia: Actor) -> None:
    first = make_lead(olivia)
    second = make_lead(olivia, first_name="Ann", last_name="ERIKSSON", email="other@mail.example")
    make_lead(olivia, birth_date=date(1990, 1, 1), email="third@mail.example")
    assert selectors.possible_duplicates(first) == [(second, "the same surname and birth date")]


def test_a_member_of_one_desk_sees_and_makes_clients_of_that_desk_only(world: World) -> None:
    from guardian.shortcuts import assign_perm

    from backoffice.staff.models import Role
    from backoffice.staff.selectors import actor_for

    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        mine, other = make_desk(adam), make_desk(adam, "Vienna")
        seen = make_lead(adam, desk=mine)
        hidden = make_lead(adam, desk=other, email="v@mail.example")
        role = Role.objects.get(code="support")
        role.group.permissions.remove(*role.group.permissions.filter(codename="view_all_desks"))
        assign_perm("clients.work_desk", world.user("sam"), mine)
        sam = actor_for(world.user("sam"), adam.tenant_id)
        assert sam is not None
        assert list(selectors.clients_for(sam)) == [seen]
        assert [hit.url for hit in search.find(sam, "erik")] == [f"/clients/{seen.pk}/"]
        with pytest.raises(InvalidInput, match="not valid") as caught:
            make_lead(sam, desk=other, email="n@mail.example")
        assert caught.value.fields == {"desk": "Choose one of your desks."}
        with pytest.raises(InvalidInput):
            services.client_assign(actor=sam, client=seen, desk=other, manager=None)
        assert hidden not in selectors.clients_for(sam)


def test_a_manager_works_for_the_brokerage(olivia: Actor, world: World) -> None:
    client = make_lead(olivia)
    services.client_assign(actor=olivia, client=client, desk=None, manager=world.user("sam"))
    with pytest.raises(InvalidInput):
        services.client_assign(actor=olivia, client=client, desk=None, manager=world.user("zoe"))
    assert Client.objects.get(pk=client.pk).manager_id == world.user("sam").pk


def test_a_name_from_the_right_stays_and_marks_that_turn_it_by_force_go(olivia: Actor) -> None:
    client = make_lead(olivia, first_name="محمد", last_name="بن سلمان\u202e gnp.exe\u2066")
    assert (client.first_name, client.last_name) == ("محمد", "بن سلمان gnp.exe")
    changed = services.client_update(actor=olivia, client=client, last_name="\u202dO'Neill\u202c")
    assert changed.last_name == "O'Neill"
