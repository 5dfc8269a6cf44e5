"""An offer to a client, and its acceptance: one journal, once.

Locks: the approval, the client, the conversion, then the ledger's.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from backoffice.workflow.approvals import approval_ask, approval_cancel, pending_for
from backoffice.workflow.models import Approval
from clients.models import Client, ClientAction
from clients.selectors import check_allowed
from payments.chargebacks import debts
from payments.chargebacks.books import available
from payments.chargebacks.locks import client_gate
from payments.conversion_states import CONVERSION, ConversionState
from payments.conversions import actions, books, quotes, rules
from payments.conversions.books import get_of, give_of
from payments.conversions.errors import NotOffered, OfferExpired, PriceMoved
from payments.errors import NotEnoughMoney
from payments.evaluation import base_amount
from payments.models import Conversion
from payments.services.deposits import account_check
from payments.services.transfers import transfer_request
from trading.models import Account

KIND = "payments.conversion"
ASK, APPROVE = "payments.convert_money", "payments.approve_conversion"
EXPIRE = "payments.conversion_expire"
SEARCH_KIND = "conversion"
READ = ("Client", "Gives", "Gets", "Client's rate", "Mid when offered", "Spread", "Then to")
# Without a quote nobody knows how much it is: then the band of the largest amounts decides.
UNKNOWN_WORTH = Decimal(10) ** 18
OPEN_MAX = 20  # offers of one client at a time
_C = ConversionState


def said(row: Conversion) -> str:
    """``100.00 EUR into 108.40 USD``."""
    return f"{give_of(row)} into {get_of(row)}"


# Offered


@transaction.atomic
def conversion_offer(
    *, actor: Actor, client: Client, give: Money, currency: str, account: Account | None = None
) -> Conversion:
    """Offer a rate that stands for a while. Nothing is booked or held. ``account``: where what is
    got goes on to.

    Raises ``InvalidInput``, ``NotOffered``, ``ActionStopped``, ``NotEnoughMoney``.
    """
    if not actor.can(ASK):
        raise NotPermitted
    found = quotes.book()
    _check_few(actor, client)
    _check(actor, found, client, give, currency, account)
    price = quotes.priced(found, give.currency, currency)
    get = rules.converted(give, price.client_rate, currency)
    if get.minor <= 0:
        raise InvalidInput(
            fields={"amount": f"It is worth less than {Money.from_minor(1, currency)}."}
        )
    in_the_middle = rules.converted(give, rules.written(price.mid.rate), currency)
    row = Conversion(
        tenant_id=actor.tenant_id,
        reference=next_reference("FX"),
        client=client,
        account=account,
        give_amount=give.amount,
        give_currency=give.currency,
        get_amount=get.amount,
        get_currency=get.currency,
        mid=rules.written(price.mid.rate),
        client_rate=price.client_rate,
        spread=str(price.spread)[:60],
        spread_amount=(in_the_middle - get).amount,
        quotes=[_quote(each) for each in price.mid.quotes],
        quoted_at=price.mid.at,
        expires_at=now() + timedelta(seconds=found.policy.offer_s),
        asked_by_ref=actor.ref,
        asked_by=actor.name,
    )
    row.save(force_insert=True)
    moves.begin(row, CONVERSION, actor=actor)
    _tell(actor, row, actions.OFFERED, rate=rules.rate_text(row.client_rate))
    outbox.put(EXPIRE, subject_id=row.pk, due_at=row.expires_at)
    search.index(
        kind=SEARCH_KIND,
        subject=row,
        label=row.reference,
        detail=f"{said(row)}, {client.name}",
        desk_id=client.desk_id,
    )
    return row


def _quote(quote: rules.Quote) -> dict[str, str]:
    return {
        "pair": f"{quote.base}/{quote.quote}",
        "mid": rules.plain(quote.mid),
        "at": quote.at.isoformat(),
        "by": quote.name,
    }


def _check(
    actor: Actor,
    found: quotes.Book,
    client: Client,
    give: Money,
    currency: str,
    account: Account | None,
) -> None:
    if give.minor <= 0:
        raise InvalidInput(fields={"amount": "The amount must be above zero."})
    if currency not in found.currencies:
        raise InvalidInput(fields={"to": f"Clients have no wallet in {currency} here."})
    if give.currency == currency:
        raise InvalidInput(fields={"to": "Choose another currency than the one that is given."})
    # It leaves the currency in which it may be owed or frozen: as if it were taken out.
    check_allowed(client, ClientAction.WITHDRAW)
    if account is not None:
        account_check(account, client, currency)
        check_allowed(client, ClientAction.TRADE)
    _check_there(actor, client, give)


def _check_few(actor: Actor, client: Client) -> None:
    mine = Conversion.objects.filter(tenant_id=actor.tenant_id, client=client, state=_C.OFFERED)
    if mine.count() >= OPEN_MAX:
        raise NotOffered(
            f"{OPEN_MAX} offers stand for this client. Accept or decline one, or wait until they"
            " are over."
        )


def _check_there(actor: Actor, client: Client, give: Money) -> None:
    there = available(actor, client.pk, give.currency)
    if give.minor > there.minor:
        raise NotEnoughMoney(
            f"The wallet has {there} available; {give} is to be exchanged. Nothing was done.",
            fields={"amount": f"{there} is available."},
        )


def _tell(actor: Actor, row: Conversion, action: Any, **more: Any) -> None:
    facts = {"give": give_of(row), "get": get_of(row), **more}
    audit(actor=actor, action=action, subject=row, data=facts)


# Accepted


def _locked(actor: Actor, pk: UUID) -> Conversion:
    """As it stands now, its client's gate closed behind it."""
    mine = Conversion.objects.filter(tenant_id=actor.tenant_id)
    client = client_gate(actor, mine.values_list("client_id", flat=True).get(pk=pk))
    row = mine.select_for_update(of=("self",)).select_related("account").get(pk=pk)
    row.client = client
    return row


@transaction.atomic
def conversion_accept(*, actor: Actor, conversion: Conversion) -> Conversion:
    """Take the offer: booked at once, or before a second person when it is large. Accepted again it
    is the same. Raises ``OfferExpired``, ``StateConflict``, ``ActionStopped``,
    ``NotEnoughMoney``; then nothing was booked."""
    if not actor.can(ASK):
        raise NotPermitted
    row = _locked(actor, conversion.pk)
    if row.state in (_C.BOOKED, _C.WAITING):
        return row
    if row.state == _C.EXPIRED or (row.state == _C.OFFERED and now() >= row.expires_at):
        raise OfferExpired
    if row.state != _C.OFFERED:
        raise StateConflict(f"It is {row.get_state_display().lower()}. Nothing was done.")
    check_allowed(row.client, ClientAction.WITHDRAW)
    amount = _to_approve(row)
    if amount is None:
        _book(actor, row, actor)
    else:
        _put_before_another(actor, row, amount)
    return row


def _to_approve(row: Conversion) -> Decimal | None:
    """What it is worth in the base currency when that needs a second person; else None."""
    found = quotes.book()
    most = found.policy.approval_above
    if most is None:
        return None
    worth = quotes.worth(found, row.give_amount, row.give_currency)
    amount = base_amount(give_of(row)) if worth is None else rules.places(worth, 2)
    if worth is None and amount is None:
        return UNKNOWN_WORTH
    if worth is not None:
        return amount if worth > Fraction(most) else None
    return amount if amount is not None and amount > most else None


def _put_before_another(actor: Actor, row: Conversion, amount_base: Decimal) -> None:
    _check_there(actor, row.client, give_of(row))
    row.four_eyes = True
    moves.move(row, CONVERSION, _C.WAITING, actor=actor, update_fields=["four_eyes"])
    _tell(actor, row, actions.ACCEPTED)
    approval_ask(
        actor=actor,
        kind=KIND,
        subject=row,
        label=f"{row.reference}: {said(row)}",
        content=content(row),
        amount=give_of(row),
        amount_base=amount_base,
        barred=[row.asked_by_ref],
    )


def _book(actor: Actor, row: Conversion, booker: Actor, approved_by: str = "") -> None:
    row.journal_id = books.converted(actor=booker, row=row, approved_by=approved_by).journal_id
    _end(actor, row, _C.BOOKED)
    _tell(actor, row, actions.BOOKED, journal=row.journal_id)
    debts.repay_soon(row.client_id)
    if row.account is not None:
        _go_on(actor, row, row.account)


def _go_on(actor: Actor, row: Conversion, account: Account) -> None:
    """A fact of its own: what the account can't take stays in the wallet, in its currency."""
    try:
        with transaction.atomic():
            row.transfer = transfer_request(
                actor=actor,
                client=row.client,
                source=None,
                target=account,
                money=get_of(row),
                idempotency_key=f"conversion:{row.reference}",
            )
    except DomainError as error:
        row.note = f"{get_of(row)} stays in the wallet: {error.sentence}"[:300]
    row.save(update_fields=["transfer", "note"])


def _end(actor: Actor, row: Conversion, state: ConversionState, note: str = "") -> None:
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    row.note = note.strip()[:300]
    moves.move(
        row,
        CONVERSION,
        state,
        actor=actor,
        reason=row.note,
        update_fields=["decided_at", "decided_by_ref", "decided_by", "note", "journal_id"],
    )


# Decided by a second person


def content(row: Conversion) -> Mapping[str, Any]:
    """What is approved, whole. What the wallet has and the price now are looked at with the yes."""
    rate, mid = rules.rate_text(row.client_rate), rules.rate_text(row.mid)
    return {
        "Client": f"{row.client.reference} {row.client.name}",
        "Gives": str(give_of(row)),
        "Gets": str(get_of(row)),
        "Client's rate": f"1 {row.give_currency} = {rate} {row.get_currency}",
        "Mid when offered": f"1 {row.give_currency} = {mid} {row.get_currency}",
        "Spread": f"{row.spread}: {Money(row.spread_amount, row.get_currency)}",
        "Then to": str(row.account.login) if row.account else "stays in the wallet",
    }


def shown(approval: Approval) -> Mapping[str, Any]:
    """In the order in which a person reads it; the database keeps another one."""
    return {name: approval.content[name] for name in READ if name in approval.content}


def content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    rows = Conversion.objects.select_related("client", "account")
    return content(rows.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


@transaction.atomic
def conversion_booked(actor: Actor, approval: Approval) -> None:
    """The last yes (called in that vote's transaction): booked at the rate that was offered, if the
    mid is still within the tolerance. Raises ``PriceMoved``, ``NotOffered``, ``NotEnoughMoney`` and
    ``ActionStopped`` for what has changed since; then the vote is undone with it."""
    row = _locked(actor, approval.subject_id)
    check_allowed(row.client, ClientAction.WITHDRAW)
    found = quotes.book()
    price = quotes.priced(found, row.give_currency, row.get_currency)
    moved = rules.moved_percent(row.mid, price.mid.rate)
    if moved > Fraction(found.policy.tolerance_percent):
        raise PriceMoved(
            f"The price has moved by {rules.places(moved, 2)}% since it was offered; at most"
            f" {rules.plain(found.policy.tolerance_percent)}% is allowed. Nothing was booked:"
            " refuse it, and let a fresh offer be asked for."
        )
    _book(actor, row, system_actor(actor.tenant_id, "conversions"), approved_by=actor.ref)


@transaction.atomic
def conversion_refused(actor: Actor, approval: Approval) -> None:
    """Someone said no (called in that vote's transaction), or it is not what was accepted."""
    row = _locked(actor, approval.subject_id)
    _end(actor, row, _C.REFUSED, approval.reason or "Something of it changed since.")
    _tell(actor, row, actions.REFUSED, reason=row.note)


@transaction.atomic
def conversion_cancel(*, actor: Actor, conversion: Conversion, reason: str) -> Conversion:
    """Decline an offer, or take one back that waits. Raises ``StateConflict`` once it is over."""
    if not actor.can(ASK):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    approval = pending_for(actor, conversion.pk, KIND)
    if approval is not None:
        # Waits for a vote that is being given, and finds what came of it.
        approval = approval_cancel(actor=actor, approval=approval, reason=reason.strip()[:300])
    row = _locked(actor, conversion.pk)
    waits = approval is not None and approval.state == Approval.State.CANCELLED
    if row.state != _C.OFFERED and not (waits and row.state == _C.WAITING):
        raise StateConflict(f"It is {row.get_state_display().lower()} already. Nothing was done.")
    _end(actor, row, _C.CANCELLED, reason)
    _tell(actor, row, actions.CANCELLED, reason=row.note)
    return row


@transaction.atomic
def conversion_expire(*, actor: Actor, conversion_id: UUID) -> Conversion:
    """Its time is over: nothing was booked, and nothing will be."""
    row = _locked(actor, conversion_id)
    if row.state == _C.OFFERED and now() >= row.expires_at:
        _end(actor, row, _C.EXPIRED)
        _tell(actor, row, actions.EXPIRED)
    return row
