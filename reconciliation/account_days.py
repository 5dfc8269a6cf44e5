"""One account of ours on one day: what the statement says beside what the books say.

A day follows the business day before it, so that a Monday has the lines of its weekend.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from backoffice.core.context import Actor
from backoffice.core.money import EXPONENTS, Money
from ledger import selectors as ledger
from ledger.chart import bank_client, bank_own
from ledger.days import day_end
from ledger.entries import AccountRef
from ledger.totals import Booked, booked_hash, booked_of
from payments.services.settlements import clearing_codes
from reconciliation.days import AccountStatement, statements_of
from reconciliation.models import BankAccount, Break, SignOff, Statement, StatementLine

FRIDAY = 5
LINES_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Place:
    """An account that is signed off: at a bank or with a gateway, in one currency. ``code`` is its
    account in the ledger; ``bank`` is None with a gateway, whose ``account`` is known."""

    pk: UUID
    label: str
    currency: str
    code: str
    bank: BankAccount | None = None
    account: AccountRef | None = None


def places(actor: Actor) -> list[Place]:
    """Bank accounts in use, by name, then gateways that have ever held money of ours."""
    banks = BankAccount.objects.filter(tenant_id=actor.tenant_id, active=True).order_by("name")
    found = [Place(b.pk, b.name, b.currency, _code_of(b), b) for b in banks]
    for gateway, code in clearing_codes(actor):
        for account in ledger.accounts_named(actor.tenant_id, code):
            place = Place(gateway.pk, gateway.name, account.currency, code, account=account)
            found.append(place)
    return found


def place_for(actor: Actor, pk: UUID, currency: str) -> Place | None:
    return next(
        (each for each in places(actor) if (each.pk, each.currency) == (pk, currency)), None
    )


def _code_of(bank: BankAccount) -> str:
    return (bank_client if bank.client_money else bank_own)(bank.iban).code


def weekday_before(day: date) -> date:
    """The newest day from Monday to Friday before ``day``."""
    found = day - timedelta(days=1)
    while found.isoweekday() > FRIDAY:
        found -= timedelta(days=1)
    return found


def weekday_after(day: date) -> date:
    """The next day from Monday to Friday after ``day``."""
    found = day + timedelta(days=1)
    while found.isoweekday() > FRIDAY:
        found += timedelta(days=1)
    return found


@dataclass(frozen=True)
class AccountDay:
    """Both sides of a place on a day. Amounts are Money in its currency; None: not known."""

    actor: Actor
    place: Place
    day: date
    found: AccountStatement | None

    @property
    def since(self) -> datetime:
        return day_end(self.actor.tenant_id, weekday_before(self.day))

    @property
    def until(self) -> datetime:
        return day_end(self.actor.tenant_id, self.day)

    # The statement

    @property
    def opening(self) -> Money | None:
        return self._stated("opening")

    @property
    def closing(self) -> Money | None:
        return self._stated("closing")

    def _stated(self, name: str) -> Money | None:
        statement = self.found.statement if self.found else None
        amount = getattr(statement, name, None)
        if amount is None or self.place.currency not in EXPONENTS:
            return None
        return Money.rounded(amount, self.place.currency)

    @cached_property
    def _amounts(self) -> list[Decimal]:
        booked = self._lines().exclude(state=StatementLine.State.LEFT_OUT)
        return list(booked.values_list("amount", flat=True))

    @property
    def stated_in(self) -> Money:
        total = sum((amount for amount in self._amounts if amount > 0), Decimal(0))
        return Money.rounded(total, self.place.currency)

    @property
    def stated_out(self) -> Money:
        total = sum((-amount for amount in self._amounts if amount < 0), Decimal(0))
        return Money.rounded(total, self.place.currency)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Lines of the statement by what became of them."""
        return {
            str(row["state"]): row["count"]
            for row in self._lines().values("state").annotate(count=Count("pk")).order_by("state")
        }

    @property
    def line_count(self) -> int:
        return sum(self.counts.values())

    def lines(self) -> list[StatementLine]:
        return list(
            self._lines().select_related("statement__file").order_by("id")[:LINES_SHOWN_MAX]
        )

    def _lines(self) -> QuerySet[StatementLine]:
        rows = StatementLine.objects.filter(tenant_id=self.actor.tenant_id)
        statement = self.found.statement if self.found else None
        return rows.filter(statement=statement) if statement else rows.none()

    @property
    def matched(self) -> int:
        return self.counts.get(StatementLine.State.MATCHED, 0)

    @property
    def unmatched(self) -> int:
        states = (StatementLine.State.OPEN, StatementLine.State.BROKEN)
        return sum(self.counts.get(state, 0) for state in states)

    @cached_property
    def breaks(self) -> list[Break]:
        """Open breaks of lines of this account up to the day."""
        if self.place.bank is None:
            return []
        rows = Break.objects.filter(tenant_id=self.actor.tenant_id, closed_at=None)
        mine = Q(line__account=self.place.bank, line__value_date__lte=self.day)
        return list(rows.filter(mine).select_related("line").order_by("opened_at", "id"))

    # The books

    @cached_property
    def booked(self) -> Booked:
        """What the ledger has of the day."""
        return booked_of(self.actor.tenant_id, self._ids, self.since, self.until, LINES_SHOWN_MAX)

    @cached_property
    def _ids(self) -> list[UUID]:
        return list(self._account.ids) if self._account else []

    @cached_property
    def _account(self) -> AccountRef | None:
        return self.place.account or ledger.account(
            self.actor.tenant_id, self.place.code, self.place.currency
        )

    @property
    def ledger_opening(self) -> Money:
        if self._account is None or self._account.normal > 0:
            return self.ledger_closing - self.money_in + self.money_out
        return self.ledger_closing + self.money_in - self.money_out

    @cached_property
    def ledger_closing(self) -> Money:
        if self._account is None:
            return Money.zero(self.place.currency)
        return ledger.balance_valued_at(self.actor.tenant_id, self._account, self.until)

    @property
    def difference(self) -> Money | None:
        """What the statement has beyond the books at the end of the day."""
        return None if self.closing is None else self.closing - self.ledger_closing

    @cached_property
    def open_lines(self) -> Money:
        """What the lines add up to that are on statements up to the day and not in the books."""
        if self.place.bank is None:
            return Money.zero(self.place.currency)
        rows = StatementLine.objects.filter(
            tenant_id=self.actor.tenant_id,
            account=self.place.bank,
            date__lte=self.day,
            currency=self.place.currency,
            state__in=[StatementLine.State.OPEN, StatementLine.State.BROKEN],
        )
        total = sum(rows.values_list("amount", flat=True), Decimal(0))
        return Money.rounded(total, self.place.currency)

    @property
    def unexplained(self) -> Money | None:
        return None if self.difference is None else self.difference - self.open_lines

    # The inputs

    @cached_property
    def statement_sha256(self) -> str:
        """Over the hashes of the files that have a statement of this account and day."""
        if self.place.bank is None:
            return ""
        covering = Q(to_date=self.day) | Q(from_date__lte=self.day, to_date__gte=self.day)
        rows = Statement.objects.filter(
            covering, tenant_id=self.actor.tenant_id, account=self.place.bank
        )
        return _hash(sorted(rows.values_list("file__sha256", flat=True)))

    @cached_property
    def money_in(self) -> Money:
        return Money.from_minor(self.booked.debits, self.place.currency)

    @cached_property
    def money_out(self) -> Money:
        return Money.from_minor(self.booked.credits, self.place.currency)

    @cached_property
    def ledger_sha256(self) -> str:
        """Over the ledger's rows of the day in their order."""
        return booked_hash(self.actor.tenant_id, self._ids, self.since, self.until)

    def changed(self, signed: SignOff) -> bool:
        """Whether an input is another than when it was signed. The books only ever grow, so they
        are what they were while they have as many lines."""
        now = (self.statement_sha256, self.booked.count)
        return now != (signed.statement_sha256, signed.booked)


def _hash(parts: Iterable[str]) -> str:
    text = "\n".join(parts)
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def account_day(actor: Actor, place: Place, day: date) -> AccountDay:
    found = {each.account.pk: each for each in statements_of(actor, day)}
    return AccountDay(actor, place, day, found.get(place.pk))


def account_days(actor: Actor, day: date) -> list[AccountDay]:
    found = {each.account.pk: each for each in statements_of(actor, day)}
    return [AccountDay(actor, place, day, found.get(place.pk)) for place in places(actor)]


def signed(actor: Actor, day: date) -> dict[tuple[str, str], SignOff]:
    """The newest sign-off of each account on ``day``, by code and currency."""
    rows = SignOff.objects.filter(tenant_id=actor.tenant_id, day=day).order_by("id")
    return {(row.code, row.currency): row for row in rows}
