"""What is audited about partners."""

from backoffice.audit.actions import Action, declare

CREATED = Action("ib.partner_created", "made {client} a partner: {subject}")
STATE_MOVED = Action("ib.partner_state_moved", "made the partner {subject} {state}: {reason}")
PLACED = Action("ib.partner_placed", "put {subject} under {parent} from {from_at}: {reason}")
ATTRIBUTED = Action(
    "ib.client_attributed", "put {subject} under {partner} from {from_at}: {reason}"
)
DETACHED = Action("ib.client_detached", "ended that {subject} is with {partner}: {reason}")
AGREEMENT_CREATED = Action("ib.agreement_created", "created the agreement {subject}")
AGREEMENT_ASSIGNED = Action(
    "ib.agreement_assigned", "gave {subject} the agreement {agreement} from {from_at}: {reason}"
)
VERSION_SAVED = Action("ib.version_saved", "wrote {subject}")
VERSION_PROPOSED = Action("ib.version_proposed", "proposed {subject}")
VERSION_PUBLISHED = Action("ib.version_published", "published {subject}, effective {from_at}")
VERSION_REFUSED = Action("ib.version_refused", "sent {subject} back: {reason}")
RECALCULATION_ASKED = Action(
    "ib.recalculation_asked", "asked for unpaid commissions since {since} anew: {reason}"
)
RECALCULATED = Action(
    "ib.recalculated", "reckoned {deals} deals since {since} anew: {lines} new commission lines"
)
PAYOUT_PROPOSED = Action("ib.payout_proposed", "proposed {subject}: {amount} for {lines} lines")
PAYOUT_PAID = Action("ib.payout_paid", "paid {subject}: {amount} to {partner}")
PAYOUT_REFUSED = Action("ib.payout_refused", "refused {subject}: {reason}")

declare(
    CREATED,
    STATE_MOVED,
    PLACED,
    ATTRIBUTED,
    DETACHED,
    AGREEMENT_CREATED,
    AGREEMENT_ASSIGNED,
    VERSION_SAVED,
    VERSION_PROPOSED,
    VERSION_PUBLISHED,
    VERSION_REFUSED,
    RECALCULATION_ASKED,
    RECALCULATED,
    PAYOUT_PROPOSED,
    PAYOUT_PAID,
    PAYOUT_REFUSED,
)
