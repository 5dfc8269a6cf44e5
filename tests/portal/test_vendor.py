"""The vendored files are the ones that the manifest names, and nothing else is there."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
VENDOR = STATIC / "vendor"
PACKAGES = tomllib.loads((VENDOR / "VENDOR.toml").read_text())["package"]
FILES = {path: entry["sha256"] for package in PACKAGES for path, entry in package["files"].items()}


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_vendored_file_has_the_checksum_of_the_manifest(path: str) -> None:
    assert hashlib.sha256((VENDOR / path).read_bytes()).hexdigest() == FILES[path]


def test_every_vendored_file_is_listed() -> None:
    present = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file()}
    assert present - {"VENDOR.toml"} == set(FILES)


def test_every_package_says_its_version_and_licence() -> None:
    for package in PACKAGES:
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"]), package["name"]
        assert package["licence"] in {"MIT", "0BSD", "OFL-1.1"}, package["name"]


def test_no_static_file_points_at_a_source_map_that_is_not_served() -> None:
    pointing = [
        str(file.relative_to(STATIC))
        for file in STATIC.rglob("*")
        if file.suffix in {".js", ".css"} and b"sourceMappingURL=" in file.read_bytes()
    ]
    assert pointing == []


def test_no_stylesheet_loads_from_another_host() -> None:
    addresses = re.compile(r"url\(\s*[\"']?((?:https?:)?//[^)]*)")
    loaded = {
        str(file.relative_to(STATIC)): addresses.findall(file.read_text())
        for file in STATIC.rglob("*.css")
    }
    assert {path: found for path, found in loaded.items() if found} == {}
