"""What a payment costs, and whose cost that is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backoffice.core.money import Money
from payments.methods.states import Payer

_ZERO = Decimal(0)
_AMOUNTS = ("fixed", "percent", "least", "most")


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """``percent`` of the amount plus ``fixed``, not below ``least`` nor above ``most``."""

    fixed: Decimal = _ZERO
    percent: Decimal = _ZERO
    least: Decimal | None = None
    most: Decimal | None = None
    payer: str = Payer.CLIENT

    def kept(self, currency: str) -> dict[str, str]:
        """As it is stored with a payment: what was told when it was asked for."""
        amounts = {name: getattr(self, name) for name in _AMOUNTS}
        said = {name: format(value, "f") for name, value in amounts.items() if value is not None}
        return {"currency": currency, "payer": str(self.payer), **said}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "FeeTerms":
        amounts = {name: Decimal(kept[name]) for name in _AMOUNTS if name in kept}
        return cls(payer=Payer(kept["payer"]), **amounts)

    def __str__(self) -> str:
        """``1.5% + 0.25, at least 1, at most 20, borne by the brokerage``; ``none``."""
        if not (self.percent or self.fixed or self.least):
            return "none"
        parts = [f"{_plain(self.percent)}%"] if self.percent else []
        parts += [_plain(self.fixed)] if self.fixed else []
        words = [" + ".join(parts)] if parts else []
        words += [f"at least {_plain(self.least)}"] if self.least else []
        words += [f"at most {_plain(self.most)}"] if self.most is not None else []
        words += ["borne by the brokerage"] if self.payer == Payer.HOUSE else []
        return ", ".join(words)


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


@dataclass(frozen=True, slots=True)
class Fee:
    """One of the two is zero: taken from the client's money, or borne by the brokerage."""

    client: Money
    house: Money

    @property
    def total(self) -> Money:
        return self.client + self.house

    @property
    def borne(self) -> bool:
        return bool(self.house)


def fee(money: Money, terms: FeeTerms) -> Fee:
    """Rounded half to even, and never more than the amount."""
    asked = money.amount * terms.percent / 100 + terms.fixed
    if terms.least is not None:
        asked = max(asked, terms.least)
    if terms.most is not None:
        asked = min(asked, terms.most)
    found = Money.rounded(min(asked, money.amount), money.currency)
    zero = Money.zero(money.currency)
    return Fee(zero, found) if terms.payer == Payer.HOUSE else Fee(found, zero)
