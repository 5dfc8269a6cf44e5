"""Documents of a client: upload, look, links."""

from uuid import UUID

from csp.decorators import csp
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.errors import DomainError
from backoffice.portal.decisions import refused
from backoffice.portal.once import done_at, once
from backoffice.staff.access import StaffRequest, needs
from clients import documents, files
from clients.access import client_for, document_for, upload_link_for
from clients.errors import FileRefused
from clients.forms import UploadForm, UploadLinkForm
from clients.links import upload_link_create, upload_link_revoke
from clients.models import DocumentType
from clients.views.changes import GET_POST, data_of, form_page, tried
from clients.views.pages import head


@GET_POST
@needs("clients.upload_document")
@once
def document_upload(request: StaffRequest, pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    posted = data_of(request)
    initial = {"party": request.GET.get("party", "")}
    files_sent = request.FILES if posted is not None else None
    form = UploadForm(client, posted, files_sent, initial=initial)

    def work() -> None:
        values = form.cleaned_data
        document = documents.document_store(
            actor=request.actor,
            client=client,
            type=values["type"],
            name=values["file"].name,
            content=read_upload(values["file"]),
            party=values.get("party"),
        )
        if values["number"] or values["issued_on"] or values["expires_on"]:
            documents.document_describe(
                actor=request.actor,
                document=document,
                number=values["number"],
                issued_on=values["issued_on"],
                expires_on=values["expires_on"],
            )

    back = reverse("clients:tab", args=[client.pk, "documents"])
    if request.method == "POST" and tried(form, work):
        messages.success(request, "The document is kept, sealed.")
        return redirect(back)
    return form_page(
        request, form, client=client, title="Upload a document", label="Upload", back=back
    )


def read_upload(upload: forms.FileField) -> bytes:
    """The bytes of an upload, refused by its size before they are read into memory."""
    size: int = upload.size  # type: ignore[attr-defined]
    files.check_size(size)
    content: bytes = upload.read(files.UPLOAD_BYTES_MAX + 1)  # type: ignore[attr-defined]
    if len(content) != size:
        raise FileRefused("The file did not arrive whole. Send it again.")
    return content


# Only this answer may stand in a frame, and only in one of ours: the browser's own PDF viewer.
@csp(  # type: ignore[arg-type]  # it is typed for views of one argument
    {
        "default-src": ["'none'"],
        "img-src": ["'self'"],
        "object-src": ["'self'"],
        "style-src": ["'unsafe-inline'"],
        "frame-ancestors": ["'self'"],
    }
)
@xframe_options_sameorigin
@require_GET
@needs("clients.view_document")
def document_file(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The file itself, watermarked; the look is recorded."""
    document = document_for(request.actor, pk)
    content = documents.document_look(
        actor=request.actor, document=document, brokerage=request.tenant.name
    )
    response = HttpResponse(content, content_type=document.mime)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@GET_POST
@needs("clients.upload_document")
@once
def upload_link(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Make a link for the client; its address is shown this once."""
    client = client_for(request.actor, pk)
    form = UploadLinkForm(data_of(request), initial={"types": [DocumentType.PASSPORT]})
    back = reverse("clients:tab", args=[client.pk, "documents"])
    if request.method == "POST" and form.is_valid():
        try:
            made = upload_link_create(actor=request.actor, client=client, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.sentence)
        else:
            address = request.build_absolute_uri(reverse("clients:upload", args=[made.token]))
            context = {
                **head(request.actor, client),
                "link": made.link,
                "address": address,
                "back_url": back,
            }
            response = render(request, "clients/upload_link_made.html", context)
            response["Cache-Control"] = "no-store"
            return done_at(response, back)
    return form_page(
        request,
        form,
        client=client,
        title="Ask the client for documents",
        label="Make the link",
        back=back,
        says="The client opens the link without signing in. Its address is shown once.",
    )


@require_POST
@needs("clients.upload_document")
def upload_link_withdraw(request: StaffRequest, pk: UUID, link_pk: UUID) -> HttpResponse:
    client = client_for(request.actor, pk)
    back = reverse("clients:tab", args=[client.pk, "documents"])
    try:
        upload_link_revoke(
            actor=request.actor, link=upload_link_for(request.actor, client, link_pk)
        )
    except DomainError as error:
        return refused(request, error, back)
    messages.success(request, "The link is withdrawn.")
    return redirect(back)
