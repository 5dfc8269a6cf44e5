"""What the columns of a CSV statement mean: looked at, chosen, kept for the bank's next file."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from reconciliation import actions
from reconciliation.files import account_of, raw_bytes
from reconciliation.importers import (
    CsvMapping,
    ParsedLine,
    ParsedStatement,
    Problem,
    csv_preview,
    read_events,
)
from reconciliation.importers.csv_guess import guess, headings_of
from reconciliation.importers.csv_mapping import CsvPreview
from reconciliation.intake import file_go_on
from reconciliation.models import BankAccount, CsvLayout, StatementFile

LOOK_BYTES = 2**20  # of a larger file the first of it are looked at before it is imported
ROWS_SHOWN = 20
PROBLEMS_SHOWN = 10
ROWS_KEPT = 12


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows as they stand in the file; ``headings`` is empty where it has none."""

    encoding: str
    delimiter: str
    rows: tuple[tuple[str, ...], ...]
    headings: tuple[str, ...]
    preview: CsvPreview

    @property
    def width(self) -> int:
        return max((len(row) for row in self.rows), default=0)


@dataclass(frozen=True, slots=True)
class OnStatement:
    """An account that the file names, and ours that it is."""

    number: str
    currency: str
    account: BankAccount | None


@dataclass(slots=True)
class Reading:
    """What a file would be read as. ``rows`` are the first, lines and lost ones as they stand;
    ``refusal`` is why nothing can be imported so. ``cut``: only the beginning was looked at."""

    rows: list[ParsedLine | Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    accounts: list[OnStatement] = field(default_factory=list)
    read: int = 0
    lost: int = 0
    other_problems: int = 0
    money_in: Decimal = Decimal(0)
    money_out: Decimal = Decimal(0)
    first: date | None = None
    last: date | None = None
    cut: bool = False
    refusal: str = ""

    @property
    def currency(self) -> str:
        """Of all its lines; empty where they have several."""
        found = {each.currency for each in self.accounts}
        return found.pop() if len(found) == 1 else ""

    @property
    def unknown(self) -> bool:
        """Whether it has lines that are on no account of ours."""
        return any(each.account is None for each in self.accounts)


def file_sample(file: StatementFile) -> Sample:
    """The first rows of a kept CSV file."""
    preview = csv_preview(io.BytesIO(_beginning(raw_bytes(file))))
    headings = headings_of(preview)
    return Sample(preview.encoding, preview.delimiter, preview.rows[:ROWS_KEPT], headings, preview)


def _beginning(content: bytes) -> bytes:
    if len(content) <= LOOK_BYTES:
        return content
    head = content[:LOOK_BYTES]
    # Whole rows, unless a character takes several bytes: then the last may be cut.
    return head[: head.rfind(b"\n") + 1] or head if b"\x00" not in head[:4] else head


def mapping_first(actor: Actor, sample: Sample) -> tuple[CsvMapping | None, CsvLayout | None]:
    """With what to begin: the layout kept for these headings, else a guess by their words."""
    layout = layout_for(actor, sample.headings)
    if layout is not None:
        return CsvMapping.from_json(layout.columns), layout
    return guess(sample.preview, sample.headings) if sample.headings else None, None


def layouts(actor: Actor) -> list[CsvLayout]:
    return list(CsvLayout.objects.filter(tenant_id=actor.tenant_id).order_by("name"))


def layout_for(actor: Actor, headings: Sequence[str]) -> CsvLayout | None:
    """The one that was kept for exactly these headings; None where there are none or several."""
    if not headings:
        return None
    found = [each for each in layouts(actor) if each.headings == list(headings)]
    return found[0] if len(found) == 1 else None


def file_reading(actor: Actor, file: StatementFile, mapping: CsvMapping) -> Reading:
    """Read the file, or its beginning, by these columns; nothing is written."""
    content = raw_bytes(file)
    reading = Reading(cut=len(content) > LOOK_BYTES)
    ours = {
        (account.iban, account.currency): account
        for account in BankAccount.objects.filter(tenant_id=actor.tenant_id, active=True)
    }
    for event in read_events(io.BytesIO(_beginning(content)), mapping=mapping):
        if isinstance(event, ParsedLine):
            _line(reading, event)
        elif isinstance(event, Problem):
            _problem(reading, event)
        else:
            _account(reading, event, ours)
    if not reading.refusal and not reading.read:
        reading.refusal = "No row can be read by these columns."
    return reading


def _line(reading: Reading, line: ParsedLine) -> None:
    reading.read += 1
    if len(reading.rows) < ROWS_SHOWN:
        reading.rows.append(line)
    if line.amount < 0:
        reading.money_out += line.amount
    else:
        reading.money_in += line.amount
    reading.first = min(reading.first or line.date, line.date)
    reading.last = max(reading.last or line.date, line.date)


def _problem(reading: Reading, problem: Problem) -> None:
    if problem.of_file:
        reading.refusal = problem.message
        return
    if problem.loses_line:
        reading.lost += 1
        if len(reading.rows) < ROWS_SHOWN:
            reading.rows.append(problem)
    else:
        reading.other_problems += 1
    if len(reading.problems) < PROBLEMS_SHOWN:
        reading.problems.append(problem)


def _account(
    reading: Reading,
    statement: ParsedStatement,
    ours: dict[tuple[str, str], BankAccount],
) -> None:
    found = OnStatement(
        statement.account,
        statement.currency,
        account_of(ours, statement.account, statement.currency),
    )
    if found not in reading.accounts:
        reading.accounts = list(islice([*reading.accounts, found], ROWS_SHOWN))


@transaction.atomic
def file_columns(
    *, actor: Actor, file: StatementFile, mapping: CsvMapping, keep_as: str = ""
) -> StatementFile:
    """Have a waiting CSV file read by these columns, and keep them for the bank's next file under a
    name, in place of what was kept under it. Raises ``StateConflict`` when they were chosen
    already, ``InvalidInput`` when nothing can be read by them."""
    row = StatementFile.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=file.pk)
    if row.state != StatementFile.State.MAPPING:
        raise StateConflict("The columns of this file were chosen already. Nothing was done.")
    reading = file_reading(actor, row, mapping)
    if reading.refusal:
        raise InvalidInput(reading.refusal)
    row.columns, row.state = mapping.to_json(), StatementFile.State.RECEIVED
    row.save(update_fields=["columns", "state"])
    if keep_as:
        _keep(actor, keep_as, row, mapping)
    audit(
        actor=actor,
        action=actions.FILE_COLUMNS,
        subject=row,
        label=row.name,
        data={"layout": f", as of {keep_as}" if keep_as else "", "columns": row.columns},
    )
    return file_go_on(actor=actor, file=row)


def file_as_before(*, actor: Actor, file: StatementFile) -> StatementFile:
    """Have a waiting file read by the layout that was kept for its headings; without one it waits
    for a person."""
    layout = layout_for(actor, file_sample(file).headings)
    if layout is None:
        return file
    mapping = CsvMapping.from_json(layout.columns)
    if file_reading(actor, file, mapping).refusal:
        return file
    return file_columns(actor=actor, file=file, mapping=mapping)


def _keep(actor: Actor, name: str, file: StatementFile, mapping: CsvMapping) -> CsvLayout:
    row, _ = CsvLayout.objects.update_or_create(
        tenant_id=actor.tenant_id,
        name=name,
        defaults={
            "columns": mapping.to_json(),
            "headings": list(file_sample(file).headings),
            "saved_at": now(),
            "saved_by_ref": actor.ref,
            "saved_by": actor.name,
        },
    )
    audit(
        actor=actor,
        action=actions.LAYOUT_SAVED,
        subject=row,
        label=name,
        data={"columns": ", ".join(mapping.columns())},
    )
    return row
