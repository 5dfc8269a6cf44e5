"""Which payouts wait for a payment file, and what stands between each and one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from backoffice.core.context import Actor
from backoffice.core.money import Money
from payments import release_checks
from payments.accounts import destination_number
from payments.chargebacks.check import why_not_send
from payments.gateways.bank_wire.pain001 import BankAccount, Party, Payment, is_sepa, problem_of
from payments.holds import standing
from payments.models import (
    Destination,
    GatewayAccount,
    PaymentFileItem,
    Withdrawal,
    WithdrawalPart,
)
from payments.services.payouts import net_amount
from payments.states import PartState, WithdrawalState
from payments.watch import BY_FILE

# Of what waits, the oldest are shown, and go first: each is looked at by itself, three questions to
# the database, on the page and again when the file is made and given out.
WAITING_MAX = 200


@dataclass(frozen=True, slots=True)
class Payout:
    """A whole withdrawal, or a ``part`` of one that goes to its destination."""

    withdrawal: Withdrawal
    part: WithdrawalPart | None

    @property
    def row(self) -> Withdrawal | WithdrawalPart:
        return self.part or self.withdrawal

    @property
    def reference(self) -> str:
        return self.row.reference

    @property
    def destination(self) -> Destination:
        return self.withdrawal.destination

    @property
    def money(self) -> Money:
        if self.part is not None:
            return Money(self.part.amount, self.part.currency)
        return net_amount(self.withdrawal)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A payout that waits; ``problem`` is why it can't go into a file now, in a sentence."""

    payout: Payout
    is_sepa: bool
    problem: str


def banks(actor: Actor) -> QuerySet[GatewayAccount]:
    """Our accounts that are paid from by files."""
    rows = GatewayAccount.objects.filter(tenant_id=actor.tenant_id, kind__in=BY_FILE, active=True)
    return rows.order_by("name")


def payouts_of(
    actor: Actor, gateway: GatewayAccount, references: Collection[str] | None = None
) -> list[Payout]:
    """What waits for a file of ``gateway`` and is in none, the oldest first; or of that only
    those of ``references``."""
    taken = PaymentFileItem.objects.filter(
        tenant_id=actor.tenant_id, reference=OuterRef("reference"), is_live=True
    )
    mine: dict[str, Any] = {"tenant_id": actor.tenant_id, "gateway": gateway}
    if references is not None:
        mine["reference__in"] = list(references)
    standing_parts = WithdrawalPart.objects.filter(
        tenant_id=actor.tenant_id, withdrawal_id=OuterRef("pk")
    ).exclude(state__in=[PartState.CANCELLED, PartState.REPLACED])
    whole = (
        Withdrawal.objects.filter(~Exists(taken), ~Exists(standing_parts), **mine)
        .filter(state=WithdrawalState.APPROVED)
        .select_related("client", "destination")
        .order_by("id")[: WAITING_MAX + 1]
    )
    parts = (
        WithdrawalPart.objects.filter(~Exists(taken), **mine, state=PartState.PLANNED)
        .filter(hold_id__isnull=False, destination__isnull=False)
        .select_related("withdrawal__client", "withdrawal__destination", "destination")
        .order_by("id")[: WAITING_MAX + 1]
    )
    found = [*(Payout(row, None) for row in whole), *(Payout(row.withdrawal, row) for row in parts)]
    found.sort(key=lambda payout: payout.row.pk)
    return found


def waiting(actor: Actor, gateway: GatewayAccount) -> tuple[list[Waiting], bool]:
    """At most ``WAITING_MAX`` of them, each with what is in its way; and whether there are more."""
    ours = account_of(gateway)
    found = []
    rows = payouts_of(actor, gateway)
    for payout in rows[:WAITING_MAX]:
        payment = payment_of(payout)
        why = why_not(actor, payout) or problem_of(payment, ours)
        found.append(Waiting(payout, is_sepa(payment, ours), why))
    return found, len(rows) > WAITING_MAX


def why_not(actor: Actor, payout: Payout) -> str:
    """Why money must not go out now, whatever was approved; empty when it may."""
    if payout.destination.state != Destination.State.APPROVED:
        return f"Its destination is {payout.destination.get_state_display().lower()}."
    if payout.part is not None:
        if why := why_not_send(payout.part):
            return f"It is stopped: {why}."
        return ""
    if standing(payout.withdrawal):
        return "It is held."
    stops = [check for check in release_checks.run(actor, payout.withdrawal) if check.stops]
    return f"It is stopped: {stops[0].title}." if stops else ""


def account_of(gateway: GatewayAccount) -> BankAccount:
    return BankAccount(gateway.merchant_id, gateway.bic)


def payment_of(payout: Payout) -> Payment:
    """What a file says of a payout, as its destination stands now."""
    destination, client = payout.destination, payout.withdrawal.client
    return Payment(
        end_to_end_id=payout.reference,
        money=payout.money,
        creditor=Party(
            destination.holder, client.residence or destination.country, destination.town
        ),
        account=BankAccount(destination_number(destination), destination.bic),
        text=f"Withdrawal {payout.withdrawal.reference}",
    )


def by_currency(moneys: Sequence[Money]) -> dict[str, Money]:
    total: dict[str, Money] = {}
    for money in moneys:
        total[money.currency] = total.get(money.currency, Money.zero(money.currency)) + money
    return dict(sorted(total.items()))
