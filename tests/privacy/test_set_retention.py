"""For how long what is kept: proposed by one, set by another, below the law only knowingly."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import approval_vote, pending_for
from privacy import retention
from privacy.models import RetentionVersion
from privacy.rules import Category, defaults, load
from tests.world import World

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Browser]
URL = "/privacy/retention/propose/"


def _form(**changes: Any) -> dict[str, Any]:
    figures = defaults()
    form = {"note": "Notes for longer", "as_of": figures["as_of"]}
    for category in Category:
        form |= {f"{category}_{name}": value for name, value in figures[category].items()}
    return {**form, **changes}


def test_rules_are_proposed_on_the_page_and_set_by_another(
    world: World, scope: Scope, browse: Browse
) -> None:
    answer = browse("carla").post(URL, _form(communications_years=7))
    assert (answer.status_code, answer["Location"]) == (302, "/privacy/retention/")
    carla, miles = world.actor("carla"), world.actor("miles")
    with scope(carla):
        waits = RetentionVersion.objects.get(state="proposed")
        approval = pending_for(carla, waits.pk)
        assert approval is not None
        assert approval.content["Shorter than the law"] == "none"
        with pytest.raises(FourEyes):
            approval_vote(actor=carla, approval=approval, approves=True)
    with scope(miles):
        approval_vote(actor=miles, approval=approval, approves=True)
        active = RetentionVersion.objects.get(state="active")
        assert load(active.figures)[Category.COMMUNICATIONS].years == 7
        assert RetentionVersion.objects.filter(state="retired").count() == 1
    page = browse("carla").get("/privacy/retention/").content.decode()
    assert "In force: Retention rules 2" in page


def test_less_than_the_law_is_said_twice_or_not_taken(
    world: World, scope: Scope, browse: Browse
) -> None:
    short = _form(identity_years=2)
    answer = browse("carla").post(URL, short)
    assert answer.status_code == 422
    assert "for less than the law that you name asks for" in answer.content.decode()
    with scope(world.actor("carla")):
        assert not RetentionVersion.objects.filter(state="proposed").exists()
    assert browse("carla").post(URL, {**short, "knows_shorter": "on"}).status_code == 302
    with scope(world.actor("carla")):
        waits = RetentionVersion.objects.get(state="proposed")
        assert "Identity" in retention.content(waits)["Shorter than the law"]
    assert "Shorter than the law" not in browse("carla").get("/privacy/retention/").content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identity_years": 31}, "identity_years"),
        ({"identity_years": "five"}, "identity_years"),
        ({"screening_extendable": -1}, "screening_extendable"),
        ({"audit_basis": ""}, "audit_basis"),
        ({"audit_source": "x" * 301}, "audit_source"),
        ({"audit_trigger": "never"}, "audit_trigger"),
        ({"note": ""}, "note"),
        ({"as_of": "yesterday"}, "as_of"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    world: World, browse: Browse, changes: dict[str, Any], field: str
) -> None:
    answer = browse("carla").post(URL, _form(**changes))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    with tenant_scope(world.aurora.pk):
        assert not RetentionVersion.objects.exists()


def test_one_proposal_waits_at_a_time_and_only_who_may_proposes(world: World, scope: Scope) -> None:
    carla, sam = world.actor("carla"), world.actor("sam")
    policy = load(defaults())
    with scope(carla):
        day = date(2026, 1, 1)
        retention.retention_propose(actor=carla, policy=policy, as_of=day, note="one")
        with pytest.raises(StateConflict, match="wait already"):
            retention.retention_propose(actor=carla, policy=policy, as_of=day, note="two")
        with pytest.raises(InvalidInput):
            retention.retention_propose(actor=carla, policy=policy, as_of=day, note=" ")
    with scope(sam), pytest.raises(NotPermitted):
        retention.retention_propose(actor=sam, policy=policy, as_of=day, note="mine")
