"""What every watch list is turned into, whatever file it came from."""

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    PERSON = "person"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


class Quality(StrEnum):
    """How far the list's owner vouches for a name; weak aliases are mostly noms de guerre."""

    PRIMARY = "primary"
    STRONG = "strong"
    WEAK = "weak"


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class ListName:
    text: str
    quality: Quality = Quality.PRIMARY
    script: str = "latin"

    @classmethod
    def of(cls, text: str, quality: Quality = Quality.PRIMARY) -> "ListName":
        text = " ".join(text.split())
        return cls(text, quality, script_of(text))


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A birth date as lists know it: a day, a month, a year, or a span of years.

    `year_last` is the last year of a span, else None; `circa` allows a year either way.
    """

    year: int
    month: int | None = None
    day: int | None = None
    year_last: int | None = None
    circa: bool = False

    def __post_init__(self) -> None:
        if not 1000 <= self.year <= 2200:
            raise ValueError(f"The year {self.year} cannot be a birth year.")
        if self.year_last is not None and self.year_last < self.year:
            raise ValueError(f"The span {self.year}-{self.year_last} runs backwards.")
        if self.month is not None:
            date(self.year, self.month, self.day or 1)

    @property
    def exact(self) -> bool:
        return self.day is not None and not self.circa

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        if self.year_last is not None:
            text += f" to {self.year_last}"
        return f"about {text}" if self.circa else text

    @property
    def words(self) -> str:
        """For people: ``21 Jul 1990``, ``Jul 1990``, ``about 1990``, ``1990 to 1994``."""
        month = MONTHS[self.month - 1] if self.month is not None else ""
        text = " ".join(str(part) for part in (self.day, month, f"{self.year:04d}") if part)
        if self.year_last is not None:
            text += f" to {self.year_last}"
        return f"about {text}" if self.circa else text


@dataclass(frozen=True, slots=True)
class Identifier:
    """`kind` is the list's own words, lower case: passport, national id, imo, tax id ..."""

    kind: str
    value: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class ListEntity:
    """One listed person, organisation, vessel or aircraft.

    `id` is the list's own identity; `other_ids` are further ones the same list prints.
    `countries` are ISO 3166 alpha-2. `content_hash` covers every other field, so that a
    dismissal can tell whether the entity it was about is still the same.
    """

    source: str
    id: str
    kind: Kind
    names: tuple[ListName, ...]
    birth_dates: tuple[PartialDate, ...] = ()
    countries: tuple[str, ...] = ()
    gender: Gender | None = None
    identifiers: tuple[Identifier, ...] = ()
    programmes: tuple[str, ...] = ()
    remarks: str = ""
    other_ids: tuple[str, ...] = ()
    content_hash: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError(f"Entity {self.id} of {self.source} has no name.")
        object.__setattr__(self, "content_hash", self._hash())

    def _hash(self) -> str:
        content = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name != "content_hash"
        }
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, default=asdict)
        return hashlib.sha256(canonical.encode()).hexdigest()


# Written systems that a name may use; the first letter decides. unicodedata names start with them.
SCRIPTS = (
    "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "HANGUL", "HIRAGANA", "KATAKANA",
    "DEVANAGARI", "BENGALI", "THAI", "KHMER", "GEORGIAN", "ARMENIAN", "ETHIOPIC",
)  # fmt: skip


def script_of(text: str) -> str:
    """The script of the first letter, lower case: latin, cyrillic, arabic, han ..."""
    if text.isascii():
        return "latin"
    for char in text:
        if char.isalpha():
            name = unicodedata.name(char, "")
            if name.startswith("CJK"):
                return "han"
            return next((s.lower() for s in SCRIPTS if name.startswith(s)), "other")
    return "latin"
