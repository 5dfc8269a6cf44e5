"""The money of each funded client in order of time: what the books and the payments both tell.

A funded client pays in, moves half to a trading account, pays in again, moves again, loses a
little in the market and takes some out: six facts, eight ledger lines.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from clients.states import ClientState
from operations.load.people import client_states
from operations.load.size import Size, Whole

FIRST_IN, FIRST_MOVE, SECOND_IN, SECOND_MOVE, RESULT, OUT = range(6)
STEPS = 6
CURRENCIES = ("EUR", "USD")
FUNDED = {ClientState.ACTIVE, ClientState.SUSPENDED, ClientState.CLOSED}


@dataclass
class Flows:
    """Arrays by funded client (``clients`` holds their places among all), and the events of all of
    them in order of time."""

    size: Size

    @cached_property
    def clients(self) -> Whole:
        states = client_states(self.size)
        return np.array([n for n, state in enumerate(states) if state in FUNDED], np.int64)

    @property
    def count(self) -> int:
        return len(self.clients)

    @cached_property
    def born(self) -> Whole:
        """When each funded client came, in milliseconds."""
        return self.size.moments("clients", self.size.clients)[self.clients]

    def _minor(self, what: str, low: int, high: int) -> Whole:
        """Minor units, more of them small than large."""
        drawn = self.size.draw(what).random(self.count)
        return (low + (high - low) * drawn**4).astype(np.int64)

    @cached_property
    def first_in(self) -> Whole:
        return self._minor("first deposits", 10_000, 2_500_000)

    @cached_property
    def second_in(self) -> Whole:
        return self._minor("second deposits", 10_000, 5_000_000)

    @cached_property
    def result(self) -> Whole:
        """What the market took: never more than was brought there first."""
        return self.first_move // 3

    @property
    def first_move(self) -> Whole:
        return self.first_in // 2

    @property
    def second_move(self) -> Whole:
        return self.second_in // 2

    @cached_property
    def out(self) -> Whole:
        return (self.first_in - self.first_move + self.second_in - self.second_move) // 4

    @cached_property
    def held(self) -> Whole:
        """What the newest clients have asked for and not yet got."""
        held = np.zeros(self.count, np.int64)
        open_ones = slice(self.count - min(self.size.queued, self.count), self.count)
        held[open_ones] = self.wallet[open_ones] // 2
        return held

    @cached_property
    def wallet(self) -> Whole:
        """What is left in the wallet after the six."""
        return self.first_in - self.first_move + self.second_in - self.second_move - self.out

    @cached_property
    def traded(self) -> Whole:
        """The balance of the trading account."""
        return self.first_move + self.second_move - self.result

    @cached_property
    def _events(self) -> tuple[Whole, Whole]:
        end = int(self.size.until.timestamp() * 1000) - 60_000
        left = end - self.born
        times = np.concatenate(
            [
                self.born + (left * (step + 0.5) / (STEPS + 0.5)).astype(np.int64)
                for step in range(STEPS)
            ]
        )
        order = np.argsort(times, kind="stable")
        return times[order], order

    @property
    def moments(self) -> Whole:
        return self._events[0]

    @cached_property
    def steps(self) -> Whole:
        return self._events[1] // self.count

    @cached_property
    def owners(self) -> Whole:
        """Of each event: the place of its client among the funded."""
        return self._events[1] % self.count

    @cached_property
    def deposits(self) -> Whole:
        """Which events are deposits."""
        return np.flatnonzero((self.steps == FIRST_IN) | (self.steps == SECOND_IN))

    @cached_property
    def payouts(self) -> Whole:
        return np.flatnonzero(self.steps == OUT)

    @cached_property
    def deposit_references(self) -> list[str]:
        return self.size.references("D", self.moments[self.deposits])

    @cached_property
    def payout_references(self) -> list[str]:
        return self.size.references("W", self.moments[self.payouts])


_made: dict[int, Flows] = {}


def flows_of(size: Size) -> Flows:
    """The flows of one load, worked out once."""
    if id(size) not in _made:
        _made.clear()
        _made[id(size)] = Flows(size)
    return _made[id(size)]
