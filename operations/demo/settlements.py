"""What the demo's cashier has collected, paid to the bank each working day and booked the next."""

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

from backoffice.core.clock import today
from backoffice.core.money import Money
from operations.demo.payments import Till
from payments.services.settlements import collected
from reconciliation import matching
from reconciliation.models import Break

SHARE_KEPT = Decimal("0.012")


class Settlements:
    """``pay`` in the evening: the bank has the money. ``book`` after its statement is read.

    What a gateway paid out in between may leave it less than it settled: that stays a break, as
    it would in life, and nothing more is settled in that currency until somebody has seen it.
    """

    def __init__(self, till: Till) -> None:
        self.till = till
        self._kept: dict[str, Money] = {}

    def pay(self) -> None:
        with self.till.scope():
            due = [
                each.money
                for currency in self.till.demo.tenant.currencies
                if currency not in self._on_the_way()
                for each in collected(self.till.actor, currency)
                if each.gateway.pk == self.till.gateway.pk
            ]
        for money in due:
            kept = Money.rounded(money.amount * SHARE_KEPT, money.currency, ROUND_DOWN)
            text = f"Settlement {today():%Y-%m-%d} {money.currency}"
            self._kept[text] = kept
            self.till.receive(
                "Hosted cashier", (money - kept).amount, text, currency=money.currency
            )

    def book(self) -> None:
        staff = self.till.demo.actors["payments"]
        with self.till.scope():
            for row in list(self._breaks()):
                assert row.line is not None
                kept = self._kept[row.line.text]
                settled = Money.rounded(row.line.amount, row.line.currency) + kept
                for each in collected(staff, row.line.currency):
                    mine = each.gateway.pk == self.till.gateway.pk
                    if mine and each.money.minor >= settled.minor:
                        matching.line_settle_gateway(
                            actor=staff, line=row.line, gateway=each.gateway.pk, cost=kept
                        )
                        del self._kept[row.line.text]
                        break

    def _on_the_way(self) -> set[str]:
        return {kept.currency for kept in self._kept.values()}

    def _breaks(self) -> Iterator[Break]:
        rows = Break.objects.filter(
            tenant_id=self.till.actor.tenant_id, closed_at=None, line__isnull=False
        )
        for row in rows.select_related("line__account").order_by("id"):
            if row.line is not None and row.line.text in self._kept:
                yield row
