"""Make a brokerage of any size, by seed: what speed is measured against."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
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

SCALE_MAX = 10.0


class Command(BaseCommand):
    help = (
        "Make a brokerage of its own with 1M clients, 5M ledger transfers and 5M deals times"
        " --scale. Its administrator has a known password: for measuring alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--scale", type=float, default=0.01)
        parser.add_argument("--tenant", default="load", metavar="SLUG")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--until", type=datetime.fromisoformat, help="where its year ends (default: now)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["scale"] <= SCALE_MAX:
            raise CommandError(f"--scale is above 0 and at most {SCALE_MAX:g}.")
        until = options["until"] or now()
        size = make(
            slug=options["tenant"],
            scale=options["scale"],
            seed=options["seed"],
            until=until if until.tzinfo else until.replace(tzinfo=UTC),
            say=self.stdout.write,
        )
        self.stdout.write(f"sign in as {email(options['tenant'])} with {PASSWORD}")
        self.stdout.write(f"{size.clients:,} clients, {size.deals:,} deals")


def make(*, slug: str, scale: float, seed: int, until: datetime, say: Any = print) -> Size:
    """Load the brokerage ``slug``. Raises ``CommandError`` when there is one of that name."""
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
        raise CommandError(f"There is a brokerage {slug} already. Choose another --tenant.")
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
