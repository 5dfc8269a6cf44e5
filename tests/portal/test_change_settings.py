"""Settings of a brokerage: brand, networks with four eyes, service levels, and their history."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput
from backoffice.portal.settings_pages import NETWORKS
from backoffice.staff import policies
from backoffice.staff.models import Membership, Role, SupportSession
from backoffice.staff.services import role_grant
from backoffice.tenancy.models import LegalEntity, Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import Approval, QueuePolicy
from backoffice.workflow.policies import levels
from backoffice.workflow.queues import due_at
from tests.world import World

Browse = Callable[[str], Client]
OFFICE = "127.0.0.0/8 Here\n203.0.113.0/24 Limassol office"


@pytest.fixture
def eve(world: World, browse: Browse) -> Client:
    """Mary holds the administrator's role too: the second person."""
    system = world.system()
    with tenant_scope(world.aurora.pk, system):
        role_grant(
            actor=system,
            membership=Membership.objects.get(user=world.user("mary")),
            role=Role.objects.get(code="administrator"),
        )
    return browse("mary")


def _pending(world: World) -> Approval:
    with tenant_scope(world.aurora.pk):
        return Approval.objects.get(kind=NETWORKS, state="pending")


def _list(world: World) -> list[str]:
    return list(Tenant.objects.get(pk=world.aurora.pk).ip_allow_list)


def test_the_page_shows_ones_own_address(world: World, browse: Browse) -> None:
    page = browse("adam").get("/settings/access/", REMOTE_ADDR="2001:db8::7").content.decode()
    assert "2001:db8::7" in page


def test_a_list_that_locks_its_author_out_is_refused(world: World, browse: Browse) -> None:
    answer = browse("adam").post("/settings/access/", {"ranges": "203.0.113.0/24"})
    assert answer.status_code == 422
    assert "Your own address 127.0.0.1 is not in this list" in answer.content.decode()
    with tenant_scope(world.aurora.pk):
        assert not Approval.objects.filter(kind=NETWORKS).exists()


@pytest.mark.parametrize(
    ("ranges", "says"),
    [
        ("127.0.0.1\noffice", "Line 2: office is not an address"),
        ("0.0.0.0/0", "that is everyone"),
        ("127.0.0.1/8", "lies inside 127.0.0.0/8"),
    ],
)
def test_what_is_no_network_is_refused_by_line(
    world: World, browse: Browse, ranges: str, says: str
) -> None:
    answer = browse("adam").post("/settings/access/", {"ranges": ranges})
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_a_list_is_in_force_once_a_second_person_approves_it(
    world: World, browse: Browse, eve: Client
) -> None:
    adam = browse("adam")
    assert adam.post("/settings/access/", {"ranges": OFFICE}).status_code == 302
    assert _list(world) == []
    path = f"/approvals/{_pending(world).pk}/decide/"
    adam.post(path, {"decision": "approve"})  # not by who asked
    assert _list(world) == []
    eve.post(path, {"decision": "approve"})
    assert _list(world) == ["127.0.0.0/8", "203.0.113.0/24"]
    assert adam.get("/", REMOTE_ADDR="198.51.100.1").status_code == 403
    refusal = adam.get("/", REMOTE_ADDR="198.51.100.1").content.decode()
    assert "named networks only" in refusal
    page = adam.get("/settings/access/").content.decode()
    assert "203.0.113.0/24 Limassol office" in page
    with tenant_scope(world.aurora.pk):
        told = AuditEntry.objects.filter(action="staff.networks_changed")
        assert [row.actor_name for row in told] == ["Mary"]


def test_nobody_approves_a_list_that_locks_them_out(
    world: World, browse: Browse, eve: Client
) -> None:
    browse("adam").post("/settings/access/", {"ranges": OFFICE})
    path = f"/approvals/{_pending(world).pk}/decide/"
    eve.post(path, {"decision": "approve"}, REMOTE_ADDR="198.51.100.1")
    assert _list(world) == []
    assert _pending(world).state == "pending"


def test_the_same_list_is_not_asked_twice(world: World, browse: Browse) -> None:
    adam = browse("adam")
    adam.post("/settings/access/", {"ranges": OFFICE})
    assert adam.post("/settings/access/", {"ranges": "127.0.0.1"}).status_code == 422
    with tenant_scope(world.aurora.pk):
        assert Approval.objects.filter(kind=NETWORKS).count() == 1


def test_an_unchanged_list_asks_nobody(world: World, browse: Browse) -> None:
    browse("adam").post("/settings/access/", {"ranges": "  \n"})
    with tenant_scope(world.aurora.pk):
        assert not Approval.objects.filter(kind=NETWORKS).exists()


def test_the_service_refuses_a_lock_out_whoever_calls_it(world: World) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam), pytest.raises(InvalidInput):
        policies.networks_set(actor=adam, lines=["203.0.113.0/24"])
    assert _list(world) == []


def test_the_brand_is_seen_on_the_next_page_and_its_history_reads_as_a_difference(
    world: World, browse: Browse
) -> None:
    with tenant_scope(world.aurora.pk):
        LegalEntity.objects.create(name="Aurora (EU) Ltd", regulator="CySEC", country="CY")
    adam = browse("adam")
    form = {"name": "Aurora Prime", "accent": "plum", "entity": "Aurora (EU) Ltd"}
    assert adam.post("/settings/brand/", form).status_code == 302
    page = adam.get("/settings/brand/").content.decode()
    assert 'data-accent="plum"' in page.partition("<head>")[0]
    assert "<small>Aurora (EU) Ltd</small>" in page
    assert '<span class="was">Aurora Markets</span>' in page
    assert '<span class="changed">Plum</span>' in page
    assert "Adam" in page


@pytest.mark.parametrize(
    "form",
    [
        {"name": " ", "accent": ""},
        {"name": "A", "accent": "pink"},
        {"name": "A", "accent": "", "entity": "Borealis Ltd"},
    ],
)
def test_a_brand_that_cannot_be_is_refused(
    world: World, browse: Browse, form: dict[str, str]
) -> None:
    with tenant_scope(world.borealis.pk):
        LegalEntity.objects.create(name="Borealis Ltd", regulator="FCA", country="GB")
    assert browse("adam").post("/settings/brand/", form).status_code == 422
    assert Tenant.objects.get(pk=world.aurora.pk).name == "Aurora Markets"


def test_a_service_level_holds_for_what_comes_next(world: World, browse: Browse) -> None:
    olivia, actor = browse("olivia"), world.actor("olivia")
    with tenant_scope(actor.tenant_id, actor):
        queue = levels(actor)[0].queue
    path = f"/settings/levels/{queue.code}/"
    assert olivia.post(path, {"due_minutes": 90, "due_minutes_urgent": 15}).status_code == 302
    moment = now()
    with tenant_scope(actor.tenant_id, actor):
        clocks = [
            due_at(actor.tenant_id, queue.code, urgent=urgent, opened_at=moment) - moment
            for urgent in (False, True)
        ]
    assert clocks == [timedelta(minutes=90), timedelta(minutes=15)]
    assert '<span class="changed">90</span>' in olivia.get(path).content.decode()
    olivia.post(path, {"do": "reset"})
    with tenant_scope(actor.tenant_id, actor):
        assert not QueuePolicy.objects.exists()
        assert levels(actor)[0].due_minutes == queue.due_minutes
    assert "Removed" in olivia.get(path).content.decode()


@pytest.mark.parametrize(
    "form",
    [
        {"due_minutes": 0, "due_minutes_urgent": 1},
        {"due_minutes": 60, "due_minutes_urgent": 61},
        {"due_minutes": 99_999_999, "due_minutes_urgent": 1},
        {"due_minutes": "soon", "due_minutes_urgent": 1},
    ],
)
def test_a_clock_that_cannot_be_is_refused(
    world: World, browse: Browse, form: dict[str, object]
) -> None:
    actor = world.actor("olivia")
    with tenant_scope(actor.tenant_id, actor):
        code = levels(actor)[0].queue.code
    assert browse("olivia").post(f"/settings/levels/{code}/", form).status_code == 422
    with tenant_scope(actor.tenant_id, actor):
        assert not QueuePolicy.objects.exists()


def test_a_queue_that_one_may_not_open_has_no_clock_for_them(world: World, browse: Browse) -> None:
    page = browse("olivia").get("/settings/levels/").content.decode()
    assert "monitoring" not in page.lower()
    assert browse("olivia").get("/settings/levels/compliance.alerts/").status_code == 404


def test_the_brokerage_shows_the_operator_out(world: World, browse: Browse) -> None:
    with tenant_scope(world.aurora.pk):
        row = SupportSession.objects.create(
            user=world.user("zoe"),
            user_name="Ruth Root",
            reason="Ticket 4711",
            expires_at=now() + timedelta(hours=1),
        )
    adam = browse("adam")
    assert "Ticket 4711" in adam.get("/settings/access/").content.decode()
    adam.post(f"/settings/access/{row.pk}/end/")
    with tenant_scope(world.aurora.pk):
        row.refresh_from_db()
    assert row.ended_by == "Adam"


def test_settings_are_listed_by_right(world: World, browse: Browse) -> None:
    assert "Brand" in browse("adam").get("/settings/").content.decode()
    page = browse("olivia").get("/settings/").content.decode()
    assert "Service levels" in page
    assert "/settings/brand/" not in page
    assert browse("sam").get("/settings/brand/").status_code == 403


def test_an_entity_is_set_up_and_its_new_name_goes_under_the_brand(
    world: World, browse: Browse
) -> None:
    adam = browse("adam")
    form = {"name": "Aurora (EU) Ltd", "regulator": "CySEC", "country": "CY"}
    assert adam.post("/settings/entities/new/", form).status_code == 302
    assert adam.post("/settings/entities/new/", form).status_code == 422  # there is one
    adam.post("/settings/brand/", {"name": "Aurora", "accent": "", "entity": form["name"]})
    with tenant_scope(world.aurora.pk):
        row = LegalEntity.objects.get()
    path = f"/settings/entities/{row.pk}/"
    assert adam.post(path, form | {"lei": "TOO SHORT"}).status_code == 422
    renamed = form | {"name": "Aurora (Cyprus) Ltd", "lei": "529900T8BM49AURSDO55"}
    assert adam.post(path, renamed).status_code == 302
    page = adam.get(path).content.decode()
    assert '<span class="was">Aurora (EU) Ltd</span>' in page
    assert "<small>Aurora (Cyprus) Ltd</small>" in page
