"""Deals over a year: each position is opened and closed, one right after the other."""

from collections.abc import Iterator

import numpy as np
from django.db import connection

from operations.load.accounts import SYMBOLS
from operations.load.bulk import Bulk, blocks
from operations.load.flows import flows_of
from operations.load.size import PERIOD, Size, texts
from trading.models import Deal

BLOCK = 100_000
COLUMNS = (
    "id account_id ticket login position_ticket action entry symbol lots price profit commission"
    " at server_msc"
)


def load(size: Size, bulk: Bulk) -> None:
    with connection.cursor() as cursor:
        first = (size.until - PERIOD).date()
        cursor.execute("SELECT trading_deal_partitions(%s, %s)", [first, size.until.date()])
    bulk.copy(
        Deal,
        COLUMNS,
        blocks(_deals(size)),
        rows=size.deals,
        constants={"server_id": size.server_id, "synced_at": size.until},
    )


def _deals(size: Size) -> Iterator[str]:
    """A deal is of an account that was there at the time."""
    opened = flows_of(size).born + 3_600_000
    moments = size.moments("deals", size.deals, since=0.01)
    names = list(SYMBOLS)
    weights = np.array([facts[3] for facts in SYMBOLS.values()], float)
    draw = size.draw("deals")
    for start in range(0, size.deals, BLOCK):
        part = moments[start : start + BLOCK]
        count = len(part)
        pairs = (count + 1) // 2
        there = np.searchsorted(opened, part[::2])
        owners = (draw.random(pairs) * np.maximum(there, 1)).astype(np.int64).tolist()
        symbols = draw.choice(len(names), pairs, p=weights / weights.sum()).tolist()
        lots = draw.integers(1, 300, pairs).tolist()
        results = draw.normal(0, 6_000, pairs).astype(np.int64).tolist()
        sides = draw.integers(0, 2, pairs).tolist()
        moves = draw.normal(1, 0.01, pairs).tolist()
        ids, at, ms = size.ids("deal", part, start), texts(part), part.tolist()
        for k in range(count):
            pair, entry = k // 2, k % 2
            owner, name = owners[pair], names[symbols[pair]]
            digits, _, price, _ = SYMBOLS[name]
            ticket = 50_000_000 + start + k
            profit = f"{results[pair] / 100:.2f}" if entry else "0"
            yield (
                f"{ids[k]}\t{size.account_ids[owner]}\t{ticket}\t{size.account_logins[owner]}\t"
                f"{ticket - entry}\t{sides[pair] ^ entry}\t{entry}\t{name}\t"
                f"{lots[pair] / 100:.2f}\t{price * moves[pair]:.{digits}f}\t{profit}\t"
                f"-{lots[pair] * 3 / 100:.2f}\t{at[k]}\t{ms[k]}\n"
            )
