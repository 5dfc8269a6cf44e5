"""How alike two names are, and what the rest of a person says about it; always with reasons."""

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from .entities import Kind
from .normalise import PreparedName, Role, Token, prepared_names
from .words import FORM_FAMILIES, FREQUENT_NAMES, NICKNAMES

INITIAL_SIMILARITY = 0.8
# Below this two parts of a name are different parts, not two spellings of one.
SIMILARITY_MIN = 0.5
# One mistake, by the length of the part: the longer, the surer that it is one.
ONE_EDIT_SIMILARITY = {2: 0.0, 3: 0.6, 4: 0.8, 5: 0.85, 6: 0.87}
ONE_EDIT_LONG = 0.9
FIRST_LETTER_SIMILARITY = 0.75
# Two mistakes in one part are rarer than twice one.
SECOND_EDIT_LOSS = 0.05
REPEATED_LENGTH_MIN = 6
REPEATED_SIMILARITY_MIN = 0.8


@lru_cache(maxsize=262_144)
def token_similarity(left: Token, right: Token) -> float:
    """0 for different parts, 1 for the same; 0.8 for an initial. Tokens are compared by identity
    in the cache, so they must come from `prepared_names`."""
    if left.text == right.text:
        return 1.0
    if left.role != right.role:
        return _initial(left, right)
    if left.role == Role.PARTICLE:
        return 0.9
    if left.role == Role.NUMBER:
        return 0.0
    if left.role == Role.INITIAL:
        return 0.0
    if left.consonantal != right.consonantal:
        return _by_consonants(left, right)
    if (left.text, right.text) in NICKNAMES:
        return 0.9
    longest = max(left.length, right.length)
    allowed = longest // 2
    distance = OSA.distance(left.text, right.text, score_cutoff=allowed)
    if distance > allowed:
        return 0.0
    similarity = 1.0 - distance / longest
    if distance <= 1 + longest // 4 and len(left.key) > 2 and left.key == right.key:
        return max(similarity, 0.9 if longest > 5 else 0.85)
    if distance == 1:
        if left.text[0] != right.text[0]:
            # The first letter is the one that people seldom get wrong.
            return FIRST_LETTER_SIMILARITY
        return max(similarity, ONE_EDIT_SIMILARITY.get(longest, ONE_EDIT_LONG))
    if distance > _edits_allowed(longest):
        return 0.0
    if left.text in FREQUENT_NAMES and right.text in FREQUENT_NAMES:
        # Ahmed and Mohamed are near in letters and known to be two names.
        return 0.0
    similarity -= SECOND_EDIT_LOSS
    return similarity if similarity >= SIMILARITY_MIN else 0.0


def _edits_allowed(length: int) -> int:
    """How many typing mistakes a part can carry and still be that part."""
    return 1 if length < 5 else 2 if length < 12 else 3


def _initial(left: Token, right: Token) -> float:
    if Role.INITIAL in (left.role, right.role) and Role.WORD in (left.role, right.role):
        return INITIAL_SIMILARITY if left.text[0] == right.text[0] else 0.0
    return 0.0


def _by_consonants(left: Token, right: Token) -> float:
    """One of the two is from a script without vowels; longer skeletons say more."""
    if left.skeleton != right.skeleton or not left.skeleton:
        longer = max(len(left.skeleton), len(right.skeleton))
        if longer >= 4 and OSA.distance(left.skeleton, right.skeleton) == 1:
            return 0.75
        return 0.0
    return 0.96 if len(left.skeleton) > 2 else 0.9


class Pair(NamedTuple):
    query: Token
    listed: Token
    similarity: float


class Losses(NamedTuple):
    """What a name score lost for unlike spelling, for parts that only one side has, and for parts
    that both have and that differ."""

    spelling: float = 0.0
    only_query: float = 0.0
    only_listed: float = 0.0
    conflict: float = 0.0


class NameScore(NamedTuple):
    """`score` 0..1 = 1 less the losses, then moved by the special case that `reason` names."""

    score: float
    pairs: tuple[Pair, ...]
    query_left: tuple[Token, ...]
    listed_left: tuple[Token, ...]
    losses: Losses
    reason: str


class NameRules(NamedTuple):
    """The few figures that shape a name's score; fitted on labelled pairs, see `bench`."""

    missing_of_few: float = 0.5
    missing_of_many: float = 0.35
    conflict: float = 2.0
    single_cap: float = 0.68
    single_loss: float = 0.1
    family_conflict: float = 0.06
    fathers_swapped: float = 0.7
    number_conflict: float = 0.04
    joined_slope: float = 1.15
    joined_min: float = 0.85
    acronym: float = 0.79
    syllables_differ: float = 0.7
    same_reading: float = 0.85


PERSON_RULES = NameRules()
ENTITY_RULES = NameRules()


def compare_names(
    query: PreparedName, listed: PreparedName, floor: float = 0.0
) -> NameScore | None:
    """None when the score is below `floor`, which spares the explanation."""
    rules = PERSON_RULES if listed.kind == Kind.PERSON else ENTITY_RULES
    pairs, query_open, listed_open = _align(query, listed)
    losses = _losses(rules, query, listed, pairs, query_open, listed_open)
    score, reason = _aligned_score(rules, query, listed, pairs, losses)
    joined = _joined_score(rules, query, listed, score)
    if joined > score:
        score, reason = joined, "written together"
    if query.syllabic and query.syllabic == listed.syllabic and score > rules.syllables_differ:
        score, reason = _by_characters(rules, query, listed, score, reason)
    if query.families and listed.families and not query.families & listed.families:
        score -= rules.family_conflict
    if score < floor:
        return None
    return NameScore(
        max(0.0, min(1.0, score)),
        tuple([Pair(query.tokens[i], listed.tokens[j], s) for i, j, s in pairs]),
        tuple([query.tokens[i] for i in query_open]),
        tuple([listed.tokens[j] for j in listed_open]),
        losses,
        reason,
    )


def _by_characters(
    rules: NameRules, query: PreparedName, listed: PreparedName, score: float, reason: str
) -> tuple[float, str]:
    """Both in Han or both in Hangul: another character is another name, however alike it sounds.
    Equal readings of different Han characters may be the old and the new form of one."""
    left, right = "".join(query.text.split()), "".join(listed.text.split())
    if left == right or len(left) != len(right):
        return score, reason
    same_reading = query.joined == listed.joined and query.syllabic == "han"
    capped = rules.same_reading if same_reading else rules.syllables_differ
    return min(score, capped), "written with other characters"


def _align(
    query: PreparedName, listed: PreparedName
) -> tuple[list[tuple[int, int, float]], list[int], list[int]]:
    pairs: list[tuple[int, int, float]] = []
    query_open: list[int] = []
    places = listed.places
    taken = set()
    for place, token in enumerate(query.tokens):
        other = places.get(token.text)
        if other is None or other in taken:
            query_open.append(place)
        else:
            pairs.append((place, other, 1.0))
            taken.add(other)
    listed_open = [place for place in range(len(listed.tokens)) if place not in taken]
    if query_open and listed_open:
        if len(query_open) > 1 or len(listed_open) > 1:
            _pair_written_together(query, listed, query_open, listed_open, pairs, flipped=False)
            _pair_written_together(listed, query, listed_open, query_open, pairs, flipped=True)
        _pair_alike(query, listed, query_open, listed_open, pairs)
    if query_open:
        query_open = _without_repeats(query, query_open, listed)
    if listed_open:
        listed_open = _without_repeats(listed, listed_open, query)
    return pairs, query_open, listed_open


def _without_repeats(name: PreparedName, open_places: list[int], other: PreparedName) -> list[int]:
    """Sergey Sergey Shoigu is Sergey Shoigu; but Chang Chang Ha is a name of three parts."""
    return [
        place
        for place in open_places
        if name.tokens[place].length < REPEATED_LENGTH_MIN
        or not _repeats(name.tokens[place], other.tokens)
    ]


def _repeats(token: Token, others: tuple[Token, ...]) -> bool:
    letter = token.text[0]
    return any(
        each.text[0] == letter and token_similarity(token, each) >= REPEATED_SIMILARITY_MIN
        for each in others
    )


def _pair_written_together(
    split: PreparedName, whole: PreparedName, split_open: list[int], whole_open: list[int],
    pairs: list[tuple[int, int, float]], *, flipped: bool,
) -> None:  # fmt: skip
    """`Patr ushev` and `Patrushev`: neighbours on one side that are one part on the other."""
    for position in range(len(split_open) - 1):
        first = split_open[position]
        if split_open[position + 1] != first + 1:
            continue
        beginning = split.tokens[first].text
        for place in whole_open:
            if whole.tokens[place].text.startswith(beginning) and (
                size := _run_length(split, split_open, position, whole.tokens[place].text)
            ):
                run = split_open[position : position + size]
                pairs.extend((place, i, 0.97) if flipped else (i, place, 0.97) for i in run)
                whole_open.remove(place)
                del split_open[position : position + size]
                return


def _run_length(split: PreparedName, split_open: list[int], position: int, wanted: str) -> int:
    """How many neighbours from `position` on make up `wanted`; 0 when they do not."""
    text = ""
    for size, place in enumerate(split_open[position : position + 4], start=1):
        if place != split_open[position] + size - 1:
            return 0
        text += split.tokens[place].text
        if text == wanted:
            return size if size > 1 else 0
    return 0


def _pair_alike(
    query: PreparedName, listed: PreparedName, query_open: list[int], listed_open: list[int],
    pairs: list[tuple[int, int, float]],
) -> None:  # fmt: skip
    found = []
    for i in query_open:
        left = query.tokens[i]
        for j in listed_open:
            similarity = token_similarity(left, listed.tokens[j])
            if similarity:
                found.append((similarity, i, j))
    found.sort(key=lambda each: (-each[0], each[1], each[2]))
    for similarity, i, j in found:
        if i in query_open and j in listed_open:
            pairs.append((i, j, similarity))
            query_open.remove(i)
            listed_open.remove(j)


def _losses(
    rules: NameRules, query: PreparedName, listed: PreparedName,
    pairs: list[tuple[int, int, float]], query_open: list[int], listed_open: list[int],
) -> Losses:  # fmt: skip
    """A part that only one side has costs little; parts on both sides that differ cost much, for
    such names are of two people."""
    query_weights, listed_weights = query.weights, listed.weights
    spelling = 0.0
    for i, j, similarity in pairs:
        if similarity < 1.0:
            weight = query_weights[i] / query.weight + listed_weights[j] / listed.weight
            spelling += weight * (1.0 - similarity) / 2
    query_missing = sum([query_weights[i] for i in query_open]) / query.weight
    listed_missing = sum([listed_weights[j] for j in listed_open]) / listed.weight
    both = min(query_missing, listed_missing)
    # Three parts that agree leave less room for chance than two: what is missing costs less.
    missing = rules.missing_of_few if len(pairs) < 3 else rules.missing_of_many
    return Losses(
        spelling,
        missing * (query_missing - both),
        missing * (listed_missing - both),
        rules.conflict * both,
    )


def _aligned_score(
    rules: NameRules, query: PreparedName, listed: PreparedName,
    pairs: list[tuple[int, int, float]], losses: Losses,
) -> tuple[float, str]:  # fmt: skip
    if not pairs:
        if listed.kind == Kind.ENTITY and _acronym(query, listed):
            return rules.acronym, "one name is the initials of the other"
        return 0.0, "nothing in common"
    score, reason = 1.0 - sum(losses), ""
    if listed.kind == Kind.PERSON and score > rules.single_cap:
        words = sum([query.tokens[i].role == Role.WORD for i, _, _ in pairs])
        if words < 2 and sum(losses[1:]) > rules.single_loss:
            score, reason = rules.single_cap, "only one part of the names agrees"
    if query.fathers and listed.fathers and _fathers_swapped(query, listed, pairs):
        score, reason = score * rules.fathers_swapped, "father and son swapped"
    return score, reason


def _acronym(query: PreparedName, listed: PreparedName) -> bool:
    short, long = sorted((query.tokens, listed.tokens), key=len)
    return (
        len(short) == 1
        and len(long) > 2
        and short[0].text == "".join([token.text[0] for token in long if token.role == Role.WORD])
    )


def _fathers_swapped(
    query: PreparedName, listed: PreparedName, pairs: list[tuple[int, int, float]]
) -> bool:
    """Abdullah bin Omar is not Omar bin Abdullah."""
    father_there = son_there = False
    for i, j, _ in pairs:
        here = query.tokens[i].text in query.fathers
        there = listed.tokens[j].text in listed.fathers
        father_there |= there and not here
        son_there |= here and not there
    return father_there and son_there


def _joined_score(
    rules: NameRules, query: PreparedName, listed: PreparedName, reached: float
) -> float:
    """Both names without their spaces: SergeiLavrov, van der Bilt, xal-Assad."""
    left, right = query.joined, listed.joined
    longest = max(len(left), len(right))
    allowed = int((1.0 - max(reached, rules.joined_min)) / rules.joined_slope * longest)
    if listed.kind != Kind.PERSON and _form_attached(left, right):
        return 0.95
    if longest < 6 or abs(len(left) - len(right)) > allowed:
        return 0.0
    distance = OSA.distance(left, right, score_cutoff=allowed)
    if distance > allowed:
        return 0.0
    return 0.99 - rules.joined_slope * distance / longest


def _form_attached(left: str, right: str) -> bool:
    """SiemensAG and Siemens (AG)."""
    short, long = sorted((left, right), key=len)
    return len(short) > 3 and long.startswith(short) and long[len(short) :] in FORM_FAMILIES


def name_score(query: str, listed: str, kind: Kind) -> NameScore:
    """The best score over the readings of both names; 0 when one has no letters."""
    best = NameScore(0.0, (), (), (), Losses(), "no letters to compare")
    for left in prepared_names(query, kind):
        for right in prepared_names(listed, kind):
            found = compare_names(left, right)
            if found is not None and found.score > best.score:
                best = found
    return best
