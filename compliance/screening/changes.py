"""The other way round: which of our own clients may a changed list entry concern?

A day's list has a few hundred changed names and a brokerage a million clients. So the changed names
are indexed and the clients read past them once: most have no part in common with any of them, which
a look-up for each word of their name tells.
"""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from . import words
from .entities import Kind, ListEntity, ListName, Quality
from .match import name_factor
from .name_index import deletions
from .normalise import PreparedName, Role, Token, prepared_names, readings_of, simple_words
from .phonetics import skeleton, sound_key
from .score import compare_names, token_similarity

# A part with more letters wrong is another part; shorter ones carry one mistake at most.
EDITS_MAX, MISSPELT_LENGTH_MIN = 3, 4
# A listed part that weighs less says too little to count as one that is missing.
SAYING_WEIGHT_MIN = 0.35
# A part of such a share finds its name without a second one; a short one if it is the same, and
# none in a weak alias: what is left of its score is below any review.
ALONE_SHARE, ALONE_LENGTH_MIN = 0.75, 5
# So many parts make one that differs a small share of the name, and two.
PARTS_FOR_ONE, PARTS_FOR_TWO = 3, 6
# A client known by one word is compared with longer names only where they have that very word.
SHORT_NAME_PARTS = 2


class Exposure(NamedTuple):
    """One of our own subjects whose name is like a listed one."""

    subject_id: str
    name: str
    entity: ListEntity
    listed: ListName
    score: float


NAMES_KNOWN_MAX = 100_000
NO_ENTRIES: frozenset[int] = frozenset()


class _Entry(NamedTuple):
    entity: ListEntity
    name: ListName
    prepared: PreparedName
    parts: int  # that say something
    initials: frozenset[str]
    alone: str  # the part that makes up nearly all of the name, if one does


class _Near:
    """Entries that have a part like a word; `alone`, those that have hardly another; `initials`,
    those where another part is a letter."""

    __slots__ = ("alone", "beside", "entries", "initials", "texts")

    def __init__(self, texts: set[str], entries: dict[int, _Entry], word: str = "") -> None:
        self.texts = texts
        self.entries = frozenset(entries)
        sure = {text for text in texts if text == word or len(text) >= ALONE_LENGTH_MIN}
        self.alone = frozenset(n for n, entry in entries.items() if entry.alone in sure)
        self.initials = {n: entry.initials for n, entry in entries.items() if entry.initials}
        # The other parts of those entries by their first and last letters; made when asked for.
        self.beside: dict[str, list[str]] | None = None


_NONE = _Near(set(), {})


class _Word(NamedTuple):
    """A word as a client writes it: the parts that say something and what is near to them."""

    parts: list[str]
    near: list[_Near]


class ChangedEntities:
    """The entities of a list that changed, to be held against subjects of one kind.

    `rarity` weighs a word as the whole list does (``WatchIndex.rarity``); without it all weigh
    alike. Memory is that of the changed entities: the subjects are read past, not kept.
    """

    def __init__(
        self,
        entities: Iterable[ListEntity],
        kind: Kind = Kind.PERSON,
        rarity: Callable[[str], float] = lambda word: 1.0,
    ) -> None:
        self.kind = kind
        self._rarity = rarity
        self._entries: list[_Entry] = []
        self._tokens: dict[str, tuple[Token, set[int]]] = {}
        self._by_deletion: dict[str, list[str]] = {}
        self._by_sound: dict[str, list[str]] = {}
        self._by_skeleton: dict[str, list[str]] = {}
        # Of listed names in scripts without vowels alone.
        self._by_bare_skeleton: dict[str, list[str]] = {}
        self._joined: dict[str, set[int]] = {}
        self._near: dict[str, _Near] = {}
        self._words: dict[str, _Word] = {}
        for entity in entities:
            if (entity.kind == Kind.PERSON) == (kind == Kind.PERSON):
                self._add(entity)

    def _add(self, entity: ListEntity) -> None:
        for name in entity.names:
            for read in prepared_names(name.text, entity.kind):
                number = len(self._entries)
                prepared = read.reweighted(self._rarity)
                self._entries.append(_entry(entity, name, prepared))
                self._joined.setdefault(prepared.joined, set()).add(number)
                for token in prepared.tokens:
                    if token.role in (Role.WORD, Role.NUMBER):
                        self._add_token(token, number)
                for left, right in zip(prepared.tokens, prepared.tokens[1:], strict=False):
                    both = Token(left.text + right.text, Role.WORD, 1.0, left.consonantal)
                    self._add_token(both, number)

    def _add_token(self, token: Token, number: int) -> None:
        known = self._tokens.get(token.text)
        if known is None:
            known = self._tokens[token.text] = (token, set())
            if token.role == Role.WORD:
                self._index(token)
        known[1].add(number)

    def _index(self, token: Token) -> None:
        text = token.text
        for shorter in deletions(text):
            self._by_deletion.setdefault(shorter, []).append(text)
        if key := token.key:
            self._by_sound.setdefault(key, []).append(text)
        if bones := token.skeleton:
            self._by_skeleton.setdefault(bones, []).append(text)
            if token.consonantal:
                self._by_bare_skeleton.setdefault(bones, []).append(text)

    def concerned(
        self, subjects: Iterable[tuple[str, str]], *, score_min: float = 0.7
    ) -> Iterator[Exposure]:
        """The best listed name for each (id, name) that reaches `score_min`, in their order. A
        subject with several names comes once for each."""
        if not self._entries:
            return
        plain = self.kind == Kind.PERSON
        # Many clients share a name.
        known: dict[str, tuple[_Entry, float] | None] = {}
        for subject_id, text in subjects:
            found = self._candidates_plain(text) if plain and text.isascii() else None
            if found is None:
                found = self._candidates(text)
            if not found:
                continue
            if text not in known:
                if len(known) == NAMES_KNOWN_MAX:
                    known.clear()
                known[text] = self._best(text, found, score_min)
            if best := known[text]:
                yield Exposure(subject_id, text, best[0].entity, best[0].name, best[1])

    def _candidates_plain(self, text: str) -> AbstractSet[int] | None:
        """For a person's name in Latin letters, without preparing it; None when it must be."""
        known = self._words
        written = text.lower().split()
        near: list[_Near] = []
        for word in written:
            found = known.get(word)
            if found is None:
                found = self._word(word)
            if found.near:
                near += found.near
        if not near:
            return self._joined.get("".join(written), NO_ENTRIES)
        parts = [part for word in written for part in known[word].parts]
        if not words.GOD.isdisjoint(parts):
            return None
        return self._combined(parts, near)

    def _word(self, written: str) -> _Word:
        parts = simple_words(written)
        near = [each for part in parts if (each := self._near_word(part)) is not _NONE]
        found = self._words[written] = _Word(parts, near)
        return found

    def _candidates(self, text: str) -> set[int]:
        found: set[int] = set()
        for prepared in readings_of(text, self.kind):
            said = [token for token in prepared.tokens if token.role in (Role.WORD, Role.NUMBER)]
            if any(token.consonantal for token in said):
                # Without vowels a look at the words says too little: all that share one.
                for token in said:
                    found |= self._near_bones(token.skeleton).entries
                continue
            near = [self._near_word(token.text) for token in said]
            near = [each for each in near if each is not _NONE]
            found |= self._combined([token.text for token in said], near)
        return found

    def _combined(self, parts: list[str], near: list[_Near]) -> set[int]:
        """Entries of which enough parts agree: what differs on both sides costs twice its share."""
        found = set(self._joined.get("".join(parts), ()))
        if not near:
            return found
        if len(parts) == 1:
            # The same word in any name; one like it in a name that has little beside it.
            same = self._tokens[parts[0]][1] if parts[0] in self._tokens else set()
            entries = self._entries
            short = {n for n in near[0].entries if entries[n].parts <= SHORT_NAME_PARTS}
            return found | same | short
        if len(parts) > 2:  # noqa: PLR2004 - two parts written together are the whole name
            near = near + self._written_apart(parts)
        near = near + self._misspelt_beside(parts, near)
        several: set[int] = set()
        seen: set[int] = set()
        for each in near:
            found |= each.alone
            several |= seen & each.entries
            seen |= each.entries
            if each.initials:
                letters = {part[0] for part in parts if self._near.get(part) is not each}
                several |= {n for n, given in each.initials.items() if letters & given}
        for number in several - found:
            agreeing = sum([number in each.entries for each in near])
            agreeing += len(self._entries[number].initials)
            if _enough(len(parts), agreeing) or _enough(self._entries[number].parts, agreeing):
                found.add(number)
        return found

    def _written_apart(self, parts: list[str]) -> list[_Near]:
        pairs = (left + right for left, right in zip(parts, parts[1:], strict=False))
        return [each for pair in pairs if (each := self._near_word(pair)) is not _NONE]

    def _misspelt_beside(self, parts: list[str], near: list[_Near]) -> list[_Near]:
        """One part agrees: now it is worth looking whether another is that of the same entry with
        two or three letters wrong."""
        found = []
        for part in parts:
            if len(part) < MISSPELT_LENGTH_MIN:
                continue
            own = self._near.get(part, _NONE)
            for each in near:
                if each is not own and (texts := self._misspelt(part, each) - own.texts):
                    found.append(self._entries_of(texts))
        return found

    def _misspelt(self, word: str, near: _Near) -> set[str]:
        beside = near.beside
        if beside is None:
            beside = near.beside = self._beside(near)
        like = beside.get("^" + word[0], []) + beside.get("$" + word[-1], [])
        if not like:
            return set()
        return {
            text
            for text in like
            if OSA.distance(word, text, score_cutoff=EDITS_MAX) <= EDITS_MAX
            and token_similarity(_token(word), self._tokens[text][0]) > 0.0
        }

    def _beside(self, near: _Near) -> dict[str, list[str]]:
        texts = {
            token.text
            for number in near.entries
            for token in self._entries[number].prepared.tokens
            if token.role == Role.WORD and token.length >= MISSPELT_LENGTH_MIN
        }
        found: dict[str, list[str]] = {}
        for text in texts:
            for end in ("^" + text[0], "$" + text[-1]):
                found.setdefault(end, []).append(text)
        return found

    def _near_word(self, word: str) -> _Near:
        found = self._near.get(word)
        if found is None:
            found = self._near[word] = self._entries_of(self._alike(word), word)
        return found

    def _near_bones(self, bones: str) -> _Near:
        return self._entries_of(self._by_skeleton.get(bones, ())) if bones else _NONE

    def _alike(self, word: str) -> set[str]:
        """Listed parts that a word may be: the same, one letter off, like in sound, a short form,
        or from a script without vowels."""
        texts = [word] if word in self._tokens else []
        if len(word) > 1:
            by_deletion = self._by_deletion
            shorter = list(deletions(word))
            if not by_deletion.keys().isdisjoint(shorter):
                texts += [text for each in shorter for text in by_deletion.get(each, ())]
            texts += self._by_sound.get(sound_key(word), ())
            texts += self._by_bare_skeleton.get(skeleton(word), ())
            texts += [each for each in words.SHORT_FORMS_OF.get(word, ()) if each in self._tokens]
        if not texts:
            return set()
        token = _token(word)
        return {each for each in set(texts) if token_similarity(token, self._tokens[each][0]) > 0.0}

    def _entries_of(self, texts: Iterable[str], word: str = "") -> _Near:
        texts = set(texts)
        numbers = {number for text in texts for number in self._tokens[text][1]}
        return _Near(texts, {n: self._entries[n] for n in numbers}, word) if numbers else _NONE

    def _best(
        self, text: str, numbers: AbstractSet[int], score_min: float
    ) -> tuple[_Entry, float] | None:
        best: tuple[_Entry, float] | None = None
        mine = [name.reweighted(self._rarity) for name in readings_of(text, self.kind)]
        for number in sorted(numbers):
            entry = self._entries[number]
            factor = name_factor(entry.name)
            floor = max(score_min, best[1] if best else 0.0) / factor
            for name in mine:
                found = compare_names(name, entry.prepared, floor)
                if found is not None and (best is None or factor * found.score > best[1]):
                    best = (entry, factor * found.score)
        return best


def _entry(entity: ListEntity, name: ListName, prepared: PreparedName) -> _Entry:
    weighty = prepared.weights.index(max(prepared.weights))
    alone = prepared.weights[weighty] >= ALONE_SHARE * prepared.weight
    alone = alone and name.quality != Quality.WEAK
    return _Entry(
        entity,
        name,
        prepared,
        sum([weight >= SAYING_WEIGHT_MIN for weight in prepared.weights]),
        frozenset(token.text for token in prepared.tokens if token.role == Role.INITIAL),
        prepared.tokens[weighty].text if alone else "",
    )


@lru_cache(maxsize=65_536)
def _token(word: str) -> Token:
    return Token(word, Role.NUMBER if word.isdigit() else Role.WORD, 1.0, False)


def _enough(parts: int, agreeing: int) -> bool:
    """Whether what is left of a name of so many parts can be a small share of it."""
    left = parts - agreeing
    return (
        left <= 0
        or (left == 1 and parts >= PARTS_FOR_ONE)
        or (
            left == 2 and parts >= PARTS_FOR_TWO  # noqa: PLR2004 - two parts
        )
    )
