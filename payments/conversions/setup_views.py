"""What conversions are priced by, and the position that they leave the house with."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import now
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.history import changes
from backoffice.staff.access import StaffRequest, needs
from payments.conversions import quotes, rules
from payments.conversions.forms import PolicyForm, QuoteForm, SpreadForm
from payments.conversions.position import Holding, position
from payments.conversions.quotes import MANAGE
from payments.models import ConversionPolicy, ConversionQuote, ConversionSpread
from payments.views.decide import GET_POST, data, tried

VIEW_POSITION = "ledger.view_ledger"
LABELS = {
    "active": "offered",
    "quote_age_s_max": "a quote is good for, seconds",
    "offer_s": "an offer stands for, seconds",
    "spread_percent": "usual spread, percent",
    "approval_above": "a second person above",
    "tolerance_percent": "the price may move by, percent",
}


@require_GET
@needs(MANAGE)
def setup_page(request: StaffRequest) -> HttpResponse:
    """Quotes with their age, spreads, and the rules with every change there was."""
    mine = {"tenant_id": request.actor.tenant_id}
    book = quotes.book()
    rows = ConversionQuote.objects.filter(**mine).order_by("base", "quote", "source")
    spreads = ConversionSpread.objects.filter(**mine).order_by("base", "quote")
    policy = book.policy
    context = {
        "quotes": [_quote(row, policy) for row in rows],
        "spreads": [_spread(row) for row in spreads],
        "circles": [
            " → ".join(each) for each in rules.circles(book.quotes, book.currencies, book.base)
        ],
        "policy": policy,
        "age": quotes.age_words(policy.quote_age_s_max),
        "stands": quotes.age_words(policy.offer_s),
        "usual": rules.plain(policy.spread_percent),
        "tolerance": rules.plain(policy.tolerance_percent),
        "base": book.base,
        "history": changes(ConversionPolicy.history.filter(**mine), labels=LABELS),
        "actions": [
            Button("Set a quote", reverse("payments:conversion-quote"), method="get", icon="plus"),
            Button("Set a spread", reverse("payments:conversion-spread"), method="get"),
            Button("Rules", reverse("payments:conversion-policy"), method="get"),
        ],
    }
    return render(request, "payments/conversion_setup.html", context)


def _quote(row: ConversionQuote, policy: ConversionPolicy) -> dict[str, Any]:
    fresh = (now() - row.quoted_at).total_seconds() <= policy.quote_age_s_max
    return {
        "row": row,
        "mid": rules.plain(row.mid),
        "colour": "good" if fresh else "attention",
        "word": "Good" if fresh else "Too old",
    }


def _spread(row: ConversionSpread) -> dict[str, Any]:
    url = reverse("payments:conversion-spread-remove", args=[row.pk])
    said = rules.Spread(row.kind, row.value, row.base, row.quote)  # type: ignore[arg-type]
    return {"row": row, "said": str(said), "remove": Button("Back to usual", url, kind="quiet")}


def _asked(
    request: StaffRequest,
    form: forms.Form,
    save: Callable[[], Any],
    *,
    title: str,
    says: str,
) -> HttpResponse:
    if request.method == "POST" and tried(form, lambda: save() and None):
        messages.success(request, "Saved.")
        return redirect("payments:conversion-setup")
    back = reverse("payments:conversion-setup")
    context = {"form": form, "title": title, "label": "Save", "says": says, "back_url": back}
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@GET_POST
@needs(MANAGE)
def policy(request: StaffRequest) -> HttpResponse:
    found = quotes.policy(request.actor.tenant_id)
    initial = {name: getattr(found, name) for name in PolicyForm.base_fields}
    form = PolicyForm(data(request), initial=initial)
    return _asked(
        request,
        form,
        lambda: quotes.policy_set(actor=request.actor, values=form.cleaned_data),
        title="Rules of conversions",
        says="They hold from the next offer on; one that stands keeps its rate and its time.",
    )


@GET_POST
@needs(MANAGE)
def quote(request: StaffRequest) -> HttpResponse:
    form = QuoteForm(data(request), initial={"base": quotes.book().base})
    return _asked(
        request,
        form,
        lambda: quotes.quote_set(actor=request.actor, **form.cleaned_data),
        title="Set a quote",
        says="It counts from now, until it is too old or a newer one is there. The same quote is"
        " used the other way round, and on the way to a third currency.",
    )


@GET_POST
@needs(MANAGE)
def spread(request: StaffRequest) -> HttpResponse:
    form = SpreadForm(data(request), initial={"base": quotes.book().base})
    return _asked(
        request,
        form,
        lambda: quotes.spread_set(actor=request.actor, **form.cleaned_data),
        title="Set a spread",
        says="Between mid and client's rate, whichever way the pair is converted.",
    )


@require_POST
@needs(MANAGE)
def spread_remove(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = ConversionSpread.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404
    back = reverse("payments:conversion-setup")
    try:
        with transaction.atomic():
            quotes.spread_remove(actor=request.actor, spread=row)
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, f"{row} has the usual spread again.")
    return redirect(back)


@require_GET
@needs(VIEW_POSITION)
def position_page(request: StaffRequest) -> HttpResponse:
    """What conversions left the house with, and what it is worth at the mid."""
    found = position(request.actor)
    context = {
        "lines": [_holding(holding, found.base) for holding in found.holdings],
        "result": found.result,
        "base": found.base,
    }
    return render(request, "payments/position.html", context)


def _holding(holding: Holding, base: str) -> dict[str, Any]:
    return {
        "amount": holding.amount,
        "rate": "" if holding.rate is None else rules.rate_text(holding.rate),
        "value": holding.value,
        "at": holding.quoted_at,
        "stale": holding.stale and holding.amount.currency != base,
    }
