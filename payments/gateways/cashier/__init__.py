"""The generic hosted cashier: signed redirect, signed webhook, status poll, payouts, refunds."""

from payments.gateways.cashier.adapter import Cashier

__all__ = ["Cashier"]
