from backoffice.audit.actions import Action, declare

TEMPLATE_CHANGED = Action("operations.template_changed", "changed the message {subject}")
TEMPLATE_RESET = Action("operations.template_reset", "took back the brokerage's own {subject}")
ITEM_RETRIED = Action("operations.item_retried", "asked to try {subject} again")
BACKUP_ASKED = Action("operations.backup_asked", "asked for a backup")
DRILL_ASKED = Action("operations.drill_asked", "asked for a restore drill")
declare(TEMPLATE_CHANGED, TEMPLATE_RESET, ITEM_RETRIED, BACKUP_ASKED, DRILL_ASKED)
