"""Backups and the drill that proves them, on the real server with its own programs."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser

from backoffice.audit.services import seal
from backoffice.core.clock import now
from backoffice.core.database.url import database_from_url
from backoffice.core.errors import InvalidInput, OutsideError
from backoffice.staff.models import User
from backoffice.staff.selectors import known_permissions
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem
from operations import tasks
from operations.backups import services
from operations.models import Backup, PlatformEntry, RestoreDrill
from tests.world import World, load_world

Browse = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> Path:
    url = urlsplit(os.environ["TEST_DATABASE_URL"])
    name = connection.settings_dict["NAME"]
    settings.DATABASE_BACKUP = database_from_url(url._replace(path=f"/{name}").geturl())
    settings.BACKUP_DIR = tmp_path / "backups"
    return tmp_path / "backups"


def _scratch_databases() -> int:
    with psycopg.connect(os.environ["TEST_DATABASE_URL"]) as server:
        row = server.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'backoffice_drill_%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.slow
def test_a_backup_is_restored_and_proved_and_a_damaged_one_is_found_out(committed: None) -> None:
    world = load_world()
    with tenant_scope(world.aurora.pk, world.system()):
        seal(actor=world.system())
    before = _scratch_databases()
    backup = services.backup_run()
    path = services.backup_path(backup)
    assert (backup.state, path.stat().st_size) == ("done", backup.size)
    assert backup.tables["tenancy_tenant"] == 2
    drill = services.drill_run()
    assert drill.error == ""
    assert [each["check"] for each in drill.evidence if not each["held"]] == []
    assert (drill.state, len(drill.evidence)) == ("passed", 7)
    owners = [each["tenant"] for each in drill.evidence if "tenant" in each]
    assert owners == [world.aurora.pk] * 2 + [world.borealis.pk] * 2
    assert drill.restore_seconds is not None
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-200])
    damaged = services.drill_run()
    assert damaged.state == "failed"
    assert "was" in damaged.evidence[0]["detail"]
    assert _scratch_databases() == before


def test_without_the_programs_it_fails_in_sight_and_the_operators_are_told(
    world: World, operator: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PG_PROGRAMS", str(tmp_path))
    with pytest.raises(OutsideError, match="pg_dump is not on the PATH"):
        services.backup_run()
    tasks.backup_nightly()
    assert list(Backup.objects.values_list("state", flat=True)) == ["failed", "failed"]
    (letter,) = mail.outbox
    assert letter.to == ["root@platform.example"]
    assert "pg_dump is not on the PATH" in letter.body
    with tenant_scope(world.aurora.pk):
        assert not OutboxItem.objects.filter(topic="operations.notify").exists()
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup_run")


def test_there_is_nothing_to_drill_before_the_first_backup(db: None) -> None:
    with pytest.raises(InvalidInput, match="Run one first"):
        services.drill_run()
    assert RestoreDrill.objects.count() == 0


def test_old_backups_go_and_the_newest_stay(db: None, places: Path) -> None:
    places.mkdir()
    for number in range(5):
        long_ago = now() - timedelta(days=100 - number)
        backup = Backup.objects.create(
            state="done", name=f"{number}.dump", started_at=long_ago, finished_at=long_ago
        )
        services.backup_path(backup).touch()
    assert services.retention_apply() == 2
    assert sorted(path.name for path in places.iterdir()) == ["2.dump", "3.dump", "4.dump"]
    assert services.is_stale()


@pytest.fixture
def operator(world: World) -> Browser:
    user = User.objects.create_superuser("root@platform.example", "x", name="Ruth Root")
    client = Browser()
    client.force_login(user)
    return client


def _good_backup() -> Backup:
    moment = now()
    return Backup.objects.create(
        state="done", name="night.dump", sha256="ab" * 32, size=5, finished_at=moment
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What workers were asked for."""
    names: list[str] = []
    for task in (tasks.backup_nightly, tasks.drill_weekly):
        monkeypatch.setattr(task, "delay", lambda name=task.name: names.append(name))
    return names


@pytest.mark.parametrize("name", ["adam", "mary", "olivia", "zoe"])
def test_nobody_of_a_brokerage_sees_or_starts_backups(
    world: World, browse: Browse, asked: list[str], name: str
) -> None:
    _good_backup()
    person = browse(name)
    for path in ("/platform/backups/", "/platform/backups/live/", "/operations/backups/"):
        assert person.get(path).status_code == 404
    for verb in ("run", "drill"):
        assert person.post(f"/platform/backups/{verb}/").status_code == 404
        assert person.post(f"/operations/backups/{verb}/").status_code == 404
    assert asked == []
    assert PlatformEntry.objects.count() == 0


def test_no_right_of_a_brokerage_is_about_backups(world: World) -> None:
    assert not [code for code in known_permissions() if "backup" in code or "drill" in code]


def test_health_tells_a_brokerage_when_the_last_ones_were_and_no_more(
    world: World, browse: Browse
) -> None:
    backup = _good_backup()
    found = [{"check": "Books of B", "held": True, "detail": "theirs", "tenant": 2}]
    RestoreDrill.objects.create(
        backup=backup, state="passed", evidence=found, finished_at=now(), restore_seconds=4
    )
    shown = browse("olivia").get("/operations/health/").content.decode()
    assert re.search(r"Backup</td><td>.*Fresh", shown)
    assert re.search(r"Restore drill</td><td>.*Passed", shown)
    for secret in ("night.dump", "abab", "Books of B", "theirs", "/platform/backups"):
        assert secret not in shown


def test_the_operator_sees_every_finding(operator: Browser) -> None:
    found: list[dict[str, Any]] = [
        {"check": "The file is whole", "held": True, "detail": "sha256 ab"},
        {"check": "Books of B", "held": True, "detail": "debits are credits", "tenant": 2},
    ]
    RestoreDrill.objects.create(backup=_good_backup(), state="passed", evidence=found)
    shown = operator.get("/platform/backups/").content.decode()
    assert "night.dump" in shown
    assert [each["check"] in shown for each in found] == [True, True]


def test_the_operator_asks_for_a_backup_once_while_it_runs(
    operator: Browser, asked: list[str]
) -> None:
    operator.post("/platform/backups/run/")
    assert asked == ["operations.tasks.backup_nightly"]
    Backup.objects.create(name="going.dump")
    answer = operator.post("/platform/backups/run/", follow=True).content.decode()
    assert "A backup runs already" in answer
    assert 'data-why="A backup runs.' in answer
    assert len(asked) == 1
    Backup.objects.update(started_at=now() - timedelta(hours=5))  # it died with its worker
    operator.post("/platform/backups/run/")
    assert len(asked) == 2
    kept = PlatformEntry.objects.filter(what="Asked for a backup")
    assert [entry.user_name for entry in kept] == ["Ruth Root", "Ruth Root"]


def test_a_drill_is_asked_for_once_there_is_a_backup(operator: Browser, asked: list[str]) -> None:
    answer = operator.post("/platform/backups/drill/", follow=True)
    assert "There is no backup to restore yet" in answer.content.decode()
    backup = _good_backup()
    answer = operator.post("/platform/backups/drill/", follow=True)
    assert "A worker restores the newest backup" in answer.content.decode()
    RestoreDrill.objects.create(backup=backup)
    operator.post("/platform/backups/drill/")
    assert asked == ["operations.tasks.drill_weekly"]
    assert PlatformEntry.objects.filter(what="Asked for a restore drill").count() == 1


def test_an_open_page_follows_what_runs(operator: Browser) -> None:
    path = "/platform/backups/live/"
    backup = Backup.objects.create(name="going.dump")
    page = operator.get("/platform/backups/").content.decode()
    stamp = re.search(r"live/\?stamp=([\w.-]+)", page)
    assert stamp is not None
    assert operator.get(path, {"stamp": stamp[1]}).status_code == 204
    Backup.objects.filter(pk=backup.pk).update(state="done")
    assert operator.get(path, {"stamp": stamp[1]})["HX-Refresh"] == "true"
    kept = PlatformEntry.objects.values_list("what", flat=True)
    assert list(kept) == ["GET /platform/backups/"]


def test_operators_are_told_when_a_drill_fails(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill = RestoreDrill(
        backup=_good_backup(),
        state="failed",
        evidence=[{"check": "Brokerages are kept apart", "held": False, "detail": "x"}],
    )
    monkeypatch.setattr(services, "drill_run", lambda: drill)
    tasks.drill_weekly()
    (letter,) = mail.outbox
    assert letter.to == ["root@platform.example"]
    assert "Brokerages are kept apart" in letter.body
    assert "/platform/backups/" in letter.body


def test_the_operator_is_led_to_their_pages(operator: Browser) -> None:
    page = operator.get("/", follow=True).content.decode()
    assert 'href="/platform/"' in page
