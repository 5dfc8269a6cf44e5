"""What the demo's methods take and cost: plausible for a broker of the EU and one of the UK.

The story uses all but the same-day wire at any hour, so hours and the narrowest countries are on
that one.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from backoffice.core.context import Actor
from backoffice.tenancy.models import Tenant
from payments.methods.fees import FeeTerms
from payments.methods.rules import Terms
from payments.methods.services import method_save, terms_in
from payments.methods.states import CountryRule, Direction, Payer
from payments.models import GatewayAccount, Method

DEPOSITS, WITHDRAWALS = [Direction.DEPOSIT], [Direction.WITHDRAWAL]
# What the gateway asks for a card is not passed on: clients are credited all that they pay.
CARD_FEE = FeeTerms(percent=Decimal("1.2"), least=Decimal("0.3"), payer=Payer.HOUSE)
COIN_FEE = FeeTerms(percent=Decimal("0.8"), least=Decimal(1), most=Decimal(50))
SAME_DAY_FEE = FeeTerms(fixed=Decimal(15))
NOT_EVERYWHERE = {"country_rule": CountryRule.EXCEPT, "countries": ["CN", "KP", "US"]}
SAME_DAY = {
    "name": "Same-day wire",
    "instrument": "bank",
    "takes_deposits": False,
    "level_min": 1,
    "hours": ["Mon Tue Wed Thu 08:00-16:00", "Fri 08:00-13:30"],
}
SAME_DAY_COUNTRIES = {"EUR": ["AT", "BE", "CY", "DE", "FR", "NL"], "GBP": ["GB"]}


def card(tenant: Tenant) -> list[Terms]:
    limits = {"amount_min": Decimal(20), "amount_max": Decimal(50_000)}
    taken = terms_in(tenant.currencies, DEPOSITS, **limits, fee=CARD_FEE)
    taken = [replace(each, month_max=Decimal(45_000)) for each in taken]
    return taken + terms_in(tenant.currencies, WITHDRAWALS, **limits)


def stripe(tenant: Tenant) -> list[Terms]:
    return terms_in(
        tenant.currencies,
        DEPOSITS,
        amount_min=Decimal(20),
        amount_max=Decimal(20_000),
        day_max=Decimal(20_000),
    )


def wire(tenant: Tenant) -> list[Terms]:
    return terms_in([tenant.base_currency], amount_min=Decimal(50))


def wire_by_file(tenant: Tenant) -> list[Terms]:
    return terms_in([tenant.base_currency], WITHDRAWALS, amount_min=Decimal(50))


def crypto(tenant: Tenant) -> list[Terms]:
    """Little by the month, since it is hard to say whose coins they are: in the story one client
    has nearly used it."""
    taken = terms_in(
        tenant.currencies,
        DEPOSITS,
        amount_min=Decimal(20),
        amount_max=Decimal(2_500),
        month_max=Decimal(2_600),
        fee=COIN_FEE,
    )
    return taken + terms_in(
        tenant.currencies, WITHDRAWALS, amount_min=Decimal(20), day_max=Decimal(20_000)
    )


def same_day_lay(*, actor: Actor, tenant: Tenant, gateway: GatewayAccount) -> Method:
    """A dearer way out in the bank's hours, where its scheme reaches."""
    values: dict[str, Any] = {
        **SAME_DAY,
        "gateway": gateway,
        "country_rule": CountryRule.ONLY,
        "countries": SAME_DAY_COUNTRIES[tenant.base_currency],
    }
    terms = terms_in(
        [tenant.base_currency],
        WITHDRAWALS,
        amount_min=Decimal(100),
        amount_max=Decimal(25_000),
        day_max=Decimal(25_000),
        month_max=Decimal(100_000),
        fee=SAME_DAY_FEE,
    )
    return method_save(actor=actor, code="wire-same-day", values=values, terms=terms)
