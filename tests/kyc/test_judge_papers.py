"""What a document's own dates say against it, before anyone decides on it."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.clock import today
from clients.documents import document_describe
from clients.models import ClientDocument, DocumentType
from kyc.rules import Paper, Problem, document_verdict, paper_problem
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import in_review

Browse = Callable[[str], Client]
DAY = date(2026, 11, 24)


def _paper(issued_on: date | None = None, expires_on: date | None = None) -> Paper:
    return Paper("passport", "uploaded", issued_on, expires_on, "Passport")


@pytest.mark.parametrize(
    ("issued", "expires", "most", "problem"),
    [
        (None, None, None, None),
        (None, None, 90, None),
        (None, 0, None, None),
        (None, -1, None, Problem("expired", "expired yesterday")),
        (None, -41, 90, Problem("expired", "expired 41 days ago")),
        (-90, None, 90, None),
        (-91, None, 90, Problem("too_old", "91 days old, at most 90 count")),
        (-3000, 400, None, None),
    ],
)
def test_dates_say_what_is_wrong(
    issued: int | None, expires: int | None, most: int | None, problem: Problem | None
) -> None:
    days = [None if each is None else DAY + timedelta(days=each) for each in (issued, expires)]
    assert paper_problem(_paper(*days), most, DAY) == problem


@given(st.integers(-4000, 4000), st.integers(-4000, 4000), st.none() | st.integers(1, 400))
def test_what_has_a_problem_would_not_count_when_it_is_accepted(
    issued: int, expires: int, most: int | None
) -> None:
    dates = DAY + timedelta(days=issued), DAY + timedelta(days=expires)
    accepted = Paper("passport", "accepted", *dates, "Passport")
    verdict = document_verdict("Identity", ["passport"], [accepted], most, DAY)
    assert verdict.met == (paper_problem(_paper(*dates), most, DAY) is None)


def test_the_checklist_says_so_before_anyone_decides() -> None:
    late = _paper(expires_on=DAY - timedelta(days=2))
    verdict = document_verdict("Identity", ["passport"], [late], None, DAY)
    assert (verdict.colour, verdict.note) == ("bad", "handed in, but expired 2 days ago")
    both = document_verdict("Identity", ["passport"], [late, _paper()], None, DAY)
    assert both.note == "handed in, to be decided"


def test_an_expired_paper_is_greyed_with_its_reason_and_the_refusal_knows_why(
    house: Brokerage, browse: Browse
) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        paper = ClientDocument.objects.get(client=case.client, type=DocumentType.PASSPORT)
        document_describe(
            actor=carla,
            document=paper,
            issued_on=today() - timedelta(days=3650),
            expires_on=today() - timedelta(days=12),
        )
    page = browse("carla").get(reverse("kyc:case", args=[case.pk]) + f"?document={paper.pk}")
    text = page.content.decode()
    assert "expired 12 days ago" in text
    assert re.search(
        r'aria-disabled="true"[^>]*title="It does not count, expired 12 days ago', text
    )
    assert f'action="{reverse("kyc:document-accept", args=[case.pk, paper.pk])}"' not in text
    url = reverse("kyc:document-refuse", args=[case.pk, paper.pk]) + "?reason=expired"
    assert url in text
    form = browse("carla").get(url).content.decode()
    assert re.search(r'value="expired" required checked', form)
