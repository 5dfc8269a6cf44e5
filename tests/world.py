"""The people of the tests: two brokerages, one person per role, and one who must see nothing."""

from dataclasses import dataclass, field

from backoffice.core.context import Actor, system_actor
from backoffice.staff.models import User
from backoffice.staff.roles import ROLES
from backoffice.staff.selectors import actor_for, known_permissions
from backoffice.staff.services import member_add, role_create
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from kyc.defaults import levels_install

# first name -> role code; everybody here works for Aurora
PEOPLE = {
    "olivia": "operations-manager",
    "carla": "compliance-officer",
    "miles": "mlro",
    "pavel": "payments",
    "petra": "payments-lead",
    "igor": "ib-manager",
    "anna": "analyst",
    "sam": "support",
    "mary": "manager",
    "adam": "administrator",
}
STRANGER = "zoe"  # administrator of Borealis, the other brokerage
SLUGS = ("aurora", "borealis")


@dataclass
class World:
    aurora: Tenant
    borealis: Tenant
    users: dict[str, User] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def user(self, name: str) -> User:
        return self.users[name]

    def actor(self, name: str) -> Actor:
        return self.actors[name]

    def system(self) -> Actor:
        return system_actor(self.aurora.pk, "tests")


_actors: dict[str, Actor] = {}


def make_world() -> None:
    """Write the world into the database: once for a run, and again after a wipe."""
    aurora = Tenant.objects.create(
        slug="aurora", name="Aurora Markets", base_currency="EUR", currencies=["EUR", "USD"]
    )
    borealis = Tenant.objects.create(
        slug="borealis", name="Borealis Trading", base_currency="GBP", currencies=["GBP"]
    )
    _people(aurora, PEOPLE)
    _people(borealis, {STRANGER: "administrator"})
    # Some eighty rows, which each test about a level would otherwise lay for itself.
    with tenant_scope(aurora.pk, _actors["adam"]):
        levels_install(actor=_actors["adam"])


def load_world() -> World:
    """The world that the database holds, with rows read afresh."""
    tenants = {tenant.slug: tenant for tenant in Tenant.objects.filter(slug__in=SLUGS)}
    users = {
        user.email.partition("@")[0]: user
        for user in User.objects.filter(email__in=[_email(name) for name in (*PEOPLE, STRANGER)])
    }
    return World(tenants["aurora"], tenants["borealis"], users, dict(_actors))


def _email(name: str) -> str:
    return f"{name}@{'borealis' if name == STRANGER else 'aurora'}.example"


def _people(tenant: Tenant, people: dict[str, str]) -> None:
    boss = system_actor(tenant.pk, "set-up")
    with tenant_scope(tenant.pk, boss):
        for name, code in people.items():
            role = role_create(
                actor=boss,
                code=code,
                name=ROLES[code].name,
                permissions=ROLES[code].permissions & known_permissions(),
            )
            user = User.objects.create_user(
                _email(name), "correct horse battery", name=name.capitalize()
            )
            member_add(actor=boss, user=user, roles=[role])
            actor = actor_for(user, tenant.pk)
            assert actor is not None
            _actors[name] = actor
