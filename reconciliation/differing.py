"""What a break differs by in money, and how that is written off: a table, and pure.

Money that came from someone unknown is theirs and never income of ours; what a line has beyond its
payment, or a trading server beyond the books, may be so little that nobody looks for it.
"""

from dataclasses import dataclass

from backoffice.core.money import Money
from ledger import chart
from ledger.chart import AccountSpec


@dataclass(frozen=True, slots=True)
class Difference:
    """``amount`` is signed: what ``account`` has, by the statement or the server, beyond the books.

    ``why_not`` says why it can't be written off; empty when it can.
    """

    amount: Money
    account: AccountSpec
    why_not: str = ""

    @property
    def debit(self) -> AccountSpec:
        return self.account if self._adds else chart.written_off()

    @property
    def credit(self) -> AccountSpec:
        return chart.written_off() if self._adds else self.account

    @property
    def _adds(self) -> bool:
        """Whether the line is debited to the account: more on an asset, less on a liability."""
        return (self.amount.amount > 0) == (self.account.normal == 1)


UNKNOWN_PAYER = (
    "Money from someone unknown stays client money: book it as unallocated until it is known whose "
    "it is."
)


def of_line(
    amount: Money, bank: AccountSpec, *, holds_client_money: bool, payout: Money | None = None
) -> Difference:
    """Of a line of ``amount`` on our account ``bank``; ``payout``: the signed amount of the payout
    that it names, which is booked as it was."""
    beyond = amount - payout if payout is not None else amount
    unknown = payout is None and holds_client_money and amount.amount > 0
    return Difference(beyond, bank, UNKNOWN_PAYER if unknown else "")
