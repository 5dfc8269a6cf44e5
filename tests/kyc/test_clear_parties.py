"""A company's case waits for each owner and director that must be cleared, and says for whom."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from backoffice.core.clock import today
from backoffice.core.errors import NotPermitted, StateConflict
from clients.documents import document_describe, document_store
from clients.models import Client, ClientDocument, Party
from clients.ownership.services import party_change, share_change
from clients.ownership.states import PartyState
from kyc import guards, reviews, selectors, services
from kyc.approvals import case_send, case_vote
from kyc.deadlines import document_age
from kyc.errors import NotReady
from kyc.models import KycCase
from kyc.parties.services import ownership, party_clear, party_look_again, party_refuse
from tests.clients.company_factories import make_company, make_holding, make_person
from tests.clients.factories import make_lead, picture
from tests.kyc.conftest import Brokerage, Screening
from tests.kyc.factories import accept_all, fresh, hand_in
from tests.world import load_world

Browse = Callable[[str], Browser]


def give_paper(house: Brokerage, party: Party, kind: str = "passport") -> ClientDocument:
    with house.as_("sam") as sam:
        document = document_store(
            actor=sam,
            client=party.client,
            party=party,
            type=kind,
            name=f"{kind}.jpg",
            content=picture(text=f"{kind} {party.pk}"),
        )
        return document_describe(
            actor=sam,
            document=document,
            issued_on=today() - timedelta(days=30),
            expires_on=today() + timedelta(days=900) if kind == "passport" else None,
        )


def company_case(house: Brokerage, *owners: tuple[str, str | None]) -> KycCase:
    """In review, with a passport of each (given name, share; None directs)."""
    with house.as_("carla") as carla:
        client = make_company(carla)
        parties = [make_person(carla, client, share, first_name=name) for name, share in owners]
        case = services.case_open(actor=carla, client=client, level=1)
    hand_in(house, client, "incorporation")
    for party in parties:
        give_paper(house, party)
    with house.as_("carla") as carla:
        services.case_submit(actor=carla, case=case)
    house.work()
    return fresh(house, case)


def clear_all(house: Brokerage, client: Client) -> None:
    house.work()
    with house.as_("carla") as carla:
        for party in ownership(client).structure.required():
            party_clear(actor=carla, party=party)


def test_a_company_is_submitted_only_when_it_is_told_who_is_behind_it(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        client = make_company(carla)
        case = services.case_open(actor=carla, client=client, level=1)
    hand_in(house, client, "incorporation")
    with house.as_("carla") as carla:
        assert guards.why_not_submit(case) == "Still open: Ownership (nobody is named yet)"
        make_person(carla, client, "60")
        assert guards.why_not_submit(case).startswith(
            "Still open: Ownership (40 % not explained, no director or signatory is named), "
            "Maria Kostas, owner 60 % (identity document not handed in"
        )


def test_the_case_waits_for_each_and_names_them(house: Brokerage) -> None:
    case = company_case(house, ("Maria", "80"), ("Nikos", None))
    accept_all(house, case)
    house.work()
    with house.as_("carla") as carla:
        why = guards.why_not_send(carla, case)
        assert "Maria Kostas, owner 80 % (to be cleared)" in why
        assert "Nikos Kostas, director (to be cleared)" in why
        with pytest.raises(NotReady, match="Maria Kostas"):
            case_send(actor=carla, case=case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        row = case_send(actor=carla, case=case)
        approval_content = selectors.content_of(row)["owners and directors"]
        assert sorted(approval_content.values()) == [
            "director, 0 %, cleared",
            "owner, 80 %, cleared",
        ]
    with house.as_("miles") as miles:
        row, _ = case_vote(actor=miles, case=case, approves=True)
        assert row.state == "approved"


def test_nobody_is_cleared_while_something_is_missing(house: Brokerage) -> None:
    company_case(house, ("Maria", "80"), ("Nikos", None))
    house.work()
    with house.as_("carla") as carla:
        maria = Party.objects.get(first_name="Maria")
        with pytest.raises(NotReady, match="identity document handed in, to be decided"):
            party_clear(actor=carla, party=maria)
        party_change(actor=carla, party=maria, birth_date=None)
        with pytest.raises(NotReady, match="date of birth not known"):
            party_clear(actor=carla, party=maria)
        maria.refresh_from_db()
        assert maria.state == PartyState.OPEN
    with house.as_("sam") as sam, pytest.raises(NotReady, match="right to review"):
        party_clear(actor=sam, party=maria)


def test_a_refused_party_stops_the_case_until_it_is_looked_at_again(house: Brokerage) -> None:
    case = company_case(house, ("Maria", "80"), ("Nikos", None))
    accept_all(house, case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        maria = Party.objects.get(first_name="Maria")
        party_refuse(actor=carla, party=maria, reason="The money is another's")
        assert "refused: The money is another's" in guards.why_not_send(carla, case)
        with pytest.raises(NotReady, match="look at it again first"):
            party_clear(actor=carla, party=maria)
        party_look_again(actor=carla, party=maria, reason="New papers")
        party_clear(actor=carla, party=maria)
        assert guards.why_not_send(carla, case) == ""
        with pytest.raises(StateConflict):
            party_look_again(actor=carla, party=maria_open(carla, maria), reason="Again")
    with house.as_("sam") as sam, pytest.raises(NotPermitted):
        party_refuse(actor=sam, party=maria, reason="No")


def maria_open(carla: Any, party: Party) -> Party:
    return party_change(actor=carla, party=party, last_name="Kosta")


def test_what_is_approved_is_who_they_were_when_it_was_asked(house: Brokerage) -> None:
    """A share that changes while the approval waits makes it void."""
    case = company_case(house, ("Maria", "80"), ("Nikos", None))
    accept_all(house, case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
        tie = Party.objects.get(first_name="Maria").ties.get()
        share_change(actor=carla, tie=tie, percent=Decimal(76), from_on=today(), reason="Sold some")
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    assert fresh(house, case).state == "in_review"


def test_a_new_owner_of_an_approved_company_is_looked_at_before_its_time(
    house: Brokerage,
) -> None:
    case = company_case(house, ("Maria", "80"), ("Nikos", None))
    accept_all(house, case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    house.work()
    assert fresh(house, case).state == "approved"
    with house.as_("carla") as carla:
        make_person(carla, case.client, "4", first_name="Small")
    house.work()
    assert fresh(house, case).state == "approved"
    with house.as_("carla") as carla:
        make_person(carla, case.client, first_name="New")
    house.work()
    assert fresh(house, case).state == "periodic_review_due"


def test_an_owners_expired_passport_restricts_the_company(house: Brokerage) -> None:
    case = company_case(house, ("Maria", "100"), ("Nikos", None))
    accept_all(house, case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    with house.as_("carla") as carla:
        maria = Party.objects.get(first_name="Maria")
        paper = maria.documents.get()
        ClientDocument.objects.filter(pk=paper.pk).update(
            issued_on=date(2010, 1, 1), expires_on=date(2020, 1, 1)
        )
        assert document_age(actor=carla, document_id=paper.pk)
        stop = case.client.restrictions.get()
        assert stop.text == "Passport of Maria Kostas expired on 1 Jan 2020"
        found = ownership(case.client).standings[maria.pk]
        assert (found.met, found.colour, found.note) == (
            False,
            "bad",
            "identity document expired",
        )
    assert fresh(house, case).state == "restricted"


def test_an_expired_passport_of_who_is_not_asked_for_stops_nothing(house: Brokerage) -> None:
    case = company_case(house, ("Maria", "90"), ("Nikos", None))
    with house.as_("carla") as carla:
        small = make_person(carla, case.client, "10", first_name="Small")
    paper = give_paper(house, small)
    accept_all(house, case)
    clear_all(house, case.client)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    with house.as_("carla") as carla:
        ClientDocument.objects.filter(pk=paper.pk).update(
            issued_on=date(2010, 1, 1), expires_on=date(2020, 1, 1)
        )
        assert document_age(actor=carla, document_id=paper.pk)
        assert not case.client.restrictions.exists()
    assert fresh(house, case).state == "approved"


def test_a_party_s_paper_meets_nothing_of_the_company_and_the_other_way(
    house: Brokerage,
) -> None:
    with house.as_("carla") as carla:
        client = make_company(carla)
        holding = make_holding(carla, client, "100")
        case = services.case_open(actor=carla, client=client, level=1)
    give_paper(house, holding, "incorporation")
    with house.as_("carla"):
        lines = {line.title: line.note for line in selectors.checklist(case)}
        assert lines["Incorporation"] == "not handed in"
        assert "incorporation" in lines["Harbour Holding Ltd, owner 100 %"]
    hand_in(house, client, "incorporation")
    with house.as_("carla"):
        lines = {line.title: line.note for line in selectors.checklist(case)}
        assert lines["Incorporation"] == "handed in, to be decided"


def test_two_reviewers_clear_at_the_same_moment_and_one_verdict_is_kept(
    committed: None, screening: Screening
) -> None:
    house = Brokerage(load_world())
    case = company_case(house, ("Maria", "80"), ("Nikos", None))
    accept_all(house, case)
    house.work()
    with house.as_("carla"):
        maria = Party.objects.get(first_name="Maria")
    start = Barrier(2)

    def clear(name: str) -> str:
        try:
            start.wait()
            with house.as_(name) as actor:
                return party_clear(actor=actor, party=maria).decided_by
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        heard = set(pool.map(clear, ["carla", "miles"]))
    assert len(heard) == 1


def test_the_tab_the_party_and_the_case_show_what_is_missing(
    house: Brokerage, browse: Browse
) -> None:
    case = company_case(house, ("Maria", "82"), ("Nikos", None))
    house.work()
    carla, client = browse("carla"), case.client
    tab = carla.get(f"/clients/{client.pk}/ownership/").content.decode()
    assert "18 % not explained" in tab
    assert "0 of 2 cleared" in tab
    assert "Meltemi Shipping Ltd: 18 % of the company without a name." in tab
    page = carla.get(f"/kyc/{case.pk}/").content.decode()
    assert "Passport, Maria Kostas" in page
    assert "identity document handed in, to be decided" in page
    with house.as_("carla"):
        maria = Party.objects.get(first_name="Maria")
    path = f"/clients/{client.pk}/parties/{maria.pk}/"
    assert "Identity document handed in, to be decided" in carla.get(path).content.decode()
    accept_all(house, case)
    assert carla.post(f"{path}clear/", follow=True).status_code == 200
    assert "1 of 2 cleared" in carla.get(f"/clients/{client.pk}/ownership/").content.decode()


def test_a_person_has_no_such_tab_and_a_company_begins_with_a_sentence(
    house: Brokerage, browse: Browse
) -> None:
    with house.as_("carla") as carla:
        person, company = make_lead(carla), make_company(carla)
    browser = browse("carla")
    assert browser.get(f"/clients/{person.pk}/ownership/").status_code == 404
    assert "Ownership" not in browser.get(f"/clients/{person.pk}/").content.decode()
    assert browser.get(f"/clients/{person.pk}/parties/new/person/").status_code == 404
    text = browser.get(f"/clients/{company.pk}/ownership/").content.decode()
    assert "Nobody is named yet" in text
    assert browser.get(f"/clients/{company.pk}/parties/new/ghost/").status_code == 404


def test_forms_name_change_and_end(house: Brokerage, browse: Browse) -> None:
    with house.as_("carla") as carla:
        client = make_company(carla)
    sam, base = browse("sam"), f"/clients/{client.pk}/parties/"
    given = {"role": "owner", "percent": "130", "from_on": "2020-01-01", "last_name": "Kostas"}
    refused = sam.post(f"{base}new/person/", given)
    assert (refused.status_code, "at most 100" in refused.content.decode()) == (422, True)
    assert sam.post(f"{base}new/person/", {**given, "percent": "1e1"}).status_code == 422
    made = sam.post(f"{base}new/person/", {**given, "percent": "62.5", "first_name": "Maria"})
    assert made.status_code == 302
    with house.as_("carla"):
        maria = Party.objects.get()
        tie = maria.ties.get()
    page = made["Location"]
    changed = {"percent": "50", "from_on": "2024-01-01", "reason": "Sold some"}
    assert sam.post(f"{page}role/{tie.pk}/share/", changed).status_code == 302
    late = sam.post(f"{page}role/{tie.pk}/end/", {"until_on": "2024-02-01", "reason": "Late"})
    assert "Sam has ended it already" in late.content.decode()
    assert (
        sam.post(f"{page}role/", {"role": "signatory", "from_on": "2024-01-01"}).status_code == 302
    )
    with house.as_("carla"):
        assert sorted(each.words() for each in maria.ties.filter(until_on=None)) == [
            "owner of 50 %",
            "signatory",
        ]
    assert sam.get(f"{page}edit/").status_code == 403
    assert "1979" not in sam.get(page).content.decode()
    assert sam.post(f"{page}clear/").status_code == 403


def test_the_tab_asks_the_same_with_many_parties(house: Brokerage, browse: Browse) -> None:
    with house.as_("carla") as carla:
        client = make_company(carla)
        make_person(carla, client, "10")
    browser, path = browse("carla"), f"/clients/{client.pk}/ownership/"
    browser.get(path)
    with CaptureQueriesContext(connection) as few:
        browser.get(path)
    with house.as_("carla") as carla:
        holding = make_holding(carla, client, "40")
        for number in range(6):
            make_person(carla, client, "5", first_name=f"N{number}", of=holding)
    with CaptureQueriesContext(connection) as many:
        browser.get(path)
    assert len(many) == len(few)


def test_a_party_s_paper_is_compared_with_the_party(house: Brokerage) -> None:
    case = company_case(house, ("Maria", "100"), ("Nikos", None))
    with house.as_("carla") as carla:
        paper = ClientDocument.objects.select_related("party").get(party__first_name="Maria")
        typed = {row.label: row.typed for row in selectors.comparison(case, paper)}
        assert (typed["Surname"], typed["Date of birth"]) == ("Kostas", "1979-05-04")
        assert reviews.document_decide(actor=carla, case=case, document=paper, accepted=True)
