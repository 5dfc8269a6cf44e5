"""What can go wrong, in words for a person and a code for a program.

``DomainError`` is for people and outside callers: it says what happened, what was kept and what to
do. Outside parties raise ``OutsideError(permanent=...)``; only what can heal is tried again.
"""

from collections.abc import Mapping


class DomainError(Exception):
    """A rule of the business says no. ``sentence`` is shown as it is; ``status`` is for HTTP."""

    code = "domain"
    sentence = "This can't be done."
    status = 422

    def __init__(
        self, sentence: str = "", *, code: str = "", fields: Mapping[str, str] | None = None
    ) -> None:
        self.sentence = sentence or self.sentence
        self.code = code or self.code
        self.fields = dict(fields or {})
        super().__init__(self.sentence)


class InvalidInput(DomainError):
    """What was sent can't be understood or is out of bounds. Nothing was changed."""

    code = "invalid-input"
    sentence = "Something in what was sent is not valid. Nothing was changed."


class StateConflict(DomainError):
    """The object is no longer in the state that the caller saw (someone else was first)."""

    code = "state-conflict"
    sentence = "This has changed since the page was opened. Nothing was done; look again."
    status = 409


class NotPermitted(DomainError):
    """The actor can see the object but may not do this with it."""

    code = "not-permitted"
    sentence = "You don't have the right to do this."
    status = 403


class FourEyes(NotPermitted):
    """Maker and checker are one person."""

    code = "four-eyes"
    sentence = "Someone else has to approve this: you asked for it or changed it."


class IdempotencyConflict(DomainError):
    """The same key was used before for another request."""

    code = "idempotency-conflict"
    sentence = "This idempotency key was used for another request. Nothing was done."
    status = 409


class TenantScopeError(RuntimeError):
    """A tenant table was touched with no tenant, or another one, in scope: a bug, never input."""


class OutsideError(Exception):
    """An outside party (gateway, trading server, vendor, bank) failed.

    ``permanent`` says that trying the same again can't heal it.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        self.permanent = permanent
        super().__init__(message)
