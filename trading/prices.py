"""What trading servers quote between currencies, for whoever needs a price of money."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from trading.bridge.errors import BridgeError
from trading.connections import speak
from trading.models import Symbol, TradingServer

log = logging.getLogger(__name__)
SYMBOLS_MAX = 200  # of one server: pairs of the currencies that a brokerage keeps money in


@dataclass(frozen=True, slots=True)
class Price:
    """``bid`` and ``ask`` in ``quote`` for one of ``base``, as the server's symbol had them."""

    server: str
    symbol: str
    base: str
    quote: str
    bid: Decimal
    ask: Decimal
    at: datetime


def currency_prices(actor: Actor, currencies: Collection[str]) -> list[Price]:
    """The last ticks of every pair of ``currencies`` on the tenant's servers. Calls them: never
    within a scope. A server that does not answer is left out; its health light says so."""
    with tenant_scope(actor.tenant_id, actor):
        servers = list(TradingServer.objects.filter(tenant_id=actor.tenant_id, active=True))
        symbols = {server.pk: _symbols(actor, server, currencies) for server in servers}
    found: list[Price] = []
    for server in servers:
        if symbols[server.pk]:
            found += _prices(actor, server, symbols[server.pk])
    return found


def _symbols(
    actor: Actor, server: TradingServer, currencies: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Symbol to pair; of several symbols of a pair the one with the shortest name."""
    rows = Symbol.objects.filter(
        tenant_id=actor.tenant_id,
        server=server,
        gone_at__isnull=True,
        currency_base__in=currencies,
        currency_profit__in=currencies,
    )
    pairs: dict[tuple[str, str], str] = {}
    for name, base, quote in rows.values_list("name", "currency_base", "currency_profit"):
        # A share in EUR has EUR on both sides; a metal's or a contract's name is not its pair.
        if base == quote or not name.upper().startswith(base + quote):
            continue
        pairs[base, quote] = min(pairs.get((base, quote), name), name, key=lambda n: (len(n), n))
    chosen = sorted(pairs.items())[:SYMBOLS_MAX]
    return {name: pair for pair, name in chosen}


def _prices(
    actor: Actor, server: TradingServer, symbols: dict[str, tuple[str, str]]
) -> list[Price]:
    try:
        ticks = speak(actor, server, lambda platform: platform.ticks(sorted(symbols)))
    except BridgeError as error:
        log.warning("No prices", extra={"server": str(server.pk), "error": str(error)[:200]})
        return []
    return [
        Price(server.name, tick.symbol, *symbols[tick.symbol], tick.bid, tick.ask, tick.time_utc)
        for tick in ticks.ticks
        if tick.symbol in symbols and tick.bid > 0 and tick.ask > 0
    ]
