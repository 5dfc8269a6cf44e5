"""Bank transfers: money in by statement; money out by single instructions over HTTP, or in payment
files that people carry to the bank."""

from payments.gateways.bank_wire.adapter import BankWire
from payments.gateways.bank_wire.by_file import BankFile

__all__ = ["BankFile", "BankWire"]
