"""The papers of a case beside its viewer: order, states, and what opens after a decision."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from clients.models import ClientDocument
from kyc.models import KycCase
from tests.clients.factories import paper
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import hand_in, in_review

Browse = Callable[[str], Browser]
KINDS = ("utility_bill", "bank_statement", "tax_id")
TAB = re.compile(r'<a class="paper" href="([^"]+)" title="([^"]+)"( aria-current="true")?>')


@pytest.fixture
def case(house: Brokerage) -> KycCase:
    """With a passport and three other papers, none of them decided."""
    found = in_review(house)
    hand_in(house, found.client, *KINDS)
    return found


def _papers(house: Brokerage, case: KycCase) -> list[ClientDocument]:
    with house.as_("carla"):
        return list(case.client.documents.order_by("id"))


def _tabs(browser: Browser, path: str) -> list[tuple[str, str, bool]]:
    """Address, title and whether it is the open one, of each paper as the page lists them."""
    text = browser.get(path).content.decode()
    return [(url, title, bool(mark)) for url, title, mark in TAB.findall(text)]


def _address(case: KycCase, document: ClientDocument) -> str:
    return f"/kyc/{case.pk}/?document={document.pk}"


def _decide(browser: Browser, case: KycCase, document: ClientDocument, verb: str = "accept") -> Any:
    path = f"/kyc/{case.pk}/documents/{document.pk}/{verb}/"
    return browser.post(path, {"reason": "blurred"} if verb == "refuse" else {})["Location"]


def test_each_paper_is_listed_with_its_state_and_those_that_wait_come_first(
    house: Brokerage, browse: Browse, case: KycCase
) -> None:
    carla, papers = browse("carla"), _papers(house, case)
    _decide(carla, case, papers[0])
    _decide(carla, case, papers[2], "refuse")
    tabs = _tabs(carla, f"/kyc/{case.pk}/")
    assert [title for _, title, _ in tabs] == [
        "Utility bill: to be decided",
        "Tax number: to be decided",
        "Passport: accepted",
        "Bank statement: refused",
    ]
    assert [is_open for _, _, is_open in tabs] == [True, False, False, False]


def test_after_a_decision_the_next_one_that_waits_opens(
    house: Brokerage, browse: Browse, case: KycCase
) -> None:
    carla, papers = browse("carla"), _papers(house, case)
    went = [_decide(carla, case, papers[1])]  # the passport is left for later
    went += [_decide(carla, case, papers[2], "refuse")]
    went += [_decide(carla, case, papers[3])]
    went += [_decide(carla, case, papers[0])]
    # On to the next, from the last one round to the first; where none waits it stays.
    assert went == [_address(case, papers[at]) for at in (2, 3, 0, 0)]


def test_keys_lead_to_the_neighbours_and_round_the_ends(
    house: Brokerage, browse: Browse, case: KycCase
) -> None:
    carla, papers = browse("carla"), _papers(house, case)
    steps = re.compile(r'<a class="btn btn-quiet btn-sm" href="([^"]+)" data-key="([wd])"')

    def neighbours(path: str) -> dict[str, str]:
        text = carla.get(path).content.decode()
        return {key: url for url, key in steps.findall(text)}

    first, last = papers[0], papers[-1]
    assert neighbours(_address(case, first)) == {
        "w": _address(case, last),
        "d": _address(case, papers[1]),
    }
    assert neighbours(_address(case, last))["d"] == _address(case, first)


def test_one_paper_alone_has_no_list_and_no_neighbours(house: Brokerage, browse: Browse) -> None:
    case = in_review(house, email="one@mail.example", last_name="Berg")
    text = browse("carla").get(f"/kyc/{case.pk}/").content.decode()
    assert "data-papers" not in text
    assert 'data-key="d"' not in text


def test_a_pdf_among_the_papers_has_the_same_list(
    house: Brokerage, browse: Browse, case: KycCase
) -> None:
    from tests.clients.factories import make_document

    with house.as_("sam") as sam:
        pdf = make_document(sam, case.client, "source_of_funds", paper(2), "funds.pdf")
    tabs = _tabs(browse("carla"), _address(case, pdf))
    assert len(tabs) == 5
    assert [url for url, _, is_open in tabs if is_open] == [_address(case, pdf)]
