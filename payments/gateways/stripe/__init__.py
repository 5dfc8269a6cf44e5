"""Stripe: Checkout for deposits by card, refunds, signed events. Spoken by the official library."""

from payments.gateways.stripe.adapter import Stripe

__all__ = ["Stripe"]
