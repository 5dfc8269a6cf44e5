"""Money in, money out, money between, and money that is taken back."""

from payments.models.adjustments import WalletAdjustment
from payments.models.automatic import DryRun, RuleDecision, RuleVersion
from payments.models.bonuses import Bonus, BonusPolicy, BonusRule
from payments.models.chargebacks import Chargeback, ChargebackAnswer, ChargebackEvidence
from payments.models.conversions import (
    Conversion,
    ConversionPolicy,
    ConversionQuote,
    ConversionSpread,
)
from payments.models.methods import DepositPolicy, GatewayAccount, Method, MethodTerms
from payments.models.movements import (
    Deposit,
    Destination,
    PaymentHold,
    Rate,
    Transfer,
    WebhookMessage,
    Withdrawal,
    WithdrawalPart,
    WithdrawalPolicy,
)
from payments.models.payment_files import PaymentFile, PaymentFileItem, PaymentFileReport

__all__ = [
    "Bonus",
    "BonusPolicy",
    "BonusRule",
    "Chargeback",
    "ChargebackAnswer",
    "ChargebackEvidence",
    "Conversion",
    "ConversionPolicy",
    "ConversionQuote",
    "ConversionSpread",
    "Deposit",
    "DepositPolicy",
    "Destination",
    "DryRun",
    "GatewayAccount",
    "Method",
    "MethodTerms",
    "PaymentFile",
    "PaymentFileItem",
    "PaymentFileReport",
    "PaymentHold",
    "Rate",
    "RuleDecision",
    "RuleVersion",
    "Transfer",
    "WalletAdjustment",
    "WebhookMessage",
    "Withdrawal",
    "WithdrawalPart",
    "WithdrawalPolicy",
]
