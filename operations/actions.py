from backoffice.audit.actions import Action, declare

TEMPLATE_CHANGED = Action("operations.template_changed", "changed the message {subject}")
TEMPLATE_RESET = Action("operations.template_reset", "took back the brokerage's own {subject}")
ITEM_RETRIED = Action("operations.item_retried", "asked to try {subject} again")
declare(TEMPLATE_CHANGED, TEMPLATE_RESET, ITEM_RETRIED)
