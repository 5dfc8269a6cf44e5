"""States of bonuses, and what one does when the client takes money out. Drawing: docs/states/.

A bonus is credit on a trading account until it is released: then the credit leaves, and money of
the house comes in its place.
"""

from django.db import models

from backoffice.core.transitions import machine


class BonusState(models.TextChoices):
    ASKED = "asked", "Waits for approval"
    GRANTING = "granting", "On its way to the account"
    ACTIVE = "active", "On the account"
    REMOVING = "removing", "Being taken off"
    RELEASING = "releasing", "Being released"
    RELEASED = "released", "Released"
    REMOVED = "removed", "Taken off"
    FAILED = "failed", "Not taken by the account"
    REFUSED = "refused", "Refused"
    CANCELLED = "cancelled", "Cancelled"


_B = BonusState

BONUS = machine(
    "payments.bonus",
    initial=_B.ASKED,
    transitions={
        _B.ASKED: {_B.GRANTING, _B.REFUSED, _B.CANCELLED},
        _B.GRANTING: {_B.ACTIVE, _B.FAILED},
        # Taken off in part, or not taken off: it is still on the account.
        _B.ACTIVE: {_B.REMOVING, _B.RELEASING},
        _B.REMOVING: {_B.REMOVED, _B.ACTIVE},
        _B.RELEASING: {_B.RELEASED, _B.ACTIVE},
    },
    final={_B.RELEASED, _B.REMOVED, _B.FAILED, _B.REFUSED, _B.CANCELLED},
    labels=dict(_B.choices),
)
BONUS_OPEN = (_B.ASKED, _B.GRANTING, _B.ACTIVE, _B.REMOVING, _B.RELEASING)

BONUS_COLOURS = {
    _B.ASKED: "attention",
    _B.GRANTING: "going",
    _B.ACTIVE: "going",
    _B.REMOVING: "going",
    _B.RELEASING: "going",
    _B.RELEASED: "good",
    _B.REMOVED: "neutral",
    _B.FAILED: "bad",
    _B.REFUSED: "bad",
    _B.CANCELLED: "neutral",
}


class OnWithdrawal(models.TextChoices):
    WHOLE = "whole", "All of it is taken off"
    PROPORTION = "proportion", "Taken off in proportion to the deposit"


class RuleState(models.TextChoices):
    PROPOSED = "proposed", "Waits for approval"
    IN_FORCE = "in_force", "In force"
    RETIRED = "retired", "Retired"
    REFUSED = "refused", "Refused"


_R = RuleState

BONUS_RULE = machine(
    "payments.bonusrule",
    initial=_R.PROPOSED,
    transitions={
        _R.PROPOSED: {_R.IN_FORCE, _R.REFUSED},
        _R.IN_FORCE: {_R.RETIRED},
    },
    final={_R.RETIRED, _R.REFUSED},
    labels=dict(_R.choices),
)

RULE_COLOURS = {
    _R.PROPOSED: "attention",
    _R.IN_FORCE: "good",
    _R.RETIRED: "neutral",
    _R.REFUSED: "bad",
}
