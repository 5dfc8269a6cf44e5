"""The other way round: which of our own clients may a changed list entry concern?

A day's list has a few hundred changed names; asking for each of them is a matter of seconds where
screening every client again would be one of hours.
"""

from collections.abc import Iterable
from typing import NamedTuple

from .entities import Kind, ListEntity, ListName
from .match import name_factor
from .name_index import NameIndex
from .normalise import PreparedName, prepared_names, readings_of
from .score import compare_names

# Many clients may bear a listed name; far more than this is a name without any meaning.
SUBJECTS_MAX = 500


class Exposure(NamedTuple):
    """One of our own subjects whose name is like a listed one."""

    subject_id: str
    name: str
    listed: ListName
    score: float


class SubjectIndex:
    """The names of our own subjects of one kind, to be asked which of them a changed list entry
    may concern. A subject may come several times, with each of its names.

    Keeps no prepared names, so that a million of them fit: what is compared is prepared again.
    """

    def __init__(self, names: Iterable[tuple[str, str]], kind: Kind = Kind.PERSON) -> None:
        self.kind = kind
        self._ids: list[str] = []
        self._texts: list[str] = []
        self._names = NameIndex(deletions=False)
        for subject_id, text in names:
            for prepared in readings_of(text, kind):
                self._names.add(prepared)
                self._ids.append(subject_id)
                self._texts.append(text)
        self._names.close()

    def __len__(self) -> int:
        return len(self._texts)

    def exposed_to(self, entity: ListEntity, *, score_min: float = 0.7) -> list[Exposure]:
        """The best name of each subject that reaches `score_min`; the best first."""
        best: dict[str, Exposure] = {}
        if (entity.kind == Kind.PERSON) != (self.kind == Kind.PERSON):
            return []
        for name in entity.names:
            factor = name_factor(name)
            for listed in prepared_names(name.text, entity.kind):
                weighed = listed.reweighted(self._names.rarity)
                for _, entry in self._names.candidates(listed, SUBJECTS_MAX):
                    score = factor * self._score(entry, weighed, score_min / factor)
                    subject_id = self._ids[entry]
                    known = best.get(subject_id)
                    if score >= score_min and (known is None or score > known.score):
                        best[subject_id] = Exposure(subject_id, self._texts[entry], name, score)
        return sorted(best.values(), key=lambda each: (-each.score, each.subject_id))

    def _score(self, entry: int, listed: PreparedName, floor: float) -> float:
        scores = (
            compare_names(mine.reweighted(self._names.rarity), listed, floor)
            for mine in readings_of(self._texts[entry], self.kind)
        )
        return max((found.score for found in scores if found is not None), default=0.0)
