"""Owners and directors on the lists: hits of their company, which stop its case and lift its
risk."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.queues import item_for
from clients.models import Client, Party
from clients.ownership.services import company_flag, party_change, share_change, tie_end
from clients.selectors import allowed
from compliance.consequences import answer_for
from compliance.hits import hit_decide
from compliance.lists import tenant_list_import
from compliance.models import Hit, PartyScreening
from compliance.related import RELATED, company_screen, related_answers, related_screen
from compliance.rescreen import lists_follow
from compliance.risk import rules
from compliance.risk.defaults import FIRST
from compliance.risk.facts import facts_of
from compliance.risk.services import client_assess, last_of
from compliance.risk.versions import model_install
from compliance.screen import HITS_QUEUE
from compliance.screening.decide import Category
from compliance.states import HitState
from kyc.parties.services import ownership
from tests.clients.company_factories import make_company, make_holding, make_person
from tests.world import World

LISTED = "id,kind,name,birth_dates,countries\nX1,person,Quillon Drayle-Okonkwo,1979-05-04,GR\n"
QUIET = "id,name\nX9,Quincey Morris\n"
NAMED = {"first_name": "Quillon", "last_name": "Drayle Okonkwo"}


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    actor = world.actor("carla")
    with tenant_scope(world.aurora.pk, actor):
        yield actor


def make_list(
    actor: Actor, folder: Path, text: str = LISTED, category: Category = Category.INTERNAL
) -> None:
    path = folder / "list.csv"
    path.write_text(text)
    tenant_list_import(
        actor=actor, path=path, title="House list", category=category, accept_fewer=True
    )


def answer_of(client: Client, party: Party) -> tuple[bool, str]:
    (answer,) = ownership(client).standings[party.pk].answers
    return answer.clear, answer.words


def test_who_is_named_is_searched_with_all_that_is_known(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path)
        client = make_company(carla)
        party = make_person(carla, client, "30", **NAMED)
        assert answer_of(client, party) == (False, "not screened yet")
    outbox.drain(world.system())
    with tenant_scope(world.aurora.pk, carla):
        hit = Hit.objects.get()
        assert (hit.client_id, hit.subject_type, hit.subject_id) == (client.pk, RELATED, party.pk)
        assert (hit.subject["role"], hit.blocking) == ("Owner or director", True)
        assert item_for(carla, HITS_QUEUE, hit.pk) is not None
        assert answer_of(client, party) == (False, f"{hit.reference} to be decided")
        said = answer_for(carla, client)
        assert (said.outcome, said.summary) == ("hit", "1 to be decided")
        hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
        assert answer_of(client, party) == (True, "someone else in 1")


def test_a_share_that_changes_reopens_nothing_and_a_name_does(carla: Actor, tmp_path: Path) -> None:
    make_list(carla, tmp_path)
    client = make_company(carla)
    party = make_person(carla, client, "30", **NAMED)
    (hit,) = related_screen(actor=carla, party=party)
    hit_decide(actor=carla, hit=hit, verdict=HitState.FALSE_POSITIVE, reason="document")
    share_change(
        actor=carla, tie=party.ties.get(), percent=Decimal(40), from_on=today(), reason="More"
    )
    assert related_screen(actor=carla, party=party) == []
    changed = party_change(actor=carla, party=party, nationality="CY")
    assert answer_of(client, changed) == (False, "not screened yet")
    assert [each.pk for each in related_screen(actor=carla, party=changed)] == [hit.pk]


def test_a_confirmed_owner_stops_the_company(carla: Actor, tmp_path: Path) -> None:
    make_list(carla, tmp_path)
    model_install(actor=carla)
    client = make_company(carla)
    party = make_person(carla, client, "3", **NAMED)
    (hit,) = related_screen(actor=carla, party=party)
    hit_decide(actor=carla, hit=hit, verdict=HitState.CONFIRMED, reason="particulars")
    assert not any(permit.ok for permit in allowed(client).values())
    assert answer_of(client, party) == (False, f"{hit.reference} is confirmed")
    assert client_assess(actor=carla, client=client, why="test").band == "prohibited"  # type: ignore[union-attr]


def test_a_confirmed_exposed_owner_makes_the_company_high_and_is_looked_at_again(
    carla: Actor, tmp_path: Path
) -> None:
    make_list(carla, tmp_path, category=Category.PEP)
    client = make_company(carla)
    party = make_person(carla, client, "3", **NAMED)
    (hit,) = related_screen(actor=carla, party=party)
    hit_decide(actor=carla, hit=hit, verdict=HitState.CONFIRMED, reason="particulars")
    party.refresh_from_db()
    client.refresh_from_db()
    assert (party.politically_exposed, client.politically_exposed) == (True, False)
    assert client.risk_band == "high"
    assert answer_of(client, party)[0] is True
    model_install(actor=carla)
    client_assess(actor=carla, client=client, why="test")
    assert last_of(client)[0].floors == ["Someone behind the company is politically exposed"]


def test_who_has_left_is_no_longer_searched(carla: Actor, tmp_path: Path) -> None:
    make_list(carla, tmp_path)
    client = make_company(carla)
    party = make_person(carla, client, "30", **NAMED)
    (hit,) = related_screen(actor=carla, party=party)
    tie_end(actor=carla, tie=party.ties.get(), until_on=today(), reason="Sold")
    party.refresh_from_db()
    assert related_screen(actor=carla, party=party) == []
    hit.refresh_from_db()
    assert hit.state == HitState.GONE
    assert not PartyScreening.objects.exists()
    assert item_for(carla, HITS_QUEUE, hit.pk) is None


def test_a_changed_list_finds_who_was_searched_before(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_list(carla, tmp_path, QUIET)
        client = make_company(carla)
        make_person(carla, client, "30", **NAMED)
        make_holding(carla, client, "30")
        company_screen(actor=carla, client=client)
        assert (PartyScreening.objects.count(), Hit.objects.count()) == (2, 0)
        make_list(carla, tmp_path, LISTED)
    lists_follow(world.system())
    with tenant_scope(world.aurora.pk, carla):
        assert Hit.objects.get().subject_type == RELATED


def test_a_holding_is_searched_among_companies(carla: Actor, tmp_path: Path) -> None:
    make_list(carla, tmp_path, "id,kind,name\nX2,entity,Harbour Holding Limited\n")
    client = make_company(carla)
    holding = make_holding(carla, client, "30")
    person = make_person(carla, client, "3", first_name="Harbour", last_name="Holding")
    assert len(related_screen(actor=carla, party=holding)) == 1
    assert related_screen(actor=carla, party=person) == []


def test_a_name_without_letters_is_not_clear(carla: Actor) -> None:
    client = make_company(carla)
    party = make_person(carla, client, "30", first_name="", last_name="Ω")
    assert related_answers(client, [party])[party.pk].words == (
        "the name has too few letters for the lists"
    )


@pytest.mark.parametrize("flag", ["shell", "bearer"])
def test_a_company_that_hides_its_owners_is_never_below_high(carla: Actor, flag: str) -> None:
    model_install(actor=carla)
    own = company_flag(actor=carla, client=make_company(carla), flags=[flag])
    through = make_company(carla, email="b@mail.example")
    make_holding(carla, through, "30", flags=[flag])
    for client in (own, through):
        made = client_assess(actor=carla, client=client, why="test")
        assert made is not None
        assert (made.band, len(made.floors)) == ("high", 1)
        assert flag in made.floors[0]


def test_a_company_owned_by_a_company_weighs_more(carla: Actor) -> None:
    client = make_company(carla)
    make_person(carla, client, "30", birth_date=date(1980, 1, 1))
    before = facts_of(client.pk)
    make_holding(carla, client, "30")
    after = facts_of(client.pk)
    assert before is not None
    assert after is not None
    assert (before.facts.layered, after.facts.layered) == (False, True)
    plain, layered = rules.assess(FIRST, before.facts), rules.assess(FIRST, after.facts)
    lines = {line.code: line for line in layered.lines}
    assert lines["kind"].words == "Company owned by companies"
    assert layered.score > plain.score


def test_a_model_of_before_takes_every_company_alike() -> None:
    kept = rules.dump(FIRST)
    del kept["levels"]["kind"]["layered"]
    assert rules.load(kept).levels["kind"]["layered"] == FIRST.levels["kind"]["company"]
