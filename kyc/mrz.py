"""Machine-readable zones of travel documents: read, repaired by kind of field, and checked.

Layouts and check digits of ICAO Doc 9303: TD1 (3 x 30), TD2 (2 x 36), TD3 (2 x 44), MRV-A (2 x 44),
MRV-B (2 x 36). Check digits do not cover the issuing state and the nationality, so these are
checked against the list of codes. Pure: no settings, no database.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from backoffice.core.errors import InvalidInput
from clients.countries import ALPHA_3, NAMES

WEIGHTS = (7, 3, 1)
FILLER = "<"
BIRTH, EXPIRY = "birth date", "expiry"
NUMBER, OPTIONAL, COMPOSITE = "number", "optional data", "whole"
EXPIRY_YEARS_AHEAD_MAX = 20
REPAIRS_MAX = 3

TO_DIGIT = str.maketrans("OISB", "0158")
TO_LETTER = str.maketrans("0158", "OISB")
_TWIN = {**dict(zip("OISB", "0158", strict=True)), **dict(zip("0158", "OISB", strict=True))}

# Codes of Doc 9303-3, section 5, that are no ISO 3166-1 country.
_OTHER_CODES = {
    "D": "Germany",
    "EUE": "European Union",
    "GBD": "British overseas territories citizen",
    "GBN": "British national (overseas)",
    "GBO": "British overseas citizen",
    "GBP": "British protected person",
    "GBS": "British subject",
    "RKS": "Kosovo",
    "UNA": "United Nations agency",
    "UNK": "United Nations mission in Kosovo",
    "UNO": "United Nations",
    "UTO": "Utopia (specimen)",
    "XBA": "African Development Bank",
    "XCC": "Caribbean Community",
    "XCE": "Council of Europe",
    "XCO": "Common Market for Eastern and Southern Africa",
    "XDC": "Southern African Development Community",
    "XEC": "Economic Community of West African States",
    "XES": "Organisation of Eastern Caribbean States",
    "XIM": "African Export-Import Bank",
    "XMP": "Parliamentary Assembly of the Mediterranean",
    "XOM": "Sovereign Military Order of Malta",
    "XPO": "Interpol",
    "XXA": "Stateless person",
    "XXB": "Refugee",
    "XXC": "Refugee (other)",
    "XXX": "Unspecified nationality",
}
STATES: dict[str, str] = {three: NAMES[two] for two, three in ALPHA_3.items()} | _OTHER_CODES
_TO_ALPHA_2 = {three: two for two, three in ALPHA_3.items()} | {"D": "DE"}


class MrzError(InvalidInput):
    code = "mrz"
    sentence = "These are not the lines of a machine-readable zone."


@dataclass(frozen=True)
class Mrz:
    """What the zone says. ``checks`` maps each checked field to whether its digit holds, in the
    order of the zone; ``problems`` are sentences for a person; ``repaired`` maps a field to its
    characters as they were read, when a letter stood for a digit or the other way round."""

    layout: str
    kind: str
    lines: tuple[str, ...]
    issuing_state: str
    nationality: str
    surname: str
    given_names: str
    names_cut: bool
    number: str
    birth_date: date | None
    sex: str
    expires_on: date | None
    optional: str
    checks: Mapping[str, bool]
    problems: tuple[str, ...]
    repaired: Mapping[str, str] = field(default_factory=dict)
    number_alternative: str = ""

    @property
    def holds(self) -> bool:
        return all(self.checks.values()) and not self.problems

    @property
    def nationality_alpha_2(self) -> str:
        """Two letters, or nothing for what is no country (stateless, specimen)."""
        return _TO_ALPHA_2.get(self.nationality, "")


@dataclass(frozen=True)
class Layout:
    """Where the fields stand: (line, first, last + 1), counted from 0."""

    name: str
    lines: int
    width: int
    number: tuple[int, int, int]
    birth: tuple[int, int, int]
    sex: tuple[int, int]
    expiry: tuple[int, int, int]
    nationality: tuple[int, int, int]
    names: tuple[int, int, int]
    optional: tuple[int, int, int]
    optional_checked: bool = False
    composite: tuple[tuple[int, int, int], ...] = ()


TD1 = Layout(
    "TD1", 3, 30, (0, 5, 14), (1, 0, 6), (1, 7), (1, 8, 14), (1, 15, 18), (2, 0, 30), (0, 15, 30),
    composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
)  # fmt: skip
TD2 = Layout(
    "TD2", 2, 36, (1, 0, 9), (1, 13, 19), (1, 20), (1, 21, 27), (1, 10, 13), (0, 5, 36),
    (1, 28, 35), composite=((1, 0, 10), (1, 13, 20), (1, 21, 35)),
)  # fmt: skip
TD3 = Layout(
    "TD3", 2, 44, (1, 0, 9), (1, 13, 19), (1, 20), (1, 21, 27), (1, 10, 13), (0, 5, 44),
    (1, 28, 42), optional_checked=True, composite=((1, 0, 10), (1, 13, 20), (1, 21, 43)),
)  # fmt: skip
MRVA = Layout(
    "MRVA", 2, 44, (1, 0, 9), (1, 13, 19), (1, 20), (1, 21, 27), (1, 10, 13), (0, 5, 44),
    (1, 28, 44),
)  # fmt: skip
MRVB = Layout(
    "MRVB", 2, 36, (1, 0, 9), (1, 13, 19), (1, 20), (1, 21, 27), (1, 10, 13), (0, 5, 36),
    (1, 28, 36),
)  # fmt: skip


def value(char: str) -> int:
    """What a character counts for in a check digit: digits themselves, A = 10 ..., ``<`` = 0."""
    if char == FILLER:
        return 0
    return int(char, 36)


def check_digit(text: str) -> str:
    """Weights 7, 3, 1 over and over, modulo 10 (Doc 9303-3, section 4.9)."""
    return str(sum(value(char) * WEIGHTS[i % 3] for i, char in enumerate(text)) % 10)


def tidy(text: str) -> tuple[str, ...]:
    """Lines as typed, pasted or read: blanks out, upper case, other angle signs as fillers."""
    plain = text.upper().replace("«", "<<").replace("‹", FILLER).replace("〈", FILLER)
    lines = [re.sub(r"\s", "", line) for line in plain.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1 and len(lines[0]) in (72, 88, 90):
        whole = lines[0]
        width = {72: 36, 88: 44, 90: 30}[len(whole)]
        lines = [whole[at : at + width] for at in range(0, len(whole), width)]
    return tuple(lines)


def layout_of(lines: tuple[str, ...]) -> Layout:
    """By the number and length of lines; visas by their first letter. Raises ``MrzError``."""
    for line_number, line in enumerate(lines, start=1):
        odd = sorted(set(re.sub(r"[A-Z0-9<]", "", line)))
        if odd:
            raise MrzError(f"Line {line_number} has characters that no zone has: {' '.join(odd)}")
    visa = bool(lines) and lines[0].startswith("V")
    for layout in (TD1, MRVA if visa else TD3, MRVB if visa else TD2):
        if len(lines) == layout.lines and all(len(line) == layout.width for line in lines):
            return layout
    told = ", ".join(str(len(line)) for line in lines) or "nothing"
    raise MrzError(
        f"A zone has 2 lines of 44 or 36 characters or 3 of 30; here are lines of {told}. "
        "Type every “<”."
    )


def parse(text: str, today: date) -> Mrz:
    """Read a zone. Raises ``MrzError`` when it has no known layout; wrong digits don't raise, they
    stand in ``checks`` and ``problems``."""
    lines = tidy(text)
    return _Reader(layout_of(lines), lines, today).read()


class _Reader:
    """One reading of one zone."""

    def __init__(self, layout: Layout, lines: tuple[str, ...], today: date) -> None:
        self.layout, self.lines, self.today = layout, lines, today
        self.repaired: dict[str, str] = {}
        self.problems: list[str] = []

    def cut(self, place: tuple[int, int, int]) -> str:
        line, first, last = place
        return self.lines[line][first:last]

    def letters(self, place: tuple[int, int, int], name: str) -> str:
        return self._noted(self.cut(place), self.cut(place).translate(TO_LETTER), name)

    def digits(self, place: tuple[int, int, int], name: str) -> str:
        return self._noted(self.cut(place), self.cut(place).translate(TO_DIGIT), name)

    def _noted(self, raw: str, repaired: str, name: str) -> str:
        if raw != repaired:
            self.repaired[name] = raw.rstrip(FILLER)
            self.problems.append(
                f"The {name} was read as {raw.rstrip(FILLER)} and taken as "
                f"{repaired.rstrip(FILLER)}: look at it."
            )
        return repaired

    def digit(self, line: int, at: int) -> str:
        return self.lines[line][at].translate(TO_DIGIT)

    def read(self) -> Mrz:
        layout = self.layout
        issuer = self.letters((0, 2, 5), "issuing state").rstrip(FILLER)
        nationality = self.letters(layout.nationality, "nationality").rstrip(FILLER)
        surname, given, names_cut = self._names()
        number, optional, number_holds = self._number()
        birth, expiry = self.digits(layout.birth, BIRTH), self.digits(layout.expiry, EXPIRY)
        checks = {
            NUMBER: number_holds,
            BIRTH: self._holds(layout.birth, birth),
            EXPIRY: self._holds(layout.expiry, expiry),
        }
        if layout.optional_checked:
            checks[OPTIONAL] = self._optional_holds()
        if layout.composite:
            checks[COMPOSITE] = self._composite_holds()
        self._look(issuer, nationality, checks)
        return Mrz(
            layout=layout.name,
            kind=self.lines[0][:2].rstrip(FILLER),
            lines=self.lines,
            issuing_state=issuer,
            nationality=nationality,
            surname=surname,
            given_names=given,
            names_cut=names_cut,
            number=number,
            birth_date=self._date(birth, BIRTH, latest=self.today.year),
            sex={"M": "M", "F": "F"}.get(self.lines[layout.sex[0]][layout.sex[1]], ""),
            expires_on=self._date(expiry, EXPIRY, latest=self.today.year + EXPIRY_YEARS_AHEAD_MAX),
            optional=optional,
            checks=checks,
            problems=tuple(self.problems),
            repaired=self.repaired,
            number_alternative="" if number_holds else self._alternative(number),
        )

    def _names(self) -> tuple[str, str, bool]:
        raw = self.letters(self.layout.names, "name")
        surname, _, given = raw.partition(FILLER * 2)
        cut = not raw.endswith(FILLER)
        return _words(surname), _words(given), cut

    def _number(self) -> tuple[str, str, bool]:
        """(number, optional data, whether its digit holds); long numbers of identity cards go on
        in the optional data (Doc 9303-5, 4.2.2.1)."""
        line, _, last = self.layout.number
        number, optional = self.cut(self.layout.number), self.cut(self.layout.optional)
        digit = self.lines[line][last]
        if digit == FILLER and self.layout in (TD1, TD2) and not number.endswith(FILLER):
            rest = optional.split(FILLER)[0]
            whole, digit = number + rest[:-1], rest[-1:].translate(TO_DIGIT)
            return whole, optional[len(rest) :].strip(FILLER), check_digit(whole) == digit
        holds = check_digit(number) == digit.translate(TO_DIGIT)
        return number.rstrip(FILLER), optional.rstrip(FILLER), holds

    def _holds(self, place: tuple[int, int, int], repaired: str) -> bool:
        return check_digit(repaired) == self.digit(place[0], place[2])

    def _optional_holds(self) -> bool:
        optional, digit = self.cut(self.layout.optional), self.lines[1][42]
        if not optional.strip(FILLER) and digit == FILLER:
            return True
        return check_digit(optional) == digit.translate(TO_DIGIT)

    def _composite_holds(self) -> bool:
        whole = "".join(self.cut(place) for place in self.layout.composite)
        line, at = (1, 29) if self.layout is TD1 else (1, self.layout.width - 1)
        return check_digit(whole) == self.digit(line, at)

    def _look(self, issuer: str, nationality: str, checks: Mapping[str, bool]) -> None:
        for name, code in (("issuing state", issuer), ("nationality", nationality)):
            if code not in STATES:
                self.problems.append(f"The {name} {code or 'nothing'} is no code of ICAO's list.")
        failed = [name for name, holds in checks.items() if not holds]
        if failed:
            self.problems.append(f"Check digits don't hold: {', '.join(failed)}.")

    def _date(self, text: str, name: str, *, latest: int) -> date | None:
        """Two digits of a year: the latest century that is not past ``latest``."""
        if FILLER in text:
            return None
        try:
            year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
            century = latest // 100 * 100
            whole = century + year if century + year <= latest else century - 100 + year
            return date(whole, month, day)
        except ValueError:
            self.problems.append(f"The {name} {text} is no date.")
            return None

    def _alternative(self, number: str) -> str:
        """The number with letters and digits that look alike exchanged, when one such reading, and
        only one, makes its digit hold. A suggestion to a person, never taken by itself."""
        line, first, last = self.layout.number
        digit = self.digit(line, last)
        places = [i for i, char in enumerate(number) if char in _TWIN]
        found = {
            text
            for text in _twins(number, places)
            if check_digit(text.ljust(last - first, FILLER)) == digit
        }
        return found.pop() if len(found) == 1 else ""


def _twins(text: str, places: list[int]) -> Iterator[str]:
    for count in range(1, min(REPAIRS_MAX, len(places)) + 1):
        for chosen in combinations(places, count):
            yield "".join(_TWIN[char] if i in chosen else char for i, char in enumerate(text))


def _words(raw: str) -> str:
    return " ".join(word for word in raw.split(FILLER) if word)
