"""People at their screens: one browser context each, and nothing that a browser complains of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.day.product import PASSWORD, Product

WAIT_MS = 20_000
# What a refused form answers; Chromium writes every one of them into its console.
REFUSED_FORM = HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass
class People:
    """``people.at("payments")`` signs in once and gives that person's page; ``stranger`` is the
    client outside. ``complaints`` has each console error, breach of the content security policy,
    failed request and server error of all of them."""

    product: Product
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    _pages: dict[str, Page] = field(default_factory=dict)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def at(self, login: str) -> Page:
        if login not in self._pages:
            page = self._pages[login] = self._new_page(login)
            page.goto("/accounts/login/")
            page.fill("input[name=login]", f"{login}@aurora.example")
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url(self.product.address + "/")
        return self._pages[login]

    def stranger(self) -> Page:
        """The client, without any account here."""
        if "stranger" not in self._pages:
            self._pages["stranger"] = self._new_page("stranger")
        return self._pages["stranger"]

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _new_page(self, name: str) -> Page:
        context = self.browser.new_context(
            base_url=self.product.address,
            viewport={"width": 1280, "height": 900},
            accept_downloads=True,
        )
        context.set_default_timeout(WAIT_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._heard(name, page, message))
        page.on("pageerror", lambda error: self._complain(name, page, str(error)))
        page.on("requestfailed", lambda request: self._failed(name, page, request))
        page.on("response", lambda response: self._answered(name, page, response))
        return page

    def _complain(self, name: str, page: Page, what: str) -> None:
        self.complaints.append(f"{name} at {page.url}: {what}")

    def _heard(self, name: str, page: Page, message: ConsoleMessage) -> None:
        refused = f"status of {REFUSED_FORM}" in message.text
        if message.type in ("error", "warning") and not refused:
            self._complain(name, page, message.text)

    def _failed(self, name: str, page: Page, request: Request) -> None:
        # Leaving a page or starting a download ends what was still under way; that is no failure.
        if request.failure != "net::ERR_ABORTED":
            self._complain(name, page, f"{request.url} {request.failure}")

    def _answered(self, name: str, page: Page, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST and response.status != REFUSED_FORM:
            self._complain(name, page, f"{response.status} of {response.url}")


@contextmanager
def people_of(product: Product, browser: Browser) -> Iterator[People]:
    people = People(product, browser)
    try:
        yield people
    finally:
        people.close()
    assert people.complaints == []
