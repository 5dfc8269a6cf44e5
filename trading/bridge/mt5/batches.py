"""Many logins or names, a bounded number per request."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from trading.bridge.mt5.wire import Parameters

LOGINS_PER_REQUEST = 200

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def selections(logins: Sequence[int], group: str) -> Iterator[Parameters]:
    """Parameters that select by logins, 200 at a time, or by a group mask: exactly one of them."""
    if bool(group) == bool(logins):
        raise ValueError("Select by logins or by group, one of them.")
    if group:
        yield {"group": group}
        return
    for part in chunks(logins, LOGINS_PER_REQUEST):
        yield {"login": ",".join(str(login) for login in part)}
