"""Each day's client money report, tenant by tenant."""

import logging
from datetime import date, timedelta

from celery import shared_task

from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.figures import day_text
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import all_tenants, tenant_scope
from backoffice.workflow import outbox
from ledger.days import day_close, day_end, snapshots_take
from reporting.client_money.services import report_prepare
from reporting.models import ClientMoneyReport
from reporting.states import ReportState

log = logging.getLogger(__name__)

NOT_BEFORE = timedelta(hours=10)  # by then the banks' statements of the day are booked
NOTIFY = "operations.notify"
SIGNERS = "permission:reporting.sign_report"


@shared_task
def client_money_nightly() -> int:
    """Close yesterday and prepare its report where that is still to do; returns how many."""
    made = 0
    for actor in all_tenants(reason="client money of yesterday", job="client money report"):
        try:
            with tenant_scope(actor.tenant_id, actor):
                made += prepare_yesterday(actor)
        except DomainError as refusal:
            log.warning("client money report refused", extra={"tenant_id": actor.tenant_id})
            _tell_refused(actor, refusal.sentence)
    return made


def prepare_yesterday(actor: Actor) -> bool:
    """Once the day's statements had time to arrive; False when it is too early or done."""
    day = _yesterday(actor)
    if now() < day_end(actor.tenant_id, day) + NOT_BEFORE:
        return False
    return prepare_day(actor, day)


def prepare_day(actor: Actor, day: date) -> bool:
    """Close ``day`` where it is open and prepare its report; False when there is one."""
    done = ClientMoneyReport.objects.filter(tenant_id=actor.tenant_id, day=day).exclude(
        state=ReportState.REPLACED
    )
    if done.exists():
        return False
    day_close(actor=actor, day=day)
    snapshots_take(actor=actor)
    report = report_prepare(actor=actor, day=day)
    _notify("reporting.client_money_ready", day, reference=report.reference)
    return True


def _yesterday(actor: Actor) -> date:
    return today(Tenant.objects.get(pk=actor.tenant_id).timezone) - timedelta(days=1)


def _tell_refused(actor: Actor, sentence: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        _notify("reporting.client_money_refused", _yesterday(actor), text=sentence)


def _notify(template: str, day: date, **values: str) -> None:
    """Once a day for each reviewer, however often it is tried."""
    payload = {
        "to": SIGNERS,
        "template": template,
        "day": day_text(day),
        "once": f"{template}:{day}",
    }
    outbox.put(NOTIFY, payload=payload | values)
