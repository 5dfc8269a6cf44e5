"""A written name to weighted tokens that two names can be compared by."""

import re
from collections.abc import Callable, Iterator
from copy import copy
from enum import IntEnum
from functools import lru_cache

from rapidfuzz.distance import OSA

from . import words
from .entities import Kind, script_of
from .phonetics import skeleton, sound_key
from .transliterate import Reading, latin_readings

# A longer name is not a name; what is beyond is left out of the comparison.
TOKENS_MAX = 24
NAME_LENGTH_MAX = 400
MISSPELT_FORM_LENGTH_MIN = 6
COMPARED_LETTERS_MIN = 2


class Role(IntEnum):
    WORD = 0
    INITIAL = 1
    PARTICLE = 2
    NUMBER = 3


class Token:
    """One part of a name. `weight` is its share in the name before IDF, about 1 for a surname."""

    __slots__ = ("consonantal", "length", "role", "text", "weight")

    def __init__(self, text: str, role: Role, weight: float, consonantal: bool) -> None:
        self.text = text
        self.role = role
        self.weight = weight
        self.length = len(text)
        self.consonantal = consonantal

    @property
    def key(self) -> str:
        """Asked for only when spellings differ, which is why it isn't computed beforehand."""
        return "" if self.consonantal else sound_key(self.text)

    @property
    def skeleton(self) -> str:
        return skeleton(self.text)

    def __repr__(self) -> str:
        return f"Token({self.text!r}, {self.role.name}, {self.weight:.2f})"


_SYLLABIC = {"han": "han", "hangul": "hangul"}


class PreparedName:
    """`joined` is the name without spaces and legal forms; `fathers` what follows bin or ibn;
    `families` those of its legal forms; `syllabic` the script when its characters are syllables."""

    __slots__ = (
        "families", "fathers", "joined", "kind", "places", "syllabic", "text", "tokens", "weight",
        "weights",
    )  # fmt: skip

    def __init__(
        self,
        text: str,
        kind: Kind,
        tokens: tuple[Token, ...],
        families: frozenset[str],
        fathers: frozenset[str],
    ) -> None:
        self.text = text
        self.kind = kind
        self.tokens = tokens
        self.families = families
        self.fathers = fathers
        self.syllabic = "" if text.isascii() else _SYLLABIC.get(script_of(text), "")
        self.joined = "".join([token.text for token in tokens])
        self.places = {token.text: place for place, token in enumerate(tokens)}
        self.weights = tuple([token.weight for token in tokens])
        self.weight = sum(self.weights)

    def reweighted(self, factor: Callable[[str], float]) -> "PreparedName":
        """The same name with each word's weight multiplied; initials and the like stay."""
        twin = copy(self)
        twin.weights = tuple(
            [
                token.weight * factor(token.text) if token.role == Role.WORD else token.weight
                for token in self.tokens
            ]
        )
        twin.weight = sum(twin.weights)
        return twin


_DOTTED = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?")
_APOSTROPHES = re.compile("['`\"\u2018\u2019\u02bb\u02bc\u02bf]")
_WORDS = re.compile(r"[a-z0-9]+")
_ABDUL = re.compile(r"^abd[aeou]([lrnszdt])(?!lah)(\w{4,})$")
_LEET = str.maketrans("0134579", "oieastg")
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$")


@lru_cache(maxsize=65_536)
def prepared_names(text: str, kind: Kind) -> tuple[PreparedName, ...]:
    """`readings_of`, remembered."""
    return readings_of(text, kind)


def can_be_compared(text: str, kind: Kind) -> bool:
    """Whether a name has enough letters, in any script, to tell it from another: a dash or a single
    letter finds no one, which must not pass for being on no list."""
    if not any(char.isalnum() for char in text):
        return False  # signs have readings too: a smile is spelt out
    return any(len(name.joined) >= COMPARED_LETTERS_MIN for name in prepared_names(text, kind))


def readings_of(text: str, kind: Kind) -> tuple[PreparedName, ...]:
    """One prepared name per reading of the script; empty when no letter or digit is in the text."""
    found = (_prepare(reading, text, kind) for reading in latin_readings(text[:NAME_LENGTH_MAX]))
    return tuple(name for name in found if name.tokens)


def _prepare(reading: Reading, text: str, kind: Kind) -> PreparedName:
    person = kind == Kind.PERSON
    lowered = _APOSTROPHES.sub("", reading.text.lower())
    if person:
        parts = _person_parts(lowered)
        families: frozenset[str] = frozenset()
    else:
        if "." in lowered:
            lowered = _DOTTED.sub(lambda found: found[0].replace(".", ""), lowered)
        parts, families = _without_forms(_WORDS.findall(lowered))
        if kind == Kind.VESSEL and len(parts) > 1 and parts[0] in words.VESSEL_PREFIXES:
            parts = parts[1:]
        parts = list(_with_phrases(parts))
    parts = parts[:TOKENS_MAX]
    last = len(parts) - 1
    tokens = tuple(
        [
            _token(part, person, reading.consonantal, place == last > 0)
            for place, part in enumerate(parts)
        ]
    )
    return PreparedName(text, kind, tokens, families, _fathers(parts) if person else frozenset())


def _person_parts(lowered: str) -> list[str]:
    family, comma, given = lowered.partition(",")
    if comma and "," not in given and given.strip():
        lowered = f"{given} {family}"
    parts = _WORDS.findall(lowered)
    kept = [part for part in parts if part not in words.TITLES] or parts
    split: list[str] = []
    for part in kept:
        part = words.SAME_WORDS.get(part, part)
        if split and split[-1] == "abdul" and part in words.GOD:
            split[-1] = "abdullah"
        elif part.startswith("abd") and (found := _ABDUL.match(part)):
            split += ["abdul", found[2]]
        elif not part.isalpha() and not part.isdigit():
            # I9or Sech1n: digits that stand for letters to slip past a comparison.
            split.append(part.translate(_LEET))
        else:
            split.append(part)
    return split


def simple_words(text: str) -> list[str]:
    """The words of a person's name in Latin letters that say who it is: a quick look, without
    titles, particles, honours, initials and what needs more than one word to be understood."""
    lowered = _APOSTROPHES.sub("", text.lower()) if "'" in text or "`" in text else text.lower()
    found: list[str] = []
    for part in _WORDS.findall(lowered):
        if part in _UNSAYING or len(part) == 1:
            continue
        if part.startswith("abd") and (split := _ABDUL.match(part)):
            found += ["abdul", split[2]]
        elif part.isalpha() or part.isdigit():
            found.append(words.SAME_WORDS.get(part, part))
        else:
            found.append(part.translate(_LEET))
    return found


_UNSAYING = words.TITLES | words.PARTICLES | words.HONOURS | words.KUNYAS


def _fathers(parts: list[str]) -> frozenset[str]:
    found = set()
    for place, part in enumerate(parts):
        if part in words.PATRONYMICS:
            after = (each for each in parts[place + 1 :] if each not in words.PARTICLES)
            found.add(next(after, ""))
    return frozenset(found - {""})


def _without_forms(parts: list[str]) -> tuple[list[str], frozenset[str]]:
    """The parts without legal forms, and the families of the forms; a name of forms is kept."""
    kept: list[str] = []
    families: set[str] = set()
    place = 0
    while place < len(parts):
        for phrase, family in words.FORMS.get(parts[place], ()):
            if tuple(parts[place : place + len(phrase)]) == phrase:
                families.add(family)
                place += len(phrase)
                break
        else:
            last = place == len(parts) - 1
            misspelt = _misspelt_form(parts[place], last) if len(parts) > 1 else None
            if misspelt:
                families.add(misspelt)
            else:
                kept.append(parts[place])
            place += 1
    if not any(part not in words.PARTICLES for part in kept):
        return parts, frozenset()
    return kept, frozenset(families)


@lru_cache(maxsize=65_536)
def _misspelt_form(part: str, last: bool) -> str | None:
    """`Limted` and `Corportion` are legal forms too; short ones only at the end."""
    if len(part) >= MISSPELT_FORM_LENGTH_MIN:
        forms = words.LONG_FORMS
    elif last and len(part) > 2:
        forms = words.SHORT_FORMS
    else:
        return None
    for form in forms:
        if OSA.distance(part, form, score_cutoff=1) == 1:
            return words.FORM_FAMILIES[form]
    return None


def _with_phrases(parts: list[str]) -> Iterator[str]:
    place = 0
    while place < len(parts):
        part = parts[place]
        pair = (part, parts[place + 1]) if place + 1 < len(parts) else ("", "")
        if pair in words.SAME_PHRASES:
            yield words.SAME_PHRASES[pair]
            place += 2
        elif part in words.TENS and pair[1] in words.NUMBER_WORDS:
            yield str(words.TENS[part] + words.NUMBER_WORDS[pair[1]])
            place += 2
        else:
            yield _number(part) or words.SAME_WORDS.get(part, part)
            place += 1


def _number(part: str) -> str | None:
    for table in (words.NUMBER_WORDS, words.TENS, words.ROMAN):
        if part in table:
            return str(table[part])
    if part.isdigit():
        return part.lstrip("0") or "0"
    found = _ORDINAL.match(part)
    return found[1] if found else None


@lru_cache(maxsize=262_144)
def _token(part: str, person: bool, consonantal: bool, last: bool) -> Token:
    if part.isdigit():
        return Token(part, Role.NUMBER, 0.4, False)
    if part in words.PARTICLES:
        return Token(part, Role.PARTICLE, 0.1 if person else 0.05, consonantal)
    if len(part) == 1:
        return Token(part, Role.INITIAL if person else Role.WORD, 0.4, consonantal)
    weight = min(1.0, 0.5 + 0.1 * len(part)) if person or len(part) > 2 else 0.4
    if person:
        if part in words.HONOURS and not last:
            # At the end it is a family name: Karim El-Sayed.
            weight = 0.2
        elif part in words.KUNYAS:
            weight = 0.3
        elif part in words.FREQUENT_NAMES:
            weight *= 0.8
    elif part in words.COMMON_WORDS:
        weight *= 0.5
    return Token(part, Role.WORD, weight, consonantal)
