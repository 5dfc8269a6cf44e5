"""Every kind of reading by its name."""

from collections.abc import Mapping

from backoffice.core.context import Actor
from trading.models import SyncKind, SyncRun, TradingServer
from trading.sync.accounts import accounts_read
from trading.sync.deals import deals_read, deep_read
from trading.sync.positions import positions_read
from trading.sync.runs import Reader, sync
from trading.sync.setup import connection_test, setup_read

READERS: Mapping[str, Reader] = {
    SyncKind.TEST: connection_test,
    SyncKind.SETUP: setup_read,
    SyncKind.ACCOUNTS: accounts_read,
    SyncKind.POSITIONS: positions_read,
    SyncKind.DEALS: deals_read,
    SyncKind.DEEP: deep_read,
}


def read(actor: Actor, server: TradingServer, kind: SyncKind) -> SyncRun | None:
    """Read ``kind`` from ``server`` now; None when another process is at it."""
    return sync(actor, server, kind, READERS[kind])
