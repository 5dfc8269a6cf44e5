"""Groups and symbols: one masked read, or page by page where the server gives only a part."""

import re
from collections.abc import Iterable
from typing import Literal

from trading.bridge.errors import BadAnswer, NotFound
from trading.bridge.mt5 import records, retcodes
from trading.bridge.mt5.session import Mt5Session

Kind = Literal["group", "symbol"]

PAGE_SIZE = 100
ROWS_MAX = 200_000
_NAME = {"group": "Group", "symbol": "Symbol"}


def all_rows(session: Mt5Session, kind: Kind, mask: str) -> list[object]:
    r"""Rows of the groups or symbols that ``mask`` names (``real\*,!real\test``).

    A masked read is cut at 5,000 rows with code 14; then everything is paged and masked here.
    """
    try:
        answer = session.read(f"/api/{kind}/get", {"mask": mask})
    except NotFound:
        return []
    if answer.retcode != retcodes.PARTIAL:
        return records.rows(answer.payload)
    return [row for name, row in _paged(session, kind).items() if matches(mask, name)]


def matches(mask: str, name: str) -> bool:
    """Whether ``name`` is in a comma list of patterns with ``*``; ``!`` in front excludes."""
    patterns = [part.strip() for part in mask.split(",") if part.strip()]
    excluded = _any(name, (part[1:] for part in patterns if part.startswith("!")))
    wanted = [part for part in patterns if not part.startswith("!")]
    return not excluded and (_any(name, wanted) if wanted else True)


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name, re.IGNORECASE | re.DOTALL)
        for pattern in patterns
    )


def _paged(session: Mt5Session, kind: Kind) -> dict[str, object]:
    total = records.scalar(session.read(f"/api/{kind}/total", {}).payload, "total")
    found: dict[str, object] = {}
    for index in range(0, min(total, ROWS_MAX), PAGE_SIZE):
        for row in _page(session, kind, index):
            found[records.Record(row).path(_NAME[kind])] = row
    if len(found) != total:
        raise BadAnswer(f"Read {len(found)} of {total} {kind}s: they changed meanwhile.")
    return found


def _page(session: Mt5Session, kind: Kind, index: int) -> list[object]:
    try:
        answer = session.read(f"/api/{kind}/next", {"index": index, "count": PAGE_SIZE})
    except NotFound:
        return []
    return records.rows(answer.payload)
