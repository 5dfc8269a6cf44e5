from backoffice.audit.actions import Action, declare

ACCOUNT_ADDED = Action("reconciliation.account_added", "added the bank account {subject}")
FILE_IMPORTED = Action(
    "reconciliation.file_imported", "imported {subject}: {lines} lines", typed_label=True
)
FILE_REFUSED = Action(
    "reconciliation.file_refused", "had {subject} refused: {problem}", typed_label=True
)
FILE_TAKEN_UP = Action(
    "reconciliation.file_taken_up",
    "gave the statements of {subject} their account {account}",
    typed_label=True,
)
FILE_COLUMNS = Action(
    "reconciliation.file_columns", "chose the columns of {subject}{layout}", typed_label=True
)
LAYOUT_SAVED = Action("reconciliation.layout_saved", "kept the columns of {subject}: {columns}")
FILE_DONE = Action(
    "reconciliation.file_done",
    "worked through {subject}: {matched} of {lines} lines matched",
    typed_label=True,
)
LINE_MATCHED = Action("reconciliation.line_matched", "matched a line to {subject}: {explanation}")
LINE_UNMATCHED = Action(
    "reconciliation.line_unmatched", "took back the match of {subject}: {reason}"
)
BREAK_OPENED = Action("reconciliation.break_opened", "opened {subject}: {explanation}")
BREAK_TAKEN = Action("reconciliation.break_taken", "looks into {subject}")
BREAK_RESOLVED = Action("reconciliation.break_resolved", "resolved {subject}: {outcome}")
BREAK_ACCEPTED = Action(
    "reconciliation.break_accepted", "wrote off {amount} of {subject}: {outcome}"
)
ACCOUNT_SIGNED = Action("reconciliation.account_signed", "signed {subject} off for {day}")
PICKED_UP = Action(
    "reconciliation.picked_up", "found {subject} in the pickup folder: {result}", typed_label=True
)
WRITE_OFF_PROPOSED = Action(
    "reconciliation.write_off_proposed", "proposed to write off {amount} of {subject}: {outcome}"
)
LIMITS_PROPOSED = Action(
    "reconciliation.limits_proposed", "proposed limits of write-offs: {limits}"
)
LIMITS_SET = Action("reconciliation.limits_set", "set the limits of write-offs: {limits}")
ADJUSTMENT_PROPOSED = Action(
    "reconciliation.adjustment_proposed", "proposed an adjustment of {subject}: {what}, {amount}"
)
ADJUSTMENT_BOOKED = Action(
    "reconciliation.adjustment_booked", "booked an adjustment of {subject}: {what}, {amount}"
)
ADJUSTMENT_REFUSED = Action(
    "reconciliation.adjustment_refused", "refused an adjustment of {subject}: {reason}"
)
ADJUSTMENT_TAKEN_BACK = Action(
    "reconciliation.adjustment_taken_back", "took the adjustment of {subject} back: {reason}"
)
REPORT_IMPORTED = Action(
    "reconciliation.report_imported", "imported {subject} of {gateway}: {lines} lines"
)
REPORT_REFUSED = Action("reconciliation.report_refused", "refused {subject}: {problem}")
REPORT_DONE = Action(
    "reconciliation.report_done", "worked {subject} through: {matched} matched, {open} open"
)
REPORTS_MATCHED = Action(
    "reconciliation.reports_matched",
    "held reports of {subject} against the books: {matched} matched, {breaks} breaks opened, "
    "{ended} ended",
)
TERMS_SAVED = Action("reconciliation.terms_saved", "set what {subject} keeps: {terms}")
COST_PROPOSED = Action("reconciliation.cost_proposed", "proposed {amount} as the cost of {subject}")
COST_BOOKED = Action("reconciliation.cost_booked", "booked {amount} as the cost of {subject}")
COST_REFUSED = Action("reconciliation.cost_refused", "refused the cost of {subject}: {reason}")

declare(
    ACCOUNT_ADDED,
    FILE_IMPORTED,
    FILE_REFUSED,
    FILE_COLUMNS,
    LAYOUT_SAVED,
    FILE_TAKEN_UP,
    FILE_DONE,
    LINE_MATCHED,
    LINE_UNMATCHED,
    BREAK_OPENED,
    BREAK_TAKEN,
    BREAK_RESOLVED,
    BREAK_ACCEPTED,
    ACCOUNT_SIGNED,
    PICKED_UP,
    WRITE_OFF_PROPOSED,
    LIMITS_PROPOSED,
    LIMITS_SET,
    ADJUSTMENT_PROPOSED,
    ADJUSTMENT_BOOKED,
    ADJUSTMENT_REFUSED,
    ADJUSTMENT_TAKEN_BACK,
    REPORT_IMPORTED,
    REPORT_REFUSED,
    REPORT_DONE,
    REPORTS_MATCHED,
    TERMS_SAVED,
    COST_PROPOSED,
    COST_BOOKED,
    COST_REFUSED,
)
