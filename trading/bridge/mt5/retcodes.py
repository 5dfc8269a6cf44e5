"""MT5 return codes: what they mean for a read, for a change, and for money.

Codes as in the vendor's MT5APIConstants. The wire gives ``"<number> <text>"``.
"""

from enum import StrEnum

OK = 0
OK_NONE = 1
ERROR = 2
PERMISSIONS = 8
NOT_FOUND = 13
PARTIAL = 14
AUTH_SERVER_BAD = 1008
AUTH_SERVER_BUSY = 1018
INVALID_PASSWORD = 3006
REQUEST_DONE = 10009
NO_MONEY = 10019

SUCCESS = frozenset({OK, OK_NONE})
# A server under load, restarting or cut off says one of these; the same read works later.
TRANSIENT = frozenset({7, 9, 10, 11, 12, 15, 16, AUTH_SERVER_BUSY, 12003, 12004})
# Answers to a balance operation after which nothing is booked, for certain. Every code that is
# not here and not success leaves the outcome unknown: looking once too often costs nothing.
MONEY_REFUSED = frozenset(
    {3, 4, PERMISSIONS, 12, NOT_FOUND, NO_MONEY, 10006, 10013, 10017, 10018}
) | frozenset({12000, 12001, 12002})
MONEY_REFUSED_RANGES = ((1000, 1999), (3000, 3999), (4000, 4005))
MONEY_APPLIED = SUCCESS | {REQUEST_DONE}


class Meaning(StrEnum):
    SUCCESS = "success"
    PARTIAL = "partial"
    NOT_FOUND = "not found"
    TRANSIENT = "transient"
    PERMANENT = "permanent"


class MoneyMeaning(StrEnum):
    APPLIED = "applied"
    REFUSED = "refused"
    UNKNOWN = "unknown"


def parse(raw: object) -> tuple[int, str]:
    """``"3006 Invalid account password"`` or a bare number to code and text. Raises ValueError."""
    if isinstance(raw, bool) or not isinstance(raw, (str, int)):
        raise ValueError("The return code is neither text nor a number.")
    number, _, text = str(raw).strip().partition(" ")
    return int(number), text.strip()


def meaning(code: int) -> Meaning:
    """Meaning of ``code`` for reads and changes that are not money."""
    if code in SUCCESS:
        return Meaning.SUCCESS
    if code == PARTIAL:
        return Meaning.PARTIAL
    if code == NOT_FOUND:
        return Meaning.NOT_FOUND
    return Meaning.TRANSIENT if code in TRANSIENT else Meaning.PERMANENT


def money_meaning(code: int) -> MoneyMeaning:
    """Meaning of ``code`` as the answer to a balance operation."""
    if code in MONEY_APPLIED:
        return MoneyMeaning.APPLIED
    refused = code in MONEY_REFUSED or any(a <= code <= b for a, b in MONEY_REFUSED_RANGES)
    return MoneyMeaning.REFUSED if refused else MoneyMeaning.UNKNOWN
