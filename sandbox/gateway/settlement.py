"""What the cashier holds for its merchants: movements, fees, settlements, and their report."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import uuid4

FEE_PERCENT, FEE_FIXED = Decimal(2), Decimal("0.25")
CENT = Decimal("0.01")
HEADINGS = (
    *("id", "type", "date", "reference", "payment", "currency"),
    *("gross", "fee", "net", "settlement", "text"),
)


@dataclass
class Movement:
    """``gross`` is what it adds to what the cashier holds, ``fee`` what the cashier keeps of it."""

    id: str
    merchant: str
    type: str  # payment, refund, payout, settlement
    at: float
    reference: str
    payment: str
    currency: str
    gross: Decimal
    fee: Decimal = Decimal(0)
    settlement: str = ""


class Movements:
    """Every movement of every merchant, in the order in which they happened."""

    def __init__(self) -> None:
        self.rows: list[Movement] = []

    def booked(
        self, merchant: str, kind: str, at: float, reference: str, currency: str, gross: Decimal,
        payment: str = "",
    ) -> None:  # fmt: skip
        fee = Decimal(0)
        if kind == "payment":
            fee = (gross * FEE_PERCENT / 100 + FEE_FIXED).quantize(CENT, ROUND_HALF_EVEN)
        new = f"mov_{uuid4().hex[:20]}"
        self.rows.append(
            Movement(new, merchant, kind, at, reference, payment, currency, gross, fee)
        )

    def settle(self, merchant: str, at: float) -> list[Movement]:
        """Pay out what is held in each currency; what that comes to, below zero as the cashier
        counts."""
        found = []
        open_rows = [row for row in self.rows if row.merchant == merchant and not row.settlement]
        for currency in sorted({row.currency for row in open_rows}):
            members = [row for row in open_rows if row.currency == currency]
            total = sum((row.gross - row.fee for row in members), Decimal(0))
            if total <= 0:
                continue
            name = f"set_{uuid4().hex[:16]}"
            for row in members:
                row.settlement = name
            paid = Movement(
                f"mov_{uuid4().hex[:20]}", merchant, "settlement", at, "", "", currency, -total,
                settlement=name,
            )  # fmt: skip
            self.rows.append(paid)
            found.append(paid)
        return found

    def held(self, merchant: str) -> dict[str, Decimal]:
        total: dict[str, Decimal] = {}
        for row in self.rows:
            if row.merchant == merchant:
                total[row.currency] = total.get(row.currency, Decimal(0)) + row.gross - row.fee
        return {currency: amount for currency, amount in total.items() if amount}

    def report(self, merchant: str, until: str = "") -> str:
        """The movements of a merchant as CSV: all, or those before a day such as 2026-11-02."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADINGS)
        for row in self.rows:
            if row.merchant == merchant and not (until and _written_at(row) >= until):
                writer.writerow(_written(row))
        return text.getvalue()

    def load(self, rows: list[dict[str, object]]) -> None:
        names = {field.name for field in fields(Movement)}
        for row in rows:
            kept = {name: value for name, value in row.items() if name in names}
            money = {name: Decimal(str(row[name])) for name in ("gross", "fee")}
            self.rows.append(Movement(**{**kept, **money}))  # type: ignore[arg-type]


def _written_at(row: Movement) -> str:
    return datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _written(row: Movement) -> list[object]:
    return [
        *(row.id, row.type, _written_at(row), row.reference, row.payment, row.currency),
        *(f"{row.gross:f}", f"{row.fee:f}", f"{row.gross - row.fee:f}", row.settlement, ""),
    ]
