"""What chargebacks put into the ledger (docs/money.md, worked journals). Keys are the reference and
the step, so a repeat books nothing."""

from uuid import UUID

from backoffice.core.context import Actor
from backoffice.core.errors import StateConflict
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from ledger import chart
from ledger import selectors as ledger
from ledger.entries import AccountRef, Line, Posting
from ledger.errors import InsufficientFunds
from ledger.services import account_for, post
from payments.books import house, wallet
from payments.models import Chargeback

TAKEN, WON = "chargeback", "chargeback_won"
FEE, FEE_BACK = "chargeback_fee", "chargeback_fee_back"
REPAID, WRITTEN_OFF = "chargeback_repaid", "chargeback_write_off"
# The wallet moves while it is looked at: each try knows what the last one found.
TRIES_MAX = 5


def money_of(row: Chargeback) -> Money:
    return Money(row.amount, row.currency)


def owed(row: Chargeback) -> Money:
    """What of it is still missing."""
    left = row.owed_amount - row.repaid_amount - row.written_off_amount
    return Money(left, row.currency)


def receivable(actor: Actor, client_id: UUID, currency: str) -> AccountRef:
    return account_for(actor=actor, spec=chart.client_receivable(str(client_id)), currency=currency)


def available(actor: Actor, client_id: UUID, currency: str) -> Money:
    """In the wallet, open holds taken off: what they hold is promised, and frozen with the rest."""
    return ledger.available(actor.tenant_id, wallet(actor, client_id, currency))


def taken(*, actor: Actor, row: Chargeback) -> Money:
    """The gateway took the money: out of the wallet what is there, the rest is owed; how much that
    is. The wallet is never below zero."""
    money = money_of(row)
    there = available(actor, row.client_id, row.currency)
    for _ in range(TRIES_MAX):
        part = min(max(there, Money.zero(row.currency)), money)
        try:
            _take(actor, row, part, money - part)
        except InsufficientFunds as error:
            there = error.available
        else:
            return money - part
    raise StateConflict("The wallet is busy. Nothing was booked; try again.")


def _take(actor: Actor, row: Chargeback, part: Money, missing: Money) -> None:
    clearing = house(actor, row.gateway, row.currency)
    lines = []
    if part:
        lines.append(Line(wallet(actor, row.client_id, row.currency), clearing, part))
    if missing:
        debtor = receivable(actor, row.client_id, row.currency)
        lines.append(Line(debtor, clearing, missing, "receivable"))
    _post(actor, row, "taken", TAKEN, lines)


def given_back(*, actor: Actor, row: Chargeback) -> Posting:
    """Won: what is still missing of it is made good first, the rest is the client's again."""
    clearing = house(actor, row.gateway, row.currency)
    missing, lines = owed(row), []
    if missing:
        debtor = receivable(actor, row.client_id, row.currency)
        lines.append(Line(clearing, debtor, missing, "receivable"))
    if rest := money_of(row) - missing:
        lines.append(Line(clearing, wallet(actor, row.client_id, row.currency), rest))
    return _post(actor, row, "won", WON, lines)


def fee_charged(*, actor: Actor, row: Chargeback, fee: Money) -> Posting:
    """The gateway's price of a dispute is ours, whatever becomes of it."""
    cost = account_for(actor=actor, spec=chart.gateway_cost(), currency=fee.currency)
    line = Line(cost, house(actor, row.gateway, fee.currency), fee, "fee")
    return _post(actor, row, "fee", FEE, [line])


def fee_given_back(*, actor: Actor, row: Chargeback, fee: Money) -> Posting:
    cost = account_for(actor=actor, spec=chart.gateway_cost(), currency=fee.currency)
    line = Line(house(actor, row.gateway, fee.currency), cost, fee, "fee")
    return _post(actor, row, "fee-back", FEE_BACK, [line])


def repaid(*, actor: Actor, row: Chargeback, money: Money) -> Posting:
    """Out of what is in the wallet now. Raises ``InsufficientFunds``."""
    debtor = receivable(actor, row.client_id, row.currency)
    line = Line(wallet(actor, row.client_id, row.currency), debtor, money, "receivable")
    return _post(actor, row, f"repaid:{uuid7().hex[-16:]}", REPAID, [line])


def written_off(*, actor: Actor, row: Chargeback, money: Money, approved_by: str) -> Posting:
    """What will never come is the house's loss."""
    loss = account_for(actor=actor, spec=chart.chargeback_loss(), currency=money.currency)
    line = Line(loss, receivable(actor, row.client_id, row.currency), money, "receivable")
    step = f"written-off:{uuid7().hex[-16:]}"
    return _post(actor, row, step, WRITTEN_OFF, [line], approved_by=approved_by)


def _post(
    actor: Actor,
    row: Chargeback,
    step: str,
    kind: str,
    lines: list[Line],
    *,
    approved_by: str = "",
) -> Posting:
    return post(
        actor=actor,
        key=f"{row.reference}:{step}",
        kind=kind,
        lines=lines,
        business_ref=row.reference,
        approved_by=approved_by,
        meta={"deposit": row.deposit.reference},
    )
