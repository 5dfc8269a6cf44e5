"""States of chargebacks and of what we answer to them. Drawings: docs/states/ (generated).

An inquiry is a question of the card's bank: no money moves. A chargeback has taken the money, and
only the bank's word, or ours that we accept it, ends it.
"""

from django.db import models

from backoffice.core.transitions import machine


class ChargebackState(models.TextChoices):
    NOTED = "noted", "Noted"
    INQUIRY = "inquiry", "Inquiry"
    INQUIRY_CLOSED = "inquiry_closed", "Inquiry closed"
    OPEN = "open", "Open"
    EVIDENCE = "evidence", "Evidence sent"
    WON = "won", "Won"
    LOST = "lost", "Lost"
    ACCEPTED = "accepted", "Accepted"


_C = ChargebackState

CHARGEBACK = machine(
    "payments.chargeback",
    initial=_C.NOTED,
    transitions={
        # Within the transaction that writes it down.
        _C.NOTED: {_C.INQUIRY, _C.OPEN},
        _C.INQUIRY: {_C.OPEN, _C.INQUIRY_CLOSED},
        # Money that is taken after all is real, whatever was said before.
        _C.INQUIRY_CLOSED: {_C.OPEN},
        _C.OPEN: {_C.EVIDENCE, _C.WON, _C.LOST, _C.ACCEPTED},
        _C.EVIDENCE: {_C.WON, _C.LOST, _C.ACCEPTED},
    },
    final={_C.WON, _C.LOST, _C.ACCEPTED},
    labels=dict(_C.choices),
)

CHARGEBACK_COLOURS = {
    _C.NOTED: "neutral",
    _C.INQUIRY: "attention",
    _C.INQUIRY_CLOSED: "neutral",
    _C.OPEN: "attention",
    _C.EVIDENCE: "going",
    _C.WON: "good",
    _C.LOST: "bad",
    _C.ACCEPTED: "neutral",
}

# The money is gone and may still come back.
CHARGEBACK_LIVE = sorted({_C.OPEN, _C.EVIDENCE})
# The money is gone: it can't be given back to the card as well.
CHARGEBACK_TAKEN = sorted({_C.OPEN, _C.EVIDENCE, _C.LOST, _C.ACCEPTED})
# What waits for our word.
CHARGEBACK_ANSWERABLE = sorted({_C.INQUIRY, _C.OPEN})


class AnswerState(models.TextChoices):
    QUEUED = "queued", "Waits to be sent"
    SENDING = "sending", "Being sent"
    UNKNOWN = "unknown", "Outcome unknown"
    SENT = "sent", "Taken by the gateway"
    REFUSED = "refused", "Refused by the gateway"


_A = AnswerState

ANSWER = machine(
    "payments.chargebackanswer",
    initial=_A.QUEUED,
    transitions={
        _A.QUEUED: {_A.SENDING, _A.REFUSED},
        # The gateway is asked what it has of ours before anything is sent again.
        _A.SENDING: {_A.SENT, _A.REFUSED, _A.UNKNOWN},
        _A.UNKNOWN: {_A.SENT, _A.REFUSED},
    },
    final={_A.SENT, _A.REFUSED},
    labels=dict(_A.choices),
)

ANSWER_COLOURS = {
    _A.QUEUED: "going",
    _A.SENDING: "going",
    _A.UNKNOWN: "attention",
    _A.SENT: "good",
    _A.REFUSED: "bad",
}
ANSWER_OPEN = sorted({_A.QUEUED, _A.SENDING, _A.UNKNOWN})
