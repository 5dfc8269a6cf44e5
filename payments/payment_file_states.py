"""States of payment files. Drawing: docs/states/ (generated).

Nothing leaves before a second person has released the file; from the moment that its bytes were
given out it counts as sent, whatever becomes of them, and never goes back.
"""

from django.db import models

from backoffice.core.transitions import machine


class PaymentFileState(models.TextChoices):
    PREPARED = "prepared", "Waits for release"
    RELEASED = "released", "To be handed over"
    HANDED_OVER = "handed_over", "Handed over"
    ACKNOWLEDGED = "acknowledged", "Taken by the bank"
    REFUSED = "refused", "Refused by the bank"
    CANCELLED = "cancelled", "Cancelled"


_F = PaymentFileState

PAYMENT_FILE = machine(
    "payments.paymentfile",
    initial=_F.PREPARED,
    transitions={
        _F.PREPARED: {_F.RELEASED, _F.CANCELLED},
        _F.RELEASED: {_F.HANDED_OVER, _F.CANCELLED},
        # The bank's report may be lost: then its statement says what was paid.
        _F.HANDED_OVER: {_F.ACKNOWLEDGED, _F.REFUSED},
        # A bank that takes a file may still refuse it when it looks closer.
        _F.ACKNOWLEDGED: {_F.REFUSED},
    },
    final={_F.REFUSED, _F.CANCELLED},
    labels=dict(_F.choices),
)

PAYMENT_FILE_COLOURS = {
    _F.PREPARED: "attention",
    _F.RELEASED: "attention",
    _F.HANDED_OVER: "going",
    _F.ACKNOWLEDGED: "good",
    _F.REFUSED: "bad",
    _F.CANCELLED: "neutral",
}

# Its bytes have not left: it can still be taken back.
PAYMENT_FILE_HERE = sorted({_F.PREPARED, _F.RELEASED})
# Its bytes have left.
PAYMENT_FILE_OUT = sorted({_F.HANDED_OVER, _F.ACKNOWLEDGED})
