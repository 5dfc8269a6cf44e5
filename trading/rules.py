"""Pure rules of trading: what follows a search that found nothing, and what is on offer."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from trading.states import AccountState

# The bridge sends within 30 s or not at all, and hears nothing more after the read time-out (60 s
# at most): past this a call that has not come back never will.
CALL_MAX = timedelta(seconds=120)
# A slow server may still book what it took in; only after this is "not there" an answer.
SETTLED_AFTER = timedelta(minutes=5)
LOOKS_MIN = 2
LOOK_FIRST_S = 5
LOOK_EVERY_MAX_S = 60
SENDS_MAX = 2
SEARCH_FROM = timedelta(minutes=5)

AMOUNT_MAX = Decimal(1_000_000_000)
_TOKEN_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # noqa: S105 - Crockford's base 32
_TOKEN_TAIL = 5

LEVERAGE_CHOICES = (1, 2, 5, 10, 20, 25, 30, 50, 100, 200, 300, 400, 500)


class Missing(StrEnum):
    """What to do when an unknown operation was not found."""

    LOOK_AGAIN = "look again"
    RESEND = "resend"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Search:
    """``looks`` counts searches since ``sent_at`` that found nothing, the last at ``looked_at``;
    ``sends`` how often it was sent in all."""

    sent_at: datetime
    looked_at: datetime
    looks: int
    sends: int
    resends: bool


def when_missing(search: Search) -> Missing:
    """Two looks, the last one past the time in which a slow server might still book it."""
    late_enough = search.looked_at - search.sent_at >= SETTLED_AFTER
    if search.looks < LOOKS_MIN or not late_enough:
        return Missing.LOOK_AGAIN
    if search.resends and search.sends < SENDS_MAX:
        return Missing.RESEND
    return Missing.VOID


def look_delay(looks: int) -> timedelta:
    """Soon at first, since most deals are found at once; then every minute."""
    return timedelta(seconds=min(LOOK_EVERY_MAX_S, LOOK_FIRST_S * 2 ** min(looks, 6)))


def token(reference: str) -> str:
    """A reference with a random tail, such as ``B-2026-000123-7QK2M``.

    The tail keeps a database restored from a backup, which counts the same references again, from
    taking an old deal for a new one.
    """
    tail = "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(_TOKEN_TAIL))
    return f"{reference}-{tail}"


# status -> (may sign in, may trade)
RIGHTS = {
    AccountState.ACTIVE: (True, True),
    AccountState.READ_ONLY: (True, False),
    AccountState.DISABLED: (False, False),
    AccountState.ARCHIVED: (False, False),
}


def state_of_rights(*, login_enabled: bool, trading_enabled: bool) -> AccountState:
    """The status that an account's flags on the server amount to."""
    if not login_enabled:
        return AccountState.DISABLED
    return AccountState.ACTIVE if trading_enabled else AccountState.READ_ONLY


_PASSWORD_SETS = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "#@!%+=-")
PASSWORD_CHARS = 14


def new_password() -> str:
    """Random, with every kind of character that servers ask for, none that is misread."""
    letters = "".join(_PASSWORD_SETS)
    while True:
        made = "".join(secrets.choice(letters) for _ in range(PASSWORD_CHARS))
        if all(set(made) & set(kind) for kind in _PASSWORD_SETS):
            return made
