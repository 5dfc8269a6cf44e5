"""A house whose last business day can be closed: everything that the checklist asks for is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal

from backoffice.core.context import Actor
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import Approval
from ledger.chart import AccountSpec
from ledger.entries import Line, Posting
from ledger.services import account_for, post
from reporting.client_money.services import report_prepare, report_sign
from reporting.day_close import services
from reporting.day_close.policy import last_business_day
from reporting.models import BooksCheck, BusinessDay, DayPolicy
from tests.reporting.money import House


@dataclass
class Closing(House):
    """Petra asks, Mary approves; the cut-off is midnight, so that a test holds at every hour."""

    @property
    def petra(self) -> Actor:
        return self.world.actor("petra")

    @property
    def mary(self) -> Actor:
        return self.world.actor("mary")

    def book(
        self,
        debit: AccountSpec,
        credit: AccountSpec,
        amount: str,
        *,
        at: datetime | None = None,
        currency: str = "EUR",
    ) -> Posting:
        """In the scope that is open, valued at noon of the last business day."""
        lines = [
            Line(
                account_for(actor=self.actor, spec=debit, currency=currency),
                account_for(actor=self.actor, spec=credit, currency=currency),
                Money(Decimal(amount), currency),
            )
        ]
        moment = at or datetime.combine(last_business_day(self.actor), time(12), UTC)
        return post(
            actor=self.actor, key=str(uuid7()), kind="test", lines=lines, effective_at=moment
        )

    def day(self) -> BusinessDay:
        """The last business day, over and past its cut-off; it covers what is booked before it."""
        with tenant_scope(self.actor.tenant_id, self.actor):
            policy = DayPolicy.objects.filter(tenant_id=self.actor.tenant_id).first()
            if policy is None:
                services.policy_set(actor=self.actor, values={"cut_off": time(0)})
            services.days_open(actor=self.actor)
            return BusinessDay.objects.get(
                tenant_id=self.actor.tenant_id, day=last_business_day(self.actor)
            )

    def report(self, note: str = "Seen.") -> None:
        """The client money report, prepared by the night and signed by Olivia."""
        olivia = self.world.actor("olivia")
        with tenant_scope(self.actor.tenant_id, self.actor):
            report = report_prepare(actor=self.actor, day=last_business_day(self.actor))
        with tenant_scope(olivia.tenant_id, olivia):
            report_sign(actor=olivia, report=report, note=note)

    def verify(self, row: BusinessDay) -> BooksCheck:
        with tenant_scope(self.petra.tenant_id, self.petra):
            check = services.verify_ask(actor=self.petra, row=row)
        outbox.drain(self.actor)
        with tenant_scope(self.petra.tenant_id, self.petra):
            check.refresh_from_db()
        return check

    def ready(self) -> BusinessDay:
        row = self.day()
        self.report()
        self.verify(row)
        return row

    def ask(self, row: BusinessDay, reasons: Mapping[str, str] | None = None) -> Approval:
        with tenant_scope(self.petra.tenant_id, self.petra):
            return services.close_ask(actor=self.petra, row=row, reasons=reasons or {})

    def approve(self, approval: Approval, by: Actor | None = None) -> Approval:
        actor = by or self.mary
        with tenant_scope(actor.tenant_id, actor):
            return approval_vote(actor=actor, approval=approval, approves=True)

    def closed(self) -> BusinessDay:
        row = self.ready()
        self.approve(self.ask(row))
        with tenant_scope(self.actor.tenant_id, self.actor):
            row.refresh_from_db()
        return row
