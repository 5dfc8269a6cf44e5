"""States of deposits, withdrawals and transfers. Drawings: docs/states/ (generated).

Facts of each machine: docs of the money side; a final state is final.
"""

from django.db import models

from backoffice.core.transitions import machine


class DepositState(models.TextChoices):
    CREATED = "created", "Created"
    REDIRECTED = "redirected", "Client at the cashier"
    PENDING = "pending", "Pending"
    AUTHORIZED = "authorized", "Authorized"
    PAID = "paid", "Paid"
    REVIEW = "review", "Waits for a decision"
    AMOUNT_MISMATCH = "amount_mismatch", "Amount differs"
    HELD = "held", "Held"
    CREDITED = "credited", "In the wallet"
    MT_PENDING = "mt_pending", "On its way to the account"
    DONE = "done", "Done"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"
    RETURNING = "returning", "Being given back"
    RETURNED = "returned", "Returned to the payer"


_D = DepositState
_BEFORE_MONEY = {_D.DECLINED, _D.EXPIRED, _D.CANCELLED}

DEPOSIT = machine(
    "payments.deposit",
    initial=_D.CREATED,
    transitions={
        _D.CREATED: {_D.REDIRECTED, _D.PENDING, _D.AUTHORIZED, _D.PAID} | _BEFORE_MONEY,
        _D.REDIRECTED: {_D.PENDING, _D.AUTHORIZED, _D.PAID} | _BEFORE_MONEY,
        _D.PENDING: {_D.AUTHORIZED, _D.PAID} | _BEFORE_MONEY,
        _D.AUTHORIZED: {_D.PAID} | _BEFORE_MONEY,
        # Money has arrived: from here on nothing is lost by a refusal, it is given back.
        _D.PAID: {_D.REVIEW, _D.AMOUNT_MISMATCH, _D.HELD, _D.CREDITED},
        _D.REVIEW: {_D.HELD, _D.CREDITED, _D.RETURNING},
        _D.AMOUNT_MISMATCH: {_D.HELD, _D.CREDITED, _D.RETURNING},
        _D.HELD: {_D.REVIEW},
        # The gateway may refuse to take it back; then a person decides anew.
        _D.RETURNING: {_D.RETURNED, _D.REVIEW},
        _D.CREDITED: {_D.MT_PENDING, _D.DONE},
        _D.MT_PENDING: {_D.DONE, _D.CREDITED},
        # A success that comes after our own clock ran out, or after a decline, is real money.
        _D.EXPIRED: {_D.PAID},
        _D.DECLINED: {_D.PAID},
        _D.CANCELLED: {_D.PAID},
    },
    final={_D.DONE, _D.RETURNED},
    labels=dict(_D.choices),
)

DEPOSIT_COLOURS = {
    _D.CREATED: "going",
    _D.REDIRECTED: "going",
    _D.PENDING: "going",
    _D.AUTHORIZED: "going",
    _D.PAID: "going",
    _D.REVIEW: "attention",
    _D.AMOUNT_MISMATCH: "attention",
    _D.HELD: "held",
    _D.CREDITED: "good",
    _D.MT_PENDING: "going",
    _D.DONE: "good",
    _D.DECLINED: "bad",
    _D.EXPIRED: "neutral",
    _D.CANCELLED: "neutral",
    _D.RETURNING: "going",
    _D.RETURNED: "neutral",
}

# Not over yet: few among many, so lists of them have indexes of their own. Sorted, since the
# indexes' conditions are written into migrations.
DEPOSIT_LIVE = sorted(set(_D) - {_D.DONE, _D.RETURNED} - _BEFORE_MONEY)

# Arrived and booked, but not the client's to use: it stands on the unallocated account.
DEPOSIT_SET_ASIDE = frozenset({_D.REVIEW, _D.AMOUNT_MISMATCH, _D.HELD, _D.RETURNING})


class WithdrawalState(models.TextChoices):
    REQUESTED = "requested", "Requested"
    HELD = "held", "Money held"
    REVIEW = "review", "Waits for a decision"
    COMPLIANCE = "compliance", "Held"
    APPROVED = "approved", "Approved"
    SUBMITTING = "submitting", "Being sent"
    SUBMITTED = "submitted", "Sent"
    IN_PROGRESS = "in_progress", "With the provider"
    UNKNOWN = "unknown", "Outcome unknown"
    PAYING = "paying", "Being paid in parts"
    PART_FAILED = "part_failed", "A part failed"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled by the client"
    RETURNED = "returned_after_paid", "Returned after payment"


_W = WithdrawalState

WITHDRAWAL = machine(
    "payments.withdrawal",
    initial=_W.REQUESTED,
    transitions={
        _W.REQUESTED: {_W.HELD, _W.REJECTED, _W.CANCELLED},
        _W.HELD: {_W.REVIEW, _W.COMPLIANCE, _W.APPROVED, _W.REJECTED, _W.CANCELLED},
        _W.REVIEW: {_W.COMPLIANCE, _W.APPROVED, _W.REJECTED, _W.CANCELLED},
        _W.COMPLIANCE: {_W.REVIEW, _W.REJECTED},
        # Back to review when its destination was changed after the approval.
        _W.APPROVED: {_W.SUBMITTING, _W.PAYING, _W.REVIEW, _W.REJECTED, _W.COMPLIANCE},
        # From here on only the provider's word, a statement or a person with proof decides.
        _W.SUBMITTING: {_W.SUBMITTED, _W.UNKNOWN, _W.FAILED, _W.PAID},
        _W.SUBMITTED: {_W.IN_PROGRESS, _W.PAID, _W.FAILED, _W.UNKNOWN},
        _W.IN_PROGRESS: {_W.PAID, _W.FAILED, _W.UNKNOWN},
        _W.UNKNOWN: {_W.SUBMITTED, _W.IN_PROGRESS, _W.PAID, _W.FAILED},
        # Each part has a state of its own; the whole follows from them.
        _W.PAYING: {_W.PART_FAILED, _W.PAID, _W.FAILED},
        _W.PART_FAILED: {_W.PAYING, _W.PAID, _W.FAILED},
        _W.PAID: {_W.RETURNED},
    },
    final={_W.FAILED, _W.REJECTED, _W.CANCELLED, _W.RETURNED},
    labels=dict(_W.choices),
)

WITHDRAWAL_COLOURS = {
    _W.REQUESTED: "neutral",
    _W.HELD: "neutral",
    _W.REVIEW: "attention",
    _W.COMPLIANCE: "held",
    _W.APPROVED: "going",
    _W.SUBMITTING: "going",
    _W.SUBMITTED: "going",
    _W.IN_PROGRESS: "going",
    _W.UNKNOWN: "attention",
    _W.PAYING: "going",
    _W.PART_FAILED: "attention",
    _W.PAID: "good",
    _W.FAILED: "bad",
    _W.REJECTED: "bad",
    _W.CANCELLED: "neutral",
    _W.RETURNED: "attention",
}

WITHDRAWAL_LIVE = sorted(set(_W) - {_W.PAID, _W.FAILED, _W.REJECTED, _W.CANCELLED, _W.RETURNED})

# The hold on the wallet stands in these states; while parts are paid, each has a hold of its own.
WITHDRAWAL_HOLDING = frozenset(
    {
        _W.HELD,
        _W.REVIEW,
        _W.COMPLIANCE,
        _W.APPROVED,
        _W.SUBMITTING,
        _W.SUBMITTED,
        _W.IN_PROGRESS,
        _W.UNKNOWN,
    }
)


class PartState(models.TextChoices):
    PLANNED = "planned", "Planned"
    SUBMITTING = "submitting", "Being sent"
    SUBMITTED = "submitted", "Sent"
    IN_PROGRESS = "in_progress", "With the provider"
    UNKNOWN = "unknown", "Outcome unknown"
    PAID = "paid", "Paid"
    RETURNED = "returned", "Came back"
    FAILED = "failed", "Failed"
    REPLACED = "replaced", "Sent anew"
    GIVEN_UP = "given_up", "Given up"
    CANCELLED = "cancelled", "Not needed"


_P = PartState

PART = machine(
    "payments.withdrawalpart",
    initial=_P.PLANNED,
    transitions={
        _P.PLANNED: {_P.SUBMITTING, _P.CANCELLED},
        _P.SUBMITTING: {_P.SUBMITTED, _P.UNKNOWN, _P.FAILED, _P.PAID},
        _P.SUBMITTED: {_P.IN_PROGRESS, _P.PAID, _P.FAILED, _P.UNKNOWN},
        _P.IN_PROGRESS: {_P.PAID, _P.FAILED, _P.UNKNOWN},
        _P.UNKNOWN: {_P.SUBMITTED, _P.IN_PROGRESS, _P.PAID, _P.FAILED},
        # Certainly not paid, its money still held: a person sends it anew or gives it up.
        _P.FAILED: {_P.REPLACED, _P.GIVEN_UP},
        # The bank could not deliver it: the money is the client's again.
        _P.PAID: {_P.RETURNED},
    },
    final={_P.RETURNED, _P.REPLACED, _P.GIVEN_UP, _P.CANCELLED},
    labels=dict(_P.choices),
)

PART_COLOURS = {
    _P.PLANNED: "neutral",
    _P.SUBMITTING: "going",
    _P.SUBMITTED: "going",
    _P.IN_PROGRESS: "going",
    _P.UNKNOWN: "attention",
    _P.PAID: "good",
    _P.RETURNED: "attention",
    _P.FAILED: "bad",
    _P.REPLACED: "neutral",
    _P.GIVEN_UP: "neutral",
    _P.CANCELLED: "neutral",
}


class TransferState(models.TextChoices):
    REQUESTED = "requested", "Requested"
    DEBITING = "debiting", "Leaving its source"
    BRIDGED = "bridged", "Between source and target"
    CREDITING = "crediting", "Arriving at its target"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    RETURNING = "returning", "Going back"
    STRANDED = "stranded", "Nobody took it"
    RETURNED = "returned", "Given back"


_T = TransferState

TRANSFER = machine(
    "payments.transfer",
    initial=_T.REQUESTED,
    transitions={
        _T.REQUESTED: {_T.DEBITING, _T.REFUSED},
        _T.DEBITING: {_T.BRIDGED, _T.REFUSED},
        _T.BRIDGED: {_T.CREDITING},
        _T.CREDITING: {_T.DONE, _T.RETURNING},
        # The source does not take it back either: on the bridge until a person says where it goes.
        _T.RETURNING: {_T.RETURNED, _T.STRANDED},
        _T.STRANDED: {_T.RETURNING, _T.RETURNED},
    },
    final={_T.DONE, _T.REFUSED, _T.RETURNED},
    labels=dict(_T.choices),
)

TRANSFER_COLOURS = {
    _T.REQUESTED: "neutral",
    _T.DEBITING: "going",
    _T.BRIDGED: "going",
    _T.CREDITING: "going",
    _T.DONE: "good",
    _T.REFUSED: "bad",
    _T.RETURNING: "attention",
    _T.STRANDED: "bad",
    _T.RETURNED: "neutral",
}

# All but those that went as they should.
TRANSFER_NOT_DONE = sorted(set(_T) - {_T.DONE})
