from pathlib import Path
from typing import Any

import pytest

from tests.reporting.money import House
from tests.world import World


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    """Files of these tests stand in a folder of their own."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def house(world: World) -> House:
    return House(world)
