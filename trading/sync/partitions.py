"""The months of the table of deals."""

from datetime import date, timedelta

from django.db import connection

AHEAD = timedelta(days=92)


def partitions_make(today: date) -> int:
    """Make this month's and the coming months' partitions; returns how many were missing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT trading_deal_partitions(%s, %s)", [today, today + AHEAD])
        made: int = cursor.fetchone()[0]
    return made
