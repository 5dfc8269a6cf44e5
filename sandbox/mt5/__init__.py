"""A MetaTrader 5 server of our own: speaks the Web API, trades by itself, fails on demand."""

from sandbox.mt5.auth import Manager, Right
from sandbox.mt5.core import Settings
from sandbox.mt5.faults import Fault, FaultKind
from sandbox.mt5.server import Mt5Server

__all__ = ["Fault", "FaultKind", "Manager", "Mt5Server", "Right", "Settings"]
