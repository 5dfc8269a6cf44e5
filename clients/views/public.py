"""The page behind an upload link: for a client, on a phone, without signing in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backoffice.core.errors import DomainError
from backoffice.staff import limits
from backoffice.staff.access import public
from backoffice.staff.network import client_ip
from clients import links
from clients.errors import LinkRefused
from clients.forms import ClientUploadForm, show_error
from clients.links import OpenLink
from clients.models import DocumentType
from clients.views.changes import UNPROCESSABLE
from clients.views.documents import read_upload

REFUSED = 410


@never_cache
@public("a client hands in documents; the address itself is the secret")
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, token: str) -> HttpResponse:
    too_often = limits.refused(request, "upload_link")
    if too_often is None and request.method == "POST":
        too_often = limits.refused(request, "upload", key=token)
    if too_often is not None:
        return too_often
    try:
        with links.opened(token, ip=client_ip(request)) as link:
            return _answer(request, link)
    except LinkRefused as error:
        return _page(request, {"refused": error.sentence}, REFUSED)


def _answer(request: HttpRequest, link: OpenLink) -> HttpResponse:
    if not link.link.types:
        raise LinkRefused  # it is for answers, not for files
    why = links.why_closed(link.link)
    if why:
        return _page(request, {**_about(link), "refused": why}, REFUSED)
    if request.method == "GET":
        return _page(request, {**_about(link), "form": _empty_form(link)})
    form = ClientUploadForm(link.link.types, request.POST, request.FILES)
    if form.is_valid():
        try:
            document = links.upload_link_use(
                open_link=link,
                type=form.cleaned_data["type"],
                name=form.cleaned_data["file"].name,
                content=read_upload(form.cleaned_data["file"]),
            )
        except LinkRefused as error:
            return _page(request, {**_about(link), "refused": error.sentence}, REFUSED)
        except DomainError as error:
            show_error(form, error)
        else:
            context = {**_about(link), "kept": document, "closed": links.why_closed(link.link)}
            if not context["closed"]:
                context["form"] = _empty_form(link)
            return _page(request, context)
    return _page(request, {**_about(link), "form": form}, UNPROCESSABLE)


def _empty_form(link: OpenLink) -> ClientUploadForm:
    """It asks for what is still needed first."""
    have = {document.type for document in links.handed_in(link.link)}
    needed = [kind for kind in link.link.types if kind not in have]
    return ClientUploadForm(link.link.types, initial={"type": next(iter(needed), "")})


def _about(link: OpenLink) -> dict[str, object]:
    """What the client may see: the brokerage, what is asked, what came in through this link."""
    handed = links.handed_in(link.link)
    have = {document.type for document in handed}
    return {
        "brokerage": link.tenant.name,
        "zone": link.tenant.timezone,  # whose clock the times are by; the page names it
        "link": link.link,
        "wanted": [
            {"label": DocumentType(kind).label, "have": kind in have} for kind in link.link.types
        ],
        "left": link.link.uses_max - link.link.uses,
    }


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, "clients/upload.html", context, status=status)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
