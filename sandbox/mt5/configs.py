"""Groups and symbols: the configuration a fresh server starts with, and its JSON form."""

from dataclasses import dataclass, field
from enum import IntEnum

from sandbox.mt5.config_defaults import ALL_SYMBOLS, GROUP_DEFAULTS, SYMBOL_DEFAULTS, sessions
from sandbox.mt5.wire_values import VOLUME_EXT_PER_LOT, VOLUME_EXT_PER_VOLUME


class CalcMode(IntEnum):
    """How margin and profit of a symbol are calculated."""

    FOREX = 0
    FUTURES = 1
    CFD = 2
    CFD_INDEX = 3
    CFD_LEVERAGE = 4
    FOREX_NO_LEVERAGE = 5


class TradeMode(IntEnum):
    DISABLED = 0
    LONG_ONLY = 1
    SHORT_ONLY = 2
    CLOSE_ONLY = 3
    FULL = 4


class MarginMode(IntEnum):
    NETTING = 0
    EXCHANGE = 1
    HEDGED = 2


@dataclass(slots=True)
class Symbol:
    """A trading instrument. Swaps are points per lot and night; `volatility` is a year's."""

    name: str
    path: str
    description: str
    currency_base: str
    currency_profit: str
    currency_margin: str
    digits: int
    contract_size: float
    price: float
    spread_points: int
    volatility: float
    calc_mode: CalcMode = CalcMode.FOREX
    trade_mode: TradeMode = TradeMode.FULL
    volume_min_ext: int = VOLUME_EXT_PER_LOT // 100
    volume_max_ext: int = VOLUME_EXT_PER_LOT * 100
    volume_step_ext: int = VOLUME_EXT_PER_LOT // 100
    swap_long: float = 0.0
    swap_short: float = 0.0
    swap_3day: int = 3
    is_weekend_traded: bool = False

    @property
    def point(self) -> float:
        return float(10.0**-self.digits)

    def wire(self) -> dict[str, object]:
        tick_value = self.contract_size * self.point
        week = sessions(is_weekend_traded=self.is_weekend_traded)
        return {
            "Symbol": self.name,
            "Path": self.path,
            "Description": self.description,
            "CurrencyBase": self.currency_base,
            "CurrencyBaseDigits": str(currency_digits(self.currency_base)),
            "CurrencyProfit": self.currency_profit,
            "CurrencyProfitDigits": str(currency_digits(self.currency_profit)),
            "CurrencyMargin": self.currency_margin,
            "CurrencyMarginDigits": str(currency_digits(self.currency_margin)),
            "Digits": str(self.digits),
            "Point": f"{self.point:.{self.digits}f}",
            "Multiply": f"{10.0**self.digits:.0f}",
            "TickValue": f"{tick_value:.{self.digits}f}",
            "TickSize": f"{self.point:.{self.digits}f}",
            "ContractSize": f"{self.contract_size:.2f}",
            "TradeMode": str(int(self.trade_mode)),
            "CalcMode": str(int(self.calc_mode)),
            "VolumeMin": str(self.volume_min_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeMinExt": str(self.volume_min_ext),
            "VolumeMax": str(self.volume_max_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeMaxExt": str(self.volume_max_ext),
            "VolumeStep": str(self.volume_step_ext // VOLUME_EXT_PER_VOLUME),
            "VolumeStepExt": str(self.volume_step_ext),
            "SwapLong": f"{self.swap_long:.6f}",
            "SwapShort": f"{self.swap_short:.6f}",
            "Swap3Day": str(self.swap_3day),
            "MarginHedged": f"{self.contract_size:.2f}",
            "SessionsQuotes": week,
            "SessionsTrades": week,
        } | SYMBOL_DEFAULTS


@dataclass(slots=True)
class Group:
    """A group of accounts. `commission_per_lot` is money of the deposit currency per side."""

    name: str
    currency: str
    server: int = 1
    company: str = "Sandbox Markets"
    leverage: int = 100
    margin_mode: MarginMode = MarginMode.HEDGED
    margin_call: float = 100.0
    margin_stop_out: float = 50.0
    permissions: int = 2
    auth_password_min: int = 8
    demo_deposit: float = 0.0
    limit_orders: int = 0
    limit_positions: int = 0
    commission_per_lot: float = 0.0
    spread_markup_points: int = 0
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def currency_digits(self) -> int:
        return currency_digits(self.currency)

    def wire(self) -> dict[str, object]:
        digits = self.currency_digits
        return {
            "Group": self.name,
            "Server": str(self.server),
            "PermissionsFlags": str(self.permissions),
            "AuthPasswordMin": str(self.auth_password_min),
            "Company": self.company,
            "Currency": self.currency,
            "CurrencyDigits": str(digits),
            "MarginMode": str(int(self.margin_mode)),
            "MarginCall": f"{self.margin_call:.2f}",
            "MarginStopOut": f"{self.margin_stop_out:.2f}",
            "DemoLeverage": str(self.leverage),
            "DemoDeposit": f"{self.demo_deposit:.{digits}f}",
            "LimitOrders": str(self.limit_orders),
            "LimitPositions": str(self.limit_positions),
            "Commissions": self._commissions(),
            "Symbols": [ALL_SYMBOLS],
        } | {**GROUP_DEFAULTS, **self.extra}

    def _commissions(self) -> list[dict[str, object]]:
        if not self.commission_per_lot:
            return []
        tier = {
            "Mode": "0",
            "Type": "1",
            "Value": f"{self.commission_per_lot:.4f}",
            "Minimal": "0.0000",
            "RangeFrom": "0.00",
            "RangeTo": "1000000.00",
            "Currency": self.currency,
        }
        return [
            {
                "Name": "Standard",
                "Description": "per lot and side",
                "Path": "*",
                "Mode": "0",
                "RangeMode": "0",
                "ChargeMode": "2",
                "TurnoverCurrency": "",
                "EntryMode": "0",
                "Tiers": [tier],
            }
        ]


def currency_digits(currency: str) -> int:
    """Decimals of a deposit currency's amounts."""
    return {"JPY": 0, "BTC": 8}.get(currency, 2)


def _forex(name: str, price: float, spread: int, swaps: tuple[float, float]) -> Symbol:
    base, profit = name[:3], name[3:]
    digits = 3 if profit == "JPY" else 5
    swap_long, swap_short = swaps
    return Symbol(
        name=name,
        path=f"Forex\\{name}",
        description=f"{base} vs {profit}",
        currency_base=base,
        currency_profit=profit,
        currency_margin=base,
        digits=digits,
        contract_size=100_000.0,
        price=price,
        spread_points=spread,
        volatility=0.08,
        swap_long=swap_long,
        swap_short=swap_short,
    )


def default_symbols() -> list[Symbol]:
    return [
        _forex("EURUSD", 1.0850, 12, (-7.2, 2.9)),
        _forex("GBPUSD", 1.2690, 16, (-3.1, -1.4)),
        _forex("USDJPY", 151.40, 14, (11.8, -21.5)),
        _forex("USDCHF", 0.8820, 17, (5.6, -10.9)),
        _forex("USDCAD", 1.3640, 18, (1.2, -6.3)),
        _forex("AUDUSD", 0.6560, 14, (-2.4, 0.3)),
        _forex("EURGBP", 0.8550, 15, (-5.1, 1.2)),
        _forex("EURJPY", 164.30, 20, (9.4, -18.8)),
        Symbol(
            "XAUUSD", "Metals\\XAUUSD", "Gold vs US Dollar", "XAU", "USD", "USD", 2, 100.0, 2350.0,
            25, 0.16, CalcMode.CFD_LEVERAGE, swap_long=-38.0, swap_short=21.0,
        ),
        Symbol(
            "XAGUSD", "Metals\\XAGUSD", "Silver vs US Dollar", "XAG", "USD", "USD", 3, 5_000.0,
            28.5, 30, 0.28, CalcMode.CFD_LEVERAGE, swap_long=-4.1, swap_short=1.9,
        ),
        Symbol(
            "US500", "Indices\\US500", "US 500 index", "USD", "USD", "USD", 1, 10.0, 5250.0,
            5, 0.15, CalcMode.CFD_LEVERAGE, swap_long=-9.8, swap_short=3.5,
        ),
        Symbol(
            "GER40", "Indices\\GER40", "Germany 40 index", "EUR", "EUR", "EUR", 1, 1.0, 18350.0,
            12, 0.17, CalcMode.CFD_LEVERAGE, swap_long=-28.0, swap_short=8.0,
        ),
        Symbol(
            "BTCUSD", "Crypto\\BTCUSD", "Bitcoin vs US Dollar", "BTC", "USD", "USD", 2, 1.0,
            67500.0, 3000, 0.55, CalcMode.CFD_LEVERAGE, volume_max_ext=VOLUME_EXT_PER_LOT * 10,
            swap_long=-2500.0, swap_short=-1500.0, is_weekend_traded=True,
        ),
        Symbol(
            "ETHUSD", "Crypto\\ETHUSD", "Ethereum vs US Dollar", "ETH", "USD", "USD", 2, 10.0,
            3450.0, 250, 0.65, CalcMode.CFD_LEVERAGE, volume_max_ext=VOLUME_EXT_PER_LOT * 50,
            swap_long=-130.0, swap_short=-80.0, is_weekend_traded=True,
        ),
    ]  # fmt: skip


MANAGER_GROUP = "managers\\administrators"
# Clients the server brings along, who trade all day.
HOUSE_GROUPS = {"demo\\house-usd": "USD", "demo\\house-eur": "EUR"}


def default_groups() -> list[Group]:
    return [
        Group(MANAGER_GROUP, "USD"),
        Group("demo\\forex-usd", "USD", demo_deposit=10_000.0),
        Group("demo\\forex-eur", "EUR", demo_deposit=10_000.0),
        Group("demo\\netting-usd", "USD", margin_mode=MarginMode.NETTING, demo_deposit=10_000.0),
        Group("real\\std-usd", "USD", spread_markup_points=4),
        Group("real\\std-eur", "EUR", spread_markup_points=4),
        Group("real\\std-gbp", "GBP", spread_markup_points=4),
        Group("real\\raw-usd", "USD", leverage=200, commission_per_lot=3.5),
        Group("real\\raw-eur", "EUR", leverage=200, commission_per_lot=3.0),
        Group("real\\raw-gbp", "GBP", leverage=200, commission_per_lot=2.75),
    ]


def group_for_name(name: str) -> Group:
    """A group from a name alone, as `--groups` gives it: the currency is its last part."""
    currency = name.rsplit("-", 1)[-1].upper()
    if len(currency) != 3:
        currency = "USD"
    commission = 3.0 if "raw" in name else 0.0
    return Group(name, currency, commission_per_lot=commission)
