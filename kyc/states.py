"""The states of a KYC case, and which of them mean that someone has to do something."""

from django.db import models

from backoffice.core.transitions import machine


class CaseState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    SCREENING = "screening", "Screening"
    IN_REVIEW = "in_review", "In review"
    ESCALATED = "escalated", "Escalated"
    INFO_REQUESTED = "info_requested", "Client asked"
    PENDING_APPROVAL = "pending_approval", "Waiting for approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    ABANDONED = "abandoned", "Abandoned"
    PERIODIC_REVIEW_DUE = "periodic_review_due", "Periodic review due"
    RESTRICTED = "restricted", "Restricted"
    SUSPENDED = "suspended", "Suspended"
    OFFBOARDING = "offboarding", "Offboarding"
    CLOSED = "closed", "Closed"
    FROZEN = "frozen", "Frozen"


FINAL = {CaseState.REJECTED, CaseState.ABANDONED, CaseState.CLOSED}
_S = CaseState
_FOLLOWING: dict[CaseState, set[CaseState]] = {
    _S.DRAFT: {_S.SUBMITTED, _S.ABANDONED},
    _S.SUBMITTED: {_S.SCREENING, _S.ABANDONED},
    _S.SCREENING: {_S.IN_REVIEW, _S.ESCALATED},
    _S.IN_REVIEW: {_S.PENDING_APPROVAL, _S.ESCALATED, _S.INFO_REQUESTED, _S.REJECTED},
    _S.ESCALATED: {_S.IN_REVIEW, _S.INFO_REQUESTED, _S.REJECTED},
    _S.INFO_REQUESTED: {_S.SUBMITTED, _S.ABANDONED},
    _S.PENDING_APPROVAL: {_S.APPROVED, _S.IN_REVIEW},
    _S.APPROVED: {_S.PERIODIC_REVIEW_DUE, _S.RESTRICTED},
    _S.PERIODIC_REVIEW_DUE: {_S.IN_REVIEW, _S.SUSPENDED},
    _S.RESTRICTED: {_S.IN_REVIEW, _S.SUSPENDED},
    _S.SUSPENDED: {_S.OFFBOARDING},
    _S.OFFBOARDING: {_S.CLOSED},
    # Two compliance officers together choose: look again in depth, or part with the client.
    _S.FROZEN: {_S.ESCALATED, _S.OFFBOARDING},
}

CASE = machine(
    "kyc.kyccase",  # the model's label, by which histories know it
    initial=CaseState.DRAFT,
    transitions={
        state: following | (set() if state is _S.FROZEN else {_S.FROZEN})
        for state, following in _FOLLOWING.items()
    },
    final={str(state) for state in FINAL},
    labels=dict(CaseState.choices),
)

# A client has one case of these at most: the one that people work on.
WORKING = frozenset(
    {
        _S.DRAFT,
        _S.SUBMITTED,
        _S.SCREENING,
        _S.IN_REVIEW,
        _S.ESCALATED,
        _S.INFO_REQUESTED,
        _S.PENDING_APPROVAL,
    }
)
# A person of the brokerage has to act: the case stands in the queue.
QUEUED = frozenset(
    {_S.IN_REVIEW, _S.ESCALATED, _S.PENDING_APPROVAL, _S.PERIODIC_REVIEW_DUE, _S.RESTRICTED}
)
# Documents and hits may be decided.
REVIEWABLE = frozenset({_S.IN_REVIEW, _S.ESCALATED})

COLOURS = {
    _S.DRAFT: "neutral",
    _S.SUBMITTED: "going",
    _S.SCREENING: "going",
    _S.IN_REVIEW: "going",
    _S.ESCALATED: "attention",
    _S.INFO_REQUESTED: "attention",
    _S.PENDING_APPROVAL: "attention",
    _S.APPROVED: "good",
    _S.REJECTED: "bad",
    _S.ABANDONED: "neutral",
    _S.PERIODIC_REVIEW_DUE: "attention",
    _S.RESTRICTED: "bad",
    _S.SUSPENDED: "bad",
    _S.OFFBOARDING: "attention",
    _S.CLOSED: "neutral",
    _S.FROZEN: "held",
}


class VendorState(models.TextChoices):
    """How far an identity check at a vendor has come."""

    STARTING = "starting", "Being started"
    OPEN = "open", "With the client"
    REVIEW = "review", "A person should look"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Not finished by the client"
    LOST = "lost", "Could not be started"


_V = VendorState

# A vendor may say anything after anything, and what it says last holds: a red after a green too.
_SAID: set[str] = {_V.OPEN, _V.REVIEW, _V.PASSED, _V.FAILED, _V.EXPIRED}
VENDOR_CHECK = machine(
    "kyc.vendorcheck",
    initial=_V.STARTING,
    transitions={
        _V.STARTING: {*_SAID, _V.LOST},
        **{state: _SAID - {state} for state in (_V.OPEN, _V.REVIEW, _V.PASSED, _V.FAILED)},
        _V.EXPIRED: _SAID - {_V.EXPIRED},
    },
    final={_V.LOST},
    labels=dict(_V.choices),
)

VENDOR_COLOURS = {
    _V.STARTING: "going",
    _V.OPEN: "going",
    _V.REVIEW: "attention",
    _V.PASSED: "good",
    _V.FAILED: "bad",
    _V.EXPIRED: "attention",
    _V.LOST: "attention",
}
