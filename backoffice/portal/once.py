"""A form that is sent twice is done once.

A double click, a reload, a browser or proxy that sends again after a cut line: nothing in the
request tells the second from a new wish, so the form carries a key (``{% form_key %}``). The first
request writes it in the transaction of its work; another with the same key waits for that
transaction to end and is led to where the first one led.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

from backoffice.core.clock import now
from backoffice.portal.models import FormSent
from backoffice.staff.access import StaffRequest

FIELD = "form_key"
KEY_CHARS_MAX = 64
KEPT = timedelta(days=7)
Given = ParamSpec("Given")
View = Callable[Concatenate[StaffRequest, Given], HttpResponse]


def once(view: View[Given]) -> View[Given]:
    """Of posts with one key by one person, the first that is done counts: that redirects, or
    that says so by ``done_at``."""

    @wraps(view)
    def answered(
        request: StaffRequest, /, *args: Given.args, **kwargs: Given.kwargs
    ) -> HttpResponse:
        key = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if not key or len(key) > KEY_CHARS_MAX:
            return view(request, *args, **kwargs)
        mine: dict[str, Any] = {"tenant_id": request.actor.tenant_id}
        mine["sent_by_ref"] = request.actor.ref
        sent = FormSent(**mine, key=key)
        # Waits for the transaction of whoever sent it first.
        FormSent.objects.bulk_create([sent], ignore_conflicts=True)
        first = FormSent.objects.get(**mine, key=key)
        if first.pk != sent.pk:
            messages.info(request, "The form was sent twice. It was done once.")
            return redirect(first.location)
        response = view(request, *args, **kwargs)
        place = _place_of(response)
        if place:
            FormSent.objects.filter(**mine, pk=sent.pk).update(location=place[:300])
            FormSent.objects.filter(**mine, sent_at__lt=now() - KEPT).delete()
        else:
            FormSent.objects.filter(**mine, pk=sent.pk).delete()  # mended, it comes again
        return response

    answered.once = True  # type: ignore[attr-defined]
    return answered


def done_at(response: HttpResponse, place: str) -> HttpResponse:
    """Say that a page which shows a secret once has done its form: another with the same key is
    led to ``place``, where what was made stands without its secret."""
    response.done_at = place  # type: ignore[attr-defined]
    return response


def _place_of(response: HttpResponse) -> str:
    if isinstance(response, HttpResponseRedirect):
        return response.url
    return str(getattr(response, "done_at", ""))
