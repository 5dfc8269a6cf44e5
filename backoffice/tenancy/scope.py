"""A tenant in scope, in Python and in the database, for the length of one transaction."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

from backoffice.core.context import Actor, current_tenant_id, system_actor, tenant_context
from backoffice.tenancy.models import Tenant

log = logging.getLogger(__name__)
_brokerage: ContextVar[dict[int, Tenant] | None] = ContextVar("brokerage", default=None)


@contextmanager
def tenant_scope(
    tenant_id: int, actor: Actor | None = None, *, tenant: Tenant | None = None
) -> Iterator[None]:
    """One transaction for one tenant; ``tenant`` is its row, when the caller has read it.

    ``set_config(.., is_local => true)`` ends with the transaction, so a transaction pooler is safe
    and nothing of a tenant stays behind on the connection.
    """
    with transaction.atomic(), tenant_context(tenant_id, actor):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])
        token = _brokerage.set({} if tenant is None else {tenant_id: tenant})
        try:
            yield
        finally:
            _brokerage.reset(token)


def brokerage() -> Tenant:
    """The brokerage in scope: its time zone, currencies and names, read once in a scope."""
    tenant_id, read = current_tenant_id(), _brokerage.get()
    if read is None:
        return Tenant.objects.get(pk=tenant_id)
    if tenant_id not in read:
        read[tenant_id] = Tenant.objects.get(pk=tenant_id)
    return read[tenant_id]


def all_tenants(*, reason: str, job: str) -> Iterator[Actor]:
    """One system actor per active tenant, for jobs that serve them all; logged with its reason.

    The caller opens ``tenant_scope(actor.tenant_id, actor)`` itself, as short as it needs.
    """
    log.info("all tenants", extra={"reason": reason, "job": job})
    for tenant_id in Tenant.objects.filter(active=True).values_list("id", flat=True):
        yield system_actor(tenant_id, job)
