"""Faults on demand: what the next calls of a command do wrong."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What goes wrong. "Before" and "after" mean: before or after the command took effect."""

    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    FORBIDDEN = "forbidden"
    SLOW = "slow"
    SLOW_ANSWER = "slow_answer"
    DUPLICATE_ROWS = "duplicate_rows"
    UNESCAPED = "unescaped_backslash"
    GARBAGE = "garbage"
    RETCODE = "retcode"
    RETCODE_AFTER = "retcode_after"
    REQUOTE = "requote"


@dataclass(slots=True)
class Fault:
    """A fault for the next `times` calls of `command`.

    `command` is a name such as "trade/balance" or a pattern such as "deal/*"; `after` first lets
    that many matching calls pass. `seconds` is the delay of SLOW and SLOW_ANSWER, and how long
    a TIMEOUT keeps the connection silent. `retcode` is what RETCODE answers (nothing is
    applied) and RETCODE_AFTER answers (everything is applied). REQUOTE makes the next dealer
    requests end with 10004; FORBIDDEN answers 403 and ends the session.
    """

    command: str
    kind: FaultKind
    times: int = 1
    after: int = 0
    seconds: float = 3600.0
    retcode: int = 2

    def matches(self, command: str) -> bool:
        return fnmatchcase(command, self.command)


class FaultPlan:
    """The faults that wait for their calls, first come first served."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def waiting(self) -> list[dict[str, object]]:
        return [asdict(fault) for fault in self._faults]

    def take(self, command: str, *, kinds: frozenset[FaultKind] | None = None) -> Fault | None:
        """The fault this call runs into, used up by one; None when it goes well."""
        for fault in self._faults:
            is_wanted = (kinds is None and fault.kind is not FaultKind.REQUOTE) or (
                kinds is not None and fault.kind in kinds
            )
            if not (is_wanted and fault.matches(command)):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None
