"""The outbox's work of reconciliation."""

import time

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from payments.models import GatewayAccount
from reconciliation import intake
from reconciliation.matching import payouts_arrived
from reconciliation.models import SettlementReport, StatementFile
from reconciliation.settlements import reports

PART_S = 30.0  # of a worker's time; its lease on the work is longer, and others wait for their turn


@outbox.handles(intake.WORK, slow=True)
def statement_file(actor: Actor, item: OutboxItem) -> None:
    """Go on with a file, a transaction for each step; nothing when it is worked through."""
    assert item.subject_id is not None
    deadline = time.monotonic() + PART_S
    with tenant_scope(actor.tenant_id, actor):
        file = StatementFile.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
    while file.state not in intake.STANDS:
        with tenant_scope(actor.tenant_id, actor):
            if time.monotonic() > deadline:
                intake.file_leave(file=file)
                return
            file = intake.file_step(actor=actor, file=file)


@outbox.handles(reports.WORK, slow=True)
def settlement_report(actor: Actor, item: OutboxItem) -> None:
    """Read a kept report and match what is open of its gateway, a transaction each."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        report = SettlementReport.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        report = reports.report_read(actor=actor, report=report)
    if report.state == SettlementReport.State.READ:
        with tenant_scope(actor.tenant_id, actor):
            payouts_arrived(actor=actor, report=report)
        with tenant_scope(actor.tenant_id, actor):
            reports.gateway_match(actor=actor, gateway=report.gateway)


@outbox.handles(reports.AGAIN, slow=True)
def gateway_again(actor: Actor, item: OutboxItem) -> None:
    """Something was booked that a report may have told of before."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        gateway = GatewayAccount.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        reports.gateway_match(actor=actor, gateway=gateway)
