"""Where the real bank files are that the parser tests read; they are no part of the product."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(*parts: str) -> Path:
    """A folder or file of the shared data; skips the test where it is absent."""
    named = os.environ.get("SHARED_DATA_DIR")
    roots = [Path(named)] if named else [each / "shared" / "data" for each in _parents()]
    for root in roots:
        if root.joinpath(*parts).exists():
            return root.joinpath(*parts)
    pytest.skip(f"The real bank files ({'/'.join(parts)}) are not on this machine.")


def _parents() -> list[Path]:
    return list(Path(__file__).resolve().parents)


def statement_files(folder: str, *suffixes: str) -> list[Path]:
    """Every file of a folder of statements, by suffix, for parametrising; empty when absent."""
    for root in _parents():
        found = root / "shared" / "data" / "statements" / folder
        if found.exists():
            return sorted(each for each in found.rglob("*") if each.suffix in suffixes)
    return []
