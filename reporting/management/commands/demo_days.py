"""Close the demo's earlier business days by its people, and leave the last one to whoever tries it.

Only where known passwords are let in: elsewhere people close days themselves.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from backoffice.core.clock import now, today
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import DomainError
from backoffice.staff.models import User
from backoffice.staff.selectors import actor_for
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import approval_vote
from reconciliation.account_days import places
from reconciliation.signing import account_sign
from reporting.client_money.services import report_prepare, report_sign
from reporting.client_money.tasks import prepare_day
from reporting.day_close import services
from reporting.day_close.calendar import business_day_before
from reporting.day_close.checklist import checklist, report_of
from reporting.day_close.policy import cut_off_of, policy_of
from reporting.models import BusinessDay
from reporting.states import ReportState

CLOSED = 2  # business days before the last one; the first covers the books from their beginning
REASONS = {
    "account": "What is on its way is named in the lines; seen with the bank.",
    "breaks": "Known, small, and being worked on; listed in the queue of breaks.",
    "unknown": "The provider was asked; the money stays on hold until it answers.",
    "unallocated": "The payer's bank was asked who it is.",
    "transit": "The wire is confirmed by the bank; it arrives with the next statement.",
    "trading": "A balance deal that nobody of ours made; it is being looked into.",
}


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="slug of the brokerage")
        parser.add_argument(
            "--sign-last", action="store_true", help="leave the last day ready to close"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is for the demo alone.")
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no brokerage {options['tenant']}.")
        try:
            closed = _People(tenant).close(sign_last=options["sign_last"])
        except DomainError as refusal:
            raise CommandError(refusal.sentence) from None
        self.stdout.write(f"{closed} days closed")


class _People:
    """The lead asks, the manager approves; who leads operations signs the reports."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.machine = system_actor(tenant.pk, "client money report")
        self.lead, self.manager, self.operations = (
            self._person(name) for name in ("lead", "manager", "operations")
        )

    def _person(self, name: str) -> Actor:
        user = User.objects.get(email=f"{name}@{self.tenant.slug}.example")
        with tenant_scope(self.tenant.pk, self.machine):
            actor = actor_for(user, self.tenant.pk)
        assert actor is not None
        return actor

    def close(self, *, sign_last: bool) -> int:
        with tenant_scope(self.tenant.pk, self.machine):
            policy, since = policy_of(self.tenant.pk), today(self.tenant.timezone)
            for _ in range(CLOSED + 1):
                since = business_day_before(since, weekends=policy.weekends)
            services.days_open(actor=self.machine, since=since)
            rows = BusinessDay.objects.filter(tenant_id=self.tenant.pk).exclude(state="closed")
            over = [
                row
                for row in rows.order_by("day")
                if now() >= cut_off_of(policy, row.day, self.tenant.timezone)
            ]
        for row in over[:-1]:
            self._accounts(row)
            self._sign(row)
            self._verify(row)
            self._close(row)
        for row in over[-1:]:
            if sign_last:
                self._accounts(row)
                self._sign(row)
                self._verify(row)
            else:
                with tenant_scope(self.tenant.pk, self.machine):
                    prepare_day(self.machine, row.day)
        return len(over[:-1])

    def _accounts(self, row: BusinessDay) -> None:
        with tenant_scope(self.tenant.pk, self.lead):
            for place in places(self.lead):
                account_sign(actor=self.lead, place=place, day=row.day, reason=REASONS["account"])

    def _sign(self, row: BusinessDay) -> None:
        with tenant_scope(self.tenant.pk, self.machine):
            report = report_of(self.machine, row.day)
            if report is None:
                report = report_prepare(actor=self.machine, day=row.day)
        if report.state == ReportState.SIGNED:
            return
        with tenant_scope(self.tenant.pk, self.operations):
            note = "Requirement and resource were looked at; the transfer is made today."
            report_sign(actor=self.operations, report=report, note=note)

    def _verify(self, row: BusinessDay) -> None:
        with tenant_scope(self.tenant.pk, self.lead):
            check = services.verify_ask(actor=self.lead, row=row)
            services.verify_run(actor=self.machine, check=check)

    def _close(self, row: BusinessDay) -> None:
        with tenant_scope(self.tenant.pk, self.lead):
            amber = [each.code for each in checklist(self.lead, row) if each.carried]
            reasons = {code: REASONS[code.partition(":")[0]] for code in amber}
            approval = services.close_ask(actor=self.lead, row=row, reasons=reasons)
        with tenant_scope(self.tenant.pk, self.manager):
            approval_vote(actor=self.manager, approval=approval, approves=True)
