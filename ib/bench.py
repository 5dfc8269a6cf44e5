"""``manage.py bench commissions``: deals to commission lines over a deep tree, beside COPY."""

import random
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from backoffice.core.bench import BenchDatabase, Figure, Options, interleave, register
from backoffice.core.clock import now
from backoffice.core.context import system_actor
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from ib.models import (
    Agreement,
    AgreementVersion,
    ClientAttribution,
    Partner,
    PartnerAgreement,
    Placement,
)
from ib.services import accrual_run
from trading.models import Account, Group, TradingServer

PARTNERS, PARTNERS_QUICK = 5_000, 40
DEPTH = 10
TIERS = 10
CLIENTS, CLIENTS_QUICK = 10_000, 100
TRADES, TRADES_QUICK = 20_000, 200
SYMBOLS = ("EURUSD", "GBPJPY", "XAUUSD", "US500", "BTCUSD")

# Each trade is two deals: it is opened, and closed half an hour later.
_DEALS = """
INSERT INTO trading_deal (tenant_id, id, server_id, account_id, ticket, login, order_ticket,
    position_ticket, action, entry, symbol, lots, lots_closed, price, contract_size, profit, swap,
    commission, fee, comment, at, server_msc, synced_at, revision)
SELECT %(tenant)s, gen_random_uuid(), %(server)s, (%(accounts)s::uuid[])[1 + n %% %(count)s],
    2 * n + side, 100000 + n %% %(count)s, 2 * n, 2 * n, side, side,
    (%(symbols)s::text[])[1 + n %% %(symbol_count)s], (1 + n %% 300) / 100.0,
    side * (1 + n %% 300) / 100.0, 1, 100000, 0, 0, 0, 0, '',
    now() - interval '2 days' + n * interval '1 second' + side * interval '30 minutes', 0, now(), 0
FROM generate_series(1, %(trades)s) n, (VALUES (0), (1)) sides (side)
"""


@register("commissions")
def commissions(database: BenchDatabase, options: Options) -> list[Figure]:
    """Lines per second of an accrual from nothing; COPY of the same lines into a bare table."""
    brokerage = Brokerage(options)
    options.say(
        f"{brokerage.partners:,} partners at depth {DEPTH}, {brokerage.trades:,} trades,"
        f" {brokerage.lines():,} lines"
    )
    found = interleave(
        options, {"copy": brokerage.copy, "accrual": brokerage.accrue}, "lines per second"
    )
    return [
        Figure(
            "accrual", found["accrual"], "lines/s", "COPY of the same lines, bare", found["copy"]
        )
    ]


class Brokerage:
    """A tree, clients beneath it, and a day of their trades."""

    def __init__(self, options: Options) -> None:
        self.partners = PARTNERS_QUICK if options.quick else PARTNERS
        self.clients = CLIENTS_QUICK if options.quick else CLIENTS
        self.trades = TRADES_QUICK if options.quick else TRADES
        self.chance = random.Random(11)  # noqa: S311 - the same work in each run
        tenant = Tenant.objects.create(slug="bench", name="Bench")
        self.tenant_id: int = tenant.pk
        self.actor = system_actor(tenant.pk, "bench")
        self.since = now() - timedelta(days=30)
        with tenant_scope(self.tenant_id, self.actor):
            self._fill()
        self._analyse()
        self.written = 0

    def _effective(self, **facts: Any) -> dict[str, Any]:
        return {"from_at": self.since, "set_by": "bench", "tenant_id": self.tenant_id, **facts}

    def _clients(self, prefix: str, count: int) -> list[Client]:
        return Client.objects.bulk_create(
            Client(
                tenant_id=self.tenant_id,
                reference=f"{prefix}-{number:07d}",
                first_name="Bench",
                last_name=f"{prefix}{number}",
                email=f"{prefix}{number}@bench.example".lower(),
                state="active",
            )
            for number in range(count)
        )

    def _fill(self) -> None:
        partners = Partner.objects.bulk_create(
            Partner(
                tenant_id=self.tenant_id,
                client=client,
                reference=client.reference,
                name=client.name,
                state="active",
            )
            for client in self._clients("P", self.partners)
        )
        self._place(partners)
        self._agree(partners)
        clients = self._clients("C", self.clients)
        ClientAttribution.objects.bulk_create(
            ClientAttribution(
                **self._effective(client=client, partner=self.chance.choice(partners))
            )
            for client in clients
        )
        self._trade(clients)

    def _place(self, partners: list[Partner]) -> None:
        """Chains of ``DEPTH``, so that a partner stands at any depth up to it."""
        Placement.objects.bulk_create(
            Placement(**self._effective(partner=partner, parent=partners[number - 1]))
            for number, partner in enumerate(partners)
            if number % DEPTH
        )

    def _agree(self, partners: list[Partner]) -> None:
        agreement = Agreement.objects.create(name="Bench", currency="EUR")
        amounts = [f"{Decimal(8) / (tier + 1):.2f}" for tier in range(TIERS)]
        AgreementVersion.objects.create(
            agreement=agreement,
            number=1,
            state="published",
            effective_from=self.since,
            rates=[{"pattern": p, "amounts": amounts} for p in ("XAU*", "BTC*", "*")],
            minimum_holding_s=60,
            created_by_ref="bench",
            created_by="bench",
            published_at=self.since,
        )
        PartnerAgreement.objects.bulk_create(
            PartnerAgreement(**self._effective(partner=partner, agreement=agreement))
            for partner in partners
        )

    def _trade(self, clients: list[Client]) -> None:
        server = TradingServer.objects.create(
            name="Bench", url="https://127.0.0.1:1", manager_login=1, password_sealed=b"-"
        )
        group = Group.objects.create(server=server, name="real", currency="EUR")
        accounts = Account.objects.bulk_create(
            Account(
                tenant_id=self.tenant_id,
                reference=f"A-{number:07d}",
                client=client,
                server=server,
                group=group,
                login=100_000 + number,
                currency="EUR",
                leverage=30,
                state="active",
            )
            for number, client in enumerate(clients)
        )
        with connection.cursor() as cursor:
            cursor.execute(
                _DEALS,
                {
                    "tenant": self.tenant_id,
                    "server": server.pk,
                    "accounts": [account.pk for account in accounts],
                    "count": len(accounts),
                    "symbols": list(SYMBOLS),
                    "symbol_count": len(SYMBOLS),
                    "trades": self.trades,
                },
            )

    def _as_owner(self, *statements: str) -> None:
        with tenant_scope(self.tenant_id, self.actor), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("SET LOCAL ROLE backoffice_app")
        connection.close()

    def _analyse(self) -> None:
        self._as_owner(
            "ANALYZE trading_deal", "ANALYZE trading_account", "ANALYZE ib_clientattribution"
        )

    def _empty(self) -> None:
        self._as_owner("TRUNCATE ib_commissionline, ib_partnerday, ib_accrualcursor CASCADE")

    def lines(self) -> int:
        """How many lines the trades come to."""
        self.written = accrual_run(actor=self.actor).lines
        return self.written

    def accrue(self) -> float:
        """Lines per second of reckoning everything from nothing."""
        self._empty()
        begun = time.perf_counter()
        done = accrual_run(actor=self.actor)
        took = time.perf_counter() - begun
        assert done.lines == self.written, done
        return done.lines / took

    def copy(self) -> float:
        """Lines per second of COPY into a table of the same columns without keys or rules."""
        with tenant_scope(self.tenant_id, self.actor), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("CREATE TEMP TABLE bare (LIKE ib_commissionline) ON COMMIT DROP")
            with cursor.copy(
                "COPY (SELECT * FROM ib_commissionline) TO STDOUT (FORMAT binary)"
            ) as out:
                data = b"".join(out)
            begun = time.perf_counter()
            with cursor.copy("COPY bare FROM STDIN (FORMAT binary)") as into:
                into.write(data)
            took = time.perf_counter() - begun
            cursor.execute("SELECT count(*) FROM bare")
            count: int = cursor.fetchone()[0]
            cursor.execute("SET LOCAL ROLE backoffice_app")
        connection.close()
        assert count == self.written, count
        return count / took
