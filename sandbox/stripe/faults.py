"""What goes wrong on demand here; how it is armed and taken is the cashier's ``Faults``."""

# Of the answers to calls of the merchant.
ON_CALLS = {
    "timeout_before": "no answer, nothing was done",
    "timeout_after": "no answer, though it was done",
    "dropped_after": "the connection is cut after it was done",
    "error_500": "an error of Stripe's, nothing was done",
    "error_500_after": "an error of Stripe's, though it was done; its key repeats the error",
    "refused": "Stripe does not do it",
    "rate_limited": "too many calls, nothing was done",
    "refund_fails": "the refund is made and fails",
    "refund_pends": "the refund is made and waits",
}
# Of events.
ON_EVENTS = {
    "late": "held back until it is released",
    "twice": "sent twice",
    "out_of_order": "an older event about the same object arrives after the newer one",
    "wrong_amount": "another amount than was paid",
    "wrong_currency": "another currency than was paid",
    "bad_signature": "signed with another secret",
    "lost": "never sent",
}

KNOWN = {*ON_CALLS, *ON_EVENTS}
