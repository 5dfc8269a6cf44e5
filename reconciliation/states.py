"""States of a statement file and of a break."""

from django.db import models

from backoffice.core.transitions import machine


class BreakState(models.TextChoices):
    OPEN = "open", "Open"
    INVESTIGATING = "investigating", "Being looked into"
    PROPOSED = "proposed", "Adjustment waits for approval"
    RESOLVED = "resolved", "Resolved"
    ACCEPTED = "accepted", "Accepted as it is"


_B = BreakState

BREAK = machine(
    "reconciliation.break",
    initial=_B.OPEN,
    transitions={
        _B.OPEN: {_B.INVESTIGATING, _B.PROPOSED, _B.RESOLVED, _B.ACCEPTED},
        _B.INVESTIGATING: {_B.OPEN, _B.PROPOSED, _B.RESOLVED, _B.ACCEPTED},
        _B.PROPOSED: {_B.INVESTIGATING, _B.RESOLVED},
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


class BreakKind(models.TextChoices):
    UNIDENTIFIED_RECEIPT = "unidentified_receipt", "Money from someone unknown"
    MISSING_IN_LEDGER = "missing_in_ledger", "On the statement, not in the books"
    AMOUNT_DIFF = "amount_diff", "Amounts differ"
    CURRENCY_DIFF = "currency_diff", "Currencies differ"
    STATUS_DIFF = "status_diff", "Paid, but not approved or already failed"
    RETURNED_PAYMENT = "returned_payment", "A payment came back"
    DUPLICATE_STATEMENT = "duplicate_statement", "On two statements"
    AMBIGUOUS = "ambiguous", "More than one could be meant"
    MT_BALANCE_DIFF = "mt_balance_diff", "Trading balance and books differ"
    MT_UNKNOWN_DEAL = "mt_unknown_deal", "A balance deal that we did not make"
    MT_MISSING_DEAL = "mt_missing_deal", "Our operation without its deal"
