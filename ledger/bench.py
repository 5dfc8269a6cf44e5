"""``manage.py bench ledger``: the kernel against pgbench's TPC-B, the services against an ORM's
ledger (django-hordak), batches against TPC-B again."""

import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from django.db import connection

from backoffice.core.bench import (
    BenchDatabase,
    Figure,
    Goal,
    Options,
    child_environment,
    interleave,
    register,
    workers_rate,
)
from backoffice.core.context import Actor, system_actor
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.entries import AccountRef, JournalRequest, Line
from ledger.services import account_for, post, post_batch

CLIENTS = 8
THREADS = 2
TPCB_SCALE = 10  # a million pgbench accounts
WALLETS = 100_000
WALLETS_QUICK = 2_000
BATCH = 1_000
LIMIT_S = 120

_WALLETS = """
    INSERT INTO ledger_account
        (tenant_id, id, code, shard, kind, owner_ref, currency, normal, debits, credits,
         pending_debits, pending_credits, no_overdraft, version, closed, opened_at)
    SELECT %s, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
           'client:' || n || ':wallet', 0, 'liability', 'client:' || n, 'EUR', -1, 0, 0,
           0, 0, true, 0, false, now()
    FROM generate_series(1, %s) n
"""
# What services.post sends outside a transaction, from pgbench's clients: one statement that brings
# the tenant into scope and posts. Journal ids are made in time order, keys as the services' are,
# and each connection has its own shard.
_POST_SCRIPT = """
\\set wallet random(1, {wallets})
\\set shard 1 + :client_id % {shards}
\\set amount random(1, 100000)
SELECT (p.answer).* FROM (SELECT ledger_post(
    set_config('app.tenant_id', '{tenant}', true)::bigint, 'deposit:' || {new_id},
    sha256('a request'::bytea), {new_id}, 'deposit', 'D-' || (:amount)::int::text, now(),
    '{{}}', NULL, ARRAY['system', 'bench', 'bench', '', '', ''],
    ARRAY[('{{{clearing}}}'::uuid[])[(:shard)::int]],
    ARRAY[('01900000-0000-7000-8000-' || lpad((:wallet)::int::text, 12, '0'))::uuid],
    ARRAY['EUR'], ARRAY[(:amount)::bigint], ARRAY['principal']) AS answer OFFSET 0) p;
"""


@register(
    "ledger",
    single_post=Goal(ratio_min=0.8),
    service_post=Goal(ratio_min=4),
    batch_1000=Goal(ratio_min=5),
)
def ledger(database: BenchDatabase, options: Options) -> list[Figure]:
    """Single posts, posts through the services, batches; proves the books afterwards."""
    books = Books(database, options)
    options.say(f"{books.wallets:,} wallets, TPC-B scale {books.scale}, {CLIENTS} clients")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.sql"
        script.write_text(books.post_script())
        single = interleave(
            options,
            {"tpcb": books.tpcb, "post": lambda: books.pgbench("-f", str(script))},
            "per second",
        )
    with hordak(database, options) as measure_hordak:
        service = interleave(
            options, {"hordak": measure_hordak, "post": books.service_posts}, "per second"
        )
    batch = interleave(options, {"tpcb": books.tpcb, "batch": books.batches}, "per second")
    books.prove()
    tpcb, same = "pgbench TPC-B, same clients", "django-hordak's ORM, same workers"
    return [
        Figure("single_post", single["post"], "posts/s", tpcb, single["tpcb"]),
        Figure("service_post", service["post"], "posts/s", same, service["hordak"]),
        Figure("batch_1000", batch["batch"], "transfers/s", "pgbench TPC-B", batch["tpcb"]),
    ]


class Books:
    """A tenant with many wallets, and the ways to post to them that are measured."""

    def __init__(self, database: BenchDatabase, options: Options) -> None:
        self.database = database
        self.options = options
        self.wallets = WALLETS_QUICK if options.quick else WALLETS
        self.scale = 1 if options.quick else TPCB_SCALE
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        self.actor: Actor = system_actor(tenant.pk, "bench")
        self._run("pgbench", "-i", "-q", "-s", str(self.scale), database.owner_url)
        with tenant_scope(tenant.pk, self.actor):
            spec = chart.gateway_clearing("bench")
            self.clearing = account_for(actor=self.actor, spec=spec, currency="EUR")
        self._fill(tenant.pk)

    def _fill(self, tenant_id: int) -> None:
        with tenant_scope(tenant_id, self.actor), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute(_WALLETS, [tenant_id, self.wallets])
            cursor.execute("SET LOCAL ROLE backoffice_app")
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("VACUUM ANALYZE ledger_account")
            cursor.execute("SET ROLE backoffice_app")

    def _run(self, *command: str) -> str:
        program, *arguments = command
        done = subprocess.run(  # noqa: S603 - our own arguments
            [self.database.program(program), *arguments],
            capture_output=True,
            text=True,
            timeout=self.options.seconds + LIMIT_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")
        return done.stdout

    def pgbench(self, *script: str) -> float:
        """Transactions per second of a script."""
        seconds = str(max(1, round(self.options.seconds)))
        shape = ("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", seconds)
        out = self._run("pgbench", *shape, *script, self.database.runtime_url)
        found = re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)
        assert found, out
        return float(found[1])

    def tpcb(self) -> float:
        return self.pgbench("-b", "tpcb-like", "-s", str(self.scale))

    def post_script(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            new_id = "uuidv7()" if int(cursor.fetchone()[0]) >= 180000 else "gen_random_uuid()"
        return _POST_SCRIPT.format(
            wallets=self.wallets,
            shards=len(self.clearing.ids),
            tenant=self.actor.tenant_id,
            new_id=new_id,
            clearing=",".join(map(str, self.clearing.ids)),
        )

    def _line(self, number: int, chance: random.Random) -> Line:
        wallet_id = UUID(f"01900000-0000-7000-8000-{number:012d}")
        wallet = AccountRef(f"client:{number}:wallet", "EUR", -1, (wallet_id,))
        return Line(self.clearing, wallet, Money(Decimal(chance.randint(1, 999)), "EUR"))

    def service_posts(self) -> float:
        """Posts through ``services.post``, per second."""
        return workers_rate(self._service_posts, self.options.seconds)

    def _service_posts(self, worker: int, seconds: float) -> int:
        chance = random.Random()  # noqa: S311 - each worker its own way
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            post(
                actor=self.actor,
                key=f"deposit:{uuid7()}",
                kind="deposit",
                lines=[self._line(chance.randint(1, self.wallets), chance)],
                business_ref=f"D-{done}",
            )
            done += 1
        return done

    def batches(self) -> float:
        """Transfers per second through ``services.post_batch``; each a journal with its key."""
        return workers_rate(self._batches, self.options.seconds, processes=CLIENTS, threads=1)

    def _batches(self, worker: int, seconds: float) -> int:
        """Batches of different partners or desks touch different clients: a slice per worker."""
        chance = random.Random()  # noqa: S311 - each worker its own way
        share = self.wallets // CLIENTS
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            wallets = [worker * share + chance.randint(1, share) for _ in range(BATCH)]
            requests = [
                JournalRequest(f"rebate:{uuid7()}", "rebate", [self._line(wallet, chance)])
                for wallet in wallets
            ]
            answers = post_batch(actor=self.actor, requests=requests)
            done += sum(answer.posting is not None for answer in answers)
        return done

    def prove(self) -> None:
        """Figures of books that don't add up would be worth nothing."""
        with tenant_scope(self.actor.tenant_id, self.actor):
            verification = selectors.verify(self.actor.tenant_id)
        assert verification.sound, verification.faults[:3]
        self.options.say(f"the books verify ({verification.seconds:.1f} s)")


@contextmanager
def hordak(database: BenchDatabase, options: Options) -> Iterator[Callable[[], float]]:
    """A process of its own with django-hordak on the same server; measures when asked to."""
    child = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "ledger.bench_hordak"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(BENCH_URL=database.owner_url),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    stdin, stdout = child.stdin, child.stdout

    def measure() -> float:
        print(options.seconds, file=stdin, flush=True)  # noqa: T201 - a pipe
        return float(stdout.readline())

    try:
        assert stdout.readline().strip() == "ready"
        yield measure
    finally:
        stdin.close()
        child.wait(timeout=30)
        stdout.close()
