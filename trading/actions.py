"""What is audited about trading servers, accounts, deals and balance operations."""

from backoffice.audit.actions import Action, declare

SERVER_ADDED = Action("trading.server_added", "connected the trading server {subject}")
SERVER_CHANGED = Action(
    "trading.server_changed", "changed {fields} of the trading server {subject}"
)
GROUP_OFFERED = Action("trading.group_offered", "{verb} the group {group}")
ACCOUNT_ASKED = Action("trading.account_asked", "asked for an account in {group}: {subject}")
ACCOUNT_OPENED = Action("trading.account_opened", "opened {subject} with login {login}")
ACCOUNT_REFUSED = Action("trading.account_refused", "was refused {subject}: {error}")
ACCOUNTS_FOUND = Action("trading.accounts_found", "found {count} accounts on {subject}")
ACCOUNT_LINKED = Action("trading.account_linked", "linked login {login} to {client}")
CHANGE_ASKED = Action("trading.change_asked", "asked to set the {kind} of {subject} to {wanted}")
CHANGE_APPLIED = Action("trading.change_applied", "set the {kind} of {subject} to {wanted}")
CHANGE_REFUSED = Action("trading.change_refused", "could not set the {kind} of {subject}: {error}")
CHANGED_OUTSIDE = Action(
    "trading.changed_outside", "noticed that {fields} of {subject} changed on the server"
)
PASSWORD_SHOWN = Action("trading.password_shown", "was shown the new password of {subject}")
OPERATION_ASKED = Action("trading.operation_asked", "asked to book {amount} on login {login}")
OPERATION_ENDED = Action("trading.operation_ended", "{outcome} {amount} on login {login}")
OPERATION_LOOKED = Action("trading.operation_looked", "asked to look again for {subject}")
OPERATION_LATE = Action(
    "trading.operation_late", "found deal {ticket} of {subject}, which had been given up"
)
OPERATION_CONFLICT = Action("trading.operation_conflict", "could not settle {subject}: {error}")
DEAL_EDITED = Action("trading.deal_edited", "noticed that deal {ticket} was edited on the server")
DEAL_GONE = Action("trading.deal_gone", "noticed that deal {ticket} is gone from the server")
DEAL_BACK = Action("trading.deal_back", "noticed that deal {ticket} is back on the server")
LEVERAGE_WRITTEN = Action("trading.leverage_written", "wrote {subject}: {note}")
LEVERAGE_PROPOSED = Action("trading.leverage_proposed", "proposed {subject}: {note}")
LEVERAGE_SET = Action("trading.leverage_set", "put {subject} in force: {note}")
LEVERAGE_ABOVE = Action(
    "trading.leverage_above", "found {subject} at 1:{leverage}, above its cap of 1:{cap}"
)

declare(
    LEVERAGE_WRITTEN,
    LEVERAGE_PROPOSED,
    LEVERAGE_SET,
    LEVERAGE_ABOVE,
    SERVER_ADDED,
    SERVER_CHANGED,
    GROUP_OFFERED,
    ACCOUNT_ASKED,
    ACCOUNT_OPENED,
    ACCOUNT_REFUSED,
    ACCOUNTS_FOUND,
    ACCOUNT_LINKED,
    CHANGE_ASKED,
    CHANGE_APPLIED,
    CHANGE_REFUSED,
    CHANGED_OUTSIDE,
    PASSWORD_SHOWN,
    OPERATION_ASKED,
    OPERATION_ENDED,
    OPERATION_LOOKED,
    OPERATION_LATE,
    OPERATION_CONFLICT,
    DEAL_EDITED,
    DEAL_GONE,
    DEAL_BACK,
)
