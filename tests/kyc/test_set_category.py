"""Client categories: what a client has to show, two people, and everything kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.workflow.approvals import approval_approve, approval_vote, pending_for
from clients.models import Client
from clients.services import client_update
from kyc.categories import rules
from kyc.categories.models import CategoryChange
from kyc.categories.services import KIND, category_propose, changes_of
from kyc.categories.states import Basis, Criterion
from tests.clients.factories import make_active, make_document
from tests.kyc.conftest import Brokerage
from trading.leverage.caps import cap_for

Browse = Callable[[str], Browser]
TWO = ("trades", "portfolio")


def _ask(actor: Actor, client: Client, **other: Any) -> CategoryChange:
    values: dict[str, Any] = {
        "category": "professional",
        "basis": "on_request",
        "shown": TWO,
        "evidence": [row.pk for row in client.documents.all()],
        "reason": "Asked in writing.",
        "asked_on": today(),
    }
    return category_propose(actor=actor, client=client, **{**values, **other})


@pytest.fixture
def client(house: Brokerage) -> Client:
    with house.as_("sam") as sam:
        row = make_active(sam)
        make_document(sam, row, "bank_statement")
        return row


@pytest.mark.parametrize(
    ("category", "basis", "kind", "shown", "good"),
    [
        ("retail", "none", "person", (), True),
        ("retail", "on_request", "person", (), False),
        ("professional", "none", "company", ("licensed",), False),
        ("professional", "on_request", "person", ("trades",), False),
        ("professional", "on_request", "person", ("trades", "balance"), False),
        ("professional", "on_request", "person", ("trades", "work"), True),
        ("professional", "per_se", "person", ("licensed",), False),
        ("professional", "per_se", "company", ("licensed",), True),
        ("professional", "per_se", "company", ("balance",), False),
        ("professional", "per_se", "company", ("balance", "funds"), True),
        ("eligible_counterparty", "per_se", "company", ("state",), True),
        ("eligible_counterparty", "on_request", "person", ("trades", "work"), False),
    ],
)
def test_what_each_category_takes(
    category: str, basis: str, kind: str, shown: tuple[str, ...], good: bool
) -> None:
    assert (rules.why_not(category, basis, kind, shown) == "") is good


@given(st.sets(st.sampled_from(list(Criterion))), st.sampled_from(list(Basis)))
def test_no_person_is_a_counterparty_or_professional_per_se(
    shown: set[Criterion], basis: Basis
) -> None:
    assert rules.why_not("eligible_counterparty", basis, "person", shown)
    assert rules.why_not("professional", "per_se", "person", shown)


def test_two_people_make_a_client_professional(house: Brokerage, client: Client) -> None:
    with house.as_("carla") as carla:
        row = _ask(carla, client)
        approval = pending_for(carla, row.pk, KIND)
        assert approval is not None
        assert approval.content["To"] == "Professional, on request"
        assert approval.content["Documents"] == "Bank statement (to be decided)"
        with pytest.raises(FourEyes):
            approval_approve(actor=carla, approval=approval)
        client.refresh_from_db()
        assert (client.category, cap_for(client).most) == ("retail", 30)
        with pytest.raises(StateConflict, match="A change waits already"):
            _ask(carla, client)
    with house.as_("miles") as miles:
        approval_approve(actor=miles, approval=approval)
        client.refresh_from_db()
        assert (client.category, cap_for(client).most) == ("professional", 500)
        (kept,) = changes_of(client)
        assert (kept.state, kept.before, kept.made_by, kept.decided_by) == (
            "set", "retail", "Carla", "Miles",
        )  # fmt: skip
        assert AuditEntry.objects.filter(action="clients.category_set").count() == 1


def test_back_to_retail_takes_two_as_well_and_keeps_what_was(
    house: Brokerage, client: Client
) -> None:
    for category, basis, shown in (("professional", "on_request", TWO), ("retail", "none", ())):
        with house.as_("carla") as carla:
            row = _ask(carla, client, category=category, basis=basis, shown=shown)
            approval = pending_for(carla, row.pk, KIND)
            assert approval is not None
        with house.as_("miles") as miles:
            approval_approve(actor=miles, approval=approval)
            client.refresh_from_db()
    assert client.category == "retail"
    with house.as_("carla"):
        assert [each.words() for each in changes_of(client)] == [
            "Retail",
            "Professional, on request",
        ]


def test_what_is_missing_is_said(house: Brokerage, client: Client) -> None:
    with house.as_("carla") as carla:
        for wrong, field in (
            ({"shown": ("trades",)}, "shown"),
            ({"evidence": []}, "evidence"),
            ({"category": "retail", "basis": "none"}, "category"),
            ({"category": "expert"}, "category"),
            ({"reason": " "}, "reason"),
            ({"asked_on": today() + timedelta(days=2)}, "asked_on"),
        ):
            with pytest.raises(InvalidInput) as refused:
                _ask(carla, client, **wrong)
            assert field in refused.value.fields
        other = make_active(carla, email="other@mail.example")
        make_document(carla, other, "passport")
        # Somebody else's paper shows nothing.
        with pytest.raises(InvalidInput):
            _ask(carla, client, evidence=[row.pk for row in other.documents.all()])
        assert CategoryChange.objects.count() == 0
    with house.as_("sam") as sam, pytest.raises(NotPermitted):
        _ask(sam, client)


def test_a_refusal_and_a_change_meanwhile_leave_the_client_retail(
    house: Brokerage, client: Client
) -> None:
    with house.as_("carla") as carla:
        approval = pending_for(carla, _ask(carla, client).pk, KIND)
        assert approval is not None
    with house.as_("miles") as miles:
        approval_vote(actor=miles, approval=approval, approves=False, reason="Too little.")
    with house.as_("carla") as carla:
        row = _ask(carla, client)
        approval = pending_for(carla, row.pk, KIND)
        assert approval is not None
        client_update(actor=carla, client=client, kind="company", company_name="Eriksson Ltd")
    with house.as_("miles") as miles:
        assert approval_approve(actor=miles, approval=approval).state == "stale"
        client.refresh_from_db()
        assert client.category == "retail"
        assert {each.state for each in changes_of(client)} == {"refused"}


def test_it_is_asked_for_on_the_clients_page(
    house: Brokerage, client: Client, browse: Browse
) -> None:
    carla = browse("carla")
    tab = f"/clients/{client.pk}/kyc/"
    assert "Client category" in carla.get(tab).content.decode()
    with house.as_("carla"):
        paper = client.documents.get()
    form = {
        "category": "professional",
        "basis": "on_request",
        "shown": list(TWO),
        "evidence": [str(paper.pk)],
        "asked_on": "2026-01-05",
        "reason": "Asked in writing.",
    }
    url = f"/clients/{client.pk}/category/"
    wrong = carla.post(url, form | {"shown": ["work"]})
    assert wrong.status_code == 422
    assert "Two of the three have to be shown: 1 is." in wrong.content.decode()
    assert carla.post(url, form)["Location"] == tab
    page = carla.get(tab).content.decode()
    assert "has asked for another category" in page
    assert "Professional, on request" in page
    assert browse("sam").get(url).status_code == 403
