"""What the trading domain refuses, in words for a person."""

from backoffice.core.errors import InvalidInput, StateConflict


class CurrencyDiffers(InvalidInput):
    """Money of another currency than the account's."""

    code = "account-currency"


class AccountNotReady(StateConflict):
    """The account has no login yet, or is closed for what was asked."""

    code = "account-not-ready"


class MoneyPending(StateConflict):
    """Balance operations of the account are on their way."""

    code = "money-pending"


class LeverageTooHigh(InvalidInput):
    """Above what the client's category allows."""

    code = "leverage-cap"


class NotAppropriate(StateConflict):
    """What a test of the client ended in allows no live account."""

    code = "not-appropriate"
