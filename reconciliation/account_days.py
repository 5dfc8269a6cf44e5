"""One account of ours on one day: what the statement says beside what the books say.

A day follows the business day before it, so that a Monday has the lines of its weekend.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
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
from ledger.totals import Booked, booked_hash, booked_lines_of, booked_of
from payments.services.settlements import clearing_codes
from reconciliation.days import AccountStatement, statements_of
from reconciliation.models import BankAccount, Break, SignOff, Statement, StatementLine

FRIDAY = 5
LINES_SHOWN_MAX = 100


@dataclass(frozen=True, slots=True)
class Place:
    """An account that is signed off: at a bank or with a gateway, in one currency. ``code`` is its
    code in the ledger, ``account`` None until the ledger opened it; ``bank`` is None with a
    gateway."""

    pk: UUID
    label: str
    currency: str
    code: str
    bank: BankAccount | None = None
    account: AccountRef | None = None

    @property
    def currency_beside(self) -> str:
        """Its currency, where its name does not say it."""
        return "" if self.currency in self.label.split() else self.currency


def places(actor: Actor) -> list[Place]:
    """Bank accounts in use, by name, then gateways that have ever held money of ours."""
    banks = BankAccount.objects.filter(tenant_id=actor.tenant_id, active=True).order_by("name")
    names = [(bank, _code_of(bank)) for bank in banks]
    gateways = clearing_codes(actor)
    codes = {code for _, code in names} | {code for _, code in gateways}
    accounts = ledger.accounts_of(actor.tenant_id, codes)
    found = []
    for bank, code in names:
        own = next((a for a in accounts.get(code, ()) if a.currency == bank.currency), None)
        found.append(Place(bank.pk, bank.name, bank.currency, code, bank, own))
    for gateway, code in gateways:
        for account in accounts.get(code, ()):
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
    found: AccountStatement | None
    books: "BooksOfDay"

    @property
    def day(self) -> date:
        return self.books.day

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

    @property
    def booked(self) -> Booked:
        """What the ledger has of the day."""
        account = self.place.account
        return self.books.moved[account.id] if account else Booked()

    @property
    def ledger_opening(self) -> Money:
        if self.place.account is None or self.place.account.normal > 0:
            return self.ledger_closing - self.money_in + self.money_out
        return self.ledger_closing + self.money_in - self.money_out

    @property
    def ledger_closing(self) -> Money:
        account = self.place.account
        return self.books.closings[account.id] if account else Money.zero(self.place.currency)

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

    @property
    def money_in(self) -> Money:
        return Money.from_minor(self.booked.debits, self.place.currency)

    @property
    def money_out(self) -> Money:
        return Money.from_minor(self.booked.credits, self.place.currency)

    @cached_property
    def ledger_sha256(self) -> str:
        """Over the ledger's rows of the day in their order."""
        ids = self.place.account.ids if self.place.account else ()
        return booked_hash(self.actor.tenant_id, ids, *self.books.span)

    def changed(self, signed: SignOff) -> bool:
        """Whether an input is another than when it was signed. The books only ever grow, so they
        are what they were while they have as many lines."""
        now = (self.statement_sha256, self.booked.count)
        return now != (signed.statement_sha256, signed.booked)


def _hash(parts: Iterable[str]) -> str:
    text = "\n".join(parts)
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


@dataclass(frozen=True)
class BooksOfDay:
    """What the books say of a day about all accounts that are looked at, read together: lines of
    one account, looked at alone, come with it."""

    tenant_id: int
    day: date
    accounts: Sequence[AccountRef]
    alone: bool

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """From the end of the business day before it to its own."""
        until = day_end(self.tenant_id, self.day)
        since = datetime.combine(weekday_before(self.day) + timedelta(days=1), time(), until.tzinfo)
        return since, until

    @cached_property
    def closings(self) -> dict[UUID, Money]:
        """By the account's first id."""
        found = ledger.balances_valued_at(self.tenant_id, self.accounts, self.span[1])
        return {account.id: money for account, money in zip(self.accounts, found, strict=True)}

    @cached_property
    def moved(self) -> dict[UUID, Booked]:
        if self.alone:
            return {
                each.id: booked_lines_of(self.tenant_id, each, *self.span, LINES_SHOWN_MAX)
                for each in self.accounts
            }
        found = booked_of(self.tenant_id, self.accounts, *self.span)
        return {account.id: booked for account, booked in zip(self.accounts, found, strict=True)}


def account_day(actor: Actor, place: Place, day: date) -> AccountDay:
    return _days(actor, [place], day, alone=True)[0]


def account_days(actor: Actor, day: date) -> list[AccountDay]:
    return _days(actor, places(actor), day)


def _days(
    actor: Actor, found: Sequence[Place], day: date, *, alone: bool = False
) -> list[AccountDay]:
    banks = [place.bank for place in found if place.bank]
    statements = {each.account.pk: each for each in statements_of(actor, day, banks)}
    accounts = [place.account for place in found if place.account]
    books = BooksOfDay(actor.tenant_id, day, accounts, alone)
    return [AccountDay(actor, place, statements.get(place.pk), books) for place in found]


def signed(actor: Actor, day: date) -> dict[tuple[str, str], SignOff]:
    """The newest sign-off of each account on ``day``, by code and currency."""
    rows = SignOff.objects.filter(tenant_id=actor.tenant_id, day=day).order_by("id")
    return {(row.code, row.currency): row for row in rows}
