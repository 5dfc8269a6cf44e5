"""What gateways collected, on its way into the bank: until it is there it is not client money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from ledger import selectors as ledger
from payments import actions, books
from payments.accounts import adapter_for
from payments.models import GatewayAccount


@dataclass(frozen=True, slots=True)
class Collected:
    """A gateway and what it has collected for the brokerage and not yet paid out to its bank."""

    gateway: GatewayAccount
    money: Money


def collected(actor: Actor, currency: str) -> list[Collected]:
    """Gateways that hold money of the brokerage in ``currency``, by name."""
    found = [Collected(each, _held(actor, each, currency)) for each in _gateways(actor)]
    return [each for each in found if each.money.minor > 0]


@transaction.atomic
def settlement_book(
    *,
    actor: Actor,
    gateway_id: UUID,
    key: str,
    iban: str,
    money: Money,
    cost: Money,
    text: str = "",
    at: datetime | None = None,
) -> GatewayAccount:
    """Book ``money`` into the segregated account ``iban`` and ``cost`` as the gateway's price,
    valued ``at``.

    ``key`` books once (the statement line); ``text``: what the bank wrote, where the gateway may
    have named its payout. Raises ``InvalidInput`` for an unknown gateway and for
    more than the gateway holds.
    """
    # Under its lock: two settlements at once would both see what the gateway holds.
    row = GatewayAccount.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, pk=gateway_id
    )
    gateway = row.first()
    if gateway is None or adapter_for(gateway).by_statement:
        raise InvalidInput("There is no such gateway.", fields={"gateway": "Choose one."})
    if money.minor <= 0 or cost.minor < 0:
        raise InvalidInput("A settlement brings money in, and its cost is not below zero.")
    held = _held(actor, gateway, money.currency)
    if money.minor + cost.minor > held.minor:
        raise InvalidInput(
            f"{gateway.name} holds {held} for us, less than {money} and a cost of {cost}."
        )
    posting = books.gateway_settled(
        actor=actor,
        gateway=gateway,
        key=key,
        iban=iban,
        money=money,
        cost=cost,
        text=text,
        effective_at=at,
    )
    if not posting.replayed:
        audit(
            actor=actor,
            action=actions.GATEWAY_SETTLED,
            subject=gateway,
            label=gateway.name,
            data={"amount": str(money), "cost": str(cost), "key": key},
        )
    return gateway


def clearing_codes(actor: Actor) -> list[tuple[GatewayAccount, str]]:
    """Gateways that may hold money of ours, by name, with the ledger's code of what they hold."""
    return [(each, books.house_spec(each).code) for each in _gateways(actor)]


def _gateways(actor: Actor) -> Sequence[GatewayAccount]:
    rows = GatewayAccount.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")
    return [each for each in rows if not adapter_for(each).by_statement]


def _held(actor: Actor, gateway: GatewayAccount, currency: str) -> Money:
    account = ledger.account(actor.tenant_id, books.house_spec(gateway).code, currency)
    if account is None:
        return Money.zero(currency)
    return ledger.balance(actor.tenant_id, account).posted
