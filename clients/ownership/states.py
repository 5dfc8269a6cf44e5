"""States of a party, what a party may be, and what it is to the company."""

from django.db import models

from backoffice.core.transitions import machine


class PartyKind(models.TextChoices):
    PERSON = "person", "Person"
    COMPANY = "company", "Company"


class PartyRole(models.TextChoices):
    OWNER = "owner", "Owner"
    DIRECTOR = "director", "Director"
    SIGNATORY = "signatory", "Signatory"


class EntityFlag(models.TextChoices):
    """What is told of a company beside its owners, and changes what is asked or its risk."""

    LISTED = "listed", "Listed on a regulated market"
    SHELL = "shell", "Shell company"
    BEARER = "bearer", "Bearer shares"


class PartyState(models.TextChoices):
    OPEN = "open", "To be cleared"
    CLEARED = "cleared", "Cleared"
    REFUSED = "refused", "Refused"
    ENDED = "ended", "Ended"


_P = PartyState
PARTY = machine(
    "clients.party",
    initial=_P.OPEN,
    transitions={
        _P.OPEN: {_P.CLEARED, _P.REFUSED, _P.ENDED},
        # What someone was cleared or refused by has changed: they are looked at again.
        _P.CLEARED: {_P.OPEN, _P.REFUSED, _P.ENDED},
        _P.REFUSED: {_P.OPEN, _P.ENDED},
    },
    final={_P.ENDED},
    labels=dict(_P.choices),
)

PARTY_COLOURS = {
    _P.OPEN: "attention",
    _P.CLEARED: "good",
    _P.REFUSED: "bad",
    _P.ENDED: "neutral",
}
