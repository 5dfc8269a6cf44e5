"""The commands of the protocol, one module for each area; importing this registers them."""

from sandbox.mt5.commands import (
    archive,
    daily,
    dealer,
    deals,
    groups,
    messages,
    orders,
    positions,
    system,
    ticks,
    trade,
    users,
)

__all__ = [
    "archive",
    "daily",
    "dealer",
    "deals",
    "groups",
    "messages",
    "orders",
    "positions",
    "system",
    "ticks",
    "trade",
    "users",
]
