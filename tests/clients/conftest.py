from collections.abc import Iterator

import pytest

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from tests.world import World


@pytest.fixture
def olivia(world: World) -> Iterator[Actor]:
    """The operations manager, with her brokerage in scope."""
    actor = world.actor("olivia")
    with tenant_scope(actor.tenant_id, actor):
        yield actor


@pytest.fixture
def carla(world: World) -> Iterator[Actor]:
    """The compliance officer, with her brokerage in scope."""
    actor = world.actor("carla")
    with tenant_scope(actor.tenant_id, actor):
        yield actor
