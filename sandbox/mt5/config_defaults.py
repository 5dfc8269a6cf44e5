"""Fields of groups and symbols that never differ here, under the names the platform has them.

Clients index them all without asking, those of the official samples for PHP and their ports
among them: a record without one of them breaks such a client.
"""

DAY_MINUTES = 1440
MONDAY, SATURDAY = 1, 6
# Orders a margin rate is stated for.
_ORDER_TYPES = (
    "Buy", "Sell", "BuyLimit", "SellLimit", "BuyStop", "SellStop", "BuyStopLimit", "SellStopLimit",
)  # fmt: skip
# Market orders need their margin, pending ones none until they are filled.
_MARGIN_RATES = {
    f"Margin{kind}{order_type}": "1.000000" if order_type in {"Buy", "Sell"} else "0.000000"
    for kind in ("Initial", "Maintenance")
    for order_type in _ORDER_TYPES
}

SYMBOL_DEFAULTS: dict[str, object] = {
    "ISIN": "",
    "International": "",
    "Basis": "",
    "Category": "",
    "Exchange": "",
    "CFI": "",
    "Sector": "0",
    "Industry": "0",
    "Country": "",
    "Source": "",
    "Page": "",
    "Color": "4278190080",
    "ColorBackground": "4278190080",
    "TickFlags": "3",
    "TickBookDepth": "0",
    "TickChartMode": "0",
    "SubscriptionsDelay": "0",
    "FilterSoft": "100",
    "FilterSoftTicks": "10",
    "FilterHard": "500",
    "FilterHardTicks": "10",
    "FilterDiscard": "500",
    "FilterSpreadMax": "0",
    "FilterSpreadMin": "0",
    "FilterGap": "0",
    "FilterGapTicks": "0",
    "Spread": "0",
    "SpreadBalance": "0",
    "SpreadDiff": "0",
    "SpreadDiffBalance": "0",
    "GTCMode": "0",
    "TradeFlags": "0",
    "ExecMode": "2",
    "FillFlags": "3",
    "ExpirFlags": "15",
    "OrderFlags": "127",
    "StopsLevel": "0",
    "FreezeLevel": "0",
    "QuotesTimeout": "0",
    "VolumeLimit": "0",
    "VolumeLimitExt": "0",
    "MarginCheckMode": "0",
    "MarginFlags": "0",
    "MarginInitial": "0.00",
    "MarginMaintenance": "0.00",
    "MarginLiquidity": "0.000000",
    "MarginCurrency": "0.000000",
    "SwapMode": "1",
    "SwapYearDay": "0",
    "TimeStart": "0",
    "TimeExpiration": "0",
    "REFlags": "0",
    "RETimeout": "7",
    "IEFlags": "0",
    "IECheckMode": "0",
    "IETimeout": "7",
    "IESlipProfit": "2",
    "IESlipLosing": "2",
    "IEVolumeMax": "0",
    "IEVolumeMaxExt": "0",
    "PriceSettle": "0",
    "PriceLimitMax": "0",
    "PriceLimitMin": "0",
    "PriceStrike": "0",
    "OptionMode": "0",
    "FaceValue": "0.00",
    "AccruedInterest": "0.00",
    "SpliceType": "0",
    "SpliceTimeType": "0",
    "SpliceTimeDays": "0",
    **_MARGIN_RATES,
}

GROUP_DEFAULTS: dict[str, object] = {
    "AuthMode": "0",
    "AuthOTPMode": "0",
    "CompanyPage": "",
    "CompanyEmail": "",
    "CompanySupportPage": "",
    "CompanySupportEmail": "",
    "CompanyCatalog": "",
    "CompanyDepositPage": "",
    "CompanyWithdrawalPage": "",
    "ReportsMode": "1",
    "ReportsFlags": "0",
    "ReportsSMTP": "",
    "ReportsSMTPLogin": "",
    "ReportsSMTPPass": "",
    "NewsMode": "2",
    "NewsCategory": "",
    "NewsLangs": [],
    "MailMode": "1",
    "TradeFlags": "31",
    "TradeTransferMode": "0",
    "TradeInterestrate": "0.00",
    "TradeVirtualCredit": "0.00",
    "MarginFlags": "0",
    "MarginSOMode": "0",
    "MarginFreeMode": "1",
    "MarginFreeProfitMode": "0",
    "MarginLeverageProfile": "",
    "DemoTradesClean": "0",
    "LimitHistory": "0",
    "LimitSymbols": "0",
}

# A group's settings for symbols: "default" is what the symbol itself has.
_OVERRIDABLE = (
    "TradeMode", "ExecMode", "FillFlags", "ExpirFlags", "OrderFlags", "SpreadDiff",
    "SpreadDiffBalance", "StopsLevel", "FreezeLevel", "VolumeMin", "VolumeMinExt", "VolumeMax",
    "VolumeMaxExt", "VolumeStep", "VolumeStepExt", "VolumeLimit", "VolumeLimitExt", "MarginFlags",
    "MarginInitial", "MarginMaintenance", "MarginLiquidity", "MarginHedged", "MarginCurrency",
    "SwapMode", "SwapLong", "SwapShort", "Swap3Day", "REFlags", "RETimeout", "IEFlags",
    "IECheckMode", "IETimeout", "IESlipProfit", "IESlipLosing", "IEVolumeMax", "IEVolumeMaxExt",
)  # fmt: skip
ALL_SYMBOLS: dict[str, object] = {
    "Path": "*",
    **dict.fromkeys(_OVERRIDABLE, "default"),
    "PermissionsFlags": "1",
    "PermissionsBookdepth": "0",
}


def sessions(*, is_weekend_traded: bool) -> list[list[dict[str, object]]]:
    """Sessions of a week from Sunday on, in minutes of the server's day."""
    whole_day: dict[str, object] = {"Open": "0", "Close": str(DAY_MINUTES)}
    return [
        [dict(whole_day)] if is_weekend_traded or MONDAY <= day < SATURDAY else []
        for day in range(7)
    ]
