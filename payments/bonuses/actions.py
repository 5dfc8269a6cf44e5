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

declare(
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
