"""Many logins or names, a bounded number per request."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from trading.bridge.errors import NotFound, PartialAnswer
from trading.bridge.mt5 import records, retcodes
from trading.bridge.mt5.session import Mt5Session
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


def rows(session: Mt5Session, command: str, parameters: Parameters) -> list[object]:
    """Rows of a batch; none when the server finds nothing at all. Raises ``PartialAnswer``."""
    try:
        answer = session.read(command, parameters)
    except NotFound:
        return []
    if answer.retcode == retcodes.PARTIAL:
        raise PartialAnswer(f"{command} gave only a part.")
    return records.rows(answer.payload)


def logins_of(session: Mt5Session, group: str) -> tuple[int, ...]:
    """Logins in the groups of a mask, ascending."""
    found = rows(session, "/api/user/logins", {"group": group})
    return tuple(sorted(records.Record({"login": login}).required("login") for login in found))


def selected(
    session: Mt5Session, command: str, logins: Sequence[int], group: str
) -> Iterator[list[object]]:
    """Rows of ``command`` for a selection; a group too large for one answer is read by login."""
    for parameters in selections(logins, group):
        try:
            yield rows(session, command, parameters)
        except PartialAnswer:
            if not group:
                raise
            for part in selections(logins_of(session, group), ""):
                yield rows(session, command, part)
