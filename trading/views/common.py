"""What the pages of trading share."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods

from backoffice.core.errors import DomainError
from backoffice.staff.access import StaffRequest

UNPROCESSABLE = 422
GET_POST = require_http_methods(["GET", "POST"])
VIEW, OPERATE, SERVERS = (
    "trading.view_account",
    "trading.operate_account",
    "trading.manage_servers",
)


def data_of(request: StaffRequest) -> MultiValueDict[str, Any] | None:
    return request.POST if request.method == "POST" else None


def tried(form: Any, work: Callable[[], Any]) -> bool:
    """Whether the form is valid and the service took it; a refusal goes beside its fields."""
    if not form.is_valid():
        return False
    try:
        work()
    except DomainError as error:
        for name, sentence in error.fields.items():
            form.add_error(name if name in form.fields else None, sentence)
        if not error.fields:
            form.add_error(None, error.sentence)
        return False
    return True


def form_page(
    request: StaffRequest,
    form: forms.BaseForm,
    *,
    title: str,
    label: str,
    back: str,
    says: str = "",
    subtitle: str = "",
    danger: bool = False,
) -> HttpResponse:
    """A page with one form; 422 when what was sent was refused."""
    context = {
        "form": form,
        "title": title,
        "label": label,
        "back_url": back,
        "says": says,
        "subtitle": subtitle,
        "danger": danger,
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "trading/form.html", context, status=status)
