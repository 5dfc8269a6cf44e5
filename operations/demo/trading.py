"""The demo's trading server: groups, accounts of clients opened through the bridge, and what they
traded before the demo began. Both brokerages share one sandbox server and see their own groups.
"""

import hashlib
import http.client
import json
import os
import random
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.models import Client, ClientAction
from clients.states import ClientState
from operations.demo import Demo, step
from trading import selectors, services
from trading.models import Account, Group, SyncKind, TradingServer
from trading.services.accounts import check_leverage
from trading.states import AccountState
from trading.sync.readings import read

HOST = "127.0.0.1"
MANAGER, PASSWORD = 1000, "Password1"  # noqa: S105 - the sandbox's own
MASKS = {
    "aurora": "real\\*-eur,real\\*-usd,demo\\forex-eur,demo\\forex-usd",
    "borealis": "real\\*-gbp",
}
ACCOUNTS_OF_A_TENANT = 14
PAST_DAYS = 45
# symbol -> price, digits, contract size, pips that a day moves
MARKETS = {
    "EURUSD": (1.0850, 5, 100_000, 0.0045),
    "GBPUSD": (1.2690, 5, 100_000, 0.0055),
    "XAUUSD": (2350.0, 2, 100, 14.0),
    "US500": (5250.0, 1, 10, 32.0),
}
LOT_EXT = 100_000_000


@step("trading", 30, opens_scope=True)
def trading(actor: Actor, demo: Demo) -> None:
    port = os.environ.get("SANDBOX_MT5_PORT")
    if not port:
        return
    admin, payments = demo.actors["admin"], demo.actors["payments"]
    server = _server(admin, demo, int(port))
    _read(actor, server, SyncKind.SETUP, SyncKind.ACCOUNTS)
    _offer(admin, server)
    opened = _open(payments, server)
    outbox.drain(actor)
    with tenant_scope(actor.tenant_id, actor):
        accounts = list(Account.objects.filter(server=server, state=AccountState.ACTIVE))
        fresh = [account for account in accounts if account.pk in opened]
    with _control(int(port)) as control:
        for account in fresh:
            _trade_the_past(control, account)
    _read(actor, server, SyncKind.ACCOUNTS, SyncKind.DEALS, SyncKind.POSITIONS, SyncKind.TEST)
    demo.things["trading_server"] = server
    demo.things["trading_accounts"] = accounts


def _server(actor: Actor, demo: Demo, port: int) -> TradingServer:
    """Connected once; the certificate is taken for the right one at first sight, on loopback."""
    url = f"https://{HOST}:{port}"
    pem = ssl.get_server_certificate((HOST, port), timeout=5)
    pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    with tenant_scope(actor.tenant_id, actor):
        known = TradingServer.objects.filter(name="MT5 Live").first()
        if known is not None:
            return services.server_change(actor=actor, server=known, url=url, tls_fingerprint=pin)
        return services.server_add(
            actor=actor,
            name="MT5 Live",
            url=url,
            manager_login=MANAGER,
            password=PASSWORD,
            tls_fingerprint=pin,
            group_masks=MASKS[demo.tenant.slug],
            timezone_offset_minutes=120,
            dst_rule="eu",
        )


def _read(actor: Actor, server: TradingServer, *kinds: SyncKind) -> None:
    for kind in kinds:
        with tenant_scope(actor.tenant_id, actor):
            server.refresh_from_db()
        read(actor, server, kind)


def _offer(actor: Actor, server: TradingServer) -> None:
    with tenant_scope(actor.tenant_id, actor):
        for group in Group.objects.filter(
            server=server, name__startswith="real", offered=False, gone_at=None
        ):
            services.group_offer(actor=actor, group=group, offered=True)


def _open(actor: Actor, server: TradingServer) -> set[Any]:
    """Ask for an account for each client who may have one and has none; returns whose."""
    asked = set()
    with tenant_scope(actor.tenant_id, actor):
        groups = list(selectors.groups_offered(actor).filter(server=server))
        clients = Client.objects.filter(
            tenant_id=actor.tenant_id,
            state=ClientState.ACTIVE,
            rights__contains=[ClientAction.OPEN_ACCOUNT],
            accounts__isnull=True,
        ).order_by("id")[:ACCOUNTS_OF_A_TENANT]
        for number, client in enumerate(clients):
            group = groups[number % len(groups)]
            leverage = 30 if client.category == "retail" else 100
            check_leverage(client, leverage)
            account = services.account_open(
                actor=actor, client=client, group=group, leverage=leverage
            )
            asked.add(account.pk)
    return asked


# -- what was before --------------------------------------------------------------------------


class Control:
    """The sandbox's own controls, which no real server has."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        self._connection = connection

    def post(self, what: str, **data: Any) -> dict[str, Any]:
        headers = {"X-Sandbox-Control": "yes", "Content-Type": "application/json"}
        body = json.dumps(data, default=str)
        self._connection.request("POST", f"/sandbox/{what}", body, headers)
        response = self._connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"The sandbox refused {what}: {answer}")
        return answer


@contextmanager
def _control(port: int) -> Iterator[Control]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # loopback, and no secret is sent
    connection = http.client.HTTPSConnection(HOST, port, timeout=10, context=context)
    try:
        yield Control(connection)
    finally:
        connection.close()


def _trade_the_past(control: Control, account: Account) -> None:
    """An opening balance six weeks ago, and a habit of trading since, the same on every seed."""
    chance = random.Random(account.reference)  # noqa: S311 - a demo's past, the same each time
    start = now() - timedelta(days=PAST_DAYS)
    money = Decimal(chance.choice([1_000, 2_500, 5_000, 10_000, 25_000]))
    control.post(
        "balance",
        login=account.login,
        amount=money,
        comment="Opening balance",
        time=start.isoformat(),
    )
    per_day = chance.choice([0.3, 0.8, 1.5])
    for day in range(1, PAST_DAYS):
        morning = (start + timedelta(days=day)).replace(hour=7, minute=0)
        if morning.weekday() >= 5:  # the market is closed
            continue
        for _ in range(int(per_day) + (chance.random() < per_day % 1)):
            _round_trip(control, account, chance, morning, money)


def _round_trip(
    control: Control, account: Account, chance: random.Random, morning: datetime, money: Decimal
) -> None:
    symbol = chance.choice(sorted(MARKETS))
    price, digits, contract, moves = MARKETS[symbol]
    opened = morning + timedelta(minutes=chance.randrange(8 * 60))
    closed = opened + timedelta(minutes=chance.randrange(5, 180))
    steps = max(1, int(money) // 2_500)
    volume = LOT_EXT // 100 * chance.randrange(1, 4 * steps)
    entry_price = round(price + chance.gauss(0, moves * 2), digits)
    change = chance.gauss(0.02, 0.35) * moves
    side = chance.choice([0, 1])
    profit = change * contract * volume / LOT_EXT
    commission = f"{-3.0 * volume / LOT_EXT:.2f}"
    common = {
        "login": account.login,
        "symbol": symbol,
        "volume_ext": volume,
        "digits": digits,
        "contract_size": contract,
    }
    first = control.post(
        "deals",
        **common,
        action=side,
        entry=0,
        price=entry_price,
        commission=commission,
        time=opened.isoformat(),
    )
    control.post(
        "deals",
        **common,
        action=1 - side,
        entry=1,
        price=round(entry_price + (change if side == 0 else -change), digits),
        profit=f"{profit:.2f}",
        commission=commission,
        position_id=int(first["deal"]["Deal"]),
        time=closed.isoformat(),
    )
