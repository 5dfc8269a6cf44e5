"""The REST API: one place for its shape. Domains bring routers; ``backoffice.urls`` mounts them.

Errors are ``{"code", "message", "fields"}`` everywhere. The description is at ``openapi.json``.
"""

import json
import logging
from typing import Any

from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from backoffice.core.errors import DomainError, InvalidInput
from backoffice.staff.access import public
from backoffice.staff.api_auth import ApiKeyAuth

log = logging.getLogger(__name__)


class WholeTextParser(Parser):
    """JSON whose texts are texts; anything else is answered 400 by ninja."""

    def parse_body(self, request: HttpRequest) -> Any:
        parsed = super().parse_body(request)
        json.dumps(parsed, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        return parsed


api = NinjaAPI(
    title="Back office",
    version="1",
    urls_namespace="api",
    docs_url=None,  # its page loads scripts of other hosts
    auth=ApiKeyAuth(),
    parser=WholeTextParser(),
)


def _answer(
    request: HttpRequest, status: int, code: str, message: str, fields: dict[str, str] | None = None
) -> HttpResponse:
    body = {"code": code, "message": message, "fields": fields or {}}
    response = api.create_response(request, body, status=status)
    response["Cache-Control"] = "no-store"
    return response


@api.exception_handler(DomainError)
def _domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    return _answer(request, error.status, error.code, error.sentence, error.fields)


@api.exception_handler(DataError)
def _not_held(request: HttpRequest, error: DataError) -> HttpResponse:
    """Such as a NUL character where nobody looked for one."""
    log.warning("The database refused what was sent", exc_info=error)
    return _answer(request, 422, "invalid-input", InvalidInput.sentence)


@api.exception_handler(ValidationError)
def _not_understood(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {}
    for problem in error.errors:
        place = [str(part) for part in problem.get("loc", ()) if part not in ("body", "payload")]
        fields[".".join(place) or "body"] = str(problem.get("msg", "is not valid"))
    message = "What was sent can't be understood. Nothing was changed."
    return _answer(request, 422, "invalid-input", message, fields)


@api.exception_handler(AuthenticationError)
def _not_known(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = _answer(request, 401, "not-authenticated", "The API key is missing or not valid.")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(request, 404, "not-found", "There is no such thing.")


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = "bad-request" if error.status_code == 400 else "refused"
    return _answer(request, error.status_code, code, error.message)


def api_urls() -> Any:
    """For ``path("api/v1/", api_urls())``; each address says why it needs no session."""
    patterns, app_name, namespace = api.urls
    for pattern in _flat(patterns):
        if not hasattr(pattern.callback, "needs"):
            pattern.callback = public("asks for an API key of its own")(pattern.callback)
    return patterns, app_name, namespace


def _flat(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += _flat(pattern.url_patterns)
        else:
            found.append(pattern)
    return found
