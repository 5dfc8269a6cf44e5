"""Pure: how far a chargeback is by what the gateway says, and what an event may still change."""

from payments.chargeback_states import ChargebackState
from payments.gateways.port import DisputeStage

_C = ChargebackState

TARGETS = {
    DisputeStage.INQUIRY: _C.INQUIRY,
    DisputeStage.INQUIRY_CLOSED: _C.INQUIRY_CLOSED,
    DisputeStage.TAKEN: _C.OPEN,
    DisputeStage.ANSWERED: _C.EVIDENCE,
    DisputeStage.WON: _C.WON,
    DisputeStage.LOST: _C.LOST,
}
# Events come in any order: what is further along stands.
_RANKS = {
    _C.NOTED: 0,
    _C.INQUIRY: 1,
    _C.INQUIRY_CLOSED: 2,
    _C.OPEN: 3,
    _C.EVIDENCE: 4,
    _C.WON: 5,
    _C.LOST: 5,
    _C.ACCEPTED: 5,
}
# Reached, the money has been taken, whatever came of it since.
TAKEN_STAGES = frozenset(
    {DisputeStage.TAKEN, DisputeStage.ANSWERED, DisputeStage.WON, DisputeStage.LOST}
)
REASONS = {
    "fraudulent": "The cardholder says that they did not make the payment",
    "product_not_received": "The cardholder says that they received nothing for it",
    "product_unacceptable": "The cardholder says that it was not what was promised",
    "duplicate": "The cardholder says that they paid twice",
    "credit_not_processed": "The cardholder says that a refund is due",
    "subscription_canceled": "The cardholder says that they had cancelled",
    "unrecognized": "The cardholder does not recognise the payment",
    "incorrect_account_details": "The account's details were wrong",
    "insufficient_funds": "The account had no money",
    "bank_cannot_process": "The bank could not process it",
    "debit_not_authorized": "The account's owner did not authorise it",
    "customer_initiated": "The payer asked for the money back",
    "noncompliant": "A rule of the card network was not kept",
    "general": "No reason was given",
}


def reason_label(code: str) -> str:
    return REASONS.get(code) or reason_word(code)


def reason_word(code: str) -> str:
    """The bank's code as a list shows it: ``fraudulent`` to ``Fraudulent``."""
    return code.replace("_", " ").capitalize()


def is_news(state: str, stage: DisputeStage) -> bool:
    """Whether the stage is further than the state."""
    return _RANKS[TARGETS[stage]] > _RANKS[ChargebackState(state)]


def contradicts(state: str, stage: DisputeStage) -> bool:
    """Whether both are ends, and not the same one. What we accepted counts as lost."""
    ended = {str(_C.WON): DisputeStage.WON, str(_C.LOST): DisputeStage.LOST}
    ended[str(_C.ACCEPTED)] = DisputeStage.LOST
    return stage in (DisputeStage.WON, DisputeStage.LOST) and ended.get(state, stage) is not stage
