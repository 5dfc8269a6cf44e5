"""Thirty mixed applications in the browser: papers looked at, sent to approval or sent back for
another paper, and approved by a second person, from the keyboard alone."""

import pytest
from playwright.sync_api import Browser

from operations.demo.morning import APPLICANTS
from tests.day.officer import cases_approved, cases_decided
from tests.day.people import people_of
from tests.day.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

CASES = 30


def test_thirty_cases_are_decided_from_the_keyboard(product: Product, browser: Browser) -> None:
    with people_of(product, browser) as people:
        decided = cases_decided(people, CASES)
        assert decided.total() >= CASES - 2, decided  # other tests' people may have taken some
        assert decided["asked"] == sum(1 for *_, wrong in APPLICANTS if wrong)
        assert decided["waits"] <= 3
        assert cases_approved(people, decided["sent"]) >= decided["sent"] - 2
