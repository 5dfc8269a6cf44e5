"""States of conversions between a client's wallets. Drawing: docs/states/ (generated).

An offer that is accepted is booked at once, or waits for a second person when it is large. One
that is booked stays: another conversion goes the other way, at its own rate.
"""

from django.db import models

from backoffice.core.transitions import machine


class ConversionState(models.TextChoices):
    OFFERED = "offered", "Offered"
    WAITING = "waiting", "Waits for approval"
    BOOKED = "booked", "Exchanged"
    EXPIRED = "expired", "Expired"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled"


_C = ConversionState

CONVERSION = machine(
    "payments.conversion",
    initial=_C.OFFERED,
    transitions={
        _C.OFFERED: {_C.BOOKED, _C.WAITING, _C.EXPIRED, _C.CANCELLED},
        _C.WAITING: {_C.BOOKED, _C.REFUSED, _C.CANCELLED},
    },
    final={_C.BOOKED, _C.EXPIRED, _C.REFUSED, _C.CANCELLED},
    labels=dict(_C.choices),
)

CONVERSION_COLOURS = {
    _C.OFFERED: "going",
    _C.WAITING: "attention",
    _C.BOOKED: "good",
    _C.EXPIRED: "neutral",
    _C.REFUSED: "bad",
    _C.CANCELLED: "neutral",
}


class SpreadKind(models.TextChoices):
    PERCENT = "percent", "Percent of the price"
    PRICE = "price", "In the price"


class QuoteSource(models.TextChoices):
    PERSON = "person", "Typed"
    SERVER = "server", "Trading server"
