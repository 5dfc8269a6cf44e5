"""A trading server with its groups and symbols, and one account of each funded client."""

from collections.abc import Iterator

from backoffice.portal.models import SearchEntry
from operations.load.bulk import Bulk, blocks
from operations.load.flows import CURRENCIES, Flows, flows_of
from operations.load.size import Size, money, texts
from trading.models import Account, Group, Symbol, TradingServer
from trading.services.accounts import SEARCH_KIND
from trading.states import AccountState

FIRST_LOGIN = 1_000_001
HOUR_MS = 3_600_000
SERVER = "Load-Live"
# name -> (digits, contract size, price about which deals are made, weight)
SYMBOLS = {
    "EURUSD": (5, 100_000, 1.08, 30),
    "GBPUSD": (5, 100_000, 1.27, 14),
    "USDJPY": (3, 100_000, 151.2, 14),
    "XAUUSD": (2, 100, 2_650.0, 22),
    "AUDUSD": (5, 100_000, 0.66, 6),
    "US500": (1, 1, 5_900.0, 8),
    "BTCUSD": (2, 1, 91_000.0, 6),
}


def load(size: Size, bulk: Bulk) -> None:
    """The server is switched off: nothing is to call what is not there."""
    server, _ = TradingServer.objects.get_or_create(
        name=SERVER,
        defaults={"url": "https://127.0.0.1", "manager_login": 1000, "active": False},
    )
    size.server_id = str(server.pk)
    groups = [_group(server, currency) for currency in CURRENCIES]
    for name, (digits, contract_size, _, _) in SYMBOLS.items():
        Symbol.objects.get_or_create(
            server=server, name=name, defaults={"digits": digits, "contract_size": contract_size}
        )
    flows = flows_of(size)
    moments = flows.born + HOUR_MS
    size.account_ids = size.ids("account", moments)
    size.account_logins = range(FIRST_LOGIN, FIRST_LOGIN + flows.count)
    numbers = size.references("A", moments)
    bulk.copy(
        Account,
        "id reference client_id group_id login name currency leverage state balance equity"
        " margin_free state_at created_at",
        blocks(_accounts(size, flows, numbers, groups)),
        rows=flows.count,
        constants={"server_id": server.pk},
    )
    bulk.copy(
        SearchEntry,
        "id object_id token label detail desk_id",
        blocks(_entries(size, flows, numbers)),
        rows=flows.count * 3,
        constants={"kind": SEARCH_KIND},
    )


def _group(server: TradingServer, currency: str) -> str:
    group, _ = Group.objects.get_or_create(
        server=server,
        name=f"real\\std-{currency.lower()}",
        defaults={"currency": currency, "default_leverage": 30, "offered": True},
    )
    return str(group.pk)


def _accounts(size: Size, flows: Flows, numbers: list[str], groups: list[str]) -> Iterator[str]:
    created, balances = texts(flows.born + HOUR_MS), money(flows.traded)
    for n, place in enumerate(flows.clients.tolist()):
        state = AccountState.READ_ONLY if n % 37 == 0 else AccountState.ACTIVE
        balance = balances[n]
        yield (
            f"{size.account_ids[n]}\t{numbers[n]}\t{size.client_ids[place]}\t{groups[n % 2]}\t"
            f"{FIRST_LOGIN + n}\t{size.client_names[place]}\t{CURRENCIES[n % 2]}\t30\t{state}\t"
            f"{balance}\t{balance}\t{balance}\t{created[n]}\t{created[n]}\n"
        )


def _entries(size: Size, flows: Flows, numbers: list[str]) -> Iterator[str]:
    ids = size.ids("account search", (flows.born + HOUR_MS).repeat(3))
    for n, place in enumerate(flows.clients.tolist()):
        login = FIRST_LOGIN + n
        about = (
            f"{login} {size.client_names[place]}\t{SERVER} · {CURRENCIES[n % 2]}\t"
            f"{size.client_desks[place]}\n"
        )
        number = numbers[n]
        for k, token in enumerate((number.lower(), number[-6:], str(login))):
            yield f"{ids[3 * n + k]}\t{size.account_ids[n]}\t{token}\t{about}"
