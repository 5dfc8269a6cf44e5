"""The scenarios that exist, as code: their SQL, their figures with bounds, their words.

A tenant's rows (``models.Scenario``) choose figures within the bounds; no tenant writes SQL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money

SQL = Path(__file__).parents[1] / "sql"


def sql(name: str) -> str:
    return (SQL / f"{name}.sql").read_text()


@dataclass(frozen=True)
class Figure:
    """One figure of a scenario. ``whole``: a count or days; ``money``: base currency."""

    name: str
    label: str
    default: str
    least: str
    most: str
    whole: bool = False
    money: bool = False


Basis = Mapping[str, Any]
Words = Callable[[Mapping[str, Decimal], Basis, str], str]


@dataclass(frozen=True)
class Kind:
    """``words(parameters, basis, currency)`` says what was seen, with the client's figures."""

    code: str
    title: str
    purpose: str
    figures: tuple[Figure, ...]
    words: Words
    # True when each row is about one payment and is alerted once, whatever the window.
    by_subject: bool = False

    @property
    def sql(self) -> str:
        return sql(self.code.lower())

    def checked(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The figures as stored. Raises ``InvalidInput`` naming each that is out of bounds."""
        found, problems = {}, {}
        for figure in self.figures:
            text = str(given.get(figure.name, figure.default)).strip()
            try:
                value = Decimal(text)
                good = Decimal(figure.least) <= value <= Decimal(figure.most)
                whole = not figure.whole or value == value.to_integral_value()
            except InvalidOperation:
                good = whole = False
            if good and whole:
                found[figure.name] = f"{value.normalize():f}"
            else:
                problems[figure.name] = f"Between {figure.least} and {figure.most}."
        if problems:
            raise InvalidInput(fields=problems)
        return found


def values(parameters: Mapping[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(text) for name, text in parameters.items()}


def _money(text: str | Decimal, currency: str) -> str:
    money = Money.rounded(Decimal(text), currency)
    return f"{money.amount:,} {currency}"


def _fx01(figures: Mapping[str, Decimal], basis: Basis, currency: str) -> str:
    deposits, out = Decimal(basis["deposits"]), Decimal(basis["withdrawals"])
    share = round(100 * out / deposits)
    times = round(Decimal(basis["notional"]) / deposits, 1)
    return (
        f"In {figures['days']} days {_money(deposits, currency)} came in and"
        f" {_money(out, currency)} ({share}%) went out again, while trading turned over only"
        f" {times} times the deposits; {figures['turnover_times']} times would be usual."
    )


def _fx02(figures: Mapping[str, Decimal], basis: Basis, currency: str) -> str:
    return (
        f"{basis['deposit_count']} deposits within {figures['days']} days, each between"
        f" {_money(basis['smallest'], currency)} and {_money(basis['largest'], currency)}, so each"
        f" just below {_money(figures['threshold'], currency)}; together"
        f" {_money(basis['deposits'], currency)}."
    )


def _fx08(figures: Mapping[str, Decimal], basis: Basis, currency: str) -> str:
    return (
        f"{basis['withdrawal']} asks for {_money(basis['amount'], currency)} to"
        f" {basis['destination']} (holder {basis['holder']}), from which the client has never"
        " paid in."
    )


def _days(default: str, most: str) -> Figure:
    return Figure("days", "Window in days", default, "1", most, whole=True)


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            "FX01",
            "Deposit and withdrawal without trading",
            "Uses the account to move money, not to trade.",
            (
                _days("30", "180"),
                Figure("deposits_min", "Deposits from", "5000", "100", "1000000", money=True),
                Figure("turnover_times", "Turnover below, times deposits", "5", "0.1", "1000"),
                Figure("out_ratio", "Withdrawn from, share of deposits", "0.8", "0.1", "1"),
            ),
            _fx01,
        ),
        Kind(
            "FX02",
            "Structuring",
            "Splits money so that each part stays below a threshold.",
            (
                _days("7", "90"),
                Figure("threshold", "Threshold", "10000", "500", "1000000", money=True),
                Figure("band_from", "Just below begins at, share", "0.75", "0.3", "0.99"),
                Figure("count_min", "Deposits from", "3", "2", "50", whole=True),
            ),
            _fx02,
        ),
        Kind(
            "FX08",
            "Closed-loop breach",
            "Takes money out to where it never came from.",
            (
                _days("1", "30"),
                Figure("amount_min", "Amount from", "500", "1", "1000000", money=True),
            ),
            _fx08,
            by_subject=True,
        ),
    )
}
