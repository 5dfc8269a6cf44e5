"""Locks of reporting: the business days of a brokerage are made by one at a time; then a day's row,
approvals, and last the ledger's."""

from django.db import connection

from backoffice.core.context import Actor


def days_lock(actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('business days', %s))",
            [actor.tenant_id],
        )
