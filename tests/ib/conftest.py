from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from tests.ib.factories import Market
from tests.world import World


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def igor(world: World) -> Iterator[Actor]:
    """The partner manager, with his brokerage in scope."""
    actor = world.actor("igor")
    with tenant_scope(actor.tenant_id, actor):
        yield actor


@pytest.fixture
def market(igor: Actor) -> Market:
    return Market(igor)
