"""The risk score: reckoned by a model in versions, explained, and followed up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_approve, pending_for
from backoffice.workflow.models import WorkItem
from clients.means import means_declare
from clients.models import Client, RiskBand
from clients.services import client_set_risk, client_update
from compliance.risk import rules
from compliance.risk.changes import changes_for, seen
from compliance.risk.defaults import FIRST
from compliance.risk.models import RiskAssessment, RiskModel, RiskTrial
from compliance.risk.rules import ORDER, Facts, Model
from compliance.risk.services import client_assess, everyone_assess
from compliance.risk.trials import trial_ask
from compliance.risk.versions import (
    model_in_force,
    model_install,
    model_propose,
    model_write,
)
from tests.clients.factories import make_active, make_document, make_lead
from tests.compliance.planted import deposit
from tests.world import World

Browse = Callable[[str], Browser]
PLAIN = Facts(kind="person", nationality="SE", residence="CY", occupation="employee")


def _points(facts: Facts, model: Model = FIRST) -> dict[str, Decimal]:
    return {line.code: line.points for line in rules.assess(model, facts).lines}


def test_the_score_is_the_weighted_mean_of_its_factors() -> None:
    """By hand: countries 0.2 x 20, means 0.5 x 14, evidence 0.8 x 12, kind and occupation
    0.2 x 8 each, channel 0.3 x 5, of 100."""
    outcome = rules.assess(FIRST, PLAIN)
    assert {code: points for code, points in _points(PLAIN).items() if points} == {
        "countries": Decimal("4.00"),
        "means": Decimal("7.00"),
        "evidence": Decimal("9.60"),
        "kind": Decimal("1.60"),
        "occupation": Decimal("1.60"),
        "channel": Decimal("1.50"),
    }
    assert (outcome.score, outcome.band, outcome.floors) == (25, "low", ())


def test_what_weighs_against_a_client_raises_the_score() -> None:
    worse = replace(
        PLAIN,
        residence="NG",
        occupation="cash_business",
        means=Decimal(10_000),
        deposits=Decimal(40_000),
        instruments={"crypto": Decimal("0.75"), "bank": Decimal("0.25")},
        alerts=(1, 1, 0),
        hit_score=Decimal("0.85"),
        channel="partner",
        leverage=500,
    )
    outcome = rules.assess(FIRST, worse)
    assert outcome.score > 60
    assert outcome.band == "high"
    words = {line.code: line.words for line in outcome.lines}
    assert words["means"] == "Deposits of a year are 400% of income and a tenth of wealth"
    assert words["instruments"] == "Crypto 75%, Bank account 25%"
    assert words["countries"] == "Nigeria by residence"


@pytest.mark.parametrize(
    ("changes", "band", "why"),
    [
        ({"nationality": "KP"}, "high", "The FATF calls for action against North Korea"),
        ({"politically_exposed": True}, "high", "Politically exposed"),
        ({"adverse_media": True}, "high", "Adverse media are confirmed"),
        ({"set_by_hand": "medium"}, "medium", "Set by hand"),
        ({"sanctioned": True}, "prohibited", "A hit on sanctions or on the own list is confirmed"),
    ],
)
def test_a_floor_lifts_the_band_and_not_the_score(
    changes: dict[str, Any], band: str, why: str
) -> None:
    plain, lifted = rules.assess(FIRST, PLAIN), rules.assess(FIRST, replace(PLAIN, **changes))
    assert (lifted.band, lifted.floors) == (band, (why,))
    if "nationality" not in changes:
        assert lifted.score == plain.score


def test_deposits_without_a_rate_are_no_deposits_of_a_known_size() -> None:
    unknown = rules.assess(FIRST, replace(PLAIN, means=Decimal(10), deposits=None))
    (line,) = (each for each in unknown.lines if each.code == "means")
    assert (line.value, line.words) == (
        Decimal("0.5"),
        "Deposits in a currency without a rate",
    )


_facts = st.builds(
    Facts,
    kind=st.sampled_from(["person", "company"]),
    nationality=st.sampled_from(["", "SE", "KP", "NG"]),
    residence=st.sampled_from(["", "CY", "IR", "VN"]),
    politically_exposed=st.booleans(),
    occupation=st.sampled_from(["", *FIRST.levels["occupation"]]),
    means=st.none() | st.decimals(0, 10**9, places=2),
    deposits=st.none() | st.decimals(0, 10**9, places=2),
    evidence=st.sampled_from(list(FIRST.levels["evidence"])),
    leverage=st.integers(0, 3000),
    alerts=st.tuples(*[st.integers(0, 9)] * 3),
    hit_score=st.decimals(0, 1, places=4),
    sanctioned=st.booleans(),
    set_by_hand=st.sampled_from(["", "medium", "high"]),
)


@given(_facts)
def test_every_score_is_explained_and_within_bounds(facts: Facts) -> None:
    outcome = rules.assess(FIRST, facts)
    assert 0 <= outcome.score <= 100
    assert all(0 <= line.value <= 1 for line in outcome.lines)
    points = sum((line.points for line in outcome.lines), Decimal(0))
    assert abs(points - outcome.score) <= Decimal("0.6")
    assert outcome == rules.assess(rules.load(rules.dump(FIRST)), facts)
    more = rules.assess(FIRST, replace(facts, politically_exposed=True))
    assert ORDER.index(RiskBand(more.band)) >= ORDER.index(RiskBand(outcome.band))


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (replace(FIRST, weights=dict.fromkeys(FIRST.weights, 0)), "weight_countries"),
        (replace(FIRST, weights={**FIRST.weights, "means": -1}), "weight_means"),
        (replace(FIRST, medium=60), "high"),
        (replace(FIRST, countries={"ZZ": 10}), "countries"),
        (replace(FIRST, countries={"SE": 101}), "countries"),
        (replace(FIRST, levels={**FIRST.levels, "kind": {"person": 400}}), "kind_person"),
        (replace(FIRST, countries_source=" "), "countries_source"),
    ],
)
def test_a_model_that_can_not_be_is_refused_by_name(model: Model, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.check(model)
    assert list(refused.value.fields) == [field]


@pytest.fixture
def carla(world: World) -> Any:
    actor = world.actor("carla")
    with tenant_scope(actor.tenant_id, actor):
        model_install(actor=actor)
        yield actor


def _assess(actor: Actor, client: Client) -> RiskAssessment:
    made = client_assess(actor=actor, client=client, why="a test")
    assert made is not None
    client.refresh_from_db()
    return made


def test_an_assessment_is_kept_when_it_is_another_and_the_client_follows(carla: Actor) -> None:
    client = make_lead(carla)
    first = _assess(carla, client)
    assert (client.risk_score, client.risk_band) == (first.score, "low")
    assert _assess(carla, client).pk == first.pk
    make_document(carla, client, type="source_of_funds", name="payslip.jpg")
    second = _assess(carla, client)
    assert second.score < first.score
    Client.objects.filter(tenant_id=carla.tenant_id, pk=client.pk).update(residence="DK")
    third = _assess(carla, client)
    assert third.score == second.score
    newest = AuditEntry.objects.filter(subject_id=client.pk).order_by("-id").first()
    assert newest is not None
    assert newest.action == "compliance.risk_assessed"
    assert {line[0]: line[1] for line in second.lines}["evidence"].startswith("Handed in")
    with pytest.raises(DatabaseError), transaction.atomic():
        RiskAssessment.objects.filter(tenant_id=carla.tenant_id, pk=first.pk).update(score=1)


def test_deposits_are_held_against_what_was_declared(carla: Actor) -> None:
    client = make_lead(carla)
    means_declare(
        actor=carla,
        client=client,
        occupation="retired",
        currency="EUR",
        income=Decimal(30_000),
        wealth=Decimal(100_000),
        deposits=Decimal(5_000),
        sources=["pension"],
    )
    lines = {line[0]: line for line in _assess(carla, client).lines}
    assert lines["means"][1] == "Deposits of a year are 0% of income and a tenth of wealth"
    assert lines["occupation"][1] == "Retired"
    deposit(client, "10000", now() - timedelta(days=3))
    deposit(client, "90000", now() - timedelta(days=400))
    lines = {line[0]: line for line in _assess(carla, client).lines}
    assert lines["means"][1:3] == [
        "Deposits of a year are 25% of income and a tenth of wealth",
        "0.2500",
    ]
    assert lines["instruments"][1] == "Card 100%"
    deposit(client, "500", now() - timedelta(days=2), currency="NOK")
    lines = {line[0]: line for line in _assess(carla, client).lines}
    assert lines["means"][1] == "Deposits in a currency without a rate"


def test_another_band_is_put_before_a_person_once(carla: Actor) -> None:
    client = make_active(carla)
    _assess(carla, client)
    assert not WorkItem.objects.filter(tenant_id=carla.tenant_id, queue="risk-changes").exists()
    client_update(actor=carla, client=client, residence="KP")
    made = _assess(carla, client)
    assert (made.was, made.band) == ("low", "high")
    assert [row.pk for row in changes_for(carla)] == [made.pk]
    seen(actor=carla, row=made, note="Moved there for the embassy; review asked for.")
    with pytest.raises(StateConflict, match="already"):
        seen(actor=carla, row=made, note="again")


def test_a_band_set_by_hand_is_a_floor_until_it_is_set_to_low(carla: Actor) -> None:
    client = make_active(carla)
    by_hand = {"actor": carla, "client": client, "reason": "a tip", "by_hand": True}
    client_set_risk(band="high", **by_hand)  # type: ignore[arg-type]
    made = _assess(carla, client)
    assert (client.risk_band, made.floors, client.risk_override_ref) == (
        "high",
        ["Set by hand"],
        carla.ref,
    )
    client_set_risk(band="low", **by_hand)  # type: ignore[arg-type]
    _assess(carla, client)
    assert client.risk_band == "low"


def test_events_of_a_client_assess_it_again(world: World, committed: None) -> None:
    actor = world.actor("carla")
    with tenant_scope(actor.tenant_id, actor):
        model_install(actor=actor)
        client = make_active(actor)
        client_update(actor=actor, client=client, residence="IR")
    outbox.drain(world.system())
    with tenant_scope(actor.tenant_id, actor):
        client.refresh_from_db()
        assert client.risk_band == "high"
        newest = RiskAssessment.objects.filter(client=client).order_by("-id").first()
        assert newest is not None
        assert newest.why in ("the particulars changed", "another model")


def _strict() -> Model:
    return replace(FIRST, medium=10, high=20, countries_as_of=date(2026, 6, 1))


def test_a_version_is_tried_proposed_by_one_and_set_by_another(
    world: World, committed: None
) -> None:
    carla, miles = world.actor("carla"), world.actor("miles")
    with tenant_scope(carla.tenant_id, carla):
        model_install(actor=carla)
        client = make_active(carla)
    outbox.drain(world.system())
    with tenant_scope(carla.tenant_id, carla):
        row = model_write(actor=carla, model=_strict(), note="Stricter bands.")
        with pytest.raises(StateConflict, match="Try"):
            model_propose(actor=carla, row=row)
        trial_ask(actor=carla, row=row)
    outbox.drain(world.system())
    with tenant_scope(carla.tenant_id, carla):
        trial = RiskTrial.objects.get(model=row)
        assert trial.result["matrix"] == {"low high": 1}
        client.refresh_from_db()
        score = client.risk_score
        mover = [client.reference, str(client.pk), "low", score, "high", score]
        assert trial.result["movers"] == [mover]
        assert client.risk_band == "low"
        approval = model_propose(actor=carla, row=row)
        assert approval.content["Medium"] == "35 to 10"
    with tenant_scope(miles.tenant_id, miles):
        approval_approve(actor=miles, approval=approval)
    outbox.drain(world.system())
    with tenant_scope(carla.tenant_id, carla):
        assert model_in_force() == row
        assert RiskModel.objects.get(number=1).state == "retired"
        client.refresh_from_db()
        assert client.risk_band == "high"
    assert everyone_assess(actor=carla, why="again") == 0


def test_the_pages_of_the_model_and_of_a_change(world: World, browse: Browse) -> None:
    carla, sam = browse("carla"), browse("sam")
    assert "No risk model yet" in carla.get("/compliance/risk/").content.decode()
    assert carla.post("/compliance/risk/begin/").status_code == 302
    assert "Iran 100" in carla.get("/compliance/risk/").content.decode()
    page = carla.get("/compliance/risk/new/")
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    refused = carla.post("/compliance/risk/new/", {**values, "note": "x", "countries": "NG lots"})
    assert refused.status_code == 422
    assert "is not a country and a level" in refused.content.decode()
    made = carla.post("/compliance/risk/new/", {**values, "note": "Same again."}, follow=True)
    assert "Not tried yet" in made.content.decode()
    assert sam.get("/compliance/risk/").status_code == 403
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        client = make_active(world.actor("carla"), residence="MM")
        change = _assess(world.actor("carla"), client)
        assert pending_for(world.actor("carla"), change.pk) is None
    assert (
        "Myanmar by residence"
        in carla.get(f"/compliance/risk-changes/{change.pk}/").content.decode()
    )
    assert "How the score" not in sam.get(f"/clients/{client.pk}/").content.decode()
    tab = carla.get(f"/clients/{client.pk}/risk/").content.decode()
    assert "The FATF calls for action against Myanmar" in tab
    done = carla.post(f"/compliance/risk-changes/{change.pk}/seen/", {"note": "Case is reviewed."})
    assert done.status_code == 302
