"""Audit codes: each app declares its own in ``actions.py``, with the sentence people read."""

from collections.abc import Iterable
from dataclasses import dataclass

_registry: dict[str, "Action"] = {}


@dataclass(frozen=True)
class Action:
    """``sentence`` completes "<actor> ..." and may name ``{subject}`` and keys of the data.

    ``personal`` names the keys of the data that are personal: they go when a person is erased.
    ``discreet`` entries are shown only with the right to know about monitoring (tipping-off).
    A ``look`` changed nothing: someone read what is worth recording. With ``typed_label`` people
    type what the subject is called (a file, a view), which may be a client's name: it stands with
    the details, which can be erased, not in the entry, which can't.
    """

    code: str
    sentence: str
    personal: tuple[str, ...] = ()
    discreet: bool = False
    look: bool = False
    typed_label: bool = False


def declare(*actions: Action) -> None:
    for action in actions:
        assert action.code not in _registry or _registry[action.code] == action, action.code
        _registry[action.code] = action


def find(code: str) -> Action | None:
    return _registry.get(code)


def look_codes() -> Iterable[str]:
    return [action.code for action in _registry.values() if action.look]


def discreet_codes() -> Iterable[str]:
    return [action.code for action in _registry.values() if action.discreet]
