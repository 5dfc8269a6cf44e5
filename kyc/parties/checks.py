"""What other domains say of parties: screening answers here. A domain registers in
``AppConfig.ready``; this app never imports it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from clients.models import Client, Party


@dataclass(frozen=True)
class PartyAnswer:
    """``clear``: nothing stands against clearing the party; ``words`` say what was found, ``url``
    where it is decided."""

    clear: bool
    words: str
    colour: str
    url: str = ""


# Of every party of a company at once, so that a page asks the same however many there are.
Ask = Callable[[Client, Iterable[Party]], Mapping[UUID, PartyAnswer]]
_asked: dict[str, Ask] = {}


def register(name: str, ask: Ask) -> None:
    """Make an answer known; registering a name again replaces it."""
    _asked[name] = ask


def answers_for(client: Client, parties: Iterable[Party]) -> dict[UUID, list[PartyAnswer]]:
    rows = list(parties)
    if not rows:
        return {}
    found: dict[UUID, list[PartyAnswer]] = {party.pk: [] for party in rows}
    for ask in _asked.values():
        for pk, answer in ask(client, rows).items():
            found[pk].append(answer)
    return found
