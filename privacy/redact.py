"""Files that hold many people: one of them is taken out, the rest stays as it was.

Raw files are sealed on disk or in a row, so they are opened, looked through and sealed again under
the hash that they came with; what was taken out reads as so many ``x``.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from backoffice.core import crypto
from backoffice.core.context import current_tenant_id
from backoffice.portal.exports import export_path
from backoffice.portal.models import Export
from backoffice.staff.api_auth import PURPOSE as API_PURPOSE
from backoffice.staff.models import ApiRequest
from clients import files as client_files
from clients.models import Client, ClientDocument
from payments.models import ChargebackEvidence, PaymentFile, PaymentFileReport
from payments.payment_files.answers import PURPOSE as ANSWER_PURPOSE
from payments.payment_files.files import PURPOSE as FILE_PURPOSE
from privacy.terms import Terms
from reconciliation import raw
from reconciliation.files import FOLDER as STATEMENTS
from reconciliation.models import SettlementReport, StatementFile
from reconciliation.settlements.reports import FOLDER as SETTLEMENTS

ARCHIVE_MEMBER_BYTES_MAX = 200 * 2**20


def without(content: bytes, terms: Terms) -> bytes | None:
    """The bytes with the client's terms crossed out, as long as they were; None when none is in
    them. UTF-8, Latin-1 and the escapes of JSON are looked through."""
    found = content
    for needle in (each for each in terms.raw() if each):
        # A name may stand in capitals or not, whatever the file; x keeps columns where they are.
        found = re.sub(re.escape(needle), lambda hit: b"x" * len(hit[0]), found, flags=re.I)
    pattern = re.compile(terms.everywhere, re.I) if terms.everywhere else None
    if pattern is not None:
        text = found.decode("latin-1")
        latin = pattern.sub(lambda hit: "x" * len(hit[0]), text).encode("latin-1")
        found = latin
    return found if found != content else None


def documents_remove(client: Client) -> int:
    """Files that the client handed in, and evidence of their chargebacks; how many there were."""
    papers: list[Any] = list(
        ClientDocument.objects.filter(tenant_id=current_tenant_id(), client=client)
    )
    papers += ChargebackEvidence.objects.filter(
        tenant_id=current_tenant_id(), chargeback__client=client
    ).exclude(path="")
    return sum(client_files.remove(tenant_id=current_tenant_id(), path=row.path) for row in papers)


@dataclass(frozen=True)
class Kept:
    """Sealed bytes in a column: opened and sealed with the row's id."""

    model: Any
    column: str
    purpose: str

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)

    def redacted(self, terms: Terms) -> Iterator[tuple[Any, bytes]]:
        """(row, newly sealed bytes) of each that names the client."""
        tenant_id = current_tenant_id()
        for row in self.model.objects.filter(tenant_id=tenant_id).iterator(chunk_size=100):
            bound: dict[str, Any] = {"tenant_id": tenant_id, "purpose": self.purpose}
            try:
                plain = crypto.unseal(
                    bytes(getattr(row, self.column)), bound_to=str(row.pk), **bound
                )
            except crypto.Unreadable:
                continue
            if (rest := without(plain, terms)) is not None:
                yield row, crypto.seal(rest, bound_to=str(row.pk), **bound)


KEPT = (
    Kept(PaymentFile, "content_sealed", FILE_PURPOSE),
    Kept(PaymentFileReport, "content_sealed", ANSWER_PURPOSE),
    Kept(ApiRequest, "body_sealed", API_PURPOSE),
)


def raw_files(terms: Terms) -> int:
    """Bank statements and gateways' reports as they came; how many named the client."""
    tenant_id, many = current_tenant_id(), 0
    for folder, model in ((STATEMENTS, StatementFile), (SETTLEMENTS, SettlementReport)):
        rows: Any = model.objects
        digests = rows.filter(tenant_id=tenant_id).values_list("sha256", flat=True).distinct()
        for digest in digests:
            place: dict[str, Any] = {"tenant_id": tenant_id, "folder": folder, "digest": digest}
            try:
                content = raw.read(**place)
            except (OSError, crypto.Unreadable):
                continue
            if (rest := without(content, terms)) is not None:
                raw.keep(**place, content=rest)
                many += 1
    return many


def exports_remove(terms: Terms) -> int:
    """Exports that name the client go whole: whoever needs the list exports it anew."""
    many = 0
    rows = Export.objects.filter(tenant_id=current_tenant_id(), state=Export.State.READY)
    for row in rows.iterator(chunk_size=100):
        path = export_path(row)
        if path.is_file() and names(path, terms):
            path.unlink()
            row.state, row.error = Export.State.FAILED, "Removed: it held data that was erased."
            row.save(update_fields=["state", "error"])
            many += 1
    return many


def names(path: Path, terms: Terms) -> bool:
    """Whether a file says one of the client's terms; what is packed is looked into."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(_member_names(archive, each, terms) for each in archive.infolist())
    return without(path.read_bytes(), terms) is not None


def _member_names(archive: zipfile.ZipFile, member: zipfile.ZipInfo, terms: Terms) -> bool:
    if member.file_size > ARCHIVE_MEMBER_BYTES_MAX:
        return True  # ours never are: what can't be looked through is not called clean
    return without(archive.read(member), terms) is not None


def files_that_name(terms: Terms) -> list[str]:
    """Files of the brokerage that still say one of the terms, by their path below it."""
    folder = Path(settings.MEDIA_ROOT) / str(current_tenant_id())
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [str(path.relative_to(folder)) for path in found if names(path, terms)]
