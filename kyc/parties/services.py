"""A reviewer's word on a party. That the company waits for it is its case's guard's business."""

from django.db import transaction

from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from clients.locks import party_locked
from clients.models import Client, Party
from clients.ownership import services
from clients.ownership.states import PartyState
from kyc import selectors
from kyc.errors import NotReady
from kyc.models import Level
from kyc.parties.standing import Ownership, Standing, ownership_of

RIGHT = "kyc.review_case"
NO_RIGHT = "You don't have the right to review KYC cases."


def level_asked(client: Client) -> Level | None:
    """The level by which the company's parties are judged: its case's, else the first."""
    case = selectors.working_case(client) or selectors.standing_case(client)
    if case is not None:
        return case.level
    return selectors.levels(current_tenant_id()).filter(number__gte=1).first()


def ownership(client: Client) -> Ownership:
    """As pages outside a case show it."""
    return ownership_of(client, level_asked(client))


def why_not_clear(actor: Actor, standing: Standing) -> str:
    if not actor.can(RIGHT):
        return NO_RIGHT
    party = standing.party
    if party.state == PartyState.REFUSED:
        return "Refused: look at it again first."
    if party.state != PartyState.OPEN:
        return f"It is {party.get_state_display().lower()} already."
    if standing.missing:
        return "Not met: " + "; ".join(standing.missing)
    return ""


def why_not_refuse(actor: Actor, party: Party) -> str:
    if not actor.can(RIGHT):
        return NO_RIGHT
    if party.state in (PartyState.REFUSED, PartyState.ENDED):
        return f"It is {party.get_state_display().lower()} already."
    return ""


@transaction.atomic
def party_clear(*, actor: Actor, party: Party) -> Party:
    """Everything asked of the party is there and right. Who did it before is no error."""
    row = party_locked(actor, party.pk)
    if row.state == PartyState.CLEARED:
        return row
    if row.state == PartyState.ENDED:
        raise StateConflict(f"{row.name} has ended. Nothing was changed.")
    why = why_not_clear(actor, ownership(row.client).standings[row.pk])
    if why:
        raise NotReady(why)
    return services.party_decide(actor=actor, party=row, target=PartyState.CLEARED)


@transaction.atomic
def party_refuse(*, actor: Actor, party: Party, reason: str) -> Party:
    """The company is not approved with this party: it ends, or the case is rejected."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    return services.party_decide(actor=actor, party=party, target=PartyState.REFUSED, reason=reason)


@transaction.atomic
def party_look_again(*, actor: Actor, party: Party, reason: str) -> Party:
    """Take a verdict back."""
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    row = party_locked(actor, party.pk)
    if row.state not in (PartyState.CLEARED, PartyState.REFUSED):
        raise StateConflict(f"{row.name} is {row.get_state_display().lower()}.")
    return services.party_open_again(actor=actor, party=row, reason=reason.strip())
