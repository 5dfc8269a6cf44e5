"""The buttons of a case: what may be done in its state, each greyed with its reason."""

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.workflow import approvals
from backoffice.workflow.models import Approval
from kyc import guards
from kyc.models import KycCase
from kyc.selectors import Dossier
from kyc.states import FINAL, REVIEWABLE, CaseState


def _url(name: str, case: KycCase) -> str:
    return reverse(f"kyc:{name}", args=[case.pk])


def buttons(
    actor: Actor, case: KycCase, approval: Approval | None, dossier: Dossier
) -> list[Button]:
    state = CaseState(case.state)
    review = "" if actor.can("kyc.review_case") else "You don't have the right to review KYC cases."
    found: list[Button] = []
    if state in (CaseState.DRAFT, CaseState.INFO_REQUESTED):
        why = "" if actor.can("kyc.prepare_case") else "You don't have the right to submit cases."
        why = why or guards.why_not_submit(case)
        found.append(Button("Submit", _url("submit", case), key="a", kind="primary", why_not=why))
    elif state in REVIEWABLE:
        found += _review_buttons(actor, case, review, dossier)
    elif state == CaseState.PENDING_APPROVAL and approval is not None:
        found += _vote_buttons(actor, case, approval)
    elif state in (CaseState.PERIODIC_REVIEW_DUE, CaseState.RESTRICTED):
        found += [
            Button(
                "Begin the review", _url("begin", case), key="a", kind="primary", why_not=review
            ),
            Button("Suspend", _url("suspend", case), method="get", why_not=review),
        ]
    elif state == CaseState.SUSPENDED:
        found.append(Button("Offboard", _url("offboard", case), method="get", why_not=review))
    elif state == CaseState.OFFBOARDING:
        found.append(
            Button("Close", _url("close", case), method="get", kind="danger", why_not=review)
        )
    elif state == CaseState.FROZEN:
        found += _frozen_buttons(actor, case, approval, review)
    if state not in FINAL | {CaseState.FROZEN}:
        found.append(
            Button("Freeze", _url("freeze", case), method="get", kind="quiet", why_not=review)
        )
    return found


def _review_buttons(actor: Actor, case: KycCase, review: str, dossier: Dossier) -> list[Button]:
    found = []
    if case.state == CaseState.ESCALATED:
        found.append(
            Button(
                "Return to review",
                _url("return", case),
                key="a",
                kind="primary",
                method="get",
                why_not=guards.why_not_return(actor, case),
            )
        )
    else:
        found.append(
            Button(
                "Send to approval",
                _url("send", case),
                key="a",
                kind="primary",
                why_not=guards.why_not_send(actor, case, dossier),
            )
        )
    found += [
        Button("Ask client", _url("ask", case), key="q", method="get", why_not=review),
        Button(
            "Reject", _url("reject", case), key="r", kind="danger", method="get", why_not=review
        ),
        Button("Rate risk", _url("risk", case), method="get", why_not=review),
    ]
    if case.state == CaseState.IN_REVIEW:
        found.append(
            Button("Escalate", _url("escalate", case), key="h", method="get", why_not=review)
        )
    return found


def _vote_buttons(actor: Actor, case: KycCase, approval: Approval) -> list[Button]:
    why = approvals.why_not(actor, approval)
    level = case.level.number
    return [
        Button(
            f"Approve at level {level}",
            _url("approve", case),
            key="a",
            kind="primary",
            why_not=why,
        ),
        Button(
            "Send back", _url("send-back", case), key="r", kind="danger", method="get", why_not=why
        ),
    ]


def _frozen_buttons(
    actor: Actor, case: KycCase, approval: Approval | None, review: str
) -> list[Button]:
    if approval is None:
        url = _url("unfreeze", case)
        return [Button("Ask to leave the frozen state", url, method="get", why_not=review)]
    why = approvals.why_not(actor, approval)
    return [
        Button("Agree", _url("approve", case), kind="primary", key="a", why_not=why),
        Button("Refuse", _url("send-back", case), method="get", key="r", why_not=why),
    ]
