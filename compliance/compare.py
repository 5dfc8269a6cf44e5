"""The client and the listed entity, line by line, for the reviewer's eyes."""

from datetime import date
from typing import Any

from django.utils.formats import date_format

from backoffice.portal.lists import MASK
from compliance.entity_json import entity_from_json
from compliance.models import Hit


def side_by_side(hit: Hit, *, full: bool) -> list[dict[str, Any]]:
    """``{label, mine, listed, colour}``; the colour says whether the two agree. Without ``full``
    the client's birth date is masked; the listed one is public."""
    entity, subject = entity_from_json(hit.entity), hit.subject
    found = {feature: effect for feature, _, effect in hit.features}
    mine = ", ".join(
        dict.fromkeys(code for code in (subject["nationality"], subject["residence"]) if code)
    )
    number = str(subject.get("number", ""))
    return [
        _line("Name", subject["name"], hit.listed_name, "" if number else "attention"),
        _line("Kind", subject["kind"], str(entity.kind), ""),
        _line(
            "Birth date",
            _day(subject["birth_date"]) if full or not subject["birth_date"] else MASK,
            "; ".join(each.words for each in entity.birth_dates),
            _colour(found, "birth"),
        ),
        _line("Countries", mine, ", ".join(entity.countries), _colour(found, "country")),
        _line("Gender", "", str(entity.gender or ""), _colour(found, "gender")),
        _line(
            "Numbers",
            number,
            "; ".join(f"{each.kind} {each.value}" for each in entity.identifiers[:6]),
            "bad" if "identifier" in found else "",
        ),
    ]


def _day(text: str) -> str:
    """A day that is kept as ISO text, for people."""
    return date_format(date.fromisoformat(text), "j M Y") if text else ""


def _line(label: str, mine: str, listed: str, colour: str) -> dict[str, Any]:
    return {"label": label, "mine": mine or None, "listed": listed or None, "colour": colour}


def _colour(found: dict[str, float], feature: str) -> str:
    """Agreement speaks for a hit, so it is the one marked; a difference speaks against it."""
    effect = next((effect for name, effect in found.items() if name.startswith(feature)), 0)
    return "bad" if effect > 0 else "good" if effect < 0 else ""
