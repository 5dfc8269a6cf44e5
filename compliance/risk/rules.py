"""The risk score: what is known of a client, weighed by a model. Pure; no database.

Each factor is a value from 0 (no risk) to 1; the score is their weighted mean times 100. Floors
lift the band, never the score, and nothing lowers it below one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from backoffice.core.errors import InvalidInput
from clients.countries import NAMES, country_name
from clients.models import ClientKind, Occupation, RiskBand
from clients.ownership.states import EntityFlag

ORDER = (RiskBand.LOW, RiskBand.MEDIUM, RiskBand.HIGH, RiskBand.PROHIBITED)
WEIGHT_MAX, LEVEL_MAX = 100, 100
# Who owns such a company can't be seen from its registers.
OPAQUE = frozenset({str(EntityFlag.SHELL), str(EntityFlag.BEARER)})
INSTRUMENTS = {"card": "Card", "bank": "Bank account", "wallet": "E-wallet", "crypto": "Crypto"}
LAYERED = "layered"
KINDS = {
    str(ClientKind.PERSON): "Individual",
    str(ClientKind.COMPANY): "Company",
    LAYERED: "Company owned by companies",
}
CHANNELS = {"direct": "Came directly", "partner": "Brought by a partner", "api": "Came by the API"}
EVIDENCE = {"accepted": "Accepted", "given": "Handed in", "none": "None"}


@dataclass(frozen=True, slots=True)
class Model:
    """What a brokerage thinks of risk. ``weights`` by factor; ``medium`` and ``high`` are the
    scores at which these bands begin; ``levels`` are 0 to 100 for each answer of a factor that
    has few; ``countries`` likewise, with ``other`` for those not named. ``called`` are countries
    against which the FATF calls for action: a client of one is never below high."""

    weights: Mapping[str, int]
    medium: int
    high: int
    levels: Mapping[str, Mapping[str, int]]
    countries: Mapping[str, int]
    called: Sequence[str]
    other_countries: int
    countries_source: str
    countries_as_of: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a client now. Amounts are in the brokerage's base currency; None where
    nothing was declared, or a rate is missing. ``deposits``: credited within a year.
    ``instruments``: share of that by kind. ``alerts``: open, escalated, settled."""

    kind: str
    nationality: str
    residence: str
    politically_exposed: bool = False
    occupation: str = ""
    means: Decimal | None = None
    deposits: Decimal | None = Decimal(0)
    evidence: str = "none"
    instruments: Mapping[str, Decimal] = field(default_factory=dict)
    channel: str = "direct"
    leverage: int = 0
    alerts: tuple[int, int, int] = (0, 0, 0)
    hit_score: Decimal = Decimal(0)
    sanctioned: bool = False
    adverse_media: bool = False
    set_by_hand: str = ""
    # Of a company and those behind it: what is noted, whether one of them holds public office,
    # whether another company owns a part of it.
    flags: frozenset[str] = frozenset()
    exposed_behind: bool = False
    layered: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One factor of a score. ``points``: of the 100, what it adds."""

    code: str
    title: str
    words: str
    value: Decimal
    weight: int
    points: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """``floors``: what lifted the band, as sentences, the strongest first."""

    score: int
    band: str
    lines: tuple[Line, ...]
    floors: tuple[str, ...]


def _share(level: int) -> Decimal:
    return Decimal(level) / LEVEL_MAX


def _countries(model: Model, facts: Facts) -> tuple[Decimal, str]:
    found = {code for code in (facts.residence, facts.nationality) if code}
    if not found:
        return Decimal(1), "Neither residence nor nationality is known"
    level = {code: model.countries.get(code, model.other_countries) for code in found}
    worst = max(sorted(found), key=lambda code: level[code])
    what = "residence" if worst == facts.residence else "nationality"
    named = "" if worst in model.countries else ", not on the list"
    return _share(level[worst]), f"{country_name(worst)} by {what}{named}"


def _means(model: Model, facts: Facts) -> tuple[Decimal, str]:
    if facts.means is None:
        return Decimal("0.5"), "No means declared, or in a currency without a rate"
    if facts.deposits is None:
        return Decimal("0.5"), "Deposits in a currency without a rate"
    if facts.means <= 0:
        return (
            (Decimal(1), "Deposits without means") if facts.deposits else (Decimal("0.3"), "None")
        )
    share = facts.deposits / facts.means
    words = f"Deposits of a year are {share:.0%} of income and a tenth of wealth"
    return min(Decimal(1), share), words


def _evidence(model: Model, facts: Facts) -> tuple[Decimal, str]:
    level = model.levels["evidence"][facts.evidence]
    return _share(level), f"{EVIDENCE[facts.evidence]}: papers on where the money comes from"


def _behaviour(model: Model, facts: Facts) -> tuple[Decimal, str]:
    waiting, escalated, settled = facts.alerts
    value = Decimal(waiting) / 2 + escalated + Decimal(settled) / 10
    if not any(facts.alerts):
        return Decimal(0), "No alert"
    return min(
        Decimal(1), value
    ), f"Alerts: {waiting} open, {escalated} escalated, {settled} settled"


def _kind(model: Model, facts: Facts) -> tuple[Decimal, str]:
    answer = LAYERED if facts.layered else facts.kind
    return _share(model.levels["kind"][answer]), KINDS[answer]


def _occupation(model: Model, facts: Facts) -> tuple[Decimal, str]:
    if not facts.occupation:
        return Decimal("0.5"), "Not declared"
    level = model.levels["occupation"][facts.occupation]
    return _share(level), Occupation(facts.occupation).label


def _instruments(model: Model, facts: Facts) -> tuple[Decimal, str]:
    if not facts.instruments:
        return Decimal(0), "Nothing paid in within a year"
    levels = model.levels["instrument"]
    value = sum(
        (share * _share(levels[each]) for each, share in facts.instruments.items()), Decimal(0)
    )
    ordered = sorted(facts.instruments.items(), key=lambda pair: -pair[1])
    return value, ", ".join(f"{INSTRUMENTS[each]} {share:.0%}" for each, share in ordered)


def _screening(model: Model, facts: Facts) -> tuple[Decimal, str]:
    if not facts.hit_score:
        return Decimal(0), "No hit to be decided"
    return facts.hit_score, f"The closest hit to be decided scores {facts.hit_score:.2f}"


def _channel(model: Model, facts: Facts) -> tuple[Decimal, str]:
    return _share(model.levels["channel"][facts.channel]), CHANNELS[facts.channel]


def _leverage(model: Model, facts: Facts) -> tuple[Decimal, str]:
    if not facts.leverage:
        return Decimal(0), "No live account"
    return min(Decimal(1), Decimal(facts.leverage) / 500), f"Leverage up to 1:{facts.leverage}"


@dataclass(frozen=True, slots=True)
class Factor:
    code: str
    title: str
    weight: int
    measure: Callable[[Model, Facts], tuple[Decimal, str]]


# With the weights that a brokerage begins with (compliance.md, section 2).
FACTORS = (
    Factor("countries", "Countries", 20, _countries),
    Factor("means", "Deposits against declared means", 14, _means),
    Factor("evidence", "Evidence of the source of funds", 12, _evidence),
    Factor("behaviour", "Behaviour", 12, _behaviour),
    Factor("kind", "Type of client", 8, _kind),
    Factor("occupation", "Occupation", 8, _occupation),
    Factor("instruments", "Payment methods", 8, _instruments),
    Factor("screening", "Closeness to watch lists", 8, _screening),
    Factor("channel", "Channel", 5, _channel),
    Factor("leverage", "Product and leverage", 5, _leverage),
)
BY_CODE = {factor.code: factor for factor in FACTORS}


def assess(model: Model, facts: Facts) -> Outcome:
    """Score, band and the whole way to them."""
    total = sum(model.weights.values())
    lines = []
    for factor in FACTORS:
        value, words = factor.measure(model, facts)
        weight = model.weights[factor.code]
        points = round(100 * weight * value / total, 2)
        lines.append(Line(factor.code, factor.title, words, round(value, 4), weight, points))
    score = int(round(sum((100 * line.weight * line.value for line in lines), Decimal(0)) / total))
    band = _band(model, score)
    floors = [(ORDER.index(floor), words) for floor, words in _floors(model, facts)]
    lifted = sorted((each for each in floors if each[0] > ORDER.index(band)), reverse=True)
    if lifted:
        band = ORDER[lifted[0][0]]
    return Outcome(score, str(band), tuple(lines), tuple(words for _, words in lifted))


def _band(model: Model, score: int) -> RiskBand:
    if score >= model.high:
        return RiskBand.HIGH
    return RiskBand.MEDIUM if score >= model.medium else RiskBand.LOW


def _floors(model: Model, facts: Facts) -> list[tuple[RiskBand, str]]:
    found = []
    if facts.sanctioned:
        found.append((RiskBand.PROHIBITED, "A hit on sanctions or on the own list is confirmed"))
    for code in sorted({facts.residence, facts.nationality} & set(model.called)):
        found.append((RiskBand.HIGH, f"The FATF calls for action against {country_name(code)}"))
    if facts.politically_exposed:
        found.append((RiskBand.HIGH, "Politically exposed"))
    if facts.exposed_behind:
        found.append((RiskBand.HIGH, "Someone behind the company is politically exposed"))
    for flag in sorted(facts.flags & OPAQUE):
        what = EntityFlag(flag).label.lower()
        found.append((RiskBand.HIGH, f"The company, or one behind it: {what}"))
    if facts.adverse_media:
        found.append((RiskBand.HIGH, "Adverse media are confirmed"))
    if facts.set_by_hand:
        found.append((RiskBand(facts.set_by_hand), "Set by hand"))
    return found


# As they are kept


def dump(model: Model) -> dict[str, Any]:
    """For a JSON column."""
    return {**asdict(model), "countries_as_of": model.countries_as_of.isoformat()}


def load(kept: Mapping[str, Any]) -> Model:
    as_of = date.fromisoformat(kept["countries_as_of"])
    return Model(**{**complete(kept), "countries_as_of": as_of})


def complete(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A version written before companies were told apart: all of them are as risky as one was."""
    kinds = {LAYERED: kept["levels"]["kind"]["company"], **kept["levels"]["kind"]}
    return {**kept, "levels": {**kept["levels"], "kind": kinds}}


def check(model: Model) -> None:
    """Raises ``InvalidInput`` naming what can't be."""
    found = {}
    for code, weight in model.weights.items():
        if not 0 <= weight <= WEIGHT_MAX:
            found[f"weight_{code}"] = f"Between 0 and {WEIGHT_MAX}."
    if not any(model.weights.values()):
        found["weight_countries"] = "Something has to weigh."
    if not 0 < model.medium < model.high <= 100:
        found["high"] = "Medium begins above 0, high above medium and at 100 at most."
    for name, levels in model.levels.items():
        for answer, level in levels.items():
            if not 0 <= level <= LEVEL_MAX:
                found[f"{name}_{answer}"] = f"Between 0 and {LEVEL_MAX}."
    unknown = sorted({*model.countries, *model.called} - set(NAMES))
    if unknown:
        found["countries"] = f"Not known as a country: {', '.join(unknown)}."
    elif any(not 0 <= level <= LEVEL_MAX for level in model.countries.values()):
        found["countries"] = f"Levels are between 0 and {LEVEL_MAX}."
    if not model.countries_source.strip():
        found["countries_source"] = "Say where the list of countries is from."
    if found:
        raise InvalidInput(fields=found)
