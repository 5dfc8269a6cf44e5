"""A statement file from its bytes to matches and breaks, step by step: what dies in the middle is
taken up where it was."""

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor
from backoffice.workflow import outbox
from reconciliation import actions
from reconciliation.files import account_add, account_of, file_read, file_receive
from reconciliation.importers import Format
from reconciliation.matching import some_match
from reconciliation.models import Statement, StatementFile, StatementLine

WORK = "reconciliation.file"
AT_ONCE_BYTES = 256 * 1024  # a file of this size is worked through while a person waits
CHUNK_LINES = 200
S = StatementFile.State
OVER = (S.DONE, S.REFUSED)
STANDS = (*OVER, S.MAPPING)  # nothing follows until a person does something


@transaction.atomic
def account_take(
    *, actor: Actor, name: str, iban: str, currency: str, bank: str = "", client_money: bool = True
) -> int:
    """Add a bank account, and give it the statements that came before it; how many those were."""
    account = account_add(
        actor=actor, name=name, iban=iban, currency=currency, bank=bank, client_money=client_money
    )
    ours = {(account.iban, account.currency): account}
    waiting = Statement.objects.filter(
        tenant_id=actor.tenant_id, account=None, currency=currency
    ).select_related("file")
    found = [each for each in waiting if account_of(ours, each.account_number, currency)]
    for statement in found:
        statement.account = account
        statement.save(update_fields=["account"])
        StatementLine.objects.filter(tenant_id=actor.tenant_id, statement=statement).update(
            account=account
        )
    for file in {statement.file for statement in found}:
        StatementFile.objects.filter(
            tenant_id=actor.tenant_id, pk=file.pk, state=StatementFile.State.DONE
        ).update(state=StatementFile.State.READ)
        file_leave(file=file)
        audit(
            actor=actor,
            action=actions.FILE_TAKEN_UP,
            subject=file,
            label=file.name,
            data={"account": account.name},
        )
    return len(found)


@transaction.atomic
def file_take(*, actor: Actor, name: str, content: bytes) -> StatementFile:
    """Keep a file and work it through, or leave a large one to a worker. Raises ``FileKnown`` and
    ``InvalidInput`` as ``files.file_receive`` does."""
    return file_go_on(actor=actor, file=file_receive(actor=actor, name=name, content=content))


def file_go_on(*, actor: Actor, file: StatementFile) -> StatementFile:
    """Work a received file through, or leave a large one to a worker."""
    if file.size > AT_ONCE_BYTES and (file.file_format != Format.CSV or file.columns):
        file_leave(file=file)
        return file
    return file_work(actor=actor, file=file)


@transaction.atomic
def file_step(*, actor: Actor, file: StatementFile) -> StatementFile:
    """Read a kept file, or match a chunk of its lines; worked through when none is left.

    May be asked by several at once: each step is done under the file's lock, and a line is matched
    once.
    """
    row = StatementFile.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=file.pk)
    if row.state == S.RECEIVED:
        return file_read(actor=actor, file=row)
    if row.state == S.READ and not some_match(actor=actor, file=row, most=CHUNK_LINES):
        row.state = S.DONE
        row.save(update_fields=["state"])
        audit(
            actor=actor,
            action=actions.FILE_DONE,
            subject=row,
            label=row.name,
            data={"lines": row.lines_read, "matched": row.matched},
        )
    return row


def file_work(*, actor: Actor, file: StatementFile) -> StatementFile:
    """All steps at once, in the caller's transaction: for a small file."""
    while file.state not in STANDS:
        file = file_step(actor=actor, file=file)
    return file


def file_leave(*, file: StatementFile) -> None:
    """Leave the next steps to a worker."""
    outbox.put(WORK, subject_id=file.pk)
