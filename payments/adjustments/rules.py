"""What an adjustment of a wallet goes against: a table, and pure."""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice.core.money import Money
from ledger import chart
from ledger.chart import AccountSpec
from payments.adjustment_states import Direction, Why

BOTH = frozenset(Direction)
REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class Counter:
    """The house account of a reason, and the directions in which it makes sense."""

    account: Callable[[], AccountSpec]
    directions: frozenset[Direction] = BOTH


COUNTERS: dict[Why, Counter] = {
    Why.GOODWILL: Counter(chart.goodwill, frozenset({Direction.TO_CLIENT})),
    Why.CORRECTION: Counter(chart.corrections),
    # To the client it is given back, from the client it is taken where it was forgotten.
    Why.WITHDRAWAL_FEE: Counter(lambda: chart.fee("withdrawal")),
    Why.DEPOSIT_FEE: Counter(lambda: chart.fee("deposit")),
    Why.BANK_CHARGE: Counter(chart.bank_cost),
}


def problems(direction: str, why: str, money: Money, reason: str) -> dict[str, str]:
    """What is wrong with it, by field, as a sentence each; empty when it can be asked for."""
    found = {}
    if direction not in Direction.values:
        found["direction"] = "Choose whose money it becomes."
    if why not in Why.values:
        found["why"] = "Choose what it is for."
    if not found and Direction(direction) not in COUNTERS[Why(why)].directions:
        found["why"] = f"{Why(why).label} goes to a client, never from one."
    if money.minor <= 0:
        found["amount"] = "The amount must be above zero."
    if not reason.strip():
        found["reason"] = "Say what happened: it is kept with the adjustment."
    elif len(reason.strip()) > REASON_MAX:
        found["reason"] = f"At most {REASON_MAX} characters."
    return found
