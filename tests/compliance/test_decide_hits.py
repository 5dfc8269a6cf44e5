"""Hits are decided with reasons; on sanctions lists by two people, and what follows is real."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import approvals, queues
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import ClientAction, Restriction
from compliance.hits import hit_decide
from compliance.models import Hit
from compliance.screen import client_screen
from compliance.screening.decide import Category
from compliance.states import HitState
from tests.compliance.factories import make_hit, make_ines, make_own_list
from tests.world import World

Browse = Callable[[str], Browser]


def _propose(actor: Actor, hit: Hit, verdict: str = HitState.FALSE_POSITIVE) -> Hit:
    reason = "document" if verdict == HitState.FALSE_POSITIVE else "particulars"
    return hit_decide(actor=actor, hit=hit, verdict=verdict, reason=reason)


def test_an_internal_hit_is_decided_by_one_person(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        hit = _propose(carla, make_hit(carla, tmp_path, Category.INTERNAL))
        assert (hit.state, hit.decided_by, hit.second_by) == ("false_positive", "Carla", "")
        assert queues.item_for(carla, "hits", hit.pk) is None


def test_a_sanctions_hit_waits_for_someone_else(world: World, tmp_path: Path) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(world.aurora.pk, carla):
        hit = _propose(carla, make_hit(carla, tmp_path))
        assert (hit.state, hit.proposed) == ("pending", "false_positive")
        approval = approvals.pending_for(carla, hit.pk)
        assert approval is not None
        with pytest.raises(FourEyes):
            approval_vote(actor=carla, approval=approval, approves=True)
        hit.refresh_from_db()
        assert hit.state == HitState.PENDING
        approval_vote(actor=miles, approval=approval, approves=True)
        hit.refresh_from_db()
        assert (hit.state, hit.decided_by, hit.second_by) == ("false_positive", "Carla", "Miles")
        assert Restriction.objects.count() == 0


def test_sent_back_it_is_open_again_with_its_reason(world: World, tmp_path: Path) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(world.aurora.pk, carla):
        hit = _propose(carla, make_hit(carla, tmp_path))
        approval = approvals.pending_for(carla, hit.pk)
        assert approval is not None
        approval_vote(actor=miles, approval=approval, approves=False, reason="Look at the passport")
        hit.refresh_from_db()
        assert (hit.state, hit.proposed) == ("open", "")
        assert queues.item_for(carla, "hits", hit.pk) is not None


def test_a_confirmed_sanctions_hit_stops_the_client_in_everything(
    world: World, tmp_path: Path
) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(world.aurora.pk, carla):
        hit = _propose(carla, make_hit(carla, tmp_path), HitState.CONFIRMED)
        assert Restriction.objects.count() == 0
        approval = approvals.pending_for(carla, hit.pk)
        assert approval is not None
        approval_vote(actor=miles, approval=approval, approves=True)
        stopped = Restriction.objects.filter(client=hit.client, lifted_at=None)
        assert {row.action for row in stopped} == set(ClientAction)
        assert {row.text for row in stopped} == {"Stopped by compliance"}
        # Found again it stays confirmed, and no second hit is made.
        assert client_screen(actor=carla, client=hit.client) == []
        assert Hit.objects.get().state == HitState.CONFIRMED


def test_a_verdict_needs_a_reason_from_the_list_and_other_needs_words(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        hit = make_hit(carla, tmp_path)
        for verdict, reason in (
            ("false_positive", "particulars"),
            ("confirmed", ""),
            ("false_positive", "other"),
            ("gone", "document"),
        ):
            with pytest.raises(InvalidInput):
                hit_decide(actor=carla, hit=hit, verdict=verdict, reason=reason)
        hit.refresh_from_db()
        assert (hit.state, hit.reason) == ("open", "")


def test_the_same_verdict_again_is_no_error_and_another_one_is(
    world: World, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        hit = _propose(carla, make_hit(carla, tmp_path, Category.INTERNAL))
        assert _propose(carla, hit).state == HitState.FALSE_POSITIVE
        with pytest.raises(StateConflict):
            _propose(carla, hit, HitState.CONFIRMED)


def test_who_may_not_decide_is_refused(world: World, tmp_path: Path) -> None:
    carla, pavel = world.actor("carla"), world.actor("pavel")
    with tenant_scope(world.aurora.pk, carla):
        hit = make_hit(carla, tmp_path)
        with pytest.raises(NotPermitted):
            _propose(pavel, hit)
        hit.refresh_from_db()
        assert hit.state == HitState.OPEN


def test_two_people_decide_in_the_browser_and_the_page_explains(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        hit = make_hit(carla, tmp_path)
    url = reverse("compliance:hit", args=[hit.pk])
    hers, his = browse("carla"), browse("miles")
    listed = hers.get(reverse("compliance:hits")).content.decode()
    assert hit.reference in listed
    assert "Ines Valderamia" in listed
    page = hers.get(url).content.decode()
    for text in ("VALDERRAMIA, Ines", "21 Jul 1990", "Birth date equal", "Someone else", "+0.05"):
        assert text in page, text
    decide = reverse("compliance:hit-decide", args=[hit.pk, "false_positive"])
    assert "The birth date is another one" in hers.get(decide).content.decode()
    assert hers.post(decide, {}).status_code == 422
    assert hers.post(decide, {"reason": "document", "note": "Passport seen"}).status_code == 302
    waits = hers.get(url).content.decode()
    assert "You asked for it; someone else decides." in waits
    vote = reverse("compliance:hit-vote", args=[hit.pk])
    hers.post(vote, {"approves": "yes"})
    with tenant_scope(world.aurora.pk, carla):
        assert Hit.objects.get().state == HitState.PENDING
    with tenant_scope(world.aurora.pk, carla):
        asked = pending_for(carla, hit.pk)
    assert asked is not None
    paper = his.get(reverse("portal:approval", args=[asked.pk])).content.decode()
    assert "The identity document shows someone else" in paper
    assert "someone who may “Decide hits on watch lists”" in paper
    for machine_word in ("client_hash", "entity_hash", "false_positive", "compliance.decide_hit"):
        assert machine_word not in paper, machine_word
    waiting = his.get(reverse("portal:approvals")).content.decode()
    assert f"{hit.client.name}; listed: {hit.listed_name}" in waiting
    told = his.get(url).content.decode()
    assert "Carla proposes: someone else" in told
    assert '<p class="event-note">The identity document shows someone else</p>' in told
    assert his.post(vote, {"approves": "yes"}).status_code == 302
    with tenant_scope(world.aurora.pk, carla):
        done = Hit.objects.get()
    assert (done.state, done.second_by, done.note) == ("false_positive", "Miles", "Passport seen")


def test_the_next_hit_is_one_that_is_left_to_me_not_one_that_i_proposed(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        first = make_hit(carla, tmp_path)
        second, third = (
            client_screen(actor=carla, client=make_ines(carla, email=f"ines{number}@mail.example"))[
                0
            ]
            for number in (2, 3)
        )
        # Proposed, it waits with the shortest clock of all.
        _propose(carla, first)
    hers, his = browse("carla"), browse("miles")

    def decide(hit: Hit) -> str:
        address = reverse("compliance:hit-decide", args=[hit.pk, "false_positive"])
        location: str = hers.post(address, {"reason": "document"})["Location"]
        return location

    page = {hit: reverse("compliance:hit", args=[hit.pk]) for hit in (first, second, third)}
    assert f'href="{page[second]}" data-key="n"' in hers.get(page[third]).content.decode()
    assert f'href="{page[first]}" data-key="n"' in his.get(page[third]).content.decode()
    assert decide(third) == page[second]
    # Nothing but proposals is left: better one of those than to be sent away.
    assert decide(second) in (page[first], page[third])


def test_a_name_search_explains_and_keeps_nothing(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_own_list(carla, tmp_path)
    url = reverse("compliance:name-search")
    hers = browse("carla")
    found = hers.get(url, {"name": "Femi Drayle", "country": "ng"}).content.decode()
    assert "OKONKWO-DRAYLE, Femi" in found or "Femi Drayle" in found
    assert "Country equal" in found
    assert "Would block" in found
    assert "No one is like it" in hers.get(url, {"name": "Bertil Lagerkvist"}).content.decode()
    assert hers.get(url, {"name": "x", "country": "Cyprus"}).status_code == 422
    with tenant_scope(world.aurora.pk, carla):
        assert Hit.objects.count() == 0


def test_the_own_list_is_imported_by_hand_and_a_bad_file_says_why(
    world: World, browse: Browse, tmp_path: Path
) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from compliance.models import TenantList
    from tests.compliance.factories import own_list_file

    hers, upload = browse("carla"), reverse("compliance:list-upload")
    good = SimpleUploadedFile("house.csv", own_list_file(tmp_path).read_bytes())
    facts = {"title": "House list", "category": "internal"}
    answer = hers.post(upload, {**facts, "file": good}, follow=True).content.decode()
    assert "House list, version 1: 3 entities" in answer
    bad = SimpleUploadedFile("house.csv", b"name,shoe size\nA,44\n")
    answer = hers.post(upload, {**facts, "file": bad}, follow=True).content.decode()
    assert "The header lacks the columns id" in answer
    assert hers.post(upload, {**facts}).status_code == 302
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        assert TenantList.objects.get().number == 1


def test_a_client_without_hits_is_not_stopped(world: World, tmp_path: Path) -> None:
    carla = world.actor("carla")
    with tenant_scope(world.aurora.pk, carla):
        make_own_list(carla, tmp_path)
        client = make_ines(carla, last_name="Lagerkvist", first_name="Bertil")
        assert client_screen(actor=carla, client=client) == []
        assert Restriction.objects.count() == 0
