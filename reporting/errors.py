"""Why a report can't be made or signed, in words for the person who asked."""

from backoffice.core.errors import InvalidInput, StateConflict


class DayNotOver(InvalidInput):
    code = "day-not-over"


class DayNotReady(StateConflict):
    """Something of the checklist keeps the day open; the sentence says what."""

    code = "day-not-ready"


class AlreadySigned(StateConflict):
    code = "already-signed"


class FileDamaged(StateConflict):
    code = "file-damaged"
    sentence = (
        "The file no longer matches the hash that was recorded when it was made, so it is not"
        " handed out. Tell the administrator; the figures on this page are from the database."
    )
