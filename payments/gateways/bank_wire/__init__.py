"""Bank transfers: money in by statement, money out by instruction to the bank."""

from payments.gateways.bank_wire.adapter import BankWire

__all__ = ["BankWire"]
