"""Pure rules of a self-certification: what is wrong with it, and what does not fit the rest.

CRS section VIII and the OECD's form for reasons A, B and C; for the United States, FATCA's indicia
(IRS, form W-9 and the model intergovernmental agreement, annex I, section II B).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clients.countries import NAMES, country_name
from clients.rules import is_plain
from clients.tax.states import Classification, NoTin

US = "US"
RESIDENCES_MAX = 4
TIN_CHARS = range(2, 31)
_TIN = re.compile(r"[0-9A-Za-z./ -]+")
# Calling codes that belong to one country (ITU-T E.164), as far as the clients of brokerages use
# them; +1 and +7 are shared, +44 is Great Britain's with its islands.
# fmt: off
CALLING = {
    "20": "EG", "27": "ZA", "30": "GR", "31": "NL", "32": "BE", "33": "FR", "34": "ES", "36": "HU",
    "39": "IT", "40": "RO", "41": "CH", "43": "AT", "45": "DK", "46": "SE", "47": "NO", "48": "PL",
    "49": "DE", "51": "PE", "52": "MX", "54": "AR", "55": "BR", "56": "CL", "57": "CO", "60": "MY",
    "61": "AU", "62": "ID", "63": "PH", "64": "NZ", "65": "SG", "66": "TH", "81": "JP", "82": "KR",
    "84": "VN", "86": "CN", "90": "TR", "91": "IN", "92": "PK", "94": "LK", "212": "MA",
    "213": "DZ", "216": "TN", "220": "GM", "221": "SN", "225": "CI", "230": "MU", "233": "GH",
    "234": "NG", "237": "CM", "248": "SC", "251": "ET", "254": "KE", "255": "TZ", "256": "UG",
    "260": "ZM", "263": "ZW", "350": "GI", "351": "PT", "352": "LU", "353": "IE", "354": "IS",
    "355": "AL", "356": "MT", "357": "CY", "358": "FI", "359": "BG", "370": "LT", "371": "LV",
    "372": "EE", "373": "MD", "374": "AM", "375": "BY", "376": "AD", "377": "MC", "380": "UA",
    "381": "RS", "382": "ME", "385": "HR", "386": "SI", "387": "BA", "389": "MK", "420": "CZ",
    "421": "SK", "423": "LI", "501": "BZ", "507": "PA", "593": "EC", "598": "UY", "852": "HK",
    "880": "BD", "886": "TW", "961": "LB", "962": "JO", "964": "IQ", "965": "KW", "966": "SA",
    "968": "OM", "971": "AE", "972": "IL", "973": "BH", "974": "QA", "992": "TJ", "994": "AZ",
    "995": "GE", "996": "KG", "998": "UZ",
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Residence:
    """One country as it was certified; ``tin`` in clear."""

    country: str
    tin: str = ""
    no_tin: str = ""
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of who certifies: countries by two letters, empty where nothing is."""

    residence: str
    nationality: str = ""
    phone: str = ""
    company: bool = False


def problems(
    residences: Sequence[Residence], *, us_person: bool, company: bool, classification: str
) -> dict[str, str]:
    """What can't be certified, by field; ``country_1`` is of the first residence."""
    found: dict[str, str] = {}
    if not residences:
        found["country_1"] = "Everyone is taxed somewhere: name a country."
    if len(residences) > RESIDENCES_MAX:
        found["country_1"] = f"At most {RESIDENCES_MAX} countries."
    seen: set[str] = set()
    for place, each in enumerate(residences, 1):
        if each.country not in NAMES:
            found[f"country_{place}"] = "This is not a country code of ISO 3166 (two letters)."
        elif each.country in seen:
            found[f"country_{place}"] = "It is named already."
        seen.add(each.country)
        found |= _tin_problems(place, each)
    if us_person != (US in seen):
        found["us_person"] = (
            "A US person is taxed in the United States: name it, with the number."
            if us_person
            else "Who is taxed in the United States is a US person."
        )
    if company and classification not in Classification.values:
        found["classification"] = "Say what the company is to CRS and FATCA."
    if not company and classification:
        found["classification"] = "Only a company is classified."
    return found


def _tin_problems(place: int, each: Residence) -> dict[str, str]:
    tin, reason = f"tin_{place}", f"no_tin_{place}"
    if bool(each.tin) == bool(each.no_tin):
        return {tin: "Either the number or the reason why there is none."}
    if each.no_tin:
        if each.no_tin not in NoTin.values:
            return {reason: "Choose A, B or C."}
        if each.country == US:
            return {tin: "The United States issue a number to everyone who is taxed there."}
        if each.no_tin == NoTin.B and not each.explanation:
            return {f"explanation_{place}": "Reason B needs a sentence: why not?"}
        if not is_plain(each.explanation):
            return {f"explanation_{place}": "There are characters in it that no text has."}
        return {}
    if not _TIN.fullmatch(each.tin) or len(each.tin) not in TIN_CHARS:
        return {tin: f"{TIN_CHARS[0]} to {TIN_CHARS[-1]} letters and digits."}
    if each.country == US and len(re.sub(r"\D", "", each.tin)) != 9:
        return {tin: "A number of the United States has nine digits."}
    return {}


def doubts(residences: Sequence[Residence], *, us_person: bool, known: Known) -> list[str]:
    """Where the certification does not fit what else is known, as sentences for a reviewer: a
    reason to ask, not to refuse."""
    taxed = {each.country for each in residences}
    found = []
    where = "has its seat" if known.company else "lives"
    if known.residence and known.residence not in taxed:
        found.append(
            f"The client {where} in {country_name(known.residence)} and is not taxed there."
        )
    called = phone_country(known.phone)
    if called and called not in taxed and called != known.residence:
        found.append(f"The phone is of {country_name(called)}, where nothing is taxed.")
    if known.nationality == US and not us_person:
        found.append("A national of the United States is a US person wherever they live.")
    elif known.residence == US and not us_person:
        found.append(f"Who {where} in the United States is a US person as a rule.")
    for each in residences:
        if each.no_tin == NoTin.A and each.country == known.residence:
            found.append(
                f"No number, since {country_name(each.country)} would issue none: look it up."
            )
    return found


def phone_country(phone: str) -> str:
    """The country of a number written as ``+35799123456``; empty where the code is shared or
    unknown."""
    digits = phone.removeprefix("+")
    for length in (3, 2):
        if digits[:length] in CALLING:
            return CALLING[digits[:length]]
    return ""
