"""Stripe's form encoding: ``a[b][0][c]=v`` is ``{"a": {"b": [{"c": "v"}]}}``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
PAIRS_MAX, DEPTH_MAX = 500, 8


class BadForm(Exception):  # noqa: N818 - says what the body is
    pass


def decode(text: str) -> dict[str, Any]:
    """Values stay text. Raises ``BadForm``."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=PAIRS_MAX)
    except ValueError as error:
        raise BadForm(str(error)) from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        _put(found, _steps(name), value)
    lists: dict[str, Any] = _lists(found)
    return lists


def _steps(name: str) -> list[str]:
    match = _NAME.match(name)
    if match is None:
        raise BadForm(f"{name[:60]!r} is not the name of a parameter.")
    steps = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
    if len(steps) > DEPTH_MAX:
        raise BadForm("The parameters are nested too deeply.")
    return steps


def _put(into: dict[str, Any], steps: list[str], value: str) -> None:
    *way, last = steps
    for step in way:
        into = into.setdefault(step or str(len(into)), {})
        if not isinstance(into, dict):
            raise BadForm(f"{steps[0]!r} is both a value and an object.")
    into[last or str(len(into))] = value


def _lists(found: Any) -> Any:
    """Objects whose names are 0, 1, 2 ... as the lists that they stand for."""
    if not isinstance(found, dict):
        return found
    inner = {name: _lists(value) for name, value in found.items()}
    if inner and list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner
