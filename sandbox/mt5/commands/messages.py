"""Push notifications, internal mail and news: accepted, kept for the tests, sent nowhere."""

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.core_types import Message
from sandbox.mt5.retcodes import Retcode
from sandbox.mt5.wire_values import parse_integer

TEXT_MAX = 1_024


@command("notification/send", right=Right.MESSAGES, raw="NOTIFICATIONS_SEND")
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


@command("mail/send", right=Right.MESSAGES)
def mail_send(call: Call) -> Answer:
    """Send an internal mail to logins or a group mask."""
    to, subject = call.text("to"), call.text("subject")
    text = call.text("text") or call.text("body")
    if not to or not subject:
        return Answer(retcode=Retcode.PARAMETERS)
    book = call.server.book
    is_list = all(parse_integer(part) is not None for part in to.split(",") if part.strip())
    wanted = call.numbers("to") if is_list else book.logins_in(to)
    users = [book.users[login] for login in wanted if login in book.users]
    logins = tuple(user.login for user in users if call.manager.sees_group(user.group))
    if not logins:
        return Answer(retcode=Retcode.NOT_FOUND)
    call.server.messages.append(Message("mail", logins, subject, text))
    return Answer()


@command("news/send", right=Right.MESSAGES)
def news_send(call: Call) -> Answer:
    subject = call.text("subject")
    if not subject:
        return Answer(retcode=Retcode.PARAMETERS)
    text = call.text("text") or call.text("body")
    call.server.messages.append(Message("news", (), subject, text))
    return Answer()
