"""Who of the staff looked at which client: counted while they look, one statement each."""

from django.db import connection

from backoffice.core.clock import now, today
from backoffice.core.context import Actor, ActorKind
from backoffice.core.ids import uuid7
from clients.models import Client, LookKind

_COUNT_UP = """
    INSERT INTO clients_look
        (tenant_id, id, client_id, user_ref, user_name, day, kind, times, last_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, 1, %s)
    ON CONFLICT (tenant_id, client_id, day, user_ref, kind)
    DO UPDATE SET times = clients_look.times + 1, last_at = excluded.last_at
"""


def look(*, actor: Actor, client: Client, kind: LookKind) -> None:
    """Count one look of a person; the product's own and the client's are nobody's."""
    if actor.kind is not ActorKind.STAFF:
        return
    row = (actor.tenant_id, uuid7(), client.pk, actor.ref, actor.name, today(), str(kind), now())
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_UP, row)
