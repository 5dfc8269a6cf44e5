"""Statements left in the brokerage's folder are taken once and moved aside."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from backoffice.tenancy.scope import tenant_scope
from reconciliation import pickup
from reconciliation.models import Pickup, StatementFile
from reconciliation.tasks import pickup_all
from sandbox.bank.camt053 import write_camt053
from tests.reconciliation.test_match_statements import Bank, entry, statement
from tests.world import World

Browse = Callable[[str], Browser]


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.STATEMENT_PICKUP_DIR = tmp_path / "pickup"
    settings.MEDIA_ROOT = tmp_path / "files"
    place = tmp_path / "pickup" / "aurora"
    place.mkdir(parents=True)
    return place


def leave(folder: Path, name: str, content: bytes, age_s: float = 60) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def found(world: World) -> list[tuple[str, str]]:
    with tenant_scope(world.aurora.pk):
        rows = Pickup.objects.order_by("id").values_list("name", "state")
        return [(str(name), str(state)) for name, state in rows]


def names(folder: Path) -> list[str]:
    """Without the moment that was put before them."""
    return sorted(path.name.split("-", 3)[-1] for path in folder.iterdir() if path.is_file())


def test_a_statement_in_the_folder_is_imported_matched_and_moved(
    world: World, folder: Path, browse: Browse
) -> None:
    bank = Bank(world)
    deposit = bank.deposit("250.00")
    written = statement(entry(1, "250.00", text=deposit.reference))
    leave(folder, "today.xml", write_camt053([written], message_id="M1"))
    assert pickup_all() == 1
    assert (found(world), names(folder / "done")) == ([("today.xml", "taken")], ["today.xml"])
    assert (str(bank.wallet()), list(folder.glob("*.xml"))) == ("250.00", [])
    assert pickup_all() == 0
    page = browse("pavel").get("/reconciliation/files/picked-up/").content
    assert b"today.xml" in page
    assert b"today.xml" not in browse("zoe").get("/reconciliation/files/picked-up/").content


def test_the_same_bytes_again_are_known_and_book_nothing_twice(world: World, folder: Path) -> None:
    bank = Bank(world)
    deposit = bank.deposit("250.00")
    content = write_camt053(
        [statement(entry(1, "250.00", text=deposit.reference))], message_id="M1"
    )
    for name in ("one.xml", "two.xml"):
        leave(folder, name, content)
    assert len(pickup.pickup_run(actor=world.system())) == 2
    assert found(world) == [("one.xml", "taken"), ("two.xml", "known")]
    assert (str(bank.wallet()), names(folder / "done")) == ("250.00", ["one.xml", "two.xml"])


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 nothing of a bank", b"<Document>cut"])
def test_what_is_no_statement_is_set_aside_and_told(
    world: World, folder: Path, content: bytes
) -> None:
    leave(folder, "odd.bin", content)
    assert pickup_all() == 1
    assert (found(world), names(folder / "failed")) == ([("odd.bin", "failed")], ["odd.bin"])
    with tenant_scope(world.aurora.pk):
        assert Pickup.objects.get().note != ""


def test_a_file_that_is_still_written_waits_and_a_link_is_never_followed(
    world: World, folder: Path, tmp_path: Path
) -> None:
    secret = leave(tmp_path, "secret.xml", b"<Document>not ours</Document>")
    (folder / "link.xml").symlink_to(secret)
    leave(folder, "growing.xml", b"<Document>", age_s=0)
    leave(folder, "half.part", b"<Document>")
    leave(folder, ".hidden", b"<Document>")
    assert pickup_all() == 1
    assert found(world) == [("link.xml", "failed")]
    with tenant_scope(world.aurora.pk):
        assert StatementFile.objects.count() == 0
    assert secret.exists()
    assert names(folder) == [".hidden", "growing.xml", "half.part"]


def test_each_brokerage_has_its_own_folder_and_none_is_no_mistake(
    world: World, folder: Path
) -> None:
    other = folder.parent / "borealis"
    other.mkdir()
    leave(other, "theirs.bin", b"nothing of a bank")
    assert pickup_all() == 1
    assert found(world) == []
    folder.rmdir()
    assert pickup_all() == 0
