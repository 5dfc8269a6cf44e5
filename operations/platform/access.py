"""The operator's door: platform administrators only, their own host and networks, every step kept.

To anyone else the addresses do not exist.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, overload

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


@overload
def operator_only(view: ViewT) -> ViewT: ...
@overload
def operator_only(*, recorded: bool) -> Callable[[ViewT], ViewT]: ...
def operator_only(view: Any = None, *, recorded: bool = True) -> Any:
    """For superusers with a second factor, at PLATFORM_HOSTS and from PLATFORM_NETWORKS.

    Each request is a line in the operator's trail, but for an address that shows nothing.
    """
    if view is None:
        return partial(operator_only, recorded=recorded)

    @wraps(view)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refused = _refused(request)
        if refused is not None:
            return refused
        assert tenant_in_scope() is None
        user: User = request.user
        request.operator = Operator(user.name, user, client_ip(request))
        if recorded:
            looked(request.operator, f"{request.method} {request.path}")
        answer: HttpResponseBase = view(request, *args, **kwargs)
        return answer

    checked.operator = True  # type: ignore[attr-defined]
    return checked


def _refused(request: Any) -> HttpResponseBase | None:
    if not _is_the_place(request):
        raise Http404
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if not request.user.is_superuser:
        raise Http404
    if settings.MFA_MANDATORY and not is_mfa_enabled(request.user):
        return redirect("mfa_index")
    return None


def _is_the_place(request: HttpRequest) -> bool:
    hosts = settings.PLATFORM_HOSTS
    if hosts and request.get_host().partition(":")[0] not in hosts:
        return False
    return admitted(client_ip(request), settings.PLATFORM_NETWORKS)
