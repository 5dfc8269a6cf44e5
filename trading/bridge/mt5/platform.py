"""The port, implemented for MetaTrader 5 over its REST interface."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from backoffice.core.clock import now
from trading.bridge import port
from trading.bridge.errors import (
    AnswerLost,
    BadAnswer,
    ChangeIgnored,
    CommandRefused,
    NotFound,
)
from trading.bridge.mt5 import batches, configuration, money, records, retcodes
from trading.bridge.mt5 import deals as deal_reading
from trading.bridge.mt5.retcodes import MoneyMeaning
from trading.bridge.mt5.session import Mt5Session
from trading.bridge.mt5.wire import Parameters
from trading.bridge.resilience import Health
from trading.bridge.server_time import (
    DstRule,
    ServerClock,
    clock_from_measurement,
    measured_offset,
)

NAMES_PER_REQUEST = 100
POSITIONS_PER_PAGE = 100
POSITIONS_MAX = 100_000

# The port's names of account fields beside the server's.
UPDATABLE = {
    "group": "Group",
    "name": "Name",
    "leverage": "Leverage",
    "email": "Email",
    "phone": "Phone",
    "country": "Country",
    "city": "City",
    "address": "Address",
    "zip_code": "ZIPCode",
    "company": "Company",
    "agent": "Agent",
    "external_id": "ID",
    "status": "Status",
    "comment": "Comment",
    "rights": "Rights",
}
_ADDABLE = {"login": "Login"} | {
    name: field for name, field in UPDATABLE.items() if name not in ("status", "rights")
}


class Mt5Platform:
    """One MT5 server. See ``port.TradingPlatform`` for what each method promises.

    ``clock`` is the declared time zone of the server; None measures it, with ``dst_rule``.
    """

    def __init__(
        self,
        session: Mt5Session,
        *,
        clock: ServerClock | None = None,
        dst_rule: DstRule = DstRule.NONE,
    ) -> None:
        self._session = session
        self._declared = clock
        self._dst_rule = dst_rule
        self._measured: ServerClock | None = None

    # -- accounts ---------------------------------------------------------------------------

    def account_create(self, new: port.NewAccount) -> port.Account | port.Unknown:
        clock = self.clock
        rights = records.RIGHTS_DEFAULT & ~records.RIGHT_ENABLED
        rights |= records.RIGHT_ENABLED if new.login_enabled else 0
        rights |= 0 if new.trading_enabled else records.RIGHT_TRADE_DISABLED
        body = {_ADDABLE[name]: getattr(new, name) for name in _ADDABLE if getattr(new, name)}
        body |= {
            "Rights": rights,
            "PassMain": new.password_main,
            "PassInvestor": new.password_investor,
        }
        try:
            answer = self._session.change("/api/user/add", {}, _json(body))
            return records.account(answer.payload, clock)
        except (AnswerLost, BadAnswer) as error:
            return port.Unknown(str(error))
        except CommandRefused as error:
            if retcodes.money_meaning(error.retcode) is MoneyMeaning.UNKNOWN:
                return port.Unknown(str(error))
            raise

    def account_get(self, login: int) -> port.Account:
        answer = self._session.read("/api/user/get", {"login": login})
        return records.account(answer.payload, self.clock)

    def logins(self, group: str = "*") -> tuple[int, ...]:
        return batches.logins_of(self._session, group)

    def accounts(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[port.Account, ...]]:
        clock = self.clock
        for found in batches.selected(self._session, "/api/user/get_batch", logins, group):
            yield tuple(records.account(row, clock) for row in found)

    def account_update(self, login: int, changes: Mapping[str, object]) -> port.Account:
        unknown = set(changes) - set(UPDATABLE)
        if unknown:
            raise ValueError(f"Not a field that can be set: {', '.join(sorted(unknown))}")
        body = {"Login": login} | {UPDATABLE[name]: value for name, value in changes.items()}
        answer = self._session.change("/api/user/update", {"login": login}, _json(body))
        after = records.account(answer.payload, self.clock)
        ignored = tuple(name for name, value in changes.items() if getattr(after, name) != value)
        if ignored:
            raise ChangeIgnored(login, ignored)
        return after

    def account_rights_set(
        self,
        login: int,
        *,
        login_enabled: bool | None = None,
        trading_enabled: bool | None = None,
    ) -> port.Account:
        before = self.account_get(login)
        rights = before.rights
        if login_enabled is not None:
            rights = _with_flag(rights, records.RIGHT_ENABLED, login_enabled)
        if trading_enabled is not None:
            rights = _with_flag(rights, records.RIGHT_TRADE_DISABLED, not trading_enabled)
        if rights == before.rights:
            return before
        return self.account_update(login, {"rights": rights})

    def account_password_set(self, login: int, kind: port.PasswordKind, password: str) -> None:
        self._session.change("/api/user/change_password", {}, _password(login, kind, password))

    def account_password_check(self, login: int, kind: port.PasswordKind, password: str) -> bool:
        try:
            self._session.read("/api/user/check_password", {}, _password(login, kind, password))
        except CommandRefused as error:
            if error.retcode == retcodes.INVALID_PASSWORD:
                return False
            raise
        return True

    def account_state(self, login: int) -> port.AccountState:
        try:
            answer = self._session.read("/api/user/account/get", {"login": login})
        except NotFound:
            return records.flat_state(self.account_get(login))
        return records.account_state(answer.payload)

    def account_states(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[port.AccountState, ...]]:
        for found in batches.selected(self._session, "/api/user/account/get_batch", logins, group):
            yield tuple(records.account_state(row) for row in found)

    def online(self, logins: Sequence[int]) -> tuple[port.Online, ...]:
        return tuple(
            port.Online(
                login=account.login,
                connected=None,
                last_access_server_s=account.last_access_server_s,
                last_access_utc=account.last_access_utc,
            )
            for batch in self.accounts(logins=logins)
            for account in batch
        )

    # -- money ------------------------------------------------------------------------------

    def balance_operation(
        self,
        *,
        login: int,
        kind: port.BalanceKind,
        amount: Decimal,
        currency_digits: int,
        token: str,
        note: str = "",
        margin_checked: bool = True,
    ) -> port.BalanceOutcome:
        parameters = money.balance_parameters(
            login=login,
            kind=kind,
            amount=amount,
            currency_digits=currency_digits,
            token=token,
            note=note,
            margin_checked=margin_checked,
        )
        return money.outcome(self._session.money("/api/trade/balance", parameters))

    def find_balance_deal(
        self, *, login: int, token: str, amount: Decimal, start: datetime, end: datetime
    ) -> port.Deal | None:
        return money.find_deal(
            self._session, self.clock, login=login, token=token, amount=amount, start=start, end=end
        )

    def check_balance(self, login: int) -> port.BalanceCheck:
        answer = self._session.read("/api/user/check_balance", {"login": login, "fixflag": 0})
        return records.balance_check(login, answer.payload)

    # -- configuration and prices -----------------------------------------------------------

    def groups(self, mask: str = "*") -> tuple[port.Group, ...]:
        rows = configuration.all_rows(self._session, "group", mask)
        return tuple(records.group(row) for row in rows)

    def symbols(self, mask: str = "*") -> tuple[port.Symbol, ...]:
        rows = configuration.all_rows(self._session, "symbol", mask)
        return tuple(records.symbol(row) for row in rows)

    def ticks(self, symbols: Sequence[str], cursor: int = 0) -> port.Ticks:
        clock = self.clock
        found: list[port.Tick] = []
        latest = cursor
        for names in batches.chunks(list(symbols), NAMES_PER_REQUEST):
            wanted: Parameters = {"symbol": ",".join(names), "trans_id": cursor}
            answer = self._session.read("/api/tick/last", wanted)
            latest = max(latest, records.Record(dict(answer.top)).integer("trans_id"))
            found += (records.tick(row, clock) for row in records.rows(answer.payload))
        return port.Ticks(latest, tuple(found))

    # -- deals and positions ----------------------------------------------------------------

    def deal_window(self, start: datetime, end: datetime | None = None) -> port.DealWindow:
        clock = self.clock
        if end is not None:
            return port.DealWindow(*clock.server_window(start, end))
        server_s = self._server_seconds()
        # In the hour that autumn repeats it may be the second pass; the earlier reading would cut.
        present = clock.to_utc(server_s, fold=1)
        started, ended = clock.server_window(start, max(start, present))
        return port.DealWindow(started, max(ended, server_s))

    def deal_total(self, login: int, window: port.DealWindow) -> int:
        return deal_reading.total(self._session, login, window)

    def deals_of(self, login: int, window: port.DealWindow) -> port.DealSweep:
        return deal_reading.sweep(self._session, self.clock, login, window)

    def deals(
        self, window: port.DealWindow, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[port.DealBatch]:
        for parameters in batches.selections(logins, group):
            yield from deal_reading.slices(self._session, self.clock, parameters, window)

    def deal_gaps(
        self, seen: Mapping[int, int], window: port.DealWindow
    ) -> tuple[port.DealGap, ...]:
        counted = ((login, deal_reading.total(self._session, login, window)) for login in seen)
        return tuple(
            port.DealGap(login, seen[login], total)
            for login, total in counted
            if seen[login] != total
        )

    def positions(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[port.Position, ...]]:
        clock = self.clock
        for found in batches.selected(self._session, "/api/position/get_batch", logins, group):
            read = (records.position(row, clock) for row in found)
            yield tuple({position.position: position for position in read}.values())

    def positions_of(self, login: int) -> tuple[port.Position, ...]:
        clock = self.clock
        found: dict[int, port.Position] = {}
        for offset in range(0, POSITIONS_MAX, POSITIONS_PER_PAGE):
            parameters = {"login": login, "offset": offset, "total": POSITIONS_PER_PAGE}
            page = batches.rows(self._session, "/api/position/get_page", parameters)
            found |= {item.position: item for item in (records.position(r, clock) for r in page)}
            if len(page) < POSITIONS_PER_PAGE:
                break
        return tuple(found.values())

    # -- time and connection ----------------------------------------------------------------

    @property
    def clock(self) -> ServerClock:
        """The declared clock, else one measured once from the server."""
        if self._declared:
            return self._declared
        if self._measured is None:
            self._measured = clock_from_measurement(self._server_seconds(), now(), self._dst_rule)
        return self._measured

    def time(self) -> port.ServerTime:
        clock = self.clock
        server_s = self._server_seconds()
        moment = now()
        offset, expected = measured_offset(server_s, moment), clock.offset_at(moment)
        return port.ServerTime(
            server_s=server_s,
            utc=clock.to_utc(server_s),
            offset_s=offset,
            expected_offset_s=expected,
            agrees=offset == expected,
        )

    def health(self) -> Health:
        return self._session.health()

    def keep_alive(self) -> bool:
        return self._session.keep_alive()

    def close(self) -> None:
        self._session.close()

    # -- shared -----------------------------------------------------------------------------

    def _server_seconds(self) -> int:
        answer = self._session.read("/api/time/server", {})
        text = records.Record(answer.payload or dict(answer.top)).text("time")
        seconds, _, _ = text.partition(" ")
        if not seconds.isdigit():
            raise BadAnswer(f"The server's time is {text[:40]!r}.")
        return int(seconds)


def _with_flag(rights: int, flag: int, wanted: bool) -> int:
    return rights | flag if wanted else rights & ~flag


def _json(body: Mapping[str, object]) -> bytes:
    """The server's JSON is all strings."""
    return json.dumps({name: str(value) for name, value in body.items()}).encode()


def _password(login: int, kind: port.PasswordKind, password: str) -> bytes:
    return _json({"Login": login, "Type": kind.value, "Password": password})
