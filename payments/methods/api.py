"""Methods over the API: what a client may pay by now, at what fee, and what is left of limits."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from ninja import Field, Query, Router, Schema

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from backoffice.staff.api_auth import ApiHttpRequest, api_view
from payments.api import VIEW, amount_text, client_named, money_of
from payments.methods.fees import FeeTerms
from payments.methods.rules import Answer
from payments.methods.selectors import ForClient, InCurrency, methods_for
from payments.methods.states import Payer

router = Router(tags=["methods"])
PayerOut = Literal["client", "brokerage"]


class FeeOut(Schema):
    """``percent`` of the amount plus ``fixed``, not below ``least`` nor above ``most``. Paid by the
    brokerage it takes nothing from the client."""

    fixed: str
    percent: str
    least: str | None
    most: str | None
    payer: PayerOut


class CurrencyOut(Schema):
    """Null is no limit. Days and months are the calendar's at the brokerage. ``most_now`` is the
    most that one payment of this moment may be, day and month included."""

    currency: str
    least: str
    most: str | None
    day_most: str | None
    day_left: str | None
    month_most: str | None
    month_left: str | None
    most_now: str | None
    fee: FeeOut


class ReasonOut(Schema):
    """``field`` is the one of a deposit or withdrawal that would have to change."""

    field: str
    text: str


class QuoteOut(Schema):
    """Of the amount that was asked about. ``net`` is what is credited, or paid out; null where the
    method does not take the currency."""

    open: bool
    reasons: list[ReasonOut]
    fee: str | None
    payer: PayerOut | None
    net: str | None


class MethodOut(Schema):
    """``open``: whether the client may use it now at all; ``reasons``: why not. ``opens_at`` is
    known where only its hours stand in the way."""

    code: str
    name: str
    instrument: str
    open: bool
    reasons: list[ReasonOut]
    opens_at: datetime | None
    currencies: list[CurrencyOut]
    quote: QuoteOut | None


class MethodsOut(Schema):
    """In the order in which the brokerage wants them to be seen, closed ones included."""

    items: list[MethodOut]


class MethodsIn(Schema):
    """``amount`` and ``currency`` together ask each method for its fee and its word on them."""

    client: str = Field(max_length=20)
    direction: Literal["deposit", "withdrawal"] = "deposit"
    amount: str = Field("", max_length=30)
    currency: str = Field("", max_length=8)


@router.get("", response=MethodsOut, summary="What a client may pay by now", url_name="methods")
@api_view(VIEW)
def method_list(request: ApiHttpRequest, asked: Query[MethodsIn]) -> MethodsOut:
    client = client_named(request.actor, asked.client)
    found = methods_for(client, asked.direction, money=_money(asked))
    return MethodsOut(items=[_out(line) for line in found])


def _money(asked: MethodsIn) -> Money | None:
    if bool(asked.amount) != bool(asked.currency):
        missing = "currency" if asked.amount else "amount"
        raise InvalidInput(fields={missing: "An amount and its currency come together."})
    return money_of(asked.amount, asked.currency) if asked.amount else None


def _out(line: ForClient) -> MethodOut:
    return MethodOut(
        code=line.method.code,
        name=line.method.name,
        instrument=line.method.instrument,
        open=line.answer.is_open,
        reasons=_reasons(line.answer),
        opens_at=line.answer.opens_at,
        currencies=[_currency(each) for each in line.currencies],
        quote=_quote(line.quote) if line.quote else None,
    )


def _reasons(answer: Answer) -> list[ReasonOut]:
    return [ReasonOut(field=each.field, text=each.sentence) for each in answer.reasons]


def _quote(answer: Answer) -> QuoteOut:
    fee = answer.fee
    if fee is None:
        return QuoteOut(open=False, reasons=_reasons(answer), fee=None, payer=None, net=None)
    return QuoteOut(
        open=answer.is_open,
        reasons=_reasons(answer),
        fee=_text(fee.total),
        payer="brokerage" if fee.borne else "client",
        net=_text(answer.net),
    )


def _text(money: Money | None) -> str | None:
    return None if money is None else amount_text(money.amount, money.currency)


def _currency(line: InCurrency) -> CurrencyOut:
    terms, left = line.terms, line.left

    def limit(amount: Decimal | None) -> str | None:
        return None if amount is None else amount_text(amount, terms.currency)

    return CurrencyOut(
        currency=terms.currency,
        least=amount_text(terms.amount_min, terms.currency),
        most=limit(terms.amount_max),
        day_most=limit(terms.day_max),
        day_left=_text(left.day),
        month_most=limit(terms.month_max),
        month_left=_text(left.month),
        most_now=_text(left.now),
        fee=_fee(terms.fee, terms.currency),
    )


def _fee(terms: FeeTerms, currency: str) -> FeeOut:
    return FeeOut(
        fixed=amount_text(terms.fixed, currency),
        percent=format(terms.percent.normalize(), "f"),
        least=None if terms.least is None else amount_text(terms.least, currency),
        most=None if terms.most is None else amount_text(terms.most, currency),
        payer="brokerage" if terms.payer == Payer.HOUSE else "client",
    )
