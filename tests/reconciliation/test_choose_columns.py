"""A CSV statement: its columns are looked at, chosen, kept for the next one, and then imported."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from reconciliation import columns
from reconciliation.importers import CsvMapping
from reconciliation.intake import file_take
from reconciliation.models import BankAccount, CsvLayout, Pickup, StatementFile, StatementLine
from reconciliation.tasks import pickup_all
from tests.reconciliation.test_match_statements import Bank
from tests.reconciliation.test_pick_up import leave
from tests.world import World

Browse = Callable[[str], Browser]
HEADINGS = "Buchungstag;Wertstellung;Betrag;Waehrung;Verwendungszweck;Saldo"
GERMAN = f"""Umsatzanzeige
{HEADINGS}
02.03.2026;02.03.2026;250,00;EUR;Payment {{reference}};1.250,00
03.03.2026;03.03.2026;-1.100,50;EUR;Rent;149,50
kaputt;03.03.2026;5,00;EUR;lost;154,50
"""


@pytest.fixture
def bank(world: World) -> Bank:
    return Bank(world)


def _take(world: World, text: str, name: str = "march.csv") -> StatementFile:
    pavel = world.actor("pavel")
    with tenant_scope(pavel.tenant_id, pavel):
        return file_take(actor=pavel, name=name, content=text.encode())


def _sent(bank: Bank, **changes: Any) -> dict[str, Any]:
    """What the form sends for the German file."""
    with tenant_scope(bank.world.aurora.pk, bank.world.system()):
        account = str(BankAccount.objects.get().pk)
    return {
        "has_header": "on",
        "date": "Buchungstag",
        "date_format": "%d.%m.%Y",
        "value_date": "Wertstellung",
        "signs": "one",
        "amount": "Betrag",
        "decimal_mark": ",",
        "ours": account,
        "text": ["Verwendungszweck"],
        **changes,
    }


def _url(file: StatementFile) -> str:
    return reverse("reconciliation:file-columns", args=[file.pk])


def _lines(world: World) -> list[tuple[date, Decimal, str]]:
    with tenant_scope(world.aurora.pk):
        rows = StatementLine.objects.order_by("id").values_list("date", "amount", "state")
        return [(day, amount, str(state)) for day, amount, state in rows]


def test_a_csv_file_is_kept_and_nothing_of_it_read_until_its_columns_are_chosen(
    world: World, bank: Bank, browse: Browse
) -> None:
    deposit = bank.deposit("250.00")
    upload = SimpleUploadedFile("march.csv", GERMAN.format(reference=deposit.reference).encode())
    pavel = browse("pavel")
    answer = pavel.post(reverse("reconciliation:import"), {"file": upload}, follow=True)
    page = answer.content.decode()
    assert "Columns of march.csv" in page
    assert _lines(world) == []
    with tenant_scope(world.aurora.pk):
        file = StatementFile.objects.get()
    assert (file.state, file.lines_read) == ("mapping", 0)
    assert (
        "Choose the columns"
        in pavel.get(reverse("reconciliation:file", args=[file.pk])).content.decode()
    )


def test_the_first_look_is_a_guess_by_the_headings(
    world: World, bank: Bank, browse: Browse
) -> None:
    file = _take(world, GERMAN.format(reference="D-1"))
    page = browse("pavel").get(_url(file)).content.decode()
    assert "1,100.50" in page
    assert "Row 3: the date can&#x27;t be read." in page
    sample = columns.file_sample
    with tenant_scope(world.aurora.pk, world.actor("pavel")):
        mapping, layout = columns.mapping_first(world.actor("pavel"), sample(file))
    assert layout is None
    assert mapping == CsvMapping(
        date="Buchungstag",
        value_date="Wertstellung",
        amount="Betrag",
        currency="Waehrung",
        balance="Saldo",
        text=("Verwendungszweck",),
        date_format="%d.%m.%Y",
        decimal_mark=",",
    )


def test_looking_again_shows_other_columns_and_imports_nothing(
    world: World, bank: Bank, browse: Browse
) -> None:
    file = _take(world, GERMAN.format(reference="D-1"))
    wrong = _sent(bank, do="look", decimal_mark=".", amount="Saldo")
    page = browse("pavel").post(_url(file), wrong).content.decode()
    assert "EUR" in page
    assert "1,100.50" not in page
    right = browse("pavel").post(_url(file), _sent(bank, do="look")).content.decode()
    assert "1,100.50" in right
    assert _lines(world) == []


def test_what_is_imported_is_what_was_shown_and_its_problems_stay_with_the_file(
    world: World, bank: Bank, browse: Browse
) -> None:
    deposit = bank.deposit("250.00")
    file = _take(world, GERMAN.format(reference=deposit.reference))
    answer = browse("pavel").post(_url(file), _sent(bank, do="import", keep_as="House bank"))
    assert answer["Location"] == reverse("reconciliation:file", args=[file.pk])
    assert _lines(world) == [
        (date(2026, 3, 2), Decimal("250.00"), "matched"),
        (date(2026, 3, 3), Decimal("-1100.50"), "broken"),
    ]
    with tenant_scope(world.aurora.pk):
        file.refresh_from_db()
        [statement] = file.statements.all()
        layout = CsvLayout.objects.get()
    assert (file.entries_seen, file.lines_read, file.state) == (3, 2, "done")
    assert [problem["code"] for problem in statement.problems] == ["line_unreadable"]
    assert file.columns == layout.columns
    assert (layout.name, layout.headings) == ("House bank", HEADINGS.split(";"))
    assert str(bank.wallet()) == "250.00"


def test_columns_that_read_nothing_import_nothing(world: World, bank: Bank, browse: Browse) -> None:
    file = _take(world, GERMAN.format(reference="D-1"))
    sent = _sent(bank, do="import", date_format="%Y-%m-%d")
    answer = browse("pavel").post(_url(file), sent)
    assert answer.status_code == 422
    assert "No row can be read by these columns." in answer.content.decode()
    pavel = world.actor("pavel")
    with tenant_scope(pavel.tenant_id, pavel), pytest.raises(InvalidInput):
        columns.file_columns(
            actor=pavel, file=file, mapping=CsvMapping(date="Nowhere", amount="Betrag")
        )
    with tenant_scope(world.aurora.pk):
        file.refresh_from_db()
    assert (file.state, _lines(world)) == ("mapping", [])


@pytest.mark.parametrize(
    ("rows", "changes", "amounts"),
    [
        ("Day,Sum,Way\n2026-03-02,10.00,CR\n2026-03-02,4.00,DR\n",
         {"signs": "word", "direction": "Way", "credit_words": "CR", "debit_words": "DR"},
         ["10.00", "-4.00"]),
        ("Day,In,Out\n2026-03-02,10.00,\n2026-03-02,,4.00\n",
         {"signs": "two", "amount": "", "credit": "In", "debit": "Out"}, ["10.00", "-4.00"]),
        ("Day,Sum\n2026-03-02,10.00\n2026-03-02,-4.00\n", {"is_inverted": "on"},
         ["-10.00", "4.00"]),
        ("2026-03-02,10.00\n2026-03-02,-4.00\n",
         {"has_header": "", "date": "#1", "amount": "#2"}, ["10.00", "-4.00"]),
    ],
)  # fmt: skip
def test_every_way_of_writing_signs_is_chosen_on_the_page(
    world: World, bank: Bank, browse: Browse, rows: str, changes: dict[str, str], amounts: list[str]
) -> None:
    file = _take(world, rows)
    sent = _sent(
        bank, do="import", date="Day", value_date="", amount="Sum", text=[],
        date_format="%Y-%m-%d", decimal_mark=".",
    )  # fmt: skip
    answer = browse("pavel").post(_url(file), sent | changes)
    assert answer.status_code == 302, answer.content.decode()
    assert [amount for _, amount, _ in _lines(world)] == [Decimal(each) for each in amounts]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ours": ""}, "Say which account it is"),
        ({"signs": "two"}, "Choose the column of: money in, money out."),
        ({"signs": "word"}, "Choose the column of: word for in or out."),
        ({"amount": "Nowhere"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_is_said_beside_the_columns(
    world: World, bank: Bank, browse: Browse, changes: dict[str, str], says: str
) -> None:
    file = _take(world, GERMAN.format(reference="D-1"))
    answer = browse("pavel").post(_url(file), _sent(bank, do="import") | changes)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert _lines(world) == []


def test_the_next_file_of_the_bank_begins_with_what_was_kept(
    world: World, bank: Bank, browse: Browse
) -> None:
    pavel = browse("pavel")
    first = _take(world, GERMAN.format(reference="D-1"))
    pavel.post(_url(first), _sent(bank, do="import", keep_as="House bank", is_inverted="on"))
    second = _take(world, GERMAN.format(reference="D-2"), "april.csv")
    page = pavel.get(_url(second)).content.decode()
    assert 'value="House bank"' in page
    assert "+1,100.50" in page  # inverted, as kept
    assert "?like=" in page


def test_a_picked_up_file_with_known_headings_is_read_and_another_waits(
    world: World, bank: Bank, browse: Browse, settings: Any, tmp_path: Path
) -> None:
    settings.STATEMENT_PICKUP_DIR = tmp_path / "pickup"
    folder = tmp_path / "pickup" / "aurora"
    folder.mkdir(parents=True)
    first = _take(world, GERMAN.format(reference="D-1"))
    browse("pavel").post(_url(first), _sent(bank, do="import", keep_as="House bank"))
    leave(folder, "known.csv", GERMAN.format(reference="D-2").encode())
    leave(folder, "strange.csv", b"When,What\n2026-03-02,10\n2026-03-03,11\n")
    assert pickup_all() == 2
    with tenant_scope(world.aurora.pk):
        states = dict(StatementFile.objects.values_list("name", "state"))
        notes = dict(Pickup.objects.values_list("name", "note"))
    assert states == {"march.csv": "done", "known.csv": "done", "strange.csv": "mapping"}
    assert notes == {"known.csv": "", "strange.csv": "Its columns are to be chosen."}


def test_columns_are_chosen_once(world: World, bank: Bank, browse: Browse) -> None:
    file = _take(world, GERMAN.format(reference="D-1"))
    pavel, actor = browse("pavel"), world.actor("pavel")
    pavel.post(_url(file), _sent(bank, do="import"))
    again = pavel.post(_url(file), _sent(bank, do="import"))
    assert again["Location"] == reverse("reconciliation:file", args=[file.pk])
    mapping = CsvMapping(date="Buchungstag", amount="Betrag")
    with tenant_scope(actor.tenant_id, actor), pytest.raises(StateConflict):
        columns.file_columns(actor=actor, file=file, mapping=mapping)
    assert len(_lines(world)) == 2
