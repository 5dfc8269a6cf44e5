"""Choosing a brokerage."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from backoffice.audit.services import audit
from backoffice.staff import actions
from backoffice.staff.access import public
from backoffice.staff.middleware import SESSION_KEY, client_ip
from backoffice.staff.models import User
from backoffice.staff.selectors import actor_for, tenants_of
from backoffice.tenancy.scope import tenant_scope


@public("a person without a chosen brokerage has no tenant yet; signing in is asked for")
@login_required
@require_http_methods(["GET", "POST"])
def tenant_choose(request: HttpRequest) -> HttpResponse:
    """Pick one of one's own brokerages; what is posted is checked against the memberships."""
    assert isinstance(request.user, User)
    mine = tenants_of(request.user)
    if request.method == "POST":
        chosen = next((t for t in mine if str(t.pk) == request.POST.get("tenant", "")), None)
        if chosen is not None:
            request.session[SESSION_KEY] = chosen.pk
            with tenant_scope(chosen.pk):
                actor = actor_for(request.user, chosen.pk, client_ip(request))
                if actor is not None:
                    audit(actor=actor, action=actions.TENANT_CHOSEN, label=chosen.name)
            return redirect("/")
    return render(request, "staff/tenant_choose.html", {"tenants": mine})
