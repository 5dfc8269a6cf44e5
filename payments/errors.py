"""Why payments say no."""

from backoffice.core.errors import DomainError, InvalidInput, StateConflict


class MethodUnusable(InvalidInput):
    """The method is off, or does not do this in this currency or amount."""

    code = "method-unusable"


class NotEnoughMoney(DomainError):
    """The wallet does not hold the amount, open holds taken off."""

    code = "not-enough-money"


class PaymentHeld(StateConflict):
    """Compliance holds the payment; only they release it."""

    code = "payment-held"
    sentence = "Compliance holds this payment. Nothing was done."


class ChecksFail(StateConflict):
    """A check that stops the payment is red."""

    code = "checks-fail"
