"""The adapter of a bank that takes payment files: people carry them to it.

Nothing is ever sent by a call: an approved payout waits for its file (payments/payment_files), and
that it was paid is said by the bank's statement, as of every bank.
"""

from payments.gateways.bank_wire.adapter import BankWire
from payments.gateways.port import Account, PayoutOrder, Result, Unknown


class BankFile(BankWire):
    kind = "bank_file"
    label = "Bank account (payment files)"
    needs_address = False
    pays_by_file = True

    def payout(self, account: Account, order: PayoutOrder) -> Result:
        # Never a refusal: what once left in a file may have been paid.
        return Unknown(f"{account.name} takes files; its statement says what was paid")

    def health(self, account: Account) -> None:
        """There is nobody to call."""
