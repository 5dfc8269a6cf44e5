"""Watch lists in memory: who on them may this be?"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

from .entities import Kind, ListEntity, ListName
from .match import (
    GAIN_MAX,
    Match,
    Subject,
    identifier_key,
    match_by_identifier,
    match_entity,
    name_factor,
)
from .name_index import CANDIDATES_MAX, NameIndex
from .normalise import PreparedName, prepared_names
from .score import NameScore, compare_names

# After so many candidates in a row that are too unlike, the rest, ranked lower, are not compared.
IN_VAIN_MAX = 40


class _Entry(NamedTuple):
    entity: ListEntity
    name: ListName
    prepared: PreparedName
    group: int


class _NameTable:
    """All names of one way of reading: persons, or everything else (legal forms, numbers)."""

    def __init__(self, groups: Sequence[Sequence[ListEntity]], *, persons: bool) -> None:
        self.names = NameIndex()
        self.entries: list[_Entry] = []
        for group, entities in enumerate(groups):
            for entity in entities:
                if (entity.kind == Kind.PERSON) == persons:
                    self._add(entity, group)
        self.names.close()
        self.entries = [
            entry._replace(prepared=entry.prepared.reweighted(self.names.rarity))
            for entry in self.entries
        ]
        self._by_ends: dict[tuple[str, str, int], array[int]] = {}
        for number, entry in enumerate(self.entries):
            joined = entry.prepared.joined
            for end, letter in (("first", joined[0]), ("last", joined[-1])):
                bucket = self._by_ends.setdefault((end, letter, len(joined)), array("I"))
                bucket.append(number)

    def _add(self, entity: ListEntity, group: int) -> None:
        seen: set[str] = set()
        for name in entity.names:
            for prepared in prepared_names(name.text, entity.kind):
                if prepared.joined not in seen:
                    seen.add(prepared.joined)
                    self.names.add(prepared)
                    self.entries.append(_Entry(entity, name, prepared, group))

    def candidates(self, query: PreparedName, allowed: frozenset[int]) -> Iterator[_Entry]:
        found = self.names.candidates(query)
        entries = self.entries
        for _, number in found:
            if entries[number].group in allowed:
                yield entries[number]
        if not found or len(query.tokens) == 1:
            # No part survived, or all are written together: compare whole names, in native code.
            known = {number for _, number in found}
            for number in self._alike_as_a_whole(query.joined):
                if number not in known and entries[number].group in allowed:
                    yield entries[number]

    def _alike_as_a_whole(self, joined: str) -> Iterator[int]:
        """Entries that begin or end like the query, of like length, by edit distance."""
        if not joined:
            return
        seen: set[int] = set()
        slack = len(joined) // 4
        for length in range(len(joined) - slack, len(joined) + slack + 1):
            for end, letter in (("first", joined[0]), ("last", joined[-1])):
                numbers = self._by_ends.get((end, letter, length), ())
                texts = [self.entries[number].prepared.joined for number in numbers]
                for _, _, place in process.extract(
                    joined, texts, scorer=OSA.distance, score_cutoff=slack, limit=CANDIDATES_MAX
                ):
                    seen.add(numbers[place])
        yield from seen


@dataclass(frozen=True, slots=True)
class IndexFigures:
    entities: int
    names: int
    parts: int


class _Tables(NamedTuple):
    """What one version of the index consists of; swapped as one."""

    groups: tuple[tuple[str, Kind], ...]
    entities: tuple[tuple[ListEntity, ...], ...]
    persons: _NameTable
    others: _NameTable
    identifiers: dict[tuple[str, str], list[ListEntity]]


def _tables(entities: Iterable[ListEntity]) -> _Tables:
    grouped: dict[tuple[str, Kind], list[ListEntity]] = {}
    identifiers: dict[tuple[str, str], list[ListEntity]] = {}
    for entity in entities:
        grouped.setdefault((entity.source, entity.kind), []).append(entity)
        for identifier in entity.identifiers:
            identifiers.setdefault(identifier_key(identifier), []).append(entity)
    groups = list(grouped.values())
    return _Tables(
        tuple(grouped),
        tuple(tuple(group) for group in groups),
        _NameTable(groups, persons=True),
        _NameTable(groups, persons=False),
        identifiers,
    )


class WatchIndex:
    """Watch lists, searchable, in partitions by source and kind.

    A new version of a list is built aside and put in place by one assignment, so that a search
    sees the old lists or the new ones and never a mixture.
    """

    def __init__(self, entities: Iterable[ListEntity] = ()) -> None:
        self._tables = _tables(entities)

    @property
    def sources(self) -> frozenset[str]:
        return frozenset(source for source, _ in self._tables.groups)

    @property
    def figures(self) -> IndexFigures:
        tables = self._tables
        return IndexFigures(
            entities=sum(len(group) for group in tables.entities),
            names=len(tables.persons.entries) + len(tables.others.entries),
            parts=tables.persons.names.parts + tables.others.names.parts,
        )

    def rarity(self, kind: Kind) -> Callable[[str], float]:
        """How much a word weighs in names of this kind: 1 when rare, less when many share it."""
        tables = self._tables
        return (tables.persons if kind == Kind.PERSON else tables.others).names.rarity

    def replace_source(self, source: str, entities: Iterable[ListEntity]) -> None:
        """Puts a new version of one list in the place of the old one, whole."""
        tables = self._tables
        kept = [
            entity
            for (name, _), group in zip(tables.groups, tables.entities, strict=True)
            if name != source
            for entity in group
        ]
        self._tables = _tables([*kept, *(each for each in entities if each.source == source)])

    def search(
        self, subject: Subject, *, score_min: float = 0.7, sources: frozenset[str] | None = None
    ) -> list[Match]:
        """Listed entities that reach `score_min`, the best first, each once with its best name."""
        tables = self._tables
        allowed = frozenset(
            number
            for number, (source, kind) in enumerate(tables.groups)
            if (subject.kind is None or kind == subject.kind)
            and (sources is None or source in sources)
        )
        best: dict[int, tuple[float, NameScore, _Entry, str]] = {}
        for text in subject.all_names:
            if subject.kind in (None, Kind.PERSON):
                for query in prepared_names(text, Kind.PERSON):
                    _search_table(tables.persons, query, allowed, score_min, best)
            if subject.kind != Kind.PERSON:
                for query in prepared_names(text, subject.kind or Kind.ENTITY):
                    _search_table(tables.others, query, allowed, score_min, best)
        matches = {
            key: match_entity(subject, entry.entity, entry.name, found, text)
            for key, (_, found, entry, text) in best.items()
        }
        for entity in self._with_identifier(tables, subject, allowed):
            matches[id(entity)] = match_by_identifier(subject, entity)
        kept = [match for match in matches.values() if match.score >= score_min]
        return sorted(kept, key=lambda match: (-match.score, match.entity.id))

    def _with_identifier(
        self, tables: _Tables, subject: Subject, allowed: frozenset[int]
    ) -> Iterator[ListEntity]:
        for identifier in subject.identifiers:
            for entity in tables.identifiers.get(identifier_key(identifier), ()):
                if tables.groups.index((entity.source, entity.kind)) in allowed:
                    yield entity


def _search_table(
    table: _NameTable, query: PreparedName, allowed: frozenset[int], score_min: float,
    best: dict[int, tuple[float, NameScore, _Entry, str]],
) -> None:  # fmt: skip
    """Leaves the best name of each entity in `best`, by the identity of the entity."""
    floor = score_min - GAIN_MAX
    query = query.reweighted(table.names.rarity)
    in_vain = 0
    for entry in table.candidates(query, allowed):
        found = compare_names(query, entry.prepared, floor)
        if found is None:
            in_vain += 1
            if in_vain == IN_VAIN_MAX:
                break
            continue
        in_vain = 0
        value = found.score * name_factor(entry.name)
        known = best.get(id(entry.entity))
        if known is None or value > known[0]:
            best[id(entry.entity)] = (value, found, entry, query.text)
