"""What follows from a decided hit for the client."""

from backoffice.core.context import Actor
from clients.models import ClientAction
from clients.services import restriction_place
from compliance.models import Hit
from compliance.screening.decide import Category
from compliance.states import HitState

ORIGIN = "compliance.hit"
# Colleagues of every department read this on the client's page: it says no more than they need.
NEUTRAL = "Stopped by compliance"


def hit_decided(actor: Actor, hit: Hit) -> None:
    """Called once, in the decision's transaction, with the hit and its client locked."""
    if hit.state == HitState.CONFIRMED and hit.category in (
        Category.SANCTIONS,
        Category.INTERNAL,
    ):
        stop_everything(actor, hit)


def stop_everything(actor: Actor, hit: Hit) -> None:
    """Nothing may be done any more, deposits and sign-in included: assets are frozen."""
    for action in ClientAction:
        restriction_place(
            actor=actor,
            client=hit.client,
            action=action,
            reason="compliance",
            text=NEUTRAL,
            origin=ORIGIN,
        )
