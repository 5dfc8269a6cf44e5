"""Groups and symbols, and the test of a connection."""

from typing import Any

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from trading.bridge import port
from trading.connections import speak
from trading.models import Group, Symbol, SyncRun, TradingServer

ASSET_CLASSES = {"forex": "fx", "metals": "metals", "indices": "indices", "crypto": "crypto"}
GROUP_FIELDS = (
    "currency",
    "currency_digits",
    "margin_mode",
    "margin_call",
    "stop_out",
    "stop_out_in_money",
    "default_leverage",
)
SYMBOL_FIELDS = (
    "path",
    "description",
    "currency_base",
    "currency_profit",
    "digits",
    "contract_size",
    "asset_class",
)


def setup_read(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """Groups within our masks and every symbol; what is gone is marked, not deleted."""
    masks = server.group_masks
    groups = speak(actor, server, lambda platform: platform.groups(masks))
    symbols = speak(actor, server, lambda platform: platform.symbols())
    run.rows_read = len(groups) + len(symbols)
    with tenant_scope(actor.tenant_id, actor):
        _write(server, run, Group, {one.name: _group(one) for one in groups}, GROUP_FIELDS)
        _write(server, run, Symbol, {one.name: _symbol(one) for one in symbols}, SYMBOL_FIELDS)


def _group(group: port.Group) -> dict[str, Any]:
    return {
        "currency": group.currency[:8],
        "currency_digits": group.currency_digits,
        "margin_mode": group.margin_mode.value,
        "margin_call": group.margin_call,
        "stop_out": group.margin_stop_out,
        "stop_out_in_money": group.stop_out_in_money,
        "default_leverage": group.default_leverage,
    }


def _symbol(symbol: port.Symbol) -> dict[str, Any]:
    folder = symbol.path.split("\\")[0].lower()
    return {
        "path": symbol.path[:128],
        "description": symbol.description[:128],
        "currency_base": symbol.currency_base[:16],
        "currency_profit": symbol.currency_profit[:16],
        "digits": symbol.digits,
        "contract_size": symbol.contract_size,
        "asset_class": ASSET_CLASSES.get(folder, folder[:20]),
    }


def _write(
    server: TradingServer,
    run: SyncRun,
    model: type[Group] | type[Symbol],
    seen: dict[str, dict[str, Any]],
    fields: tuple[str, ...],
) -> None:
    """New rows in one insert; changed ones one by one, since a group's history is kept."""
    moment = now()
    rows = model.objects.filter(tenant_id=server.tenant_id, server=server)  # type: ignore[misc]
    known = {row.name: row for row in rows}
    new = [
        model(tenant_id=server.tenant_id, server=server, name=name, seen_at=moment, **values)
        for name, values in seen.items()
        if name not in known
    ]
    model.objects.bulk_create(new)  # type: ignore[arg-type]
    run.rows_new += len(new)
    for name, row in known.items():
        values = seen.get(name)
        if values is None:
            if row.gone_at is None:
                row.gone_at = moment
                row.save(update_fields=["gone_at"])
                run.rows_gone += 1
            continue
        if row.gone_at is not None or any(getattr(row, key) != values[key] for key in fields):
            for key in fields:
                setattr(row, key, values[key])
            row.gone_at, row.seen_at = None, moment
            row.save(update_fields=[*fields, "gone_at", "seen_at"])
            run.rows_changed += 1


def connection_test(actor: Actor, server: TradingServer, run: SyncRun) -> None:
    """Sign in, compare the clock, list the groups that the manager may see. Changes nothing."""
    clock = speak(actor, server, lambda platform: platform.time())
    groups = speak(actor, server, lambda platform: platform.groups(server.group_masks))
    logins = speak(actor, server, lambda platform: platform.logins(server.group_masks))
    run.rows_read = len(groups)
    run.detail = {
        "clock_agrees": clock.agrees,
        "offset_minutes": clock.offset_s // 60,
        "expected_minutes": clock.expected_offset_s // 60,
        "groups": len(groups),
        "logins": len(logins),
    }
