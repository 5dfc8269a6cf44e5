"""The demo's brokerages, their roles, and one person per role (two who approve payments)."""

from functools import cache

from django.contrib.auth.hashers import make_password

from backoffice.core.context import Actor
from backoffice.staff.models import Role, User
from backoffice.staff.roles import ROLES
from backoffice.staff.selectors import actor_for, known_permissions
from backoffice.staff.services import member_add, role_create
from backoffice.tenancy.models import LegalEntity, Tenant
from operations.demo import PASSWORD, Demo, step

TENANTS = (
    {
        "slug": "aurora",
        "name": "Aurora Markets",
        "timezone": "Asia/Nicosia",
        "base_currency": "EUR",
        "currencies": ["EUR", "USD"],
        "entity": "Aurora Markets (EU) Ltd",
    },
    {
        "slug": "borealis",
        "name": "Borealis Trading",
        "timezone": "Europe/London",
        "base_currency": "GBP",
        "currencies": ["GBP"],
        "entity": "Borealis Trading UK Ltd",
        "accent": "teal",
    },
)
ENTITIES = {
    "aurora": ("Aurora Markets (EU) Ltd", "CySEC", "000/26", "CY"),
    "borealis": ("Borealis Trading UK Ltd", "FCA", "000000", "GB"),
}
# login name -> (name, role)
PEOPLE = {
    "operations": ("Olivia Marsh", "operations-manager"),
    "compliance": ("Carla Reyes", "compliance-officer"),
    "mlro": ("Miles Okafor", "mlro"),
    "payments": ("Pavel Novak", "payments"),
    "lead": ("Petra Lindqvist", "payments-lead"),
    "partners": ("Igor Marin", "ib-manager"),
    "analyst": ("Anna Kowalska", "analyst"),
    "support": ("Sam Carter", "support"),
    "manager": ("Mary Doyle", "manager"),
    "admin": ("Adam Stone", "administrator"),
}

#: Who runs the installation: a member of no brokerage.
OPERATOR = ("operator@platform.example", "Ruth Root")


def operator() -> User:
    """The demo's platform administrator, made when missing."""
    address, name = OPERATOR
    found = User.objects.filter(email=address).first()
    return found or User.objects.create_superuser(address, PASSWORD, name=name)


def tenants() -> list[Tenant]:
    """The demo's tenants, made when they are missing."""
    return [
        Tenant.objects.get_or_create(slug=facts["slug"], defaults=facts)[0] for facts in TENANTS
    ]


@step("people", 0)
def people(actor: Actor, demo: Demo) -> None:
    tenant = demo.tenant
    name, regulator, licence, country = ENTITIES[tenant.slug]
    if not LegalEntity.objects.filter(tenant_id=tenant.pk).exists():
        demo.past.go(demo.opened_at)
    LegalEntity.objects.get_or_create(
        name=name, defaults={"regulator": regulator, "licence": licence, "country": country}
    )
    for login, (person, code) in PEOPLE.items():
        user = User.objects.filter(email=email(login, tenant.slug)).first()
        if user is None:
            user = User.objects.create(
                email=email(login, tenant.slug),
                password=_hashed(),
                name=person,
                timezone=tenant.timezone,
            )
            member_add(actor=actor, user=user, roles=[_role(actor, code)])
        found = actor_for(user, tenant.pk)
        assert found is not None
        demo.actors[login] = found


@cache
def _hashed() -> str:
    """Slow by design, and the same for everyone here."""
    return make_password(PASSWORD)


def _role(actor: Actor, code: str) -> Role:
    role = Role.objects.filter(tenant_id=actor.tenant_id, code=code).first()
    if role is not None:
        return role
    template = ROLES[code]
    return role_create(
        actor=actor,
        code=code,
        name=template.name,
        permissions=template.permissions & known_permissions(),
    )


def email(login: str, slug: str) -> str:
    return f"{login}@{slug}.example"
