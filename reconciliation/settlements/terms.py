"""What gateways keep by contract, as a manager puts it down."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import EXPONENTS, Money
from payments.models import GatewayAccount
from reconciliation import actions
from reconciliation.models import SettlementTerms


@dataclass(frozen=True, slots=True)
class Agreed:
    gateway: str
    percent: Decimal
    fixed: Money
    tolerance: Money

    def __str__(self) -> str:
        return f"{self.percent.normalize():f} % and {self.fixed}, give or take {self.tolerance}"


def rows(actor: Actor) -> list[Agreed]:
    found = SettlementTerms.objects.filter(tenant_id=actor.tenant_id).select_related("gateway")
    return [
        Agreed(
            row.gateway.name,
            row.percent,
            Money.from_minor(row.fixed, row.currency),
            Money.from_minor(row.tolerance, row.currency),
        )
        for row in found.order_by("gateway__name", "currency")
    ]


@transaction.atomic
def terms_save(
    *,
    actor: Actor,
    gateway: GatewayAccount,
    currency: str,
    percent: Decimal,
    fixed: Decimal,
    tolerance: Decimal,
) -> SettlementTerms:
    """Set what ``gateway`` keeps of a payment; amounts in major units. Raises ``InvalidInput``."""
    minor = {"fixed": _minor("fixed", fixed, currency)}
    minor["tolerance"] = _minor("tolerance", tolerance, currency)
    row, _ = SettlementTerms.objects.select_for_update().get_or_create(
        tenant_id=actor.tenant_id, gateway=gateway, currency=currency
    )
    row.percent, row.fixed, row.tolerance = percent, minor["fixed"], minor["tolerance"]
    row.save()
    agreed = Agreed(
        gateway.name, percent, Money.from_minor(row.fixed, currency),
        Money.from_minor(row.tolerance, currency),
    )  # fmt: skip
    audit(
        actor=actor,
        action=actions.TERMS_SAVED,
        subject=gateway,
        label=gateway.name,
        data={"terms": str(agreed)},
    )
    return row


def _minor(name: str, amount: Decimal, currency: str) -> int:
    minor = amount.scaleb(EXPONENTS[currency])
    if minor != int(minor):
        raise InvalidInput(
            f"{amount} is not an amount of {currency}.", fields={name: "Fewer decimal places."}
        )
    return int(minor)
