"""Health: what is silent, what is late, what failed and can be tried again."""

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.errors import OutsideError
from backoffice.staff.models import User
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from operations import tasks
from operations.health import signs
from operations.models import Backup, Heartbeat, RestoreDrill
from payments.models import GatewayAccount
from tests.world import World

Browse = Callable[[str], Browser]


def _signs(world: World) -> dict[str, str]:
    with tenant_scope(world.aurora.pk, world.actor("olivia")):
        return {sign.name: sign.word for sign in signs(world.actor("olivia"))}


def test_workers_queue_gateways_and_backups_are_told_apart(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        GatewayAccount.objects.create(
            kind="cashier", name="Cashier", webhook_token="t", last_error="401", last_error_at=now()
        )
    found = _signs(world)
    assert found == {
        "Workers": "None seen",
        "Work after commits": "On time",
        "Gateway Cashier": "Failing",
        "Backup": "None yet",
        "Restore drill": "None yet",
    }
    tasks.pulse()
    assert _signs(world)["Workers"] == "Working"


def test_a_brokerage_reads_of_workers_together_and_only_the_operator_where_they_run(
    world: World, browse: Browse
) -> None:
    tasks.pulse()
    name = f"worker on {socket.gethostname()}"
    assert [beat.name for beat in Heartbeat.objects.all()] == [name]
    for address in ("/", "/operations/health/"):
        page = browse("olivia").get(address).content.decode()
        assert "Workers" in page
        assert name.casefold() not in page.casefold()
    operator = Browser()
    operator.force_login(User.objects.create_superuser("root@platform.example", "x", name="Ruth"))
    assert name.capitalize() in operator.get("/platform/").content.decode()


def test_a_worker_that_falls_silent_is_told_and_one_that_was_replaced_forgotten(
    world: World,
) -> None:
    minutes = {"worker on one": 0, "worker on two": 5, "worker on a replaced machine": 70}
    for name, ago in minutes.items():
        Heartbeat.objects.create(name=name, seen_at=now() - timedelta(minutes=ago))
    assert _signs(world)["Workers"] == "Some are silent"
    Heartbeat.objects.filter(name="worker on two").update(seen_at=now())
    assert _signs(world)["Workers"] == "Working"
    Heartbeat.objects.update(seen_at=now() - timedelta(hours=3))
    assert _signs(world)["Workers"] == "Silent"


def test_an_old_backup_and_a_failed_drill_stand_out(world: World) -> None:
    then = now() - timedelta(hours=27)
    backup = Backup.objects.create(state="done", started_at=then, finished_at=then)
    drill = RestoreDrill.objects.create(backup=backup, state="passed", started_at=then)
    found = _signs(world)
    assert (found["Backup"], found["Restore drill"]) == ("Too old", "Passed")
    RestoreDrill.objects.filter(pk=drill.pk).update(started_at=now() - timedelta(days=9))
    assert _signs(world)["Restore drill"] == "Too old"
    RestoreDrill.objects.filter(pk=drill.pk).update(state="failed")
    assert _signs(world)["Restore drill"] == "Failed"


def test_failed_work_is_tried_again_from_the_page(world: World, browse: Browse) -> None:
    @outbox.handles("tests.health")
    def fail(actor: object, item: OutboxItem) -> None:
        raise OutsideError("the bank said no", permanent=True)

    with tenant_scope(world.aurora.pk):
        item = outbox.put("tests.health")
    outbox.drain(world.system())
    assert b"the bank said no" in browse("olivia").get("/operations/health/").content
    path = f"/operations/items/{item.pk}/retry/"
    assert browse("sam").post(path).status_code == 403
    browse("olivia").post(path)
    browse("olivia").post(path)
    with tenant_scope(world.aurora.pk):
        assert OutboxItem.objects.get(pk=item.pk).state == "waiting"
        assert AuditEntry.objects.filter(action="operations.item_retried").count() == 1


@pytest.mark.parametrize("name", ["sam", "igor"])
def test_health_is_not_for_everyone(world: World, browse: Browse, name: str) -> None:
    assert browse(name).get("/operations/health/").status_code == 403


def test_home_shows_the_signs_to_who_answers_for_them(
    world: World, browse: Callable[[str], Browser]
) -> None:
    page = browse("olivia").get("/").content.decode()
    assert "Work after commits" in page
    assert "Backup" in page
    assert "None seen" in page  # no worker runs beside the tests
    assert "Work after commits" not in browse("sam").get("/").content.decode()
