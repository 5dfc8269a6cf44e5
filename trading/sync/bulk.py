"""One writer per trading server."""

from django.db import connection


def lock_server(kind: str, tenant_id: int, server_id: object) -> None:
    """One writer per server until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"{tenant_id}:trading:{kind}:{server_id}"],
        )
