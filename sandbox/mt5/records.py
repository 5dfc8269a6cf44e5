"""The records of the trade server and their JSON form.

Money is an integer in the smallest unit of the deposit currency, volumes are integers in
1e-8 lots, prices are floats rounded to the symbol's digits (the platform keeps doubles), times
are milliseconds of the server's wall clock.
"""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

from sandbox.mt5.wire_values import VOLUME_EXT_PER_VOLUME, money_text


class Action(IntEnum):
    """What a deal is."""

    BUY = 0
    SELL = 1
    BALANCE = 2
    CREDIT = 3
    CHARGE = 4
    CORRECTION = 5
    BONUS = 6
    COMMISSION = 7
    BUY_CANCELED = 13
    SELL_CANCELED = 14


class Entry(IntEnum):
    """Whether a deal opens or closes."""

    IN = 0
    OUT = 1
    INOUT = 2
    OUT_BY = 3


class Reason(IntEnum):
    """Who or what caused a deal, an order or a position."""

    CLIENT = 0
    EXPERT = 1
    DEALER = 2
    STOP_LOSS = 3
    TAKE_PROFIT = 4
    STOP_OUT = 5


class OrderType(IntEnum):
    BUY = 0
    SELL = 1
    BUY_LIMIT = 2
    SELL_LIMIT = 3
    BUY_STOP = 4
    SELL_STOP = 5
    BUY_STOP_LIMIT = 6
    SELL_STOP_LIMIT = 7
    CLOSE_BY = 8


class OrderState(IntEnum):
    STARTED = 0
    PLACED = 1
    CANCELED = 2
    PARTIAL = 3
    FILLED = 4
    REJECTED = 5
    EXPIRED = 6


class UserRights(IntFlag):
    """EnUsersRights: flags of a client account."""

    ENABLED = 0x1
    PASSWORD = 0x2
    TRADE_DISABLED = 0x4
    TRAILING = 0x20
    EXPERT = 0x40
    REPORTS = 0x100
    RESET_PASS = 0x400


DEFAULT_USER_RIGHTS = (
    UserRights.ENABLED
    | UserRights.PASSWORD
    | UserRights.TRAILING
    | UserRights.EXPERT
    | UserRights.REPORTS
)
CREDIT_ACTIONS = frozenset({Action.CREDIT, Action.BONUS})
TRADE_ACTIONS = frozenset({Action.BUY, Action.SELL})
CANCELED_ACTIONS = frozenset({Action.BUY_CANCELED, Action.SELL_CANCELED})


@dataclass(slots=True)
class User:
    """A client account."""

    login: int
    group: str
    currency_digits: int = 2
    rights: int = int(DEFAULT_USER_RIGHTS)
    registration: int = 0
    last_access: int = 0
    last_pass_change: int = 0
    last_ip: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    middle_name: str = ""
    company: str = ""
    account: str = ""
    country: str = ""
    language: int = 0
    client_id: int = 0
    city: str = ""
    state: str = ""
    zip_code: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    id: str = ""
    status: str = ""
    comment: str = ""
    color: int = 4278190080
    leverage: int = 100
    agent: int = 0
    mqid: str = ""
    lead_campaign: str = ""
    lead_source: str = ""
    limit_positions: int = 0
    limit_orders: int = 0
    balance: int = 0
    credit: int = 0
    balance_prev_day: int = 0
    balance_prev_month: int = 0
    equity_prev_day: int = 0
    equity_prev_month: int = 0
    # Password digests by kind (main, investor, api, phone); never returned.
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    otp_secret: str = field(default="", repr=False)

    def wire(self) -> dict[str, object]:
        money = self.currency_digits
        return {
            "Login": str(self.login),
            "Group": self.group,
            "CertSerialNumber": "0",
            "Rights": str(self.rights),
            "MQID": self.mqid,
            "Registration": str(self.registration),
            "LastAccess": str(self.last_access),
            "LastPassChange": str(self.last_pass_change),
            "LastIP": self.last_ip,
            "Name": self.name,
            "FirstName": self.first_name,
            "LastName": self.last_name,
            "MiddleName": self.middle_name,
            "Company": self.company,
            "Account": self.account,
            "Country": self.country,
            "Language": str(self.language),
            "ClientID": str(self.client_id),
            "City": self.city,
            "State": self.state,
            "ZipCode": self.zip_code,
            "Address": self.address,
            "Phone": self.phone,
            "Email": self.email,
            "ID": self.id,
            "Status": self.status,
            "Comment": self.comment,
            "Color": str(self.color),
            "PhonePassword": "",
            "Leverage": str(self.leverage),
            "Agent": str(self.agent),
            "LimitPositions": str(self.limit_positions),
            "LimitOrders": str(self.limit_orders),
            "CurrencyDigits": str(money),
            "Balance": money_text(self.balance, money),
            "Credit": money_text(self.credit, money),
            "InterestRate": money_text(0, money),
            "CommissionDaily": money_text(0, money),
            "CommissionMonthly": money_text(0, money),
            "CommissionAgentDaily": money_text(0, money),
            "CommissionAgentMonthly": money_text(0, money),
            "BalancePrevDay": money_text(self.balance_prev_day, money),
            "BalancePrevMonth": money_text(self.balance_prev_month, money),
            "EquityPrevDay": money_text(self.equity_prev_day, money),
            "EquityPrevMonth": money_text(self.equity_prev_month, money),
            "TradeAccounts": "",
            "ApiData": [],
            "LeadCampaign": self.lead_campaign,
            "LeadSource": self.lead_source,
        }


def _modification(flags: int) -> dict[str, object]:
    """The flags under the documented name and the one live servers use."""
    return {"ModificationFlags": str(flags), "ModifyFlags": str(flags)}


@dataclass(slots=True)
class Deal:
    """A deal: a trade, or an operation on balance or credit (`profit` is then the amount)."""

    ticket: int
    login: int
    time_msc: int
    action: int
    order: int = 0
    entry: int = 0
    reason: int = 0
    dealer: int = 0
    symbol: str = ""
    digits: int = 0
    digits_currency: int = 2
    contract_size: float = 0.0
    price: float = 0.0
    price_sl: float = 0.0
    price_tp: float = 0.0
    price_position: float = 0.0
    volume_ext: int = 0
    volume_closed_ext: int = 0
    profit: int = 0
    profit_raw: float = 0.0
    storage: int = 0
    commission: int = 0
    fee: int = 0
    value: float = 0.0
    rate_profit: float = 0.0
    rate_margin: float = 0.0
    expert_id: int = 0
    position_id: int = 0
    modification_flags: int = 0
    external_id: str = ""
    comment: str = ""

    @property
    def index_msc(self) -> int:
        return self.time_msc

    def wire(self) -> dict[str, object]:
        money, digits = self.digits_currency, self.digits
        return {
            "Deal": str(self.ticket),
            "Timestamp": str(self.time_msc),
            "ExternalID": self.external_id,
            "Login": str(self.login),
            "Dealer": str(self.dealer),
            "Order": str(self.order),
            "Action": str(self.action),
            "Entry": str(self.entry),
            "Reason": str(self.reason),
            "Digits": str(digits),
            "DigitsCurrency": str(money),
            "ContractSize": f"{self.contract_size:.2f}",
            "Time": str(self.time_msc // 1000),
            "TimeMsc": str(self.time_msc),
            "Symbol": self.symbol,
            "Price": f"{self.price:.{digits}f}",
            "PriceSL": f"{self.price_sl:.{digits}f}",
            "PriceTP": f"{self.price_tp:.{digits}f}",
            "PricePosition": f"{self.price_position:.{digits}f}",
            "Volume": str(self.volume_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeExt": str(self.volume_ext),
            "VolumeClosed": str(self.volume_closed_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeClosedExt": str(self.volume_closed_ext),
            "Profit": money_text(self.profit, money),
            "ProfitRaw": f"{self.profit_raw:.2f}",
            "Value": f"{self.value:.2f}",
            "Storage": money_text(self.storage, money),
            "Commission": money_text(self.commission, money),
            "Fee": money_text(self.fee, money),
            "RateProfit": f"{self.rate_profit:.8f}",
            "RateMargin": f"{self.rate_margin:.8f}",
            "ExpertID": str(self.expert_id),
            "PositionID": str(self.position_id),
            "Comment": self.comment,
            "TickValue": "0",
            "TickSize": "0",
            "Flags": "0",
            "Gateway": "",
            "PriceGateway": "0",
            **_modification(self.modification_flags),
            "VolumeGatewayExt": "0",
            "ActionGateway": "0",
            "MarketBid": "0",
            "MarketAsk": "0",
            "MarketLast": "0",
        }


@dataclass(slots=True)
class Order:
    """An order: open while its state is started, placed or partial; then part of the history."""

    ticket: int
    login: int
    time_setup_msc: int
    symbol: str
    type: int
    time_done_msc: int = 0
    time_expiration: int = 0
    state: int = int(OrderState.PLACED)
    reason: int = 0
    dealer: int = 0
    digits: int = 5
    digits_currency: int = 2
    contract_size: float = 0.0
    type_fill: int = 0
    type_time: int = 0
    price_order: float = 0.0
    price_trigger: float = 0.0
    price_current: float = 0.0
    price_sl: float = 0.0
    price_tp: float = 0.0
    volume_initial_ext: int = 0
    volume_current_ext: int = 0
    expert_id: int = 0
    position_id: int = 0
    position_by_id: int = 0
    rate_margin: float = 0.0
    modification_flags: int = 0
    external_id: str = ""
    comment: str = ""

    @property
    def index_msc(self) -> int:
        return self.time_done_msc

    def wire(self) -> dict[str, object]:
        digits = self.digits
        return {
            "Order": str(self.ticket),
            "ExternalID": self.external_id,
            "Login": str(self.login),
            "Dealer": str(self.dealer),
            "Symbol": self.symbol,
            "Digits": str(digits),
            "DigitsCurrency": str(self.digits_currency),
            "ContractSize": f"{self.contract_size:.2f}",
            "State": str(self.state),
            "Reason": str(self.reason),
            "TimeSetup": str(self.time_setup_msc // 1000),
            "TimeSetupMsc": str(self.time_setup_msc),
            "TimeExpiration": str(self.time_expiration),
            "TimeDone": str(self.time_done_msc // 1000),
            "TimeDoneMsc": str(self.time_done_msc),
            **_modification(self.modification_flags),
            "Type": str(self.type),
            "TypeFill": str(self.type_fill),
            "TypeTime": str(self.type_time),
            "PriceOrder": f"{self.price_order:.{digits}f}",
            "PriceTrigger": f"{self.price_trigger:.{digits}f}",
            "PriceCurrent": f"{self.price_current:.{digits}f}",
            "PriceSL": f"{self.price_sl:.{digits}f}",
            "PriceTP": f"{self.price_tp:.{digits}f}",
            "VolumeInitial": str(self.volume_initial_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeInitialExt": str(self.volume_initial_ext),
            "VolumeCurrent": str(self.volume_current_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeCurrentExt": str(self.volume_current_ext),
            "ExpertID": str(self.expert_id),
            "PositionID": str(self.position_id),
            "PositionByID": str(self.position_by_id),
            "Comment": self.comment,
            "RateMargin": f"{self.rate_margin:.8f}",
            "ActivationMode": "0",
            "ActivationTime": "0",
            "ActivationPrice": "0.00000000",
            "ActivationFlags": "0",
            "ApiData": [],
        }


@dataclass(slots=True)
class Position:
    """An open position."""

    ticket: int
    login: int
    symbol: str
    action: int
    time_create_msc: int
    time_update_msc: int
    price_open: float
    volume_ext: int
    reason: int = 0
    dealer: int = 0
    digits: int = 5
    digits_currency: int = 2
    contract_size: float = 0.0
    price_current: float = 0.0
    price_sl: float = 0.0
    price_tp: float = 0.0
    profit: int = 0
    storage: int = 0
    rate_profit: float = 0.0
    rate_margin: float = 0.0
    expert_id: int = 0
    expert_position_id: int = 0
    modification_flags: int = 0
    external_id: str = ""
    comment: str = ""

    def wire(self) -> dict[str, object]:
        digits = self.digits
        return {
            "Position": str(self.ticket),
            "ExternalID": self.external_id,
            "Login": str(self.login),
            "Dealer": str(self.dealer),
            "Symbol": self.symbol,
            "Action": str(self.action),
            "Digits": str(digits),
            "DigitsCurrency": str(self.digits_currency),
            "Reason": str(self.reason),
            "ContractSize": f"{self.contract_size:.2f}",
            "TimeCreate": str(self.time_create_msc // 1000),
            "TimeUpdate": str(self.time_update_msc // 1000),
            "TimeCreateMsc": str(self.time_create_msc),
            "TimeUpdateMsc": str(self.time_update_msc),
            **_modification(self.modification_flags),
            "PriceOpen": f"{self.price_open:.{digits}f}",
            "PriceCurrent": f"{self.price_current:.{digits}f}",
            "PriceSL": f"{self.price_sl:.{digits}f}",
            "PriceTP": f"{self.price_tp:.{digits}f}",
            "Volume": str(self.volume_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeExt": str(self.volume_ext),
            "Profit": money_text(self.profit, self.digits_currency),
            "Storage": money_text(self.storage, self.digits_currency),
            "RateProfit": f"{self.rate_profit:.8f}",
            "RateMargin": f"{self.rate_margin:.8f}",
            "ExpertID": str(self.expert_id),
            "ExpertPositionID": str(self.expert_position_id),
            "Comment": self.comment,
            "ActivationMode": "0",
            "ActivationTime": "0",
            "ActivationPrice": "0.00000000",
            "ActivationFlags": "0",
            "ApiData": [],
        }
