"""Any script to Latin letters, with the readings a name in that script can have."""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from anyascii import anyascii

from . import readings
from .entities import script_of


class Reading(NamedTuple):
    """`text` in ASCII. `consonantal`: the script leaves vowels out, so none can be compared."""

    text: str
    consonantal: bool = False


# Letter by letter and keeping the long vowels, which the general table drops.
_ARABIC = dict(
    pair.split("=")
    for pair in """ا=a أ=a إ=i آ=a ٱ=a ب=b ت=t ث=th ج=j ح=h خ=kh د=d ذ=dh ر=r ز=z س=s ش=sh ص=s ض=d
    ط=t ظ=z ع=a غ=gh ف=f ق=q ك=k ک=k ل=l م=m ن=n ه=h ة=a ۀ=e و=u ي=i ى=a ی=i ئ=y ؤ=u ء= پ=p چ=ch
    ژ=zh گ=g ٹ=t ڈ=d ڑ=r ں=n ے=e ہ=h ھ=h ې=e ځ=z څ=ts ډ=d ړ=r ښ=sh ڼ=n ږ=zh""".split()  # noqa: SIM905
)
_HEBREW = dict(
    pair.split("=")
    for pair in """א=a ב=b ג=g ד=d ה=h ו=v ז=z ח=h ט=t י=y כ=k ך=k ל=l מ=m ם=m נ=n ן=n ס=s ע=a פ=p
    ף=f צ=ts ץ=ts ק=k ר=r ש=sh ת=t""".split()  # noqa: SIM905
)
# The first call unpacks the tables, a few milliseconds that no search should pay.
anyascii("\u0430")

_CONSONANTAL = {"arabic", "hebrew", "thai", "khmer", "devanagari", "bengali", "ethiopic"}


@lru_cache(maxsize=16_384)
def latin_readings(text: str) -> tuple[Reading, ...]:
    """Never empty; the likeliest reading first."""
    if text.isascii():
        return (Reading(text),)
    text = unicodedata.normalize("NFKC", text)
    script = script_of(text)
    if script == "arabic":
        return (Reading(_arabic(text), consonantal=True),)
    if script == "hebrew":
        return (Reading(_letters(text, _HEBREW), consonantal=True),)
    if script == "hangul":
        return (Reading(_hangul(text)),)
    if script in {"han", "hiragana", "katakana"}:
        return _east_asian(text)
    return (Reading(anyascii(text), script in _CONSONANTAL),)


def _letters(text: str, table: dict[str, str]) -> str:
    kept = (char for char in text if not unicodedata.combining(char))
    return "".join(table[char] if char in table else anyascii(char) for char in kept)


def _arabic(text: str) -> str:
    words = []
    for word in text.replace("\u200c", " ").replace("ـ", "").split():
        if word in {"الله", "اللّه"}:
            words.append("allah")
        elif word.startswith("ال") and len(word) > 4:
            words += ["al", _letters(word[2:], _ARABIC)]
        else:
            words.append(_letters(word, _ARABIC))
    return " ".join(words)


def _hangul(text: str) -> str:
    """Surname apart, the syllables of the given name apart too, as Korean names are written."""
    words = []
    for word in text.split():
        if not all("가" <= char <= "힣" for char in word):
            words.append(anyascii(word))
            continue
        if len(word) > 2 and word[:2] in readings.HANGUL_SURNAMES_LONG:
            words.append(_syllables(word[:2]))
            word = word[2:]
        words += [_syllables(char) for char in word]
    return " ".join(words)


def _syllables(word: str) -> str:
    return "".join(readings.HANGUL.get(char) or anyascii(char).lower() for char in word)


def _east_asian(text: str) -> tuple[Reading, ...]:
    compact = "".join(text.split())
    found = [Reading(_chinese(text))]
    if len(compact) <= 4 and compact and compact[0] in readings.HANJA_SURNAMES:
        syllables = [readings.HANJA.get(char) for char in compact]
        if len(compact) > 1 and all(syllables):
            found.append(Reading(" ".join(filter(None, syllables))))
    if japanese := _japanese(compact):
        found.append(Reading(japanese))
    return tuple(found)


def _chinese(text: str) -> str:
    """Family name, then the given name as one word: 习近平 -> Xi Jinping."""
    if not all("\u4e00" <= char <= "\u9fff" for char in text) or not 2 <= len(text) <= 4:
        return anyascii(text)
    size = 2 if len(text) > 2 and text[:2] in readings.CHINESE_SURNAMES_LONG else 1
    return f"{anyascii(text[:size])} {anyascii(text[size:])}"


def _japanese(text: str) -> str | None:
    for size in (3, 2, 1):
        surname = readings.JAPANESE_SURNAMES.get(text[:size])
        if surname and len(text) > size:
            given = readings.JAPANESE_GIVEN.get(text[size:])
            kana = text[size:] if all("\u3040" <= char <= "\u30ff" for char in text[size:]) else ""
            if given or kana:
                return f"{surname} {given or anyascii(kana)}"
    return None
