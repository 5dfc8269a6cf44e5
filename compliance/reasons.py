"""Why hits and alerts are decided as they are: codes for statistics, labels for people."""

from typing import NamedTuple

from compliance.states import AlertState, HitState


class Reason(NamedTuple):
    code: str
    label: str


HIT_REASONS: dict[str, tuple[Reason, ...]] = {
    HitState.FALSE_POSITIVE: (
        Reason("birth_date", "The birth date is another one"),
        Reason("nationality", "Nationality and residence do not fit"),
        Reason("document", "The identity document shows someone else"),
        Reason("common_name", "A common name, and nothing else agrees"),
        Reason("other_kind", "The entry is about something else than a person or company"),
        Reason("other", "Another reason (say which)"),
    ),
    HitState.CONFIRMED: (
        Reason("identifier", "The same document or number"),
        Reason("particulars", "Name, birth date and country agree"),
        Reason("stated", "The client said so"),
        Reason("other", "Another reason (say which)"),
    ),
}
ALERT_REASONS: dict[str, tuple[Reason, ...]] = {
    AlertState.CLEARED: (
        Reason("explained", "The client's explanation fits the documents"),
        Reason("expected", "In line with what the client declared"),
        Reason("own_funds", "Own funds, source shown"),
        Reason("other", "Another reason (say which)"),
    ),
    AlertState.DISMISSED: (
        Reason("data_error", "The figures are wrong"),
        Reason("internal", "A correction or test of our own"),
        Reason("other", "Another reason (say which)"),
    ),
    AlertState.ESCALATED: (
        Reason("no_economic_sense", "No economic sense"),
        Reason("third_party", "Someone else's money"),
        Reason("structuring", "Split to stay below a threshold"),
        Reason("other", "Another reason (say which)"),
    ),
}


def known(catalogue: dict[str, tuple[Reason, ...]], verdict: str, code: str) -> bool:
    return any(reason.code == code for reason in catalogue.get(verdict, ()))


def label(catalogue: dict[str, tuple[Reason, ...]], code: str) -> str:
    """The words for a code, whichever verdict it belongs to, once it was chosen."""
    every = (reason for reasons in catalogue.values() for reason in reasons)
    words = next((reason.label for reason in every if reason.code == code), code)
    return words.removesuffix(" (say which)")
