"""What can go wrong on the way to a trading server.

Every error says whether trying the same again can heal it (``permanent``). An unknown outcome is
not an error: it is a value (``port.Unknown``), because somebody has to settle it.
"""

from backoffice.core.errors import OutsideError


class BridgeError(OutsideError):
    """A trading server could not do what was asked."""


class ConnectionFailed(BridgeError):
    """No connection could be made: nothing was sent, so nothing can have happened."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class NotNow(BridgeError):
    """The server is being left alone for a while; nothing was sent.

    ``retry_in_s`` is when to ask again, in seconds.
    """

    def __init__(self, message: str, *, retry_in_s: float) -> None:
        self.retry_in_s = retry_in_s
        super().__init__(message, permanent=False)


class AnswerLost(BridgeError):
    """The request was sent and its answer never came: it may or may not have been carried out.

    Safe to repeat for reads and for changes that set an absolute value (group, rights, password).
    """

    def __init__(self, message: str, *, timed_out: bool = False) -> None:
        self.timed_out = timed_out
        super().__init__(message, permanent=False)


class BadAnswer(BridgeError):
    """The server answered with something that is not its protocol."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class PartialAnswer(BadAnswer):
    """The server gave only a part of what was asked for: ask for less at once."""


class ServerIdentityError(BridgeError):
    """The machine that answered is not the server that was set up. No command was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class AuthenticationRefused(BridgeError):
    """The server does not let our manager account in. ``retcode`` is its own code, if it gave one.

    Permanent (wrong password, address not allowed) until an operator changes something.
    """

    def __init__(self, message: str, *, permanent: bool = True, retcode: int | None = None) -> None:
        self.retcode = retcode
        super().__init__(message, permanent=permanent)


class CommandRefused(BridgeError):
    """The server understood and said no: ``retcode`` and its wire ``text``."""

    def __init__(self, command: str, retcode: int, text: str, *, permanent: bool) -> None:
        self.command = command
        self.retcode = retcode
        self.text = text
        super().__init__(f"{command}: {retcode} {text}".rstrip(), permanent=permanent)


class NotFound(CommandRefused):
    """The server has no such account, group, symbol or deal."""


class ChangeIgnored(BridgeError):
    """The server said "done" and kept some of the old values (it ignores what it finds invalid).

    ``fields`` names them.
    """

    def __init__(self, login: int, fields: tuple[str, ...]) -> None:
        self.login = login
        self.fields = fields
        names = ", ".join(fields)
        super().__init__(f"Account {login}: the server did not take {names}.", permanent=True)


class BalanceConflict(BridgeError):
    """Deals carry our token but not our amount, or more than one does: for a person to settle.

    ``deals`` are their tickets.
    """

    def __init__(self, message: str, *, deals: tuple[int, ...]) -> None:
        self.deals = deals
        super().__init__(message, permanent=True)
