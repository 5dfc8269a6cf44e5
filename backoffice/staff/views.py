"""Choosing a brokerage; taking up an invitation; one's own sessions."""

from allauth.usersessions.internal import flows
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from backoffice.audit.services import audit
from backoffice.core.context import tenant_context
from backoffice.core.errors import InvalidInput
from backoffice.staff import actions, limits, support
from backoffice.staff.access import public
from backoffice.staff.browsers import browser_name
from backoffice.staff.invitations import invitation_accept, invited
from backoffice.staff.middleware import SESSION_KEY
from backoffice.staff.models import User
from backoffice.staff.network import client_ip
from backoffice.staff.selectors import actor_for, tenants_of
from backoffice.staff.sign_in import record
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


@public("there is no such page, for anyone")
def email_page(request: HttpRequest) -> HttpResponse:
    """An administrator of the brokerage knows a person by this address."""
    raise Http404


@public("one's own sessions, whatever the brokerage; signing in is asked for")
@login_required
@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in. A session that is ended is out at its next click."""
    assert isinstance(request.user, User)
    mine = sorted(
        UserSession.objects.purge_and_list(request.user),
        key=lambda session: (not session.is_current(), -session.last_seen_at.timestamp()),
    )
    if request.method == "GET":
        return render(request, "staff/sessions.html", {"sessions": _shown(mine)})
    wanted = request.POST.get("session", "")
    ended = [each for each in mine if wanted in ("others", str(each.pk))]
    if wanted == "others":
        ended = [each for each in ended if not each.is_current()]
    user, signs_out = request.user, any(each.is_current() for each in ended)
    if ended:
        record(user, actions.SESSION_ENDED, request, {"count": len(ended)})
        flows.sessions.end_sessions(request, ended)
        messages.success(request, _ended(len(ended)))
    return redirect("account_login" if signs_out else "staff:sessions")


def _shown(mine: list[UserSession]) -> list[tuple[UserSession, str]]:
    return [(each, browser_name(each.user_agent)) for each in mine]


def _ended(count: int) -> str:
    return "The session is ended." if count == 1 else f"{count} sessions are ended."


class PasswordForm(forms.Form):
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text="At least 12 characters; a few words that nobody else would put together.",
    )


@never_cache
@public("a person who was invited chooses a first password; the address itself is the secret")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    too_often = limits.refused(request, "invitation")
    if too_often is not None:
        return too_often
    person = invited(uid, token)
    form = PasswordForm(request.POST or None)
    if person is not None and form.is_valid():
        try:
            invitation_accept(user=person, password=form.cleaned_data["password"])
        except InvalidInput as error:
            form.add_error("password" if error.fields else None, _said(error))
        else:
            record(person, actions.INVITATION_ACCEPTED, request)
            messages.success(request, "Your password is kept. Sign in with it.")
            return redirect("account_login")
    status = 410 if person is None else 422 if form.is_bound else 200
    context = {"invited": person, "form": form}
    response = render(request, "staff/invited.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _said(error: InvalidInput) -> str:
    return error.fields.get("password", error.sentence)


@public("a platform administrator's own support session, seen from outside any brokerage")
@login_required
@require_http_methods(["GET", "POST"])
def support_session(request: HttpRequest) -> HttpResponse:
    """What the session is for and how long it lasts; a button that ends it."""
    tenant = support.supported_tenant(request)
    row = None
    if tenant is not None:
        with tenant_scope(tenant.pk):
            row = support.support_of(request, tenant)
            if row is not None and request.method == "POST":
                actor = support.support_actor(row, client_ip(request))
                with tenant_context(tenant.pk, actor):
                    support.support_end(actor=actor, row=row)
                row = None
    if row is None:
        support.forget(request)
    return render(request, "staff/support.html", {"session": row, "of": tenant})
