"""``manage.py bench webhooks``: signed messages of a cashier, taken in and worked off to the
credit, beside a bare INSERT of the same bytes.

Accepted means: the whole request through the middleware, signature checked, stored, a worker
called. Credited means: read, matched, journal booked, deposit moved to its end, audit written.
"""

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import psycopg
from celery import current_app
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse

from backoffice.core.bench import BenchDatabase, Figure, Goal, Options, interleave, register
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client, ClientAction
from payments.gateways.cashier.signing import message_signature
from payments.methods.services import method_save, terms_in
from payments.models import Deposit, GatewayAccount, Method, WebhookMessage
from payments.services.deposits import deposit_create
from payments.services.setup import gateway_connect
from payments.states import DepositState

MESSAGES, MESSAGES_QUICK = 300, 10
CLIENTS = 50
SECRET = "a secret of the benchmark"  # noqa: S105 - signs nothing outside of it
HOST = "localhost"
MONEY = Money(Decimal(100), "EUR")
DRAINS_MAX = 1_000
PACED_PER_S, PACED_S = 20, 20  # about what a broker of a million clients sees on a bad day
LOOK_S = 0.02  # a worker is called through the broker; here it looks so often


@register("webhooks", accepted_p95=Goal(value_max=30), credited_p95=Goal(value_max=1000))
def webhooks(database: BenchDatabase, options: Options) -> list[Figure]:
    """Messages per second accepted by one web process and worked off by one worker; then, at a
    steady pace with both at work in one process, how long each message took."""
    # Workers of a running product are not called for a database that they don't know.
    current_app.conf.update(broker_url="memory://localhost")
    with override_settings(DEBUG=False, ALLOWED_HOSTS=[HOST]):
        shop = Shop.opened(database, MESSAGES_QUICK if options.quick else MESSAGES)
        rates = interleave(
            options,
            {
                "accepted": shop.accepted,
                "credited": shop.credited,
                "INSERT": shop.inserted,
            },
            "per second",
        )
        accepted, credited = shop.paced(1 if options.quick else PACED_S)
    bare = "INSERT of the same bytes, each committed"
    per_ms = 1000 / rates["INSERT"]
    return [
        Figure("webhooks_accepted", rates["accepted"], "messages/s", bare, rates["INSERT"]),
        Figure("webhooks_credited", rates["credited"], "deposits/s", bare, rates["INSERT"]),
        Figure("accepted_p95", p95(accepted), "ms", bare, per_ms),
        Figure("credited_p95", p95(credited), "ms", bare, per_ms),
    ]


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


@contextmanager
def at_work(actor: Actor) -> Iterator[None]:
    """One worker beside the web, in a thread of this process."""
    over = threading.Event()

    def work() -> None:
        try:
            while not over.is_set():
                if not outbox.drain(actor):
                    over.wait(LOOK_S)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


@dataclass
class Shop:
    """A brokerage with a cashier and clients; each round brings deposits of its own."""

    database: BenchDatabase
    count: int
    actor: Actor
    gateway: GatewayAccount
    method: Method
    clients: list[Client]
    bodies: list[bytes] = field(default_factory=list)
    browser: Browser = field(default_factory=lambda: Browser(SERVER_NAME=HOST))

    @classmethod
    def opened(cls, database: BenchDatabase, count: int) -> "Shop":
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        actor = system_actor(tenant.pk, "bench")
        with tenant_scope(tenant.pk, actor):
            gateway = gateway_connect(
                actor=actor,
                kind="cashier",
                name="Cashier",
                base_url="http://127.0.0.1:1",  # nobody: a redirect is signed, not asked for
                merchant_id="bench",
                secret=SECRET,
            )
            values = {
                "name": "Card",
                "gateway": gateway,
                "deposit_policy": "automatic",
            }
            terms = terms_in(["EUR"], amount_min=Decimal(1))
            method = method_save(actor=actor, code="card", values=values, terms=terms)
            clients = Client.objects.bulk_create(
                Client(
                    tenant_id=tenant.pk,
                    reference=f"C-{number:07d}",
                    first_name="Bench",
                    last_name=f"Client {number}",
                    email=f"c{number}@bench.example",
                    state="active",
                    level=1,
                    rights=[str(action) for action in ClientAction],
                )
                for number in range(CLIENTS)
            )
        with psycopg.connect(database.owner_url) as owner:
            owner.execute(
                "CREATE TABLE bench_message (id uuid PRIMARY KEY, body bytea, at timestamptz)"
            )
        return cls(database, count, actor, gateway, method, clients)

    def _ask(self, count: int) -> list[str]:
        """References of new deposits; what they left for workers is put aside."""
        with tenant_scope(self.actor.tenant_id, self.actor):
            made = [
                deposit_create(
                    actor=self.actor,
                    client=self.clients[number % CLIENTS],
                    method=self.method,
                    money=MONEY,
                ).reference
                for number in range(count)
            ]
            OutboxItem.objects.all().delete()
        return made

    def _body(self, reference: str) -> bytes:
        facts = {
            "id": str(uuid7()),
            "at": now().isoformat(),
            "reference": reference,
            "payment_id": f"pay-{reference}",
            "status": "paid",
            "amount": "100.00",
            "currency": "EUR",
        }
        return json.dumps(facts).encode()

    def accepted(self) -> float:
        self.bodies = [self._body(reference) for reference in self._ask(self.count)]
        begun = time.perf_counter()
        for body in self.bodies:
            self._post(body)
        return self.count / (time.perf_counter() - begun)

    def _post(self, body: bytes) -> None:
        answer = self.browser.post(
            reverse("payments-hooks:receive", args=["bench", self.gateway.webhook_token]),
            data=body,
            content_type="application/json",
            headers={"X-Cashier-Signature": message_signature(SECRET, body)},
            secure=settings.SECURE_SSL_REDIRECT,
        )
        assert answer.status_code == 200, answer.content

    def paced(self, seconds: int) -> tuple[list[float], list[float]]:
        """Milliseconds to the answer, and from the answer to the credit, of messages that come one
        every twentieth of a second."""
        count = PACED_PER_S * seconds
        bodies = [self._body(reference) for reference in self._ask(count)]
        before = now()
        accepted: list[float] = []
        begun = time.perf_counter()
        with at_work(self.actor):
            for number, body in enumerate(bodies):
                time.sleep(max(0.0, begun + number / PACED_PER_S - time.perf_counter()))
                started = time.perf_counter()
                self._post(body)
                accepted.append((time.perf_counter() - started) * 1000)
            self._wait(count, before)
        with tenant_scope(self.actor.tenant_id, self.actor):
            moments = WebhookMessage.objects.filter(
                tenant_id=self.actor.tenant_id, received_at__gte=before
            ).values_list("received_at", "done_at")
            credited = [(done - came).total_seconds() * 1000 for came, done in moments if done]
        assert len(credited) == count
        return accepted, credited

    def _wait(self, count: int, since: datetime) -> None:
        for _ in range(DRAINS_MAX):
            with tenant_scope(self.actor.tenant_id, self.actor):
                rows = WebhookMessage.objects.filter(
                    tenant_id=self.actor.tenant_id, received_at__gte=since, done_at__isnull=False
                )
                if rows.count() == count:
                    return
            time.sleep(LOOK_S)
        raise TimeoutError("The worker did not come to an end.")

    def credited(self) -> float:
        """Work off what the last round took in, with one worker."""
        before = self._done()
        begun = time.perf_counter()
        for _ in range(DRAINS_MAX):
            if not outbox.drain(self.actor):
                break
        took = time.perf_counter() - begun
        done = self._done() - before
        assert done == self.count, f"{done} of {self.count} deposits came to their end"
        return done / took

    def _done(self) -> int:
        with tenant_scope(self.actor.tenant_id, self.actor):
            return Deposit.objects.filter(
                tenant_id=self.actor.tenant_id, state=DepositState.DONE
            ).count()

    def inserted(self) -> float:
        """Rows per second of an INSERT in a transaction of its own each, on one connection."""
        with psycopg.connect(self.database.owner_url, autocommit=True) as owner:
            begun = time.perf_counter()
            for body in self.bodies:
                owner.execute(
                    "INSERT INTO bench_message VALUES (%s, %s, clock_timestamp())", [uuid7(), body]
                )
            return self.count / (time.perf_counter() - begun)
