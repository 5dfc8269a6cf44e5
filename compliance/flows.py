"""A client's money in and out around an alert, for the person who judges it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from backoffice.core.context import Actor
from backoffice.core.money import Money
from clients.models import Client
from compliance.models import Alert, ClientDay
from payments.models import Deposit, Withdrawal
from payments.states import DEPOSIT_COLOURS, WITHDRAWAL_COLOURS

ROWS_MAX = 100
MARGIN = timedelta(days=7)


@dataclass(frozen=True)
class Flow:
    """One movement: ``into`` the client's wallet or out of it, in its own currency."""

    at: datetime
    reference: str
    into: bool
    money: Money
    channel: str
    party: str
    state: str
    colour: str

    @property
    def signed(self) -> Money:
        """Above zero when it came in."""
        return self.money if self.into else -self.money


def flows(actor: Actor, alert: Alert) -> list[Flow]:
    """Deposits and withdrawals of the window and a week either side, the newest first."""
    first = _start(alert.window_first) - MARGIN
    last = _start(alert.window_last) + timedelta(days=1) + MARGIN
    scope = {"tenant_id": actor.tenant_id, "client_id": alert.client_id}
    deposits = Deposit.objects.filter(
        **scope, created_at__gte=first, created_at__lt=last
    ).select_related("method")
    withdrawals = Withdrawal.objects.filter(
        **scope, created_at__gte=first, created_at__lt=last
    ).select_related("method", "destination")
    found = [_deposit(row) for row in deposits.order_by("-id")[:ROWS_MAX]]
    found += [_withdrawal(row) for row in withdrawals.order_by("-id")[:ROWS_MAX]]
    return sorted(found, key=lambda flow: flow.at, reverse=True)[:ROWS_MAX]


def latest(actor: Actor, client: Client, most: int = 12) -> list[Flow]:
    """The client's newest deposits and withdrawals, for the person who judges one of them."""
    scope = {"tenant_id": actor.tenant_id, "client": client}
    deposits = Deposit.objects.filter(**scope).select_related("method")
    withdrawals = Withdrawal.objects.filter(**scope).select_related("method", "destination")
    found = [_deposit(row) for row in deposits.order_by("-id")[:most]]
    found += [_withdrawal(row) for row in withdrawals.order_by("-id")[:most]]
    return sorted(found, key=lambda flow: flow.at, reverse=True)[:most]


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _deposit(row: Deposit) -> Flow:
    if row.paid_amount is not None:
        money = Money.rounded(row.paid_amount, row.paid_currency)
    else:
        money = Money.rounded(row.asked_amount, row.asked_currency)
    return Flow(
        row.credited_at or row.created_at,
        row.reference,
        True,
        money,
        row.method.name,
        " ".join(part for part in (row.instrument_label, row.payer_name) if part),
        row.get_state_display(),
        str(DEPOSIT_COLOURS[row.state]),  # type: ignore[index]
    )


def _withdrawal(row: Withdrawal) -> Flow:
    return Flow(
        row.paid_at or row.created_at,
        row.reference,
        False,
        Money.rounded(row.amount, row.currency),
        row.method.name,
        f"{row.destination.label} {row.destination.holder}".strip(),
        row.get_state_display(),
        str(WITHDRAWAL_COLOURS[row.state]),  # type: ignore[index]
    )


def totals(actor: Actor, alert: Alert, currency: str) -> list[dict[str, Any]]:
    """In, out, turnover and profit of the window in base currency, for ``stats.html``."""
    rows = ClientDay.objects.filter(
        tenant_id=actor.tenant_id,
        client_id=alert.client_id,
        day__range=(alert.window_first, alert.window_last),
    )
    sums = {
        name: sum((getattr(row, name) for row in rows), Decimal(0))
        for name in ("deposits_base", "withdrawals_base", "notional_base", "profit_base")
    }
    labels = ("Money in", "Money out", "Turnover", "Trading result")
    return [
        {"name": label, "value": Money.rounded(total, currency)}
        for label, total in zip(labels, sums.values(), strict=True)
    ]
