from backoffice.audit.actions import Action, declare

ACCOUNT_OPENED = Action("ledger.account_opened", "opened the ledger account {subject}")
ACCOUNT_CLOSED = Action("ledger.account_closed", "closed the ledger account {subject}")
ACCOUNT_REOPENED = Action("ledger.account_reopened", "reopened the ledger account {subject}")
DAY_CLOSED = Action("ledger.day_closed", "closed the books of {day}")
# Written by the function that seals (sql/seal.sql).
SEALED = Action("ledger.sealed", "sealed journals as {subject}: {journals}")

declare(ACCOUNT_OPENED, ACCOUNT_CLOSED, ACCOUNT_REOPENED, DAY_CLOSED, SEALED)
