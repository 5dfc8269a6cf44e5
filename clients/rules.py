"""Pure rules: how names are folded for search, what a client may be called, what is allowed."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from anyascii import anyascii

from backoffice.core.errors import InvalidInput
from clients.countries import NAMES
from clients.models import ClientAction, ClientKind
from clients.states import ClientState

AGE_YEARS_MIN = 18
AGE_YEARS_MAX = 120
PHONE_DIGITS = range(7, 16)  # ITU-T E.164: 15 at most
_WORD = re.compile(r"[a-z0-9]+")
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+$")
_LANGUAGE = re.compile(r"^[a-z]{2}(-[a-z]{2})?$")


# They turn the order of what stands after them: a name could show another name.
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def tidied(text: str) -> str:
    """White space folded, and without the marks that turn the direction of writing by force; a
    script that is written from the right needs none of them."""
    return " ".join(text.translate(_DIRECTIONS).split())


def folded(text: str) -> str:
    """Plain lower-case letters and digits, words apart by one space, any script: ``Müller`` to
    ``muller``, ``Αθηνά`` to ``athina``."""
    plain = anyascii(unicodedata.normalize("NFKC", text)).lower().replace("'", "")
    return " ".join(_WORD.findall(plain))


def surname_key(kind: str, last_name: str, company_name: str) -> str:
    """What two entries of one person or company have in common, spelling aside."""
    return folded(company_name if kind == ClientKind.COMPANY else last_name).replace(" ", "")[:160]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def tidy_phone(text: str) -> str:
    """``+`` and digits only, or nothing. Raises ``InvalidInput``."""
    if not text.strip():
        return ""
    digits = _digits(text)
    if len(digits) not in PHONE_DIGITS or not re.fullmatch(r"\+?[\d\s()./-]+", text.strip()):
        raise InvalidInput(fields={"phone": "Write it with its country code: +357 99 123456."})
    return f"+{digits}"


def problems(values: Mapping[str, object], today: date) -> dict[str, str]:
    """What is wrong with a client's particulars, by field; empty when they may be stored."""
    found: dict[str, str] = {
        name: "There are characters in it that no text has."
        for name, value in values.items()
        if isinstance(value, str) and not is_plain(value)
    }
    if values.get("kind") not in ClientKind.values:
        found["kind"] = "A client is a person or a company."
    found |= _name_problems(values)
    if not _EMAIL.match(str(values.get("email", ""))):
        found["email"] = "This is not an e-mail address."
    for name in ("nationality", "residence"):
        code = str(values.get(name) or "")
        if code and code not in NAMES:
            found[name] = "This is not a country code of ISO 3166 (two letters)."
    if not _LANGUAGE.match(str(values.get("language", "en"))):
        found["language"] = "Write the language as two letters: en, de, el."
    birth_date = values.get("birth_date")
    if isinstance(birth_date, date):
        found |= _birth_problems(birth_date, today)
    return found


def is_plain(text: str) -> bool:
    """No control characters, no halves of others, nothing that is not in Unicode."""
    return all(unicodedata.category(char) not in {"Cc", "Cs", "Co", "Cn"} for char in text)


def _name_problems(values: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    company = values.get("kind") == ClientKind.COMPANY
    if company and not values.get("company_name"):
        found["company_name"] = "A company needs its name."
    if not company and not values.get("last_name"):
        found["last_name"] = "A person needs a surname."
    if not company and values.get("company_name"):
        found["company_name"] = "A person has no company name; choose the kind “company”."
    return found


def _birth_problems(birth_date: date, today: date) -> dict[str, str]:
    age = years_between(birth_date, today)
    if birth_date > today:
        return {"birth_date": "This date is in the future."}
    if age < AGE_YEARS_MIN:
        return {"birth_date": f"A client is at least {AGE_YEARS_MIN} years old."}
    if age > AGE_YEARS_MAX:
        return {"birth_date": "No one is that old; look at the year."}
    return {}


def years_between(first: date, last: date) -> int:
    return last.year - first.year - ((last.month, last.day) < (first.month, first.day))


class Permit(NamedTuple):
    """Whether a client may do a thing now, and the sentence that says so to a colleague."""

    ok: bool
    sentence: str


_STATE_STOPS = {
    ClientState.LEAD: "the client is a lead; KYC has not begun",
    ClientState.SUSPENDED: "the client is suspended",
    ClientState.CLOSED: "the client is closed",
}
# A suspended client's own money stays theirs to take out, unless a restriction says otherwise.
_STAYS_WHEN_SUSPENDED = {ClientAction.WITHDRAW, ClientAction.LOGIN}


def permit(action: ClientAction, *, state: str, rights: Iterable[str], stops: list[str]) -> Permit:
    """Put the client's state, level and standing restrictions together, the worst first."""
    if stops:
        return Permit(False, "; ".join(stops))
    stop = _STATE_STOPS.get(ClientState(state))
    if stop and state == ClientState.SUSPENDED and action in _STAYS_WHEN_SUSPENDED:
        stop = None
    if stop and not (state == ClientState.LEAD and action in set(rights)):
        return Permit(False, stop)
    if action not in set(rights):
        return Permit(False, "the client's KYC level does not include it")
    return Permit(True, "allowed")
