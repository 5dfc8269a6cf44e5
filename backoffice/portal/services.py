"""Writing verbs of the portal: saved views."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.portal import actions
from backoffice.portal.lists import page_by_code
from backoffice.portal.models import SavedView

VIEWS_MAX = 50


@transaction.atomic
def view_save(
    *, actor: Actor, list_code: str, name: str, query: str, shared: bool = False
) -> SavedView:
    """Keep a list's address under a name; the same name again replaces it."""
    page_by_code(list_code)
    name = name.strip()
    if not name:
        raise InvalidInput("Give the view a name.", fields={"name": "Give it a name."})
    if SavedView.objects.filter(tenant_id=actor.tenant_id, owner_ref=actor.ref).count() > VIEWS_MAX:
        raise InvalidInput(f"You have {VIEWS_MAX} saved views. Delete one first.")
    view, _ = SavedView.objects.update_or_create(
        tenant_id=actor.tenant_id,
        list_code=list_code,
        owner_ref=actor.ref,
        name=name[:60],
        defaults={"query": query.lstrip("?")[:1000], "shared": shared},
    )
    audit(actor=actor, action=actions.VIEW_SAVED, subject=view, label=view.name)
    return view


@transaction.atomic
def view_delete(*, actor: Actor, view: SavedView) -> None:
    if view.owner_ref != actor.ref:
        raise NotPermitted("Only its owner deletes a view.")
    audit(actor=actor, action=actions.VIEW_DELETED, subject=view, label=view.name)
    view.delete()
