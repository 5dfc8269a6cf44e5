"""Whether what a client shows makes them what they are to be (MiFID II, annex II). Pure."""

from collections.abc import Collection

from clients.models import Category, ClientKind
from kyc.categories.states import Basis, Criterion

ON_REQUEST = frozenset({Criterion.TRADES, Criterion.PORTFOLIO, Criterion.WORK})
LARGE = frozenset({Criterion.BALANCE, Criterion.TURNOVER, Criterion.FUNDS})
ALONE = frozenset({Criterion.LICENSED, Criterion.STATE, Criterion.INVESTOR})
NEEDED = 2


def why_not(category: str, basis: str, kind: str, shown: Collection[str]) -> str:
    """Why a client of ``kind`` can't be put into a category on this ground; empty when they can."""
    given = set(shown)
    if category == Category.RETAIL:
        return "" if basis == Basis.NONE else "Nobody has to show anything to be retail."
    if basis == Basis.NONE:
        return "Say whether it is on request or per se."
    if category == Category.ELIGIBLE_COUNTERPARTY and basis == Basis.ON_REQUEST:
        return _undertaking(kind, given) or ""
    if basis == Basis.ON_REQUEST:
        met = given & ON_REQUEST
        if len(met) < NEEDED:
            return f"Two of the three have to be shown: {len(met)} is."
        return ""
    return _undertaking(kind, given)


def _undertaking(kind: str, given: set[str]) -> str:
    """Per se, and counterparties: a licence, a state, an institutional investor, or size."""
    if kind != ClientKind.COMPANY:
        return "A person is never one per se: only a company, a state or an institution is."
    if given & ALONE or len(given & LARGE) >= NEEDED:
        return ""
    return "A licence, a state, an institutional investor, or two of the three sizes are needed."
