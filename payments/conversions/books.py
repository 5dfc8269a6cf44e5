"""What a conversion puts into the ledger: one journal, two lines, met by the house's position.

The spread is not a line of its own: it stays in the position, as what is left of it at the mid
(docs/money.md).
"""

from backoffice.core.context import Actor
from backoffice.core.money import Money
from ledger import chart
from ledger.entries import Line, Posting
from ledger.errors import InsufficientFunds
from ledger.services import account_for, post
from payments.books import wallet
from payments.errors import NotEnoughMoney
from payments.models import Conversion

KIND = "conversion"


def give_of(row: Conversion) -> Money:
    return Money(row.give_amount, row.give_currency)


def get_of(row: Conversion) -> Money:
    return Money(row.get_amount, row.get_currency)


def converted(*, actor: Actor, row: Conversion, approved_by: str) -> Posting:
    """Raises ``NotEnoughMoney``: what is on hold is not there to be exchanged."""
    give, get = give_of(row), get_of(row)
    position = chart.fx_position()
    lines = [
        Line(
            wallet(actor, row.client_id, give.currency),
            account_for(actor=actor, spec=position, currency=give.currency),
            give,
        ),
        Line(
            account_for(actor=actor, spec=position, currency=get.currency),
            wallet(actor, row.client_id, get.currency),
            get,
        ),
    ]
    meta = {
        "rate": str(row.client_rate),
        "mid": str(row.mid),
        "spread": row.spread,
        "quotes": row.quotes,
    }
    try:
        return post(
            actor=actor,
            key=f"{row.reference}:book",
            kind=KIND,
            lines=lines,
            business_ref=row.reference,
            approved_by=approved_by,
            meta=meta,
        )
    except InsufficientFunds as error:
        raise NotEnoughMoney(
            f"The wallet has {error.available} available; {give} is to be exchanged. "
            "Nothing was booked.",
            fields={"amount": f"{error.available} is available."},
        ) from error
