"""Payouts as pull payments: one for each payout, of its amount and under our reference.

A pull payment gives out no more than its amount, so that under one not even two claims could pay
twice. BTCPay has no idempotency keys: before anything is made it is looked for.
"""

from datetime import datetime
from urllib.parse import quote

from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from payments.gateways import http
from payments.gateways.btcpay import client
from payments.gateways.btcpay.client import Data
from payments.gateways.btcpay.invoices import NAME_CHARS_MAX, amount_of
from payments.gateways.port import (
    Account,
    GatewayError,
    NotFound,
    Notice,
    NoticeUnreadable,
    Outcome,
    PaymentName,
    PayoutOrder,
    Refused,
    Result,
    Sent,
    Unknown,
)

METHOD = "BTC-CHAIN"
STATES = {
    "AwaitingApproval": Outcome.PENDING,
    "AwaitingPayment": Outcome.PENDING,
    "InProgress": Outcome.IN_PROGRESS,
    "Completed": Outcome.PAID,
    "Cancelled": Outcome.FAILED,
}


def paid_out(account: Account, order: PayoutOrder) -> Result:
    if order.kind != "wallet":
        return Refused(f"{account.name} pays to wallets alone.")
    try:
        pull = _pull_payment(account, order.reference)
        claim = _claim(account, pull) if pull is not None else None
    except GatewayError as error:
        return Unknown(str(error))  # it may have been made before
    if claim is not None and pull is not None:
        return _sent(account, pull, claim)
    try:
        return _made(account, order, pull)
    except http.NoAnswer as error:
        return Unknown(f"{account.name} did not answer ({error})")


def _made(account: Account, order: PayoutOrder, pull: Data | None) -> Result:
    if pull is None:
        reply = client.call(account, "POST", client.store(account, "/pull-payments"), _pull(order))
        if not reply.done:
            return _not_done(account, reply)
        if not isinstance(reply.data, dict):
            return Unknown(f"{account.name} answered with something else")
        pull = reply.data
    body = {
        "destination": order.number,
        "amount": format(order.money.amount, "f"),
        "payoutMethodId": METHOD,
        "pullPaymentId": pull.get("id"),
        "approved": True,
        "metadata": {"source": order.text, "reference": order.reference},
    }
    reply = client.call(account, "POST", client.store(account, "/payouts"), body)
    if reply.done and isinstance(reply.data, dict):
        return _sent(account, pull, reply.data)
    if reply.code == "overdraft":
        return Unknown(f"{account.name} has a payout of {order.reference} already")
    return _not_done(account, reply)


def _pull(order: PayoutOrder) -> Data:
    return {
        "name": order.reference,
        "amount": format(order.money.amount, "f"),
        "currency": order.money.currency,
        "payoutMethods": [METHOD],
        "autoApproveClaims": True,
    }


def _not_done(account: Account, reply: client.Reply) -> Result:
    if reply.refusal:
        return Refused(reply.refusal)
    return Unknown(f"{account.name} answered with status {reply.status}")


def _sent(account: Account, pull: Data, claim: Data) -> Result:
    name, state = pull.get("id"), STATES.get(str(claim.get("state")))
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX or state is None:
        return Unknown(f"{account.name} answered with something else")
    reason = "It was cancelled at the server." if state is Outcome.FAILED else ""
    return Sent(name, state, reason)


def _pull_payment(account: Account, reference: str) -> Data | None:
    """The pull payment that was made under our reference. Raises ``GatewayError``."""
    params = [("includeArchived", "true")]
    rows = client.listed(account, client.store(account, "/pull-payments"), params=params)
    found = [row for row in rows if row.get("name") == reference]
    if len(found) > 1:
        raise GatewayError(
            f"{account.name} has {len(found)} pull payments called {reference}.", permanent=True
        )
    return found[0] if found else None


def _claim(account: Account, pull: Data) -> Data | None:
    """The payout under a pull payment; what counts of several is the one that was not cancelled.
    Raises ``GatewayError``, ``NotFound``."""
    path = f"pull-payments/{quote(str(pull.get('id')), safe='')}/payouts"
    rows = client.listed(account, path, params=[("includeCancelled", "true")])
    standing = [row for row in rows if row.get("state") != "Cancelled"]
    return next(iter(standing or rows), None)


def polled(account: Account, payout: PaymentName, *, at: datetime) -> Notice:
    """Raises ``NotFound``, ``GatewayError``."""
    if payout.provider_ref:
        pull: Data | None = _known(account, payout.provider_ref)
    else:
        pull = _pull_payment(account, payout.reference)
    claim = _claim(account, pull) if pull is not None else None
    if pull is None or claim is None:
        raise NotFound(payout.reference)
    try:
        return _notice(pull, claim, at)
    except NoticeUnreadable as error:
        raise GatewayError(f"{account.name}: {error}", permanent=False) from error


def _known(account: Account, name: str) -> Data:
    return client.known(account, f"pull-payments/{quote(name, safe='')}")


def reference_of(account: Account, name: str) -> str:
    """The name of a pull payment. Raises ``NotFound``, ``GatewayError``."""
    return str(_known(account, name).get("name") or "")


def _notice(pull: Data, claim: Data, at: datetime) -> Notice:
    state = STATES.get(str(claim.get("state")))
    if state is None:
        raise NoticeUnreadable(f"The state {str(claim.get('state'))[:40]!r} is not known.")
    currency = claim.get("originalCurrency") or pull.get("currency")
    try:
        money = Money(amount_of(claim.get("originalAmount") or pull.get("amount")), str(currency))
    except InvalidInput as error:
        raise NoticeUnreadable(error.sentence) from None
    return Notice(
        reference=str(pull.get("name") or "")[:40],
        outcome=state,
        money=money,
        at=at,
        provider_ref=str(pull.get("id") or "")[:NAME_CHARS_MAX],
        reason="It was cancelled at the server." if state is Outcome.FAILED else "",
    )
