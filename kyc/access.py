from uuid import UUID

from django.http import Http404

from backoffice.core.context import Actor
from clients.models import ClientDocument
from kyc import selectors
from kyc.models import KycCase, Level


def case_for(actor: Actor, pk: UUID) -> KycCase:
    """The case, when its client is of the actor's tenant and desks; else 404."""
    case = selectors.cases_for(actor).filter(pk=pk).first()
    if case is None:
        raise Http404("No such case.")
    return case


def case_document_for(actor: Actor, case: KycCase, pk: UUID) -> ClientDocument:
    """A document of the case's own client; else 404."""
    document = ClientDocument.objects.filter(
        tenant_id=actor.tenant_id, client_id=case.client_id, pk=pk
    ).first()
    if document is None:
        raise Http404("No such document.")
    return document


def level_for(actor: Actor, pk: UUID) -> Level:
    row = Level.objects.filter(tenant_id=actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404("No such level.")
    return row
