"""What is audited about clients: the sentence, and which data is personal."""

from backoffice.audit.actions import Action, declare

CREATED = Action("clients.created", "created {subject} from {source}", ("name", "email"))
CHANGED = Action("clients.changed", "changed {fields} of {subject}", ("before", "after"))
STATE_MOVED = Action("clients.state_moved", "made {subject} {state}: {reason}")
LEVEL_SET = Action("clients.level_set", "set {subject} to level {level}")
RISK_SET = Action("clients.risk_set", "set the risk of {subject} to {band}: {reason}")
CATEGORY_SET = Action("clients.category_set", "made {subject} {category}: {reason}")
ASSIGNED = Action("clients.assigned", "gave {subject} to desk {desk}, manager {manager}")
RESTRICTED = Action("clients.restricted", "stopped {action} for {subject}: {text}")
LIFTED = Action("clients.restriction_lifted", "lifted the stop on {action} for {subject}: {reason}")
NOTED = Action("clients.noted", "wrote a note on {subject}", ("text",))
DOCUMENT_UPLOADED = Action(
    "clients.document_uploaded", "uploaded the {type} of {subject}", ("name",)
)
DOCUMENT_VIEWED = Action("clients.document_viewed", "looked at the {type} of {subject}", look=True)
DOCUMENT_DECIDED = Action("clients.document_decided", "{verdict} the {type} of {subject}")
DOCUMENT_DESCRIBED = Action("clients.document_described", "wrote down what the {type} says")
DOCUMENT_EXPIRED = Action("clients.document_expired", "noted that the {type} of {subject} expired")
LINK_CREATED = Action("clients.link_created", "made an upload link for {subject}")
LINK_REVOKED = Action("clients.link_revoked", "withdrew an upload link of {subject}")
MEANS_DECLARED = Action(
    "clients.means_declared",
    "wrote down what {subject} declared of their means",
    ("occupation", "income", "wealth", "deposits", "currency"),
)
PARTY_ADDED = Action("clients.party_added", "named {who} behind {subject}", ("name",))
PARTY_CHANGED = Action(
    "clients.party_changed", "changed {fields} of {who} behind {subject}", ("before", "after")
)
PARTY_DECIDED = Action("clients.party_decided", "{verdict} {who} behind {subject}{because}")
PARTY_ENDED = Action("clients.party_ended", "ended {who} behind {subject}")
TIE_ADDED = Action("clients.tie_added", "wrote down {who} as {role} of {of}")
TIE_ENDED = Action("clients.tie_ended", "ended {who} as {role} of {of}: {reason}")
FLAGGED = Action("clients.company_flagged", "noted of {subject}: {flags}")
TAX_CERTIFIED = Action(
    "clients.tax_certified", "wrote down the tax self-certification of {who}", ("countries",)
)
DATA_SHOWN = Action("clients.data_shown", "looked at unmasked data of {subject}", look=True)
DESK_CREATED = Action("clients.desk_created", "created the desk {subject}")
DESK_RENAMED = Action("clients.desk_renamed", "renamed the desk {was} to {subject}")
DESK_JOINED = Action("clients.desk_joined", "gave the desk {subject} to {member}")
DESK_LEFT = Action("clients.desk_left", "took the desk {subject} from {member}")

declare(
    CREATED,
    CHANGED,
    STATE_MOVED,
    LEVEL_SET,
    RISK_SET,
    CATEGORY_SET,
    ASSIGNED,
    RESTRICTED,
    LIFTED,
    NOTED,
    DOCUMENT_UPLOADED,
    DOCUMENT_VIEWED,
    DOCUMENT_DECIDED,
    DOCUMENT_DESCRIBED,
    DOCUMENT_EXPIRED,
    LINK_CREATED,
    LINK_REVOKED,
    MEANS_DECLARED,
    PARTY_ADDED,
    PARTY_CHANGED,
    PARTY_DECIDED,
    PARTY_ENDED,
    TIE_ADDED,
    TIE_ENDED,
    FLAGGED,
    TAX_CERTIFIED,
    DATA_SHOWN,
    DESK_CREATED,
    DESK_RENAMED,
    DESK_JOINED,
    DESK_LEFT,
)

# Looks, not changes: in the full timeline, not among the last events.
LOOKS = frozenset({DOCUMENT_VIEWED.code, DATA_SHOWN.code})
