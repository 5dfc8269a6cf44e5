from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from tests.world import World


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


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
