"""The trading plane: the books follow what trading earned and lost, day by day, and each account's
balance on the server is held against its mirror in the ledger.

One journal per account and day: the net of the deals closed then, and if deals of that day change
later, a further journal over the difference. Nothing is ever edited.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from ledger import chart
from ledger import selectors as ledger
from ledger.entries import BATCH_LINES_MAX, JournalRequest, Line
from ledger.errors import PeriodClosed
from ledger.services import VALUE_DATE, account_for, post_batch
from reconciliation.breaks import break_open, break_resolve
from reconciliation.credit_plane import credits_check
from reconciliation.models import Break, PlaneRun
from reconciliation.states import BreakKind
from trading import results
from trading.results import AccountBalance, AccountNet

KIND = "trading_net"
BATCH = min(1_000, BATCH_LINES_MAX)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """A calendar day of UTC as the two moments that bound it."""
    since = datetime.combine(day, time(), UTC)
    return since, since + timedelta(days=1)


def business_ref(account_id: UUID, day: date) -> str:
    return f"net:{account_id}:{day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Posted:
    day: date
    accounts: int
    refused: tuple[str, ...]


@transaction.atomic
def day_post(*, actor: Actor, day: date) -> Posted:
    """Book what trading did on ``day``; repeating it books only what is new."""
    since, until = day_bounds(day)
    requests: list[JournalRequest] = []
    for net in results.nets(actor, since, until):
        request = _request(actor, net, day, min(until, now()) - timedelta(seconds=1))
        if request is not None:
            requests.append(request)
    refused = _post(actor, requests)
    # A closed day stays as it was signed: what belongs to it is valued on the first open one.
    late = [
        _carried(request, why.until)
        for request in requests
        if isinstance(why := refused.get(request.key), PeriodClosed)
    ]
    refused = {key: why for key, why in refused.items() if not isinstance(why, PeriodClosed)}
    refused |= _post(actor, late)
    found = tuple(f"{key}: {why.sentence}" for key, why in refused.items())
    return Posted(day, len(requests), found)


def _carried(request: JournalRequest, until: datetime) -> JournalRequest:
    meta = {**request.meta, VALUE_DATE: request.effective_at}
    return replace(request, effective_at=until, meta=meta)


def _post(actor: Actor, requests: Sequence[JournalRequest]) -> dict[str, DomainError]:
    """Book them, batch by batch; the refused ones by key."""
    refused: dict[str, DomainError] = {}
    for start in range(0, len(requests), BATCH):
        for answer in post_batch(actor=actor, requests=requests[start : start + BATCH]):
            if answer.refusal is not None:
                refused[answer.key] = answer.refusal
    return refused


def _request(
    actor: Actor, net: AccountNet, day: date, effective_at: datetime
) -> JournalRequest | None:
    ref = business_ref(net.account_id, day)
    before = ledger.journals_of(actor.tenant_id, ref)
    mirror_spec = chart.mt_mirror(net.client_id, net.server, net.login)
    mirror = account_for(actor=actor, spec=mirror_spec, currency=net.currency)
    posted = sum(
        (
            line.amount.amount if line.credit.code == mirror.code else -line.amount.amount
            for entry in before
            for line in entry.lines
        ),
        Decimal(0),
    )
    change = Money.rounded(net.net - posted, net.currency)
    if not change:
        return None
    house = account_for(actor=actor, spec=chart.dealing_pnl(), currency=net.currency)
    line = Line(house, mirror, change) if change.amount > 0 else Line(mirror, house, -change)
    return JournalRequest(
        key=f"{ref}:{len(before)}",
        kind=KIND,
        lines=[line],
        business_ref=ref,
        effective_at=effective_at,
        meta={"login": net.login, "server": net.server},
    )


def unposted(actor: Actor, day: date) -> int:
    """How many accounts traded on ``day`` otherwise than the books say."""
    since, until = day_bounds(day)
    found = {business_ref(net.account_id, day): net for net in results.nets(actor, since, until)}
    booked = ledger.moved_into(actor.tenant_id, list(found), "client:%:mt:%")
    return sum(
        Money.rounded(net.net - booked.get(ref, Decimal(0)), net.currency).minor != 0
        for ref, net in found.items()
    )


# Held against the server


@dataclass(frozen=True, slots=True)
class Difference:
    account: AccountBalance
    mirror: Decimal
    unposted: Decimal

    @property
    def amount(self) -> Decimal:
        """What the server has beyond the books, today's trading counted."""
        return self.account.balance - self.mirror - self.unposted


def differences(actor: Actor, only: UUID | None = None) -> list[Difference]:
    """Accounts (or the one named) whose balance on the server is not what the books and today's
    deals give."""
    found = [row for row in results.balances(actor) if only in (None, row.account_id)]
    mirrors = _mirrors(actor)
    today, tomorrow = day_bounds(now().date())
    unposted = {net.account_id: net.net for net in results.nets(actor, today, tomorrow)}
    posted_today = _posted(actor, found, today.date())
    rows = [
        Difference(
            account,
            mirrors[chart.mt_mirror(account.client_id, account.server, account.login).code],
            unposted.get(account.account_id, Decimal(0)) - posted_today[account.account_id],
        )
        for account in found
    ]
    return [row for row in rows if row.amount != 0]


def _mirrors(actor: Actor) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for balance in ledger.balances(actor.tenant_id, "client:"):
        if ":mt:" in balance.account.code:
            found[balance.account.code] += balance.posted.amount
    return found


def _posted(actor: Actor, accounts: Sequence[AccountBalance], day: date) -> dict[UUID, Decimal]:
    """What of today is on the books already (someone posted the day before it ended)."""
    found: dict[UUID, Decimal] = defaultdict(Decimal)
    for account in accounts:
        for entry in ledger.journals_of(actor.tenant_id, business_ref(account.account_id, day)):
            mirror = chart.mt_mirror(account.client_id, account.server, account.login).code
            for line in entry.lines:
                sign = 1 if line.credit.code == mirror else -1
                found[account.account_id] += sign * line.amount.amount
    return found


@transaction.atomic
def plane_run(*, actor: Actor, days: Sequence[date]) -> PlaneRun:
    """Book the trading of ``days``, then hold every balance against the books; the record of it."""
    posted = [day_post(actor=actor, day=day) for day in days]
    standing, closed = balances_check(actor=actor)
    credits_check(actor=actor)
    return PlaneRun.objects.create(
        tenant_id=actor.tenant_id,
        day=max(days),
        booked=sum(each.accounts - len(each.refused) for each in posted),
        refused=[why for each in posted for why in each.refused][:50],
        differing=standing,
        settled=closed,
    )


@transaction.atomic
def balances_check(*, actor: Actor) -> tuple[int, int]:
    """Open a break for each difference and close those that are gone: (standing, closed)."""
    wrong = {row.account.account_id: row for row in differences(actor)}
    for account_id, row in wrong.items():
        account = row.account
        break_open(
            actor=actor,
            kind=BreakKind.MT_BALANCE_DIFF,
            amount=row.amount,
            currency=account.currency,
            explanation=(
                f"{account.server} says {account.balance:,.2f} for {account.login}; the books say "
                f"{row.mirror + row.unposted:,.2f} {account.currency}."
            ),
            subject_type="trading.account",
            subject_id=account_id,
            subject_label=f"{account.server} {account.login}",
        )
    standing = Break.objects.filter(
        tenant_id=actor.tenant_id, kind=BreakKind.MT_BALANCE_DIFF, closed_at=None
    ).exclude(subject_id__in=list(wrong))
    gone = list(standing)
    for settled in gone:
        break_resolve(actor=actor, row=settled, outcome="Server and books agree again.")
    return len(wrong), len(gone)
