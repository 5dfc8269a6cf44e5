"""A method, a client and the moment as the rules see them, and what was used of limits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Prefetch, Q, QuerySet, Sum, When

from backoffice.core.clock import now
from backoffice.core.context import current_tenant_id
from backoffice.core.money import Money
from backoffice.tenancy.scope import brokerage
from clients.models import Client
from payments.accounts import adapter_for
from payments.methods import rules
from payments.methods.fees import FeeTerms
from payments.methods.hours import Window, periods
from payments.methods.rules import Answer, Audience, Moment, Offer, Person, Terms, Used
from payments.methods.states import Direction, direction_of
from payments.models import Deposit, Method, MethodTerms, Withdrawal
from payments.sources import GONE
from payments.states import DepositState

_D = DepositState
# Deposits that took nothing of a limit: never paid, or given back.
DEPOSIT_GONE = (_D.DECLINED, _D.EXPIRED, _D.CANCELLED, _D.RETURNED)


def moment_now() -> Moment:
    """Now, where the brokerage is."""
    return Moment(now(), ZoneInfo(brokerage().timezone))


def person_of(client: Client) -> Person:
    return Person(client.residence, client.category, client.kind, client.level)


def fee_of(row: MethodTerms) -> FeeTerms:
    return FeeTerms(row.fee_fixed, row.fee_percent, row.fee_min, row.fee_max, row.fee_payer)


def terms_of(row: MethodTerms) -> Terms:
    return Terms(
        row.direction,
        row.currency,
        row.amount_min,
        row.amount_max,
        row.day_max,
        row.month_max,
        row.credit_max,
        fee_of(row),
    )


def gateway_problem(method: Method) -> str:
    """Why its gateway takes nothing; empty when it does."""
    if method.gateway is None:
        return "it has no gateway."
    return "" if method.gateway.active else f"{method.gateway.name} is switched off."


def offer_of(method: Method, terms: Iterable[MethodTerms] | None = None) -> Offer:
    """A method with its gateway read; ``terms`` where a page has read them."""
    rows = sorted(
        method.terms.all() if terms is None else terms,
        key=lambda row: (row.direction, row.currency),
    )
    directions = set()
    if method.takes_deposits:
        directions.add(str(Direction.DEPOSIT))
    if method.makes_withdrawals:
        directions.add(str(Direction.WITHDRAWAL))
    return Offer(
        name=method.name,
        active=method.active,
        directions=frozenset(directions),
        terms=tuple(terms_of(row) for row in rows),
        problem=gateway_problem(method),
        audience=Audience(
            method.country_rule,
            tuple(method.countries),
            tuple(method.categories),
            tuple(method.kinds),
            method.level_min,
        ),
        windows=tuple(Window.parse(text) for text in method.hours),
    )


def gateway_says(method: Method, money: Money, direction: str) -> str:
    """Why this amount can't be paid through the method's gateway at all; empty if it can."""
    if direction != Direction.DEPOSIT or method.gateway is None or money.minor <= 0:
        return ""
    return adapter_for(method.gateway).refuses(money)


def _asked(direction: str) -> QuerySet[Any]:
    """What counts: ``counted`` is its amount, ``of`` its currency."""
    rows: QuerySet[Any]
    if direction == Direction.WITHDRAWAL:
        rows = Withdrawal.objects.exclude(state__in=GONE)
        rows = rows.annotate(of=F("currency"), counted=F("amount"))
    else:
        # What arrived counts, not what was asked for, unless it is another currency's.
        same = Q(paid_amount__isnull=False, paid_currency=F("asked_currency"))
        counted = Case(When(same, "paid_amount"), default="asked_amount")
        rows = Deposit.objects.exclude(state__in=DEPOSIT_GONE)
        rows = rows.annotate(of=F("asked_currency"), counted=counted)
    return rows.filter(tenant_id=current_tenant_id())


def used(
    client_id: UUID,
    direction: str,
    moment: Moment,
    *,
    method_id: UUID | None = None,
    without: UUID | None = None,
) -> Mapping[tuple[UUID, str], Used]:
    """By (method, currency): what the client asked for today and this month, ``without`` one
    payment. A payment counts on the day on which it was asked for, as long as it may be paid."""
    begins = periods(moment.at, moment.zone)
    rows = _asked(direction).filter(
        client_id=client_id, created_at__gte=begins.month, created_at__lt=begins.next_month
    )
    if method_id is not None:
        rows = rows.filter(method_id=method_id)
    if without is not None:
        rows = rows.exclude(pk=without)
    today = Q(created_at__gte=begins.day, created_at__lt=begins.next_day)
    sums = rows.order_by().values_list("method_id", "of")
    totals = sums.annotate(
        day=Sum("counted", filter=today, default=0),
        month=Sum("counted", default=0),
    )
    return {(method, currency): Used(day, month) for method, currency, day, month in totals}


def judged(
    method: Method,
    client: Client,
    direction: str,
    money: Money,
    *,
    moment: Moment | None = None,
    without: UUID | None = None,
) -> Answer:
    """Whether the client may make this payment now. For a promise, under the client's lock."""
    at = moment or moment_now()
    counted = used(client.pk, direction, at, method_id=method.pk, without=without)
    return rules.judge(
        offer_of(method),
        person_of(client),
        direction,
        money,
        counted.get((method.pk, money.currency), Used()),
        at,
        gateway_says(method, money, direction),
    )


@dataclass(frozen=True, slots=True)
class InCurrency:
    """A currency of a method for one client: its terms, what was used, what is left."""

    terms: Terms
    used: Used
    left: rules.Left


def limits_of(row: Deposit | Withdrawal) -> InCurrency | None:
    """The terms of a payment's method and how much of them its client used, this one included, on
    the day and in the month of its asking. None where the method has no terms for it any more."""
    out = isinstance(row, Withdrawal)
    direction = direction_of(out=out)
    currency = row.currency if isinstance(row, Withdrawal) else row.asked_currency
    mine = MethodTerms.objects.filter(tenant_id=current_tenant_id(), method_id=row.method_id)
    found = mine.filter(direction=direction, currency=currency).first()
    if found is None:
        return None
    terms, then = terms_of(found), Moment(row.created_at, moment_now().zone)
    counted = used(row.client_id, direction, then, method_id=row.method_id)
    spent = counted.get((row.method_id, currency), Used())
    return InCurrency(terms, spent, rules.left(terms, spent))


@dataclass(frozen=True, slots=True)
class ForClient:
    """One line of what a client may pay by: whether it is open, and each currency. ``quote``: what
    would become of the payment that was asked about."""

    method: Method
    answer: Answer
    currencies: Sequence[InCurrency]
    quote: Answer | None = None


def methods_for(
    client: Client, direction: str, *, moment: Moment | None = None, money: Money | None = None
) -> list[ForClient]:
    """Every method in use of a direction, in the order that clients see, closed ones with their
    reasons."""
    at, who = moment or moment_now(), person_of(client)
    does = "takes_deposits" if direction == Direction.DEPOSIT else "makes_withdrawals"
    rows = Method.objects.filter(tenant_id=current_tenant_id(), active=True, **{does: True})
    counted = used(client.pk, direction, at)
    found = []
    for row in in_order(rows):
        offer, lines = offer_of(row), []
        for terms in offer.terms:
            if terms.direction == direction:
                spent = counted.get((row.pk, terms.currency), Used())
                lines.append(InCurrency(terms, spent, rules.left(terms, spent)))
        quote = None
        if money is not None:
            spent = counted.get((row.pk, money.currency), Used())
            says = gateway_says(row, money, direction)
            quote = rules.judge(offer, who, direction, money, spent, at, says)
        found.append(ForClient(row, rules.standing(offer, who, direction, at), lines, quote))
    return found


def in_order(rows: QuerySet[Method]) -> QuerySet[Method]:
    """As clients see them, with gateway and terms read."""
    terms = MethodTerms.objects.filter(tenant_id=current_tenant_id())
    read = rows.select_related("gateway").prefetch_related(Prefetch("terms", terms))
    return read.order_by("position", "name", "id")
