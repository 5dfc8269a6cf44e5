"""States of a partner, a version of an agreement, a commission line and a payout."""

from django.db import models

from backoffice.core.transitions import machine


class PartnerState(models.TextChoices):
    APPLICANT = "applicant", "Applicant"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CLOSED = "closed", "Closed"


_P = PartnerState

PARTNER = machine(
    "ib.partner",
    initial=_P.APPLICANT,
    transitions={
        _P.APPLICANT: {_P.ACTIVE, _P.CLOSED},
        # Suspended: lines are kept with their reason and amount to nothing.
        _P.ACTIVE: {_P.SUSPENDED, _P.CLOSED},
        _P.SUSPENDED: {_P.ACTIVE, _P.CLOSED},
    },
    final={_P.CLOSED},
    labels=dict(_P.choices),
)

PARTNER_COLOURS = {
    _P.APPLICANT: "neutral",
    _P.ACTIVE: "good",
    _P.SUSPENDED: "bad",
    _P.CLOSED: "neutral",
}


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waiting for approval"
    PUBLISHED = "published", "Published"


_V = VersionState

VERSION = machine(
    "ib.agreementversion",
    initial=_V.DRAFT,
    transitions={
        _V.DRAFT: {_V.PROPOSED},
        _V.PROPOSED: {_V.PUBLISHED, _V.DRAFT},
    },
    # Published is for good: what a line was reckoned with never changes.
    final={_V.PUBLISHED},
    labels=dict(_V.choices),
)

VERSION_COLOURS = {_V.DRAFT: "neutral", _V.PROPOSED: "attention", _V.PUBLISHED: "good"}


class LineState(models.TextChoices):
    """Of a commission line. The database guards the moves (sql/guards.sql): lines move in bulk."""

    ACCRUED = "accrued", "Earned"
    EXCLUDED = "excluded", "Not paid for"
    IN_PAYOUT = "in_payout", "In a payout"
    PAID = "paid", "Paid"
    REVERSED = "reversed", "Taken back"


LINE_COLOURS = {
    LineState.ACCRUED: "going",
    LineState.EXCLUDED: "neutral",
    LineState.IN_PAYOUT: "attention",
    LineState.PAID: "good",
    LineState.REVERSED: "bad",
}


class PayoutState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PROPOSED = "proposed", "Waiting for approval"
    APPROVED = "approved", "Approved"
    PAID = "paid", "Paid"
    REFUSED = "refused", "Refused"


_O = PayoutState

PAYOUT = machine(
    "ib.payout",
    initial=_O.DRAFT,
    transitions={
        _O.DRAFT: {_O.PROPOSED},
        _O.PROPOSED: {_O.APPROVED, _O.REFUSED},
        _O.APPROVED: {_O.PAID},
    },
    final={_O.PAID, _O.REFUSED},
    labels=dict(_O.choices),
)

PAYOUT_COLOURS = {
    _O.DRAFT: "neutral",
    _O.PROPOSED: "attention",
    _O.APPROVED: "going",
    _O.PAID: "good",
    _O.REFUSED: "bad",
}
OPEN_PAYOUTS = (_O.DRAFT, _O.PROPOSED, _O.APPROVED)
