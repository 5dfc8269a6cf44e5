"""The pages of methods: one with everything about it, its place in the list, and "try it"."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from clients.countries import country_name
from clients.models import Category, ClientAction, ClientKind
from clients.selectors import allowed, client_by_reference
from payments import access
from payments import forms as money_forms
from payments.methods import forms, selectors, services
from payments.methods.facts import fee_fact
from payments.methods.health import method_health
from payments.methods.rules import Answer, Audience, Moment, Used
from payments.methods.states import CountryRule, Direction
from payments.models import DepositPolicy, Method

MANAGE = "payments.manage_gateways"
GET_POST = require_http_methods(["GET", "POST"])


def lines(actor: Actor) -> list[dict[str, Any]]:
    """Every method as a line of the list, in the order that clients see."""
    rows = list(selectors.in_order(Method.objects.filter(tenant_id=actor.tenant_id)))
    moment, kept = selectors.moment_now(), forms.currencies()
    return [_line(row, moment, kept, at, len(rows)) for at, row in enumerate(rows)]


def _line(row: Method, moment: Moment, kept: list[str], at: int, count: int) -> dict[str, Any]:
    offer = selectors.offer_of(row)
    label, wanted = ("Switch off", "off") if row.active else ("Switch on", "on")
    url = reverse("payments:method-switch", args=[row.pk])
    used = {direction: offer.currencies(direction) for direction in offer.directions}
    return {
        "row": row,
        "health": method_health(row, offer, kept, moment),
        "deposits": used.get(Direction.DEPOSIT, []),
        "withdrawals": used.get(Direction.WITHDRAWAL, []),
        "who": audience_in_words(offer.audience),
        "hours": [window.in_words for window in offer.windows],
        "switch": Button(label, url, kind="quiet", fields={"active": wanted}),
        "may_rise": at > 0,
        "may_sink": at < count - 1,
    }


def audience_in_words(who: Audience) -> str:
    """``all but Germany, France; professional; KYC level 2``; ``everyone``."""
    parts = []
    if who.country_rule != CountryRule.ANY:
        names = ", ".join(country_name(code) for code in who.countries)
        parts.append(f"only {names}" if who.country_rule == CountryRule.ONLY else f"not {names}")
    categories, kinds = dict(Category.choices), dict(ClientKind.choices)
    if who.categories:
        parts.append(" or ".join(str(categories[one]).lower() for one in who.categories))
    if len(who.kinds) == 1:
        parts.append(f"{str(kinds[who.kinds[0]]).lower()} only")
    if who.level_min:
        parts.append(f"KYC level {who.level_min}")
    return "; ".join(parts) or "everyone"


def _data(request: StaffRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _save(request: StaffRequest, form: forms.MethodForm, method: Method | None) -> Method | None:
    if request.method != "POST" or not form.is_valid():
        return None
    typed = form.cleaned_data
    try:
        with transaction.atomic():
            return services.method_save(
                actor=request.actor,
                code=method.code if method else typed["code"],
                values=form.values(),
                terms=form.terms(),
                method=method,
                version=typed["version"] or 0 if method else None,
            )
    except DomainError as error:
        money_forms.show_error(form, error)
        return None


@GET_POST
@needs(MANAGE)
@once
def method_new(request: StaffRequest) -> HttpResponse:
    form = forms.MethodForm(None, _data(request))
    made = _save(request, form, None)
    if made is not None:
        messages.success(request, f"{made.name} is there; try it with a client.")
        return redirect("payments:method", made.pk)
    context = {"form": form, "title": "New method"}
    return render(request, "payments/method.html", context, status=422 if form.errors else 200)


@GET_POST
@needs(MANAGE)
def method_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Everything about a method; with a client and an amount, also what they would be told."""
    actor, row = request.actor, access.method_for(request.actor, pk)
    form = forms.MethodForm(row, _data(request))
    if _save(request, form, row) is not None:
        messages.success(request, "Saved.")
        return redirect("payments:method", pk)
    trial = _trial(request, row)
    if request.htmx:
        return render(request, "payments/method_try.html", {"row": row, **trial})
    moment, offer = selectors.moment_now(), selectors.offer_of(row)
    label, wanted = ("Switch off", "off") if row.active else ("Switch on", "on")
    url = reverse("payments:method-switch", args=[pk])
    context = {
        "form": form,
        "title": row.name,
        "row": row,
        "zone": moment.zone.key,
        "health": method_health(row, offer, forms.currencies(), moment),
        "named": [country_name(code) for code in row.countries],
        "actions": [Button(label, url, fields={"active": wanted})],
        "events": timeline(actor, pk),
        **trial,
    }
    return render(request, "payments/method.html", context, status=422 if form.errors else 200)


def _trial(request: StaffRequest, row: Method) -> dict[str, Any]:
    """What a client would be told who asks for this now. Nothing is written."""
    codes = sorted(set(row.terms.values_list("currency", flat=True)))
    asked = "try-client" in request.GET
    form = forms.TryForm(codes, request.GET if asked else None)
    found = _tried(request.actor, row, form) if asked and form.is_valid() else None
    return {"try_form": form, "found": found}


@require_POST
@needs(MANAGE)
def method_switch(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Offer a method, or offer it no more; what is under way by it goes on."""
    row = access.method_for(request.actor, pk)
    active = request.POST.get("active") == "on"
    services.method_save(actor=request.actor, code=row.code, values={"active": active}, method=row)
    messages.success(request, f"{row.name} is {'offered' if active else 'offered no more'}.")
    return redirect("payments:setup")


@require_POST
@needs(MANAGE)
def method_move(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One place up or down; the button that was pressed stays under the finger."""
    row = access.method_for(request.actor, pk)
    to = "up" if request.POST.get("to") == "up" else "down"
    services.method_move(actor=request.actor, method=row, up=to == "up")
    if not request.htmx:
        return redirect("payments:setup")
    found = [
        {**line, "pressed": to if line["row"].pk == pk else ""} for line in lines(request.actor)
    ]
    return render(request, "payments/methods_table.html", {"methods": found})


def _tried(actor: Actor, row: Method, form: forms.TryForm) -> Mapping[str, Any] | None:
    typed = form.cleaned_data
    client = client_by_reference(actor, typed["client"].strip().upper())
    if client is None:
        form.add_error("client", "There is no client of this reference.")
        return None
    try:
        money = Money(typed["amount"], typed["currency"])
    except DomainError as error:
        form.add_error("amount", error.sentence)
        return None
    direction, moment = Direction(typed["direction"]), selectors.moment_now()
    answer = selectors.judged(row, client, direction, money, moment=moment)
    used = selectors.used(client.pk, direction, moment, method_id=row.pk)
    out = direction == Direction.WITHDRAWAL
    permit = allowed(client)[ClientAction.WITHDRAW if out else ClientAction.DEPOSIT]
    return {
        "client": client,
        "money": money,
        "answer": answer,
        "stopped": "" if permit.ok else permit.sentence,
        "facts": _facts(row, answer, money, used.get((row.pk, money.currency), Used()), out=out),
    }


def _facts(
    row: Method, answer: Answer, money: Money, used: Used, *, out: bool
) -> list[dict[str, Any]]:
    if answer.fee is None or answer.left is None:
        return []
    fee, left = answer.fee, answer.left
    found: list[dict[str, Any]] = [
        fee_fact(fee),
        {"label": "Paid out" if out else "Credited", "value": answer.net, "total": True},
    ]
    if not out:
        found.append({"label": "Decided", "value": _decided(row, money)})
    for name, spent, rest in (
        ("today", used.day, left.day),
        ("this month", used.month, left.month),
    ):
        asked = Money.rounded(spent, money.currency)
        found.append({"label": f"Asked for {name}", "value": asked})
        found.append({"label": f"Left {name}", "value": _or_none(rest)})
    found.append({"label": "Most of one payment now", "value": _or_none(left.now)})
    return found


def _or_none(limit: Money | None) -> Money | str:
    return "no limit" if limit is None else limit


def _decided(row: Method, money: Money) -> str:
    if row.deposit_policy == DepositPolicy.MANUAL:
        return "by a person"
    if row.deposit_policy == DepositPolicy.UNDER_THRESHOLD:
        found = row.terms.filter(direction=Direction.DEPOSIT, currency=money.currency).first()
        most = found.credit_max if found else None
        return "at once" if most is not None and money.amount <= most else "by a person"
    return "at once"
