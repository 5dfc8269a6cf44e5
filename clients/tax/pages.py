"""What the client's page says of taxes: the certification that holds of each who certified."""

from collections.abc import Sequence
from typing import Any

from backoffice.portal.lists import MASK
from clients.countries import country_name
from clients.models import TaxCertification, TaxResidence
from clients.tax.selectors import holding
from clients.tax.services import tin_of
from clients.tax.states import NoTin


def tax_context(rows: Sequence[TaxCertification], *, full: bool) -> list[dict[str, Any]]:
    """For clients/tax.html: the client's own first, then of parties; earlier ones are counted."""
    held = holding(list(rows))
    ordered = sorted(held, key=lambda party: party is not None)
    return [
        {
            "row": held[party],
            "who": held[party].party,
            "lines": [_line(each, full=full) for each in _residences(held[party])],
            "earlier": sum(row.party_id == party for row in rows) - 1,
        }
        for party in ordered
    ]


def _residences(row: TaxCertification) -> list[TaxResidence]:
    return sorted(row.residences.all(), key=lambda each: each.order)


def _line(each: TaxResidence, *, full: bool) -> dict[str, str]:
    if each.no_tin:
        reason = NoTin(each.no_tin).label
        number = f"{reason}: {each.explanation}" if each.explanation else str(reason)
    else:
        number = tin_of(each) if full else MASK
    return {"country": country_name(each.country), "number": number, "no_tin": each.no_tin}
