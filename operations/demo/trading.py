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
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from clients.models import Client, ClientAction
from clients.states import ClientState
from kyc.models import KycCase
from operations.demo import Demo, step
from operations.demo.past import trusting
from payments.services.transfers import transfer_request
from reconciliation import trading_plane
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
ACCOUNTS_OF_A_TENANT = 16  # the newcomers have none
IDLE_EVERY = 5  # one client in so many has an account and never trades
PAST_DAYS = 45
# symbol -> price, digits, contract size, pips that a day moves
MARKETS = {
    "EURUSD": (1.0850, 5, 100_000, 0.0045),
    "GBPUSD": (1.2690, 5, 100_000, 0.0055),
    "XAUUSD": (2350.0, 2, 100, 14.0),
    "US500": (5250.0, 1, 10, 32.0),
}
LOT_EXT = 100_000_000
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
PERMISSIONS = 8  # the return code of a manager who lacks a right


@step("trading", 30, opens_scope=True)
def trading(actor: Actor, demo: Demo) -> None:
    port = os.environ.get("SANDBOX_MT5_PORT")
    if not port:
        return
    admin, payments = demo.actors["admin"], demo.actors["payments"]
    with tenant_scope(actor.tenant_id, actor):
        if not TradingServer.objects.filter(tenant_id=actor.tenant_id).exists():
            demo.past.go(demo.opened_at + timedelta(hours=1))
    demo.past.needed("MT5")
    server = _server(admin, demo, int(port))
    _read(actor, server, SyncKind.SETUP, SyncKind.ACCOUNTS)
    _offer(admin, server)
    fresh = _open(payments, demo, server)
    with _control(int(port)) as control:
        for funded in funding(fresh):
            _trade_the_past(control, funded)
    demo.past.home()
    # Today's readings; the deals of the past are read with them, whatever day they are of.
    _read(actor, server, SyncKind.ACCOUNTS, SyncKind.DEALS, SyncKind.POSITIONS, SyncKind.TEST)
    demo.things["trading_server"] = server
    demo.things["funding"] = funding(fresh)


@dataclass(frozen=True)
class Funding:
    """How an account is paid into: the first deposit, and how the demo's story goes on."""

    account: Account
    at: datetime
    amount: Decimal
    #: How many times a day the client opens and closes a position; 0 for one who never trades.
    per_day: float


def funding(accounts: list[Account]) -> list[Funding]:
    """An opening deposit for each account, hours after it was opened, the same on every seed."""
    found = []
    for number, account in enumerate(accounts):
        chance = random.Random(account.reference)  # noqa: S311 - a demo's past
        trades = number % IDLE_EVERY != IDLE_EVERY - 1
        found.append(
            Funding(
                account,
                min(account.created_at + timedelta(hours=chance.uniform(1, 20)), _hours_ago(2)),
                Decimal(chance.choice([1_000, 2_500, 2_500, 5_000, 8_000, 12_000])),
                chance.choice([0.5, 0.8, 1.0, 1.5, 2.2]) if trades else 0.0,
            )
        )
    return found


def _hours_ago(hours: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)


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


def _open(actor: Actor, demo: Demo, server: TradingServer) -> list[Account]:
    """An account for each client who may have one and has none, soon after they were approved."""
    opened: list[Account] = []
    for number, client in enumerate(_without_account(actor, server)):
        demo.past.go(min(_approved_at(actor, client) + timedelta(hours=1), _hours_ago(3)))
        with tenant_scope(actor.tenant_id, actor):
            groups = list(selectors.groups_offered(actor).filter(server=server))
            group = groups[number % len(groups)]
            leverage = 30 if client.category == "retail" else 100
            check_leverage(client, leverage)
            account = services.account_open(
                actor=actor, client=client, group=group, leverage=leverage
            )
        demo.past.needed("MT5")
        outbox.drain(actor)
        opened.append(account)
    with tenant_scope(actor.tenant_id, actor):
        mine = Account.objects.filter(tenant_id=actor.tenant_id, state=AccountState.ACTIVE)
        return list(
            mine.filter(pk__in=[account.pk for account in opened])
            .select_related("client", "server")
            .order_by("id")
        )


def _without_account(actor: Actor, server: TradingServer) -> list[Client]:
    """The longest standing, as long as fewer than the demo's number have one."""
    with tenant_scope(actor.tenant_id, actor):
        room = ACCOUNTS_OF_A_TENANT - Account.objects.filter(tenant_id=actor.tenant_id).count()
        clients = Client.objects.filter(
            tenant_id=actor.tenant_id,
            state=ClientState.ACTIVE,
            rights__contains=[ClientAction.OPEN_ACCOUNT],
            accounts__isnull=True,
        )
        return list(clients.order_by("id")[: max(room, 0)])


def _approved_at(actor: Actor, client: Client) -> datetime:
    with tenant_scope(actor.tenant_id, actor):
        case = KycCase.objects.filter(tenant_id=actor.tenant_id, client=client).latest("id")
    assert case.decided_at is not None
    return case.decided_at


def settle(actor: Actor, demo: Demo, accounts: list[Account]) -> None:
    """After the story: read what it did on the server, and hold the server against the books.

    One account was credited by someone at the server itself, past the books: the check finds it.
    """
    port, server = os.environ.get("SANDBOX_MT5_PORT"), demo.things.get("trading_server")
    if not port or server is None:
        return
    if len(accounts) > 3:
        with _control(int(port)) as control:
            moment = _hours_ago(31)
            control.post(
                "balance", login=accounts[3].login, amount="150.00",
                comment="Goodwill, per J. Smith", time=moment.isoformat(),
            )  # fmt: skip
    _read(actor, server, SyncKind.ACCOUNTS, SyncKind.DEEP, SyncKind.POSITIONS)
    with tenant_scope(actor.tenant_id, actor):
        if len(trading_plane.differences(actor)) > 1:
            # Deals that came late: clients trade while this is made.
            for back in range(PAST_DAYS, 0, -1):
                trading_plane.day_post(actor=actor, day=now().date() - timedelta(days=back))
        # As the night does it, with its record.
        trading_plane.plane_run(actor=actor, days=[now().date() - timedelta(days=1)])


def strand(actor: Actor, demo: Demo, source: Account, money: Money) -> None:
    """A transfer to a second account of the client that neither account takes: just then our
    manager on the server may book no more. It waits between the two for a person."""
    port = os.environ.get("SANDBOX_MT5_PORT")
    if not port:
        return
    demo.past.needed("MT5")
    with tenant_scope(actor.tenant_id, actor):
        assert source.client is not None
        second = services.account_open(
            actor=actor, client=source.client, group=source.group, leverage=source.leverage
        )
    outbox.drain(actor)
    with _control(int(port)) as control:
        control.post(
            "faults", command="trade/balance", kind="retcode", retcode=PERMISSIONS, after=1, times=2
        )
    with tenant_scope(actor.tenant_id, actor):
        second.refresh_from_db()
        transfer_request(
            actor=actor, client=source.client, source=source, target=second, money=money
        )
    while outbox.drain(actor):
        pass


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
    connection = http.client.HTTPSConnection(HOST, port, timeout=10, context=trusting())
    try:
        yield Control(connection)
    finally:
        connection.close()


def _trade_the_past(control: Control, funded: Funding) -> None:
    """A habit of trading since the money came, the same on every seed."""
    account, money = funded.account, funded.amount
    chance = random.Random(f"{account.reference} trades")  # noqa: S311 - a demo's past
    per_day = funded.per_day
    last = datetime.now(UTC) - timedelta(hours=4)
    for day in range(PAST_DAYS):
        morning = (funded.at + timedelta(days=day)).replace(hour=7, minute=0)
        if morning.weekday() >= 5:  # the market is closed
            continue
        for _ in range(int(per_day) + (chance.random() < per_day % 1)):
            opened = morning + timedelta(minutes=chance.randrange(8 * 60))
            if funded.at < opened < last:
                _round_trip(control, account, chance, opened, money)


def _round_trip(
    control: Control, account: Account, chance: random.Random, opened: datetime, money: Decimal
) -> None:
    assert account.login is not None
    symbol = chance.choice(sorted(MARKETS))
    price, digits, contract, moves = MARKETS[symbol]
    closed = opened + timedelta(minutes=chance.randrange(5, 180))
    steps = max(1, int(money) // 900)
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
    # Both deals of a position carry its number, as on a real server.
    position = account.login * 100_000 + int((opened - EPOCH).total_seconds()) // 60 % 100_000
    control.post(
        "deals",
        **common,
        action=side,
        entry=0,
        price=entry_price,
        commission=commission,
        position_id=position,
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
        position_id=position,
        time=closed.isoformat(),
    )
