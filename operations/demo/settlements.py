"""What the demo's cashier has collected, paid to the bank each working day and booked the next; its
reports, and what it kept by them."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_vote
from operations.demo.past import call
from operations.demo.payments import Till
from reconciliation import matching
from reconciliation.models import Break
from reconciliation.settlements import costs, reports, terms

PERCENT, FIXED = Decimal(2), Decimal("0.25")  # as the sandbox's cashier keeps them
TOLERANCE = Decimal("0.01")


class Settlements:
    """``pay`` in the evening: the bank has the money. ``book`` after its statement is read.

    What a gateway paid out in between may leave it less than it settled: that stays a break, as
    it would in life.
    """

    def __init__(self, till: Till) -> None:
        self.till = till
        self._open: set[str] = set()

    def lay(self) -> None:
        """What was agreed with the cashier."""
        admin = self.till.demo.actors["admin"]
        with self.till.scope():
            for currency in self.till.demo.tenant.currencies:
                terms.terms_save(
                    actor=admin,
                    gateway=self.till.gateway,
                    currency=currency,
                    percent=PERCENT,
                    fixed=FIXED,
                    tolerance=TOLERANCE,
                )

    def pay(self) -> None:
        answer = self.till.sandbox.control("settle", merchant=self.till.merchant)
        for paid in answer["settlements"]:
            text = f"Settlement {paid['settlement']}"
            self._open.add(text)
            self.till.receive(
                "Hosted cashier", Decimal(paid["amount"]), text, currency=paid["currency"]
            )

    def book(self) -> None:
        """What is on the statement; the cashier's own price is booked from its report."""
        staff = self.till.demo.actors["payments"]
        with self.till.scope():
            for row in list(self._breaks()):
                assert row.line is not None
                try:
                    matching.line_settle_gateway(
                        actor=staff,
                        line=row.line,
                        gateway=self.till.gateway.pk,
                        cost=Money.zero(row.line.currency),
                    )
                except DomainError:  # the cashier holds less: a person has to look
                    continue
                self._open.discard(row.line.text)

    def _breaks(self) -> Iterator[Break]:
        rows = Break.objects.filter(
            tenant_id=self.till.actor.tenant_id, closed_at=None, line__isnull=False
        )
        for row in rows.select_related("line__account").order_by("id"):
            if row.line is not None and row.line.text in self._open:
                yield row

    def report(self, until: date) -> None:
        """The cashier's report of all days before ``until``, and its cost by two people."""
        path = f"/merchants/{self.till.merchant}/report.csv?until={until.isoformat()}"
        content = call(self.till.sandbox.gateway, "GET", path)
        staff, lead = self.till.demo.actors["payments"], self.till.demo.actors["lead"]
        with self.till.scope():
            name = f"cashier-{until - timedelta(days=1):%Y-%m-%d}.csv"
            report = reports.report_take(
                actor=staff, gateway=self.till.gateway, name=name, content=content
            )
        # A large one is left to a worker; the cost is known when it is worked through.
        self.till.work()
        with self.till.scope():
            report.refresh_from_db()
            for money in costs.unbooked(staff, report):
                asked = costs.cost_propose(actor=staff, report=report, currency=money.currency)
                approval_vote(actor=lead, approval=asked, approves=True)
