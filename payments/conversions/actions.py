"""What the audit trail says of conversions."""

from backoffice.audit.actions import Action, declare

OFFERED = Action("payments.conversion_offered", "offered {subject}: {give} into {get} at {rate}")
ACCEPTED = Action("payments.conversion_accepted", "accepted {subject}: {give} into {get}")
BOOKED = Action("payments.conversion_booked", "exchanged {give} into {get}: {subject}")
EXPIRED = Action("payments.conversion_expired", "let {subject} expire: {give} into {get}")
REFUSED = Action("payments.conversion_refused", "refused {subject}: {reason}")
CANCELLED = Action("payments.conversion_cancelled", "cancelled {subject}: {reason}")
QUOTE_SET = Action("payments.conversion_quote_set", "set the quote of {subject} to {mid}")
SPREAD_SET = Action("payments.conversion_spread_set", "set the spread of {subject}: {spread}")
SPREAD_REMOVED = Action(
    "payments.conversion_spread_removed", "took back the spread of {subject}: it is the usual one"
)
POLICY_SET = Action("payments.conversion_policy_set", "changed the rules of conversions: {changes}")

declare(
    OFFERED,
    ACCEPTED,
    BOOKED,
    EXPIRED,
    REFUSED,
    CANCELLED,
    QUOTE_SET,
    SPREAD_SET,
    SPREAD_REMOVED,
    POLICY_SET,
)
