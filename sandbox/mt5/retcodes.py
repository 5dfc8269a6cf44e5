"""Return codes of the platform with the text they carry on the wire.

Every answer begins with `"<number> <text>"`. Codes the platform sends without a text
have an empty one here too: the wire then carries the number alone.
"""

from enum import IntEnum


class Retcode(IntEnum):
    """The codes this server answers with; TEXTS knows the wire text of all others too."""

    DONE = 0
    ERROR = 2
    PARAMETERS = 3
    DATA = 4
    NETWORK = 7
    PERMISSIONS = 8
    TIMEOUT = 9
    NO_SERVICE = 11
    TOO_FREQUENT = 12
    NOT_FOUND = 13
    PARTIAL = 14
    DUPLICATE = 17
    TERMINAL_TYPE = 1000
    ACCOUNT_INVALID = 1001
    ACCOUNT_DISABLED = 1002
    OLD_VERSION = 1010
    ADDRESS_BLOCKED = 1012
    CONNECTION_TYPE = 1024
    API_DISABLED = 1034
    CONFIG_NOT_EMPTY = 2003
    CONFIG_BUILTIN = 2006
    CONFIG_DUPLICATE = 2007
    LOGINS_EXHAUSTED = 3002
    LOGIN_ELSEWHERE = 3003
    LOGIN_EXISTS = 3004
    SELF_DELETION = 3005
    PASSWORD = 3006
    USER_LIMIT = 3007
    HAS_TRADES = 3008
    OTHER_SERVER = 3009
    OTHER_CURRENCY = 3010
    EXTERNAL_ACCOUNT_EXISTS = 3013
    ORDER_EXISTS = 4002
    MONEY_LIMIT = 4005
    DEAL_EXISTS = 4006
    REQUOTE = 10004
    REJECT = 10006
    PLACED = 10008
    EXECUTED = 10009
    INVALID_REQUEST = 10013
    INVALID_VOLUME = 10014
    INVALID_PRICE = 10015
    INVALID_STOPS = 10016
    TRADE_DISABLED = 10017
    MARKET_CLOSED = 10018
    NO_MONEY = 10019
    NO_PRICES = 10021
    TOO_MANY_REQUESTS = 10024
    NO_CHANGES = 10025
    ORDER_LIMIT = 10033
    VOLUME_LIMIT = 10034
    INVALID_ORDER = 10035
    POSITION_CLOSED = 10036
    CLOSE_VOLUME = 10038
    POSITION_LIMIT = 10040
    LONG_ONLY = 10042
    SHORT_ONLY = 10043
    CLOSE_ONLY = 10044
    NOT_IMPLEMENTED = 12000
    NOT_MAIN_SERVER = 12001
    NOT_SUPPORTED = 12002


class Rejected(Exception):
    """The operation is refused with a return code; nothing was changed."""

    def __init__(self, retcode: Retcode) -> None:
        super().__init__(retcode.name)
        self.retcode = retcode


TEXTS: dict[int, str] = {
    0: "Done",
    1: "OK/None",
    2: "Common error",
    3: "Invalid parameters",
    4: "Invalid data",
    5: "Disk error",
    6: "Memory error",
    7: "Network error",
    8: "Not enough permissions",
    9: "Operation timeout",
    10: "No connection",
    11: "Service is not available",
    12: "Too frequent requests",
    13: "Not found",
    14: "",
    15: "Server shutdown in progress",
    16: "Operation was canceled",
    17: "Duplicate attempt",
    1000: "Invalid terminal type",
    1001: "Invalid account",
    1002: "Account disabled",
    1003: "Advanced authorization",
    1004: "Certificate required",
    1005: "Invalid certificate",
    1006: "Certificate is not confirmed",
    1007: "Attempt to connect to non-access server",
    1008: "Invalid or fake server",
    1009: "Only updates available",
    1010: "Old version",
    1011: "Account doesn't have manager config",
    1012: "IP address unallowed for manager",
    1013: "Group is not initialized, server restart needed",
    1014: "Certificate generation disabled",
    1015: "Invalid or disabled server id [check server id]",
    1016: "Unallowed address [check server ip address]",
    1017: "Invalid server type [check server id and type]",
    1018: "Server is busy",
    1019: "Invalid server certificate or invalid local time",
    1020: "Unknown account",
    1021: "Old server version",
    1022: "Server cannot be connected due to license limitation",
    1023: "Mobile terminal isn't allowed in license",
    1024: "Connection type is not permitted for manager",
    1025: "Demo allocation disabled",
    1026: "Master password must be changed",
    1027: "",
    1028: "",
    1029: "",
    1030: "",
    1031: "",
    1032: "",
    1033: "",
    1034: "",
    2000: "Last admin config cannot be deleted",
    2001: "Last admin group cannot be deleted",
    2003: "Accounts or trades in group/symbol",
    2004: "Invalid account or trade ranges",
    2005: "Account doesn't belong to manager group",
    2006: "Built-in protected config",
    2007: "Configuration duplicate",
    2008: "Configuration limit reached",
    2009: "Invalid network configuration",
    2010: "Dealer with same ID already exists",
    2011: "Binding address already exists",
    2012: "Attempt to delete working trade server",
    2013: "Gateway with same name already exists",
    2014: "Server must be switched to backup mode",
    2015: "Backup server module is absent",
    2016: "Trade server module is absent",
    2017: "History server module is absent",
    2018: "Another switching process in progress",
    2019: "License file is absent",
    2020: "Gateway with same login already exist",
    3001: "Last admin account cannot be deleted",
    3002: "Login range exhausted",
    3003: "Login reserved at another server",
    3004: "Account already exists",
    3005: "Attempt of self-deletion",
    3006: "Invalid account password",
    3007: "User limit reached",
    3008: "Account has open trades",
    3009: "Attempt to move account to different server",
    3010: "Attempt to move account to group with different currency",
    3011: "Account balance import error",
    3012: "Imported account has invalid group",
    3013: "Account already exist",
    3014: "",
    3015: "",
    3016: "",
    3017: "",
    3018: "",
    3019: "",
    4001: "Order or deal limit reached",
    4002: "Order already exists",
    4003: "Order range exhausted",
    4004: "Deal range exhausted",
    4005: "Money limit reached",
    4006: "Deal already exists",
    4007: "Order ticket reserved at another server",
    4008: "Deal ticket reserved at another server",
    4009: "Volume of the new position is less than the minimum allowed",
    5001: "Base snapshot error",
    5002: "Method is not supported by this report",
    5003: "No data for report",
    5004: "Bad template",
    5005: "End of template",
    5006: "Invalid row size",
    5007: "Tag repeat limit reached",
    5008: "Report size limit reached",
    6001: "Symbol not found, try to restart history server",
    10001: "Request on the way",
    10002: "Request accepted",
    10003: "Request processed",
    10004: "Requote",
    10005: "Prices",
    10006: "Request rejected",
    10007: "Request canceled",
    10008: "Order placed",
    10009: "Request executed",
    10010: "Request executed partially",
    10011: "Request error",
    10012: "Request timeout",
    10013: "Invalid request",
    10014: "Invalid volume",
    10015: "Invalid price",
    10016: "Invalid stops",
    10017: "Trade disabled",
    10018: "Market closed",
    10019: "No money",
    10020: "Price changed",
    10021: "No prices",
    10022: "Invalid expiration",
    10023: "Order has been changed already",
    10024: "Too many trade requests",
    10025: "",
    10026: "AutoTrading disabled by server",
    10027: "AutoTrading disabled by client",
    10028: "Order locked by dealer",
    10029: "Modification failed due to order or position being close to market",
    10030: "Unsupported filling mode",
    10031: "",
    10032: "Allowed for real accounts only",
    10033: "Order limit reached",
    10034: "Volume limit reached",
    10035: "",
    10036: "Position already closed",
    10037: "Execution doesn't belong to this server",
    10038: "Volume to be closed exceeds the position volume",
    10039: "Order to close this position already exists",
    10040: "Position limit reached",
    10041: "Request rejected, order will be canceled",
    10042: "Only long positions are allowed",
    10043: "Only short positions are allowed",
    10044: "Only position closing is allowed",
    10045: "",
    10046: "",
    11000: "Request returned in queue",
    11001: "Request executed partially",
    11002: "Requote",
    12000: "Not implemented",
    12001: "Operation must be performed on main server",
    12002: "Command doesn't supported",
    12003: "Operation canceled due possible deadlock",
    12004: "Operation on locked entity",
    14000: "Invalid phone number",
    14001: "Phone number isn't mobile",
    15000: "Subscription is not found",
    15001: "Subscription config is not found",
    15002: "User for subscription is not found",
    15003: "Subscription is disabled",
    15004: "Subscription is not allowed for user",
    15005: "Subscribe is not allowed",
    15006: "Unsubscribe is not allowed",
    15007: "Subscriptions are available for real users only",
}


def wire_text(code: int) -> str:
    """`0` -> "0 Done": the form in which every answer carries its code."""
    text = TEXTS.get(code, "")
    return f"{int(code)} {text}" if text else str(int(code))
