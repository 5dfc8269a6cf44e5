"""Finding the few names among many that are worth comparing: parts of names to entries."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from heapq import nlargest
from math import log, log10

from .normalise import PreparedName, Role, Token
from .score import token_similarity

CANDIDATES_MAX = 60
# Names that share less than this of their joint weight are not compared.
RANK_MIN = 0.25
# A word in one of a thousand names weighs whole, each ten times more frequent one this much less.
RARITY_SHARE = 0.001
RARITY_STEP = 0.3
RARITY_MIN = 0.7
# A short list says nothing about how common a name is.
RARITY_SIZE_MIN = 2_000
# Parts in more entries than this are looked up only among candidates that rarer parts gave.
FREQUENT_ENTRIES = 400
# Spelling errors are looked for in parts of this length and more.
SIMILAR_LENGTH_MIN = 3
SIMILAR_TOKENS_MAX = 40
_DELETION_LENGTH_MAX = 16


class NameIndex:
    """Entries are numbered in the order of `add`; `close` once, then `candidates`."""

    def __init__(self, *, deletions: bool = True) -> None:
        self._vocabulary: dict[str, int] = {}
        self._tokens: list[Token] = []
        self._postings: list[array[int]] = []
        # Hashes of the names without spaces, in the order of entries until `close` sorts them.
        self._joined_hashes: array[int] = array("q")
        self._joined_entries: array[int] = array("I")
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
        self._joined_hashes.append(hash(name.joined))
        return entry

    def _add_token(self, token: Token) -> int:
        number = len(self._tokens)
        self._vocabulary[token.text] = number
        self._tokens.append(token)
        self._postings.append(array("I"))
        if token.role != Role.WORD:
            return number
        if key := token.key:
            self._sounds.setdefault(key, array("I")).append(number)
        if bones := token.skeleton:
            self._skeletons.setdefault(bones, array("I")).append(number)
        if self._deletions is not None and token.length >= SIMILAR_LENGTH_MIN:
            for shorter in deletions(token.text):
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
        order = sorted(range(self.size), key=self._joined_hashes.__getitem__)
        self._joined_entries = array("I", order)
        self._joined_hashes = array("q", [self._joined_hashes[entry] for entry in order])
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
        for entry in self._same_joined(name.joined):
            found[entry] = total + self._totals[entry] + 1.0
        totals = self._totals
        # Shared weight over all weight, as gain / (query + entry - gain) > RANK_MIN says it.
        share = RANK_MIN / (1.0 + RANK_MIN)
        ranked = [
            (gain / (total + totals[entry]), entry)
            for entry, gain in found.items()
            if gain > share * (total + totals[entry])
        ]
        return nlargest(limit, ranked)

    def _same_joined(self, joined: str) -> Iterator[int]:
        wanted = hash(joined)
        place = bisect_left(self._joined_hashes, wanted)
        while place < self.size and self._joined_hashes[place] == wanted:
            yield self._joined_entries[place]
            place += 1

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
            near.update(self._sounds.get(token.key, ()))
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
        for shorter in deletions(text):
            known = self._deletions.get(shorter)
            if isinstance(known, int):
                near.add(known)
            elif known is not None:
                near.update(known)


def deletions(text: str) -> Iterator[str]:
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
