"""Backups and the drill that proves them, on the real server with its own programs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser

from backoffice.audit.services import seal
from backoffice.core.database.url import database_from_url
from backoffice.core.errors import InvalidInput, OutsideError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.models import OutboxItem
from operations import tasks
from operations.backups import services
from operations.models import Backup, RestoreDrill
from tests.world import load_world

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


def test_without_the_programs_it_fails_in_sight_and_the_right_people_are_told(
    world: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PG_PROGRAMS", str(tmp_path))
    with pytest.raises(OutsideError, match="pg_dump is not on the PATH"):
        services.backup_run()
    tasks.backup_nightly()
    assert list(Backup.objects.values_list("state", flat=True)) == ["failed", "failed"]
    with tenant_scope(world.aurora.pk):
        item = OutboxItem.objects.get(topic="operations.notify")
        assert "pg_dump" in item.payload["text"]
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("backup_run")


def test_there_is_nothing_to_drill_before_the_first_backup(db: None) -> None:
    with pytest.raises(InvalidInput, match="Run one first"):
        services.drill_run()
    assert RestoreDrill.objects.count() == 0


def test_old_backups_go_and_the_newest_stay(db: None, places: Path) -> None:
    from datetime import timedelta

    from backoffice.core.clock import now

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


def test_a_drill_shows_a_brokerage_nothing_of_another(world: Any, browse: Browse) -> None:
    backup = Backup.objects.create(state="done", name="night.dump", sha256="ab" * 32, size=5)
    found = [
        {"check": "The file is whole", "held": True, "detail": "sha256 ab"},
        {"check": "Books of A", "held": True, "detail": "ours", "tenant": world.aurora.pk},
        {"check": "Books of B", "held": True, "detail": "theirs", "tenant": world.borealis.pk},
    ]
    RestoreDrill.objects.create(backup=backup, state="passed", evidence=found)
    shown = browse("adam").get("/operations/backups/").content.decode()
    assert [each["check"] in shown for each in found] == [True, True, False]
    assert "theirs" not in shown


def test_a_drill_is_asked_for_on_the_page_once_there_is_a_backup(
    world: Any, browse: Browse
) -> None:
    adam = browse("adam")
    answer = adam.post("/operations/backups/drill/", follow=True)
    assert "There is no backup to restore yet" in answer.content.decode()
    Backup.objects.create(state="done", name="night.dump", sha256="ab" * 32, size=5)
    answer = adam.post("/operations/backups/drill/", follow=True)
    assert "A worker restores the newest backup" in answer.content.decode()
    assert browse("olivia").post("/operations/backups/drill/").status_code == 403


def test_the_page_shows_backups_to_who_manages_the_installation(world: Any, browse: Browse) -> None:
    Backup.objects.create(state="done", name="night.dump", sha256="ab" * 32, size=5)
    assert b"night.dump" in browse("adam").get("/operations/backups/").content
    assert browse("olivia").get("/operations/backups/").status_code == 403
