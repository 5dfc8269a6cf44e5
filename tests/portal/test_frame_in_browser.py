"""The frame in Chromium under the product's own content security policy."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.portal import frame_site

pytestmark = pytest.mark.browser

WIDTHS = {"desk": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    templates: Any = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(Path(__file__).parent / "frame_templates")
    templates[0]["OPTIONS"]["context_processors"] = [
        "django.template.context_processors.request",
        "django.contrib.messages.context_processors.messages",
    ]
    with frame_site.served(templates) as address:
        yield address


def _context(browser: Browser, site: str) -> BrowserContext:
    made = browser.new_context(base_url=site, viewport={"width": 1280, "height": 800})
    made.set_default_timeout(10_000)
    return made


@pytest.fixture(scope="module")
def context(browser: Browser, site: str) -> Iterator[BrowserContext]:
    """Shared, so that its cache is: every page loads the same styles and modules."""
    made = _context(browser, site)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    frame_site.posts.clear()
    frame_site.searches.clear()
    frame_site.release.set()
    opened = context.new_page()
    yield opened
    frame_site.release.set()
    opened.evaluate("localStorage.clear()")
    opened.close()


@pytest.fixture
def clocked(browser: Browser, site: str) -> Iterator[Page]:
    """A page whose clock the test moves."""
    made = _context(browser, site)
    made.clock.install()
    yield made.new_page()
    made.close()


def _complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console",
        lambda line: heard.append(line.text) if line.type in {"error", "warning"} else None,
    )
    return heard


@pytest.mark.parametrize(
    ("address", "width", "scheme"),
    [
        ("/", "desk", "light"),
        ("/", "phone", "dark"),
        ("/work/", "desk", "dark"),
        ("/viewer/", "phone", "light"),
        ("/plain/", "phone", "dark"),
    ],
)
def test_a_page_is_quiet_in_the_console_and_fits_its_window(
    browser: Browser, site: str, address: str, width: str, scheme: str
) -> None:
    wide, high = WIDTHS[width]
    page = browser.new_page(
        base_url=site,
        viewport={"width": wide, "height": high},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    heard = _complaints(page)
    page.goto(address, wait_until="networkidle")
    assert heard == []
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
    page.close()


def test_charts_are_drawn_and_told_as_tables(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".chart-box table caption")).to_have_count(2)
    told = page.locator(".chart-box table").first.inner_text()
    assert "18,200 EUR" in told
    assert page.evaluate("Chart.getChart(document.querySelector('canvas')).data.labels.length") == 7


def test_rows_are_walked_selected_and_opened_by_keys(page: Page) -> None:
    page.goto("/work/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tr.is-at")).to_have_attribute("data-row", "W-26-01833")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    page.keyboard.press("k")
    page.keyboard.press("o")
    page.wait_for_url("**/row/?W-26-01832")


def test_keys_stay_out_of_the_way_while_someone_types(page: Page) -> None:
    page.goto("/work/")
    page.locator("#note").click()
    page.keyboard.type("jxa?")
    expect(page.locator("#note")).to_have_value("jxa?")
    expect(page.locator("tr.is-at")).to_have_count(0)
    assert frame_site.posts == []


def test_single_keys_can_be_turned_off_and_ctrl_k_stays(page: Page) -> None:
    page.goto("/work/")
    page.keyboard.press("?")
    page.locator("[data-single-keys]").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("tr.is-at")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_g_and_a_letter_go_to_a_page(page: Page) -> None:
    page.goto("/work/")
    page.keyboard.press("g")
    page.keyboard.press("w")
    page.wait_for_url("**/withdrawals/")


def test_the_key_map_lists_what_this_page_offers(page: Page) -> None:
    page.goto("/work/")
    page.keyboard.press("?")
    expect(page.locator("#key-map-page dl > div")).to_have_text(["aApprove"])
    expect(page.locator("#key-map-go dl > div")).to_have_text(["hHome", "wWithdrawals"])


TYPED_AT_ONCE = """(input, text) => {
    for (let end = 1; end <= text.length; end++) {
        input.value = text.slice(0, end)
        input.dispatchEvent(new Event("input", {bubbles: true}))
    }
}"""


def test_the_palette_finds_pages_at_once_and_records_from_the_server(page: Page) -> None:
    page.goto("/work/")
    page.keyboard.press("Control+k")
    # Letter by letter, as fast as nobody types: no machine is slow enough to rest in between.
    page.locator("#palette input").evaluate(TYPED_AT_ONCE, "depo")
    expect(page.locator("[role=option]")).to_have_text(["Deposits", "Client nameC-10482"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/client/")
    assert frame_site.searches == ["depo"]  # not once a letter


def test_a_page_that_is_one_form_begins_in_it_and_ctrl_enter_sends_it(page: Page) -> None:
    page.goto("/form/")
    expect(page.get_by_label("To its source first")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("They paid by card.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/post/")
    assert frame_site.posts == ["rejected"]
    page.goto("/form/?wrong")
    expect(page.get_by_label("Note")).to_be_focused()
    # A record with forms beside it is read first, and its keys work at once.
    page.goto("/work/")
    expect(page.locator("body")).to_be_focused()


def test_two_clicks_send_one_form(page: Page) -> None:
    frame_site.release.clear()
    page.goto("/work/")
    held = page.evaluate("""async () => {
      const button = document.getElementById("once");
      for (let i = 0; i < 3; i++) button.click();
      await new Promise((resolve) => setTimeout(resolve));
      return [button.disabled, button.getAttribute("aria-busy")];
    }""")
    assert held == [True, "true"]
    frame_site.release.set()
    page.wait_for_url("**/post/")
    assert frame_site.posts == ["once"]


def test_what_cannot_be_undone_asks_first_and_sends_nothing_on_cancel(page: Page) -> None:
    page.goto("/work/")
    page.locator("#asked").click()
    expect(page.locator("#confirm-text")).to_have_text("1,250.00 EUR go back to the wallet.")
    page.locator("#confirm").get_by_text("Cancel").click()
    expect(page.locator("#confirm")).to_be_hidden()
    assert frame_site.posts == []


def test_what_was_confirmed_is_sent_once(page: Page) -> None:
    page.goto("/work/")
    page.locator("#asked").click()
    page.locator("#confirm-yes", has_text="Reject").click()
    page.wait_for_url("**/post/")
    assert frame_site.posts == ["asked"]


def test_a_partial_request_asks_in_the_same_dialog(page: Page) -> None:
    page.goto("/work/")
    page.locator("#hx-asked").click()
    expect(page.locator("#confirm-text")).to_have_text("Really close 3 accounts?")
    assert frame_site.posts == []
    page.locator("#confirm-yes").click()
    expect(page.locator("#part")).to_have_text("done")
    assert frame_site.posts == ["hx-asked"]


def test_a_grey_button_says_why_and_sends_nothing(page: Page) -> None:
    page.goto("/work/")
    page.locator("#off").click(force=True)
    expect(page.locator("#toasts p")).to_have_text("Compliance holds it.")
    assert frame_site.posts == []


def test_a_partial_write_carries_the_token(page: Page) -> None:
    page.goto("/work/")
    page.locator("#write").click()
    expect(page.locator("#part")).to_have_text("done")
    assert frame_site.posts == ["partial"]


def test_a_failed_partial_says_so_and_leaves_the_page_alone(page: Page) -> None:
    page.goto("/work/")
    page.locator("#fail").click()
    expect(page.locator("#toasts p")).to_contain_text("Something failed on the server.")
    expect(page.locator("#part")).to_have_text("untouched")


def test_the_servers_own_sentence_is_shown(page: Page) -> None:
    page.goto("/work/")
    page.locator("#said").click()
    expect(page.locator("#toasts p")).to_have_text("The account was closed by someone else.")


@pytest.mark.parametrize("button", ["#gone", "#moved"])
def test_an_ended_session_leads_to_sign_in_and_back(page: Page, button: str) -> None:
    page.goto("/work/")
    page.locator(button).click()
    page.wait_for_url("**/login/?next=%2Fwork%2F")


def test_a_reference_is_copied_by_a_click(page: Page) -> None:
    page.goto("/work/")
    page.locator("button.ref").first.click()
    expect(page.locator("#toasts p")).to_have_text("Copied: W-26-01832")
    assert page.evaluate("navigator.clipboard.readText()") == "W-26-01832"


def test_theme_and_density_outlive_the_page(page: Page) -> None:
    page.goto("/work/")
    page.locator(".topbar details.menu > summary").click()
    page.locator("[data-theme-set=dark]").click()
    page.locator("[data-density-toggle]").click()
    page.reload(wait_until="commit")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    expect(root).to_have_attribute("data-density", "compact")


def test_the_browser_writes_times_as_the_server_does(clocked: Page) -> None:
    clocked.goto("/times/")
    times = clocked.locator("time[data-time]")
    from_server = times.all_inner_texts()
    clocked.evaluate(
        "document.querySelectorAll('time[data-time]').forEach(t => t.textContent = '')"
    )
    clocked.clock.run_for(20_000)
    assert times.all_inner_texts() == from_server
    assert len(from_server) == 8 * 3 + 8 * 2


def test_times_move_on_while_the_page_stays_open(clocked: Page) -> None:
    clocked.goto("/times/")
    second = clocked.locator("time[data-time=ago]").nth(1)
    expect(second).to_have_text("2 min")
    clocked.clock.run_for(60_000)
    expect(second).to_have_text("3 min")


def test_a_message_of_a_mistake_stays_until_it_is_closed(clocked: Page) -> None:
    clocked.goto("/?message=1")
    clocked.clock.run_for(60_000)
    toast = clocked.locator("#toasts li", has_text="The gateway refused the payout.")
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_a_document_turns_grows_and_pages(page: Page) -> None:
    page.goto("/viewer/")
    sheet = page.locator(".viewer-page:visible")
    before = sheet.bounding_box()
    page.keyboard.press("+")
    page.keyboard.press("t")
    page.keyboard.press(".")
    expect(page.locator("[data-viewer-count]")).to_have_text("2 of 2")
    page.keyboard.press(",")
    after = sheet.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == pytest.approx(before["width"] * 1.25, abs=1)
    assert "rotate(90deg)" in (page.locator(".viewer-turn").first.get_attribute("style") or "")


def test_the_navigation_is_a_drawer_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/work/")
    expect(page.locator("#side")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#side")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_to_press_is_smaller_than_twenty_four_pixels(page: Page, width: str) -> None:
    page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})
    page.goto("/")
    small = page.evaluate("""() => [...document.querySelectorAll("a, button, summary, select")]
      .filter((e) => e.checkVisibility({opacityProperty: true}) && !e.closest("p, span:not(.push)"))
      .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
      .filter(([, box]) => box.width && (box.height < 23.5 || box.width < 23.5))
      .map(([html]) => html)""")
    assert [html for html in small if "row-link" not in html and 'class="ref"' not in html] == []
