"""Staff: who works here, with which roles; roles and what they hold; API keys.

A role is given with four eyes; taking one away needs no second person.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, NotPermitted
from backoffice.portal import invitations
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import Column, Empty, ListPage, list_response, register
from backoffice.portal.once import done_at, once
from backoffice.portal.templatetags import portal as tags
from backoffice.portal.timeline import audit_events
from backoffice.portal.wording import permission_words
from backoffice.staff import services
from backoffice.staff.access import StaffRequest, needs
from backoffice.staff.models import ApiKey, Membership, Role
from backoffice.staff.selectors import known_permissions
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind, approval_ask
from backoffice.workflow.models import Approval

MANAGE = "staff.manage_staff"
GRANT = "staff.role_grant"


def members(actor: Actor) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant_id=actor.tenant_id).select_related("user")


def roles(actor: Actor) -> QuerySet[Role]:
    return Role.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")


def permissions_of(role: Role) -> list[str]:
    rows = Permission.objects.filter(group=role.group_id).values_list(
        "content_type__app_label", "codename"
    )
    return sorted(f"{app}.{codename}" for app, codename in rows)


# Granting a role


def _grant_content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    membership = members(actor).get(pk=approval.subject_id)
    role = roles(actor).filter(pk=approval.content["role_id"]).first()
    return grant_content(membership, role) if role else {}


def grant_content(membership: Membership, role: Role) -> dict[str, Any]:
    """What the second person reads: who, which role, and everything that it allows."""
    return {
        "member": f"{membership.user.name} ({membership.user.email})",
        "role": role.name,
        "role_id": str(role.pk),
        "permissions": ", ".join(permissions_of(role)),
    }


def _grant_execute(actor: Actor, approval: Approval) -> None:
    membership = members(actor).get(pk=approval.subject_id)
    role = roles(actor).get(pk=approval.content["role_id"])
    services.role_grant(actor=actor, membership=membership, role=role)


approvals.register(
    ApprovalKind(
        code=GRANT,
        label="Role",
        permission=MANAGE,
        content=_grant_content,
        execute=_grant_execute,
        refused=approvals.nothing_to_undo,
        url=lambda approval: reverse("portal:member", args=[approval.subject_id]),
    )
)


MEMBERS = register(
    ListPage(
        code="staff.members",
        title="Staff",
        permission=MANAGE,
        rows=members,
        columns=[
            Column(
                "name",
                "Name",
                lambda m: m.user.name,
                link=lambda m: reverse("portal:member", args=[m.pk]),
                grow=True,
                fixed=True,
            ),
            Column("email", "E-mail", lambda m: m.user.email),
            Column("title", "Title", lambda m: m.title),
            Column("seen", "Last sign-in", lambda m: m.user.last_login, show=tags.time),
            Column(
                "state",
                "State",
                lambda m: m.active,
                show=lambda on: tags.badge("good" if on else "bad", "Active" if on else "Out"),
            ),
        ],
        empty=Empty("No members", "Invite people: they choose their password by a link."),
        buttons=lambda actor: [
            Button(
                "Invite", reverse("portal:member-invite"), "i", "primary", "user-plus", method="get"
            )
        ],
    )
)


@require_GET
@needs(MANAGE)
def member_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, MEMBERS)


class InviteForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail")
    title = forms.CharField(label="Title", max_length=80, required=False)
    role = forms.ChoiceField(
        label="Role",
        required=False,
        help_text="A second person gives it.",
    )


@require_http_methods(["GET", "POST"])
@needs(MANAGE)
@once
def member_invite(request: StaffRequest) -> HttpResponse:
    """Write to a person, and ask a second person for their first role."""
    form = InviteForm(request.POST or None)
    field = form.fields["role"]
    assert isinstance(field, forms.ChoiceField)
    known = {role.code: role for role in roles(request.actor)}
    field.choices = [("", "None yet"), *((code, role.name) for code, role in known.items())]
    if form.is_valid():
        wanted = known.get(form.cleaned_data.pop("role"))
        try:
            with transaction.atomic():
                row = invitations.member_invite(actor=request.actor, **form.cleaned_data)
                if wanted is not None:
                    _ask(request.actor, row, wanted)
        except DomainError as error:
            for name, why in (error.fields or {"__all__": error.sentence}).items():
                form.add_error(name if name in form.fields else None, why)
        else:
            messages.success(request, f"{row.user.name} gets a letter with a link.")
            return redirect("portal:member", pk=row.pk)
    status = 422 if form.is_bound else 200
    return render(request, "portal/member_invite.html", {"form": form}, status=status)


@require_POST
@needs(MANAGE)
def member_invite_again(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _member(request, pk)
    try:
        invitations.invitation_repeat(actor=request.actor, membership=row)
    except DomainError as error:
        return refused(request, error, reverse("portal:member", args=[pk]))
    messages.success(request, f"{row.user.name} gets another letter.")
    return redirect("portal:member", pk=pk)


def _member(request: StaffRequest, pk: UUID) -> Membership:
    row = members(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_GET
@needs(MANAGE)
def member_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _member(request, pk)
    held = [each.role for each in row.held.select_related("role")]
    context = {
        "row": row,
        "held": held,
        "others": [role for role in roles(request.actor) if role not in held],
        "pending": approvals.pending_for(request.actor, row.pk, GRANT),
        "is_self": row.user_id == request.actor.user_id,
        "events": audit_events(request.actor, row.pk),
    }
    return render(request, "portal/member.html", context)


@require_POST
@needs(MANAGE)
def member_grant(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for a role for a member; a second person gives it."""
    row = _member(request, pk)
    back = reverse("portal:member", args=[pk])
    role = roles(request.actor).filter(code=request.POST.get("role", "")).first()
    if role is None:
        return refused(request, DomainError("Choose a role."), back)
    try:
        _ask(request.actor, row, role)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "Asked. A second person has to approve it.")
    return redirect(back)


def _ask(actor: Actor, row: Membership, role: Role) -> None:
    _may_grant(actor, row, role)
    approval_ask(
        actor=actor,
        kind=GRANT,
        subject=row,
        label=f"{role.name} for {row.user.name}",
        content=grant_content(row, role),
    )


def _may_grant(actor: Actor, row: Membership, role: Role) -> None:
    if row.user_id == actor.user_id:
        raise NotPermitted("No one asks for a role for themselves.")
    lacking = [code for code in permissions_of(role) if not actor.can(code)]
    if lacking:
        raise NotPermitted(f"You can't grant what you don't hold: {', '.join(lacking)}.")
    if approvals.pending_for(actor, row.pk, GRANT):
        raise DomainError("A role for this member waits for approval already.")


@require_POST
@needs(MANAGE)
def member_withdraw(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _member(request, pk)
    role = roles(request.actor).filter(code=request.POST.get("role", "")).first()
    if role is not None:
        services.role_withdraw(actor=request.actor, membership=row, role=role)
        messages.success(request, f"{row.user.name} no longer holds {role.name}.")
    return redirect("portal:member", pk=pk)


@require_POST
@needs(MANAGE)
def member_active(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = _member(request, pk)
    try:
        services.member_set_active(
            actor=request.actor, membership=row, active=request.POST.get("active") == "yes"
        )
    except DomainError as error:
        return refused(request, error, reverse("portal:member", args=[pk]))
    return redirect("portal:member", pk=pk)


@require_GET
@needs(MANAGE)
def role_matrix(request: StaffRequest) -> HttpResponse:
    """Every permission against every role: who may do what here, on one page."""
    found = list(roles(request.actor))
    held = {role.pk: set(permissions_of(role)) for role in found}
    used = set().union(*held.values()) if held else set()
    lines = [
        {
            "code": code,
            "name": permission_words(code),
            "marks": [code in held[role.pk] for role in found],
        }
        for code in sorted(used & known_permissions())
    ]
    return render(request, "portal/role_matrix.html", {"roles": found, "lines": lines})


@require_http_methods(["GET", "POST"])
@needs(MANAGE)
@once
def api_keys(request: StaffRequest) -> HttpResponse:
    """Keys for other systems. The secret is on the page once, right after it was made."""
    made = None
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:80]
        wanted = request.POST.getlist("permissions")
        try:
            if not name or not wanted:
                raise DomainError("A key needs a name and at least one permission.")
            made = services.api_key_create(actor=request.actor, name=name, permissions=wanted)
        except DomainError as error:
            messages.error(request, error.sentence)
    context = {
        "made": made,
        "keys": ApiKey.objects.filter(tenant_id=request.actor.tenant_id).order_by("-created_at"),
        "grantable": sorted((permission_words(code), code) for code in request.actor.permissions),
    }
    response = render(request, "portal/api_keys.html", context)
    return done_at(response, reverse("portal:api-keys")) if made else response


@require_POST
@needs(MANAGE)
def api_key_revoke(request: StaffRequest, pk: UUID) -> HttpResponse:
    key = ApiKey.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if key is None:
        raise Http404
    services.api_key_revoke(actor=request.actor, key=key)
    messages.success(request, f"The key {key.name} no longer works.")
    return redirect("portal:api-keys")
