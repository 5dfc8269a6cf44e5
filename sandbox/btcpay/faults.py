"""What goes wrong here on demand; how it is armed and taken is the common ``Faults``."""

# Of the answers to calls of the merchant.
ON_CALLS = {
    "timeout_before": "no answer, nothing was done",
    "timeout_after": "no answer, though it was done",
    "dropped_after": "the connection is cut after it was done",
    "error_500": "an error of the server's, nothing was done",
    "error_500_after": "an error of the server's, though it was done",
    "refused": "the server does not do it",
    "rate_limited": "too many calls, nothing was done",
}
# Of webhooks, and of what its people and the chain do.
ON_EVENTS = {
    "late": "held back until it is released",
    "twice": "delivered twice, as a redelivery is",
    "out_of_order": "an older event about the same invoice arrives after the newer one",
    "bad_signature": "signed with another secret",
    "lost": "never sent",
    "wrong_amount": "the invoice was paid with ten times what was asked",
    "wrong_currency": "the invoice is in another currency than was asked",
}
KNOWN = {*ON_CALLS, *ON_EVENTS}
