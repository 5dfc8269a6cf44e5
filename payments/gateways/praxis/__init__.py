"""Praxis, the cashier that forwards to a broker's payment providers."""

from payments.gateways.praxis.adapter import Praxis

__all__ = ["Praxis"]
