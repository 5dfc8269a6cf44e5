"""A little site around the frame and the components, for a browser: no database, no sign-in."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.contrib import messages
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.test import override_settings
from django.urls import path

from backoffice.core import clock
from backoffice.portal.gallery import gallery_context
from backoffice.portal.navigation import Group, Item

posts: list[str] = []
searches: list[str] = []
release = threading.Event()

NAVIGATION = [
    Group("", [Item(label="Home", url="/", icon="home", key="h")]),
    Group(
        "Queues",
        [
            Item(label="Withdrawals", url="/withdrawals/", icon="send", key="w"),
            Item(label="Deposits", url="/deposits/", icon="receipt", counter="9", late=2),
        ],
    ),
]
PORTAL = {
    "brand": {"name": "Aurora Markets", "entity": "CySEC entity"},
    "search_url": "/search/",
    "login_url": "/login/",
    "late": {"count": 6, "url": "/late/"},
    "notifications": {"count": 3, "url": "/notifications/"},
    "user": {"name": "Olga Marinou", "role": "Payments"},
}


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    context |= {"navigation": NAVIGATION, "portal": PORTAL}
    return render(request, template, gallery_context(request) | context)


def gallery(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return post(request)
    if "message" in request.GET:
        messages.error(request, "The gateway refused the payout.")
    return _page(request, "portal/gallery.html")


def work(request: HttpRequest) -> HttpResponse:
    return _page(request, "frame_site/work.html")


def form(request: HttpRequest) -> HttpResponse:
    return _page(request, "frame_site/form.html", wrong="wrong" in request.GET)


def times(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    spans = [30, 150, 3030, 3 * 3600 + 90, 30 * 3600 + 90, 9 * 86400 + 90, 45 * 86400, 800 * 86400]
    moments = [now - dt.timedelta(seconds=span) for span in spans]
    later = [now + dt.timedelta(seconds=span + 75) for span in spans]
    return _page(request, "frame_site/times.html", moments=moments, later=later)


def viewer(request: HttpRequest) -> HttpResponse:
    mark = {"box": "10,70,80,20", "label": "MRZ"}
    pages = [{"url": "/static/mark.svg", "alt": "Front", "marks": [mark]}] * 2
    return _page(request, "frame_site/viewer.html", pages=pages)


def plain(request: HttpRequest) -> HttpResponse:
    return render(request, "404.html", {"portal": PORTAL})


def search(request: HttpRequest) -> HttpResponse:
    searches.append(request.GET.get("q", ""))
    item = {"label": "Client name", "note": "C-10482", "url": "/client/", "icon": "user"}
    return JsonResponse({"groups": [{"label": "Clients", "items": [item]}]})


def post(request: HttpRequest) -> HttpResponse:
    posts.append(request.POST.get("which", ""))
    release.wait(timeout=5)
    return HttpResponse("<p>done</p>")


def status(request: HttpRequest, code: int) -> HttpResponse:
    if code == HttpResponseRedirect.status_code:
        return HttpResponseRedirect("/login/")
    return HttpResponse("", status=code)


def said(request: HttpRequest) -> HttpResponse:
    sentence = "The account was closed by someone else."
    return HttpResponse(sentence, status=409, content_type="text/plain; charset=utf-8")


def other(request: HttpRequest) -> HttpResponse:
    return _page(request, "base.html")


urlpatterns = [
    path("", gallery),
    path("work/", work),
    path("form/", form),
    path("times/", times),
    path("viewer/", viewer),
    path("plain/", plain),
    path("search/", search),
    path("post/", post),
    path("status/<int:code>/", status),
    path("said/", said),
    *(path(f"{name}/", other) for name in ("login", "client", "withdrawals", "row", "late")),
]

SETTINGS: dict[str, Any] = {
    "ROOT_URLCONF": "tests.portal.frame_site",
    "MIDDLEWARE": [
        "csp.middleware.CSPMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    "MESSAGE_STORAGE": "django.contrib.messages.storage.cookie.CookieStorage",
    "ALLOWED_HOSTS": ["127.0.0.1"],
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_SECURE": False,
    "SECURE_SSL_REDIRECT": False,
}


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


class _Server(WSGIServer):
    """One thread a request, as a browser asks for many files at once."""

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._answer, args=(request, client_address), daemon=True)
        thread.start()

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except ConnectionError:
            pass  # the browser left the page before the answer
        finally:
            self.shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None: ...


@contextmanager
def served(templates: list[dict[str, Any]]) -> Iterator[str]:
    """Serve the site on a free port of the loopback; gives its address."""
    with override_settings(TEMPLATES=templates, **SETTINGS):
        server = make_server(
            "127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), _Server, handler_class=_Quiet
        )
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
