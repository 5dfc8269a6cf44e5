"""After an erasure the name is in no table and no file: shown on a dump of the real database."""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine
from django.conf import settings
from django.db import connection

from backoffice.audit.selectors import verify
from backoffice.audit.services import seal
from backoffice.core.clock import now
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from ledger.selectors import verify as ledger_verify
from operations.backups.programs import program
from privacy import redact, terms
from privacy.models import ErasureRequest
from tests.privacy.life import SECRETS, YEARS, Life, ask, decide, drained
from tests.world import load_world


def dump() -> str:
    """Everything that the database holds, as text; bytes are opened."""
    url = urlsplit(os.environ["TEST_DATABASE_URL"])
    address = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    made = subprocess.run(  # noqa: S603 - our own program
        [program("pg_dump"), "--data-only", "--dbname", address],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    found = re.findall(r"\\\\x([0-9a-f]{2,})", made.stdout)
    opened = "\n".join(bytes.fromhex(each).decode("utf-8", "replace") for each in found)
    return made.stdout + opened


def said(text: str) -> set[str]:
    return {secret for secret in SECRETS if secret in text}


def lines_with(text: str) -> list[str]:
    """For whoever reads a failure: the lines that say one."""
    return [line[:400] for line in text.splitlines() if said(line)]


def stored() -> dict[str, set[str]]:
    """What the files of the store say, sealed ones opened where the product can open them."""
    folder = Path(settings.MEDIA_ROOT)
    return {
        str(path.relative_to(folder)): said(path.read_bytes().decode("utf-8", "replace"))
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_client_who_went_through_everything_is_gone_from_a_dump_and_from_every_file(
    committed: None, tmp_path: Path
) -> None:
    world = load_world()
    client = Life(world, tmp_path).lived()
    before = dump()
    assert said(before) >= {"Quixblatt", "Zebulon", "zq.former@mail.example", "99887712"}
    with tenant_scope(world.aurora.pk):
        known = terms.gather(client)
        assert redact.files_that_name(known)  # exports
    system = world.system()
    with time_machine.travel(now() + YEARS):
        row = ask(world, client)
        decide(world, row)
        drained(world)
    with tenant_scope(world.aurora.pk, system):
        row = ErasureRequest.objects.get(pk=row.pk)
        assert "\n".join(lines_with(dump())) == ""
        assert (row.state, row.left) == ("done", [])
        assert lines_with(dump()) == []
        assert {path: found for path, found in stored().items() if found} == {}
        assert redact.files_that_name(known) == []
        assert redact.raw_files(known) == 0  # opened and looked through: none left to redact
        seal(actor=system)
        assert verify(world.aurora.pk).faults == []
        assert list(ledger_verify(world.aurora.pk).faults) == []
        gone = Client.objects.get(pk=client.pk)
        assert (gone.name, gone.email, gone.reference) == ("Erased", "", client.reference)
