"""Why a conversion is not offered, or not made."""

from backoffice.core.errors import DomainError, StateConflict


class NotOffered(DomainError):
    """There is no price that may be offered: no quote, an old one, or conversions are off."""

    code = "conversion-not-offered"


class OfferExpired(StateConflict):
    """It was accepted after its time."""

    code = "offer-expired"
    sentence = "This offer is over. Nothing was exchanged; ask for a fresh one."


class PriceMoved(StateConflict):
    """The price is another one than the one that was offered."""

    code = "price-moved"
