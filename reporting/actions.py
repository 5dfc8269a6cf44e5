from backoffice.audit.actions import Action, declare

PREPARED = Action("reporting.report_prepared", "prepared the client money report of {day}")
REPLACED = Action("reporting.report_replaced", "replaced the client money report {subject}")
SIGNED = Action("reporting.report_signed", "signed the client money report of {day}")
FILE_MADE = Action("reporting.file_made", "made the file {name}")
DOWNLOADED = Action("reporting.file_downloaded", "downloaded {name}")
POLICY_CHANGED = Action("reporting.policy_changed", "changed how client money is counted")
declare(PREPARED, REPLACED, SIGNED, FILE_MADE, DOWNLOADED, POLICY_CHANGED)
