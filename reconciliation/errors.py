from backoffice.core.errors import InvalidInput, StateConflict


class FileRefused(InvalidInput):
    code = "statement-refused"
    sentence = "The file can't be read as a statement. It is kept; nothing was booked."


class FileKnown(StateConflict):
    code = "statement-known"
    sentence = "This file was imported before. Nothing was booked twice."


class BreakClosed(StateConflict):
    code = "break-closed"
    sentence = "Someone has closed this break already. Nothing was done."
