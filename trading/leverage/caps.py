"""The most leverage that a client may have, and what says so."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from clients import suitability
from clients.models import Client
from clients.suitability import FREE, Suitability
from trading.leverage.tables import Table
from trading.leverage.versions import table_in_force


@dataclass(frozen=True, slots=True)
class Cap:
    """``most`` is N of 1:N; ``why`` ends the sentence: ``for this client's category``."""

    most: int
    why: str

    @property
    def sentence(self) -> str:
        return f"At most 1:{self.most} {self.why}."


def cap_for(client: Client | None) -> Cap:
    """By the client's residence and category and by what a test of theirs ended in, whichever is
    less. Who is not known yet is taken for retail."""
    table = table_in_force()
    if client is None:
        return _cap(table, "", "", FREE)
    return _cap(table, client.residence, client.category, suitability.of(client))


def caps_for(clients: Mapping[UUID, tuple[str, str]]) -> dict[UUID, Cap]:
    """Of many clients, given (residence, category); two statements and what tests cost."""
    table, tested = table_in_force(), _tested(clients)
    return {
        pk: _cap(table, residence, category, tested.get(pk, FREE))
        for pk, (residence, category) in clients.items()
    }


def _tested(clients: Collection[UUID]) -> Mapping[UUID, Suitability]:
    return suitability.of_many(clients) if clients else {}


def _cap(table: Table, residence: str, category: str, tested: Suitability) -> Cap:
    region = table.region(residence)
    cap = Cap(region.most(category), "for this client's category and residence")
    if tested.leverage_max is not None and tested.leverage_max < cap.most:
        return Cap(tested.leverage_max, tested.why)
    return cap
