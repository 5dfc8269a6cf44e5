"""The files of a report: made by a worker after the commit, kept by hash, never made again."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.tenancy.scope import brokerage, tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from reporting import actions
from reporting.client_money.document import write_document
from reporting.client_money.workbook import write_workbook
from reporting.errors import FileDamaged
from reporting.kept_files import file_make, hash_file
from reporting.models import ClientMoneyReport, ReportFile
from reporting.states import FILES_TOPIC, ReportState

Kind = ReportFile.Kind


def folder(tenant_id: int | None) -> Path:
    assert tenant_id is not None
    return Path(settings.MEDIA_ROOT) / str(tenant_id) / "reports"


def file_path(file: ReportFile) -> Path:
    return folder(file.tenant_id) / file.name


@outbox.handles(FILES_TOPIC, attempts_max=5, slow=True)
def make_files(actor: Actor, item: OutboxItem) -> None:
    """Make what is missing. The workbook comes first: the documents carry its hash."""
    with tenant_scope(actor.tenant_id, actor):
        assert item.subject_id is not None
        report = ClientMoneyReport.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)
        files_make(actor=actor, report=report)


def files_make(*, actor: Actor, report: ClientMoneyReport) -> list[ReportFile]:
    """The files that the report's state has by now; those that exist are left alone."""
    name = brokerage().name
    workbook = _file(actor, report, Kind.WORKBOOK, lambda path: write_workbook(path, report, name))
    kind = Kind.SIGNED if report.state == ReportState.SIGNED else Kind.PREPARED
    document = _file(
        actor, report, kind, lambda path: write_document(path, report, workbook=workbook)
    )
    return [workbook, document]


def _file(
    actor: Actor, report: ClientMoneyReport, kind: Kind, write: Callable[[Path], None]
) -> ReportFile:
    kept = ReportFile.objects.filter(tenant_id=current_tenant_id(), report=report, kind=kind)
    if (found := kept.first()) is not None:
        return found
    name = f"{report.reference}-{report.day:%Y-%m-%d}-{kind.value}.{_suffix(kind)}"

    def record(digest: str, size: int) -> None:
        kept.create(
            tenant_id=current_tenant_id(), report=report, kind=kind,
            name=name, sha256=digest, size=size,
        )  # fmt: skip
        data = {"name": name, "sha256": digest, "size": size}
        audit(actor=actor, action=actions.FILE_MADE, subject=report, data=data)

    file_make(folder(report.tenant_id) / name, write, record)
    return kept.get()


def _suffix(kind: Kind) -> str:
    return "xlsx" if kind == Kind.WORKBOOK else "pdf"


def opened(*, actor: Actor, file: ReportFile) -> Path:
    """Where the file is, after its hash was checked and the download written to the trail.

    Raises ``FileDamaged`` when it is gone or no longer what was made.
    """
    path = file_path(file)
    if not path.is_file() or hash_file(path)[0] != file.sha256:
        raise FileDamaged
    data = {"name": file.name, "sha256": file.sha256}
    audit(actor=actor, action=actions.DOWNLOADED, subject=file.report, data=data)
    return path
