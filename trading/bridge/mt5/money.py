"""Balance operations: one POST, and the search for what became of it."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from trading.bridge import port
from trading.bridge.errors import BadAnswer, BalanceConflict
from trading.bridge.mt5 import deals, records, retcodes
from trading.bridge.mt5.retcodes import Meaning, MoneyMeaning
from trading.bridge.mt5.session import Mt5Session
from trading.bridge.mt5.wire import Answer, Parameters
from trading.bridge.server_time import ServerClock

KINDS = {
    port.BalanceKind.BALANCE: 2,
    port.BalanceKind.CREDIT: 3,
    port.BalanceKind.CHARGE: 4,
    port.BalanceKind.CORRECTION: 5,
    port.BalanceKind.BONUS: 6,
}
AMOUNT_MAX = Decimal(1_000_000_000)
CURRENCY_DIGITS_MAX = 8
# A search that trusted the clock to the minute could miss the deal and have it booked again. The
# token is unique, so a wide window costs nothing.
SEARCH_MARGIN = timedelta(days=1)

_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{6,31}")


def balance_parameters(
    *,
    login: int,
    kind: port.BalanceKind,
    amount: Decimal,
    currency_digits: int,
    token: str,
    note: str,
    margin_checked: bool,
) -> Parameters:
    """Parameters of ``trade/balance``. Raises ValueError for what no server could book exactly."""
    if login <= 0:
        raise ValueError("A login is a positive number.")
    return {
        "login": login,
        "type": KINDS[kind],
        "balance": _amount_text(amount, currency_digits),
        "comment": comment(token, note),
        "check_margin": int(margin_checked),
    }


def _amount_text(amount: Decimal, currency_digits: int) -> str:
    if not 0 <= currency_digits <= CURRENCY_DIGITS_MAX:
        raise ValueError("Currency digits are 0 to 8.")
    if not amount.is_finite() or amount == 0 or abs(amount) > AMOUNT_MAX:
        raise ValueError(f"{amount} can't be booked.")
    exact = amount.quantize(Decimal(1).scaleb(-currency_digits))
    if exact != amount:
        raise ValueError(f"{amount} has more than {currency_digits} decimal places.")
    return f"{exact:f}"


def comment(token: str, note: str = "") -> str:
    """Token first, then as much of ``note`` as the server keeps (31 UTF-16 units in all)."""
    if not _TOKEN.fullmatch(token):
        raise ValueError("A token is 6 to 31 letters, digits or ._:- without spaces.")
    text = f"{token} {' '.join(note.split())}".rstrip()
    while len(text.encode("utf-16-le")) > 2 * port.COMMENT_LENGTH_MAX:
        text = text[:-1]
    return text.rstrip()


def outcome(answer: Answer | port.Unknown) -> port.BalanceOutcome:
    """What an answer to ``trade/balance`` proves."""
    if isinstance(answer, port.Unknown):
        return answer
    meaning = retcodes.money_meaning(answer.retcode)
    if meaning is MoneyMeaning.REFUSED:
        permanent = retcodes.meaning(answer.retcode) is not Meaning.TRANSIENT
        return port.Refused(answer.retcode, answer.text, permanent)
    if meaning is MoneyMeaning.UNKNOWN:
        return port.Unknown(f"{answer.retcode} {answer.text}".rstrip())
    try:
        ticket = records.scalar(answer.payload, "ticket")
    except BadAnswer:
        ticket = 0
    return port.Applied(ticket) if ticket > 0 else port.Unknown("Done, but without a deal ticket.")


def find_deal(
    session: Mt5Session,
    clock: ServerClock,
    *,
    login: int,
    token: str,
    amount: Decimal,
    start: datetime,
    end: datetime,
) -> port.Deal | None:
    """See ``port.TradingPlatform.find_balance_deal``."""
    started, ended = clock.server_window(start - SEARCH_MARGIN, end + SEARCH_MARGIN)
    found = {
        deal.deal: deal
        for deal in deals.batch(session, clock, {"login": login}, port.DealWindow(started, ended))
        if deal.login == login and deal.is_balance_operation and has_token(deal.comment, token)
    }
    tickets = tuple(sorted(found))
    if len(tickets) > 1:
        raise BalanceConflict(f"{token} is on {len(tickets)} deals of {login}.", deals=tickets)
    if not tickets:
        return None
    deal = found[tickets[0]]
    if deal.profit != amount:
        raise BalanceConflict(
            f"{token} is on deal {deal.deal} of {login} with {deal.profit}, not {amount}.",
            deals=tickets,
        )
    return deal


def has_token(text: str, token: str) -> bool:
    """Whether ``token`` is the first word of a deal's comment."""
    return text == token or text.startswith(f"{token} ")
