"""What is audited about KYC."""

from backoffice.audit.actions import Action, declare

OPENED = Action("kyc.opened", "opened {subject} for level {level}")
MOVED = Action("kyc.moved", "moved {subject} to {state}{because}")
ANSWERED = Action("kyc.answered", "wrote down answers of {subject}", ("answers",))
CHECK_ANSWERED = Action("kyc.check_answered", "answered {check} of {subject}: {outcome}")
CHECK_ASKED = Action("kyc.check_asked", "asked {check} of {subject} again")
RISK_RATED = Action("kyc.risk_rated", "rated {subject} {band} by hand: {reason}")
SENT = Action("kyc.sent_to_approval", "sent {subject} to approval")
VIEWED = Action("kyc.viewed", "looked at {subject}", look=True)
LEVEL_TAX = Action("kyc.level_tax", "set: {subject} {what} the tax self-certification")
LEVELS_INSTALLED = Action("kyc.levels_installed", "laid the first KYC levels and reasons")
WARNED = Action("kyc.expiry_warned", "warned {subject}: the {type} expires in {days} days")

CATEGORY_ASKED = Action("kyc.category_asked", "asked to make {subject} {category}: {reason}")

VENDOR_CONNECTED = Action("kyc.vendor_connected", "connected {kind} as {name}")
VENDOR_CHANGED = Action("kyc.vendor_changed", "changed how {subject} is reached")
IDENTITY_STARTED = Action("kyc.identity_started", "asked {vendor} to check {subject}")
IDENTITY_SAID = Action("kyc.identity_said", "heard from {vendor} about {subject}: {verdict}")

declare(
    CATEGORY_ASKED,
    VENDOR_CONNECTED,
    VENDOR_CHANGED,
    IDENTITY_STARTED,
    IDENTITY_SAID,
    OPENED,
    MOVED,
    ANSWERED,
    CHECK_ANSWERED,
    CHECK_ASKED,
    RISK_RATED,
    SENT,
    VIEWED,
    LEVELS_INSTALLED,
    LEVEL_TAX,
    WARNED,
)
