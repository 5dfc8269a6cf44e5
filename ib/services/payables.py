"""What partners are owed, in the books: expense against ``ib:<partner>:payable``.

Lines are exact; a journal books their sum since the journal before, and carries the part of a cent
that is left. So a journal per partner and day, and one more right before a payout.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from backoffice.core.context import Actor
from backoffice.core.money import Money
from ib import lines, rules
from ib.locks import commissions_locked
from ib.models import CommissionLine, Partner, PartnerDay, PayablePosting
from ledger import chart, services
from ledger.entries import Line, Posting
from ledger.errors import InsufficientFunds

KIND = "ib.commission"


@dataclass(frozen=True, slots=True)
class Owed:
    """Where the books stand for one partner and currency."""

    number: int
    until_at: datetime | None
    carried: Decimal


@transaction.atomic
def payables_post(*, actor: Actor, until: datetime) -> int:
    """Book what every partner earned up to a moment (by when it was accrued); returns journals.

    Repeating it books nothing: what was booked is remembered.
    """
    commissions_locked(actor)
    until = min(until, lines.database_now())  # what is yet to be accrued is not booked over
    booked = 0
    for partner, currency in _waiting(actor, until):
        posting = _post(actor, partner, currency, until)
        booked += posting.journal_id is not None
    return booked


@transaction.atomic
def payable_post(*, actor: Actor, partner: Partner, currency: str) -> None:
    """Book what one partner earned up to now."""
    commissions_locked(actor)
    _post(actor, partner, currency, lines.database_now())


def _waiting(actor: Actor, until: datetime) -> list[tuple[Partner, str]]:
    """Partners with lines that no journal covers yet."""
    last: dict[tuple[UUID, str], datetime] = {}
    rows = PayablePosting.objects.filter(tenant_id=actor.tenant_id).order_by("number")
    for partner_id, currency, until_at in rows.values_list("partner_id", "currency", "until_at"):
        last[partner_id, currency] = until_at
    earning = (
        PartnerDay.objects.filter(tenant_id=actor.tenant_id)
        .exclude(currency="")
        .values_list("partner_id", "currency")
        .distinct()
    )
    partners = Partner.objects.filter(tenant_id=actor.tenant_id).in_bulk()
    found = []
    for partner_id, currency in earning:
        since = last.get((partner_id, currency))
        if _lines(actor, partner_id, currency, since, until).exists():
            found.append((partners[partner_id], currency))
    return sorted(found, key=lambda pair: (pair[0].reference, pair[1]))


def _lines(
    actor: Actor, partner_id: UUID, currency: str, since: datetime | None, until: datetime
) -> QuerySet[CommissionLine]:
    rows = CommissionLine.objects.filter(
        tenant_id=actor.tenant_id,
        partner_id=partner_id,
        currency=currency,
        accrued_at__lte=until,
    )
    return rows if since is None else rows.filter(accrued_at__gt=since)


def _owed(actor: Actor, partner: Partner, currency: str) -> Owed:
    row = (
        PayablePosting.objects.filter(tenant_id=actor.tenant_id, partner=partner, currency=currency)
        .order_by("-number")
        .first()
    )
    return Owed(row.number, row.until_at, row.carried) if row else Owed(0, None, Decimal(0))


def _post(actor: Actor, partner: Partner, currency: str, until: datetime) -> PayablePosting:
    owed = _owed(actor, partner, currency)
    if owed.until_at is not None and owed.until_at >= until:
        until = owed.until_at
    sums = _lines(actor, partner.pk, currency, owed.until_at, until).aggregate(exact=Sum("amount"))
    exact = sums["exact"] or Decimal(0)
    amount, carried = rules.booked(exact, owed.carried, currency)
    number = owed.number + 1
    journal = _journal(actor, partner, amount, number, until) if amount else None
    if amount and journal is None:  # taken back more than is owed: it goes against what comes
        amount, carried = Money.zero(currency), exact + owed.carried
    return PayablePosting.objects.create(
        tenant_id=actor.tenant_id,
        partner=partner,
        currency=currency,
        number=number,
        until_at=until,
        exact=exact,
        amount=amount.amount,
        carried=carried,
        journal_id=journal.journal_id if journal else None,
    )


def _journal(
    actor: Actor, partner: Partner, amount: Money, number: int, until: datetime
) -> Posting | None:
    """Book it into the day that it belongs to, or the first open one; None if it can't."""
    expense = services.account_for(
        actor=actor, spec=chart.ib_commission(), currency=amount.currency
    )
    payable = services.account_for(
        actor=actor, spec=chart.ib_payable(partner.pk), currency=amount.currency
    )
    debit, credit = (expense, payable) if amount.amount > 0 else (payable, expense)
    key = f"ib-payable:{partner.reference}:{amount.currency}:{number}"
    try:
        return services.post(
            actor=actor,
            key=key,
            kind=KIND,
            lines=[Line(debit, credit, abs(amount), "commission")],
            business_ref=partner.reference,
            effective_at=until - timedelta(microseconds=1),
            into_open_day=True,
        )
    except InsufficientFunds:
        return None
