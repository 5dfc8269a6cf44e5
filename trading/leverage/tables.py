"""A table of leverage caps: by region and client category, for retail by class of instrument. Pure.

An account has one leverage on MetaTrader for all that it trades, so what caps an account is the
highest figure of its region and category; the lower ones of other classes are held by the margin
rates of the symbols on the server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backoffice.core.errors import InvalidInput
from clients.countries import NAMES
from clients.models import Category

MOST = 500
CLASSES = {
    "fx_major": "Major currency pairs",
    "fx_minor": "Other currency pairs",
    "gold": "Gold",
    "index_major": "Major indices",
    "commodity": "Other commodities and indices",
    "equity": "Shares",
    "crypto": "Crypto assets",
}
# Those whose cap is one figure: what they trade is no one's to protect them from.
OTHERS = {
    str(Category.PROFESSIONAL): "Professional clients",
    str(Category.ELIGIBLE_COUNTERPARTY): "Eligible counterparties",
}


@dataclass(frozen=True)
class Region:
    """``countries`` of residence, two letters; none: all that no other region names. ``retail``
    is N of 1:N by class, ``others`` by category."""

    name: str
    countries: tuple[str, ...]
    retail: Mapping[str, int]
    others: Mapping[str, int]

    def most(self, category: str) -> int:
        """What caps an account of a client of this category; who is unknown is retail."""
        return self.others.get(category) or max(self.retail.values())


@dataclass(frozen=True)
class Table:
    """``source`` and ``as_of`` say where the figures are from."""

    regions: tuple[Region, ...]
    source: str
    as_of: date

    def region(self, residence: str) -> Region:
        named = next((each for each in self.regions if residence in each.countries), None)
        return named or next(each for each in self.regions if not each.countries)


_ESMA = {
    "fx_major": 30,
    "fx_minor": 20,
    "gold": 20,
    "index_major": 20,
    "commodity": 10,
    "equity": 5,
    "crypto": 2,
}
# The 27 of the EU, the three of the EEA besides them, and the United Kingdom.
_EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
_EEA_UK = tuple(f"{_EU} IS LI NO GB".split())
_ANY = dict.fromkeys(OTHERS, MOST)
# In force for a brokerage that has set none: nobody outside is given more than who is inside.
FIRST = Table(
    regions=(
        Region("EU, EEA and United Kingdom", _EEA_UK, _ESMA, _ANY),
        Region("Everywhere else", (), _ESMA, _ANY),
    ),
    source="ESMA decision (EU) 2019/679, kept by national authorities; FCA COBS 22.5",
    as_of=date(2019, 8, 1),
)


def dump(table: Table) -> dict[str, Any]:
    return {
        "regions": [
            {
                "name": each.name,
                "countries": list(each.countries),
                "retail": dict(each.retail),
                "others": dict(each.others),
            }
            for each in table.regions
        ],
        "source": table.source,
        "as_of": table.as_of.isoformat(),
    }


def load(kept: Mapping[str, Any]) -> Table:
    return Table(
        regions=tuple(
            Region(each["name"], tuple(each["countries"]), each["retail"], each["others"])
            for each in kept["regions"]
        ),
        source=kept["source"],
        as_of=date.fromisoformat(kept["as_of"]),
    )


def check(table: Table) -> None:
    """Raises ``InvalidInput`` for what is no table."""
    problems = []
    rest = [each for each in table.regions if not each.countries]
    if len(rest) != 1:
        problems.append("One region has no countries: it stands for everywhere else.")
    named = [code for each in table.regions for code in each.countries]
    unknown = sorted({code for code in named if code not in NAMES})
    if unknown:
        problems.append(f"No such country: {', '.join(unknown)}.")
    twice = sorted({code for code in named if named.count(code) > 1})
    if twice:
        problems.append(f"In two regions: {', '.join(twice)}.")
    if not table.source.strip():
        problems.append("Say where the figures are from.")
    for region in table.regions:
        figures = [*region.retail.values(), *region.others.values()]
        if set(region.retail) != set(CLASSES) or set(region.others) != set(OTHERS):
            problems.append(f"{region.name}: a figure is missing.")
        if any(not 1 <= each <= MOST for each in figures):
            problems.append(f"{region.name}: leverage is 1 to {MOST}.")
    if problems:
        raise InvalidInput(" ".join(problems))


def differences(before: Table | None, after: Table) -> dict[str, str]:
    """Figures that are another, by their name: ``20 to 30``."""
    old, new = _flat(before) if before else {}, _flat(after)
    return {
        name: f"{old.get(name, 'none')} to {new.get(name, 'none')}"
        for name in [*new, *(each for each in old if each not in new)]
        if old.get(name) != new.get(name)
    }


def _flat(table: Table) -> dict[str, str]:
    found = {"Source": table.source, "The source's date": table.as_of.isoformat()}
    for region in table.regions:
        found[f"{region.name}, countries"] = ", ".join(region.countries) or "all others"
        for code, title in CLASSES.items():
            found[f"{region.name}, retail, {title.lower()}"] = f"1:{region.retail[code]}"
        for code, title in OTHERS.items():
            found[f"{region.name}, {title.lower()}"] = f"1:{region.others[code]}"
    return found
