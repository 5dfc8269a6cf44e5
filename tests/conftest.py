"""Fixtures that every test may use. The database is PostgreSQL, the role is the runtime's."""

import gc
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, sync_playwright

from backoffice.tenancy.scope import tenant_scope
from tests import engines, rows, template
from tests.shared_data import shared_data
from tests.world import World, load_world, make_world

# How long an example takes says more of the machine than of the code; a test has its own limit.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    engines.start()
    template.name()
    # Django keeps a second set of connections while an event loop runs, and Playwright's does from
    # the first browser test on: what one set has locked, the other would wait for. One is enough.
    connections._connections = threading.local()  # type: ignore[attr-defined]


def pytest_collection_finish(session: pytest.Session) -> None:
    # Half a million objects of the product and its tests, which stay until the end: looking
    # through them for garbage again and again is work for nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.schedule import scheduler  # only where there are processes to schedule

    return scheduler(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    template.drop()
    engines.stop()


OWNER = "backoffice_owner"
RUNTIME = "backoffice_app"


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_use_migrations: bool,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database: made and migrated as the owner, used as the runtime role."""
    from django.test.utils import setup_databases, teardown_databases

    keep = django_db_keepdb and not django_db_createdb
    _assume(OWNER)
    with django_db_blocker.unblock():
        if not keep:
            template.ensure()
        made = setup_databases(verbosity=0, interactive=False, keepdb=keep, serialized_aliases=[])
    _assume(RUNTIME)
    with django_db_blocker.unblock():
        make_world()
        rows.keep()
    yield
    _assume(OWNER)
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


def _assume(role: str) -> None:
    for alias in connections:
        connections[alias].close()
        connections[alias].settings_dict["OPTIONS"]["assume_role"] = role


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process: Playwright allows one of itself in a thread."""
    from tools.system import chromium_path

    # Its event loop belongs to its own greenlet, but Django sees it in this thread and refuses.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            # Without a graphics card, painting by way of one is done twice over.
            executable_path=chromium_path(),
            args=["--no-sandbox", "--disable-gpu"],
        )
        yield started
        started.close()


@pytest.fixture
def committed(transactional_db: None) -> Iterator[None]:
    """For tests on several connections: rows are really committed, and wiped afterwards."""
    yield


@pytest.fixture(autouse=True, scope="session")
def _flush_as_superuser() -> Iterator[None]:
    """Append-only tables refuse to be emptied, and the world is to be there again afterwards."""
    from django.core.management.commands import flush

    original = flush.Command.handle

    def handle(self: Any, **options: Any) -> None:
        rows.wipe()

    flush.Command.handle = handle  # type: ignore[method-assign]
    yield
    flush.Command.handle = original  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _files_apart(tmp_path: Path) -> Iterator[None]:
    """Files that a test stores go with the test."""
    with override_settings(MEDIA_ROOT=tmp_path / "files"):
        yield


@pytest.fixture
def world(db: None) -> World:
    """Two brokerages and their people, as every test finds them."""
    return load_world()


@pytest.fixture
def scope(world: World) -> Callable[..., AbstractContextManager[None]]:
    """``with scope(actor):`` puts the actor's tenant in scope."""

    @contextmanager
    def opened(actor: Any) -> Iterator[None]:
        with tenant_scope(actor.tenant_id, actor):
            yield

    return opened


@pytest.fixture
def browse(world: World) -> Callable[[str], Client]:
    """A signed-in test client for one of the world's people, by first name."""

    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(world.user(name))
        return client

    return sign_in


@pytest.fixture(scope="session", name="shared_data")
def _shared_data() -> Path:
    """Real files that the project does not carry; the test is skipped where they are absent."""
    return shared_data()
