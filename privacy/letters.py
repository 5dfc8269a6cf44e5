"""The letter that answers a request: made by a worker once everything is done, kept by its hash.

It is neutral: it says the same of the checks that the law asks for to everyone, whatever they found
(tipping-off). It goes to a reference, not to a name, since nothing that is kept may say one.
"""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import StateConflict
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import brokerage, tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from privacy import actions
from privacy.erasure import answers_of
from privacy.models import ErasureRequest, Source
from privacy.rules import Category, Outcome
from privacy.states import RequestState
from privacy.work import LETTER

STYLE = Path(__file__).parent / "print" / "letter.css"
SAYS = {
    Outcome.DELETED: "We have deleted it.",
    Outcome.ANONYMISED: "We have taken everything out of it that leads to you. What is left "
    "stands under a reference that stands for nobody.",
    Outcome.RESTRICTED: "We keep it under lock and use it for nothing else",
    Outcome.NEEDED: "We keep it and use it to serve you",
}


def letter_path(row: ErasureRequest) -> Path:
    folder = Path(settings.MEDIA_ROOT) / str(row.tenant_id) / "privacy"
    return folder / f"{row.reference}.pdf"


def lines(row: ErasureRequest) -> list[dict[str, Any]]:
    """What the letter says of each category."""
    found = []
    for answer in answers_of(row):
        until = f" until {answer.until:%-d %B %Y}" if answer.until else ""
        kept = not answer.goes
        says = f"{SAYS[Outcome(answer.outcome)]}{until}, because {answer.basis}." if kept else ""
        found.append(
            {
                "category": Category(answer.category).label,
                "outcome": Outcome(answer.outcome).label,
                "says": says or SAYS[Outcome(answer.outcome)],
            }
        )
    return found


def html(row: ErasureRequest) -> str:
    answers = answers_of(row)
    context = {
        "request": row,
        "brokerage": brokerage(),
        "entity": row.client.legal_entity
        or LegalEntity.objects.filter(tenant_id=current_tenant_id()).first(),
        "lines": lines(row),
        "asked": row.source != Source.RETENTION,
        "any_gone": any(answer.goes for answer in answers),
        "any_kept": any(answer.outcome == Outcome.RESTRICTED for answer in answers),
        "goes_on": any(answer.outcome == Outcome.NEEDED for answer in answers),
        "backup_days": settings.BACKUP_KEEP_DAYS,
    }
    return render_to_string("privacy/letter.html", context)


@outbox.handles(LETTER, attempts_max=5, slow=True)
def letter_make(system: Actor, item: OutboxItem) -> None:
    """Make it once; a repeat finds it made."""
    from backoffice.core.pdf import write_pdf  # its library takes a second that nobody else owes

    assert item.subject_id is not None

    with tenant_scope(system.tenant_id, system):
        rows = ErasureRequest.objects.select_for_update(of=("self",)).select_related("client")
        row = rows.get(tenant_id=system.tenant_id, pk=item.subject_id)
        if row.state != RequestState.DONE or row.letter_sha256:
            return
        path = letter_path(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        write_pdf(part, html=html(row), style=STYLE.read_text())
        row.letter_sha256 = hashlib.sha256(part.read_bytes()).hexdigest()
        row.save(update_fields=["letter_sha256"])
        part.replace(path)


def opened(*, actor: Actor, row: ErasureRequest) -> bytes:
    """The letter, checked against its hash. Raises ``StateConflict`` when it is not there."""
    path = letter_path(row)
    body = path.read_bytes() if row.letter_sha256 and path.is_file() else b""
    if not body:
        raise StateConflict("The letter is being made. Try again in a moment.")
    if hashlib.sha256(body).hexdigest() != row.letter_sha256:
        raise StateConflict("The file is not the letter that was made. Ask the operator.")
    audit(actor=actor, action=actions.LETTER_READ, subject=row)
    return body
