"""Money in, money out, money between, and money that is taken back."""

from payments.models.chargebacks import Chargeback, ChargebackAnswer, ChargebackEvidence
from payments.models.movements import (
    Deposit,
    DepositPolicy,
    Destination,
    GatewayAccount,
    Method,
    PaymentHold,
    Rate,
    Transfer,
    WebhookMessage,
    Withdrawal,
    WithdrawalPart,
    WithdrawalPolicy,
)

__all__ = [
    "Chargeback",
    "ChargebackAnswer",
    "ChargebackEvidence",
    "Deposit",
    "DepositPolicy",
    "Destination",
    "GatewayAccount",
    "Method",
    "PaymentHold",
    "Rate",
    "Transfer",
    "WebhookMessage",
    "Withdrawal",
    "WithdrawalPart",
    "WithdrawalPolicy",
]
