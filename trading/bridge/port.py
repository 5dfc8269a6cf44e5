"""The port: what the back office asks of a trading server, whatever its make.

Lots are Decimal lots, money is Decimal in the account's currency, prices are Decimal. Every time
is given twice: as the server's own wall clock (raw, what the server would print) and as aware UTC.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from trading.bridge.resilience import Health

COMMENT_LENGTH_MAX = 31  # servers cut silently after this


class BalanceKind(StrEnum):
    """What a balance operation books. Credit and bonus change Credit, the others Balance."""

    BALANCE = "balance"
    CREDIT = "credit"
    CHARGE = "charge"
    CORRECTION = "correction"
    BONUS = "bonus"


class PasswordKind(StrEnum):
    MAIN = "main"
    INVESTOR = "investor"


class MarginMode(StrEnum):
    NETTING = "netting"
    EXCHANGE = "exchange"
    HEDGING = "hedging"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Applied:
    """The operation is booked; ``ticket`` is its deal."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no: nothing is booked. ``permanent``: asking the same again is no use."""

    retcode: int
    text: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was sent and no proof of the outcome came back. Look for it before doing anything."""

    reason: str


BalanceOutcome = Applied | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Account:
    """A trading account (MT: user). Money as the server stores it, without open profit."""

    login: int
    group: str
    name: str
    leverage: int
    balance: Decimal
    credit: Decimal
    login_enabled: bool
    trading_enabled: bool
    rights: int
    """The server's own flags, unknown bits included."""
    email: str
    phone: str
    country: str
    city: str
    address: str
    zip_code: str
    company: str
    language: int
    agent: int
    """Login of the introducing broker's account, 0 for none."""
    external_id: str
    """Our own reference, kept by the server."""
    status: str
    comment: str
    registered_server_s: int
    registered_utc: datetime | None
    last_access_server_s: int
    last_access_utc: datetime | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What opens an account. ``login`` 0 lets the server choose.

    With a login of our own a repeated create is refused as existing; without one put a reference in
    ``external_id``, so that an unknown outcome can be looked for.
    """

    group: str
    name: str
    leverage: int
    password_main: str
    password_investor: str
    login: int = 0
    login_enabled: bool = True
    trading_enabled: bool = True
    email: str = ""
    phone: str = ""
    country: str = ""
    city: str = ""
    address: str = ""
    zip_code: str = ""
    company: str = ""
    agent: int = 0
    external_id: str = ""
    comment: str = ""

    def __repr__(self) -> str:
        return f"NewAccount(group={self.group!r}, login={self.login})"


@dataclass(frozen=True, slots=True)
class AccountState:
    """Money and margin of an account now, in its currency.

    ``flat``: the server keeps no trade state for it, so there are no positions.
    ``currency_digits`` is None when the server did not say.
    """

    login: int
    currency_digits: int | None
    balance: Decimal
    credit: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    margin_level_percent: Decimal
    profit: Decimal
    swap: Decimal
    flat: bool


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    company: str
    currency: str
    currency_digits: int
    margin_mode: MarginMode
    connections_enabled: bool
    margin_call: Decimal
    margin_stop_out: Decimal
    stop_out_in_money: bool
    """Margin call and stop out are money of the group's currency, else percent."""
    password_length_min: int
    default_leverage: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """``volume_*`` are lots, ``contract_size`` units of the base per lot."""

    name: str
    path: str
    description: str
    currency_base: str
    currency_profit: str
    currency_margin: str
    digits: int
    contract_size: Decimal
    tick_value: Decimal
    tick_size: Decimal
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    trade_mode: int
    calculation_mode: int


ACTION_BUY = 0
ACTION_SELL = 1
ACTIONS_CANCELED = (13, 14)
ACTION_BALANCE_FIRST = 2
ACTION_BALANCE_LAST = 6


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal. For balance operations ``profit`` is the signed amount.

    ``action`` 0 buy, 1 sell, 2 balance, 3 credit, 4 charge, 5 correction, 6 bonus, 13 and 14
    canceled; ``entry`` 0 in, 1 out, 2 in and out, 3 out by.
    """

    deal: int
    login: int
    order: int
    position: int
    action: int
    entry: int
    reason: int
    dealer: int
    symbol: str
    lots: Decimal
    lots_closed: Decimal
    price: Decimal
    price_position: Decimal
    contract_size: Decimal
    profit: Decimal
    swap: Decimal
    commission: Decimal
    fee: Decimal
    rate_profit: Decimal
    currency_digits: int
    comment: str
    external_id: str
    time_server_msc: int
    time_utc: datetime

    @property
    def is_trade(self) -> bool:
        return self.action in (ACTION_BUY, ACTION_SELL)

    @property
    def is_balance_operation(self) -> bool:
        return ACTION_BALANCE_FIRST <= self.action <= ACTION_BALANCE_LAST

    @property
    def is_canceled(self) -> bool:
        """A deal taken back: it counts in no profit and no commission."""
        return self.action in ACTIONS_CANCELED


@dataclass(frozen=True, slots=True)
class Position:
    """An open position. ``action`` 0 buy, 1 sell."""

    position: int
    login: int
    symbol: str
    action: int
    lots: Decimal
    price_open: Decimal
    price_current: Decimal
    price_sl: Decimal
    price_tp: Decimal
    contract_size: Decimal
    profit: Decimal
    swap: Decimal
    currency_digits: int
    comment: str
    opened_server_msc: int
    opened_utc: datetime
    updated_server_msc: int
    updated_utc: datetime


@dataclass(frozen=True, slots=True)
class Tick:
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal
    time_server_msc: int
    time_utc: datetime


@dataclass(frozen=True, slots=True)
class Ticks:
    """``cursor`` handed back to the next call yields only what changed."""

    cursor: int
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Online:
    """``connected`` is None where the platform's interface does not tell."""

    login: int
    connected: bool | None
    last_access_server_s: int
    last_access_utc: datetime | None


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The server's clock. ``agrees`` is False when it differs from the declared time zone."""

    server_s: int
    utc: datetime
    offset_s: int
    expected_offset_s: int
    agrees: bool


@dataclass(frozen=True, slots=True)
class BalanceCheck:
    """What an account shows beside what its deals add up to, in its currency."""

    login: int
    balance: Decimal
    balance_from_deals: Decimal
    credit: Decimal
    credit_from_deals: Decimal

    @property
    def agrees(self) -> bool:
        return self.balance == self.balance_from_deals and self.credit == self.credit_from_deals


@dataclass(frozen=True, slots=True)
class DealGap:
    """``seen`` deals were read for ``login`` where the server counts ``counted``."""

    login: int
    seen: int
    counted: int


@dataclass(frozen=True, slots=True)
class DealWindow:
    """A frozen stretch of the server's wall clock, inclusive seconds."""

    start_server_s: int
    end_server_s: int


@dataclass(frozen=True, slots=True)
class DealSweep:
    """All deals of one login in a window, once each, oldest first.

    ``gap`` is None when their number equals the server's count before and after.
    """

    login: int
    window: DealWindow
    deals: tuple[Deal, ...]
    duplicates: int
    gap: DealGap | None


@dataclass(frozen=True, slots=True)
class DealBatch:
    """Deals of many logins in one slice of a window, once each."""

    window: DealWindow
    deals: tuple[Deal, ...]
    duplicates: int


class TradingPlatform(Protocol):
    """One trading server. Reads may be repeated; a change is sent at most once per call.

    Raises ``BridgeError`` subclasses. Calls block (network): never inside a transaction.
    """

    def account_create(self, new: NewAccount) -> Account | Unknown:
        """Open an account, sent once. ``Unknown``: it may be there; look for its login or
        ``external_id`` before asking again. Raises ``CommandRefused``."""

    def account_get(self, login: int) -> Account:
        """Raises ``NotFound``."""

    def logins(self, group: str = "*") -> tuple[int, ...]:
        """Logins in the groups of a mask, ascending."""

    def accounts(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[Account, ...]]:
        """Accounts by logins or by group mask, in batches."""

    def account_update(self, login: int, changes: Mapping[str, object]) -> Account:
        """Set fields of ``Account`` by their names here. Raises ``ChangeIgnored``."""

    def account_rights_set(
        self,
        login: int,
        *,
        login_enabled: bool | None = None,
        trading_enabled: bool | None = None,
    ) -> Account:
        """Allow or forbid signing in and trading; every other right is kept."""

    def account_password_set(self, login: int, kind: PasswordKind, password: str) -> None:
        """Raises ``CommandRefused`` if it is too weak for the account's group."""

    def account_password_check(self, login: int, kind: PasswordKind, password: str) -> bool: ...

    def account_state(self, login: int) -> AccountState:
        """Raises ``NotFound``."""

    def account_states(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[AccountState, ...]]:
        """States in batches; accounts without trade state are left out."""

    def balance_operation(
        self,
        *,
        login: int,
        kind: BalanceKind,
        amount: Decimal,
        currency_digits: int,
        token: str,
        note: str = "",
        margin_checked: bool = True,
    ) -> BalanceOutcome:
        """Book ``amount`` (signed) once, ``token`` first in the comment.

        Raises ``BridgeError`` only when nothing was sent.
        """

    def find_balance_deal(
        self, *, login: int, token: str, amount: Decimal, start: datetime, end: datetime
    ) -> Deal | None:
        """The deal that an unknown outcome became, or None if there is none (yet).

        Raises ``BalanceConflict`` when the token is there with another amount, or twice.
        """

    def check_balance(self, login: int) -> BalanceCheck: ...

    def groups(self, mask: str = "*") -> tuple[Group, ...]: ...

    def symbols(self, mask: str = "*") -> tuple[Symbol, ...]: ...

    def ticks(self, symbols: Sequence[str], cursor: int = 0) -> Ticks: ...

    def deal_window(self, start: datetime, end: datetime | None = None) -> DealWindow:
        """Freeze a window; without ``end`` it ends at the server's present second."""

    def deal_total(self, login: int, window: DealWindow) -> int: ...

    def deals_of(self, login: int, window: DealWindow) -> DealSweep:
        """Every deal of one login, paged and counted."""

    def deals(
        self, window: DealWindow, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[DealBatch]:
        """Deals of many logins, sliced by time and logins."""

    def deal_gaps(self, seen: Mapping[int, int], window: DealWindow) -> tuple[DealGap, ...]:
        """Logins whose number of deals read differs from the server's count."""

    def positions(
        self, *, logins: Sequence[int] = (), group: str = ""
    ) -> Iterator[tuple[Position, ...]]: ...

    def positions_of(self, login: int) -> tuple[Position, ...]: ...

    def online(self, logins: Sequence[int]) -> tuple[Online, ...]: ...

    def time(self) -> ServerTime: ...

    def health(self) -> Health: ...

    def keep_alive(self) -> bool:
        """Send a ping if one is due; returns whether it was sent. Call it every few seconds."""

    def close(self) -> None: ...
