"""State machines as tables: who may follow whom. Pure; the writing half is in workflow."""

from collections.abc import Mapping
from dataclasses import dataclass

from backoffice.core.errors import StateConflict


@dataclass(frozen=True)
class Machine:
    """``transitions`` maps each state to the states that may follow it; ``final`` has none.

    ``name`` is the subject's code, such as ``payments.withdrawal``; it keys history and outbox.
    """

    name: str
    initial: str
    transitions: Mapping[str, frozenset[str]]
    final: frozenset[str]
    labels: Mapping[str, str]

    def __post_init__(self) -> None:
        states = set(self.transitions)
        targets = {target for following in self.transitions.values() for target in following}
        assert targets <= states, f"{self.name}: states without a row: {targets - states}"
        assert states == set(self.labels), f"{self.name}: labels differ from states"
        dead = {state for state, following in self.transitions.items() if not following}
        assert dead == set(self.final), f"{self.name}: final states differ from dead ends"

    def allows(self, source: str, target: str) -> bool:
        return target in self.transitions[source]

    def check(self, source: str, target: str) -> bool:
        """True when the move is to be made, False when the object is already there.

        Raises ``StateConflict`` when the table has no such move.
        """
        if source == target:
            return False
        if not self.allows(source, target):
            raise StateConflict(
                f"It is {self.labels[source].lower()}, so it can't become "
                f"{self.labels[target].lower()}. Nothing was done."
            )
        return True


def machine(
    name: str,
    *,
    initial: str,
    transitions: Mapping[str, set[str]],
    final: set[str],
    labels: Mapping[str, str],
) -> Machine:
    """Build a machine from a readable table: final states need no row of their own.

    States may be given as enum members (TextChoices): they are stored by value.
    """
    table = {str(s): frozenset(str(t) for t in following) for s, following in transitions.items()}
    table |= {str(state): frozenset() for state in final if str(state) not in table}
    return Machine(
        name,
        str(initial),
        table,
        frozenset(map(str, final)),
        {str(k): str(v) for k, v in labels.items()},
    )
