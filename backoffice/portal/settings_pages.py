"""Settings of a brokerage: its brand, where its people may come from, how long work may wait.

What opens or shuts doors takes effect when a second person has approved it. Each setting shows its
history as what was and what is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal import navigation
from backoffice.portal.history import changes
from backoffice.portal.once import once
from backoffice.staff import policies, support
from backoffice.staff.access import StaffRequest, needs
from backoffice.staff.models import AccessPolicy, SupportSession
from backoffice.tenancy.models import Accent, LegalEntity, Tenant
from backoffice.workflow import approvals
from backoffice.workflow import policies as clocks
from backoffice.workflow.approvals import ApprovalKind, approval_ask
from backoffice.workflow.models import Approval, QueuePolicy

SETTINGS = "staff.manage_settings"
STAFF = "staff.manage_staff"
QUEUES = "workflow.manage_queues"
NETWORKS = "staff.networks"
UNPROCESSABLE = 422
SUPPORT_SHOWN_MAX = 20


# Where staff may come from: with four eyes


def _networks_content(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return networks_content(policies.access_policy(actor), approval.content["networks"])


def networks_content(policy: AccessPolicy, wanted: str) -> dict[str, Any]:
    """What the second person reads: the list as it stands, and as it would be."""
    return {"networks": wanted, "networks today": _joined(policy.ranges)}


def _joined(ranges: list[str]) -> str:
    return "; ".join(ranges) or "from anywhere"


def _networks_execute(actor: Actor, approval: Approval) -> None:
    wanted = str(approval.content["networks"])
    lines = [] if wanted == _joined([]) else wanted.split("; ")
    policies.networks_set(actor=actor, lines=lines)


approvals.register(
    ApprovalKind(
        code=NETWORKS,
        label="Networks",
        permission=STAFF,
        content=_networks_content,
        execute=_networks_execute,
        refused=approvals.nothing_to_undo,
        url=lambda approval: reverse("portal:settings-access"),
    )
)


class NetworksForm(forms.Form):
    ranges = forms.CharField(
        label="Networks",
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text="One a line, with a name behind it if you like: 203.0.113.0/24 Limassol office."
        " IPv4 or IPv6. Empty: from anywhere.",
    )


@require_http_methods(["GET", "POST"])
@needs(STAFF)
def access(request: StaffRequest) -> HttpResponse:
    """The list of networks; support sessions of the platform's operator."""
    policy = policies.access_policy(request.actor)
    form = NetworksForm(request.POST or None, initial={"ranges": "\n".join(policy.ranges)})
    if request.method == "POST" and form.is_valid():
        try:
            asked = _ask_networks(request.actor, policy, form.cleaned_data["ranges"])
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, asked)
            return redirect("portal:settings-access")
    context = {
        "form": form,
        "policy": policy,
        "pending": approvals.pending_for(request.actor, policy.pk, NETWORKS),
        "my_ip": request.actor.ip,
        "history": changes(policy.history.all()),
        "sessions": SupportSession.objects.filter(tenant_id=request.actor.tenant_id).order_by(
            "-opened_at"
        )[:SUPPORT_SHOWN_MAX],
        "moment": now(),
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "portal/settings_access.html", context, status=status)


def _ask_networks(actor: Actor, policy: AccessPolicy, text: str) -> str:
    wanted = [str(line) for line in policies.networks_check(actor=actor, text=text)]
    if wanted == policy.ranges:
        return "The list is as it was. Nothing was asked."
    if approvals.pending_for(actor, policy.pk, NETWORKS):
        raise DomainError("A change of this list waits for approval already.")
    approval_ask(
        actor=actor,
        kind=NETWORKS,
        subject=policy,
        label=f"Networks that staff may come from: {len(wanted) or 'any'}",
        content=networks_content(policy, _joined(wanted)),
    )
    return "Asked. A second person has to approve it, from an address in the new list."


@require_POST
@needs(STAFF)
def support_end(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The brokerage shows the platform's operator out."""
    row = SupportSession.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404
    support.support_end(actor=request.actor, row=row)
    messages.success(request, f"{row.user_name} is out from their next click on.")
    return redirect("portal:settings-access")


# Brand and entities


class BrandForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    accent = forms.ChoiceField(
        label="Accent", choices=Accent.choices, required=False, widget=forms.RadioSelect
    )
    entity = forms.ChoiceField(label="Entity under the name", required=False)

    def __init__(self, entities: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["entity"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "None"), *((name, name) for name in entities)]


@require_http_methods(["GET", "POST"])
@needs(SETTINGS)
def brand(request: StaffRequest) -> HttpResponse:
    entities = list(LegalEntity.objects.filter(tenant_id=request.actor.tenant_id).order_by("name"))
    tenant = Tenant.objects.get(pk=request.actor.tenant_id)
    now_set = {"name": tenant.name, "accent": tenant.accent, "entity": tenant.entity}
    form = BrandForm([each.name for each in entities], request.POST or None, initial=now_set)
    if request.method == "POST" and form.is_valid():
        try:
            policies.brand_set(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, "The brand is kept.")
            return redirect("portal:settings-brand")
    context = {"form": form, "entities": entities, "history": changes(tenant.history.all())}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "portal/settings_brand.html", context, status=status)


class EntityForm(forms.Form):
    name = forms.CharField(label="Name", max_length=160)
    regulator = forms.CharField(label="Regulator", max_length=60)
    licence = forms.CharField(label="Licence", max_length=60, required=False)
    lei = forms.CharField(label="LEI", max_length=20, required=False)
    country = forms.RegexField(r"^[A-Z]{2}$", label="Country", help_text="Two letters, such as CY.")


@require_http_methods(["GET", "POST"])
@needs(SETTINGS)
@once
def entity_new(request: StaffRequest) -> HttpResponse:
    return _entity(request, None)


@require_http_methods(["GET", "POST"])
@needs(SETTINGS)
def entity(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = LegalEntity.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404
    return _entity(request, row)


def _entity(request: StaffRequest, row: LegalEntity | None) -> HttpResponse:
    now_set = {name: getattr(row, name) for name in EntityForm.base_fields} if row else {}
    form = EntityForm(request.POST or None, initial=now_set)
    if request.method == "POST" and form.is_valid():
        try:
            policies.entity_save(actor=request.actor, entity=row, facts=form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, "The entity is kept.")
            return redirect("portal:settings-brand")
    history = changes(row.history.all()) if row else []
    context = {"row": row, "form": form, "history": history}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "portal/settings_entity.html", context, status=status)


# Service levels


class LevelForm(forms.Form):
    due_minutes = forms.IntegerField(label="Minutes", min_value=1)
    due_minutes_urgent = forms.IntegerField(label="Urgent, minutes", min_value=1)


@require_GET
@needs(QUEUES)
def levels(request: StaffRequest) -> HttpResponse:
    return render(request, "portal/settings_levels.html", {"levels": clocks.levels(request.actor)})


@require_http_methods(["GET", "POST"])
@needs(QUEUES)
def level(request: StaffRequest, code: str) -> HttpResponse:
    row = clocks.level_of(request.actor, code)
    if row is None:
        raise Http404
    now_set = {"due_minutes": row.due_minutes, "due_minutes_urgent": row.due_minutes_urgent}
    form = LevelForm(request.POST or None, initial=now_set)
    if request.method == "POST" and request.POST.get("do") == "reset":
        clocks.level_reset(actor=request.actor, queue=code)
        messages.success(request, f"{row.queue.label} has the product's clock again.")
        return redirect("portal:settings-levels")
    if request.method == "POST" and form.is_valid():
        try:
            clocks.level_set(actor=request.actor, queue=code, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, f"The clock of {row.queue.label} is kept.")
            return redirect("portal:settings-levels")
    past = QueuePolicy.history.filter(tenant_id=request.actor.tenant_id, queue=code)
    context = {"row": row, "form": form, "history": changes(past)}
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "portal/settings_level.html", context, status=status)


# The overview


@dataclass(frozen=True)
class Area:
    """One card of the overview: ``permissions``: any one of them shows it."""

    label: str
    text: str
    icon: str
    url_name: str
    permissions: tuple[str, ...]
    order: int = 100


_areas: list[Area] = []


def register_area(area: Area) -> None:
    """Put a domain's settings on the overview."""
    if area not in _areas:
        _areas.append(area)


@require_GET
@needs()
def overview(request: StaffRequest) -> HttpResponse:
    """Every setting that the actor may see; what other apps put into the navigation as well."""
    known = {area.url_name for area in _areas}
    shown = [
        (area.label, area.text, area.icon, reverse(area.url_name))
        for area in sorted(_areas, key=lambda each: (each.order, each.label))
        if any(request.actor.can(code) for code in area.permissions)
    ]
    shown += [
        (entry.label, "", entry.icon, reverse(entry.url_name))
        for entry in navigation.entries_for(request.actor)
        if entry.group == "Settings" and entry.url_name not in known | {"portal:settings"}
    ]
    return render(request, "portal/settings.html", {"areas": shown})


def _show(form: forms.Form, error: DomainError) -> None:
    for name, why in error.fields.items():
        form.add_error(name if name in form.fields else None, why)
    if not error.fields:
        form.add_error(None, error.sentence)
