"""The pages behind a link to a questionnaire: for a client, on a phone, without signing in."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backoffice.core.errors import DomainError
from backoffice.staff import limits
from backoffice.staff.access import public
from backoffice.staff.network import client_ip
from clients import links
from clients.errors import LinkRefused
from clients.links import OpenLink
from kyc.questionnaires.answering import Walk, answer, problem
from kyc.questionnaires.filling import filling_of
from kyc.questionnaires.states import FillingState

REFUSED = 410


@never_cache
@public("a client answers a questionnaire; the address itself is the secret")
@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest, token: str) -> HttpResponse:
    too_often = limits.refused(request, "upload_link")
    if too_often is None and request.method == "POST":
        too_often = limits.refused(request, "answers", key=token)
    if too_often is not None:
        return too_often
    try:
        with links.opened(token, ip=client_ip(request)) as link:
            return _answer(request, link, token)
    except LinkRefused as error:
        return _draw(request, {"refused": error.sentence}, REFUSED)


def _answer(request: HttpRequest, link: OpenLink, token: str) -> HttpResponse:
    filling = filling_of(link.link)
    if filling is None:
        raise LinkRefused
    about = {"brokerage": link.tenant.name, "zone": link.tenant.timezone, "link": link.link}
    why = links.why_closed(link.link)
    if why and filling.state != FillingState.DONE:
        return _draw(request, {**about, "refused": why}, REFUSED)

    def show(context: dict[str, Any], status: int) -> HttpResponse:
        return _draw(request, {**about, **context}, status)

    url = reverse("kyc:questions", args=[token])
    walk = Walk(request, link.actor, filling, url, show)
    try:
        return answer(walk)
    except DomainError as error:
        return problem(walk, error)


def _draw(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, "kyc/questionnaires/questions.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
