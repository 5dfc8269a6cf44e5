"""Services of the reviewer: documents, zones, risk."""

from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from clients import documents
from clients.models import ClientDocument, RiskBand
from clients.services import client_set_risk
from kyc import actions, guards, mrz, selectors
from kyc.locks import case_locked
from kyc.models import DocumentDecision, KycCase, ReasonUse, RiskRating
from kyc.mrz import Mrz
from kyc.services import require


@transaction.atomic
def document_decide(
    *,
    actor: Actor,
    case: KycCase,
    document: ClientDocument,
    accepted: bool,
    reason: str = "",
    note: str = "",
) -> ClientDocument:
    """Accept or refuse one document of a case; a refusal takes its words from the catalogue."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_review(actor, row))
    if document.client_id != row.client_id:
        raise InvalidInput("The document is another client's.")
    text = ""
    if not accepted:
        chosen = selectors.reason_named(ReasonUse.DOCUMENT, reason)
        if chosen is None:
            raise InvalidInput(fields={"reason": "Choose a reason from the list."})
        text = chosen.text_for(row.client.language)
    decided = documents.document_decide(
        actor=actor, document=document, accepted=accepted, reason=reason, client_text=text
    )
    DocumentDecision.objects.create(
        tenant_id=actor.tenant_id,
        case=row,
        document=decided,
        accepted=accepted,
        reason="" if accepted else reason,
        client_text=text[:300],
        note=note.strip()[:500],
        by_ref=actor.ref,
        by=actor.name,
    )
    return decided


@transaction.atomic
def zone_read(*, actor: Actor, case: KycCase, document: ClientDocument, text: str) -> Mrz:
    """Keep what a machine-readable zone says, sealed, with its document. Raises ``MrzError``."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_review(actor, row))
    if document.client_id != row.client_id:
        raise InvalidInput("The document is another client's.")
    zone = mrz.parse(text, today())
    documents.document_describe(
        actor=actor,
        document=document,
        number=zone.number if zone.checks["number"] else "",
        issuing_country=zone.issuing_state if zone.issuing_state in mrz.STATES else "",
        expires_on=zone.expires_on if zone.checks["expiry"] else None,
        source="mrz",
        reading=_reading(zone),
    )
    return zone


def _reading(zone: Mrz) -> dict[str, Any]:
    return {
        "surname": zone.surname,
        "given_names": zone.given_names,
        "names_cut": zone.names_cut,
        "birth_date": zone.birth_date.isoformat() if zone.birth_date else "",
        "nationality": zone.nationality_alpha_2 or zone.nationality,
        "number": zone.number,
        "number_alternative": zone.number_alternative,
        "expires_on": zone.expires_on.isoformat() if zone.expires_on else "",
        "holds": zone.holds,
        "checks": dict(zone.checks),
        "problems": list(zone.problems),
    }


@transaction.atomic
def risk_rate(*, actor: Actor, case: KycCase, band: str, reason: str) -> KycCase:
    """Set the client's band by hand. Who does so neither sends the case to approval nor approves
    it."""
    row = case_locked(actor, case.pk)
    require(guards.why_not_review(actor, row))
    if band not in RiskBand.values:
        raise InvalidInput(fields={"band": "Choose a band."})
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why the band is set by hand."})
    row.client = client_set_risk(
        actor=actor, client=row.client, band=band, reason=reason, by_hand=True
    )
    RiskRating.objects.create(
        tenant_id=actor.tenant_id,
        case=row,
        band=band,
        reason=reason.strip()[:500],
        by_ref=actor.ref,
        by=actor.name,
    )
    data = {"band": RiskBand(band).label.lower(), "reason": reason}
    audit(actor=actor, action=actions.RISK_RATED, subject=row, data=data)
    return row
