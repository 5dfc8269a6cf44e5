"""Messages of gateways that a person has to look into."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decision_response, describe
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.queues import item_for
from payments import access, lists, queues
from payments import forms as money_forms
from payments.models import WebhookMessage
from payments.services import notices
from payments.views.decide import GET_POST, WORK, data, next_of, tried


@describe("notices")
def _notices(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    rows = WebhookMessage.objects.filter(tenant_id=actor.tenant_id, pk__in=ids)
    return {row.pk: (row.gateway.name, row.note, None) for row in rows.select_related("gateway")}


@require_GET
@needs(WORK)
def notice_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.message_for(request.actor, pk)
    open_ = row.state in (WebhookMessage.State.PARKED, WebhookMessage.State.REFUSED)
    waits = item_for(request.actor, queues.NOTICES.code, row.pk) is not None
    why = "" if open_ and waits else "Nobody needs to do anything with it."
    context = {
        "title": row.delivery,
        "row": row,
        "colour": lists.MESSAGE_COLOURS[row.state],
        "text": _laid_out(bytes(row.body)),
        "about": lists.message_payments(request.actor, [row]).get(row.pk)
        or lists.named_payment(request.actor, row),
        "headers": sorted(row.headers.items()),
        "events": timeline(request.actor, row.pk),
    }
    url = reverse("payments:notice-aside", args=[row.pk])
    return decision_response(
        request,
        queue=queues.NOTICES,
        subject_id=row.pk,
        template="payments/notice.html",
        context=context,
        actions=[Button("Put aside", url, key="r", method="get", why_not=why)],
    )


def _laid_out(body: bytes) -> str:
    """The message as a person reads it: JSON a member a line, anything else as it came."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


@GET_POST
@needs(WORK)
def notice_aside(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.message_for(request.actor, pk)
    before = item_for(request.actor, queues.NOTICES.code, row.pk)
    form = money_forms.ReasonForm(data(request))

    def aside() -> None:
        notices.message_put_aside(
            actor=request.actor, message=row, reason=form.cleaned_data["reason"]
        )

    if request.method == "POST" and tried(form, aside):
        return next_of(request, queues.NOTICES, before, "The message is put aside.")
    context = {
        "form": form,
        "title": "Put the message aside",
        "label": "Put aside",
        "says": "Nothing is booked by it. Say what you found out.",
        "back_url": queues.NOTICES.url(row.pk),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)
