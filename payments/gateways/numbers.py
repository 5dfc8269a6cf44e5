"""Numbers of bank accounts and of banks, as their standards check them."""

import re

from schwifty import BIC, IBAN, registry
from schwifty.exceptions import SchwiftyException

# An account's number where the country has no IBAN, without its spaces and dashes.
OTHER_NUMBER = re.compile(r"[A-Z0-9]{4,34}")
_LIKE_AN_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]+")


def is_iban(number: str) -> bool:
    return iban_of(number) is not None


def iban_of(number: str) -> IBAN | None:
    try:
        return IBAN(number)
    except SchwiftyException:
        return None


def looks_like_iban(number: str) -> bool:
    """Whether it was meant as one, so that a mistyped IBAN is not taken for another number."""
    return _LIKE_AN_IBAN.fullmatch(number) is not None


def has_ibans(country: str) -> bool:
    """Whether accounts in a country (two letters) are named by an IBAN."""
    try:
        registry.get_iban_spec(country)
    except SchwiftyException:
        return False
    return True


def is_bic(code: str) -> bool:
    try:
        BIC(code)
    except SchwiftyException:
        return False
    return True
