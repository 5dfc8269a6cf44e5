"""What is audited about clients' privacy. No entry says a name: entries stay for good."""

from backoffice.audit.actions import Action, declare

RETENTION_SET = Action("privacy.retention_set", "put {subject} in force: {note}")
RETENTION_PROPOSED = Action("privacy.retention_proposed", "proposed {subject}: {note}")
ERASURE_ASKED = Action("privacy.erasure_asked", "recorded the erasure request {subject} by {by}")
ERASURE_DECIDED = Action("privacy.erasure_decided", "decided {subject}: {outcome}")
ERASURE_REFUSED = Action("privacy.erasure_refused", "refused {subject}: {reason}")
ERASURE_CANCELLED = Action("privacy.erasure_cancelled", "took back {subject}: {reason}")
ERASURE_STEP = Action("privacy.erasure_step", "erased for {subject}: {step}, {rows} rows")
ERASURE_STOPPED = Action("privacy.erasure_stopped", "stopped {subject}: a legal hold stands")
ERASURE_GOES_ON = Action("privacy.erasure_goes_on", "went on with {subject}")
ERASURE_DONE = Action("privacy.erasure_done", "finished {subject}: {outcome}")
LETTER_READ = Action("privacy.letter_downloaded", "downloaded the letter of {subject}", look=True)
HOLD_PLACED = Action("privacy.hold_placed", "placed a legal hold on {subject}: {reason}")
HOLD_LIFT_ASKED = Action(
    "privacy.hold_lift_asked", "asked to lift a legal hold on {subject}: {reason}"
)
HOLD_LIFTED = Action("privacy.hold_lifted", "lifted a legal hold on {subject}: {reason}")
HOLD_STAYS = Action("privacy.hold_stays", "kept a legal hold on {subject}: {reason}")

declare(
    RETENTION_SET,
    RETENTION_PROPOSED,
    ERASURE_ASKED,
    ERASURE_DECIDED,
    ERASURE_REFUSED,
    ERASURE_CANCELLED,
    ERASURE_STEP,
    ERASURE_STOPPED,
    ERASURE_GOES_ON,
    ERASURE_DONE,
    LETTER_READ,
    HOLD_PLACED,
    HOLD_LIFT_ASKED,
    HOLD_LIFTED,
    HOLD_STAYS,
)
