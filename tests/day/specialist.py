"""What a payments specialist and the lead clear within the day: the queue of withdrawals from the
keyboard, a payout whose outcome nobody knows, money on a statement that is nobody's yet."""

import re

from playwright.sync_api import Page, expect

from tests.day.people import People

SLOW_MS = 45_000  # a worker that is late


def _badge(page: Page, word: str) -> None:
    badge = page.locator("#page .state").filter(has_text=re.compile(rf"^\s*{word}\s*$")).first
    expect(badge).to_be_visible(timeout=SLOW_MS)


def queue_cleared(people: People) -> int:
    """Everything of the queue that the lead may decide, from the keyboard alone: approved, and
    each fifth one rejected for a reason. How many that were."""
    lead = people.at("lead")
    lead.goto("/money/withdrawals/")
    expect(lead.locator("tr[data-row]").first).to_be_visible()
    press_and_go(lead, "jo")
    press_and_go(lead, "o")
    decided, seen = 0, set[str]()
    while lead.url not in seen and lead.url.endswith("/decide/"):
        seen.add(lead.url)
        if not lead.locator('#page button[data-key="a"]').filter(has_text="Approve").count():
            press_and_go(lead, "n")
            continue
        decided += 1
        if decided % 5:
            press_and_go(lead, "a")
        else:
            lead.keyboard.press("r")
            expect(lead.get_by_role("radio").first).to_be_focused()
            lead.keyboard.press("Space")
            press_and_go(lead, "Control+Enter")
    return decided


def press_and_go(page: Page, keys: str) -> None:
    """What the keys open is another page."""
    before = page.url
    for key in [keys] if "+" in keys else keys:
        page.keyboard.press(key)
    page.wait_for_url(lambda url: url != before, wait_until="domcontentloaded")


def unknown_resolved(people: People) -> None:
    """The gateway answered with an error, asked again it knows nothing: the lead settles it with a
    proof, and the hold is released."""
    pavel, lead = people.at("payments"), people.at("lead")
    pavel.goto("/money/withdrawals/?segment=unknown")
    pavel.locator("tr[data-row]").get_by_role("link").first.click()
    _badge(pavel, "Outcome unknown")
    expect(pavel.get_by_role("button", name="Settle with proof")).to_have_attribute(
        "aria-disabled", "true"
    )
    lead.goto(pavel.url)
    lead.get_by_role("link", name="Settle with proof").click()
    lead.get_by_label("What happened").select_option(label="It was not paid")
    lead.get_by_label("Proof").fill("Cashier's support, ticket 4411: the order never reached them.")
    lead.get_by_role("button", name="Settle", exact=True).click()
    pavel.reload()
    _badge(pavel, "Failed")
    expect(pavel.get_by_text("Hold released")).to_be_visible()


def break_adjusted(people: People) -> None:
    """Money that is nobody's yet goes to the unallocated receipts, by a journal of two people."""
    pavel, lead = people.at("payments"), people.at("lead")
    pavel.goto("/reconciliation/breaks/")
    unknown = pavel.locator("tr[data-row]").filter(has_text="Money from someone unknown")
    unknown.filter(has_text=re.compile(r"Open\s*$")).first.get_by_role("link").first.click()
    expect(pavel.get_by_role("button", name="Look into it")).to_be_enabled()
    pavel.keyboard.press("h")
    _badge(pavel, "Being looked into")
    taken = pavel.url
    pavel.get_by_text("Book it by an adjustment").click()
    form = pavel.locator("details[open]").filter(has_text="Book it by an adjustment")
    form.get_by_role("radio").first.check()
    form.get_by_label("How you know").fill("No client of ours has such a name.")
    form.get_by_role("button", name="Propose").click()
    pavel.wait_for_url(lambda url: url != taken)  # the next one opens by itself
    pavel.goto(taken)
    _badge(pavel, "Adjustment waits for approval")
    lead.goto(taken)
    lead.get_by_role("link", name="Open the approval").click()
    lead.get_by_role("button", name="Approve").click()
    pavel.reload()
    _badge(pavel, "Resolved")
