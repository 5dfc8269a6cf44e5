"""The bell's list, the words of messages, and what was delivered."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, InvalidInput
from backoffice.portal.lists import Column, Empty, ListPage, Segment, list_response, register
from backoffice.portal.templatetags import portal as tags
from backoffice.staff.access import StaffRequest, needs
from operations.models import DeliveryAttempt, Notification
from operations.notifications import templates

SHOWN_MAX = 50
COUNT_MAX = 99
_UNREAD = """
SELECT count(*) FROM (
    SELECT FROM operations_notification
    WHERE tenant_id = %s AND user_id = %s AND read_at IS NULL LIMIT %s
) unread
"""
OUTCOME_COLOURS = {"sent": "good", "failed": "bad", "skipped": "neutral"}


def mine(actor: Actor) -> QuerySet[Notification]:
    return Notification.objects.filter(tenant_id=actor.tenant_id, user_id=actor.user_id or 0)


def bell(actor: Actor) -> dict[str, Any]:
    """For the frame: how many are unread, at most 99."""
    with connection.cursor() as cursor:  # written here: it is part of every page
        cursor.execute(_UNREAD, [actor.tenant_id, actor.user_id or 0, COUNT_MAX])
        (count,) = cursor.fetchone()
    return {"count": count, "url": reverse("operations:notifications")}


@require_GET
@needs()
def notification_list(request: StaffRequest) -> HttpResponse:
    rows = list(mine(request.actor).order_by("-id")[:SHOWN_MAX])
    return render(request, "operations/notifications.html", {"rows": rows})


@require_POST
@needs()
def notification_read(request: StaffRequest) -> HttpResponse:
    """All of one's own are read; new ones since the page was opened stay unread."""
    until = request.POST.get("until", "")
    rows = mine(request.actor).filter(read_at=None)
    try:
        rows = rows.filter(id__lte=UUID(until))
    except ValueError:
        return redirect("operations:notifications")
    rows.update(read_at=now())
    return redirect("operations:notifications")


@require_GET
@needs()
def notification_open(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Go where the message points; reading it is all that changes."""
    row = mine(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    mine(request.actor).filter(pk=pk, read_at=None).update(read_at=now())
    return redirect(row.url or "operations:notifications")


@require_GET
@needs("operations.manage_operations")
def template_list(request: StaffRequest) -> HttpResponse:
    languages = dict(settings.LANGUAGES)
    lines = [
        {
            "words": words,
            "language": languages.get(words.language, words.language),
            "url": reverse("operations:template") + f"?code={words.code}&language={words.language}",
        }
        for words in templates.all_words(request.actor.tenant_id)
    ]
    return render(request, "operations/templates.html", {"lines": lines})


class WordsForm(forms.Form):
    subject = forms.CharField(max_length=templates.SUBJECT_MAX)
    body = forms.CharField(max_length=templates.BODY_MAX, widget=forms.Textarea(attrs={"rows": 12}))


@require_http_methods(["GET", "POST"])
@needs("operations.manage_operations")
def template_edit(request: StaffRequest) -> HttpResponse:
    """Write, look at and take back the brokerage's own words; the address says which."""
    code = request.GET.get("code", templates.codes()[0])
    language = request.GET.get("language", templates.FALLBACK)
    if code not in templates.codes() or language not in dict(settings.LANGUAGES):
        raise Http404
    words = templates.words_for(request.actor.tenant_id, code, language)
    form = WordsForm(request.POST or None, initial={"subject": words.subject, "body": words.body})
    preview = None
    if request.method == "POST":
        if request.POST.get("do") == "reset":
            templates.template_reset(actor=request.actor, code=code, language=language)
            return redirect("operations:templates")
        if form.is_valid():
            try:
                preview = _save_or_show(request, code, language, form)
            except DomainError as error:
                for field, sentence in error.fields.items():
                    form.add_error(field, sentence)
            else:
                if preview is None:
                    messages.success(request, "Messages from now on use these words.")
                    return redirect("operations:templates")
    context = {
        "words": words,
        "form": form,
        "language": dict(settings.LANGUAGES)[language],
        "preview": preview or _shown(code, language, words.subject, words.body),
        "names": sorted(templates.names_of(code)),
    }
    status = 422 if form.errors else 200
    return render(request, "operations/template_edit.html", context, status=status)


def _save_or_show(
    request: StaffRequest, code: str, language: str, form: WordsForm
) -> templates.Message | None:
    subject, body = form.cleaned_data["subject"], form.cleaned_data["body"]
    if request.POST.get("do") == "preview":
        faults = templates.check(code, subject, body)
        if faults:
            raise InvalidInput(fields=faults)
        return _shown(code, language, subject, body)
    templates.template_set(
        actor=request.actor, code=code, language=language, subject=subject, body=body
    )
    return None


def _shown(code: str, language: str, subject: str, body: str) -> templates.Message:
    """With examples in place of names."""
    values = {name: f"[{name}]" for name in templates.names_of(code)}
    words = templates.Words(code, language, subject, body)
    return templates.render(words, values)


def deliveries(actor: Actor) -> QuerySet[DeliveryAttempt]:
    return DeliveryAttempt.objects.filter(tenant_id=actor.tenant_id)


DELIVERIES = register(
    ListPage(
        code="operations.deliveries",
        title="Deliveries",
        permission="operations.view_operations",
        rows=deliveries,
        note="Every try to send a message, with what came of it. Nothing here can be changed.",
        segments=[
            Segment("all", "All", lambda rows, actor: rows),
            Segment("failed", "Failed", lambda rows, actor: rows.filter(outcome="failed")),
        ],
        columns=[
            Column("at", "When", lambda r: r.at, fixed=True),
            Column("code", "Message", lambda r: templates.name_of(r.code)),
            Column("subject", "Subject", lambda r: r.subject or None, grow=True),
            Column("address", "To", lambda r: r.address or None, masked=True),
            Column(
                "outcome",
                "Outcome",
                lambda r: r,
                show=lambda r: tags.badge(OUTCOME_COLOURS[r.outcome], r.get_outcome_display()),
            ),
            Column("error", "Error", lambda r: r.error or None),
        ],
        empty=Empty("Nothing was sent yet", "Messages to clients and staff appear here."),
    )
)


@require_GET
@needs("operations.view_operations")
def delivery_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, DELIVERIES)
