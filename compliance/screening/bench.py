"""Measuring the engine on labelled pairs and on names that must, or must not, be found."""

import csv
import gc
import os
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rapidfuzz import fuzz

from backoffice.core.errors import InvalidInput

from .entities import Kind
from .index import WatchIndex
from .match import Match, Subject
from .normalise import prepared_names
from .phonetics import skeleton, sound_key
from .score import name_score, token_similarity
from .transliterate import latin_readings

# Chosen on the labelled pairs; 0.70 to 0.76 give nearly the same.
PAIR_THRESHOLD = 0.72
PAIR_ROUNDS = 5
PAIR_COLUMNS = ("schema", "name1", "name2", "is_match", "quality")
SEARCH_THRESHOLDS = (0.70, 0.75, 0.80, 0.85, 0.90, 0.92)
# In the order of the tiers' confidence: a wrong STRONG pair is an error beyond doubt.
QUALITIES = ("STRONG", "MEDIUM", "WEAK")
_KINDS = {"person": Kind.PERSON, "vessel": Kind.VESSEL, "airplane": Kind.AIRCRAFT}


class LabelledPair(NamedTuple):
    kind: Kind
    left: str
    right: str
    is_match: bool
    quality: str


class Rates(NamedTuple):
    """Precision, recall and F1 are 0..1; `right` of `total` pairs fall on their side."""

    f1: float
    precision: float
    recall: float
    right: int
    total: int


@dataclass(frozen=True, slots=True)
class PairReport:
    """One scorer on all pairs. `held_out` is the mean F1 on halves that did not choose the
    threshold; `wrong` are the pairs on the wrong side, with their scores."""

    scorer: str
    threshold: float
    overall: Rates
    by_quality: dict[str, Rates]
    held_out: float
    microseconds: float
    wrong: list[tuple[float, LabelledPair]]


def _csv_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [column for column in columns if not rows or column not in rows[0]]
    if missing:
        raise InvalidInput(f"{path.name} has no rows or lacks the columns {', '.join(missing)}.")
    return rows


def read_pairs(path: Path) -> list[LabelledPair]:
    return [
        LabelledPair(
            _KINDS.get(row["schema"].strip().lower(), Kind.ENTITY),
            row["name1"],
            row["name2"],
            row["is_match"].strip().lower() in {"true", "1", "yes"},
            row["quality"].strip().upper(),
        )
        for row in _csv_rows(path, PAIR_COLUMNS)
    ]


def read_names(path: Path, *, with_id: bool) -> list[tuple[str, str]]:
    """(name, the list's own id or an empty text)."""
    columns = ("name", "id") if with_id else ("name",)
    return [(row["name"], row.get("id", "") or "") for row in _csv_rows(path, columns)]


def default_list_paths(base: Path) -> list[Path]:
    """Files that SCREENING_LISTS names (parted as PATH is), else the OFAC and UN lists of the
    shared data folder: SHARED_DATA_DIR, or `shared/data` beside `base` or one of its parents."""
    if named := os.environ.get("SCREENING_LISTS"):
        return [Path(each) for each in named.split(os.pathsep) if each]
    given = os.environ.get("SHARED_DATA_DIR")
    folders = [Path(given)] if given else [each / "shared" / "data" for each in base.parents]
    for folder in folders:
        lists = folder / "screening"
        if lists.is_dir():
            return [lists / "ofac", lists / "un" / "UN_consolidated.xml"]
    raise InvalidInput("Name the list files: there is no shared data folder beside the project.")


def rates(pairs: Iterable[tuple[bool, bool]]) -> Rates:
    """From (is a match, was called one)."""
    true = false = missed = right = total = 0
    for actual, called in pairs:
        total += 1
        right += actual == called
        true += actual and called
        false += called and not actual
        missed += actual and not called
    return Rates(
        2 * true / max(1, 2 * true + false + missed),
        true / max(1, true + false),
        true / max(1, true + missed),
        right,
        total,
    )


def forget_names() -> None:
    """Empties what is remembered of names seen before: a measured pair is one never seen."""
    for cached in (prepared_names, latin_readings, token_similarity, sound_key, skeleton):
        cached.cache_clear()


def memory_mb() -> float:
    """What this process takes of the machine's memory now, in MB; 0 where it can't be told."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def own_score(pair: LabelledPair) -> float:
    return name_score(pair.left, pair.right, pair.kind).score


def rapidfuzz_score(pair: LabelledPair) -> float:
    return fuzz.WRatio(pair.left, pair.right) / 100.0


def best_threshold(scored: Sequence[tuple[float, bool]]) -> float:
    """The one with the best F1 among 0.50, 0.51 ... 0.98; of equals, the middle one."""
    found = [
        (rates((actual, score >= step / 100) for score, actual in scored).f1, step / 100)
        for step in range(50, 99)
    ]
    best = max(found)[0]
    equals = [threshold for f1, threshold in found if f1 == best]
    return equals[len(equals) // 2]


def held_out_f1(scored: Sequence[tuple[float, bool]], *, splits: int = 20, seed: int = 1) -> float:
    """The threshold is chosen on a random half, F1 measured on the other; mean of the splits."""
    order = random.Random(seed)  # noqa: S311 -- a split of test data, no secret
    total = 0.0
    for _ in range(splits):
        shuffled = list(scored)
        order.shuffle(shuffled)
        half = len(shuffled) // 2
        threshold = best_threshold(shuffled[:half])
        total += rates((actual, score >= threshold) for score, actual in shuffled[half:]).f1
    return total / splits


def measure_pairs(
    pairs: Sequence[LabelledPair],
    scorer: str,
    score: Callable[[LabelledPair], float],
    threshold: float | None = None,
) -> PairReport:
    """`threshold` None chooses the best one for the scorer, as the yardstick is given."""
    scores = [score(pair) for pair in pairs]
    microseconds = statistics.median(_pass(pairs, score) for _ in range(PAIR_ROUNDS))
    scored = [(each, pair.is_match) for each, pair in zip(scores, pairs, strict=True)]
    chosen = best_threshold(scored) if threshold is None else threshold
    called = [(pair, each, each >= chosen) for pair, each in zip(pairs, scores, strict=True)]
    return PairReport(
        scorer,
        chosen,
        rates((pair.is_match, positive) for pair, _, positive in called),
        {
            quality: rates(
                (p.is_match, positive) for p, _, positive in called if p.quality == quality
            )
            for quality in QUALITIES
            if any(pair.quality == quality for pair in pairs)
        },
        held_out_f1(scored),
        microseconds,
        [(each, pair) for pair, each, positive in called if positive != pair.is_match],
    )


def _pass(pairs: Sequence[LabelledPair], score: Callable[[LabelledPair], float]) -> float:
    """Microseconds a pair, of the processor's time, when no name was seen before."""
    forget_names()
    gc.collect()
    gc.freeze()
    started = time.process_time()
    for pair in pairs:
        score(pair)
    taken = time.process_time() - started
    gc.unfreeze()
    return taken / max(1, len(pairs)) * 1e6


@dataclass(frozen=True, slots=True)
class SearchReport:
    """At each threshold: share of positives found by their id, and negatives flagged per 1,000."""

    recall: dict[float, float]
    flags_per_thousand: dict[float, float]
    p50_ms: dict[str, float]
    p95_ms: dict[str, float]
    missed: list[tuple[str, str]]


def measure_search(
    index: WatchIndex,
    positives: Sequence[tuple[str, str]],
    negatives: Sequence[tuple[str, str]],
    *,
    thresholds: Sequence[float] = SEARCH_THRESHOLDS,
    kind: Kind | None = None,
    miss_threshold: float = 0.85,
) -> SearchReport:
    """`kind` None searches every kind, as when nothing but a name is known."""
    floor = min(thresholds)
    # What the lists take up is not garbage: no collection should walk over it meanwhile.
    gc.collect()
    gc.freeze()
    times: dict[str, list[float]] = {"positives": [], "negatives": []}
    own_scores = []
    top_scores = []
    for name, wanted in positives:
        found = _timed(index, name, kind, floor, times["positives"])
        own_scores.append(max((m.score for m in found if _is(m, wanted)), default=0.0))
    for name, _ in negatives:
        found = _timed(index, name, kind, floor, times["negatives"])
        top_scores.append(found[0].score if found else 0.0)
    gc.unfreeze()
    return SearchReport(
        {each: _share(own_scores, each) for each in thresholds},
        {each: 1000 * _share(top_scores, each) for each in thresholds},
        {group: _percentile(taken, 0.50) for group, taken in times.items()},
        {group: _percentile(taken, 0.95) for group, taken in times.items()},
        [row for row, s in zip(positives, own_scores, strict=True) if s < miss_threshold],
    )


def _timed(
    index: WatchIndex, name: str, kind: Kind | None, floor: float, taken: list[float]
) -> list[Match]:
    started = time.perf_counter()
    found = index.search(Subject(name, kind), score_min=floor)
    taken.append((time.perf_counter() - started) * 1000)
    return found


def _is(match: Match, wanted: str) -> bool:
    return wanted == match.entity.id or wanted in match.entity.other_ids


def _share(scores: Sequence[float], threshold: float) -> float:
    return sum(score >= threshold for score in scores) / max(1, len(scores))


def _percentile(values: Sequence[float], share: float) -> float:
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
