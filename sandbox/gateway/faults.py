"""What goes wrong here on demand."""

# Of the answers to calls of the merchant.
ON_CALLS = {
    "timeout_before": "no answer, nothing was done",
    "timeout_after": "no answer, though it was done",
    "dropped_after": "the connection is cut after it was done",
    "error_500": "an error of the cashier, nothing was done",
    "error_500_after": "an error of the cashier, though it was done",
    "refused": "the cashier does not take the payout",
}
# Of messages to the merchant.
ON_MESSAGES = {
    "late": "held back until it is released",
    "twice": "sent twice",
    "out_of_order": "an older state is reported after the newer one",
    "wrong_amount": "another amount than was paid",
    "wrong_currency": "another currency than was paid",
    "bad_signature": "signed with another secret",
    "lost": "never sent",
}
KNOWN = {*ON_CALLS, *ON_MESSAGES}
