"""What is audited about money in, out and between."""

from backoffice.audit.actions import Action, declare

DEPOSIT_ASKED = Action("payments.deposit_asked", "asked for the deposit {subject} of {amount}")
DEPOSIT_ARRIVED = Action("payments.deposit_arrived", "noted that {amount} arrived for {subject}")
ATTEMPT_REFUSED = Action(
    "payments.attempt_refused", "let {gateway} take no payment for {subject}: {reason}"
)
DEPOSIT_CREDITED = Action("payments.deposit_credited", "credited {amount} of {subject}: {reason}")
DEPOSIT_CANCELLED = Action("payments.deposit_cancelled", "cancelled {subject}: {reason}")
DEPOSIT_RETURN = Action("payments.deposit_return", "gives {amount} of {subject} back: {reason}")
DEPOSIT_RETURNED = Action("payments.deposit_returned", "gave {amount} of {subject} back")
DEPOSIT_RESOLVED = Action(
    "payments.deposit_resolved", "settled the return of {subject} as {outcome}: {proof}"
)
WITHDRAWAL_ASKED = Action(
    "payments.withdrawal_asked", "asked for {subject}: {amount} to {destination}"
)
WITHDRAWAL_EDITED = Action("payments.withdrawal_edited", "changed {subject}: {change}")
WITHDRAWAL_APPROVED = Action("payments.withdrawal_approved", "approved {subject}: {why}")
WITHDRAWAL_REJECTED = Action("payments.withdrawal_rejected", "rejected {subject}: {reason}")
WITHDRAWAL_CANCELLED = Action("payments.withdrawal_cancelled", "cancelled {subject}: {reason}")
WITHDRAWAL_SENT = Action("payments.withdrawal_sent", "sends {amount} of {subject}")
WITHDRAWAL_PAID = Action("payments.withdrawal_paid", "paid {subject}: {amount} by {source}")
WITHDRAWAL_FAILED = Action("payments.withdrawal_failed", "released {subject}: {reason}")
WITHDRAWAL_RESOLVED = Action(
    "payments.withdrawal_resolved", "settled the unknown outcome of {subject} as {outcome}: {proof}"
)
WITHDRAWAL_RETURNED = Action("payments.withdrawal_returned", "took {amount} of {subject} back")
PART_PAID = Action("payments.part_paid", "paid {part} of {subject}: {amount} to {to}")
PART_RETURNED = Action("payments.part_returned", "took {amount} of {part} of {subject} back")
PART_FAILED = Action("payments.part_failed", "could not pay {part} of {subject}: {reason}")
PART_RETRIED = Action("payments.part_retried", "sends {part} of {subject} anew as {as}")
PART_GIVEN_UP = Action("payments.part_given_up", "gave {part} of {subject} up: {reason}")
HELD = Action("payments.held", "held {subject}: {reason}", discreet=True)
RELEASED = Action("payments.released", "released {subject}: {reason}", discreet=True)
TRANSFER_ASKED = Action("payments.transfer_asked", "asked for {subject}: {amount} {way}")
TRANSFER_ENDED = Action("payments.transfer_ended", "{outcome} {subject}: {amount}")
DESTINATION_ADDED = Action("payments.destination_added", "added {label} of {client}")
DESTINATION_CHANGED = Action("payments.destination_changed", "changed {label} of {client}")
DESTINATION_APPROVED = Action("payments.destination_approved", "approved {label} of {client}")
DESTINATION_SUSPENDED = Action(
    "payments.destination_suspended", "suspended {label} of {client}: {reason}"
)
DESTINATION_RETIRED = Action(
    "payments.destination_retired", "retired {label} of {client}: {reason}"
)
BANDS_PROPOSED = Action("payments.bands_proposed", "proposed other bands of approval: {bands}")
BANDS_SET = Action("payments.bands_set", "set the bands of approval: {bands}")
RULES_WRITTEN = Action("payments.rules_written", "wrote {subject} of automatic approval: {note}")
RULES_TRIED = Action("payments.rules_tried", "ran {subject} dry over {days} days")
RULES_PROPOSED = Action("payments.rules_proposed", "proposed {subject} of automatic approval")
RULES_SET = Action("payments.rules_set", "set {subject} of automatic approval in force")
AUTOMATIC_OFF = Action("payments.automatic_off", "switched automatic approval off: {reason}")
AUTOMATIC_ON_ASKED = Action("payments.automatic_on_asked", "asked for automatic approval again")
AUTOMATIC_ON = Action("payments.automatic_on", "switched automatic approval on")
GATEWAY_CONNECTED = Action("payments.gateway_connected", "connected the gateway {name}")
GATEWAY_CHANGED = Action("payments.gateway_changed", "changed the gateway {name}: {fields}")
METHOD_MADE = Action("payments.method_made", "set up the method {name}")
METHOD_SAVED = Action("payments.method_saved", "changed the method {name}: {fields}")
METHOD_MOVED = Action("payments.method_moved", "moved the method {name} to place {place}")
POLICY_SAVED = Action("payments.policy_saved", "changed the rules of withdrawals: {changes}")
RATE_SET = Action("payments.rate_set", "set the rate of {currency} to {rate}")
NOTICE_PUT_ASIDE = Action("payments.notice_put_aside", "put a gateway's message aside: {reason}")

GATEWAY_SETTLED = Action(
    "payments.gateway_settled", "booked {amount} that {subject} had collected, at a cost of {cost}"
)

CHARGEBACK_ASKED = Action(
    "payments.chargeback_asked", "noted the inquiry {subject} of {amount} about {deposit}"
)
CHARGEBACK_OPENED = Action(
    "payments.chargeback_opened",
    "booked the chargeback {subject} of {amount} of {deposit}; {owed} is owed by the client",
)
CHARGEBACK_ENTERED = Action(
    "payments.chargeback_entered", "entered {subject} of {amount} of {deposit} by hand: {reason}"
)
CHARGEBACK_WON = Action("payments.chargeback_won", "noted that {subject} of {amount} was won")
CHARGEBACK_LOST = Action(
    "payments.chargeback_lost", "noted that {subject} of {amount} was lost; {owed} is still owed"
)
CHARGEBACK_ACCEPTED = Action(
    "payments.chargeback_accepted", "accepted {subject} of {amount}; {owed} is still owed"
)
CHARGEBACK_SETTLED = Action(
    "payments.chargeback_settled", "entered that {subject} is {outcome}: {proof}"
)
CHARGEBACK_REPAID = Action("payments.chargeback_repaid", "took {amount} for what {subject} left")
EVIDENCE_ADDED = Action("payments.evidence_added", "added {what} to the evidence of {subject}")
EVIDENCE_REMOVED = Action(
    "payments.evidence_removed", "took {what} out of the evidence of {subject}"
)
EVIDENCE_SHOWN = Action("payments.evidence_shown", "opened {what} of the evidence of {subject}")
ANSWER_ASKED = Action("payments.answer_asked", "sends the {what} of {subject}: {reason}")
ANSWER_ENDED = Action("payments.answer_ended", "learned that the {what} of {subject} was {outcome}")
WRITE_OFF_ASKED = Action(
    "payments.write_off_asked", "proposed to write off {amount} of {subject}: {reason}"
)
WRITTEN_OFF = Action("payments.written_off", "wrote off {amount} of {subject}: {reason}")

FILE_PREPARED = Action(
    "payments.file_prepared", "prepared the payment file {subject}: {what}, {amount}"
)
FILE_RELEASED = Action("payments.file_released", "released the payment file {subject}: {amount}")
FILE_HANDED_OVER = Action(
    "payments.file_handed_over", "gave the payment file {subject} out for the bank: {amount}"
)
FILE_GIVEN_AGAIN = Action(
    "payments.file_given_again", "downloaded the payment file {subject} once more", look=True
)
FILE_CANCELLED = Action("payments.file_cancelled", "cancelled the payment file {subject}: {reason}")
FILE_ANSWERED = Action(
    "payments.file_answered",
    "handed in the bank's report of {subject}: {taken} taken, {refused} refused",
)

ADJUSTMENT_ASKED = Action(
    "payments.adjustment_asked", "asked for {subject}: {amount} {way}, {what}: {reason}"
)
ADJUSTMENT_BOOKED = Action("payments.adjustment_booked", "booked {subject}: {amount} {way}, {what}")
ADJUSTMENT_REFUSED = Action("payments.adjustment_refused", "refused {subject}: {reason}")
ADJUSTMENT_CANCELLED = Action("payments.adjustment_cancelled", "cancelled {subject}: {reason}")

declare(
    ADJUSTMENT_ASKED,
    ADJUSTMENT_BOOKED,
    ADJUSTMENT_REFUSED,
    ADJUSTMENT_CANCELLED,
    FILE_PREPARED,
    FILE_RELEASED,
    FILE_HANDED_OVER,
    FILE_GIVEN_AGAIN,
    FILE_CANCELLED,
    FILE_ANSWERED,
    CHARGEBACK_ASKED,
    CHARGEBACK_OPENED,
    CHARGEBACK_ENTERED,
    CHARGEBACK_WON,
    CHARGEBACK_LOST,
    CHARGEBACK_ACCEPTED,
    CHARGEBACK_SETTLED,
    CHARGEBACK_REPAID,
    EVIDENCE_ADDED,
    EVIDENCE_REMOVED,
    EVIDENCE_SHOWN,
    ANSWER_ASKED,
    ANSWER_ENDED,
    WRITE_OFF_ASKED,
    WRITTEN_OFF,
    DEPOSIT_ASKED,
    ATTEMPT_REFUSED,
    DEPOSIT_ARRIVED,
    DEPOSIT_CREDITED,
    DEPOSIT_CANCELLED,
    DEPOSIT_RETURN,
    DEPOSIT_RETURNED,
    DEPOSIT_RESOLVED,
    WITHDRAWAL_ASKED,
    WITHDRAWAL_EDITED,
    WITHDRAWAL_APPROVED,
    WITHDRAWAL_REJECTED,
    WITHDRAWAL_CANCELLED,
    WITHDRAWAL_SENT,
    WITHDRAWAL_PAID,
    WITHDRAWAL_FAILED,
    WITHDRAWAL_RESOLVED,
    WITHDRAWAL_RETURNED,
    PART_PAID,
    PART_RETURNED,
    PART_FAILED,
    PART_RETRIED,
    PART_GIVEN_UP,
    HELD,
    RELEASED,
    TRANSFER_ASKED,
    TRANSFER_ENDED,
    DESTINATION_ADDED,
    DESTINATION_CHANGED,
    DESTINATION_APPROVED,
    DESTINATION_SUSPENDED,
    DESTINATION_RETIRED,
    BANDS_PROPOSED,
    BANDS_SET,
    RULES_WRITTEN,
    RULES_TRIED,
    RULES_PROPOSED,
    RULES_SET,
    AUTOMATIC_OFF,
    AUTOMATIC_ON_ASKED,
    AUTOMATIC_ON,
    GATEWAY_SETTLED,
    GATEWAY_CONNECTED,
    GATEWAY_CHANGED,
    METHOD_MADE,
    METHOD_MOVED,
    METHOD_SAVED,
    POLICY_SAVED,
    RATE_SET,
    NOTICE_PUT_ASIDE,
)
