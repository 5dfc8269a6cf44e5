"""The addresses of the product, and groups of them as parameters of a test."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.objects import OBJECTS, Arguments
from tests.world import World


@dataclass(frozen=True)
class Address:
    """One URL pattern: ``name`` with its namespace, ``arguments`` by name, its view."""

    name: str
    arguments: tuple[str, ...]
    view: Callable[..., Any]

    @property
    def needs(self) -> tuple[str, ...] | None:
        return getattr(self.view, "needs", None)

    @property
    def public(self) -> str:
        return str(getattr(self.view, "public", ""))

    @property
    def operator(self) -> bool:
        """For platform administrators (tests/operations/test_run_platform.py walks them)."""
        return bool(getattr(self.view, "operator", False))


def addresses() -> Iterator[Address]:
    """Every pattern of the product's own; allauth's are its own business (tests/staff)."""
    yield from _walk(get_resolver().url_patterns, "")


def _walk(patterns: list[Any], namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if str(pattern.pattern) == "accounts/":
                continue
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            name = f"{namespace}{pattern.name or pattern.pattern}"
            yield Address(name, tuple(pattern.pattern.converters), pattern.callback)


def by_application(chosen: Iterable[Address]) -> list[Any]:
    """Parameters for a test: the addresses of one application at a time, named after it.

    One test for each address costs its own world and sign-in three hundred times over.
    """
    groups: dict[str, list[Address]] = {}
    for address in chosen:
        groups.setdefault(address.name.partition(":")[0], []).append(address)
    return [pytest.param(group, id=name) for name, group in groups.items()]


def by_object(chosen: Iterable[Address]) -> list[Any]:
    """Parameters for a test: the addresses about one thing at a time, named after the first."""
    groups: dict[Callable[[World], Arguments], list[Address]] = {}
    for address in chosen:
        assert address.name in OBJECTS, f"{address.name} has no row in tests/objects.py"
        groups.setdefault(OBJECTS[address.name], []).append(address)
    return [pytest.param(group, id=group[0].name) for group in groups.values()]
