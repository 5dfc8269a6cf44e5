"""States of a break and of an adjustment, and the kinds of both."""

from django.db import models

from backoffice.core.transitions import machine


class BreakState(models.TextChoices):
    OPEN = "open", "Open"
    INVESTIGATING = "investigating", "Being looked into"
    PROPOSED = "proposed", "Adjustment waits for approval"
    RESOLVED = "resolved", "Resolved"
    ACCEPTED = "accepted", "Written off"


_B = BreakState

BREAK = machine(
    "reconciliation.break",
    initial=_B.OPEN,
    transitions={
        _B.OPEN: {_B.INVESTIGATING, _B.PROPOSED, _B.RESOLVED, _B.ACCEPTED},
        _B.INVESTIGATING: {_B.OPEN, _B.PROPOSED, _B.RESOLVED, _B.ACCEPTED},
        _B.PROPOSED: {_B.INVESTIGATING, _B.RESOLVED, _B.ACCEPTED},
    },
    final={_B.RESOLVED, _B.ACCEPTED},
    labels=dict(_B.choices),
)

BREAK_COLOURS = {
    _B.OPEN: "attention",
    _B.INVESTIGATING: "going",
    _B.PROPOSED: "held",
    _B.RESOLVED: "good",
    _B.ACCEPTED: "neutral",
}


class AdjustmentState(models.TextChoices):
    PROPOSED = "proposed", "Waits for approval"
    BOOKED = "booked", "Booked"
    REFUSED = "refused", "Refused"
    TAKEN_BACK = "taken_back", "Taken back"


_A = AdjustmentState

ADJUSTMENT = machine(
    "reconciliation.adjustment",
    initial=_A.PROPOSED,
    transitions={_A.PROPOSED: {_A.BOOKED, _A.REFUSED}, _A.BOOKED: {_A.TAKEN_BACK}},
    final={_A.REFUSED, _A.TAKEN_BACK},
    labels=dict(_A.choices),
)


ADJUSTMENT_COLOURS = {
    _A.PROPOSED: "held",
    _A.BOOKED: "good",
    _A.REFUSED: "bad",
    _A.TAKEN_BACK: "neutral",
}


class AdjustmentKind(models.TextChoices):
    """What a line that names no payment of ours is, for the books."""

    UNALLOCATED = "unallocated", "Client money from someone unknown"
    SENT_BACK = "sent_back", "Unallocated money sent back"
    BANK_CHARGE = "bank_charge", "A charge of the bank"
    CHARGE_ON_PAYOUT = "charge_on_payout", "The payout, and the bank's charge on it"
    INTEREST = "interest", "Interest of the bank"
    OWN_TRANSFER = "own_transfer", "A transfer between our own accounts"
    OWN_FUNDS = "own_funds", "Own money of the firm, put in or taken out"
    WRITE_OFF = "write_off", "A small difference written off"


class BreakKind(models.TextChoices):
    UNIDENTIFIED_RECEIPT = "unidentified_receipt", "Money from someone unknown"
    MISSING_IN_LEDGER = "missing_in_ledger", "On the statement, not in the books"
    MISSING_IN_STATEMENT = "missing_in_statement", "In the books, not on the report"
    AMOUNT_DIFF = "amount_diff", "Amounts differ"
    FEE_DIFF = "fee_diff", "Another fee than agreed"
    ACCOUNT_DIFF = "account_diff", "On another account of ours"
    CURRENCY_DIFF = "currency_diff", "Currencies differ"
    STATUS_DIFF = "status_diff", "Paid, but not approved or already failed"
    RETURNED_PAYMENT = "returned_payment", "A payment came back"
    DUPLICATE_STATEMENT = "duplicate_statement", "On two statements"
    AMBIGUOUS = "ambiguous", "More than one could be meant"
    MT_BALANCE_DIFF = "mt_balance_diff", "Trading balance and books differ"
    MT_CREDIT_VS_BALANCE = "mt_credit_vs_balance", "Credit and bonuses differ"
    MT_UNKNOWN_DEAL = "mt_unknown_deal", "A balance deal that we did not make"
    MT_MISSING_DEAL = "mt_missing_deal", "Our operation without its deal"
