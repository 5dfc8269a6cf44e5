"""States of wallet adjustments, and what one can be. Drawing: docs/states/ (generated).

One that is booked stays: a mistake in it is made good by another one.
"""

from django.db import models

from backoffice.core.transitions import machine


class AdjustmentState(models.TextChoices):
    ASKED = "asked", "Waits for approval"
    BOOKED = "booked", "Booked"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled"


_A = AdjustmentState

WALLET_ADJUSTMENT = machine(
    "payments.walletadjustment",
    initial=_A.ASKED,
    transitions={_A.ASKED: {_A.BOOKED, _A.REFUSED, _A.CANCELLED}},
    final={_A.BOOKED, _A.REFUSED, _A.CANCELLED},
    labels=dict(_A.choices),
)

ADJUSTMENT_COLOURS = {
    _A.ASKED: "attention",
    _A.BOOKED: "good",
    _A.REFUSED: "bad",
    _A.CANCELLED: "neutral",
}


class Direction(models.TextChoices):
    TO_CLIENT = "to_client", "To the client"
    FROM_CLIENT = "from_client", "From the client"


class Why(models.TextChoices):
    """What an adjustment is for; the account that it goes against follows from it."""

    GOODWILL = "goodwill", "Goodwill"
    CORRECTION = "correction", "Correction of our mistake"
    WITHDRAWAL_FEE = "withdrawal_fee", "Fee of a withdrawal"
    DEPOSIT_FEE = "deposit_fee", "Fee of a deposit"
    BANK_CHARGE = "bank_charge", "Charge of a bank"
