"""The operator: who gets in, brokerages from nothing, suspension, support sessions."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client, override_settings
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.audit.selectors import verify
from backoffice.audit.services import seal
from backoffice.core.clock import now
from backoffice.core.context import system_actor
from backoffice.staff.models import Membership, Role, SupportSession, User
from backoffice.staff.roles import ROLES
from backoffice.tenancy.models import LegalEntity, Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.outbox import drain
from compliance.models import Scenario
from kyc.models import Level
from operations.models import PlatformEntry
from tests.addresses import addresses
from tests.clients.factories import make_lead
from tests.world import World

Browse = Callable[[str], Client]
REASON = "Ticket 4711: a list does not open"
CREATE = [
    "tenant_create", "cirrus", "Cirrus Capital",
    "--entity", "Cirrus Capital Ltd", "--regulator", "FSCA", "--country", "za",
    "--currencies", "usd,eur", "--timezone", "Africa/Johannesburg",
    "--admin", "Ada Nel <ada@cirrus.example>", "--admin", "Ben Nel <ben@cirrus.example>",
]  # fmt: skip


@pytest.fixture
def operator(world: World) -> Client:
    user = User.objects.create_superuser("root@platform.example", "x", name="Ruth Root")
    client = Client()
    client.force_login(user)
    return client


def _paths() -> list[str]:
    return [
        reverse(address.name, kwargs=dict.fromkeys(address.arguments, "aurora"))
        for address in addresses()
        if address.operator
    ]


def _told(tenant: Tenant, action: str) -> list[tuple[str, str]]:
    with tenant_scope(tenant.pk):
        rows = AuditEntry.objects.filter(tenant=tenant, action=action).order_by("id")
        return [(row.actor_name, row.subject_label) for row in rows]


@pytest.mark.parametrize("path", _paths())
def test_the_platform_does_not_exist_for_others(world: World, browse: Browse, path: str) -> None:
    assert Client().get(path).status_code in (302, 405)
    for name in ("adam", "zoe"):
        client = browse(name)
        assert {client.get(path).status_code, client.post(path).status_code} <= {404, 405}
    assert PlatformEntry.objects.count() == 0


def test_the_platform_has_its_own_host_and_networks(operator: Client) -> None:
    assert operator.get("/platform/").status_code == 200
    with override_settings(PLATFORM_HOSTS=["ops.example"], ALLOWED_HOSTS=["*"]):
        assert operator.get("/platform/").status_code == 404
        assert operator.get("/platform/", headers={"Host": "ops.example"}).status_code == 200
    with override_settings(PLATFORM_NETWORKS=["203.0.113.0/24"]):
        assert operator.get("/platform/").status_code == 404
        assert operator.get("/platform/", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_an_operator_needs_a_second_factor_too(operator: Client) -> None:
    with override_settings(MFA_MANDATORY=True):
        assert operator.get("/platform/")["Location"] == "/accounts/2fa/"


def test_every_step_of_an_operator_is_kept_and_stays(operator: Client) -> None:
    operator.get("/platform/of/aurora/")
    operator.get("/platform/trail/")
    kept = PlatformEntry.objects.order_by("id").values_list("user_name", "what", "ip")
    assert list(kept) == [
        ("Ruth Root", "GET /platform/of/aurora/", "127.0.0.1"),
        ("Ruth Root", "GET /platform/trail/", "127.0.0.1"),
    ]
    for attack in ("UPDATE operations_platformentry SET what = 'x'",
                   "DELETE FROM operations_platformentry"):  # fmt: skip
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(attack)


def test_an_operator_is_in_no_brokerage_without_a_support_session(operator: Client) -> None:
    assert operator.get("/clients/")["Location"] == "/brokerage/"


def test_the_command_makes_a_brokerage_that_its_administrators_can_run(world: World) -> None:
    said = StringIO()
    call_command(*CREATE, "--print-links", stdout=said)
    tenant = Tenant.objects.get(slug="cirrus")
    assert (tenant.base_currency, tenant.currencies) == ("USD", ["USD", "EUR"])
    system = system_actor(tenant.pk, "tests")
    with tenant_scope(tenant.pk, system):
        assert Role.objects.count() == len(ROLES)
        assert Level.objects.count() > 0
        assert Scenario.objects.count() > 0
        assert LegalEntity.objects.get().name == "Cirrus Capital Ltd"
    drain(system)
    assert {letter.to[0] for letter in mail.outbox} == {"ada@cirrus.example", "ben@cirrus.example"}
    links = re.findall(r"http\S+(/invited/\S+)", said.getvalue())
    for email, path in zip(("ada@cirrus.example", "ben@cirrus.example"), links, strict=True):
        client = Client()
        client.post(path, {"password": "plain words nobody joins"})
        client.post("/accounts/login/", {"login": email, "password": "plain words nobody joins"})
        for page in ("/", "/staff/", "/clients/", "/approvals/", "/audit/"):
            assert client.get(page).status_code == 200, page
    with tenant_scope(tenant.pk, system):
        seal(actor=system)
        assert verify(tenant.pk).intact


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"--currencies": "EUR,DOUBLOON"}, "DOUBLOON is not a currency"),
        ({"--country": "xx"}, "country:"),
        ({"--timezone": "Mars/Olympus"}, "timezone:"),
        ({"--admin": "nobody"}, "email:"),
        ({"--regulator": " "}, "regulator:"),
    ],
)
def test_a_brokerage_with_something_wrong_is_not_made(
    world: World, changed: dict[str, str], says: str
) -> None:
    line = list(CREATE)
    for name, value in changed.items():
        line[line.index(name) + 1] = value
    with pytest.raises(CommandError, match=says):
        call_command(*line)
    assert not Tenant.objects.filter(slug="cirrus").exists()
    assert PlatformEntry.objects.count() == 0


def test_a_brokerage_is_made_on_the_page(operator: Client) -> None:
    form = {
        "name": "Cirrus", "slug": "cirrus", "entity": "Cirrus Ltd", "regulator": "FSCA",
        "country": "ZA", "base_currency": "USD", "currencies": "USD, EUR", "timezone": "UTC",
        "administrators": "ada@cirrus.example Ada Nel\nben@cirrus.example Ben Nel",
    }  # fmt: skip
    wrong = operator.post("/platform/new/", form | {"slug": "aurora"})
    assert wrong.status_code == 422
    assert "There is a brokerage of this short name." in wrong.content.decode()
    assert operator.post("/platform/new/", form)["Location"] == "/platform/of/cirrus/"
    page = operator.get("/platform/of/cirrus/").content.decode()
    assert page.count(">Invited<") == 2
    tenant = Tenant.objects.get(slug="cirrus")
    assert _told(tenant, "staff.tenant_created") == [("Ruth Root (platform)", "Cirrus")]
    with tenant_scope(tenant.pk):
        assert Membership.objects.count() == 2


def test_one_more_administrator_is_invited(operator: Client, world: World) -> None:
    path = "/platform/of/aurora/invite/"
    operator.post(path, {"email": "eve@aurora.example", "person": "Eve Hall"})
    with tenant_scope(world.aurora.pk):
        held = Membership.objects.get(user__email="eve@aurora.example").held.get()
        assert held.role.code == "administrator"
    assert operator.post(path, {"email": "sam@aurora.example", "person": "S"}).status_code == 422


def test_a_suspended_brokerage_is_shut_at_once_and_opens_again(
    operator: Client, world: World, browse: Browse
) -> None:
    sam, zoe = browse("sam"), browse("zoe")
    path = "/platform/of/aurora/move/"
    assert operator.post(path, {"active": "no", "reason": "short"}).status_code == 422
    assert sam.get("/").status_code == 200
    operator.post(path, {"active": "no", "reason": "Licence withdrawn by the regulator"})
    assert sam.get("/")["Location"] == "/brokerage/"
    assert zoe.get("/").status_code == 200
    operator.post(path, {"active": "yes", "reason": "The licence is given back"})
    assert sam.get("/").status_code == 200
    assert _told(world.aurora, "staff.tenant_suspended") == [
        ("Ruth Root (platform)", "Aurora Markets")
    ]
    page = operator.get("/platform/of/aurora/").content.decode()
    assert '<span class="was">no</span>' in page


def _support(operator: Client, world: World, minutes: int = 30) -> SupportSession:
    answer = operator.post("/platform/of/aurora/support/", {"reason": REASON, "minutes": minutes})
    assert answer["Location"] == "/"
    with tenant_scope(world.aurora.pk):
        return SupportSession.objects.latest("opened_at")


def test_a_support_session_reads_one_brokerage_masked_under_a_banner(
    operator: Client, world: World
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        client = make_lead(adam, email="hidden@mail.example")
    _support(operator, world)
    page = operator.get("/clients/").content.decode()
    assert "Support session of Ruth Root: Ticket 4711" in page
    assert client.reference in page
    assert "hidden@mail.example" not in page
    detail = operator.get(f"/clients/{client.pk}/").content.decode()
    assert "hidden@mail.example" not in detail
    assert _told(world.aurora, "staff.support_looked") == [
        ("Ruth Root (platform support)", "/clients/"),
        ("Ruth Root (platform support)", f"/clients/{client.pk}/"),
    ]
    assert _told(world.aurora, "staff.support_opened") == [("Ruth Root (platform)", "Ruth Root")]


def test_a_support_session_changes_nothing(operator: Client, world: World) -> None:
    _support(operator, world)
    for path in ("/clients/new/", "/views/save/", "/exports/ask/", "/approvals/"):
        assert operator.post(path, {"list": "clients.clients", "name": "x"}).status_code == 403
    for path in ("/staff/", "/api-keys/", "/compliance/scenarios/", "/exports/"):
        assert operator.get(path).status_code == 403, path


def test_a_support_session_ends_by_itself(operator: Client, world: World) -> None:
    _support(operator, world, minutes=15)
    assert operator.get("/clients/").status_code == 200
    with time_machine.travel(now() + timedelta(minutes=16), tick=False):
        assert operator.get("/clients/")["Location"] == "/support/"
        assert "It has ended" in operator.get("/support/").content.decode()


def test_a_support_session_is_ended_by_the_operator(operator: Client, world: World) -> None:
    row = _support(operator, world)
    assert REASON in operator.get("/support/").content.decode()
    operator.post("/support/")
    assert operator.get("/clients/")["Location"] == "/brokerage/"
    with tenant_scope(world.aurora.pk):
        row.refresh_from_db()
    assert row.ended_by == "Ruth Root (platform support)"


def test_a_support_session_of_another_is_nobody_elses(
    operator: Client, world: World, browse: Browse
) -> None:
    row = _support(operator, world)
    other = User.objects.create_superuser("rob@platform.example", "x", name="Rob")
    client = Client()
    client.force_login(other)
    for visitor in (client, browse("zoe")):
        session: Any = visitor.session
        session["support_session"] = [world.aurora.pk, str(row.pk)]
        session.save()
    assert client.get("/clients/")["Location"] == "/support/"
    zoe = browse("zoe")
    assert "Borealis" in zoe.get("/").content.decode()


@pytest.mark.parametrize("form", [{"reason": "x", "minutes": 30}, {"reason": REASON, "minutes": 9}])
def test_a_support_session_needs_a_reason_and_an_end(
    operator: Client, world: World, form: dict[str, Any]
) -> None:
    assert operator.post("/platform/of/aurora/support/", form).status_code == 422
    with tenant_scope(world.aurora.pk):
        assert not SupportSession.objects.exists()
