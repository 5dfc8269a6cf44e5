"""Whose time is over is listed at night, and erased by two people alone."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
import time_machine
from django.test import Client as Browser

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from privacy import due, holds, work
from privacy.models import ErasureRequest, RetentionDue
from privacy.tasks import erasures_go_on, retention_due
from tests.clients.factories import make_active, make_lead
from tests.privacy.life import YEARS, ask, closed, decide
from tests.world import World

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]


def _listed(world: World) -> list[str]:
    with tenant_scope(world.aurora.pk):
        return list(RetentionDue.objects.values_list("client__reference", flat=True))


def test_only_who_left_long_ago_is_listed_and_nothing_is_erased(world: World, scope: Scope) -> None:
    carla = world.actor("carla")
    with scope(carla):
        gone = closed(world)
        make_lead(carla, email="lead@mail.example")
        held = closed(world, email="held@mail.example")
        holds.hold_place(actor=carla, client=held, reason="a court asked")
    assert retention_due() == 0
    with time_machine.travel(now() + YEARS):
        with scope(carla):
            fresh = make_active(carla, email="stays@mail.example")
        assert retention_due() == 1
        assert retention_due() == 1  # a night later it is listed once
    assert _listed(world) == [gone.reference]
    with scope(carla):
        assert Client.objects.get(pk=gone.pk).last_name == "Eriksson"
        assert fresh.state == "active"
        assert not ErasureRequest.objects.exists()


def test_on_the_last_day_it_is_kept_and_on_the_next_it_is_due(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        closed(world)
    begin = now()
    with time_machine.travel(begin.replace(year=begin.year + 5, hour=0) - timedelta(hours=2)):
        assert retention_due() == 0
    with time_machine.travel(begin.replace(year=begin.year + 5)):
        assert retention_due() == 1


def test_chosen_ones_are_asked_for_each_and_decided_by_another(
    world: World, scope: Scope, browse: Browse
) -> None:
    with scope(world.actor("carla")):
        people = [closed(world, email=f"n{number}@mail.example") for number in range(2)]
    with time_machine.travel(now() + YEARS):
        retention_due()
        browser = browse("carla")
        page = browser.get("/privacy/due/").content.decode()
        assert all(person.reference in page for person in people)
        with scope(world.actor("carla")):
            chosen = [str(row.pk) for row in RetentionDue.objects.all()]
        answer = browser.post("/privacy/due/ask/", {"selected": chosen}, follow=True)
        assert "2 put before a colleague" in answer.content.decode()
        assert _listed(world) == []
        assert retention_due() == 0  # they are asked for
        with scope(world.actor("carla")):
            first, second = ErasureRequest.objects.order_by("id")
            assert (first.source, first.channel) == ("retention", "none")
        decide(world, first)
        decide(world, second, yes=False)
        while work.step_work(world.system(), first.pk):
            pass
        assert retention_due() == 1  # who was refused is due again, who is erased never
        with scope(world.actor("carla")):
            assert RetentionDue.objects.get().client_id == second.client_id


@pytest.mark.parametrize("selected", [[], ["nonsense"]])
def test_nothing_chosen_asks_for_nothing(world: World, browse: Browse, selected: list[str]) -> None:
    answer = browse("carla").post("/privacy/due/ask/", {"selected": selected}, follow=True)
    assert "Choose" in answer.content.decode()
    with tenant_scope(world.aurora.pk):
        assert not ErasureRequest.objects.exists()


def test_too_many_or_without_the_right_asks_for_nothing(world: World, scope: Scope) -> None:
    carla, sam = world.actor("carla"), world.actor("sam")
    with scope(carla), pytest.raises(InvalidInput):
        due.due_ask(actor=carla, chosen=[uuid7() for _ in range(due.ASKED_MAX + 1)])
    with scope(sam), pytest.raises(NotPermitted):
        due.due_ask(actor=sam, chosen=[uuid7()])


def test_what_stands_still_is_taken_up_again(world: World, scope: Scope) -> None:
    with scope(world.actor("carla")):
        client = closed(world)
    with time_machine.travel(now() + YEARS):
        row = decide(world, ask(world, client))
        assert erasures_go_on() == 0  # its work waits
        with scope(world.actor("carla")):
            OutboxItem.objects.filter(subject_id=row.pk).update(state="failed")
        assert erasures_go_on() == 1
        assert erasures_go_on() == 0
