"""What the audit trail says of bonuses."""

from backoffice.audit.actions import Action, declare

ASKED = Action("payments.bonus_asked", "asked for the bonus {subject}: {amount}, {reason}")
APPROVED = Action("payments.bonus_approved", "approved the bonus {subject}: {amount}")
GRANTED = Action("payments.bonus_granted", "put the bonus {subject} on the account: {amount}")
FAILED = Action("payments.bonus_failed", "could not put {subject} on the account: {reason}")
TAKING = Action("payments.bonus_taking", "takes {amount} of the bonus {subject} off: {reason}")
TAKEN = Action("payments.bonus_taken", "took {amount} of the bonus {subject} off")
KEPT = Action("payments.bonus_kept", "left the bonus {subject} on the account: {reason}")
RELEASED = Action("payments.bonus_released", "released the bonus {subject}: {amount}")
REFUSED = Action("payments.bonus_refused", "refused the bonus {subject}: {reason}")
CANCELLED = Action("payments.bonus_cancelled", "cancelled the bonus {subject}: {reason}")
POLICY_SET = Action("payments.bonus_policy_set", "changed the rules of bonuses: {changes}")

RULE_ASKED = Action("payments.bonus_rule_asked", "proposed the bonus rule {subject}")
RULE_SET = Action("payments.bonus_rule_set", "put the bonus rule {subject} in force")
RULE_REFUSED = Action("payments.bonus_rule_refused", "refused the bonus rule {subject}: {reason}")
RULE_RETIRED = Action("payments.bonus_rule_retired", "retired the bonus rule {subject}: {reason}")
BY_RULE = Action("payments.bonus_by_rule", "gave {amount} for {deposit} by {rule}: {subject}")

declare(
    RULE_ASKED,
    RULE_SET,
    RULE_REFUSED,
    RULE_RETIRED,
    BY_RULE,
    ASKED,
    APPROVED,
    GRANTED,
    FAILED,
    TAKING,
    TAKEN,
    KEPT,
    RELEASED,
    REFUSED,
    CANCELLED,
    POLICY_SET,
)
