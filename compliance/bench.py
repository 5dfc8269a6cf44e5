"""``manage.py bench screening``: a name against many listed ones, beside comparing it with each
of them by rapidfuzz's WRatio, which is what is done where there is no index."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from rapidfuzz import fuzz, process

from backoffice.core.bench import BenchDatabase, Figure, Options, interleave, register
from compliance.screening.entities import Kind, ListEntity, ListName
from compliance.screening.index import WatchIndex
from compliance.screening.match import Subject
from compliance.screening.score import name_score
from compliance.screening.subjects import SubjectIndex

T = TypeVar("T")
LISTED, CLIENTS, QUERIES, CHANGES = 100_000, 100_000, 200, 100
QUICK = 50  # a quick run is so many times smaller
SYLLABLES = [consonant + vowel for consonant in "bdfghklmnrstvz" for vowel in "aeiou"]
SEED = 20260301


def _names(count: int, chance: random.Random) -> list[str]:
    """Invented people of two or three names."""

    def word() -> str:
        return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).capitalize()

    return [" ".join(word() for _ in range(chance.choice((2, 2, 3)))) for _ in range(count)]


def _misspelt(name: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(name))
    return name[:place] + chance.choice("aeiou") + name[place + 1 :]


@register("screening")
def screening(database: BenchDatabase, options: Options) -> list[Figure]:
    """Milliseconds per name, microseconds per pair, seconds per day's list changes."""
    chance = random.Random(SEED)  # noqa: S311 - invented names, no secret
    small = QUICK if options.quick else 1
    names = _names(LISTED // small, chance)
    entities = [
        ListEntity("bench", str(number), Kind.PERSON, (ListName.of(name),))
        for number, name in enumerate(names)
    ]
    index = WatchIndex(entities)
    clients = SubjectIndex(
        (str(n), name) for n, name in enumerate(_names(CLIENTS // small, chance))
    )
    queries = [_misspelt(chance.choice(names), chance) for _ in range(QUERIES // small or 4)]
    few = queries[: max(4, len(queries) // 20)]
    changed = entities[: max(2, CHANGES // small)]
    pairs = list(zip(queries, chance.sample(names, len(queries)), strict=True))
    searches = interleave(
        options,
        {
            "index": _each(queries, lambda name: index.search(Subject(name))),
            "every name": _each(
                few, lambda name: process.extract(name, names, scorer=fuzz.WRatio, limit=5)
            ),
        },
        "us a name",
    )
    scores = interleave(
        options,
        {
            "own": _each(pairs, lambda pair: name_score(*pair, Kind.PERSON)),
            "WRatio": _each(pairs, lambda pair: fuzz.WRatio(*pair)),
        },
        "us a pair",
    )
    changes = interleave(
        options,
        {
            "asking the clients": _each(changed, clients.exposed_to),
            "screening every client": _each(
                few, lambda name: index.search(Subject(name)), times=CLIENTS // small / len(changed)
            ),
        },
        "us a changed entity",
    )
    return [
        Figure("search", searches["index"], "us", "WRatio on every name", searches["every name"]),
        Figure("pair", scores["own"], "us", "WRatio", scores["WRatio"]),
        Figure(
            "list_change",
            changes["asking the clients"],
            "us per changed entity",
            "screening every client again",
            changes["screening every client"],
        ),
    ]


def _each(work: list[T], do: Callable[[T], object], *, times: float = 1) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        for item in work:
            do(item)
        return (time.perf_counter() - started) / len(work) * 1e6 * times

    return measure
