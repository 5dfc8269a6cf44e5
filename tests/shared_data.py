"""Where the real files are that some tests read and the project does not carry: bank statements,
watch lists, specimens. SHARED_DATA_DIR names the folder; else a `shared/data` above the project."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


def shared_data(*parts: str) -> Path:
    """The folder, or a file or folder in it; skips the test where it is absent."""
    for root in _roots():
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    pytest.skip(f"The real data ({'/'.join(parts) or 'shared/data'}) is not on this machine.")


def statement_files(folder: str, *suffixes: str) -> list[Path]:
    """Every file of a folder of statements, by suffix, for parametrising; empty when absent."""
    for root in _roots():
        found = root / "statements" / folder
        if found.exists():
            return sorted(each for each in found.rglob("*") if each.suffix in suffixes)
    return []


def _roots() -> Iterator[Path]:
    if named := os.environ.get("SHARED_DATA_DIR"):
        yield Path(named)
    else:
        yield from (each / "shared" / "data" for each in Path(__file__).resolve().parents)
