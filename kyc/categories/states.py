"""States of a change of category. Drawings: docs/states/ (generated)."""

from django.db import models

from backoffice.core.transitions import machine


class ChangeState(models.TextChoices):
    PROPOSED = "proposed", "Waits for a second person"
    SET = "set", "Set"
    REFUSED = "refused", "Refused"


_C = ChangeState
CATEGORY_CHANGE = machine(
    "kyc.categorychange",
    initial=_C.PROPOSED,
    transitions={_C.PROPOSED: {_C.SET, _C.REFUSED}},
    final={_C.SET, _C.REFUSED},
    labels=dict(_C.choices),
)
COLOURS = {_C.PROPOSED: "attention", _C.SET: "good", _C.REFUSED: "bad"}


class Basis(models.TextChoices):
    """Why a client is in a category (MiFID II, annex II; article 30 for counterparties)."""

    NONE = "none", "Without a test"
    ON_REQUEST = "on_request", "On request"
    PER_SE = "per_se", "Per se"


class Criterion(models.TextChoices):
    """What a client shows. Of the first three one who asks needs two; of the large undertaking's
    three a company needs two, or one of the others."""

    TRADES = "trades", "Ten large transactions a quarter over the last year"
    PORTFOLIO = "portfolio", "Financial instruments of more than 500,000 EUR"
    WORK = "work", "A year in finance in a role that needs this knowledge"
    BALANCE = "balance", "Balance sheet of 20,000,000 EUR or more"
    TURNOVER = "turnover", "Net turnover of 40,000,000 EUR or more"
    FUNDS = "funds", "Own funds of 2,000,000 EUR or more"
    LICENSED = "licensed", "Authorised or regulated to act in financial markets"
    STATE = "state", "A government, a central bank or an international institution"
    INVESTOR = "investor", "An institutional investor whose main business is to invest"
