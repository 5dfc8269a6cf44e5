"""What a compliance officer clears before lunch: the KYC queue, from the keyboard alone."""

import re
from collections import Counter

from playwright.sync_api import Page, expect

from operations.demo.morning import APPLICANTS, OTHER_NAME
from tests.day.people import People
from tests.day.specialist import press_and_go

NOT_THEIRS = {surname for _, surname, *_, wrong in APPLICANTS if wrong == OTHER_NAME}
NAME_DIFFERS = 4  # so many reasons stand before it
DECIDED = re.compile(r"(\d+) of (\d+) documents decided")


def cases_decided(people: People, most: int) -> Counter[str]:
    """Cases of the queue that are in review, the next one after the other: sent to approval, or the
    client asked for another paper; some wait for an identity vendor. How many of each."""
    officer = people.at("compliance")
    officer.goto("/kyc/")
    expect(officer.locator("tr[data-row]").first).to_be_visible()
    press_and_go(officer, "jo")
    done, seen = Counter[str](), set[str]()
    while officer.url not in seen and sum(done.values()) < most:
        seen.add(officer.url)
        if officer.locator(".page-head .state").filter(has_text="In review").count():
            done[_decided(officer)] += 1  # and the next one opens
        elif officer.locator('#page [data-key="n"]').count():
            press_and_go(officer, "n")
    return done


def _decided(page: Page) -> str:
    refused = page.locator("#page").get_by_text("refused:").count() > 0
    while page.locator(".is-foot .state").filter(has_text="To be decided").count():
        refused = _paper_decided(page) or refused
    if refused:
        page.keyboard.press("q")
        expect(page.get_by_role("radio").first).to_be_focused()
        page.keyboard.press("Space")
        press_and_go(page, "Control+Enter")
        return "asked"
    can_go = page.locator('#page [data-key="a"]').count()
    press_and_go(page, "a" if can_go else "n")
    return "sent" if can_go else "waits"


def _paper_decided(page: Page) -> bool:
    """Look at the paper shown: whether it was refused."""
    head = page.locator(".page-head")
    name, counted = head.get_by_role("link").first.inner_text(), DECIDED.search(head.inner_text())
    assert counted is not None
    is_another = any(surname in name for surname in NOT_THEIRS)
    is_stale = page.locator(".is-foot [data-why]").count() > 0  # its dates speak against it
    if is_another or is_stale:
        press_and_go(page, "e")
        expect(page.get_by_role("radio").first).to_be_focused()
        for _ in range(0 if is_stale else NAME_DIFFERS):
            page.keyboard.press("ArrowDown")
        press_and_go(page, "Control+Enter")
    else:
        page.keyboard.press("y")
    expect(head).to_contain_text(f"{int(counted[1]) + 1} of {counted[2]} documents decided")
    return is_another or is_stale


def cases_approved(people: People, most: int) -> int:
    """The second pair of eyes, from the keyboard as well: how many became clients."""
    mlro = people.at("mlro")
    mlro.goto("/kyc/")
    expect(mlro.locator("tr[data-row]").first).to_be_visible()
    press_and_go(mlro, "jo")
    done, seen = 0, set[str]()
    while mlro.url not in seen and done < most:
        seen.add(mlro.url)
        waits = mlro.locator(".page-head .state").filter(has_text="Waiting for approval").count()
        if waits and mlro.locator('#page button[data-key="a"]').count():
            press_and_go(mlro, "a")
            done += 1
        elif mlro.locator('#page [data-key="n"]').count():
            press_and_go(mlro, "n")
    return done
