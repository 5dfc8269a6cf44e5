"""Push notifications, internal mail and news: accepted, kept for the tests, sent nowhere."""

import re

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.core_types import Message
from sandbox.mt5.retcodes import Retcode

TEXT_MAX = 1_024
_LOGINS = re.compile(r"([0-9]{1,19})(?:-([0-9]{1,19}))?")


@command(
    "notification/send",
    right=Right.MESSAGES,
    raw="NOTIFICATIONS_SEND",
    also=("NOTIFICATION_SEND",),
)
def notification_send(call: Call) -> Answer:
    """Push a text to logins or MetaQuotes IDs; answers the logins it reached."""
    text, book = call.text("text"), call.server.book
    ids = {one.strip() for one in call.text("mq_id").split(",") if one.strip()}
    if not text or len(text) > TEXT_MAX or bool(ids) == bool(call.text("login")):
        return Answer(retcode=Retcode.PARAMETERS)
    if ids:
        logins = [user.login for user in book.users.values() if user.mqid in ids]
    else:
        logins = [login for login in call.numbers("login") if login in book.users]
    reached = [one for one in logins if call.manager.sees_group(book.users[one].group)]
    if not reached:
        return Answer(retcode=Retcode.NOT_FOUND)
    call.server.messages.append(Message("notification", tuple(reached), "", text))
    return Answer([str(login) for login in reached])


def _body_text(call: Call) -> str:
    """What is to be sent: the body as it is, or its field `Text` or `Body`."""
    if isinstance(call.body, str):
        return call.body
    return call.text("text") or call.text("body")


def _recipients(call: Call, to: str) -> list[int]:
    """Logins of a comma list of logins, ranges of logins ("100-250") and group masks."""
    book, logins, masks = call.server.book, set[int](), []
    for part in (one.strip() for one in to.split(",")):
        match = _LOGINS.fullmatch(part)
        if match is None:
            masks.append(part)
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        logins.update(login for login in book.users if first <= login <= last)
    logins.update(book.logins_in(",".join(masks)) if any(masks) else ())
    return sorted(one for one in logins if call.manager.sees_group(book.users[one].group))


@command("mail/send", right=Right.MESSAGES, takes_text=True)
def mail_send(call: Call) -> Answer:
    """Send an internal mail, whose text is the body of the request."""
    to, subject = call.text("to"), call.text("subject")
    if not to or not subject:
        return Answer(retcode=Retcode.PARAMETERS)
    logins = tuple(_recipients(call, to))
    if not logins:
        return Answer(retcode=Retcode.NOT_FOUND)
    call.server.messages.append(Message("mail", logins, subject, _body_text(call)))
    return Answer()


@command("news/send", right=Right.MESSAGES, takes_text=True)
def news_send(call: Call) -> Answer:
    """Send news to everybody, whose text is the body of the request."""
    subject = call.text("subject")
    if not subject:
        return Answer(retcode=Retcode.PARAMETERS)
    call.server.messages.append(Message("news", (), subject, _body_text(call)))
    return Answer()
