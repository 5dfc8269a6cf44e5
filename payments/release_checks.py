"""The door through which other domains have a say before money moves.

A domain above (compliance) calls ``register`` in its ``AppConfig.ready``. Its check sees the
deposit or withdrawal and answers a ``Check``: green speaks for it, amber asks for a person, red
stops an approval, violet (``held``) stops it and puts the payment on hold by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

from backoffice.core.context import Actor
from payments.models import Deposit, Withdrawal
from payments.rules import Check

ReleaseCheck = Callable[[Actor, Deposit | Withdrawal], Check | None]


@dataclass(frozen=True)
class _Registered:
    code: str
    check: ReleaseCheck
    order: int


_checks: dict[str, _Registered] = {}


def register(code: str, check: ReleaseCheck, *, order: int = 100) -> None:
    """``check(actor, payment)`` runs in the payment's transaction: quick, and without calls to
    the outside. None says nothing. The code is unique; registering it again replaces it."""
    _checks[code] = _Registered(code, check, order)


def unregister(code: str) -> None:
    _checks.pop(code, None)


def run(actor: Actor, payment: Deposit | Withdrawal) -> list[Check]:
    """What every registered domain says, in order."""
    found = [each.check(actor, payment) for each in sorted(_checks.values(), key=_order)]
    return [check for check in found if check is not None]


def _order(each: _Registered) -> tuple[int, str]:
    return each.order, each.code
