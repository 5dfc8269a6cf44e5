"""Reading deals so that none is missed and none counted twice.

The server pages by offset over a window that may grow, may repeat a row at a page's edge, and may
have deals edited or put in with an old date. So: freeze the window, keep each ticket once, and
compare with the server's own count before and after.
"""

from collections.abc import Iterator

from trading.bridge import port
from trading.bridge.errors import PartialAnswer
from trading.bridge.mt5 import batches, records
from trading.bridge.mt5.session import Mt5Session
from trading.bridge.mt5.wire import Parameters
from trading.bridge.server_time import ServerClock

PAGE_SIZE = 100
PAGES_MAX = 100_000
SWEEPS_MAX = 2
SLICE_FIRST_S = 86_400
SLICE_MIN_S = 60
SLICE_MAX_S = 32 * 86_400
SLICE_ROWS_FEW = 2_000
SLICE_ROWS_MANY = 20_000


def total(session: Mt5Session, login: int, window: port.DealWindow) -> int:
    """The server's own count of one login's deals in the window."""
    answer = session.read("/api/deal/get_total", {"login": login} | _bounds(window))
    return records.scalar(answer.payload, "total")


def sweep(
    session: Mt5Session, clock: ServerClock, login: int, window: port.DealWindow
) -> port.DealSweep:
    """All deals of one login. Read again once if the count does not fit; then the gap is told."""
    found: dict[int, port.Deal] = {}
    duplicates = counted = 0
    for _ in range(SWEEPS_MAX):
        before = total(session, login, window)
        found, duplicates = _paged(session, clock, login, window)
        counted = total(session, login, window)
        if before == counted == len(found):
            break
    gap = port.DealGap(login, len(found), counted) if counted != len(found) else None
    ordered = sorted(found.values(), key=lambda deal: (deal.time_server_msc, deal.deal))
    return port.DealSweep(login, window, tuple(ordered), duplicates, gap)


def _paged(
    session: Mt5Session, clock: ServerClock, login: int, window: port.DealWindow
) -> tuple[dict[int, port.Deal], int]:
    found: dict[int, port.Deal] = {}
    read = 0
    for page in range(PAGES_MAX):
        position = {"login": login, "offset": page * PAGE_SIZE, "total": PAGE_SIZE}
        rows = batches.rows(session, "/api/deal/get_page", position | _bounds(window))
        read += len(rows)
        found |= {deal.deal: deal for deal in (records.deal(row, clock) for row in rows)}
        if len(rows) < PAGE_SIZE:
            break
    return found, read - len(found)


def slices(
    session: Mt5Session, clock: ServerClock, selection: Parameters, window: port.DealWindow
) -> Iterator[port.DealBatch]:
    """Batches for many logins. The slice of time grows over quiet stretches and shrinks over busy
    ones, since the server answers a batch whole, however large. Slices share their border second,
    because it is not documented whether a bound holds the whole of its second."""
    start, length = window.start_server_s, SLICE_FIRST_S
    before: set[int] = set()
    while True:
        part = port.DealWindow(start, min(start + length, window.end_server_s))
        try:
            rows = batch(session, clock, selection, part)
        except PartialAnswer:
            if length <= SLICE_MIN_S:
                raise
            length = max(SLICE_MIN_S, length // 2)
            continue
        found = {deal.deal: deal for deal in rows}
        new = tuple(deal for deal in found.values() if deal.deal not in before)
        if new:
            yield port.DealBatch(part, new, len(rows) - len(found))
        if part.end_server_s >= window.end_server_s:
            return
        start = part.end_server_s
        before = set(found)
        length = _next_length(length, len(rows))


def _next_length(length: int, rows: int) -> int:
    if rows > SLICE_ROWS_MANY:
        return max(SLICE_MIN_S, length // 2)
    return min(SLICE_MAX_S, length * 2) if rows < SLICE_ROWS_FEW else length


def batch(
    session: Mt5Session, clock: ServerClock, selection: Parameters, window: port.DealWindow
) -> list[port.Deal]:
    """One unpaged read, as the server sends it: a ticket may be there twice."""
    rows = batches.rows(session, "/api/deal/get_batch", dict(selection) | _bounds(window))
    return [records.deal(row, clock) for row in rows]


def _bounds(window: port.DealWindow) -> dict[str, int]:
    return {"from": window.start_server_s, "to": window.end_server_s}
