"""Why the partner domain refuses. Nothing was changed."""

from backoffice.core.errors import DomainError, InvalidInput, StateConflict


class WouldCircle(InvalidInput):
    code = "partner-circle"
    sentence = "The partner would stand above itself, now or later. Nothing was moved."


class HistoryStays(InvalidInput):
    """A change that reaches behind commission lines that exist."""

    code = "history-stays"


class NothingToPay(DomainError):
    code = "nothing-to-pay"


class PayoutOpen(StateConflict):
    code = "payout-open"
