"""The operator's pages: brokerages, administrators, support sessions, the operator's trail."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.history import changes
from backoffice.staff import support
from backoffice.staff.models import MemberIndex
from backoffice.tenancy.models import Tenant
from operations.health import is_silent, workers
from operations.models import PlatformEntry
from operations.platform import services
from operations.platform.access import OperatorRequest, operator_only
from operations.platform.forms import PersonForm, ReasonForm, SupportForm, TenantForm
from operations.platform.frame import operator_page

TRAIL_MAX = 300


def _tenant(slug: str) -> Tenant:
    tenant = services.tenant_named(slug)
    if tenant is None:
        raise Http404
    return tenant


@require_GET
@operator_only
def tenant_list(request: OperatorRequest) -> HttpResponse:
    people = dict(
        MemberIndex.objects.values_list("membership_tenant").annotate(
            count=Count("user", filter=Q(user__is_active=True))
        )
    )
    rows = [(tenant, people.get(tenant.pk, 0)) for tenant in Tenant.objects.order_by("name", "id")]
    beats = [(beat, is_silent(beat.seen_at)) for beat in workers()]
    return operator_page(request, "tenants", {"rows": rows, "workers": beats})


@require_http_methods(["GET", "POST"])
@operator_only
def tenant_new(request: OperatorRequest) -> HttpResponse:
    form = TenantForm(request.POST or None)
    if form.is_valid():
        try:
            tenant = services.tenant_create(operator=request.operator, new=form.new_tenant())
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, f"{tenant.name} is created. Its administrators are invited.")
            return redirect("platform:tenant", slug=tenant.slug)
    return operator_page(request, "tenant_new", {"form": form}, 422 if form.is_bound else 200)


@require_GET
@operator_only
def tenant_page(request: OperatorRequest, slug: str) -> HttpResponse:
    return _tenant_page(request, _tenant(slug))


def _tenant_page(
    request: OperatorRequest, tenant: Tenant, status: int = 200, **bound: forms.Form
) -> HttpResponse:
    context = {
        "tenant": tenant,
        "administrators": services.administrators(tenant),
        "history": changes(tenant.history.all()),
        "reason_form": ReasonForm(auto_id="move_%s"),
        "support_form": SupportForm(auto_id="support_%s"),
        "person_form": PersonForm(auto_id="invite_%s"),
    }
    return operator_page(request, "tenant", context | bound, status)


@require_POST
@operator_only
def tenant_move(request: OperatorRequest, slug: str) -> HttpResponse:
    """Suspend, or open again."""
    tenant, form = _tenant(slug), ReasonForm(request.POST, auto_id="move_%s")
    active = request.POST.get("active") == "yes"
    if form.is_valid():
        try:
            services.tenant_set_active(
                operator=request.operator,
                tenant=tenant,
                active=active,
                reason=form.cleaned_data["reason"],
            )
        except DomainError as error:
            _show(form, error)
        else:
            said = "is open again" if active else "is suspended: nobody gets in"
            messages.success(request, f"{tenant.name} {said}.")
            return redirect("platform:tenant", slug=slug)
    return _tenant_page(request, tenant, 422, reason_form=form)


@require_POST
@operator_only
def tenant_invite(request: OperatorRequest, slug: str) -> HttpResponse:
    tenant, form = _tenant(slug), PersonForm(request.POST, auto_id="invite_%s")
    if form.is_valid():
        person = services.Person(form.cleaned_data["email"], form.cleaned_data["person"])
        try:
            services.admin_invite(operator=request.operator, tenant=tenant, person=person)
        except DomainError as error:
            _show(form, error)
        else:
            messages.success(request, f"{person.name} is invited as an administrator.")
            return redirect("platform:tenant", slug=slug)
    return _tenant_page(request, tenant, 422, person_form=form)


@require_POST
@operator_only
def support_start(request: OperatorRequest, slug: str) -> HttpResponse:
    tenant, form = _tenant(slug), SupportForm(request.POST, auto_id="support_%s")
    if form.is_valid():
        try:
            row = services.support_open(
                operator=request.operator,
                tenant=tenant,
                reason=form.cleaned_data["reason"],
                minutes=form.cleaned_data["minutes"],
            )
        except DomainError as error:
            _show(form, error)
        else:
            support.remember(request, row)
            return redirect("/")
    return _tenant_page(request, tenant, 422, support_form=form)


@require_GET
@operator_only
def trail(request: OperatorRequest) -> HttpResponse:
    rows = PlatformEntry.objects.order_by("-id")[:TRAIL_MAX]
    return operator_page(request, "trail", {"rows": rows, "most": TRAIL_MAX})


def _show(form: forms.Form, error: DomainError) -> None:
    for name, why in error.fields.items():
        form.add_error(name if name in form.fields else None, why)
    if not error.fields:
        form.add_error(None, error.sentence)
