"""The operator's door: platform administrators only, their own host and networks, every step kept.

To anyone else the addresses do not exist.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from backoffice.core.context import tenant_in_scope
from backoffice.staff.models import User
from backoffice.staff.network import admitted, client_ip
from operations.platform.services import Operator, looked

ViewT = TypeVar("ViewT", bound=Callable[..., HttpResponseBase])


class OperatorRequest(HttpRequest):
    operator: Operator


def operator_only(view: ViewT) -> ViewT:
    """For superusers with a second factor, at PLATFORM_HOSTS and from PLATFORM_NETWORKS."""

    @wraps(view)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_the_place(request):
            raise Http404
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        user: User = request.user
        if not user.is_superuser:
            raise Http404
        if settings.MFA_MANDATORY and not is_mfa_enabled(user):
            return redirect("mfa_index")
        assert tenant_in_scope() is None
        request.operator = Operator(user.name, user, client_ip(request))
        looked(request.operator, f"{request.method} {request.path}")
        return view(request, *args, **kwargs)

    checked.operator = True  # type: ignore[attr-defined]
    return cast("ViewT", checked)


def _is_the_place(request: HttpRequest) -> bool:
    hosts = settings.PLATFORM_HOSTS
    if hosts and request.get_host().partition(":")[0] not in hosts:
        return False
    return admitted(client_ip(request), settings.PLATFORM_NETWORKS)
