"""The commands of the protocol, one module for each area; importing this registers them."""

from sandbox.mt5.commands import deals, groups, system, trade, users

__all__ = ["deals", "groups", "system", "trade", "users"]
