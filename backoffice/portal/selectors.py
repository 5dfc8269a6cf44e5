"""Reading verbs of the portal's own tables."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from backoffice.core.context import Actor
from backoffice.portal.models import Export, SavedView


def saved_views(actor: Actor, list_code: str) -> QuerySet[SavedView]:
    """The actor's own views of a list and the shared ones, by name."""
    return SavedView.objects.filter(
        Q(owner_ref=actor.ref) | Q(shared=True), tenant_id=actor.tenant_id, list_code=list_code
    ).order_by("name", "id")


def exports(actor: Actor) -> QuerySet[Export]:
    """A person's own exports: what was in them may be more than a colleague may see."""
    return Export.objects.filter(tenant_id=actor.tenant_id, asked_by_ref=actor.ref)


def id_floor(moment: datetime) -> UUID:
    """The smallest id that a row made at ``moment`` can have: ids begin with their moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
