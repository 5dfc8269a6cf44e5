from celery import shared_task

from backoffice.tenancy.scope import all_tenants
from kyc import deadlines


@shared_task
def kyc_daily() -> int:
    """Warnings and expiry of documents, abandoned drafts, periodic reviews; for every tenant."""
    return sum(
        sum(deadlines.run(actor).values())
        for actor in all_tenants(reason="papers expire and reviews fall due", job="kyc deadlines")
    )
