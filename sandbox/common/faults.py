"""What goes wrong on demand. Each fault fires ``times`` times for the references it matches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass
class Fault:
    kind: str
    reference: str = ""  # empty: any
    times: int = 1


class Faults:
    """The faults that are armed, of those that a server knows; taking one uses it up."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._armed: list[Fault] = []

    def arm(self, kind: str, reference: str = "", times: int = 1) -> None:
        """Raises ``ValueError`` for a kind that the server does not know."""
        if kind not in self._known:
            raise ValueError(f"There is no fault {kind}.")
        self._armed.append(Fault(kind, reference, times))

    def clear(self) -> None:
        self._armed.clear()

    def take(self, kind: str, reference: str) -> bool:
        for fault in self._armed:
            if fault.kind == kind and fault.reference in ("", reference):
                fault.times -= 1
                if not fault.times:
                    self._armed.remove(fault)
                return True
        return False
