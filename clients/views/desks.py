"""Desks: teams, and whose clients they see."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.history import changes
from backoffice.portal.keyset import bounded_count, count_text
from backoffice.portal.once import once
from backoffice.portal.timeline import audit_events
from backoffice.staff.access import StaffRequest, needs
from backoffice.staff.models import Membership
from backoffice.workflow import approvals
from clients import desks, services
from clients.forms import show_error
from clients.models import Desk
from clients.selectors import clients_for

UNPROCESSABLE = 422


class DeskForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)


@require_http_methods(["GET", "POST"])
@needs(desks.MANAGE)
@once
def desk_list(request: StaffRequest) -> HttpResponse:
    form = DeskForm(request.POST or None)
    if form.is_valid():
        try:
            desk = services.desk_create(actor=request.actor, name=form.cleaned_data["name"])
        except DomainError as error:
            show_error(form, error)
        else:
            return redirect("clients:desk", pk=desk.pk)
    sizes = desks.sizes(request.actor)
    rows = [
        (desk, count_text(sizes[desk.pk][0]), sizes[desk.pk][1])
        for desk in desks.desks(request.actor)
    ]
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "clients/desks.html", {"rows": rows, "form": form}, status=status)


def _client_count(request: StaffRequest, desk: Desk) -> str:
    """Bounded: 10,000+ beyond."""
    rows = clients_for(request.actor).filter(desk=desk)
    return count_text(bounded_count(rows))


def _desk(request: StaffRequest, pk: UUID) -> Desk:
    row = desks.desks(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "POST"])
@needs(desks.MANAGE)
def desk_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Who has the desk, its name, what became of both."""
    row = _desk(request, pk)
    form = DeskForm(request.POST or None, initial={"name": row.name})
    if form.is_valid():
        try:
            desks.desk_rename(actor=request.actor, desk=row, name=form.cleaned_data["name"])
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, "The name is kept.")
            return redirect("clients:desk", pk=pk)
    people = desks.people_of(request.actor, row)
    members = Membership.objects.filter(tenant_id=request.actor.tenant_id, active=True)
    context = {
        "row": row,
        "form": form,
        "people": people,
        "client_count": _client_count(request, row),
        "others": members.exclude(pk__in=[each.pk for each in people])
        .exclude(user_id=request.actor.user_id or 0)
        .select_related("user")
        .order_by("user__name"),
        "pending": approvals.pending_for(request.actor, row.pk, desks.JOIN),
        "history": changes(row.history.all()),
        "events": audit_events(request.actor, row.pk),
    }
    status = UNPROCESSABLE if form.is_bound else 200
    return render(request, "clients/desk.html", context, status=status)


def _member(request: StaffRequest) -> Membership | None:
    try:
        wanted = UUID(request.POST.get("member", ""))
    except ValueError:
        return None
    return (
        Membership.objects.filter(tenant_id=request.actor.tenant_id, pk=wanted, active=True)
        .select_related("user")
        .first()
    )


@require_POST
@needs(desks.MANAGE)
def desk_join(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask that a member may see this desk's clients; a second person approves it."""
    row, back = _desk(request, pk), reverse("clients:desk", args=[pk])
    member = _member(request)
    if member is None:
        return refused(request, DomainError("Choose a member."), back)
    try:
        desks.desk_join_ask(actor=request.actor, desk=row, membership=member)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "Asked. A second person has to approve it.")
    return redirect(back)


@require_POST
@needs(desks.MANAGE)
def desk_leave(request: StaffRequest, pk: UUID) -> HttpResponse:
    row, member = _desk(request, pk), _member(request)
    if member is not None:
        desks.desk_leave(actor=request.actor, desk=row, user=member.user)
        messages.success(request, f"{member.user.name} no longer sees {row.name}.")
    return redirect("clients:desk", pk=pk)
