"""Reading what is known of a client's relationship, of holds and of requests."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max, QuerySet
from django.http import Http404

from backoffice.core.context import Actor, current_tenant_id
from backoffice.workflow.models import Transition
from clients.models import Client
from clients.states import ClientState
from payments.models import Deposit, Transfer, Withdrawal
from privacy.models import ErasureRequest, LegalHold, RetentionVersion
from privacy.rules import Facts
from privacy.states import REQUEST, VersionState


def version_in_force() -> RetentionVersion | None:
    rows = RetentionVersion.objects.filter(tenant_id=current_tenant_id())
    return rows.filter(state=VersionState.ACTIVE).first()


def ended_on(client: Client) -> date | None:
    """The day on which the client was closed; None while they are not."""
    if client.state != ClientState.CLOSED:
        return None
    moves = Transition.objects.filter(
        tenant_id=current_tenant_id(), subject_id=client.pk, target=ClientState.CLOSED
    )
    at = moves.aggregate(last=Max("at"))["last"]
    return at.date() if at else None


def last_money_on(client: Client) -> date | None:
    days = []
    for model in (Deposit, Withdrawal, Transfer):
        rows: Any = model.objects
        mine = rows.filter(tenant_id=current_tenant_id(), client=client)
        if at := mine.aggregate(last=Max("created_at"))["last"]:
            days.append(at.date())
    return max(days, default=None)


def holds_standing(client: Client) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(
        tenant_id=current_tenant_id(), client=client, lifted_at=None
    ).order_by("placed_at")


def facts_of(client: Client, longer_years: int = 0) -> Facts:
    return Facts(
        ended_on=ended_on(client),
        last_money_on=last_money_on(client),
        held=holds_standing(client).exists(),
        longer_years=longer_years,
    )


def requests_for(actor: Actor) -> QuerySet[ErasureRequest]:
    rows = ErasureRequest.objects.filter(tenant_id=actor.tenant_id).select_related("client")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def request_for(actor: Actor, pk: UUID) -> ErasureRequest:
    row = requests_for(actor).select_related("version").filter(pk=pk).first()
    if row is None:
        raise Http404("No such request.")
    return row


def open_request(client: Client) -> ErasureRequest | None:
    rows = ErasureRequest.objects.filter(tenant_id=current_tenant_id(), client=client)
    return rows.exclude(state__in=REQUEST.final).first()


def hold_for(actor: Actor, pk: UUID) -> LegalHold:
    row = (
        LegalHold.objects.filter(tenant_id=actor.tenant_id, pk=pk).select_related("client").first()
    )
    if row is None or not actor.sees_desk(row.client.desk_id):
        raise Http404("No such hold.")
    return row
