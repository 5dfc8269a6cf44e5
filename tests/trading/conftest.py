from collections.abc import Iterator

import pytest

from tests.trading.house import House, house_of
from tests.world import World


@pytest.fixture
def house(world: World) -> Iterator[House]:
    """Aurora connected to a running sandbox server, its groups read and on offer."""
    with house_of(world) as running:
        running.setup()
        yield running
