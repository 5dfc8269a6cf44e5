"""The edge: request id, the tenant and the actor of a request, IP allow-lists."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from redis.exceptions import RedisError

from backoffice.core.context import request_id, tenant_context
from backoffice.staff import support
from backoffice.staff.network import admitted, client_ip
from backoffice.staff.selectors import Entrance, actor_for, entrance_of
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope

log = logging.getLogger(__name__)
Respond = Callable[[HttpRequest], HttpResponseBase]
SESSION_KEY = "tenant_id"
SESSIONS_REMEMBERED_MAX = 10_000


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


class CacheAwayMiddleware:
    """Says in words that what counts tries does not answer: signing in and upload links need it.

    They stay shut meanwhile, since without a count a password could be guessed without end.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.respond(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, RedisError):
            return None
        log.error("The cache does not answer", exc_info=error)
        response = render(request, "503.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = "60"
        return response


class WholeTextMiddleware:
    """Refuses text that the database can't hold, wherever it was typed: a NUL character.

    After the CSRF check, which has read the form. Messages of machines are read by who knows them.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.respond(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        texts = [request.path_info, *_texts(request.GET)]
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            texts += _texts(request.POST)
        if any("\x00" in text for text in texts):
            raise BadRequest("A NUL character was sent.")


def _texts(data: QueryDict) -> list[str]:
    return [text for name, values in data.lists() for text in (name, *values)]


class SessionActivityMiddleware:
    """When and from where each session was seen last, for the list of one's own sessions.

    Written at most once a minute by each process, not with each click: a row's lock and two
    statements would be a good part of a page. Another address or browser is written at once.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self._seen: OrderedDict[str, tuple[float, str, str]] = OrderedDict()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.session.session_key
        if key and request.user.is_authenticated and self._is_news(request, key):
            UserSession.objects.create_from_request(request)
        return self.respond(request)

    def _is_news(self, request: HttpRequest, key: str) -> bool:
        where = client_ip(request), request.headers.get("User-Agent", "")
        moment = time.monotonic()
        at, *before = self._seen.get(key, (0.0, "", ""))
        if before == [*where] and moment - at < settings.SESSION_SEEN_EVERY_S:
            return False
        self._seen[key] = (moment, *where)
        self._seen.move_to_end(key)
        if len(self._seen) > SESSIONS_REMEMBERED_MAX:
            self._seen.popitem(last=False)
        return True


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
        supported = support.supported_tenant(request)
        if supported is not None:
            return _in_support(request, supported, view, args, kwargs)
        entrance = entrance_of(request.user, hostname(request))
        tenant = chosen_tenant(request, entrance)
        if tenant is None:
            return redirect("staff:tenant-choose")
        if not admitted(client_ip(request), tenant.ip_allow_list):
            return render(request, "403.html", {"why": "ip"}, status=403)
        request.tenant, request.tenants = tenant, entrance.tenants
        with tenant_scope(tenant.pk, tenant=tenant):
            actor = actor_for(request.user, tenant.pk, client_ip(request))
            if actor is None:
                request.session.pop(SESSION_KEY, None)
                return redirect("staff:tenant-choose")
            request.actor = actor
            zone = ZoneInfo(request.user.timezone)
            with tenant_context(tenant.pk, actor), timezone.override(zone):
                return view(request, *args, **kwargs)


def _in_support(
    request: Any,
    tenant: Tenant,
    view: Callable[..., HttpResponseBase],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> HttpResponseBase:
    """A platform administrator's look: the brokerage's IP list is for its own people."""
    request.tenant, request.tenants = tenant, [tenant]
    with tenant_scope(tenant.pk, tenant=tenant):
        row = support.support_of(request, tenant)
        if row is None:
            support.forget(request)
            return redirect("staff:support")
        if request.method not in support.READS:
            return render(request, "403.html", {"why": "support"}, status=403)
        actor = support.support_actor(row, client_ip(request))
        request.actor, request.support = actor, row
        zone = ZoneInfo(request.user.timezone)
        with tenant_context(tenant.pk, actor), timezone.override(zone):
            support.page_opened(request, actor, row)
            return view(request, *args, **kwargs)


def chosen_tenant(request: HttpRequest, entrance: Entrance) -> Tenant | None:
    """By host name, else by what the member chose, else the only one there is."""
    mine = {tenant.pk: tenant for tenant in entrance.tenants}
    if entrance.by_host is not None:
        return mine.get(entrance.by_host.pk)
    if SESSION_KEY in request.session:
        return mine.get(request.session[SESSION_KEY])
    return entrance.tenants[0] if len(mine) == 1 else None


def hostname(request: HttpRequest) -> str:
    return request.get_host().partition(":")[0]


def _sign_in(request: Any) -> HttpResponseBase:
    if request.htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = "/accounts/login/"
        return response
    return redirect_to_login(request.get_full_path())
