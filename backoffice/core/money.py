"""Money: a decimal amount with its currency; minor units (bigint) at the ledger's door.

Exponents follow ISO 4217; crypto assets use the number of places that we book.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from backoffice.core.errors import InvalidInput

EXPONENTS = {
    "AED": 2, "AUD": 2, "BHD": 3, "BTC": 8, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2,
    "DKK": 2, "ETH": 8, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2,
    "IQD": 3, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3, "MXN": 2, "MYR": 2, "NGN": 2,
    "NOK": 2, "NZD": 2, "OMR": 3, "PLN": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2,
    "USD": 2, "USDC": 6, "USDT": 6, "VND": 0, "ZAR": 2,
}  # fmt: skip

AMOUNT_MINOR_MAX = 10**17  # a tenth of bigint's range: sums of many stay inside it


class UnknownCurrency(InvalidInput):
    code = "unknown-currency"


class CurrencyMismatch(InvalidInput):
    code = "currency-mismatch"


def exponent(currency: str) -> int:
    """Decimal places booked for ``currency``. Raises ``UnknownCurrency``."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(f"{currency} is not a currency that can be booked.") from None


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """``amount`` in major units, exact to the currency's exponent; never rounded in secret."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError("Money takes a Decimal")
        places = exponent(self.currency)
        if not self.amount.is_finite():
            raise InvalidInput("The amount is not a number.")
        quantum = Decimal(1).scaleb(-places)
        if self.amount != self.amount.quantize(quantum):
            raise InvalidInput(f"{self.currency} has {places} decimal places.")
        object.__setattr__(self, "amount", self.amount.quantize(quantum))
        if abs(self.minor) > AMOUNT_MINOR_MAX:
            raise InvalidInput("The amount is too large to book.")

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """From what a person or a file says, such as ``"1250.00"``. Raises ``InvalidInput``."""
        try:
            return cls(Decimal(text.strip()), currency)
        except (InvalidOperation, ValueError):
            raise InvalidInput(f"“{text[:40]}” is not an amount.") from None

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> "Money":
        """From minor units: cents for USD, yen for JPY, satoshi for BTC."""
        return cls(Decimal(minor).scaleb(-exponent(currency)), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(Decimal(0), currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str, rounding: str = ROUND_HALF_EVEN) -> "Money":
        """The named place where precision is given up: fees, commissions, conversions."""
        return cls(amount.quantize(Decimal(1).scaleb(-exponent(currency)), rounding), currency)

    @property
    def minor(self) -> int:
        return int(self.amount.scaleb(exponent(self.currency)))

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} can't be put together.")

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.amount), self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def __ge__(self, other: "Money") -> bool:
        return other <= self

    def __bool__(self) -> bool:
        return self.amount != 0

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"

    def share(self, weights: Sequence[int]) -> list["Money"]:
        """Split by weights so that the parts sum to the whole; the first parts take the rest."""
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise InvalidInput("Shares need weights that are positive in sum.")
        sign = -1 if self.minor < 0 else 1
        parts = [abs(self.minor) * weight // total for weight in weights]
        for index in range(abs(self.minor) - sum(parts)):
            parts[index % len(parts)] += 1
        return [Money.from_minor(sign * part, self.currency) for part in parts]
