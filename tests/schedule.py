"""Which process of a parallel run takes which test: whoever is free takes the next one, but the
tests of a day share one running product, so they stay together and begin first.

``pytest-xdist`` has groups for this (``--dist loadgroup``), which do nothing under pytest 9.2: they
are written into a name that pytest no longer reads, and each process starts a product of its own.
"""

from typing import Any

from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/day/"


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Units of one test, in their order, after the one large unit."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid


def scheduler(config: Any, log: Any) -> Scheduling:
    return Scheduling(config, log)
