"""Accounts: add, change, find, passwords, trade state."""

from dataclasses import dataclass

from sandbox.mt5.auth import Right
from sandbox.mt5.commands.registry import Answer, Call, command
from sandbox.mt5.configs import MANAGER_GROUP, Group
from sandbox.mt5.crypto import password_digest
from sandbox.mt5.records import User
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import money_text, parse_integer

LEVERAGE_MAX = 500
PASSWORD_CHARS_MIN = 8
PASSWORD_CHARS_MAX = 16


@dataclass(frozen=True, slots=True)
class Field:
    """A field a manager may write: attribute, parameter, and characters kept (0 = a number)."""

    attribute: str
    parameter: str
    chars: int = 0


FIELDS = (
    Field("name", "name", 127),
    Field("first_name", "first_name", 127),
    Field("last_name", "last_name", 127),
    Field("middle_name", "middle_name", 127),
    Field("company", "company", 63),
    Field("account", "account", 31),
    Field("country", "country", 31),
    Field("city", "city", 31),
    Field("state", "state", 31),
    Field("zip_code", "zipcode", 15),
    Field("address", "address", 127),
    Field("phone", "phone", 31),
    Field("email", "email", 63),
    Field("id", "id", 31),
    Field("status", "status", 15),
    Field("comment", "comment", 63),
    Field("mqid", "mqid", 31),
    Field("lead_campaign", "lead_campaign", 31),
    Field("lead_source", "lead_source", 31),
    Field("language", "language"),
    Field("client_id", "client_id"),
    Field("color", "color"),
    Field("agent", "agent"),
    Field("rights", "rights"),
    Field("limit_positions", "limit_positions"),
    Field("limit_orders", "limit_orders"),
)
_PASSWORDS = {"main": "pass_main", "investor": "pass_investor", "phone": "pass_phone"}
# Empty for managers without access to personal data.
PERSONAL = (
    "Name", "FirstName", "LastName", "MiddleName", "Country", "City", "State", "ZipCode",
    "Address", "Phone", "Email", "Comment", "ID", "Status", "Account", "Company", "LeadCampaign",
    "LeadSource", "MQID", "LastIP",
)  # fmt: skip


def user_wire(call: Call, user: User) -> dict[str, object]:
    """The record as this manager may see it."""
    record = user.wire()
    if not call.manager.may(Right.PERSONAL_DATA):
        record.update(dict.fromkeys(PERSONAL, ""))
    return record


def is_strong(password: str, group: Group) -> bool:
    """8 to 16 characters (more if the group says so) of all four kinds."""
    least = max(PASSWORD_CHARS_MIN, group.auth_password_min)
    if not least <= len(password) <= PASSWORD_CHARS_MAX:
        return False
    return all(
        any(test(char) for char in password)
        for test in (str.islower, str.isupper, str.isdecimal, _is_special)
    )


def _is_special(char: str) -> bool:
    return not char.isalnum() and not char.isspace()


def _write_fields(call: Call, user: User) -> None:
    """Take over every given field; what doesn't fit is silently left as it was."""
    for one in FIELDS:
        text = call.text(one.parameter, "\0")
        if text == "\0":
            text = call.text(one.attribute, "\0")
        if text == "\0":
            continue
        if one.chars:
            setattr(user, one.attribute, text[: one.chars])
        elif (number := parse_integer(text)) is not None and number >= 0:
            setattr(user, one.attribute, number)


def _allowed_group(call: Call) -> Group:
    """The group to put an account in; 8 when it is missing or not the manager's."""
    group = call.server.book.groups.get(call.text("group"))
    if group is None or not call.manager.sees_group(group.name):
        raise Rejected(Retcode.PERMISSIONS)
    return group


def _leverage(call: Call) -> int:
    leverage = call.number("leverage")
    if not 1 <= leverage <= LEVERAGE_MAX:
        raise Rejected(Retcode.PARAMETERS)
    return leverage


@command("user/add", right=Right.ACCOUNTS_EDIT)
def user_add(call: Call) -> Answer:
    group = _allowed_group(call)
    leverage = _leverage(call)
    names = [call.text(part) for part in ("first_name", "middle_name", "last_name")]
    if not call.text("name") and not any(names):
        return Answer(retcode=Retcode.PARAMETERS)
    passwords = {kind: call.text(parameter) for kind, parameter in _PASSWORDS.items()}
    for kind in ("main", "investor"):
        if not passwords[kind]:
            return Answer(retcode=Retcode.PARAMETERS)
        if not is_strong(passwords[kind], group):
            return Answer(retcode=Retcode.PASSWORD)
    login = call.server.allocate_login(call.number("login", 0))
    user = User(login, group.name, group.currency_digits, leverage=leverage)
    _write_fields(call, user)
    user.name = user.name or " ".join(part for part in names if part)[:127]
    now = call.server.clock.now_s()
    user.registration = user.last_access = user.last_pass_change = now
    user.passwords = {kind: password_digest(text).hex() for kind, text in passwords.items() if text}
    call.server.book.add_user(user)
    return Answer(user_wire(call, user), tcp={"Login": str(login)})


@command("user/update", right=Right.ACCOUNTS_EDIT)
def user_update(call: Call) -> Answer:
    user = call.user()
    book = call.server.book
    target = book.groups.get(call.text("group", user.group))
    if target is not None and target.name != user.group:
        _check_move(call, user, target)
        book.move_user(user, target.name)
    _write_fields(call, user)
    leverage = parse_integer(call.text("leverage"))
    if leverage is not None and 1 <= leverage <= LEVERAGE_MAX:
        user.leverage = leverage
    book.touch(user)
    return Answer(user_wire(call, user))


def _check_move(call: Call, user: User, target: Group) -> None:
    """Whether an account may change its group. Raises Rejected."""
    call.check_group(target.name)
    current = call.server.book.group_of(user)
    if target.server != current.server:
        raise Rejected(Retcode.OTHER_SERVER)
    if target.currency != current.currency:
        raise Rejected(Retcode.OTHER_CURRENCY)
    if call.server.book.positions_of(user.login) or call.server.book.orders_of(user.login):
        raise Rejected(Retcode.HAS_TRADES)


def check_removable(call: Call, user: User) -> None:
    """Whether an account may be deleted or archived. Raises Rejected."""
    if user.login == call.manager.login:
        raise Rejected(Retcode.SELF_DELETION)
    if user.group == MANAGER_GROUP or user.group.startswith("managers\\"):
        raise Rejected(Retcode.PERMISSIONS)
    if call.server.book.positions_of(user.login) or call.server.book.orders_of(user.login):
        raise Rejected(Retcode.HAS_TRADES)


@command("user/delete", right=Right.ACCOUNTS_DELETE)
def user_delete(call: Call) -> Answer:
    user = call.user()
    check_removable(call, user)
    call.server.remember("user", user)
    call.server.book.remove_user(user.login)
    return Answer()


@command("user/get", right=Right.ACCOUNTS)
def user_get(call: Call) -> Answer:
    return Answer(user_wire(call, call.user()))


@command("user/get_batch", right=Right.ACCOUNTS)
def user_get_batch(call: Call) -> Answer:
    users = call.server.book.users
    return Answer([user_wire(call, users[login]) for login in call.logins()])


@command("user/get_external", right=Right.ACCOUNTS)
def user_get_external(call: Call) -> Answer:
    account = call.text("account")
    if not account:
        return Answer(retcode=Retcode.PARAMETERS)
    for user in call.server.book.users.values():
        if user.account == account and call.manager.sees_group(user.group):
            return Answer(user_wire(call, user))
    return Answer(retcode=Retcode.NOT_FOUND)


@command("user/sync_external", right=Right.ACCOUNTS_EDIT)
def user_sync_external(call: Call) -> Answer:
    call.user()
    return Answer(retcode=Retcode.NO_SERVICE)


@command("user/check_password", right=Right.ACCOUNTS, also=("USER_PASS_CHECK",))
def user_check_password(call: Call) -> Answer:
    user = call.user()
    kind = _password_kind(call)
    is_right = user.passwords.get(kind) == password_digest(call.text("password")).hex()
    return Answer(retcode=Retcode.DONE if is_right else Retcode.PASSWORD)


@command("user/change_password", right=Right.ACCOUNTS_EDIT, also=("USER_PASS_CHANGE",))
def user_change_password(call: Call) -> Answer:
    user = call.user()
    kind, password = _password_kind(call), call.text("password")
    if not is_strong(password, call.server.book.group_of(user)):
        return Answer(retcode=Retcode.PASSWORD)
    user.passwords[kind] = password_digest(password).hex()
    manager = call.server.authenticator.managers.get(user.login)
    if manager is not None and kind == "api":
        manager.password = password
    user.last_pass_change = call.server.clock.now_s()
    call.server.book.touch(user)
    return Answer()


def _password_kind(call: Call) -> str:
    kind = call.text("type", "main").lower()
    if kind not in {"main", "investor", "api"}:
        raise Rejected(Retcode.PARAMETERS)
    return kind


@command("user/account/get", right=Right.ACCOUNTS, also=("USER_ACCOUNT_GET",))
def user_account_get(call: Call) -> Answer:
    user = call.user()
    if not call.server.has_trade_state(user):
        return Answer(retcode=Retcode.NOT_FOUND)
    return Answer(call.server.engine.math.state(user).wire())


@command("user/account/get_batch", right=Right.ACCOUNTS)
def user_account_get_batch(call: Call) -> Answer:
    book, state = call.server.book, call.server.engine.math.state
    users = [book.users[login] for login in call.logins()]
    return Answer([state(user).wire() for user in users if call.server.has_trade_state(user)])


@command("user/logins", right=Right.ACCOUNTS)
def user_logins(call: Call) -> Answer:
    if not call.text("group"):
        return Answer(retcode=Retcode.PARAMETERS)
    return Answer([str(login) for login in call.logins()])


@command("user/total", right=Right.ACCOUNTS)
def user_total(call: Call) -> Answer:
    return Answer(scalars={"Total": str(len(call.server.book.users))})


@command("user/group", right=Right.ACCOUNTS)
def user_group(call: Call) -> Answer:
    return Answer(scalars={"Group": call.user().group})


@command("user/check_balance", right=Right.ACCOUNTANT)
def user_check_balance(call: Call) -> Answer:
    """Compare balance and credit with what the deals sum up to; fixflag=1 sets them right."""
    user = call.user()
    balance, credit = call.server.book.history_sums(user.login)
    digits = user.currency_digits
    answer = {
        "Balance": {
            "User": money_text(user.balance, digits),
            "History": money_text(balance, digits),
        },
        "Credit": {
            "User": money_text(user.credit, digits),
            "History": money_text(credit, digits),
        },
    }
    if call.number("fixflag", 0) == 1:
        user.balance, user.credit = balance, credit
        call.server.book.touch(user)
    return Answer(answer)


@command("user/certificate/get", right=Right.ACCOUNTS)
def user_certificate_get(call: Call) -> Answer:
    call.user()
    return Answer(retcode=Retcode.NOT_FOUND)


@command("user/otp_secret/get", right=Right.ACCOUNTS_EDIT)
def user_otp_secret_get(call: Call) -> Answer:
    return Answer({"OTP_SECRET": call.user().otp_secret})


@command("user/otp_secret/set", right=Right.ACCOUNTS_EDIT)
def user_otp_secret_set(call: Call) -> Answer:
    user = call.user()
    user.otp_secret = call.text("otp_secret")
    call.server.book.touch(user)
    return Answer()
