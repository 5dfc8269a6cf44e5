"""Exports as a spreadsheet opens them: what a client typed stays text."""

import csv
import io
import re
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client
from lxml import etree

from backoffice.tenancy.scope import tenant_scope
from clients.models import Client as Person
from tests.clients.factories import make_lead
from tests.world import World

Browse = Callable[[str], Client]
NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
ARMED = (
    '=HYPERLINK("http://evil.example","open")',
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    " =1+1",
    "Smith;=1+1",
)


@pytest.fixture
def names(world: World) -> tuple[str, ...]:
    """Clients whose surname a spreadsheet would run, if it were let."""
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        for number, name in enumerate(ARMED):
            make_lead(adam, email=f"c{number}@mail.example", first_name="", last_name=name)
    return ARMED


def _exported(client: Client, file_format: str) -> bytes:
    form = {"list": "clients.clients", "query": "", "format": file_format}
    answer = client.post("/exports/ask/", form, follow=True)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_no_cell_of_a_csv_is_a_formula_whatever_parts_its_columns(
    names: tuple[str, ...], browse: Browse
) -> None:
    text = _exported(browse("adam"), "csv").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == 1 + len(names)
    shown = [cell for row in rows for cell in row if any(name.strip() in cell for name in names)]
    assert len(shown) >= len(names) - 1
    # Where a comma is a decimal point, a spreadsheet parts the columns at semicolons and tabs.
    for parted in (",", ";", "\t"):
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=parted) for cell in row]
        assert [cell for cell in cells if re.match(r"\s*[=+@]|\s*-(?!\d+(\.\d+)?$)", cell)] == []


def test_every_text_of_a_workbook_is_text(names: tuple[str, ...], browse: Browse) -> None:
    with zipfile.ZipFile(io.BytesIO(_exported(browse("adam"), "xlsx"))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        parts = book.namelist()
    assert sheet.findall(".//x:f", NAMESPACE) == []
    assert sheet.findall(".//x:hyperlink", NAMESPACE) == []
    assert not [part for part in parts if "external" in part.lower()]
    cells = sheet.iterfind(".//x:c[@t='inlineStr']", NAMESPACE)
    texts = {"".join(map(str, cell.itertext())).strip() for cell in cells}
    assert {name.strip() for name in names} <= texts


@pytest.mark.parametrize("name", ["\t=1+1", "\r=1+1", "\n@SUM(1)"])
def test_a_control_character_before_a_formula_does_not_get_into_a_name(
    world: World, browse: Browse, name: str
) -> None:
    form = {"kind": "person", "last_name": f"x{name}", "email": "a@b.example", "language": "en"}
    browse("adam").post("/clients/new/", form)
    with tenant_scope(world.aurora.pk):
        kept = Person.objects.values_list("last_name", flat=True)
        assert not [text for text in kept if re.search(r"[\x00-\x1f]", text)]
