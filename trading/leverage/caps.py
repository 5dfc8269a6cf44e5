"""The most leverage that a client may have, and what says so."""

from dataclasses import dataclass

from clients import suitability
from clients.models import Client
from trading import rules


@dataclass(frozen=True, slots=True)
class Cap:
    """``most`` is N of 1:N; ``why`` follows a sentence: ``for this client's category``."""

    most: int
    why: str

    @property
    def sentence(self) -> str:
        return f"At most 1:{self.most} {self.why}."


def cap_for(client: Client | None) -> Cap:
    """By the client's category and by what a test of theirs ended in, whichever is less."""
    cap = Cap(rules.leverage_max(client.category if client else ""), "for this client's category")
    if client is None:
        return cap
    tested = suitability.of(client)
    if tested.leverage_max is not None and tested.leverage_max < cap.most:
        return Cap(tested.leverage_max, tested.why)
    return cap
