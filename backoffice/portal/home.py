"""Parts of the home page that an app brings which reporting, who lays the page, may not import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string

from backoffice.core.context import Actor


@dataclass(frozen=True)
class Part:
    """A panel for who holds ``permission``; ``context(actor)`` is asked each half minute."""

    permission: str
    template: str
    context: Callable[[Actor], Mapping[str, Any]]
    order: int = 100


_parts: dict[str, Part] = {}


def register_part(part: Part) -> None:
    _parts[part.template] = part


def parts_for(actor: Actor) -> list[str]:
    """The panels that the actor may see, as HTML."""
    return [
        render_to_string(part.template, dict(part.context(actor)))
        for part in sorted(_parts.values(), key=lambda each: each.order)
        if actor.can(part.permission)
    ]
