"""The page on which a person sees how a CSV file would be read, and says how it is."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from backoffice.core.errors import DomainError
from backoffice.staff.access import StaffRequest, needs
from reconciliation import columns, selectors
from reconciliation.columns_form import ColumnsForm
from reconciliation.importers import CsvMapping
from reconciliation.models import StatementFile


@require_http_methods(["GET", "POST"])
@needs("reconciliation.import_statement")
def choose(request: StaffRequest, pk: UUID) -> HttpResponse:
    """``do=import`` imports; any other post shows the file by the columns that were sent."""
    file = selectors.files(request.actor).filter(pk=pk).first()
    if file is None or file.file_format != "csv":
        raise Http404
    if file.state != StatementFile.State.MAPPING:
        return redirect("reconciliation:file", pk=pk)
    sample = columns.file_sample(file)
    form = _form(request, sample)
    mapping = form.mapping if form.is_bound and form.is_valid() else form.begun_with
    if request.POST.get("do") == "import" and form.mapping is not None:
        try:
            done = columns.file_columns(
                actor=request.actor,
                file=file,
                mapping=form.mapping,
                keep_as=form.cleaned_data["keep_as"].strip(),
            )
        except DomainError as error:
            form.add_error(None, error.sentence)
        else:
            if done.state == StatementFile.State.DONE:
                said = f"{done.lines_read} lines read, {done.matched} matched."
                messages.success(request, said)
            return redirect("reconciliation:file", pk=pk)
    return _page(request, file, sample, form, mapping)


def _form(request: StaffRequest, sample: columns.Sample) -> ColumnsForm:
    accounts = list(selectors.bank_accounts(request.actor).filter(active=True))
    given: dict[str, Any] = {"sample": sample, "accounts": accounts}
    if request.method == "POST":
        return ColumnsForm(request.POST, **given)
    kept = {str(each.pk): each for each in columns.layouts(request.actor)}
    layout = kept.get(request.GET.get("like", ""))
    if layout is not None:
        mapping: CsvMapping | None = CsvMapping.from_json(layout.columns)
    else:
        mapping, layout = columns.mapping_first(request.actor, sample)
    return ColumnsForm(**given, mapping=mapping, keep_as=layout.name if layout else "")


def _page(
    request: StaffRequest,
    file: StatementFile,
    sample: columns.Sample,
    form: ColumnsForm,
    mapping: CsvMapping | None,
) -> HttpResponse:
    context = {
        "file": file,
        "sample": sample,
        "form": form,
        "layouts": columns.layouts(request.actor),
        "reading": columns.file_reading(request.actor, file, mapping) if mapping else None,
    }
    status = 422 if form.errors else 200
    return render(request, "reconciliation/file_columns.html", context, status=status)
