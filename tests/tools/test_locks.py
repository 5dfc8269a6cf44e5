"""The lock files can be installed from, and hold what the project asks for."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[A-Za-z0-9._-]+")
REQUIREMENT = re.compile(r"([a-z0-9._-]+)==\S+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def wanted(*groups: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [project["project"]["dependencies"], *(project["dependency-groups"][g] for g in groups)]
    names = (NAME.match(line) for line in chain.from_iterable(lists))
    return {re.sub(r"[-_.]+", "-", found.group()).lower() for found in names if found}


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("requirements.lock", ("local", "test", "check", "bench")),
        ("deploy/requirements.lock", ()),
    ],
)
def test_a_lock_reads_as_pinned_names_each_with_its_hashes(
    path: str, groups: tuple[str, ...]
) -> None:
    locked: set[str] = set()
    more = False  # the line before said that the requirement goes on
    for line in (ROOT / path).read_text().splitlines():
        found = REQUIREMENT.fullmatch(line)
        assert (found is None) == more, line
        assert found or HASH.fullmatch(line), line
        if found:
            locked.add(re.sub(r"[-_.]+", "-", found.group(1)))
        more = line.endswith("\\")
    assert not more
    assert wanted(*groups) <= locked
