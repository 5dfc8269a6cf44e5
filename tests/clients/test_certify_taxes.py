"""What clients, and who controls them, certify of their taxes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from clients.countries import NAMES
from clients.models import Client, TaxCertification, TaxResidence
from clients.ownership.selectors import structure_of
from clients.ownership.services import tie_end
from clients.services import client_move
from clients.tax import rules
from clients.tax.rules import Known, Residence, doubts, phone_country
from clients.tax.selectors import certifications_of, holding, missing_of
from clients.tax.services import tax_certify, tin_of
from tests.clients.company_factories import make_company, make_holding, make_person
from tests.clients.factories import make_document, make_lead
from tests.world import STRANGER, World

Browse = Callable[[str], Browser]
CYPRUS = Residence("CY", "00123456X")
AMERICA = Residence("US", "078-05-1120")


def certify(actor: Actor, client: Client, **changes: Any) -> TaxCertification:
    given: dict[str, Any] = {
        "us_person": False,
        "residences": [CYPRUS],
        "certified_by": "Anna Eriksson",
    }
    return tax_certify(actor=actor, client=client, **{**given, **changes})


def test_the_newest_holds_and_the_ones_before_stay(carla: Actor) -> None:
    client = make_lead(carla)
    first = certify(carla, client, certified_on=date(2026, 1, 5))
    germany = Residence("de", no_tin="B", explanation="Asked for, not come yet")
    second = certify(carla, client, residences=[germany, CYPRUS])
    assert certifications_of(client) == [second, first]
    assert holding(certifications_of(client)) == {None: second}
    lines = list(second.residences.order_by("order"))
    assert [(row.country, row.no_tin, tin_of(row)) for row in lines] == [
        ("DE", "B", ""),
        ("CY", "", "00123456X"),
    ]
    assert second.form_version == 1
    assert AuditEntry.objects.filter(action="clients.tax_certified").count() == 2


def test_the_number_is_sealed_and_nothing_is_changed_afterwards(carla: Actor) -> None:
    row = certify(carla, make_lead(carla)).residences.get()
    assert b"00123456X" not in bytes(row.tin_sealed)
    for table in ("clients_taxcertification", "clients_taxresidence"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET tenant_id = tenant_id"):
            with pytest.raises(DatabaseError), transaction.atomic():
                connection.cursor().execute(statement)
    assert tin_of(TaxResidence.objects.get()) == "00123456X"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"residences": []}, "country_1"),
        ({"residences": [Residence("XX", "123")]}, "country_1"),
        ({"residences": [CYPRUS, CYPRUS]}, "country_2"),
        ({"residences": [Residence("CY")]}, "tin_1"),
        ({"residences": [Residence("CY", "123", "A")]}, "tin_1"),
        ({"residences": [Residence("CY", "1")]}, "tin_1"),
        ({"residences": [Residence("CY", "12\u20ac4")]}, "tin_1"),
        ({"residences": [Residence("CY", no_tin="D")]}, "no_tin_1"),
        ({"residences": [CYPRUS, Residence("DE", no_tin="B")]}, "explanation_2"),
        ({"residences": [Residence("DE", no_tin="B", explanation="a\x00b")]}, "explanation_1"),
        ({"us_person": True}, "us_person"),
        ({"residences": [AMERICA]}, "us_person"),
        ({"us_person": True, "residences": [Residence("US", "12345")]}, "tin_1"),
        ({"us_person": True, "residences": [Residence("US", no_tin="A")]}, "tin_1"),
        ({"classification": "active_nfe"}, "classification"),
        ({"certified_by": " "}, "certified_by"),
        ({"certified_by": "x" * 161}, "certified_by"),
        ({"certified_on": today() + timedelta(days=3)}, "certified_on"),
        ({"certified_on": date(1999, 1, 1)}, "certified_on"),
    ],
)
def test_what_can_not_be_so_is_named_and_nothing_is_kept(
    carla: Actor, changes: dict[str, Any], field: str
) -> None:
    client = make_lead(carla)
    with pytest.raises(InvalidInput) as refused:
        certify(carla, client, **changes)
    assert list(refused.value.fields) == [field]
    assert (TaxCertification.objects.count(), TaxResidence.objects.count()) == (0, 0)


def test_a_company_says_what_it_is(carla: Actor) -> None:
    client = make_company(carla)
    with pytest.raises(InvalidInput) as refused:
        certify(carla, client)
    assert list(refused.value.fields) == ["classification"]
    assert certify(carla, client, classification="active_nfe").classification == "active_nfe"


def test_who_controls_a_passive_company_certifies_too(carla: Actor) -> None:
    client = make_company(carla)
    maria = make_person(carla, client, "30")
    make_person(carla, client, "5", first_name="Small")
    make_holding(carla, client, "40")

    def missing() -> list[str]:
        rows = holding(certifications_of(client))
        return [name for name, _ in missing_of(client, rows, structure_of(client))]

    assert missing() == [client.name]
    certify(carla, client, classification="active_nfe")
    assert missing() == []
    certify(carla, client, classification="passive_nfe")
    assert missing() == ["Maria Kostas"]
    certify(carla, client, party=maria)
    assert missing() == []


def test_where_nobody_owns_a_quarter_the_directors_certify(carla: Actor) -> None:
    client = make_company(carla)
    make_person(carla, client, "5", first_name="Small")
    make_person(carla, client, first_name="Nikos")
    certify(carla, client, classification="passive_nfe")
    rows = holding(certifications_of(client))
    assert [name for name, _ in missing_of(client, rows, structure_of(client))] == ["Nikos Kostas"]


def test_another_company_s_party_and_who_left_do_not_certify(carla: Actor) -> None:
    client, other = make_company(carla), make_company(carla, email="b@mail.example")
    stranger, left = make_person(carla, other), make_person(carla, client)
    tie_end(actor=carla, tie=left.ties.get(), until_on=today(), reason="Left")
    left.refresh_from_db()
    for party in (stranger, left):
        with pytest.raises(InvalidInput, match="behind this company"):
            certify(carla, client, party=party)
    paper = make_document(carla, other, "other")
    with pytest.raises(InvalidInput) as refused:
        certify(carla, client, classification="active_nfe", document=paper)
    assert list(refused.value.fields) == ["document"]
    client_move(actor=carla, client=client, state="closed", reason="left")
    with pytest.raises(StateConflict, match="closed"):
        certify(carla, client)


@pytest.mark.parametrize(
    ("residences", "us_person", "known", "sentences"),
    [
        ([CYPRUS], False, Known("CY", "SE", "+35799123456"), []),
        (
            [CYPRUS],
            False,
            Known("DE", "DE", "+4915112345678"),
            ["The client lives in Germany and is not taxed there."],
        ),
        (
            [CYPRUS],
            False,
            Known("CY", "CY", "+447700900123"),
            [],  # shared by Great Britain and its islands
        ),
        (
            [CYPRUS],
            False,
            Known("CY", "CY", "+33612345678"),
            ["The phone is of France, where nothing is taxed."],
        ),
        (
            [CYPRUS],
            False,
            Known("CY", "US"),
            ["A national of the United States is a US person wherever they live."],
        ),
        ([CYPRUS, AMERICA], True, Known("CY", "US"), []),
        (
            [Residence("AE", no_tin="A")],
            False,
            Known("AE", company=True),
            ["No number, since United Arab Emirates would issue none: look it up."],
        ),
        (
            [CYPRUS],
            False,
            Known("LU", company=True),
            ["The client has its seat in Luxembourg and is not taxed there."],
        ),
    ],
)
def test_what_does_not_fit_is_said_and_refuses_nothing(
    residences: list[Residence], us_person: bool, known: Known, sentences: list[str]
) -> None:
    assert doubts(residences, us_person=us_person, known=known) == sentences


def test_doubts_are_kept_with_the_certification(carla: Actor) -> None:
    made = certify(carla, make_lead(carla, residence="DE"))
    assert made.doubts == ["The client lives in Germany and is not taxed there."]


def test_every_calling_code_leads_to_a_country() -> None:
    assert set(rules.CALLING.values()) <= set(NAMES)
    assert (phone_country("+35799123456"), phone_country("+12025550123")) == ("CY", "")


@given(
    st.lists(
        st.builds(Residence, st.sampled_from(["CY", "US", "DE", ""]), st.text(max_size=32),
                  st.sampled_from(["", "A", "B", "C", "Z"]), st.text(max_size=9)),
        max_size=6,
    ),
    st.booleans(),
)  # fmt: skip
def test_what_is_let_through_has_a_number_or_a_reason_for_each_country(
    residences: list[Residence], us_person: bool
) -> None:
    if not rules.problems(residences, us_person=us_person, company=False, classification=""):
        assert 1 <= len(residences) <= rules.RESIDENCES_MAX
        assert all(bool(each.tin) != bool(each.no_tin) for each in residences)
        assert us_person == any(each.country == "US" for each in residences)


def test_the_form_keeps_a_new_one_and_masks_the_number(world: World, browse: Browse) -> None:
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        client = make_lead(world.actor("carla"), residence="DE")
    carla, path = browse("carla"), f"/clients/{client.pk}/tax/"
    tab = f"/clients/{client.pk}/identity/"
    assert "Nothing certified yet" in carla.get(tab).content.decode()
    given = {
        "us_person": "no",
        "country_1": "CY",
        "tin_1": "00123456X",
        "certified_by": "Anna Eriksson",
        "certified_on": "2026-03-01",
    }
    refused = carla.post(path, {**given, "tin_1": ""})
    assert refused.status_code == 422
    assert "Either the number or the reason" in refused.content.decode()
    assert carla.post(path, given).status_code == 302
    text = carla.get(tab).content.decode()
    assert "00123456X" in text
    assert "The client lives in Germany and is not taxed there." in text
    assert 'value="00123456X"' in carla.get(path).content.decode()
    masked = browse("sam").get(tab).content.decode()
    assert "Cyprus" in masked
    assert "00123456X" not in masked
    assert browse("sam").get(path).status_code == 403


def test_a_stranger_finds_no_certification(world: World) -> None:
    actor, stranger = world.actor("carla"), world.actor(STRANGER)
    with tenant_scope(actor.tenant_id, actor):
        certify(actor, make_lead(actor))
    with tenant_scope(stranger.tenant_id, stranger):
        assert not TaxCertification.objects.exists()
