"""What a view needs. Every view says so: a test walks all URLs and fails on one that doesn't."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from backoffice.core.context import Actor
from backoffice.tenancy.models import Tenant

View = Callable[..., HttpResponseBase]
ViewT = TypeVar("ViewT", bound=View)


class StaffRequest(HttpRequest):
    """A request of a member of staff: the tenant is in scope, the actor is known."""

    actor: Actor
    tenant: Tenant
    tenants: list[Tenant]
    htmx: Any


def needs(*permissions: str) -> Callable[[ViewT], ViewT]:
    """Only for members of the tenant who hold all of ``permissions`` (none: any member)."""

    def decorate(view: ViewT) -> ViewT:
        @wraps(view)
        def checked(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            missing = [code for code in permissions if not request.actor.can(code)]
            if missing:
                raise PermissionDenied(", ".join(missing))
            return view(request, *args, **kwargs)

        checked.needs = permissions  # type: ignore[attr-defined]
        return cast("ViewT", checked)

    return decorate


def public(reason: str) -> Callable[[ViewT], ViewT]:
    """Open to anyone, for the reason given; the view finds its tenant itself, if it has one."""

    def decorate(view: ViewT) -> ViewT:
        view.public = reason  # type: ignore[attr-defined]
        return view

    return decorate
