"""What a gateway's report says, in one neutral shape; each adapter reads its own format into it."""

from dataclasses import dataclass
from datetime import date

from payments.gateways.references import our_reference

TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One movement of a report. ``gross`` and ``fee`` are minor units: what the movement adds to
    what the gateway holds for us, and what the gateway keeps of it.

    ``kind``: payment, refund, dispute, fee, payout or other. ``transaction_ref`` names the
    movement, ``source_ref`` the payment at the gateway, ``our_ref`` the payment here, ``batch_ref``
    the payout that brings it to our bank.
    """

    number: int
    kind: str
    transaction_ref: str
    booked_on: date
    currency: str
    gross: int
    fee: int = 0
    source_ref: str = ""
    our_ref: str = ""
    in_text: bool = False
    batch_ref: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReportProblem:
    """A row that could not be read, and why; ``number`` as a spreadsheet counts, 0 for the file."""

    number: int
    message: str


def named(reference: str, text: str) -> tuple[str, bool]:
    """Our reference, and whether it had to be found in free text."""
    own = our_reference(reference)
    if own:
        return own, False
    found = our_reference(text)
    return found, bool(found)
