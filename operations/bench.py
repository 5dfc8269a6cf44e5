"""`manage.py bench pages`: every page of a large brokerage, beside a bare page of the same rows."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from celery import current_app
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.template import Context, Engine
from django.test import Client, override_settings

from backoffice.core.bench import BenchDatabase, Figure, Goal, Options, register
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.memory import settle
from backoffice.core.tenant_tables import RUNTIME_ROLE
from backoffice.portal.lists import PAGE_SIZE
from backoffice.staff.models import User
from backoffice.staff.selectors import actor_for
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as ClientRow
from operations.load.brokerage import email, make
from operations.load.size import Size
from operations.walk import Instrumented, Page, pages_of, query_count, visits

VISITS = 40
WARM_UP = 3
QUICK_SCALE = 0.0005
LIST_HTML_KB_MAX = 60
HOST = "localhost"
SLUG, SEED = "load", 1
BARE = """<!doctype html><title>Clients</title><table>{% for row in rows %}
<tr><td>{{ row.reference }}<td>{{ row.first_name }} {{ row.last_name }}<td>{{ row.email }}
<td>{{ row.state }}<td>{{ row.risk_band }}<td>{{ row.created_at|date:"Y-m-d H:i" }}</tr>
{% endfor %}</table>"""


@dataclass(frozen=True)
class Measured:
    """Times in ms, sizes in KB, of one page's visits. ``own`` is what this process itself worked:
    the rest of a visit is the database's, the disk's, or the machine's who was busy elsewhere."""

    page: Page
    times: list[float]
    own: list[float]
    size_max: float
    queries: int
    slowest: str

    @property
    def p95(self) -> float:
        return p95(self.times)


def p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]


@register("pages", list_p95=Goal(value_max=60), list_html=Goal(value_max=LIST_HTML_KB_MAX))
def pages(database: BenchDatabase, options: Options) -> list[Figure]:
    scale = QUICK_SCALE if options.quick else options.scale
    size = loaded(database) or load(database, scale, options.say)
    with override_settings(MFA_MANDATORY=False, ALLOWED_HOSTS=[HOST, "testserver"], DEBUG=False):
        client = signed_in()
        settle()  # as each process of the web server does
        with Instrumented():
            found = [p for p in pages_of(client) if not options.only or p.name in options.only]
        bare = bare_page(size.actor)
        measured = measure(client, found, size, bare, options.say, 6 if options.quick else VISITS)
    return figures(measured)


def load(database: BenchDatabase, scale: float, say: Callable[[str], None]) -> Size:
    with as_owner():
        size = make(slug=SLUG, scale=scale, seed=SEED, until=now(), say=say)
        database.remember(scale=scale, until=size.until.isoformat())
    # What beat has made by then of a brokerage that works: its days, each with its checklist.
    current_app.tasks["reporting.day_close.tasks.days_look"]()
    return size


def loaded(database: BenchDatabase) -> Size | None:
    """The brokerage that an earlier run left in a kept database."""
    if not database.loaded:
        return None
    user, tenant = User.objects.get(email=email(SLUG)), Tenant.objects.get(slug=SLUG)
    with tenant_scope(tenant.pk):
        actor = actor_for(user, tenant.pk)
    assert actor is not None
    until = datetime.fromisoformat(database.loaded["until"])
    return Size(database.loaded["scale"], actor, tenant.pk, until, SEED)


@contextmanager
def as_owner() -> Iterator[None]:
    """The bench's connection is the owner's, in the runtime's role until it steps out of it."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {RUNTIME_ROLE}")


def signed_in() -> Client:
    client = Client(SERVER_NAME=HOST, raise_request_exception=False)
    client.force_login(
        User.objects.get(email=email(SLUG)), backend=settings.AUTHENTICATION_BACKENDS[0]
    )
    return client


def bare_page(actor: Actor) -> Callable[[], HttpResponse]:
    """The yardstick: as many rows, one query, one small template, nothing around it."""
    template = Engine().from_string(BARE)

    def respond() -> HttpResponse:
        with tenant_scope(actor.tenant_id, actor):
            rows = ClientRow.objects.filter(tenant_id=actor.tenant_id).order_by("-id")[:PAGE_SIZE]
            return HttpResponse(template.render(Context({"rows": rows})))

    return respond


def measure(
    client: Client,
    found: list[Page],
    size: Size,
    bare: Callable[[], HttpResponse],
    say: Callable[[str], None],
    count: int,
) -> tuple[list[Measured], list[float]]:
    """Each page's visits, one visit to the yardstick between two of them."""
    bare_times: list[float] = []
    measured = []
    for page in found:
        urls = visits(page, size.actor, size, count)
        for url in urls[:WARM_UP]:
            client.get(url)
        queries = query_count(client, page.urls[0])
        times, own, sizes = list[float](), list[float](), list[float]()
        for url in urls:
            started, worked = time.perf_counter(), time.process_time()
            response = client.get(url)
            times.append((time.perf_counter() - started) * 1000)
            own.append((time.process_time() - worked) * 1000)
            sizes.append(len(response.content) / 1024)
            started = time.perf_counter()
            bare()
            bare_times.append((time.perf_counter() - started) * 1000)
        slowest = urls[times.index(max(times))]
        measured.append(Measured(page, times, own, max(sizes), queries, slowest))
        say(line(measured[-1]))
    return measured, bare_times


def line(one: Measured) -> str:
    return (
        f"{one.page.name:<34}{'list' if one.page.is_list else '':<5}{one.p95:7.1f} ms p95"
        f"{statistics.median(one.times):7.1f} median{max(one.times):8.1f} max"
        f"{statistics.median(one.own):7.1f} own{one.size_max:7.1f} KB"
        f"{one.queries:4d} queries  {one.slowest}"
    )


def figures(result: tuple[list[Measured], list[float]]) -> list[Figure]:
    measured, bare_times = result
    worst = max(measured, key=lambda one: one.p95)
    lists = [one for one in measured if one.page.is_list]
    medians = [statistics.median(one.times) for one in measured]
    bare = "a bare template page of the same rows"
    return [
        Figure("list_p95", worst.p95, "ms", bare, p95(bare_times)),
        Figure(
            "page_median", statistics.median(medians), "ms", bare, statistics.median(bare_times)
        ),
        *(
            [
                Figure(
                    "list_html", max(e.size_max for e in lists), "KB", "the limit", LIST_HTML_KB_MAX
                )
            ]
            if lists
            else []
        ),
    ]
