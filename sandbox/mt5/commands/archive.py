"""The archive of accounts, and the nightly backups of accounts, deals, orders and positions.

A backup is a view: the records as they were at a server midnight, put together from what is
there now and from what is remembered of changed and deleted records.
"""

from typing import Any

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.deals import body_records
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.commands.users import check_removable, user_wire
from sandbox.mt5.records import Deal, Position, User
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.rollover import DAY_S
from sandbox.mt5.wire_values import parse_integer

BACKUPS_KEPT = 30


@command("user/archive/add", right=Right.ACCOUNTS_DELETE, also=("USER_ARCHIVE",))
def user_archive_add(call: Call) -> Answer:
    """Move an account to the archive: it can't trade or be found until it is restored."""
    user = call.user()
    check_removable(call, user)
    call.server.book.remove_user(user.login)
    call.server.book.archive[user.login] = user
    call.server.book.mark("archive", user.login)
    return Answer()


def _archived(call: Call, login: int) -> User:
    user = call.server.book.archive.get(login)
    if user is None:
        raise Rejected(Retcode.NOT_FOUND)
    call.check_group(user.group)
    return user


@command("user/archive/get", right=Right.ACCOUNTS)
def user_archive_get(call: Call) -> Answer:
    return Answer(user_wire(call, _archived(call, call.number("login"))))


@command("user/archive/get_batch", right=Right.ACCOUNTS)
def user_archive_get_batch(call: Call) -> Answer:
    archive, by_group = call.server.book.archive, call.text("group")
    if bool(by_group) == bool(call.text("login")):
        return Answer(retcode=Retcode.PARAMETERS)
    wanted = sorted(archive) if by_group else call.numbers("login")
    users = [archive[login] for login in wanted if login in archive]
    if by_group:
        users = [user for user in users if call.server.is_in(user.group, by_group)]
    return Answer([user_wire(call, one) for one in users if call.manager.sees_group(one.group)])


def _check_home(call: Call, user: User) -> None:
    """Whether the group of an account that comes back is still there. Raises Rejected."""
    if user.group not in call.server.book.groups:
        raise Rejected(Retcode.PERMISSIONS)
    call.check_group(user.group)


def _can_hold(call: Call, position: Position) -> bool:
    book = call.server.book
    return position.login in book.users and position.symbol in book.symbols


@command("user/restore", right=Right.ACCOUNTS_EDIT)
def user_restore(call: Call) -> Answer:
    user = _archived(call, call.number("login"))
    _check_home(call, user)
    del call.server.book.archive[user.login]
    call.server.book.mark("archive", user.login)
    call.server.book.add_user(user)
    return Answer(user_wire(call, user))


# Backups


def _backup_times(call: Call) -> list[int]:
    """The server midnights of the last thirty days that lie in the period."""
    start_msc, end_msc = call.period_msc()
    today = call.server.clock.now_s() // DAY_S * DAY_S
    times = [today - DAY_S * back for back in range(BACKUPS_KEPT - 1, -1, -1)]
    return [one for one in times if start_msc <= one * 1000 <= end_msc]


def _list(call: Call) -> Answer:
    return Answer([str(one) for one in _backup_times(call)])


for _name in ("user", "deal", "order", "position"):
    command(f"{_name}/backup/list", right=Right.ACCOUNTS)(_list)


def _versions(call: Call, kind: str, moment: int) -> dict[int, Any]:
    """Records of a kind that were changed or deleted after a moment, as they were then."""
    versions: dict[int, Any] = {}
    for version in reversed(call.server.book.versions[kind]):
        if version.changed_s > moment:
            record = version.record
            key = record.login if isinstance(record, User) else record.ticket
            versions[key] = record
    return versions


@command("deal/backup/get", right=Right.TRADES)
def deal_backup_get(call: Call) -> Answer:
    """The deals of an account as a backup has them."""
    login, moment = call.number("login"), call.number("backup")
    start, end = call.period_msc()
    deals = {one.ticket: one for one in call.server.book.deals.page(login, start, end)}
    for ticket, deal in _versions(call, "deal", moment).items():
        if deal.login == login and start <= deal.time_msc <= end:
            deals[ticket] = deal
    found = [deals[ticket] for ticket in sorted(deals)]
    return Answer([one.wire() for one in found if one.time_msc <= moment * 1000])


@command("deal/backup/restore", right=Right.TRADES_EDIT)
def deal_backup_restore(call: Call) -> Answer:
    """Put deals back as they were: the body holds records of a backup."""
    book, now = call.server.book, call.server.clock.now_s()
    for record in body_records(call):
        ticket = parse_integer(str(record.get("Deal"))) or 0
        deal = _last_version(call, "deal", ticket)
        if not isinstance(deal, Deal):
            return Answer(retcode=Retcode.NOT_FOUND)
        if book.deals.get(ticket) is None:
            book.add_deal(deal)
        else:
            book.replace_deal(deal, now)
    return Answer()


def _last_version(call: Call, kind: str, key: int) -> Any:
    for version in reversed(call.server.book.versions[kind]):
        record = version.record
        if (record.login if isinstance(record, User) else record.ticket) == key:
            return record
    return None


@command("user/backup/get", right=Right.ACCOUNTS)
def user_backup_get(call: Call) -> Answer:
    """An account as a backup has it, deleted ones included."""
    login, moment = call.number("login"), call.number("backup")
    user = _versions(call, "user", moment).get(login) or call.server.book.users.get(login)
    if user is None or user.registration > moment:
        return Answer(retcode=Retcode.NOT_FOUND)
    call.check_group(user.group)
    return Answer(user_wire(call, user))


@command("user/backup/restore", right=Right.ACCOUNTS_EDIT)
def user_backup_restore(call: Call) -> Answer:
    """Bring a deleted account back."""
    login = call.number("login")
    if login in call.server.book.users:
        return Answer(retcode=Retcode.LOGIN_EXISTS)
    user = _last_version(call, "user", login)
    if not isinstance(user, User):
        return Answer(retcode=Retcode.NOT_FOUND)
    _check_home(call, user)
    call.server.book.add_user(user)
    return Answer(user_wire(call, user))


@command("position/backup/get", right=Right.TRADES)
def position_backup_get(call: Call) -> Answer:
    """The positions of an account that were open at a backup and have not been closed since."""
    login, moment = call.number("login"), call.number("backup")
    positions = {one.ticket: one for one in call.server.book.positions_of(login)}
    for ticket, position in _versions(call, "position", moment).items():
        if isinstance(position, Position) and position.login == login:
            positions[ticket] = position
    found = [positions[ticket] for ticket in sorted(positions)]
    return Answer([one.wire() for one in found if one.time_create_msc <= moment * 1000])


@command("position/backup/restore", right=Right.TRADES_EDIT)
def position_backup_restore(call: Call) -> Answer:
    for record in body_records(call):
        ticket = parse_integer(str(record.get("Position"))) or 0
        position = _last_version(call, "position", ticket)
        if not isinstance(position, Position) or not _can_hold(call, position):
            return Answer(retcode=Retcode.NOT_FOUND)
        call.server.book.add_position(position)
    return Answer()
