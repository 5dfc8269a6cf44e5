"""The writing verbs of trading. Whatever needs the server is asked for here and done after the
commit by the outbox (``trading.handlers``)."""

from trading.services.accounts import account_link, account_open
from trading.services.changes import (
    account_archive,
    account_move_group,
    account_set_leverage,
    account_set_status,
    password_reset,
    password_show,
)
from trading.services.operations import (
    operation_cancel,
    operation_look,
    operation_request,
    operation_resolve,
)
from trading.services.servers import group_offer, server_add, server_ask, server_change

__all__ = [
    "account_archive",
    "account_link",
    "account_move_group",
    "account_open",
    "account_set_leverage",
    "account_set_status",
    "group_offer",
    "operation_cancel",
    "operation_look",
    "operation_request",
    "operation_resolve",
    "password_reset",
    "password_show",
    "server_add",
    "server_ask",
    "server_change",
]
