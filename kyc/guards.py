"""Why an action is not possible now: one sentence each, empty when it is. Pages show it on the
grey button, services raise it."""

from backoffice.core.context import Actor
from clients.models import RiskBand
from clients.states import DocumentState
from kyc import selectors
from kyc.models import CheckOutcome, KycCase
from kyc.selectors import Dossier
from kyc.states import REVIEWABLE, CaseState


def why_not_submit(case: KycCase) -> str:
    if case.state not in (CaseState.DRAFT, CaseState.INFO_REQUESTED):
        return f"It is {_state(case)}."
    open_lines = [line for line in selectors.checklist(case) if not line.handed_in]
    if open_lines:
        return "Still open: " + ", ".join(f"{line.title} ({line.note})" for line in open_lines)
    return ""


def why_not_review(actor: Actor, case: KycCase) -> str:
    """For decisions on documents, risk and information."""
    if not actor.can("kyc.review_case"):
        return "You don't have the right to review KYC cases."
    if case.state not in REVIEWABLE:
        return f"It is {_state(case)}; nothing is to be reviewed now."
    return ""


def why_not_send(actor: Actor, case: KycCase, dossier: Dossier | None = None) -> str:
    """For “Send to approval”: everything is decided and clear, and the reviewer is impartial. A
    page gives the dossier that it shows; who decides reads it under the lock."""
    why = why_not_review(actor, case)
    if why:
        return why
    if case.state != CaseState.IN_REVIEW:
        return "It is escalated: finish the enhanced due diligence and return it to review first."
    if case.client.risk_band == RiskBand.PROHIBITED:
        return "The client's risk is prohibited: it can only be rejected or frozen."
    dossier = dossier or selectors.dossier_of(case)
    waiting = [d for d in dossier.papers if d.state == DocumentState.UPLOADED]
    if waiting:
        if len(waiting) == 1:
            return "One document is still to be decided."
        return f"{len(waiting)} documents are still to be decided."
    unmet = [line for line in dossier.verdicts if not line.met]
    if unmet:
        return "Not met: " + ", ".join(f"{line.title} ({line.note})" for line in unmet)
    if actor.ref in selectors.raters(case):
        return "You set the risk by hand, so someone else sends it to approval."
    return ""


def why_not_return(actor: Actor, case: KycCase) -> str:
    """For “Return to review” after enhanced due diligence."""
    if not actor.can("kyc.review_case"):
        return "You don't have the right to review KYC cases."
    if case.state != CaseState.ESCALATED:
        return f"It is {_state(case)}."
    hits = [row for row in selectors.checks_of(case) if row.outcome == CheckOutcome.HIT]
    if hits:
        return "Decide the hits first: " + ", ".join(row.summary or row.name for row in hits)
    return ""


def why_not_move(actor: Actor, case: KycCase, *sources: str) -> str:
    if not actor.can("kyc.review_case"):
        return "You don't have the right to review KYC cases."
    if case.state not in sources:
        return f"It is {_state(case)}."
    return ""


def _state(case: KycCase) -> str:
    return case.get_state_display().lower()
