from backoffice.audit.actions import Action, declare

MEMBER_ADDED = Action("staff.member_added", "added {subject} to the staff", ("email",))
ROLE_GRANTED = Action("staff.role_granted", "granted the role {role} to {subject}")
ROLE_WITHDRAWN = Action("staff.role_withdrawn", "withdrew the role {role} from {subject}")
ROLE_CREATED = Action("staff.role_created", "created the role {subject}")
API_KEY_CREATED = Action("staff.api_key_created", "created the API key {subject}")
API_KEY_REVOKED = Action("staff.api_key_revoked", "revoked the API key {subject}")
MEMBER_KEPT_OUT = Action("staff.member_kept_out", "took away the place of {subject}")
MEMBER_LET_IN = Action("staff.member_let_in", "gave {subject} their place back")
TENANT_CHOSEN = Action("staff.tenant_chosen", "opened this brokerage")
SIGNED_IN = Action("staff.signed_in", "signed in")
SIGNED_OUT = Action("staff.signed_out", "signed out")
SIGN_IN_FAILED = Action("staff.sign_in_failed", "refused {subject}: {why}")
PASSWORD_CHANGED = Action("staff.password_changed", "changed their password")
FACTOR_ADDED = Action("staff.factor_added", "set up {factor} for signing in")
FACTOR_REMOVED = Action("staff.factor_removed", "removed {factor} from signing in")
FACTOR_RENEWED = Action("staff.factor_renewed", "made {factor} anew")
SESSION_ENDED = Action("staff.session_ended", "ended {count} of their sessions")
INVITATION_ACCEPTED = Action("staff.invitation_accepted", "took up their invitation")
BRAND_CHANGED = Action("staff.brand_changed", "changed the brand: {changes}")
ENTITY_SAVED = Action("staff.entity_saved", "set the legal entity {subject}")
NETWORKS_CHANGED = Action("staff.networks_changed", "changed where staff may come from")
TENANT_CREATED = Action("staff.tenant_created", "created the brokerage {subject}")
TENANT_SUSPENDED = Action("staff.tenant_suspended", "suspended the brokerage: {reason}")
TENANT_RESUMED = Action("staff.tenant_resumed", "opened the brokerage again: {reason}")
SUPPORT_OPENED = Action("staff.support_opened", "opened a support session: {reason}")
SUPPORT_LOOKED = Action("staff.support_looked", "looked at {subject}", look=True)
SUPPORT_ENDED = Action("staff.support_ended", "ended the support session of {subject}")

# Coming and going: in the trail, and no news to anyone.
COMINGS = (TENANT_CHOSEN, SIGNED_IN, SIGNED_OUT)

declare(
    INVITATION_ACCEPTED,
    BRAND_CHANGED,
    ENTITY_SAVED,
    NETWORKS_CHANGED,
    TENANT_CREATED,
    TENANT_SUSPENDED,
    TENANT_RESUMED,
    SUPPORT_OPENED,
    SUPPORT_LOOKED,
    SUPPORT_ENDED,
    SIGNED_IN,
    SIGNED_OUT,
    SIGN_IN_FAILED,
    PASSWORD_CHANGED,
    FACTOR_ADDED,
    FACTOR_REMOVED,
    FACTOR_RENEWED,
    SESSION_ENDED,
    MEMBER_ADDED,
    ROLE_GRANTED,
    ROLE_WITHDRAWN,
    ROLE_CREATED,
    API_KEY_CREATED,
    API_KEY_REVOKED,
    MEMBER_KEPT_OUT,
    MEMBER_LET_IN,
    TENANT_CHOSEN,
)
