"""What is audited about questionnaires."""

from backoffice.audit.actions import Action, declare

MADE = Action("kyc.form_made", "began the questionnaire {subject}")
CHANGED = Action("kyc.form_changed", "changed {subject}: {what}")
PROPOSED = Action("kyc.form_proposed", "proposed {subject}: {note}")
PUBLISHED = Action("kyc.form_published", "published {subject}: {note}")
DROPPED = Action("kyc.form_dropped", "threw {subject} away")
BEGUN = Action("kyc.filling_begun", "began {form} for {subject}")
LINKED = Action("kyc.filling_linked", "made a link to {form} for {subject}")
SAVED = Action("kyc.filling_saved", "answered {count} questions of {form} for {subject}")
ANSWERED = Action("kyc.filling_answered", "answered {form} for {subject}: {outcome}")
CONFIRMED = Action("kyc.warning_confirmed", "confirmed the warning of {form} for {subject}")
FILLING_DROPPED = Action("kyc.filling_dropped", "dropped {form} of {subject}: {reason}")

declare(
    MADE,
    CHANGED,
    PROPOSED,
    PUBLISHED,
    DROPPED,
    BEGUN,
    LINKED,
    SAVED,
    ANSWERED,
    CONFIRMED,
    FILLING_DROPPED,
)
