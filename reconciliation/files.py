"""Statement files: kept raw first, then read into rows; nothing of a file is dropped in silence."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from django.db import IntegrityError, transaction

from backoffice.audit.services import audit
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from reconciliation import actions, raw
from reconciliation.errors import FileKnown, FileRefused
from reconciliation.importers import CsvMapping, Format, ParsedFile, ParsedLine, detect_format
from reconciliation.importers import parse_bytes as parse
from reconciliation.models import BankAccount, Statement, StatementFile, StatementLine

FOLDER = "statements"
FILE_BYTES_MAX = 20 * 2**20
LINES_AT_ONCE = 1_000
BOOKED = "booked"
# Problems with the numbers: lines are kept and shown, but match nothing by themselves.
UNTRUSTED = {"balance_mismatch", "sum_mismatch", "count_mismatch", "truncated"}


@transaction.atomic
def account_add(
    *, actor: Actor, name: str, iban: str, currency: str, bank: str = "", client_money: bool = True
) -> BankAccount:
    """A bank account of ours whose statements are expected. IBANs are checked by their digits."""
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        checked = str(IBAN(iban))
    except SchwiftyException:
        raise InvalidInput("This is not a valid IBAN.", fields={"iban": "Check it."}) from None
    account = BankAccount.objects.create(
        tenant_id=actor.tenant_id,
        name=name,
        iban=checked,
        currency=currency,
        bank=bank,
        client_money=client_money,
    )
    audit(actor=actor, action=actions.ACCOUNT_ADDED, subject=account, label=name)
    return account


def file_receive(*, actor: Actor, name: str, content: bytes) -> StatementFile:
    """Keep a file as it came, in a transaction of its own scope. Raises ``FileKnown`` for bytes
    that were received before and ``InvalidInput`` for none or too many."""
    if not content.strip():
        raise InvalidInput("The file is empty. Nothing was imported.")
    if len(content) > FILE_BYTES_MAX:
        raise InvalidInput(
            f"The file has {len(content) // 2**20} MB; at most {FILE_BYTES_MAX // 2**20} MB can be "
            "uploaded. Ask the bank for shorter periods."
        )
    digest = hashlib.sha256(content).hexdigest()
    _refuse_known(actor, digest)
    file = StatementFile(
        tenant_id=actor.tenant_id,
        name=Path(name).name[:200] or "statement",
        sha256=digest,
        size=len(content),
        file_format=str(detect_format(content[:65536])),
        path=f"{digest}.bin",
        received_by_ref=actor.ref,
        received_by=actor.name,
    )
    # The bytes first: a row without them could never be read.
    raw.keep(tenant_id=actor.tenant_id, folder=FOLDER, digest=digest, content=content)
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except IntegrityError:  # the same file came twice at once: a second click
        _refuse_known(actor, digest)
        raise
    return file


def _refuse_known(actor: Actor, digest: str) -> None:
    known = StatementFile.objects.filter(tenant_id=actor.tenant_id, sha256=digest).first()
    if known is not None:
        raise FileKnown(
            f"This file was imported on {known.received_at:%d %b %Y} by {known.received_by}. "
            "Nothing was booked twice."
        )


def raw_bytes(file: StatementFile) -> bytes:
    """The file as it came."""
    return raw.read(tenant_id=file.tenant_id or 0, folder=FOLDER, digest=file.sha256)


@transaction.atomic
def file_read(*, actor: Actor, file: StatementFile) -> StatementFile:
    """Read a kept file into statements and lines. One that has none is refused and stays, with what
    is wrong with it, for a person to look at; a CSV file waits until its columns are chosen."""
    row = StatementFile.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=file.pk)
    if row.state != StatementFile.State.RECEIVED:
        return row
    if row.file_format == Format.CSV and not row.columns:
        row.state = StatementFile.State.MAPPING
        row.save(update_fields=["state"])
        return row
    mapping = CsvMapping.from_json(row.columns) if row.columns else None
    parsed = parse(raw_bytes(row), mapping=mapping)
    row.problems = [problem.to_json() for problem in parsed.problems][:200]
    row.entries_seen = parsed.entries_seen
    row.lines_read = parsed.lines_parsed
    refused = not parsed.statements
    row.state = StatementFile.State.REFUSED if refused else StatementFile.State.READ
    row.save(update_fields=["problems", "entries_seen", "lines_read", "state"])
    if refused:
        problem = parsed.problems[0].message if parsed.problems else FileRefused.sentence
        audit(
            actor=actor,
            action=actions.FILE_REFUSED,
            subject=row,
            label=row.name,
            data={"problem": problem, "sha256": row.sha256},
        )
        return row
    _write(actor, row, parsed)
    audit(
        actor=actor,
        action=actions.FILE_IMPORTED,
        subject=row,
        label=row.name,
        data={"lines": row.lines_read, "sha256": row.sha256, "entries": row.entries_seen},
    )
    return row


def _write(actor: Actor, file: StatementFile, parsed: ParsedFile) -> None:
    accounts = {
        (account.iban, account.currency): account
        for account in BankAccount.objects.filter(tenant_id=actor.tenant_id, active=True)
    }
    for given in parsed.statements:
        account = account_of(accounts, given.account, given.currency)
        statement = Statement.objects.create(
            tenant_id=actor.tenant_id,
            file=file,
            account=account,
            account_number=given.account[:64],
            currency=given.currency[:8],
            opening=given.opening,
            closing=given.closing,
            sequence=given.sequence[:40],
            from_date=given.from_date,
            to_date=given.to_date or today(),
            problems=[problem.to_json() for problem in given.problems][:200],
            trusted=not any(str(problem.code) in UNTRUSTED for problem in given.problems),
        )
        StatementLine.objects.bulk_create(
            (
                _line(actor, statement, number, line)
                for number, line in enumerate(given.lines, start=1)
            ),
            batch_size=LINES_AT_ONCE,
        )


def account_of(
    accounts: Mapping[tuple[str, str], BankAccount], number: str, currency: str
) -> BankAccount | None:
    """Which of our accounts, by IBAN and currency, a statement is of: banks write an IBAN with
    spaces, or with the currency behind it."""
    written = number.replace(" ", "").upper()
    for candidate in (written, written[: -len(currency)] if currency else written):
        if (candidate, currency) in accounts:
            return accounts[candidate, currency]
    return None


def _line(actor: Actor, statement: Statement, number: int, line: ParsedLine) -> StatementLine:
    left_out = line.status != BOOKED
    return StatementLine(
        tenant_id=actor.tenant_id,
        statement=statement,
        account=statement.account,
        number=number,
        date=line.date,
        value_date=line.value_date,
        amount=line.amount,
        currency=line.currency[:8] or statement.currency,
        end_to_end=line.references.end_to_end[:80],
        references=line.references.to_json(),
        counterparty_name=line.counterparty.name[:140],
        counterparty_account=line.counterparty.account[:64],
        text=line.text[:1000],
        raw=line.raw[:8000],
        return_reason=line.return_reason[:80],
        state=StatementLine.State.LEFT_OUT if left_out else StatementLine.State.OPEN,
    )
