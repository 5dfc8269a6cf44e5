"""What BTCPay says of an invoice, in the port's words.

What arrived is worked out of its payments: each is worth its value less the network's fee that it
was charged, at the rate of its invoice. What is not settled is not money yet. Source: the server's
own description of its API (InvoiceData, InvoicePaymentMethodDataModel).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money, exponent
from payments.gateways.btcpay.client import Data
from payments.gateways.port import Instrument, Notice, NoticeUnreadable, Outcome
from payments.gateways.references import our_reference

NAME_CHARS_MAX = 80
# Coins are counted to eight places, so each payment may be worth that much more than was asked.
COIN_STEP = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Arrived:
    """``settled`` is ours, in the invoice's currency; ``is_coming``: more is on its way."""

    settled: Decimal
    is_coming: bool
    ways: tuple[str, ...]


def reference_of(invoice: Data) -> str:
    """Ours, which we gave it as its order; empty for an invoice that we did not make."""
    metadata = invoice.get("metadata")
    order = metadata.get("orderId") if isinstance(metadata, dict) else None
    return our_reference(order) if isinstance(order, str) else ""


def notice_of(invoice: Data, methods: Sequence[Data], *, at: datetime) -> Notice:
    """Raises ``NoticeUnreadable``."""
    name, status = invoice.get("id"), invoice.get("status")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX:
        raise NoticeUnreadable("The invoice has no id.")
    currency = str(invoice.get("currency"))
    asked = amount_of(invoice.get("amount"))
    arrived = _arrived(methods, asked, currency)
    marked = invoice.get("additionalStatus") == "Marked"
    outcome, reason = _outcome(str(status), arrived, is_marked=marked)
    paid = outcome in (Outcome.PAID, Outcome.ATTENTION)
    return Notice(
        reference=reference_of(invoice),
        outcome=outcome,
        money=_money(arrived.settled if paid else asked, currency),
        at=at,
        provider_ref=name,
        reason=reason,
        instrument=Instrument(label=", ".join(arrived.ways)[:60]) if paid else Instrument(),
    )


def _outcome(status: str, arrived: Arrived, *, is_marked: bool) -> tuple[Outcome, str]:
    match status:
        case "New" | "Processing":
            return Outcome.PENDING, ""
        case "Settled" if arrived.settled > 0:
            return Outcome.PAID, ""
        case "Settled":
            how = "by hand" if is_marked else "there"
            return Outcome.ATTENTION, f"It was called settled {how}, though nothing arrived."
        # Too little in time, or enough too late: it is money all the same.
        case "Expired" if arrived.is_coming:
            return Outcome.PENDING, "Something is on its way though its time is over."
        case "Expired" if arrived.settled > 0:
            return Outcome.PAID, ""
        case "Expired":
            return Outcome.EXPIRED, ""
        case "Invalid" if arrived.settled > 0:
            return Outcome.ATTENTION, f"It is called invalid, though {arrived.settled} arrived."
        case "Invalid":
            return Outcome.DECLINED, "The payment was not confirmed in time."
        case _:
            raise NoticeUnreadable(f"The status {status[:40]!r} is not known.")


def _arrived(methods: Sequence[Data], asked: Decimal, currency: str) -> Arrived:
    settled, slack, coming, ways = Decimal(0), Decimal(0), False, []
    for method in methods:
        payments = _payments(method)
        if not payments:
            continue  # one that was never used may have no rate either
        rate = amount_of(method.get("rate"))
        for payment in payments:
            if payment.get("status") == "Processing":
                coming = True
            if payment.get("status") != "Settled":
                continue
            net = amount_of(payment.get("value")) - amount_of(payment.get("fee") or "0")
            settled += net * rate
            slack += COIN_STEP * rate
            ways.append(str(method.get("paymentMethodId") or "crypto"))
    if settled and abs(settled - asked) <= slack:
        settled = asked  # what is over is the coins' own rounding
    step = Decimal(1).scaleb(-_places(currency))
    return Arrived(settled.quantize(step, ROUND_HALF_EVEN), coming, tuple(dict.fromkeys(ways)))


def _payments(method: Data) -> list[Data]:
    found = method.get("payments")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _places(currency: str) -> int:
    try:
        return exponent(currency)
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None


def _money(amount: Decimal, currency: str) -> Money:
    try:
        return Money(amount, currency)
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None


def amount_of(text: Any) -> Decimal:
    """A decimal as the server writes it. Raises ``NoticeUnreadable``."""
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not abs(amount) < 10**15:
        raise NoticeUnreadable(f"{str(text)[:40]!r} is not an amount.")
    return amount
