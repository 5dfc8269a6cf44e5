"""What is known of a subject against what a list says, with the reasons a reviewer reads."""

from dataclasses import dataclass
from typing import NamedTuple

from .entities import (
    Gender,
    Identifier,
    Kind,
    ListEntity,
    ListName,
    PartialDate,
    Quality,
)
from .score import NameScore

WEAK_ALIAS_FACTOR = 0.9
# What agreement or conflict beside the name adds to the score.
BIRTH_DATE_EQUAL = 0.05
BIRTH_YEAR_EQUAL = 0.02
BIRTH_YEAR_NEAR = -0.04
BIRTH_DATE_CONFLICT = -0.15
COUNTRY_EQUAL = 0.02
COUNTRY_CONFLICT = -0.03
GENDER_CONFLICT = -0.10
# Years either way that a list's "about 1970" covers, and that are "near" for an exact year.
CIRCA_YEARS = 2
NEAR_YEARS = 1
GAIN_MAX = BIRTH_DATE_EQUAL + COUNTRY_EQUAL


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is screened. `kind` None searches all kinds, as for a payer known by name only."""

    name: str
    kind: Kind | None = Kind.PERSON
    other_names: tuple[str, ...] = ()
    birth_date: PartialDate | None = None
    countries: tuple[str, ...] = ()
    gender: Gender | None = None
    identifiers: tuple[Identifier, ...] = ()

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.name, *self.other_names)


class Feature(NamedTuple):
    """One line of what the reviewer sees; `effect` is what it added to the score or took away."""

    feature: str
    value: str
    effect: float


@dataclass(frozen=True, slots=True)
class Match:
    """`corroborated`: more than the name agrees; `contradicted`: something beside it differs."""

    entity: ListEntity
    name: ListName | None
    score: float
    features: tuple[Feature, ...]
    corroborated: bool = False
    contradicted: bool = False


def name_factor(name: ListName) -> float:
    return WEAK_ALIAS_FACTOR if name.quality == Quality.WEAK else 1.0


def identifier_key(identifier: Identifier) -> tuple[str, str]:
    """Letters and digits alone decide; the kind only keeps wallets, which are case-sensitive."""
    if identifier.kind == "crypto address":
        return "crypto address", identifier.value.strip()
    return "", "".join(char for char in identifier.value.upper() if char.isalnum())


def match_entity(
    subject: Subject, entity: ListEntity, name: ListName, found: NameScore, query: str
) -> Match:
    features = _name_features(query, name, found)
    others = [
        *_birth_date_features(subject, entity),
        *_country_features(subject, entity),
        *_gender_features(subject, entity),
    ]
    score = sum(feature.effect for feature in (*features, *others))
    return Match(
        entity=entity,
        name=name,
        score=max(0.0, min(1.0, score)),
        features=(*features, *others),
        corroborated=any(feature.effect > 0 for feature in others),
        contradicted=any(feature.effect < 0 for feature in others),
    )


def match_by_identifier(subject: Subject, entity: ListEntity) -> Match:
    """The same document, vessel or wallet number is the same subject, whatever the name."""
    mine = {identifier_key(each): each for each in subject.identifiers}
    shared = next(each for each in entity.identifiers if identifier_key(each) in mine)
    feature = Feature("identifier", f"{shared.kind} {shared.value} is on the list", 1.0)
    return Match(entity, None, 1.0, (feature,), corroborated=True)


def _name_features(query: str, name: ListName, found: NameScore) -> list[Feature]:
    """Sums to the name score, so that a reviewer can add the lines up."""
    losses = found.losses
    unlike = [pair for pair in found.pairs if pair.similarity < 1.0]
    spelt = ", ".join(f"{pair.query.text} for {pair.listed.text}" for pair in unlike)
    left = " ".join(token.text for token in found.query_left)
    right = " ".join(token.text for token in found.listed_left)
    lines = [
        Feature("name", f"{query} against {name.text}", 1.0),
        Feature("spelling", spelt, -losses.spelling),
        Feature("only in the name searched", left, -losses.only_query),
        Feature("only in the listed name", right, -losses.only_listed),
        Feature("different parts", f"{left} against {right}", -losses.conflict),
    ]
    remainder = found.score - (1.0 - sum(losses))
    lines.append(Feature("special case", found.reason, remainder))
    if name.quality == Quality.WEAK:
        loss = found.score * (WEAK_ALIAS_FACTOR - 1.0)
        lines.append(Feature("weak alias", name.text, loss))
    return [line for line in lines if abs(line.effect) > 0.0005]


def _birth_date_features(subject: Subject, entity: ListEntity) -> list[Feature]:
    mine = subject.birth_date
    if mine is None or not entity.birth_dates:
        return []
    effect, listed = max(
        ((_birth_date_effect(mine, listed), listed) for listed in entity.birth_dates),
        key=lambda each: each[0],
    )
    words = {
        BIRTH_DATE_EQUAL: "birth date equal",
        BIRTH_YEAR_EQUAL: "birth year equal",
        BIRTH_YEAR_NEAR: "birth year near",
        BIRTH_DATE_CONFLICT: "birth date differs",
    }
    return [Feature(words[effect], f"{mine.words} against {listed.words}", effect)]


def _birth_date_effect(mine: PartialDate, listed: PartialDate) -> float:
    if mine.exact and listed.exact and (mine.year, mine.month, mine.day) == (
        listed.year, listed.month, listed.day,
    ):  # fmt: skip
        return BIRTH_DATE_EQUAL
    slack = CIRCA_YEARS if mine.circa or listed.circa else 0
    first, last = listed.year - slack, (listed.year_last or listed.year) + slack
    my_first, my_last = mine.year, mine.year_last or mine.year
    if my_first <= last and my_last >= first:
        return BIRTH_YEAR_EQUAL
    if my_first - NEAR_YEARS <= last and my_last + NEAR_YEARS >= first:
        return BIRTH_YEAR_NEAR
    return BIRTH_DATE_CONFLICT


def _country_features(subject: Subject, entity: ListEntity) -> list[Feature]:
    mine, listed = set(subject.countries), set(entity.countries)
    if not mine or not listed:
        return []
    if shared := sorted(mine & listed):
        return [Feature("country equal", ", ".join(shared), COUNTRY_EQUAL)]
    value = f"{', '.join(sorted(mine))} against {', '.join(sorted(listed))}"
    return [Feature("country differs", value, COUNTRY_CONFLICT)]


def _gender_features(subject: Subject, entity: ListEntity) -> list[Feature]:
    if subject.gender is None or entity.gender is None or subject.gender == entity.gender:
        return []
    return [Feature("gender differs", f"{subject.gender} against {entity.gender}", GENDER_CONFLICT)]
