"""States of a trading account, of a change to it, and of a balance operation on it."""

from django.db import models

from backoffice.core.transitions import machine


class AccountState(models.TextChoices):
    REQUESTED = "requested", "Requested"
    OPENING = "opening", "Being opened"
    ACTIVE = "active", "Trading"
    READ_ONLY = "read_only", "Read only"
    DISABLED = "disabled", "Disabled"
    ARCHIVED = "archived", "Archived"
    REFUSED = "refused", "Refused"


_A = AccountState

ACCOUNT = machine(
    "trading.account",
    initial=_A.REQUESTED,
    transitions={
        _A.REQUESTED: {_A.OPENING, _A.REFUSED},
        # An opening with no answer is looked for by our reference before it is sent again.
        _A.OPENING: {_A.ACTIVE, _A.REFUSED},
        _A.ACTIVE: {_A.READ_ONLY, _A.DISABLED, _A.ARCHIVED},
        _A.READ_ONLY: {_A.ACTIVE, _A.DISABLED, _A.ARCHIVED},
        _A.DISABLED: {_A.ACTIVE, _A.READ_ONLY, _A.ARCHIVED},
        _A.ARCHIVED: {_A.ACTIVE},
    },
    final={_A.REFUSED},
    labels=dict(_A.choices),
)

ACCOUNT_COLOURS = {
    _A.REQUESTED: "neutral",
    _A.OPENING: "going",
    _A.ACTIVE: "good",
    _A.READ_ONLY: "attention",
    _A.DISABLED: "bad",
    _A.ARCHIVED: "neutral",
    _A.REFUSED: "bad",
}


class OperationState(models.TextChoices):
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Being sent"
    UNKNOWN = "unknown", "Outcome unknown"
    APPLIED = "applied", "Applied"
    REFUSED = "refused", "Refused"
    VOIDED = "voided", "Not applied"


_O = OperationState

OPERATION = machine(
    "trading.balanceoperation",
    initial=_O.QUEUED,
    transitions={
        _O.QUEUED: {_O.SENDING, _O.VOIDED},
        # Committed before the call: a worker that dies here leaves a question, never a double.
        # Back to the queue only when it is certain that nothing was sent or booked.
        _O.SENDING: {_O.APPLIED, _O.REFUSED, _O.UNKNOWN, _O.QUEUED},
        # Looked for by its token; sent again only after two looks have not found it.
        _O.UNKNOWN: {_O.APPLIED, _O.SENDING, _O.VOIDED},
    },
    final={_O.APPLIED, _O.REFUSED, _O.VOIDED},
    labels=dict(_O.choices),
)

OPERATION_COLOURS = {
    _O.QUEUED: "neutral",
    _O.SENDING: "going",
    _O.UNKNOWN: "attention",
    _O.APPLIED: "good",
    _O.REFUSED: "bad",
    _O.VOIDED: "neutral",
}


class ChangeState(models.TextChoices):
    REQUESTED = "requested", "Being applied"
    APPLIED = "applied", "Applied"
    REFUSED = "refused", "Refused"


_C = ChangeState

CHANGE = machine(
    "trading.accountchange",
    initial=_C.REQUESTED,
    transitions={_C.REQUESTED: {_C.APPLIED, _C.REFUSED}},
    final={_C.APPLIED, _C.REFUSED},
    labels=dict(_C.choices),
)

CHANGE_COLOURS = {_C.REQUESTED: "going", _C.APPLIED: "good", _C.REFUSED: "bad"}
