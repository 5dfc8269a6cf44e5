"""Where the real list files are, and what tests of the screening engine share."""

import os
from pathlib import Path

import pytest


def shared(name: str) -> Path:
    """A file of the shared data folder; skips the test where the folder is absent."""
    given = os.environ.get("SHARED_DATA_DIR")
    places = [Path(given)] if given else []
    places += [parent / "shared" / "data" for parent in Path(__file__).resolve().parents]
    for place in places:
        if (place / name).exists():
            return place / name
    pytest.skip(f"The shared data file {name} is not on this machine.")
