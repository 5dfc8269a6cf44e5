"""One brokerage of its own, from its first role to its last audit entry."""

import time
from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import StateConflict
from backoffice.core.ids import uuid7
from backoffice.staff.models import User
from backoffice.staff.roles import ROLES
from backoffice.staff.selectors import actor_for, known_permissions
from backoffice.staff.services import member_add, role_create
from backoffice.tenancy.models import Counter, LegalEntity, Tenant
from backoffice.tenancy.scope import tenant_scope
from operations.demo import PASSWORD
from operations.load import loaders
from operations.load.bulk import Bulk
from operations.load.flows import CURRENCIES
from operations.load.size import Size


def make(
    *, slug: str, scale: float, seed: int, until: datetime, say: Callable[[str], None] = print
) -> Size:
    """Load the brokerage ``slug``. Raises ``StateConflict`` when there is one of that name."""
    with transaction.atomic():
        tenant, actor = _tenant(slug)
    size = Size(scale=scale, actor=actor, tenant_id=tenant.pk, until=until, seed=seed)
    bulk = Bulk(tenant.pk, say)
    started = time.perf_counter()
    for _, load in loaders():
        with tenant_scope(tenant.pk, actor):
            load(size, bulk)
    with tenant_scope(tenant.pk, actor):
        _count_on(size)
    bulk.analyse()
    total = bulk.total()
    took = time.perf_counter() - started
    say(f"{total.rows:,} rows in {took:.0f} s, {total.rows / took:,.0f}/s")
    return size


def email(slug: str) -> str:
    return f"admin@{slug}.example"


def _tenant(slug: str) -> tuple[Tenant, Actor]:
    if Tenant.objects.filter(slug=slug).exists():
        raise StateConflict(f"There is a brokerage {slug} already. Choose another --tenant.")
    tenant = Tenant.objects.create(
        slug=slug,
        name=f"{slug.title()} Markets",
        base_currency=CURRENCIES[0],
        currencies=list(CURRENCIES),
    )
    boss = system_actor(tenant.pk, "load")
    with tenant_scope(tenant.pk, boss):
        LegalEntity.objects.create(
            name=f"{slug.title()} Markets Ltd", regulator="CySEC", licence="000/00", country="CY"
        )
        everything = frozenset().union(*(role.permissions for role in ROLES.values()))
        role = role_create(
            actor=boss,
            code="administrator",
            name="Administrator",
            permissions=everything & known_permissions(),
        )
        user = User.objects.create_user(email(slug), PASSWORD, name="Adam Stone")
        member_add(actor=boss, user=user, roles=[role])
        actor = actor_for(user, tenant.pk)
    assert actor is not None
    return tenant, actor


def _count_on(size: Size) -> None:
    """The next reference that a service takes follows the last one loaded."""
    Counter.objects.bulk_create(
        Counter(id=uuid7(), tenant_id=size.tenant_id, prefix=prefix, year=year, last=last)
        for prefix, years in size.used.items()
        for year, last in years.items()
    )
