"""The papers of a case beside its viewer: in which order, which one is open, which comes next."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from backoffice.core.context import Actor
from clients.models import ClientDocument
from clients.states import DOCUMENT_COLOURS, DocumentState
from kyc import selectors
from kyc.models import KycCase


def waits(document: ClientDocument) -> bool:
    return document.state == DocumentState.UPLOADED


def in_order(documents: Sequence[ClientDocument]) -> list[ClientDocument]:
    """Those that wait for a decision first; within them and behind them as they came in."""
    return sorted(documents, key=lambda row: (not waits(row), row.pk))


def shown_of(request: HttpRequest, documents: Sequence[ClientDocument]) -> ClientDocument | None:
    """The one asked for, else the first of ``in_order``."""
    asked = request.GET.get("document", "")
    return next((row for row in documents if str(row.pk) == asked), next(iter(documents), None))


def address(case: KycCase, document: ClientDocument) -> str:
    return f"{reverse('kyc:case', args=[case.pk])}?document={document.pk}"


def after(case: KycCase, decided: ClientDocument) -> str:
    """Where a reviewer goes on: at the next paper that waits, from the first again behind the
    last; at the one just decided when none is left."""
    waiting = in_order([row for row in selectors.papers_of(case) if waits(row)])
    behind = [row for row in waiting if row.pk > decided.pk]
    return address(case, next(iter([*behind, *waiting, decided])))


def viewer(
    actor: Actor,
    case: KycCase,
    documents: Sequence[ClientDocument],
    shown: ClientDocument | None,
) -> dict[str, Any]:
    """For components/viewer.html: the papers, their neighbours, and the pages of the one shown."""
    may_look = actor.can("clients.view_document")
    file_url = reverse("clients:document", args=[shown.pk]) if shown and may_look else ""
    is_pdf = shown is not None and shown.mime == "application/pdf"
    return {
        "shown": shown,
        "shown_colour": DOCUMENT_COLOURS[DocumentState(shown.state)] if shown else "",
        "viewer_title": _label(shown) if shown else "",
        "documents": [_tab(case, row, shown) for row in documents],
        **_neighbours(case, documents, shown),
        "pages": [{"url": file_url, "alt": str(shown)}] if file_url and not is_pdf else [],
        "pdf_url": file_url if is_pdf else "",
        "may_look": may_look,
        "viewer_foot": "kyc/viewer_foot.html",
    }


def _label(row: ClientDocument) -> str:
    kind = row.get_type_display()
    return f"{kind}, {row.party.name}" if row.party else kind


def _tab(case: KycCase, row: ClientDocument, shown: ClientDocument | None) -> dict[str, Any]:
    return {
        "label": _label(row),
        "state": row.get_state_display(),
        "colour": DOCUMENT_COLOURS[DocumentState(row.state)],
        "url": address(case, row),
        "active": shown is not None and row.pk == shown.pk,
    }


def _neighbours(
    case: KycCase, documents: Sequence[ClientDocument], shown: ClientDocument | None
) -> dict[str, str]:
    """The papers before and after the one shown; at an end it goes on at the other."""
    if shown is None or len(documents) < 2:
        return {"document_before": "", "document_after": ""}
    at = next(place for place, row in enumerate(documents) if row.pk == shown.pk)
    return {
        "document_before": address(case, documents[at - 1]),
        "document_after": address(case, documents[(at + 1) % len(documents)]),
    }
