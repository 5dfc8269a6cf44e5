"""Quotes as trading servers have them: asked outside of any transaction, then kept."""

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from payments.conversions import quotes
from trading.prices import currency_prices


def wanted(actor: Actor) -> bool:
    """Whether the tenant converts between currencies at all."""
    return quotes.policy(actor.tenant_id).active


def read(actor: Actor) -> int:
    """Ask the tenant's servers; how many quotes are newer than what was kept."""
    with tenant_scope(actor.tenant_id, actor):
        found = quotes.book()
    prices = currency_prices(actor, {*found.currencies, found.base})
    with tenant_scope(actor.tenant_id, actor):
        return quotes.quotes_take(actor=actor, prices=prices)
