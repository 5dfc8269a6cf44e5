from datetime import timedelta

from celery import shared_task
from django.conf import settings

from backoffice.core.clock import today
from backoffice.tenancy.scope import all_tenants
from compliance.download import lists_download
from compliance.monitoring.run import days_due, monitoring_run
from compliance.rescreen import lists_follow
from compliance.risk.services import everyone_assess


@shared_task
def lists_refresh() -> dict[str, str]:
    """Fetch the public lists that the deployment names; none by default."""
    return lists_download(settings.WATCH_LIST_FILES)


@shared_task
def lists_screen() -> int:
    """Bring every brokerage up to the lists in use."""
    return sum(
        run.screened
        for actor in all_tenants(reason="lists may have changed", job="list screening")
        for run in lists_follow(actor)
    )


@shared_task
def monitor() -> int:
    """The scenarios over everything until the end of yesterday (UTC), for every brokerage; a night
    that was missed is made up for first, day by day."""
    return sum(
        len(monitoring_run(actor=actor, as_of=day).results)
        for actor in all_tenants(reason="transaction monitoring", job="monitoring")
        for day in days_due(actor, today() - timedelta(days=1))
    )


@shared_task
def assess_risk() -> int:
    """Everyone whose risk is another than it was: by the night's payments, alerts and papers."""
    return sum(
        everyone_assess(actor=actor, why="the nightly reckoning")
        for actor in all_tenants(reason="risk of clients", job="risk")
    )
