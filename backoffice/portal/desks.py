"""What belongs to a client follows them to another desk: search entries and open queue items.

Both carry the desk themselves, since they are filtered by it at any size. Domains say which of
their objects are a client's; ``client_assign`` moves them in its own transaction.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from backoffice.core.context import Actor
from backoffice.portal.models import SearchEntry
from backoffice.workflow.models import Approval, WorkItem

Owned = Callable[[int, UUID], QuerySet[Any]]
_owned: dict[str, Owned] = {}


def register(name: str, owned: Owned) -> None:
    """``owned(tenant_id, client_id)`` answers the objects of ``name`` that are the client's."""
    _owned[name] = owned


def by_client(model: Any, path: str = "client") -> Owned:
    """The rows of ``model`` whose ``path`` leads to the client."""

    def owned(tenant_id: int, client_id: UUID) -> QuerySet[Any]:
        rows: QuerySet[Any] = model.objects.filter(tenant_id=tenant_id, **{path: client_id})
        return rows

    return owned


def desk_moved(*, tenant_id: int, client_id: UUID, desk_id: UUID | None) -> None:
    """Call it in the transaction that gives the client another desk."""
    WorkItem.objects.filter(tenant_id=tenant_id, subject_id=client_id).update(desk_id=desk_id)
    for owned in _owned.values():
        ids = owned(tenant_id, client_id).values("pk")
        SearchEntry.objects.filter(tenant_id=tenant_id, object_id__in=ids).update(desk_id=desk_id)
        WorkItem.objects.filter(tenant_id=tenant_id, subject_id__in=ids).update(desk_id=desk_id)


def approvals_of_desks(actor: Actor, rows: QuerySet[Approval]) -> QuerySet[Approval]:
    """Those on things that a search or a queue shows under one of the actor's desks."""
    if actor.desks is None:
        return rows
    found = SearchEntry.objects.filter(
        tenant_id=actor.tenant_id, object_id=OuterRef("subject_id"), desk_id__in=actor.desks
    )
    waiting = WorkItem.objects.filter(
        tenant_id=actor.tenant_id, subject_id=OuterRef("subject_id"), desk_id__in=actor.desks
    )
    return rows.filter(Exists(found) | Exists(waiting))
