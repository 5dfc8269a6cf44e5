"""The lists in use, importing the brokerage's own, and searching a name by hand."""

import tempfile
from pathlib import Path

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.once import once
from backoffice.staff.access import StaffRequest, needs
from compliance import lists, selectors
from compliance.models import CATEGORIES, ScreeningRun
from compliance.screening.decide import Category
from compliance.screening.entities import Kind, PartialDate
from compliance.screening.match import Subject
from compliance.screening.normalise import can_be_compared

UPLOAD_BYTES_MAX = 20 * 2**20
RUNS_SHOWN = 10


@require_GET
@needs("compliance.manage_lists")
def list_overview(request: StaffRequest) -> HttpResponse:
    """Sources, versions, counts, what could not be read, and the runs that followed."""
    context = {
        "lists": selectors.active_lists(request.actor),
        "runs": ScreeningRun.objects.filter(tenant_id=request.actor.tenant_id).order_by("-id")[
            :RUNS_SHOWN
        ],
        "categories": CATEGORIES,
    }
    return render(request, "compliance/lists.html", context)


@require_GET
@needs("compliance.manage_lists")
def list_version(request: StaffRequest, source: str, number: int) -> HttpResponse:
    """One version of a list: whom it added, changed and removed against the one before."""
    versions = selectors.versions_of(request.actor, source)
    version = next((each for each in versions if each.number == number), None)
    if version is None:
        raise Http404("No such version.")
    kept = version.changes
    groups = [
        {
            "title": title,
            "count": getattr(version, name),
            "rows": [(row[0], row[1], ", ".join(row[2]) if row[2:] else "") for row in kept[name]]
            if name in kept
            else [],
        }
        for name, title in (("added", "Added"), ("changed", "Changed"), ("removed", "Removed"))
    ]
    context = {"version": version, "versions": versions, "groups": groups, "first": not kept}
    return render(request, "compliance/list_version.html", context)


@require_POST
@needs("compliance.manage_lists")
@once
def list_upload(request: StaffRequest) -> HttpResponse:
    """A new version of the brokerage's own list, from the browser."""
    given = request.FILES.get("file")
    form = OwnListForm(request.POST)
    if not isinstance(given, UploadedFile) or not form.is_valid():
        messages.error(request, "Choose a file, a title and what the list means.")
        return redirect("compliance:lists")
    if (given.size or 0) > UPLOAD_BYTES_MAX:
        messages.error(request, "The file is larger than 20 MB. Nothing was imported.")
        return redirect("compliance:lists")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(given.read())
        try:
            version = lists.tenant_list_import(
                actor=request.actor,
                path=path,
                title=form.cleaned_data["title"],
                category=Category(form.cleaned_data["category"]),
                file_name=(given.name or "")[:160],
            )
        except DomainError as error:
            return refused(request, error, "/compliance/lists/")
    messages.success(
        request,
        f"{version}: {version.entities_count:,} entities. Clients are screened within minutes.",
    )
    return redirect("compliance:lists")


class OwnListForm(forms.Form):
    title = forms.CharField(max_length=120)
    category = forms.ChoiceField(choices=CATEGORIES)


class NameForm(forms.Form):
    """What is known of someone; the name alone will do."""

    name = forms.CharField(label="Name", max_length=200)
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Any"), *((k, k.capitalize()) for k in Kind)]
    )
    birth_date = forms.DateField(
        label="Birth date", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}$", label="Country", required=False, help_text="Two letters, such as CY."
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not can_be_compared(name, Kind.ENTITY):
            raise forms.ValidationError("It has too few letters to be compared with a list.")
        return name

    def subject(self) -> Subject:
        born = self.cleaned_data["birth_date"]
        kind, country = self.cleaned_data["kind"], self.cleaned_data["country"]
        return Subject(
            name=self.cleaned_data["name"],
            kind=Kind(kind) if kind else None,
            birth_date=PartialDate(born.year, born.month, born.day) if born else None,
            countries=(country.upper(),) if country else (),
        )


@require_GET
@needs("compliance.view_hit")
def name_search(request: StaffRequest) -> HttpResponse:
    """Type a name, see who it may be and why. Nothing is kept."""
    form = NameForm(request.GET or None)
    found = None
    status = 200
    if form.is_bound:
        if form.is_valid():
            found = selectors.name_search(request.actor, form.subject())
        else:
            status = 422
    context = {"form": form, "found": found, "lists": selectors.active_lists(request.actor)}
    return render(request, "compliance/name_search.html", context, status=status)
