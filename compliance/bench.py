"""``manage.py bench screening``: the lists that everyone is screened against, searched by name; and
a day's changes of a list held against a million clients.

The OFAC and UN files are read where they are (SCREENING_LISTS or the shared data folder); without
them invented people of the same number take their place. Times are the processor's, so that other
work on the machine doesn't count.
"""

import gc
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from time import process_time
from typing import TypeVar

from django.conf import settings
from rapidfuzz import fuzz, process

from backoffice.core.bench import BenchDatabase, Figure, Goal, Options, interleave, register
from backoffice.core.errors import InvalidInput
from compliance.screening.bench import default_list_paths, forget_names, memory_mb
from compliance.screening.changes import ChangedEntities
from compliance.screening.entities import Kind, ListEntity, ListName
from compliance.screening.index import WatchIndex
from compliance.screening.lists import read_list
from compliance.screening.match import Subject
from compliance.screening.score import name_score

T = TypeVar("T")
INVENTED_LISTED, CLIENTS, QUERIES, CHANGES = 20_000, 1_000_000, 400, 500
FEW = 1_000
QUICK = 100  # a quick run is so many times smaller
# Clients who bear parts of listed names, as people of the same countries do.
ALIKE_SHARE = 0.2
GIVEN_NAMES, FAMILY_NAMES = 20_000, 80_000
SYLLABLES = [consonant + vowel for consonant in "bdfghklmnrstvz" for vowel in "aeiou"]
SEED = 20260301
MB = 1024 * 1024
# A name that differs from a listed one in this much is worth screening its client again.
CHANGE_SCORE_MIN = 0.63


@dataclass(frozen=True)
class _World:
    entities: list[ListEntity]
    clients: list[tuple[str, str]]
    queries: list[str]
    changed: list[ListEntity]


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4))).capitalize()


def _listed(options: Options, chance: random.Random) -> list[ListEntity]:
    try:
        paths = [] if options.quick else default_list_paths(Path(settings.BASE_DIR))
    except InvalidInput:
        paths = []
    if paths:
        return [entity for path in paths for entity in read_list(path).entities]
    invented = (f"{_word(chance)} {_word(chance)} {_word(chance)}" for _ in range(INVENTED_LISTED))
    return [
        ListEntity("bench", str(number), Kind.PERSON, (ListName.of(name),))
        for number, name in enumerate(invented)
    ][: INVENTED_LISTED // (QUICK if options.quick else 1)]


def _names(count: int, people: Sequence[ListEntity], chance: random.Random) -> Iterator[str]:
    """Given and family names, common ones more often; a share of them of listed people's parts."""
    parted = [entity.names[0].text.partition(",") for entity in people]
    own = [(rest.split()[0], family) for family, _, rest in parted if rest.strip()]
    own = own or [(entity.names[0].text.split()[0], "Bench") for entity in people]
    given = [_word(chance) for _ in range(min(GIVEN_NAMES, count))]
    family = [_word(chance) for _ in range(min(FAMILY_NAMES, count))]
    given_weights = list(accumulate(1 / (place + 10) for place in range(len(given))))
    family_weights = list(accumulate(1 / (place + 10) for place in range(len(family))))
    for _ in range(count):
        if chance.random() < ALIKE_SHARE:
            yield f"{chance.choice(own)[0]} {chance.choice(own)[1]}"
        else:
            (first,) = chance.choices(given, cum_weights=given_weights)
            (last,) = chance.choices(family, cum_weights=family_weights)
            yield f"{first} {last}"


def _misspelt(name: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(name)) if len(name) > 1 else 0
    return name[:place] + chance.choice("aeiou") + name[place + 1 :]


def _world(options: Options) -> _World:
    chance = random.Random(SEED)  # noqa: S311 - invented names, no secret
    small = QUICK if options.quick else 1
    entities = _listed(options, chance)
    people = [entity for entity in entities if entity.kind == Kind.PERSON]
    listed = [chance.choice(chance.choice(entities).names).text for _ in range(QUERIES // small)]
    clients = list(_names(CLIENTS // small, people, chance))
    return _World(
        entities,
        [(str(number), name) for number, name in enumerate(clients)],
        [_misspelt(name, chance) for name in listed] + clients[: QUERIES // small],
        chance.sample(people, CHANGES // small),
    )


@register(
    "screening",
    search_p95=Goal(value_max=2),
    index_build=Goal(value_max=15),
    pair=Goal(value_max=100),
    rescreen=Goal(value_max=10),
)
def screening(database: BenchDatabase, options: Options) -> list[Figure]:
    """Milliseconds per name (p50, p95), seconds to build and to follow a list, us per pair, MB."""
    world = _world(options)
    before = memory_mb()
    index = WatchIndex(world.entities)
    index_mb = memory_mb() - before
    # What stays is no garbage: no collection should walk over it while times are taken.
    gc.collect()
    gc.freeze()
    names = [name.text for entity in world.entities for name in entity.names]
    before = memory_mb()
    rescreen = _rescreen(options, world, index)
    figures = [
        *_searches(options, world, index, names),
        *_pairs(options, world, names),
        _build(options, world, names),
        rescreen,
        Figure("index_memory", index_mb, "MB", "the names as text", _text_mb(names)),
        Figure(
            "rescreen_memory", memory_mb() - before, "MB", "the clients' names as text",
            _text_mb(name for _, name in world.clients),
        ),
    ]  # fmt: skip
    gc.unfreeze()
    return figures


def _searches(
    options: Options, world: _World, index: WatchIndex, names: list[str]
) -> Iterator[Figure]:
    few = world.queries[:: max(1, len(world.queries) // 20)]
    for figure, share in (("search_p50", 0.5), ("search_p95", 0.95)):
        found = interleave(
            options,
            {
                "index": _percentile(
                    world.queries, lambda name: index.search(Subject(name)), share
                ),
                "every name": _percentile(
                    few, lambda name: process.extract(name, names, scorer=fuzz.WRatio), share
                ),
            },
            f"us a name, {share:.0%}",
        )
        each = {side: value / 1000 for side, value in found.items()}
        yield Figure(figure, each["index"], "ms", "WRatio on every name", each["every name"])


def _pairs(options: Options, world: _World, names: list[str]) -> Iterator[Figure]:
    pairs = list(zip(world.queries, names, strict=False))
    scores = interleave(
        options,
        {
            "own": _each(pairs, lambda pair: name_score(*pair, Kind.PERSON), before=forget_names),
            "WRatio": _each(pairs, lambda pair: fuzz.WRatio(*pair)),
        },
        "us a pair",
    )
    yield Figure("pair", scores["own"], "us", "WRatio", scores["WRatio"])


def _build(options: Options, world: _World, names: list[str]) -> Figure:
    def build(all_of_it: list[ListEntity]) -> object:
        return WatchIndex(all_of_it)

    builds = interleave(
        options,
        {
            "index": _each([world.entities], build, before=forget_names),
            "words": _each([names], lambda texts: [name.lower().split() for name in texts]),
        },
        "us",
    )
    return Figure(
        "index_build", builds["index"] / 1e6, "s", "splitting the names", builds["words"] / 1e6
    )


def _rescreen(options: Options, world: _World, index: WatchIndex) -> Figure:
    rarity = index.rarity(Kind.PERSON)

    def follow(changed: list[ListEntity]) -> object:
        found = ChangedEntities(changed, rarity=rarity).concerned(
            world.clients, score_min=CHANGE_SCORE_MIN
        )
        return sum(1 for _ in found)

    few = [name for _, name in world.clients[:FEW]]
    follows = interleave(
        options,
        {
            "changed entities": _each([world.changed], follow, before=forget_names),
            "every client": _each(
                few, lambda name: index.search(Subject(name)), times=len(world.clients)
            ),
        },
        "us for all clients",
    )
    return Figure(
        "rescreen",
        follows["changed entities"] / 1e6,
        "s",
        "every client again",
        follows["every client"] / 1e6,
    )


def _each(
    work: Sequence[T],
    do: Callable[[T], object],
    *,
    times: float = 1,
    before: Callable[[], None] = lambda: None,
) -> Callable[[], float]:
    """Microseconds a piece, `times` over."""

    def measure() -> float:
        before()
        started = process_time()
        for item in work:
            do(item)
        return (process_time() - started) / len(work) * 1e6 * times

    return measure


def _percentile(work: Sequence[T], do: Callable[[T], object], share: float) -> Callable[[], float]:
    """Microseconds that `share` of the work does not exceed."""

    def measure() -> float:
        forget_names()
        taken = []
        for item in work:
            started = process_time()
            do(item)
            taken.append(process_time() - started)
        return sorted(taken)[min(len(taken) - 1, int(len(taken) * share))] * 1e6

    return measure


def _text_mb(texts: Iterable[str]) -> float:
    return sum(len(text.encode()) for text in texts) / MB
