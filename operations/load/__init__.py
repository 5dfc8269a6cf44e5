"""A brokerage of any size, made up by seed: what lists, searches and books are measured against.

Each domain brings one ``load(size, bulk)`` in a module of its own here; ``LOADERS`` gives their
order. Rows go in by COPY (``bulk``), drawn by seed (``size``), so two runs make the same brokerage.
"""

from collections.abc import Callable
from importlib import import_module

from operations.load.bulk import Bulk
from operations.load.size import Size

LOADERS = ("people", "accounts", "deals", "books", "payments", "cases", "trail")

Loader = Callable[[Size, Bulk], None]


def loaders() -> list[tuple[str, Loader]]:
    """(name, load) of each domain, in the order in which their rows refer to one another."""
    return [(name, import_module(f"operations.load.{name}").load) for name in LOADERS]
