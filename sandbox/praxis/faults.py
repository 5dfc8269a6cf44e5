"""What goes wrong here on demand; how it is armed and taken is the common ``Faults``."""

# Of the answers to calls of the merchant.
ON_CALLS = {
    "timeout_before": "no answer, nothing was done",
    "timeout_after": "no answer, though it was done",
    "dropped_after": "the connection is cut after it was done",
    "broken": "an error of Praxis' own (a negative status), nothing was done",
    "broken_after": "an error of Praxis' own, though it was done",
    "refused": "Praxis does not do it (a positive status)",
}
# Of notifications, and of what the provider behind Praxis does.
ON_EVENTS = {
    "late": "held back until it is released",
    "twice": "sent twice, the second time with another timestamp",
    "out_of_order": "an older state of the transaction arrives after the newer one",
    "bad_signature": "signed with another secret",
    "lost": "never sent",
    "wrong_amount": "the transaction is of ten times what was asked",
    "wrong_currency": "the transaction is in another currency than was asked",
}
KNOWN = {*ON_CALLS, *ON_EVENTS}
