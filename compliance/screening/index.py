"""Finding the few names of a list that are worth comparing.

`NameIndex` maps parts of names to entries; `WatchIndex` holds one of them for each source and kind
and answers "who on these lists may this be"; `SubjectIndex` is the same the other way round, over
one's own clients, so that a day's list changes need no walk over all clients.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import log, log10
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
from .normalise import PreparedName, Role, Token, prepared_names
from .score import NameScore, compare_names, token_similarity

CANDIDATES_MAX = 60
# Names that share less than this of their joint weight are not compared.
RANK_MIN = 0.2
# A word in one of a thousand names weighs whole, each ten times more frequent one this much less.
RARITY_SHARE = 0.001
RARITY_STEP = 0.3
RARITY_MIN = 0.7
# A short list says nothing about how common a name is.
RARITY_SIZE_MIN = 2_000
# Parts in more entries than this are looked up only among candidates that rarer parts gave.
FREQUENT_ENTRIES = 400
# Spelling errors are looked for in parts of this length and more.
SIMILAR_LENGTH_MIN = 4
SIMILAR_TOKENS_MAX = 40
_DELETION_LENGTH_MAX = 16


class NameIndex:
    """Entries are numbered in the order of `add`; `close` once, then `candidates`."""

    def __init__(self, *, deletions: bool = True) -> None:
        self._vocabulary: dict[str, int] = {}
        self._tokens: list[Token] = []
        self._postings: list[array[int]] = []
        self._joined: dict[str, array[int]] = {}
        self._sounds: dict[str, array[int]] = {}
        self._skeletons: dict[str, array[int]] = {}
        self._deletions: dict[str, int | array[int]] | None = {} if deletions else None
        self._importance: array[float] = array("f")
        self._totals: array[float] = array("f")
        self._entry_tokens: array[int] = array("I")
        self._entry_ends: array[int] = array("I")
        self._importance_max = 0.0
        self.size = 0

    def add(self, name: PreparedName) -> int:
        entry = self.size
        self.size += 1
        for token in name.tokens:
            number = self._vocabulary.get(token.text)
            if number is None:
                number = self._add_token(token)
            self._postings[number].append(entry)
            self._entry_tokens.append(number)
        self._entry_ends.append(len(self._entry_tokens))
        self._joined.setdefault(name.joined, array("I")).append(entry)
        return entry

    def _add_token(self, token: Token) -> int:
        number = len(self._tokens)
        self._vocabulary[token.text] = number
        self._tokens.append(token)
        self._postings.append(array("I"))
        if token.role != Role.WORD:
            return number
        if token.key:
            self._sounds.setdefault(token.key, array("I")).append(number)
        if token.skeleton:
            self._skeletons.setdefault(token.skeleton, array("I")).append(number)
        if self._deletions is not None and token.length >= SIMILAR_LENGTH_MIN:
            for shorter in _deletions(token.text):
                known = self._deletions.get(shorter)
                if known is None:
                    self._deletions[shorter] = number
                elif isinstance(known, int):
                    self._deletions[shorter] = array("I", (known, number))
                else:
                    known.append(number)
        return number

    def close(self) -> None:
        """Weighs every part by its rarity; no entry may follow."""
        for token, entries in zip(self._tokens, self._postings, strict=True):
            self._importance.append(token.weight * log(1.0 + self.size / len(entries)))
        self._importance_max = log(1.0 + self.size)
        start = 0
        for end in self._entry_ends:
            self._totals.append(sum([self._importance[n] for n in self._entry_tokens[start:end]]))
            start = end
        del self._entry_tokens, self._entry_ends

    @property
    def parts(self) -> int:
        return len(self._tokens)

    def rarity(self, text: str) -> float:
        """What a word's weight is multiplied by: 1 when unknown or rare, less when common."""
        number = self._vocabulary.get(text)
        if number is None or self.size < RARITY_SIZE_MIN:
            return 1.0
        share = len(self._postings[number]) / self.size
        return max(RARITY_MIN, min(1.0, 1.0 - RARITY_STEP * log10(share / RARITY_SHARE)))

    def candidates(
        self, name: PreparedName, limit: int = CANDIDATES_MAX
    ) -> list[tuple[float, int]]:
        """(rank, entry), the best `limit`. Rarest parts first; frequent ones only add."""
        wanted, total = self._wanted(name)
        found: dict[int, float] = {}
        for count, hits in wanted:
            only_known = count > FREQUENT_ENTRIES and len(found) >= limit
            for number, quality in hits:
                gain = self._importance[number] * quality
                if only_known:
                    for entry in self._postings[number]:
                        if entry in found:
                            found[entry] += gain
                else:
                    for entry in self._postings[number]:
                        found[entry] = found.get(entry, 0.0) + gain
        for entry in self._joined.get(name.joined, ()):
            found[entry] = total + self._totals[entry] + 1.0
        totals = self._totals
        # Shared weight over all weight, as gain / (query + entry - gain) > RANK_MIN says it.
        share = RANK_MIN / (1.0 + RANK_MIN)
        ranked = [
            (gain / (total + totals[entry]), entry)
            for entry, gain in found.items()
            if gain > share * (total + totals[entry])
        ]
        return nlargest(limit, ranked) if len(ranked) > limit else ranked

    def _wanted(
        self, name: PreparedName
    ) -> tuple[list[tuple[int, list[tuple[int, float]]]], float]:
        """For each part the like parts of the index with their likeness; and the total weight."""
        wanted = []
        total = 0.0
        for token in name.tokens:
            if token.role in (Role.PARTICLE, Role.INITIAL) and len(name.tokens) > 1:
                continue
            hits = self.similar(token)
            exact = self._vocabulary.get(token.text)
            if exact is not None:
                total += self._importance[exact]
            else:
                total += token.weight * self._importance_max
            if hits:
                wanted.append((sum([len(self._postings[n]) for n, _ in hits]), hits))
        for left, right in zip(name.tokens, name.tokens[1:], strict=False):
            number = self._vocabulary.get(left.text + right.text)
            if number is not None:
                wanted.append((len(self._postings[number]), [(number, 1.5)]))
        wanted.sort(key=lambda each: each[0])
        return wanted, total

    def similar(self, token: Token) -> list[tuple[int, float]]:
        """(token number, similarity) of the same part, misspellings and like-sounding parts."""
        exact = self._vocabulary.get(token.text)
        found = [] if exact is None else [(exact, 1.0)]
        if token.role != Role.WORD:
            return found
        near: set[int] = set()
        if token.consonantal:
            near.update(self._skeletons.get(token.skeleton, ()))
        else:
            near.update(self._sounds.get(token.key, ()) if token.key else ())
            if token.length >= SIMILAR_LENGTH_MIN:
                self._add_misspelt(token.text, near)
        near.discard(-1 if exact is None else exact)
        likely = [(token_similarity(token, self._tokens[number]), number) for number in near]
        if len(likely) > SIMILAR_TOKENS_MAX:
            likely = nlargest(SIMILAR_TOKENS_MAX, likely)
        found += [(number, similarity) for similarity, number in likely if similarity > 0.0]
        return found

    def _add_misspelt(self, text: str, near: set[int]) -> None:
        if self._deletions is None:
            vocabulary = self._vocabulary
            near.update([vocabulary[each] for each in _one_edit(text) if each in vocabulary])
            return
        for shorter in _deletions(text):
            known = self._deletions.get(shorter)
            if isinstance(known, int):
                near.add(known)
            elif known is not None:
                near.update(known)


def _deletions(text: str) -> Iterator[str]:
    """The text and all that is left when one letter goes (two for long words would cost memory)."""
    text = text[:_DELETION_LENGTH_MAX]
    yield text
    for place in range(len(text)):
        yield text[:place] + text[place + 1 :]


_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def _one_edit(text: str) -> Iterator[str]:
    """Everything one edit away; dearer to ask and free to keep, for large vocabularies."""
    for place in range(len(text) + 1):
        head, tail = text[:place], text[place:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _ALPHABET:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


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
    for entry in table.candidates(query, allowed):
        found = compare_names(query, entry.prepared, floor)
        if found is None:
            continue
        value = found.score * name_factor(entry.name)
        known = best.get(id(entry.entity))
        if known is None or value > known[0]:
            best[id(entry.entity)] = (value, found, entry, query.text)
