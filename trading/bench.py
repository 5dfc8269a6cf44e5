"""``manage.py bench deals``: deals synced from a trading server beside COPY of the same rows.

Synced means: asked over TLS page by page, read from JSON, written once each with their account,
partition, policy and references. COPY writes the finished rows into a table with the same indexes
and nothing else.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from backoffice.core.bench import BenchDatabase, Figure, Options, interleave, register
from backoffice.core.context import Actor, system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from trading.bridge.registry import registry
from trading.models import Deal, DealCursor, SyncKind, TradingServer
from trading.services import server_add
from trading.sync.readings import read

ACCOUNTS, DEALS = 1_000, 200_000
ACCOUNTS_QUICK, DEALS_QUICK = 20, 1_000
START_LIMIT_S = 300
PIECE = 1 << 20


@register("deals")
def deals(database: BenchDatabase, options: Options) -> list[Figure]:
    """Rows per second of a first reading, and of reading the same deals again."""
    accounts, count = (ACCOUNTS_QUICK, DEALS_QUICK) if options.quick else (ACCOUNTS, DEALS)
    with tempfile.TemporaryDirectory() as folder, _sandbox(folder, accounts, count) as address:
        tenant = Tenant.objects.create(slug="bench", name="Bench", base_currency="USD")
        actor = system_actor(tenant.pk, "bench")
        server = _server(actor, *address)
        for kind in (SyncKind.SETUP, SyncKind.ACCOUNTS):
            _read(actor, server, kind)
        rows = _sync(actor, server)
        options.say(f"{accounts:,} accounts, {rows:,.0f} deals a second to begin with")
        lines, total = _copied_out(database, actor)
        rates = interleave(
            options,
            {
                "synced": lambda: _sync(actor, server),
                "again": lambda: _sync(actor, server, keep=True),
                "COPY": lambda: _copy(database, lines, total),
            },
            "rows/s",
        )
        registry.close()
    return [
        Figure("deals_synced", rates["synced"], "rows/s", "COPY of the same rows", rates["COPY"]),
        Figure(
            "deals_read_again", rates["again"], "rows/s", "COPY of the same rows", rates["COPY"]
        ),
    ]


@contextmanager
def _sandbox(folder: str, accounts: int, count: int) -> Iterator[tuple[str, str]]:
    """A sandbox server with a made-up past, as a process of its own: its address and pin."""
    command = [sys.executable, "-m", "sandbox.mt5", "--no-trading", "--certificate-dir", folder]
    command += ["--accounts", str(accounts), "--deals", str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        found = re.search(r"rest=(\S+).*certificate=(\S+)", process.stdout.readline())
        if found is None:
            raise RuntimeError("The sandbox's server did not start.")
        yield found[1], _pin(found[2])
    finally:
        process.terminate()
        process.wait(START_LIMIT_S)


def _pin(path: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    with open(path, "rb") as file:
        return x509.load_pem_x509_certificate(file.read()).fingerprint(SHA256()).hex()


def _server(actor: Actor, url: str, pin: str) -> TradingServer:
    with tenant_scope(actor.tenant_id, actor):
        return server_add(
            actor=actor,
            name="Bench",
            url=url,
            manager_login=1000,
            password="Password1",  # noqa: S106 - the sandbox's own
            tls_fingerprint=pin,
            read_timeout_s=60,
        )


def _read(actor: Actor, server: TradingServer, kind: SyncKind) -> int:
    with tenant_scope(actor.tenant_id, actor):
        server.refresh_from_db()
    run = read(actor, server, kind)
    if run is None or run.error:
        raise RuntimeError(f"{kind} could not be read: {run.error if run else 'locked'}")
    return run.rows_read


def _sync(actor: Actor, server: TradingServer, *, keep: bool = False) -> float:
    """Rows per second of reading every deal from the first on, into an empty table or again."""
    with tenant_scope(actor.tenant_id, actor):
        if not keep:
            Deal.objects.all()._raw_delete(Deal.objects.db)
            DealCursor.objects.all().delete()
        TradingServer.objects.update(deals_until=None)
    started = time.perf_counter()
    rows = _read(actor, server, SyncKind.DEALS)
    return rows / (time.perf_counter() - started)


def _copied_out(database: BenchDatabase, actor: Actor) -> tuple[bytes, int]:
    """The deals as COPY writes them, and a table without rows for them."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("SELECT set_config('app.tenant_id', %s, false)", [str(actor.tenant_id)])
        owner.execute("CREATE TABLE bench_deal (LIKE trading_deal INCLUDING INDEXES)")
        with owner.cursor().copy("COPY (SELECT * FROM trading_deal) TO STDOUT") as copy:
            lines = b"".join(bytes(piece) for piece in copy)
    return lines, lines.count(b"\n")


def _copy(database: BenchDatabase, lines: bytes, total: int) -> float:
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("TRUNCATE bench_deal")
        owner.commit()
        started = time.perf_counter()
        with owner.cursor().copy("COPY bench_deal FROM STDIN") as copy:
            for start in range(0, len(lines), PIECE):
                copy.write(lines[start : start + PIECE])
        owner.commit()
        took = time.perf_counter() - started
    return total / took
