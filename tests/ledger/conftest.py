from collections.abc import Iterator

import pytest

from backoffice.tenancy.scope import tenant_scope
from tests.ledger.books import Books
from tests.world import World


@pytest.fixture
def books(world: World) -> Iterator[Books]:
    """Aurora's books, its scope open for the length of the test."""
    actor = world.system()
    with tenant_scope(actor.tenant_id, actor):
        yield Books(actor)
