"""A level asks for the tax self-certification when two people of the brokerage say so."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser

from backoffice.core.errors import FourEyes, StateConflict
from backoffice.workflow import approvals
from clients.models import Client
from clients.tax.rules import Residence
from clients.tax.services import tax_certify
from kyc import guards, selectors, services
from kyc.models import Level
from kyc.tax import APPROVAL, asks, level_tax_propose
from tests.clients.company_factories import make_company, make_person
from tests.clients.factories import make_lead
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import fresh, hand_in

Browse = Callable[[str], Browser]


def ask(house: Brokerage, number: int = 1) -> None:
    with house.as_("carla") as carla:
        approval = level_tax_propose(actor=carla, level=Level.objects.get(number=number))
    with house.as_("miles") as miles:
        approvals.approval_vote(actor=miles, approval=approval, approves=True)


def certify(house: Brokerage, client: Client, classification: str = "") -> None:
    with house.as_("carla") as carla:
        tax_certify(
            actor=carla,
            client=client,
            us_person=False,
            residences=[Residence("CY", "00123456X")],
            certified_by="Anna Eriksson",
            classification=classification,
        )


def test_a_second_person_decides_what_a_level_asks_for(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        level = Level.objects.get(number=1)
        approval = level_tax_propose(actor=carla, level=level)
        assert not asks(level)
        with pytest.raises(StateConflict, match="waits already"):
            level_tax_propose(actor=carla, level=level)
        with pytest.raises(FourEyes):
            approvals.approval_vote(actor=carla, approval=approval, approves=True)
    with house.as_("miles") as miles:
        approvals.approval_vote(actor=miles, approval=approval, approves=True)
        assert asks(level)
        assert level.requirements.filter(code="tax").count() == 2
    ask(house)
    with house.as_("carla") as carla:
        assert not asks(level)
        with pytest.raises(StateConflict, match="only registered"):
            level_tax_propose(actor=carla, level=Level.objects.get(number=0))


def test_a_case_waits_for_the_certification_and_goes_on_with_it(house: Brokerage) -> None:
    ask(house)
    with house.as_("sam") as sam:
        client = make_lead(sam)
    hand_in(house, client, "passport")
    with house.as_("carla") as carla:
        case = services.case_open(actor=carla, client=client, level=1)
        assert guards.why_not_submit(case) == (
            "Still open: Tax self-certification (not certified yet: Anna Eriksson)"
        )
    certify(house, client)
    with house.as_("carla") as carla:
        services.case_submit(actor=carla, case=case)
    house.work()
    assert fresh(house, case).state == "in_review"


def test_a_client_who_was_asked_goes_on_when_they_certified(house: Brokerage) -> None:
    with house.as_("sam") as sam:
        client = make_lead(sam)
    hand_in(house, client, "passport")
    with house.as_("carla") as carla:
        case = services.case_open(actor=carla, client=client, level=1)
        services.case_submit(actor=carla, case=case)
    house.work()
    ask(house)
    with house.as_("carla") as carla:
        services.case_ask_client(actor=carla, case=case, reason="funds_unclear")
    house.work()
    assert fresh(house, case).state == "info_requested"
    certify(house, client)
    house.work()
    house.work()  # the checks that the submission asked
    assert fresh(house, case).state == "in_review"


def test_a_passive_company_s_owners_are_named(house: Brokerage) -> None:
    ask(house)
    with house.as_("carla") as carla:
        client = make_company(carla)
        make_person(carla, client, "80")
        case = services.case_open(actor=carla, client=client, level=1)
    certify(house, client, "passive_nfe")
    with house.as_("carla"):
        (line,) = [each for each in selectors.checklist(case) if each.title.startswith("Tax")]
        assert (line.met, line.note) == (False, "not certified yet: Maria Kostas")


def test_the_levels_page_proposes_and_shows_that_it_waits(house: Brokerage, browse: Browse) -> None:
    carla = browse("carla")
    assert carla.get("/kyc/levels/").content.decode().count("Ask for taxes") == 3
    with house.as_("carla"):
        level = Level.objects.get(number=2)
    assert carla.post(f"/kyc/levels/{level.pk}/tax/").status_code == 302
    text = carla.get("/kyc/levels/").content.decode()
    assert (text.count("Ask for taxes"), text.count("Change waits")) == (2, 1)
    with house.as_("carla") as actor:
        assert approvals.pending(actor).get().kind == APPROVAL
    assert browse("olivia").post(f"/kyc/levels/{level.pk}/tax/").status_code == 403
