"""Where bonuses are forbidden: by the regulator of the entity that the client's contract is with,
or by the law of where the client lives. Pure.

Sources (docs/money.md): ESMA Decision (EU) 2018/796, article 2(d), kept in force since 2019 by each
national authority's own measure; the FCA's Conduct of Business Sourcebook, COBS 22.5; ASIC
Corporations (Product Intervention Order - Contracts for Difference) Instrument 2020/986.
"""

from collections.abc import Collection
from dataclasses import dataclass

EEA = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR",
    "HU", "IS", "IE", "IT", "LV", "LI", "LT", "LU", "MT", "NL", "NO", "PL",
    "PT", "RO", "SK", "SI", "ES", "SE",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """``regulators`` as entities name them, in lower case; ``countries`` where it is the law."""

    regulators: frozenset[str]
    countries: frozenset[str]
    rule: str


BARS = (
    Bar(
        frozenset(
            {
                "esma", "cysec", "bafin", "amf", "consob", "cnmv", "afm", "cssf", "mfsa", "fma",
                "knf", "cnb", "cmvm", "fsma", "hcmc", "central bank of ireland",
                "finansinspektionen", "finanstilsynet", "fin-fsa",
            }
        ),
        EEA,
        "ESMA's product intervention on CFDs (Decision 2018/796, article 2(d), and the national"
        " measures that keep it in force)",
    ),
    Bar(
        frozenset({"fca", "financial conduct authority"}),
        frozenset({"GB"}),
        "the FCA's rules on restricted speculative investments (COBS 22.5)",
    ),
    Bar(
        frozenset({"asic"}),
        frozenset({"AU"}),
        "ASIC's product intervention order on CFDs (Instrument 2020/986)",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Party:
    """A legal entity, as far as it matters."""

    name: str
    regulator: str
    country: str


def why_barred(
    *, retail: bool, residence: str, entities: Collection[Party], also: Collection[str] = ()
) -> str:
    """The sentence that names the rule; empty when a bonus may be given. ``entities``: the client's
    own, or all of the house when it is not known which. ``also``: regulators that bar it too."""
    if not retail:
        return ""
    named = {each.casefold().strip() for each in also}
    for party in entities:
        regulator = party.regulator.casefold().strip()
        for bar in BARS:
            if regulator in bar.regulators or party.country in bar.countries:
                return (
                    f"A retail client of {party.name} ({party.regulator}) may not be given a bonus:"
                    f" {bar.rule} forbids it."
                )
        if regulator in named:
            return (
                f"A retail client of {party.name} may not be given a bonus: the settings say that"
                f" {party.regulator} forbids it."
            )
    for bar in BARS:
        if residence in bar.countries:
            return (
                f"A retail client who lives in {residence} may not be given a bonus: {bar.rule}"
                " forbids it."
            )
    return ""
