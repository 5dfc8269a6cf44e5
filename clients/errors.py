from backoffice.core.errors import DomainError, InvalidInput, NotPermitted


class FileRefused(InvalidInput):
    """An uploaded file is not what it should be; it was not kept."""

    code = "file-refused"


class FileUnreadable(DomainError):
    """A stored file can't be opened: it is missing, altered, or its key is not configured."""

    code = "file-unreadable"
    sentence = "The stored file can't be opened. Its record is kept; tell an administrator."
    status = 500


class LinkRefused(DomainError):
    """An upload link that is unknown, used up, expired or withdrawn."""

    code = "link-refused"
    sentence = "This link is not valid. Ask the company that sent it for a new one."
    status = 410


class ActionStopped(NotPermitted):
    """The client may not do this now; the sentence says why."""

    code = "action-stopped"
