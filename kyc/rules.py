"""Pure rules: what a requirement makes of the documents, and how typed and read compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clients.rules import folded

# How ICAO Doc 9303-3 (section 6) writes letters that a plain fold would only strip.
_ICAO = str.maketrans(
    {"Ä": "AE", "Ö": "OE", "Ü": "UE", "ß": "SS", "Å": "AA", "Æ": "AE", "Ø": "OE", "Þ": "TH"}
)


@dataclass(frozen=True)
class Paper:
    """What a requirement needs to know of one document."""

    type: str
    state: str
    issued_on: date | None
    expires_on: date | None
    label: str
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """One line of the checklist: ``met`` lets the case pass; ``handed_in`` lets it be submitted."""

    title: str
    colour: str
    note: str
    met: bool
    handed_in: bool = True
    url: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a document can't count, whatever it shows; ``reason`` is a code of the catalogue."""

    reason: str
    words: str


def paper_problem(paper: Paper, age_days_max: int | None, today: date) -> Problem | None:
    """What its dates alone say against a document. A date that nobody has typed says nothing."""
    if paper.expires_on is not None and paper.expires_on < today:
        return Problem("expired", f"expired {_ago((today - paper.expires_on).days)}")
    if age_days_max is None or paper.issued_on is None:
        return None
    days = (today - paper.issued_on).days
    if days <= age_days_max:
        return None
    return Problem("too_old", f"{days} days old, at most {age_days_max} count")


def _ago(days: int) -> str:
    return "yesterday" if days == 1 else f"{days} days ago"


def document_verdict(
    title: str, types: Sequence[str], papers: Sequence[Paper], age_days_max: int | None, today: date
) -> Verdict:
    """The best that the client's documents of ``types`` make of one requirement."""
    mine = [paper for paper in papers if paper.type in types]
    good = [paper for paper in mine if paper.state == "accepted"]
    fresh = [paper for paper in good if not _too_old(paper, age_days_max, today)]
    if fresh:
        until = fresh[0].expires_on
        note = f"{fresh[0].label}, valid until {until:%-d %b %Y}" if until else fresh[0].label
        return Verdict(title, "good", note, met=True)
    waiting = [paper for paper in mine if paper.state == "uploaded"]
    if waiting:
        problems = [paper_problem(paper, age_days_max, today) for paper in waiting]
        if all(problems) and problems[0] is not None:
            return Verdict(title, "bad", f"handed in, but {problems[0].words}", met=False)
        return Verdict(title, "attention", "handed in, to be decided", met=False)
    if good:
        note = _why_too_old(good, age_days_max, today)
        return Verdict(title, "bad", note, met=False, handed_in=False)
    if any(paper.state == "expired" for paper in mine):
        return Verdict(title, "bad", "expired", met=False, handed_in=False)
    if mine:
        note = f"refused: {mine[0].reason}" if mine[0].reason else "refused"
        return Verdict(title, "bad", note, met=False, handed_in=False)
    return Verdict(title, "bad", "not handed in", met=False, handed_in=False)


def _why_too_old(papers: Sequence[Paper], age_days_max: int | None, today: date) -> str:
    if age_days_max is None or all(p.expires_on and p.expires_on < today for p in papers):
        return "expired"
    if all(paper.issued_on is None for paper in papers):
        return "its date of issue is not typed in yet"
    return f"older than {age_days_max} days"


def _too_old(paper: Paper, age_days_max: int | None, today: date) -> bool:
    if paper.expires_on is not None and paper.expires_on < today:
        return True
    if age_days_max is None:
        return False
    return paper.issued_on is None or today - paper.issued_on > timedelta(days=age_days_max)


@dataclass(frozen=True)
class Comparison:
    """One field as the client typed it and as a document says it; ``same`` None: can't tell."""

    label: str
    typed: str
    read: str
    same: bool | None


def same_name(typed: str, read: str, *, cut: bool = False) -> bool:
    """Whether two writings are one name: accents, ICAO's spelling and blanks aside. With ``cut``
    the document ran out of room, so its beginning is enough."""
    written = folded(read).replace(" ", "")
    for spelling in (typed, typed.upper().translate(_ICAO)):
        plain = folded(spelling).replace(" ", "")
        if plain == written or (cut and written and plain.startswith(written)):
            return True
    return False


def compare(typed: Mapping[str, Any], read: Mapping[str, Any]) -> list[Comparison]:
    """Field by field: ``typed`` from the client's particulars, ``read`` from a document.

    Keys: surname, given_names, birth_date, nationality, number, expires_on (dates as ISO text).
    """
    rows = []
    for key, label in (
        ("surname", "Surname"),
        ("given_names", "Given names"),
        ("birth_date", "Date of birth"),
        ("nationality", "Nationality"),
        ("number", "Number"),
        ("expires_on", "Expiry"),
    ):
        left, right = str(typed.get(key) or ""), str(read.get(key) or "")
        same: bool | None
        if not left or not right:
            same = None
        elif key in ("surname", "given_names"):
            same = same_name(left, right, cut=bool(read.get("names_cut")))
        else:
            same = folded(left).replace(" ", "") == folded(right).replace(" ", "")
        rows.append(Comparison(label, left, right, same))
    return rows


def limit_months(months: Mapping[str, Any], band: str) -> int:
    """Months until a client of ``band`` is looked at again (compliance policy, per level)."""
    usual = {"low": 36, "medium": 24, "high": 12, "prohibited": 12}
    return int(months.get(band) or usual[band])


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later; the month's last when it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
