"""Each day's client money report, tenant by tenant."""

import logging
from datetime import date

from celery import shared_task

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.figures import day_text
from backoffice.tenancy.scope import all_tenants, brokerage, tenant_scope
from backoffice.workflow import outbox
from reporting.client_money.services import report_prepare
from reporting.day_close.policy import cut_off_of, last_business_day, policy_of
from reporting.models import ClientMoneyReport
from reporting.states import ReportState

log = logging.getLogger(__name__)

NOTIFY = "operations.notify"
SIGNERS = "permission:reporting.sign_report"


@shared_task
def client_money_nightly() -> int:
    """Prepare the report of the last business day where that is still to do; returns how many."""
    made = 0
    for actor in all_tenants(reason="client money of yesterday", job="client money report"):
        try:
            with tenant_scope(actor.tenant_id, actor):
                made += prepare_last(actor)
        except DomainError as refusal:
            log.warning("client money report refused", extra={"tenant_id": actor.tenant_id})
            _tell_refused(actor, refusal.sentence)
    return made


def prepare_last(actor: Actor) -> bool:
    """Once the cut-off has passed, by when the day's statements are booked; False when it is too
    early or done."""
    day, zone = last_business_day(actor), brokerage().timezone
    if now() < cut_off_of(policy_of(actor.tenant_id), day, zone):
        return False
    return prepare_day(actor, day)


def prepare_day(actor: Actor, day: date) -> bool:
    """Prepare the report of ``day``; False when there is one."""
    done = ClientMoneyReport.objects.filter(tenant_id=actor.tenant_id, day=day).exclude(
        state=ReportState.REPLACED
    )
    if done.exists():
        return False
    report = report_prepare(actor=actor, day=day)
    _notify("reporting.client_money_ready", day, reference=report.reference)
    return True


def _tell_refused(actor: Actor, sentence: str) -> None:
    with tenant_scope(actor.tenant_id, actor):
        _notify("reporting.client_money_refused", last_business_day(actor), text=sentence)


def _notify(template: str, day: date, **values: str) -> None:
    """Once a day for each reviewer, however often it is tried."""
    payload = {
        "to": SIGNERS,
        "template": template,
        "day": day_text(day),
        "once": f"{template}:{day}",
    }
    outbox.put(NOTIFY, payload=payload | values)
