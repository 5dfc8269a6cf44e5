"""Every page that a person can open, found as a browser would: by address, then by its links.

What the speed of pages is measured by (``bench.py``) and what their query counts are pinned by.
"""

import logging
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import django_filters
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import Resolver404, URLResolver, get_resolver, resolve

from backoffice.core.context import Actor
from backoffice.portal import keyset
from backoffice.portal.lists import ListPage
from backoffice.portal.selectors import id_floor
from backoffice.tenancy.scope import tenant_scope
from operations.load.size import PERIOD, Size

log = logging.getLogger(__name__)
HREF = re.compile(r'href="(/[^"?#]+)')
DETAILS_MAX = 40  # of each kind, taken from what the lists link to


@dataclass
class Page:
    """One view. ``page`` is its list, when it is one; ``urls`` are the objects it was met with."""

    name: str
    urls: list[str] = field(default_factory=list)
    page: ListPage | None = None

    @property
    def is_list(self) -> bool:
        return self.page is not None


def pages_of(client: Client) -> list[Page]:
    """Pages without arguments, then those that their links lead to (two steps), by name."""
    found: dict[str, Page] = {}
    for name, path in addresses():
        response = _get(client, path)
        if response is not None:
            found[name] = Page(name, [path], _list_of(response))
    for step in range(2):
        for page in [p for p in found.values() if p.is_list or step]:
            for url in _links(client, page):
                _meet(client, found, url)
    return sorted(found.values(), key=lambda page: page.name)


def addresses() -> Iterator[tuple[str, str]]:
    """(name, path) of each view of the staff that takes no argument."""
    yield from _addresses(get_resolver().url_patterns, "", "/")


def _addresses(patterns: Iterable[Any], namespace: str, path: str) -> Iterator[tuple[str, str]]:
    for one in patterns:
        here = f"{path}{one.pattern}"
        if isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from _addresses(one.url_patterns, inner, here)
        elif hasattr(one.callback, "needs") and not one.pattern.converters:
            yield f"{namespace}{one.name}", here


def _get(client: Client, path: str) -> Any:
    """The page, or None for what is no page: posts alone, files, redirects."""
    response = client.get(path)
    if response.status_code == 500:
        log.error("does not open: %s", path)
    html = response.headers.get("Content-Type", "").startswith("text/html")
    return response if response.status_code == 200 and html else None


def _list_of(response: Any) -> ListPage | None:
    page = response.context.get("list") if response.context else None
    return page if isinstance(page, ListPage) else None


def _links(client: Client, page: Page) -> list[str]:
    found: list[str] = []
    for url in page.urls[:2]:
        response = _get(client, url)
        if response is not None:
            found += HREF.findall(response.content.decode())
    return list(dict.fromkeys(found))


def _meet(client: Client, found: dict[str, Page], url: str) -> None:
    try:
        match = resolve(url)
    except Resolver404:
        return
    name = match.view_name
    if not match.kwargs or not hasattr(match.func, "needs"):
        return
    if name in found:
        if url not in found[name].urls and len(found[name].urls) < DETAILS_MAX:
            found[name].urls.append(url)
        return
    response = _get(client, url)
    if response is not None:
        found[name] = Page(name, [url], _list_of(response))


def query_count(client: Client, url: str) -> int:
    """How many statements one visit costs, the session's and the frame's included."""
    statements: list[str] = []

    def count(execute: Any, statement: str, *rest: Any) -> Any:
        statements.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(count):
        client.get(url)
    return len(statements)


class Instrumented:
    """Responses that carry their contexts: for finding pages, not for timing them."""

    def __enter__(self) -> None:
        setup_test_environment()

    def __exit__(self, *error: object) -> None:
        teardown_test_environment()


def visits(page: Page, actor: Actor, size: Size, count: int) -> list[str]:
    """``count`` addresses of a page: for a list first pages, deep ones, segments, orders and
    filters by turns; for others one object after the other."""
    if page.page is None:
        return [page.urls[n % len(page.urls)] for n in range(count)]
    draw = random.Random(f"{size.seed}:{page.name}")  # noqa: S311 - a measurement, no secret
    path, shown = page.urls[0], page.page
    kinds = (_first, _deep, _filtered, _deep, _cut, _sorted)
    made = []
    with tenant_scope(actor.tenant_id, actor):
        for n in range(count):
            query = kinds[n % len(kinds)](shown, actor, size, draw)
            made.append(f"{path}?{urlencode(query, quote_via=quote)}" if query else path)
    return made


Query = dict[str, str]


def _first(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Query:
    return {}


def _any_row(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Any:
    """A row from somewhere in the period: ids begin with their moment."""
    moment = size.until - PERIOD * draw.random()
    rows = page.rows(actor)
    return rows.filter(id__gte=id_floor(moment)).order_by("id").first() or rows.first()


def _deep(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Query:
    return _after(page, page.order, _any_row(page, actor, size, draw))


def _after(page: ListPage, order: str, row: Any) -> Query:
    if row is None:
        return {}
    name = order.lstrip("-")
    value = None if name == "id" else keyset.attribute(row, name)
    query = {"after": keyset.encode(value, row.pk)}
    return query if order == page.order else query | {"sort": order}


def _sorted(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Query:
    offered = [column.order for column in page.columns if column.order]
    if not offered:
        return {}
    order = draw.choice(["", "-"]) + draw.choice(offered)
    if draw.random() < 0.5:
        return {"sort": order}
    return _after(page, order, _any_row(page, actor, size, draw))


def _cut(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Query:
    return {"segment": draw.choice(page.segments).name} if page.segments else {}


def _filtered(page: ListPage, actor: Actor, size: Size, draw: random.Random) -> Query:
    """One filter set to something that a row has, so that there is something to find."""
    if page.filters is None:
        return {}
    name, one = draw.choice(list(page.filters.base_filters.items()))
    if isinstance(one, django_filters.DateFilter):
        return {name: str((size.until - timedelta(days=draw.randrange(365))).date())}
    row = _any_row(page, actor, size, draw)
    if row is None:
        return {}
    if one.method is not None:
        words = [str(column.value(row) or "") for column in page.columns[:2]]
        return {name: draw.choice(words)}
    try:
        value = keyset.attribute(row, one.field_name)
    except AttributeError:
        return {}
    return {name: str(getattr(value, "pk", value))} if value not in (None, "") else {}
