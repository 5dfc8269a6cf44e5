"""Checks of a case that other domains answer: screening of names, a vendor's identity check.

A domain registers a check in ``AppConfig.ready``; this app never imports it. A case stays in
screening until every registered check has answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backoffice.core.context import Actor
from kyc.models import CheckOutcome, KycCase


@dataclass(frozen=True)
class CheckAnswer:
    """What a check says. ``lines`` explain it, one mapping per hit: ``title``, ``score`` (0..1),
    ``detail`` (a sentence) and ``features`` ([name, value, effect]); ``url`` is where hits are
    decided."""

    outcome: CheckOutcome
    summary: str = ""
    lines: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    url: str = ""


# Runs in a worker with the tenant in no scope: opens ``tenant_scope`` itself, as short as it needs.
# None means that the answer comes later, through ``kyc.services.check_answer``.
Ask = Callable[[Actor, KycCase], CheckAnswer | None]


@dataclass(frozen=True)
class Check:
    name: str
    label: str
    ask: Ask


_checks: dict[str, Check] = {}
# Of checks that a person starts and that are not asked by themselves.
_labels: dict[str, str] = {}


def register(name: str, ask: Ask, *, label: str = "") -> Check:
    """Make a check known; registering a name again replaces it."""
    _checks[name] = Check(name, label or name.replace("_", " ").capitalize(), ask)
    return _checks[name]


def forget(name: str) -> None:
    """Take a check away again, for tests."""
    _checks.pop(name, None)


def registered() -> list[Check]:
    return list(_checks.values())


def find(name: str) -> Check | None:
    return _checks.get(name)


def label(name: str, text: str) -> None:
    """Name a check that is not registered: it is asked when a person starts it."""
    _labels[name] = text


def label_of(name: str) -> str:
    if name in _checks:
        return _checks[name].label
    return _labels.get(name) or name.replace("_", " ").capitalize()
