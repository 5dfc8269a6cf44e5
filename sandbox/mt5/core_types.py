"""Small records that commands and the core share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A notification, mail or news item a manager sent."""

    kind: str
    logins: tuple[int, ...]
    subject: str
    text: str
