"""Writes the demo's watch list: `python -m sandbox.lists.demo_watchlist [--seed N] [FILE]`.

Every name is invented: family names are put together from syllables by seed, so that a real person
on the list would be chance. `PLANTED` entries are near the `CLIENTS`, whom a demo's data may hold:
a misspelling, a changed order, a shared name with another birth date, another script. With them the
demo shows hits of each kind, true and false.
The layout is that of a tenant's list: one row per entity, semicolons between values.
"""

import argparse
import csv
import random
import sys
from pathlib import Path

SEED = 20260301
PERSONS, ENTITIES, VESSELS = 140, 36, 12
DEMO_LIST = Path(__file__).with_name("demo_watchlist.csv")
COLUMNS = ("id", "kind", "name", "aliases", "weak_aliases", "birth_dates", "countries", "gender",
           "identifiers", "programmes", "remarks")  # fmt: skip

# name, aliases, weak aliases, birth dates, countries, gender, identifiers, remark
PLANTED = (
    ("HARTWELL, Ada", "Ada Hartwel;Adah Hartwell", "", "1981-03-14", "GB", "female",
     "passport:DEMO000101:GB", "Same name as a demo client; birth date decides."),
    ("KOWALCZUK, Bo", "Bo Kowalchuk;Бо Ковальчук", "", "1976", "PL;UA", "male", "",
     "Spelt otherwise, in two scripts."),
    ("MARCHETTI, Hugo Tiberio", "Hugo Marchetti", "The Accountant", "1969-11-02", "IT", "male",
     "national id:DEMO-7781:IT", "A middle name that clients leave out."),
    ("OKONKWO-DRAYLE, Femi", "Femi Drayle", "", "about 1985", "NG", "male", "",
     "Birth year only roughly known."),
    ("VALDERRAMIA, Ines", "Inés de Valderramía", "La Contable", "1990-07-21", "ES;CO", "female",
     "", "Particles and accents."),
    ("ZHAOLING, Chen", "Chen Zhao Ling;陈昭玲", "", "1983-01-30", "CN", "female", "",
     "Family name first, in Chinese characters too."),
    ("YILMAZDAG, Dilan", "Dilan Yilmazdagh", "", "1978 to 1980", "TR", "", "",
     "A span of birth years."),
    ("AL-QADIRANI, Yusuf bin Karim", "Youssef al-Qadirani;يوسف القديراني", "Abu Karim al-Demo",
     "1972-05-09", "AE", "male", "passport:DEMO000455:AE",
     "Order after bin matters: Karim bin Yusuf is someone else."),
    ("LINDGRENSEN, Eva", "Eva Lindgrenson", "", "1988-12-01", "SE", "female", "", ""),
    ("PARKSON, Jun", "Jun Parkson;박준", "", "1991-09-17", "KR", "male", "", ""),
    ("WHITCOMBE, Grace", "Grace Whitcomb", "", "1965-02-28", "GB", "female", "", ""),
    ("PETROVANOV, Dmitri Sergeevich", "Дмитрий Петрованов", "Dima", "1970-10-10", "RU", "male",
     "tax id:DEMO770099:RU", "A patronymic that clients leave out."),
)  # fmt: skip

# Clients for a demo: name, birth date, country of residence, and what screening them leads to.
CLIENTS = (
    ("Ada Hartwell", "1981-03-14", "GB", "block"),
    ("Ada Hartwell", "1996-08-02", "GB", "review"),
    ("Bo Kowalchuk", "1976-04-11", "PL", "block"),
    ("Hugo Marchetti", "1969-11-02", "IT", "block"),
    ("Ines Valderamia", "1990-07-21", "ES", "block"),
    ("Yusuf Qadirani", "1972-05-09", "AE", "block"),
    ("Karim bin Yusuf al-Qadirani", "1972-05-09", "AE", "review"),
    ("Dmitry Petrovanov", "1970-10-10", "RU", "block"),
    ("Grace Whitcomb", "1999-01-05", "GB", "review"),
    ("Ada Hartnell", "1990-01-01", "IE", "clear"),
    ("Jonas Ahlqvist", "1987-06-30", "SE", "clear"),
    ("Grace Adeyemi", "1992-11-23", "NG", "clear"),
)

_GIVEN = {
    "female": ("Adela", "Brinna", "Celeste", "Doreen", "Elvira", "Fabiola", "Greta", "Hilde",
               "Ilona", "Jovana", "Katya", "Leila", "Mirela", "Noor", "Oksana", "Paloma"),
    "male": ("Anselm", "Boris", "Cosmin", "Dario", "Emeka", "Faris", "Goran", "Hamza", "Igor",
             "Javier", "Kamil", "Lazar", "Marek", "Nasir", "Osman", "Pavel", "Rashid", "Stefan"),
}  # fmt: skip
_STARTS = ("Bel", "Cor", "Dra", "Fen", "Gor", "Hal", "Kas", "Lor", "Mar", "Nov", "Pra", "Quel",
           "Rus", "Sar", "Tor", "Ul", "Var", "Wex", "Yar", "Zel")  # fmt: skip
_MIDDLES = ("a", "ami", "e", "eri", "i", "ilo", "o", "oma", "u", "undi", "avo", "enti")
_ENDS = ("bani", "costa", "dovic", "fels", "gora", "kashi", "lund", "mirov", "nescu", "pour",
         "quez", "rahn", "stein", "tuwa", "vari", "witz", "zadeh", "zhin")  # fmt: skip
_TRADES = ("Trading", "Shipping", "Petrochemical", "Exchange", "Holdings", "Metals", "Logistics",
           "Technologies", "General Contracting")  # fmt: skip
_FORMS = ("Ltd", "LLC", "FZE", "S.A.", "GmbH", "JSC", "OOO", "Co. Ltd")
_COUNTRIES = ("AE", "BY", "CN", "CY", "HK", "IR", "KP", "LB", "MM", "PA", "RU", "SY", "TR", "VE")
_PROGRAMMES = ("DEMO-FIN", "DEMO-ARMS", "DEMO-NARCO", "DEMO-CYBER")


def family_name(chance: random.Random) -> str:
    return chance.choice(_STARTS) + chance.choice(_MIDDLES) + chance.choice(_ENDS)


def _misspelt(word: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(word) - 1)
    return word[:place] + word[place + 1 :]


def _person(number: int, chance: random.Random) -> dict[str, str]:
    gender = chance.choice(sorted(_GIVEN))
    given, family = chance.choice(_GIVEN[gender]), family_name(chance)
    middle = chance.choice(_GIVEN[gender]) if chance.random() < 0.4 else ""
    aliases = [f"{given} {_misspelt(family, chance)}"] if chance.random() < 0.6 else []
    if middle:
        aliases.append(f"{given} {family}")
    year = chance.randint(1945, 1998)
    whole = f"{year}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    born = chance.choice((whole, whole, str(year), f"about {year}", f"{year} to {year + 2}", ""))
    country = chance.choice(_COUNTRIES)
    document = f"passport:DEMO{number:06d}:{country}" if chance.random() < 0.5 else ""
    return {
        "id": f"DEMO-P{number:04d}",
        "kind": "person",
        "name": f"{family.upper()}, {given} {middle}".strip(),
        "aliases": ";".join(aliases),
        "weak_aliases": f"The {chance.choice(_ENDS).capitalize()}" if number % 9 == 0 else "",
        "birth_dates": born,
        "countries": country,
        "gender": gender if chance.random() < 0.8 else "",
        "identifiers": document,
        "programmes": chance.choice(_PROGRAMMES),
    }


def _planted(number: int, row: tuple[str, ...]) -> dict[str, str]:
    fields = ("name", "aliases", "weak_aliases", "birth_dates", "countries", "gender",
              "identifiers", "remarks")  # fmt: skip
    return {
        **dict(zip(fields, row, strict=True)),
        "id": f"DEMO-X{number:04d}",
        "kind": "person",
        "programmes": "DEMO-FIN",
    }


def _entity(number: int, chance: random.Random) -> dict[str, str]:
    name, trade, form = family_name(chance), chance.choice(_TRADES), chance.choice(_FORMS)
    initials = f"{name[0]}{trade[0]}{form[0]}".upper()
    return {
        "id": f"DEMO-E{number:04d}",
        "kind": "entity",
        "name": f"{name} {trade} {form}",
        "aliases": f"{name} {trade}",
        "weak_aliases": initials if number % 6 == 0 else "",
        "countries": chance.choice(_COUNTRIES),
        "identifiers": f"registration:DEMO-REG-{number:05d}",
        "programmes": chance.choice(_PROGRAMMES),
    }


def _vessel(number: int, chance: random.Random) -> dict[str, str]:
    return {
        "id": f"DEMO-V{number:04d}",
        "kind": "vessel",
        "name": f"MV {family_name(chance)} {chance.choice(('Star', 'Dawn', 'Pearl'))}".upper(),
        "countries": chance.choice(_COUNTRIES),
        "identifiers": f"imo:{9_000_000 + number * 37}",
        "programmes": chance.choice(_PROGRAMMES),
    }


def rows(seed: int = SEED) -> list[dict[str, str]]:
    """The same rows for the same seed, planted entries first."""
    chance = random.Random(seed)
    made = [_planted(number, row) for number, row in enumerate(PLANTED, start=1)]
    made += [_person(number, chance) for number in range(1, PERSONS + 1)]
    made += [_entity(number, chance) for number in range(1, ENTITIES + 1)]
    made += [_vessel(number, chance) for number in range(1, VESSELS + 1)]
    return made


def write(path: Path, seed: int = SEED) -> int:
    """Writes the list and returns how many entities it holds."""
    made = rows(seed)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(made)
    return len(made)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Write the demo's watch list.")
    parser.add_argument("file", type=Path, nargs="?", default=DEMO_LIST)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    print(f"{write(options.file, options.seed)} invented entities in {options.file}")


if __name__ == "__main__":
    main(sys.argv[1:])
