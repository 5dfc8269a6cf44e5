"""Compliance's word before money leaves, and an officer's word that it may leave all the same.

What it says is the same whatever the cause: payments staff must not learn from it whether a client
is monitored (tipping-off).
"""

from datetime import datetime

from django.db import transaction

from backoffice.audit.services import audit, subject_type
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted
from clients.models import Client
from compliance import actions
from compliance.models import Alert, Hit, Release
from compliance.parties import address_listed, payer_is_screened
from compliance.screening.decide import Category
from compliance.states import ALERT_OPEN, HIT_UNDECIDED, HitState
from payments.accounts import destination_number
from payments.holds import standing
from payments.models import Deposit, Withdrawal
from payments.rules import Check, Colour, same_name
from payments.services.holds import payment_release
from payments.states import DepositState

CODE = "compliance"
RIGHT = "compliance.approve_release"
RELEASED = "Released by compliance"
WAITING = (DepositState.REVIEW, DepositState.AMOUNT_MISMATCH)
STOPPING = (str(Category.SANCTIONS), str(Category.INTERNAL))


def release_check(actor: Actor, payment: Deposit | Withdrawal) -> Check:
    """Registered with payments. Violet while a sanctions hit is undecided or confirmed, and for
    money that leaves also while an alert is open; unless an officer released this payment."""
    why = _not_looked_at(actor, payment)
    if why:
        return Check(CODE, Colour.BAD, "Compliance check", why)
    if isinstance(payment, Withdrawal) and _listed_wallet(actor, payment):
        return Check(CODE, Colour.HELD, "Compliance check", "compliance looks at it first")
    since = _stopped_since(actor, payment.client, leaving=isinstance(payment, Withdrawal))
    if since is None or _released_after(actor, payment, since):
        return Check(CODE, Colour.GOOD, "Compliance", "nothing against it")
    return Check(CODE, Colour.HELD, "Compliance check", "compliance looks at it first")


def _not_looked_at(actor: Actor, payment: Deposit | Withdrawal) -> str:
    """A deposit that someone else paid waits the moment until its payer's name was searched."""
    if not isinstance(payment, Deposit) or payment.state not in WAITING:
        return ""
    if not third_party(payment) or payer_is_screened(payment.client, payment.payer_name):
        return ""
    return "the payer's name is being looked at; try again in a moment"


def third_party(deposit: Deposit) -> bool:
    """Whether the money came under a name that is not the client's."""
    return bool(deposit.payer_name) and not same_name(deposit.payer_name, deposit.client.name)


def _listed_wallet(actor: Actor, row: Withdrawal) -> bool:
    destination = row.destination
    if destination.kind != destination.Kind.WALLET:
        return False
    address = destination_number(destination)
    return address_listed(actor, row.client, destination.pk, address)


def _stopped_since(actor: Actor, client: Client, *, leaving: bool) -> datetime | None:
    """When the latest thing that stops the client's money was raised."""
    mine = {"tenant_id": actor.tenant_id, "client_id": client.pk}
    moments = Hit.objects.filter(
        **mine, category__in=STOPPING, state__in=[*HIT_UNDECIDED, HitState.CONFIRMED]
    ).values_list("found_at", flat=True)
    if leaving:
        alerts = Alert.objects.filter(**mine, state__in=ALERT_OPEN)
        moments = moments.union(alerts.values_list("raised_at", flat=True))
    return max(moments, default=None)


def _released_after(actor: Actor, payment: Deposit | Withdrawal, since: datetime) -> bool:
    return Release.objects.filter(
        tenant_id=actor.tenant_id, payment_id=payment.pk, at__gt=since
    ).exists()


MADE_IT = "Someone else has to release this: you held it or asked for it."
LISTED = "The client is on a sanctions list: this money may not leave."


def why_not_clear(actor: Actor, payment: Deposit | Withdrawal) -> str:
    """Why the actor may not let the payment go; empty when they may."""
    if not actor.can(RIGHT):
        return "The reporting officer releases what is held."
    if actor.ref in _makers(payment):
        return MADE_IT
    return LISTED if _listed(actor, payment) else ""


def _makers(payment: Deposit | Withdrawal) -> set[str]:
    makers = {hold.placed_by_ref for hold in standing(payment)}
    return makers | ({payment.requested_by_ref} if isinstance(payment, Withdrawal) else set())


def _listed(actor: Actor, payment: Deposit | Withdrawal) -> bool:
    confirmed = Hit.objects.filter(
        tenant_id=actor.tenant_id,
        client_id=payment.client_id,
        category=str(Category.SANCTIONS),
        state=HitState.CONFIRMED,
    )
    return confirmed.exists()


@transaction.atomic
def payment_clear(*, actor: Actor, payment: Deposit | Withdrawal, reason: str) -> Release:
    """Let one payment go although something is open. Not by who placed its hold or asked for it.

    A confirmed sanctions hit is never released here: two officers unfreeze the case. Payments
    staff read that compliance released it; the reason stays with compliance.
    """
    if not actor.can(RIGHT):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why it may go."})
    if actor.ref in _makers(payment):
        raise FourEyes(MADE_IT)
    if _listed(actor, payment):
        raise InvalidInput(LISTED)
    release = Release.objects.create(
        tenant_id=actor.tenant_id,
        payment_type=subject_type(payment),
        payment_id=payment.pk,
        reason=reason.strip()[:300],
        by_ref=actor.ref,
        by=actor.name,
    )
    audit(actor=actor, action=actions.RELEASED, subject=payment, data={"reason": release.reason})
    for hold in standing(payment):
        payment_release(actor=actor, hold=hold, reason=RELEASED)
    return release
