"""Every page that the navigation offers opens without a complaint of the browser.

Who may open what is not this test's: every address is asked for with and without its right in
``tests/test_guard_addresses.py``. Here each page is looked at once, by the first who is offered it.
"""

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.day.conftest import SignIn

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(900),
]

LOGINS = (
    "operations",
    "compliance",
    "mlro",
    "payments",
    "lead",
    "partners",
    "analyst",
    "support",
    "manager",
    "admin",
)


# The success criteria of WCAG 2.1, levels A and AA; of what is found, what shuts somebody out.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "resultTypes": ["violations"],
    "preload": False,  # it would fetch style sheets again, which our policy forbids
}
BARRIERS = {"serious", "critical"}
_axe = Axe()
_opened: set[str] = set()


def _hrefs(page: Page, selector: str) -> list[str]:
    found = page.eval_on_selector_all(selector, "links => links.map(a => a.getAttribute('href'))")
    return list(dict.fromkeys(href for href in found if href and href.startswith("/")))


def _twice(page: Page) -> list[str]:
    """Ids that the page has more than once: a label of one form would lead into another."""
    ids: list[str] = page.eval_on_selector_all("[id]", "items => items.map(item => item.id)")
    return [found for found, count in Counter(ids).items() if count > 1]


def _barriers(page: Page) -> list[str]:
    """What keeps people out who see little or use no mouse, by axe-core."""
    found = _axe.run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in BARRIERS
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("login", LOGINS)
def test_what_the_navigation_offers_opens_and_so_does_the_first_row(
    sign_in: SignIn, login: str
) -> None:
    with sign_in(login) as page:
        offered = _hrefs(page, "nav.side a.side-link")
        assert "/" in offered
        for href in offered:
            if href in _opened and href != "/":  # everyone's home is another
                continue
            _opened.add(href)
            answer = page.goto(href)
            assert answer is not None
            assert answer.status == 200, href
            assert _twice(page) == [], href
            assert _barriers(page) == [], href
            first = page.query_selector("tr[data-row] a[data-open], a.queue-item[data-open]")
            row = first.get_attribute("href") if first else None
            if row and row.startswith("/"):
                answer = page.goto(row)
                assert answer is not None
                assert answer.status == 200, row
                assert _twice(page) == [], row
                assert _barriers(page) == [], row
