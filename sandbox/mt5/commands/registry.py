"""The list of commands: each handler declares its name, its right and its raw names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.mt5.auth import Manager, Right, Session
from sandbox.mt5.records import User
from sandbox.mt5.retcodes import Rejected, Retcode
from sandbox.mt5.wire_values import parse_integer

if TYPE_CHECKING:
    from sandbox.mt5.core import TradeServer

PAGE_MAX = 100
MASK_MAX = 5_000
SECONDS_MAX = 2**33
# Names of the JSON fields that are not simply the parameter's name with capitals.
_BODY_NAMES = {
    "id": ("ID", "id"),
    "email": ("Email", "EMail"),
    "zipcode": ("ZipCode", "ZIPCode", "ZIPcode"),
    "mqid": ("MQID",),
    "mq_id": ("MQID", "MqID"),
    "pass_phone": ("PhonePassword", "PassPhone"),
    "fixflag": ("FixFlag", "Fixflag"),
}


@dataclass(slots=True)
class Answer:
    """What a command answers.

    `payload` becomes "answer" in REST and the JSON part in TCP. A `scalars` answer ({"total"})
    is "answer" in REST and parameters in TCP; its names are in the documented case. `top` holds
    fields beside the retcode in both; `tcp` parameters only the raw form has.
    """

    payload: Any = None
    retcode: int = Retcode.DONE
    scalars: dict[str, str] | None = None
    top: dict[str, str] = field(default_factory=dict)
    tcp: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    closes: bool = False


@dataclass(slots=True)
class Call:
    """One call: who asks, and with what. Parameter names are lower case, body names exact.

    The body is what its JSON says, or a text for the commands that take one.
    """

    server: "TradeServer"
    session: Session
    manager: Manager
    params: dict[str, str]
    body: Any = None

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text; the body overrides the query. Lists become comma lists."""
        value = self._from_body(name)
        if value is None:
            return self.params.get(name, default)
        if isinstance(value, list):
            return ",".join(str(one) for one in value)
        return str(value)

    def _from_body(self, name: str) -> Any:
        if not isinstance(self.body, dict):
            return None
        for key in (*_BODY_NAMES.get(name, (_pascal(name),)), name):
            if self.body.get(key) is not None:
                return self.body[key]
        return None

    def number(self, name: str, default: int | None = None) -> int:
        """An integer parameter; without a default it is required. Raises Rejected."""
        text = self.text(name).strip()
        if not text:
            if default is None:
                raise Rejected(Retcode.PARAMETERS)
            return default
        number = parse_integer(text)
        if number is None:
            raise Rejected(Retcode.PARAMETERS)
        return number

    def numbers(self, name: str) -> list[int]:
        """A comma list of integers. Raises Rejected."""
        parts = [part.strip() for part in self.text(name).split(",") if part.strip()]
        numbers = [parse_integer(part) for part in parts]
        if None in numbers:
            raise Rejected(Retcode.PARAMETERS)
        return [number for number in numbers if number is not None]

    def period_msc(self, *, may_be_open: bool = False) -> tuple[int, int]:
        """`from` and `to` (server seconds, both included) in milliseconds. Raises Rejected.

        Where a period may be open, an end that is left out is as far as there is anything.
        """
        first, last = (0, SECONDS_MAX) if may_be_open else (None, None)
        start = max(min(self.number("from", first), SECONDS_MAX), -SECONDS_MAX)
        end = max(min(self.number("to", last), SECONDS_MAX), -SECONDS_MAX)
        return start * 1000, end * 1000 + 999

    def page(self) -> tuple[int, int]:
        """`offset` and `total`; never more than a hundred rows a page. Raises Rejected."""
        offset, total = self.number("offset", 0), self.number("total", PAGE_MAX)
        if offset < 0 or total < 0:
            raise Rejected(Retcode.PARAMETERS)
        return offset, min(total, PAGE_MAX)

    def user(self, login: int | None = None) -> User:
        """The account of `login`, if it exists and the manager may see it. Raises Rejected."""
        number = self.number("login") if login is None else login
        user = self.server.book.users.get(number)
        if user is None:
            raise Rejected(Retcode.NOT_FOUND)
        self.check_group(user.group)
        return user

    def check_group(self, group: str) -> None:
        if not self.manager.sees_group(group):
            raise Rejected(Retcode.PERMISSIONS)

    def check_right(self, right: Right) -> None:
        if not self.manager.may(right):
            raise Rejected(Retcode.PERMISSIONS)

    def chosen(self, name: str) -> str:
        """A list of numbers as text. "0" names nothing: clients fill in all they know with it."""
        text = self.text(name)
        return "" if text.strip() == "0" else text

    def by_tickets(self) -> bool:
        """Whether a batch goes by `ticket`, not by `login` or `group`. Raises Rejected."""
        has_owner = bool(self.chosen("login") or self.text("group"))
        if self.chosen("ticket") and has_owner:
            raise Rejected(Retcode.PARAMETERS)
        return bool(self.text("ticket")) and not has_owner

    def logins(self) -> list[int]:
        """Logins of exactly one of `login` and `group` that the manager sees. Raises Rejected."""
        by_login, by_group = self.chosen("login"), self.text("group")
        if bool(by_login) == bool(by_group):
            raise Rejected(Retcode.PARAMETERS)
        users = self.server.book.users
        found = self.numbers("login") if by_login else self.server.book.logins_in(by_group)
        return [one for one in found if one in users and self.manager.sees_group(users[one].group)]


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of the protocol: REST path below /api/, right needed, names in the raw form."""

    name: str
    handler: Handler
    right: Right | None
    raw: str
    takes_text: bool = False


COMMANDS: dict[str, Command] = {}
RAW_COMMANDS: dict[str, Command] = {}


def command(
    name: str, *, right: Right | None = None, raw: str | None = None, also: tuple[str, ...] = (),
    takes_text: bool = False,
) -> Callable[[Handler], Handler]:  # fmt: skip
    """Register a handler under its REST name; the raw name is the same in capitals.

    `also` are further raw names; with `takes_text` a body need not be JSON. The REST names from
    before build 2920 are the raw names in lower case ("/user_add"), so they need no list of their
    own.
    """

    def register(handler: Handler) -> Handler:
        raw_name = raw or name.upper().replace("/", "_")
        entry = Command(name, handler, right, raw_name, takes_text)
        COMMANDS[name] = entry
        for alias in (raw_name, *also):
            RAW_COMMANDS[alias] = entry
        return handler

    return register


def find_rest(path: str) -> Command | None:
    """The command of a REST path: "/api/user/get", or as before build 2920 "/user_get"."""
    name = path.strip("/").lower()
    if name.startswith("api/"):
        name = name[4:]
    return COMMANDS.get(name) or RAW_COMMANDS.get(name.upper())


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
