"""Answers of the server to the port's types.

Scalars come as strings or numbers, names in any case; a field that a build does not send has a
neutral value. What can't be read raises ``BadAnswer``.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from trading.bridge.errors import BadAnswer
from trading.bridge.port import (
    Account,
    AccountState,
    BalanceCheck,
    Deal,
    Group,
    MarginMode,
    Position,
    Symbol,
    Tick,
)
from trading.bridge.server_time import ServerClock

ZERO = Decimal(0)
LOT_OF_VOLUME = Decimal("0.0001")
LOT_OF_VOLUME_EXT = Decimal("0.00000001")

RIGHT_ENABLED = 0x1
RIGHT_TRADE_DISABLED = 0x4
RIGHTS_DEFAULT = 0x163
GROUP_CONNECTIONS_ENABLED = 0x2

# A bare backslash before one of these letters is good JSON for a control character; no path has
# one, so it was a backslash.
_MISREAD = str.maketrans({"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_MARGIN_MODES = {0: MarginMode.NETTING, 1: MarginMode.EXCHANGE, 2: MarginMode.HEDGING}


class Record:
    """Typed, case-insensitive access to one JSON object."""

    __slots__ = ("_lowered", "_row")

    def __init__(self, row: object) -> None:
        if not isinstance(row, dict):
            raise BadAnswer("The server sent something else where a record belongs.")
        self._row: Mapping[str, object] = row
        self._lowered: dict[str, object] | None = None

    def raw(self, name: str) -> object:
        value = self._row.get(name)
        if value is not None:
            return value
        if self._lowered is None:
            self._lowered = {key.lower(): item for key, item in self._row.items()}
        return self._lowered.get(name.lower())

    def has(self, name: str) -> bool:
        return self.raw(name) is not None

    def text(self, name: str) -> str:
        value = self.raw(name)
        return "" if value is None else str(value)

    def path(self, name: str) -> str:
        """A group or symbol path, with backslashes."""
        return self.text(name).translate(_MISREAD)

    def integer(self, name: str) -> int:
        value = self.raw(name)
        if value is None or value == "":
            return 0
        try:
            return int(str(value))
        except ValueError:
            raise BadAnswer(f"{name} is not a whole number: {str(value)[:40]!r}") from None

    def required(self, name: str) -> int:
        if not self.has(name):
            raise BadAnswer(f"The server left out {name}.")
        return self.integer(name)

    def decimal(self, name: str) -> Decimal:
        value = self.raw(name)
        if value is None or value == "":
            return ZERO
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise BadAnswer(f"{name} is not a number: {str(value)[:40]!r}") from None
        if not number.is_finite():
            raise BadAnswer(f"{name} is not a number: {str(value)[:40]!r}")
        return number

    def lots(self, name: str) -> Decimal:
        """Lots from ``name`` (1/10,000) or ``nameExt`` (1/100,000,000): a non-zero Ext wins."""
        return lots(self.decimal(name), self.decimal(name + "Ext"))


def lots(volume: Decimal, volume_ext: Decimal) -> Decimal:
    """Decimal lots of the server's two volume scales; the finer one wins unless it is zero."""
    return volume_ext * LOT_OF_VOLUME_EXT if volume_ext else volume * LOT_OF_VOLUME


def rows(payload: object) -> list[object]:
    """A payload that may be a list, one object, or nothing."""
    if payload is None or payload == "":
        return []
    return payload if isinstance(payload, list) else [payload]


def scalar(payload: object, name: str) -> int:
    """The whole number in ``{"total": "3"}`` and its like."""
    return Record(payload).required(name)


def account(row: object, clock: ServerClock) -> Account:
    record = Record(row)
    rights = record.integer("Rights")
    registered, last_access = record.integer("Registration"), record.integer("LastAccess")
    return Account(
        login=record.required("Login"),
        group=record.path("Group"),
        name=_full_name(record),
        leverage=record.integer("Leverage"),
        balance=record.decimal("Balance"),
        credit=record.decimal("Credit"),
        login_enabled=bool(rights & RIGHT_ENABLED),
        trading_enabled=not rights & RIGHT_TRADE_DISABLED,
        rights=rights,
        email=record.text("Email"),
        phone=record.text("Phone"),
        country=record.text("Country"),
        city=record.text("City"),
        address=record.text("Address"),
        zip_code=record.text("ZIPCode"),
        company=record.text("Company"),
        language=record.integer("Language"),
        agent=record.integer("Agent"),
        external_id=record.text("ID"),
        status=record.text("Status"),
        comment=record.text("Comment"),
        registered_server_s=registered,
        registered_utc=moment(registered, clock),
        last_access_server_s=last_access,
        last_access_utc=moment(last_access, clock),
    )


def _full_name(record: Record) -> str:
    parts = (record.text(part) for part in ("FirstName", "MiddleName", "LastName"))
    return record.text("Name") or " ".join(part for part in parts if part)


def account_state(row: object) -> AccountState:
    record = Record(row)
    balance, credit = record.decimal("Balance"), record.decimal("Credit")
    profit = record.decimal("Profit")
    equity = record.decimal("Equity") if record.has("Equity") else balance + credit + profit
    return AccountState(
        login=record.required("Login"),
        currency_digits=record.integer("CurrencyDigits"),
        balance=balance,
        credit=credit,
        equity=equity,
        margin=record.decimal("Margin"),
        margin_free=record.decimal("MarginFree"),
        margin_level_percent=record.decimal("MarginLevel"),
        profit=profit,
        swap=record.decimal("Storage"),
        flat=False,
    )


def flat_state(of: Account) -> AccountState:
    """The state of an account for which the server keeps none: no positions, so all is free."""
    equity = of.balance + of.credit
    return AccountState(
        login=of.login,
        currency_digits=None,
        balance=of.balance,
        credit=of.credit,
        equity=equity,
        margin=ZERO,
        margin_free=equity,
        margin_level_percent=ZERO,
        profit=ZERO,
        swap=ZERO,
        flat=True,
    )


def group(row: object) -> Group:
    record = Record(row)
    flags = record.integer("PermissionsFlags")
    return Group(
        name=record.path("Group"),
        company=record.text("Company"),
        currency=record.text("Currency"),
        currency_digits=record.integer("CurrencyDigits"),
        margin_mode=_MARGIN_MODES.get(record.integer("MarginMode"), MarginMode.UNKNOWN),
        connections_enabled=bool(flags & GROUP_CONNECTIONS_ENABLED),
        margin_call=record.decimal("MarginCall"),
        margin_stop_out=record.decimal("MarginStopOut"),
        stop_out_in_money=record.integer("MarginSOMode") == 1,
        password_length_min=record.integer("AuthPasswordMin"),
        default_leverage=record.integer("DemoLeverage"),
    )


def symbol(row: object) -> Symbol:
    record = Record(row)
    return Symbol(
        name=record.text("Symbol"),
        path=record.path("Path"),
        description=record.text("Description"),
        currency_base=record.text("CurrencyBase"),
        currency_profit=record.text("CurrencyProfit"),
        currency_margin=record.text("CurrencyMargin"),
        digits=record.integer("Digits"),
        contract_size=record.decimal("ContractSize"),
        tick_value=record.decimal("TickValue"),
        tick_size=record.decimal("TickSize"),
        volume_min=record.lots("VolumeMin"),
        volume_max=record.lots("VolumeMax"),
        volume_step=record.lots("VolumeStep"),
        trade_mode=record.integer("TradeMode"),
        calculation_mode=record.integer("CalcMode"),
    )


def deal(row: object, clock: ServerClock) -> Deal:
    record = Record(row)
    time_msc = _milliseconds(record, "Time")
    return Deal(
        deal=record.required("Deal"),
        login=record.required("Login"),
        order=record.integer("Order"),
        position=record.integer("PositionID"),
        action=record.required("Action"),
        entry=record.integer("Entry"),
        reason=record.integer("Reason"),
        dealer=record.integer("Dealer"),
        symbol=record.text("Symbol"),
        lots=record.lots("Volume"),
        lots_closed=record.lots("VolumeClosed"),
        price=record.decimal("Price"),
        price_position=record.decimal("PricePosition"),
        contract_size=record.decimal("ContractSize"),
        profit=record.decimal("Profit"),
        swap=record.decimal("Storage"),
        commission=record.decimal("Commission"),
        fee=record.decimal("Fee"),
        rate_profit=record.decimal("RateProfit"),
        currency_digits=record.integer("DigitsCurrency"),
        comment=record.text("Comment"),
        external_id=record.text("ExternalID"),
        time_server_msc=time_msc,
        time_utc=_utc(clock, time_msc),
    )


def position(row: object, clock: ServerClock) -> Position:
    record = Record(row)
    opened, updated = _milliseconds(record, "TimeCreate"), _milliseconds(record, "TimeUpdate")
    return Position(
        position=record.required("Position"),
        login=record.required("Login"),
        symbol=record.text("Symbol"),
        action=record.integer("Action"),
        lots=record.lots("Volume"),
        price_open=record.decimal("PriceOpen"),
        price_current=record.decimal("PriceCurrent"),
        price_sl=record.decimal("PriceSL"),
        price_tp=record.decimal("PriceTP"),
        contract_size=record.decimal("ContractSize"),
        profit=record.decimal("Profit"),
        swap=record.decimal("Storage"),
        currency_digits=record.integer("DigitsCurrency"),
        comment=record.text("Comment"),
        opened_server_msc=opened,
        opened_utc=_utc(clock, opened),
        updated_server_msc=updated,
        updated_utc=_utc(clock, updated),
    )


def tick(row: object, clock: ServerClock) -> Tick:
    record = Record(row)
    time_msc = _milliseconds(record, "Datetime")
    return Tick(
        symbol=record.text("Symbol"),
        bid=record.decimal("Bid"),
        ask=record.decimal("Ask"),
        last=record.decimal("Last"),
        time_server_msc=time_msc,
        time_utc=_utc(clock, time_msc),
    )


def balance_check(login: int, payload: object) -> BalanceCheck:
    record = Record(payload)
    balance, credit = Record(record.raw("Balance")), Record(record.raw("Credit"))
    return BalanceCheck(
        login=login,
        balance=balance.decimal("User"),
        balance_from_deals=balance.decimal("History"),
        credit=credit.decimal("User"),
        credit_from_deals=credit.decimal("History"),
    )


def moment(server_s: int, clock: ServerClock) -> datetime | None:
    """UTC of server seconds; the server writes 0 for never."""
    return _utc(clock, server_s * 1000) if server_s else None


def _utc(clock: ServerClock, server_msc: int) -> datetime:
    try:
        return clock.msc_to_utc(server_msc)
    except (OverflowError, ValueError, OSError):
        raise BadAnswer(f"{server_msc} ms is not a time.") from None


def _milliseconds(record: Record, name: str) -> int:
    precise = record.integer(name + "Msc")
    return precise or record.required(name) * 1000
