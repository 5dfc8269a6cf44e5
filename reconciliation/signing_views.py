"""Accounts signed off, day by day."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import today
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.decisions import refused
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from reconciliation import signing
from reconciliation.account_days import (
    AccountDay,
    account_day,
    account_days,
    place_for,
    signed,
    weekday_after,
    weekday_before,
)
from reconciliation.forms import SignForm
from reconciliation.models import SignOff
from reconciliation.selectors import with_outcomes

SEE = "reconciliation.view_break"
UNSIGNED = ("neutral", "Not signed")
SIGNED = ("good", "Signed")
CHANGED = ("attention", "Changed since it was signed")


def _state(row: AccountDay, found: SignOff | None) -> tuple[str, str]:
    if found is None:
        return UNSIGNED
    return CHANGED if row.changed(found) else SIGNED


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None


def _url(row: AccountDay) -> str:
    parts = [row.day.isoformat(), row.place.pk, row.place.currency]
    return reverse("reconciliation:sign-off", args=parts)


@require_GET
@needs(SEE)
def sign_offs(request: StaffRequest) -> HttpResponse:
    """All accounts on one day, the last weekday that is over unless another is asked for."""
    newest = weekday_before(today(request.tenant.timezone))
    day = _day(request.GET.get("day") or newest.isoformat())
    found = signed(request.actor, day)
    rows = account_days(request.actor, day)
    context: dict[str, Any] = {
        "day": day,
        "older": weekday_before(day),
        "newer": weekday_after(day) if day < newest else None,
        "rows": [
            {
                "row": row,
                "url": _url(row),
                "state": _state(row, signed_row),
                "signed": signed_row,
            }
            for row in rows
            for signed_row in [found.get((row.place.code, row.place.currency))]
        ],
    }
    return render(request, "reconciliation/sign_offs.html", context)


def _account_day(request: StaffRequest, day: str, pk: UUID, currency: str) -> AccountDay:
    place = place_for(request.actor, pk, currency)
    if place is None:
        raise Http404
    return account_day(request.actor, place, _day(day))


@require_GET
@needs(SEE)
def sign_off(request: StaffRequest, day: str, pk: UUID, currency: str) -> HttpResponse:
    return _page(request, _account_day(request, day, pk, currency))


def _page(request: StaffRequest, row: AccountDay, form: SignForm | None = None) -> HttpResponse:
    standing = signed(request.actor, row.day).get((row.place.code, row.place.currency))
    may = request.actor.can(signing.SIGN)
    why_not = signing.why_not(row)
    if not may:
        why_not = "Signing needs the right to sign accounts off."
    elif standing is not None and not row.changed(standing):
        why_not = f"{standing.signed_by} has signed it."
    context = {
        "row": row,
        "place": row.place,
        "state": _state(row, standing),
        "signed": standing,
        "frozen": _frozen(standing) if standing else [],
        "lines": with_outcomes(request.actor, row.lines()),
        "booked": row.booked.newest,
        "why_not": why_not,
        "explain": signing.needs_reason(row),
        "form": form or SignForm(),
        "back": f"{reverse('reconciliation:sign-offs')}?day={row.day.isoformat()}",
        "sign_url": f"{_url(row)}sign/",
        "events": timeline(request.actor, standing.pk) if standing else [],
    }
    status = 422 if form is not None else 200
    return render(request, "reconciliation/sign_off.html", context, status=status)


def _frozen(row: SignOff) -> list[tuple[str, Money | None]]:
    def money(amount: Any) -> Money | None:
        return None if amount is None else Money.rounded(amount, row.currency)

    return [
        ("Statement, opening", money(row.opening)),
        ("Statement, closing", money(row.closing)),
        ("Books, opening", money(row.ledger_opening)),
        ("Books, closing", money(row.ledger_closing)),
    ]


@require_POST
@needs(SEE, signing.SIGN)
def sign(request: StaffRequest, day: str, pk: UUID, currency: str) -> HttpResponse:
    row = _account_day(request, day, pk, currency)
    form = SignForm(request.POST)
    if not form.is_valid():
        return _page(request, row, form)
    try:
        signing.account_sign(
            actor=request.actor,
            place=row.place,
            day=row.day,
            reason=form.cleaned_data["reason"],
        )
    except DomainError as error:
        if "reason" in error.fields:
            form.add_error("reason", error.sentence)
            return _page(request, row, form)
        return refused(request, error, _url(row))
    messages.success(request, f"{row.place.label} is signed off.")
    return redirect(_url(row))
