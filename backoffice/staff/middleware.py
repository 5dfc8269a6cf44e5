"""The edge: request id, the tenant and the actor of a request, IP allow-lists."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from backoffice.core.context import request_id, tenant_context
from backoffice.staff.models import MemberIndex, User
from backoffice.staff.selectors import actor_for
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope

Respond = Callable[[HttpRequest], HttpResponseBase]
SESSION_KEY = "tenant_id"


class RequestIdMiddleware:
    """One id through logs, audit entries and the response."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = request_id.set(str(uuid4()))
        try:
            response = self.respond(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class TenantMiddleware:
    """Runs each staff view in one transaction with its tenant in scope.

    Last in the list, since it calls the view itself: row-level security needs its setting inside
    the transaction in which the view works.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.respond(request)

    def process_view(
        self,
        request: Any,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if not hasattr(view, "needs"):
            return None
        if not request.user.is_authenticated:
            return _sign_in(request)
        if settings.MFA_MANDATORY and not is_mfa_enabled(request.user):
            return redirect("mfa_index")
        tenant = chosen_tenant(request, request.user)
        if tenant is None:
            return redirect("staff:tenant-choose")
        if not _ip_allowed(tenant, request):
            return render(request, "403.html", {"why": "ip"}, status=403)
        request.tenant = tenant
        with tenant_scope(tenant.pk):
            actor = actor_for(request.user, tenant.pk, client_ip(request))
            if actor is None:
                request.session.pop(SESSION_KEY, None)
                return redirect("staff:tenant-choose")
            request.actor = actor
            zone = ZoneInfo(request.user.timezone)
            with tenant_context(tenant.pk, actor), timezone.override(zone):
                return view(request, *args, **kwargs)


def chosen_tenant(request: HttpRequest, user: User) -> Tenant | None:
    """By host name, else by what the member chose, else the only one there is."""
    mine = Tenant.objects.filter(
        active=True, id__in=MemberIndex.objects.filter(user=user).values("membership_tenant_id")
    )
    by_host = Tenant.objects.filter(hostname=request.get_host().partition(":")[0]).first()
    if by_host is not None:
        return mine.filter(pk=by_host.pk).first()
    if SESSION_KEY in request.session:
        return mine.filter(pk=request.session[SESSION_KEY]).first()
    found = list(mine[:2])
    return found[0] if len(found) == 1 else None


def client_ip(request: HttpRequest) -> str:
    """The address that the proxy in front vouches for (TRUSTED_PROXIES), else the peer's."""
    return str(request.META.get("REMOTE_ADDR", ""))


def _ip_allowed(tenant: Tenant, request: HttpRequest) -> bool:
    return not tenant.ip_allow_list or client_ip(request) in tenant.ip_allow_list


def _sign_in(request: Any) -> HttpResponseBase:
    if request.htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = "/accounts/login/"
        return response
    return redirect_to_login(request.get_full_path())
