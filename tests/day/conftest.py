"""One running product for the tests of a day, and browsers that notice every complaint."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.day.product import PASSWORD, Product, running_product

SignIn = Callable[[str], AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    with running_product() as started:
        yield started


@pytest.fixture
def sign_in(product: Product, browser: Browser) -> SignIn:
    """``with sign_in("payments") as page:`` a colleague at work; any console error or breach of
    the content security policy fails the test."""

    @contextmanager
    def at_work(login: str) -> Iterator[Page]:
        context = browser.new_context(
            base_url=product.address, viewport={"width": 1280, "height": 800}
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        complaints: list[str] = []

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{page.url}: {message.text}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.goto("/accounts/login/")
        page.fill("input[name=login]", f"{login}@aurora.example")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(product.address + "/")
        yield page
        context.close()
        assert complaints == []

    return at_work
