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

declare(
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
