"""What a statement line that names no payment can be, and how each is booked: a table, and pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from ledger import chart
from ledger.chart import AccountSpec
from reconciliation.states import AdjustmentKind

K = AdjustmentKind
Side = Callable[[], AccountSpec]
MONEY_IN: dict[AdjustmentKind, Side] = {
    K.UNALLOCATED: chart.unallocated,
    K.INTEREST: chart.bank_interest,
    K.OWN_TRANSFER: chart.in_transit_bank,
    K.OWN_FUNDS: chart.own_funds,
}
MONEY_OUT: dict[AdjustmentKind, Side] = {
    K.BANK_CHARGE: chart.bank_cost,
    K.SENT_BACK: chart.unallocated,
    K.OWN_TRANSFER: chart.in_transit_bank,
    K.OWN_FUNDS: chart.own_funds,
}


@dataclass(frozen=True, slots=True)
class Proposed:
    """A journal of one line; ``amount`` in major units, above zero."""

    debit: AccountSpec
    credit: AccountSpec
    amount: Decimal


def proposals(
    amount: Decimal, bank: AccountSpec, *, holds_client_money: bool, payout: Decimal | None = None
) -> dict[AdjustmentKind, Proposed]:
    """What a line of ``amount`` (signed: what it adds to ``bank``) may be booked as.

    ``payout``: what a payout that the line names took, signed as well; the bank may have taken
    its charge with it. Money of clients that nobody knows stands on accounts for clients' money
    only.
    """
    found: dict[AdjustmentKind, Proposed] = {}
    if payout is not None and amount < payout < 0:
        found[K.CHARGE_ON_PAYOUT] = Proposed(chart.bank_cost(), bank, payout - amount)
    for kind, other in (MONEY_IN if amount > 0 else MONEY_OUT).items():
        if kind in (K.UNALLOCATED, K.SENT_BACK) and not holds_client_money:
            continue
        debit, credit = (bank, other()) if amount > 0 else (other(), bank)
        found[kind] = Proposed(debit, credit, abs(amount))
    return found
