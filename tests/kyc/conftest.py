"""A brokerage with levels, one screening check whose answer the test sets, and people in scope."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from kyc import checks
from kyc.checks import CheckAnswer
from kyc.defaults import SCREENING
from kyc.models import CheckOutcome
from tests.world import World

if TYPE_CHECKING:
    from tests.kyc.vendor_shop import VendorShop


class Screening:
    """Stands where compliance registers its check: answers at once what ``answer`` says."""

    def __init__(self) -> None:
        self.answer: CheckAnswer | None = CheckAnswer(CheckOutcome.CLEAR, "no hit on 3 lists")
        self.error: Exception | None = None
        self.asked = 0

    def __call__(self, actor: Actor, case: Any) -> CheckAnswer | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.answer


@pytest.fixture
def screening() -> Iterator[Screening]:
    kept = checks.find(SCREENING)
    check = Screening()
    checks.register(SCREENING, check, label="Screening")
    yield check
    checks.forget(SCREENING)
    if kept is not None:
        checks.register(kept.name, kept.ask, label=kept.label)


class Brokerage:
    """Aurora with levels laid: ``with house.as_("carla") as carla:`` puts her in scope;
    ``house.work()`` does what waits in the outbox, as the worker would."""

    def __init__(self, world: World) -> None:
        self.world = world

    def as_(self, name: str) -> AbstractContextManager[Actor]:
        return _scoped(self.world.actor(name))

    def work(self) -> int:
        return outbox.drain(self.world.system())


class _scoped(AbstractContextManager[Actor]):  # noqa: N801 - reads as a verb
    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.scope = tenant_scope(actor.tenant_id, actor)

    def __enter__(self) -> Actor:
        self.scope.__enter__()
        return self.actor

    def __exit__(self, *error: Any) -> None:
        self.scope.__exit__(*error)


@pytest.fixture
def house(world: World, screening: Screening) -> Brokerage:
    return Brokerage(world)


@pytest.fixture(params=["sumsub", "onfido", "veriff", "persona"])
def vendor(request: pytest.FixtureRequest, house: Brokerage) -> Iterator["VendorShop"]:
    """Aurora with each of the identity vendors in turn, in the sandbox's box."""
    from tests.kyc.vendor_shop import VendorShop, vendors_running

    with vendors_running() as (server, posted):
        yield VendorShop(house, server, posted, request.param)


@pytest.fixture
def sumsub(house: Brokerage) -> Iterator["VendorShop"]:
    from tests.kyc.vendor_shop import VendorShop, vendors_running

    with vendors_running() as (server, posted):
        yield VendorShop(house, server, posted, "sumsub")
