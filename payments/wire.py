"""What a client writes into a bank transfer that pays a deposit."""

from dataclasses import dataclass

from backoffice.core.money import Money
from payments.accounts import adapter_for
from payments.models import Deposit
from payments.states import DepositState

# A transfer that comes after we gave up waiting is still credited; who has not sent it yet should
# ask anew.
_TO_BE_PAID = (DepositState.CREATED, DepositState.PENDING)


@dataclass(frozen=True, slots=True)
class Instructions:
    """Our bank account and the text by which the statement names the deposit."""

    holder: str
    iban: str
    bic: str
    bank: str
    money: Money
    reference: str

    @property
    def grouped_iban(self) -> str:
        """In fours, as it is printed and read aloud."""
        return " ".join(self.iban[at : at + 4] for at in range(0, len(self.iban), 4))

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What it is called and what to write, in the order of a bank's form."""
        found = [
            ("Account holder", self.holder),
            ("IBAN", self.grouped_iban),
            ("BIC", self.bic),
            ("Bank", self.bank),
            ("Amount", str(self.money)),
            ("Payment reference", self.reference),
        ]
        return [(label, value) for label, value in found if value]

    @property
    def text(self) -> str:
        """To be pasted into a letter."""
        return "\n".join(f"{label}: {value}" for label, value in self.lines)


def instructions(deposit: Deposit) -> Instructions | None:
    """How to pay a deposit by transfer; None once it is paid or given up, or paid elsewhere."""
    gateway = deposit.gateway
    if gateway is None or deposit.state not in _TO_BE_PAID:
        return None
    if not adapter_for(gateway).by_statement:
        return None
    return Instructions(
        holder=gateway.holder,
        iban=gateway.merchant_id,
        bic=gateway.bic,
        bank=gateway.bank,
        money=Money(deposit.asked_amount, deposit.asked_currency),
        reference=deposit.reference,
    )
