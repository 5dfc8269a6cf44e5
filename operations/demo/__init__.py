"""The demo: two brokerages with people, clients and a past. Each domain brings its own step.

A step is ``Step(name, order, run)``; ``run(actor, demo)`` works in the tenant's scope, must do
nothing when its data is there already, and may read what earlier steps left in ``demo``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.models import Tenant
from operations.demo.past import Past, Present

#: How long ago the demo's past begins.
DAYS = 48
PASSWORD = "demo-demo-demo"  # noqa: S105 - printed by `make run`; the demo refuses other settings


@dataclass
class Demo:
    """One demo brokerage while it is being seeded."""

    tenant: Tenant
    actors: dict[str, Actor] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    #: When the brokerage began to use the product.
    opened_at: datetime = field(default_factory=lambda: now() - timedelta(days=DAYS))
    #: The clocks; a step sets them back to make what was, and the command sets them right again.
    past: Past = field(default_factory=Present)


@dataclass(frozen=True)
class Step:
    name: str
    order: int
    run: Callable[[Actor, Demo], None]
    #: Steps that talk to the sandbox open their own scopes, since calls go outside transactions.
    opens_scope: bool = False


_steps: dict[str, Step] = {}


def step(
    name: str, order: int, *, opens_scope: bool = False
) -> Callable[[Callable[[Actor, Demo], None]], Callable[[Actor, Demo], None]]:
    """Register a step; modules of ``operations.demo`` are imported by the command."""

    def decorate(run: Callable[[Actor, Demo], None]) -> Callable[[Actor, Demo], None]:
        _steps[name] = Step(name, order, run, opens_scope)
        return run

    return decorate


def steps() -> list[Step]:
    return sorted(_steps.values(), key=lambda each: (each.order, each.name))
