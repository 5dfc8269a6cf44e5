"""A chargeback in the browser, from the bank's word to its end: evidence handed in, and won."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.day import facts
from tests.day.people import people_of
from tests.day.product import Product

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

SLOW_MS = 45_000  # a worker that is late, and a message on its way


def _state(page: Page, word: str) -> None:
    """The badge at the head says so; the page follows by itself."""
    badge = page.locator("#page .state").filter(has_text=re.compile(rf"^\s*{word}\s*$")).first
    expect(badge).to_be_visible(timeout=SLOW_MS)


def _decides(bank: Page, product: Product, reference: str, button: str) -> None:
    bank.goto(facts.card_bank(product))
    payment = bank.locator("form").filter(has_text=reference)
    payment.get_by_role("button", name=button).click()
    expect(bank.get_by_role("heading", level=1)).to_be_visible()


def test_a_chargeback_is_run_to_its_end(product: Product, browser: Browser) -> None:
    with people_of(product, browser) as people:
        pavel, bank = people.at("payments"), people.stranger()
        bank.goto(facts.card_bank(product))
        paid = bank.locator("form").filter(has_text=re.compile(r": paid\s")).first
        reference = paid.locator("b").inner_text()
        _decides(bank, product, reference, "Open: needs response")

        pavel.goto("/money/chargebacks/")
        line = pavel.locator("tr[data-row]").filter(has_text=reference)
        for _ in range(20):
            if line.count():
                break
            pavel.wait_for_timeout(1_000)
            pavel.reload()
        line.get_by_role("link").first.click()
        _state(pavel, "Open")
        expect(pavel.get_by_text("Withdrawals of the client are stopped.")).to_be_visible()
        pavel.get_by_text("Add a piece").click()
        pavel.get_by_label("What it is").select_option(label="Sign-ins (in words)")
        pavel.get_by_label("In words").fill("Signed in from home four minutes before.")
        pavel.get_by_role("button", name="Add to the bundle").click()
        expect(pavel.get_by_text("Signed in from home four minutes before.")).to_be_visible()
        pavel.get_by_role("button", name="Submit evidence").click()
        pavel.get_by_role("dialog").get_by_role("button", name="Submit evidence").click()
        _state(pavel, "Evidence sent")

        _decides(bank, product, reference, "Decide for the merchant")
        _state(pavel, "Won")
        books = pavel.locator("section").filter(has_text="In the books").last
        expect(books.locator("tbody tr")).to_have_count(3)
        expect(pavel.get_by_text("Withdrawals of the client are stopped.")).to_have_count(0)
    facts.verify(product, "ledger_verify")
