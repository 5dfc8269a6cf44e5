"""What a method promises a payment that is asked for, and what it costs when it comes.

Call ``promise`` under the client's lock (``client_gate``): two requests at once can't both be the
last one that fits under a limit.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from clients.models import Client
from payments.errors import MethodUnusable
from payments.methods import fees, selectors
from payments.methods.fees import Fee, FeeTerms
from payments.methods.states import Direction
from payments.models import Deposit, DepositPolicy, Method, MethodTerms


def promise(
    method: Method, client: Client, direction: str, money: Money, *, without: UUID | None = None
) -> Fee:
    """Its fee. Raises ``MethodUnusable`` with every reason, beside the field that would have to
    change. ``without``: a payment of the client's that this one takes the place of; then only its
    currency and amount are asked, since the method was open when it was asked for."""
    if money.minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be above zero."})
    answer = selectors.judged(method, client, direction, money, without=without)
    problems = {
        name: sentence
        for name, sentence in answer.fields.items()
        if without is None or name != "method"
    }
    if problems or answer.fee is None:
        raise MethodUnusable(fields=problems)
    return answer.fee


def _terms(method: Method, currency: str) -> MethodTerms | None:
    return method.terms.filter(direction=Direction.DEPOSIT, currency=currency).first()


def fee_told(method: Method, currency: str) -> Mapping[str, str]:
    """What is kept with a deposit: its fee is the one that was told when it was asked for."""
    terms = _terms(method, currency)
    return selectors.fee_of(terms).kept(currency) if terms else {}


def fee_kept(row: Deposit, money: Money) -> Fee:
    """The fee of what arrived. In another currency than was asked for nothing was told: then it is
    what stands for that currency today, and none where the method does not take it."""
    if row.fee_terms and row.fee_terms["currency"] == money.currency:
        return fees.fee(money, FeeTerms.of(row.fee_terms))
    terms = _terms(row.method, money.currency)
    return fees.fee(money, selectors.fee_of(terms) if terms else FeeTerms())


def credit_max(method: Method, currency: str) -> Decimal | None:
    """Up to which amount the method's policy credits a deposit at once; None: it does not ask, or
    none is set."""
    if method.deposit_policy != DepositPolicy.UNDER_THRESHOLD:
        return None
    terms = _terms(method, currency)
    return terms.credit_max if terms else None
