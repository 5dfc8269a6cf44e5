"""The public door of the ledger for those who read. Amounts come as ``Money`` in the account's own
sense: positive is the normal side (an asset that we have, a debt that we owe)."""

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from django.db import connection

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from ledger.entries import AccountRef, Line
from ledger.models import Account, Hold, Journal, Transfer

STATEMENT_LIMIT_MAX = 1_000
FAULTS_MAX = 50  # of each kind: enough to see what is wrong


@dataclass(frozen=True, slots=True)
class Balance:
    """``posted``: on the books. ``held``: of that, set aside by open holds. ``incoming``: what
    open holds of others would add."""

    account: AccountRef
    posted: Money
    held: Money
    incoming: Money
    closed: bool

    @property
    def available(self) -> Money:
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of one account. ``amount`` is signed in the account's sense; ``balance`` is after it
    (of the shard it met, for a sharded account)."""

    created_at: datetime
    effective_at: datetime
    version: int
    account_id: UUID
    journal_id: UUID
    kind: str
    business_ref: str
    code: str
    other_code: str
    amount: Money
    balance: Money

    @property
    def position(self) -> tuple[datetime, int, UUID]:
        """Where the next page begins: hand it back as ``before``."""
        return self.created_at, self.version, self.account_id


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A journal with its lines, as booked: the shards that the lines met."""

    journal: Journal
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class HeldMoney:
    """A hold with its amounts as money."""

    id: UUID
    kind: str
    business_ref: str
    state: str
    amount: Money
    settled: Money
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """One code and currency: all its shards together."""

    code: str
    kind: str
    owner_ref: str
    debits: Money
    credits: Money
    balance: Money


# Accounts and balances


def account_rows(tenant_id: int, code: str, currency: str) -> list[Account]:
    """The rows of one account: one, or its shards in order."""
    rows = Account.objects.filter(tenant_id=tenant_id, code=code, currency=currency)
    return list(rows.order_by("shard"))


def ref_of(rows: Sequence[Account]) -> AccountRef:
    first = rows[0]
    return AccountRef(first.code, first.currency, first.normal, tuple(row.id for row in rows))


def account(tenant_id: int, code: str, currency: str) -> AccountRef | None:
    """The account of this code, if it has been opened."""
    rows = account_rows(tenant_id, code, currency)
    return ref_of(rows) if rows else None


def balance(tenant_id: int, account: AccountRef) -> Balance:
    """What is on the account now. Not a promise: only a post or a hold decides under the lock."""
    return _balance(account_rows(tenant_id, account.code, account.currency))


def available(tenant_id: int, account: AccountRef) -> Money:
    return balance(tenant_id, account).available


def balances_of(tenant_id: int, owner_ref: str) -> list[Balance]:
    """All accounts of one owner, by code and currency."""
    rows = Account.objects.filter(tenant_id=tenant_id, owner_ref=owner_ref)
    return _balances(rows.order_by("code", "currency", "shard"))


def balances(tenant_id: int, code_prefix: str) -> list[Balance]:
    """All accounts whose code starts so, such as ``gateway:`` or ``client:<id>:mt:``."""
    rows = Account.objects.filter(tenant_id=tenant_id, code__startswith=code_prefix)
    return _balances(rows.order_by("code", "currency", "shard"))


def _balances(rows: Iterable[Account]) -> list[Balance]:
    groups: dict[tuple[str, str], list[Account]] = {}
    for row in rows:
        groups.setdefault((row.code, row.currency), []).append(row)
    return [_balance(group) for group in groups.values()]


def _balance(rows: Sequence[Account]) -> Balance:
    if not rows:
        raise InvalidInput("There is no such ledger account.")
    first = rows[0]
    debit_normal = first.normal == 1
    posted = sum(row.normal * (row.debits - row.credits) for row in rows)
    out = sum(row.pending_credits if debit_normal else row.pending_debits for row in rows)
    into = sum(row.pending_debits if debit_normal else row.pending_credits for row in rows)
    return Balance(
        ref_of(rows),
        Money.from_minor(posted, first.currency),
        Money.from_minor(out, first.currency),
        Money.from_minor(into, first.currency),
        closed=all(row.closed for row in rows),
    )


def accounts_named(tenant_id: int, code: str) -> list[AccountRef]:
    """The account ``code`` in each currency in which it was ever opened, by currency."""
    rows = Account.objects.filter(tenant_id=tenant_id, code=code).order_by("currency", "shard")
    return [ref_of(list(shards)) for _, shards in groupby(rows, lambda row: row.currency)]


def accounts_of(tenant_id: int, codes: Collection[str]) -> dict[str, list[AccountRef]]:
    """As ``accounts_named``, of several codes; those that were never opened are left out."""
    rows = Account.objects.filter(tenant_id=tenant_id, code__in=codes)
    found: dict[str, list[AccountRef]] = {}
    for (code, _), shards in groupby(
        rows.order_by("code", "currency", "shard"), lambda row: (row.code, row.currency)
    ):
        found.setdefault(code, []).append(ref_of(list(shards)))
    return found


def balances_valued_at(
    tenant_id: int, accounts: Sequence[AccountRef], until: datetime
) -> list[Money]:
    """The balance of each account by value date: every line valued before ``until``, whenever it
    was booked. One statement, which does not add up the lines of a year."""
    ids = [shard for account in accounts for shard in account.ids]
    found: dict[UUID, int] = dict(
        _rows("SELECT * FROM ledger_balances_at(%s, %s::uuid[], %s)", [tenant_id, ids, until])
    )
    return [
        Money.from_minor(sum(found.get(shard, 0) for shard in account.ids), account.currency)
        for account in accounts
    ]


def balance_valued_at(tenant_id: int, account: AccountRef, until: datetime) -> Money:
    """As ``balances_valued_at``, of one account."""
    return balances_valued_at(tenant_id, [account], until)[0]


def balance_known_at(tenant_id: int, account: AccountRef, until: datetime) -> Money:
    """The balance as the books showed it just before ``until``: what was booked later is not in
    it, even if it is valued earlier."""
    rows = _rows(
        "SELECT balance FROM ledger_known_at(%s, %s::uuid[], %s)",
        [tenant_id, list(account.ids), until],
    )
    return Money.from_minor(sum(row[0] for row in rows), account.currency)


def trial_balance(tenant_id: int, currency: str = "") -> list[TrialBalanceRow]:
    """Every code with its sums, by code and currency; the two sums of each currency are equal."""
    rows = _rows(
        "SELECT code, kind, owner_ref, currency, normal, sum(debits), sum(credits)"
        " FROM ledger_account WHERE tenant_id = %s AND (%s = '' OR currency = %s)"
        " GROUP BY code, kind, owner_ref, currency, normal ORDER BY code, currency",
        [tenant_id, currency, currency],
    )
    return [
        TrialBalanceRow(
            code,
            kind,
            owner_ref,
            Money.from_minor(int(debits), money),
            Money.from_minor(int(credits), money),
            Money.from_minor(normal * int(debits - credits), money),
        )
        for code, kind, owner_ref, money, normal, debits, credits in rows
    ]


# Lines and journals

_STATEMENT = """
    SELECT s.created_at, s.effective_at, s.version, s.account, s.journal_id, j.kind, j.business_ref,
           s.code, o.code, s.change, s.balance
    FROM (
        SELECT x.* FROM unnest(%(accounts)s::uuid[]) AS a (id) CROSS JOIN LATERAL (
            (SELECT d.created_at, d.effective_at, d.debit_version AS version, a.id AS account,
                    d.journal_id, d.code, d.credit_account_id AS other, d.amount AS change,
                    d.debit_balance AS balance
             FROM ledger_transfer d WHERE d.tenant_id = %(tenant)s AND d.debit_account_id = a.id
               AND d.created_at >= %(since)s AND d.created_at < %(until)s
               AND (d.created_at, d.debit_version, a.id) < (%(at)s, %(version)s, %(account)s::uuid)
             ORDER BY d.created_at DESC, d.debit_version DESC LIMIT %(limit)s)
            UNION ALL
            (SELECT c.created_at, c.effective_at, c.credit_version, a.id, c.journal_id, c.code,
                    c.debit_account_id, -c.amount, c.credit_balance
             FROM ledger_transfer c WHERE c.tenant_id = %(tenant)s AND c.credit_account_id = a.id
               AND c.created_at >= %(since)s AND c.created_at < %(until)s
               AND (c.created_at, c.credit_version, a.id) < (%(at)s, %(version)s, %(account)s::uuid)
             ORDER BY c.created_at DESC, c.credit_version DESC LIMIT %(limit)s)
        ) x ORDER BY x.created_at DESC, x.version DESC, x.account DESC LIMIT %(limit)s
    ) s
    JOIN ledger_journal j ON j.tenant_id = %(tenant)s AND j.id = s.journal_id
    JOIN ledger_account o ON o.tenant_id = %(tenant)s AND o.id = s.other
    ORDER BY s.created_at DESC, s.version DESC, s.account DESC
"""


def statement(
    tenant_id: int,
    account: AccountRef,
    *,
    before: tuple[datetime, int, UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[StatementLine]:
    """Lines of an account, newest first, booked in [since, until). For the next page pass the last
    line's ``position`` as ``before``."""
    at, version, last_account = before or ("infinity", 0, UUID(int=0))
    rows = _rows(
        _STATEMENT,
        {
            "tenant": tenant_id,
            "accounts": list(account.ids),
            "since": since or "-infinity",
            "until": until or "infinity",
            "at": at,
            "version": version,
            "account": last_account,
            "limit": min(limit, STATEMENT_LIMIT_MAX),
        },
    )
    return [_statement_line(account, *row) for row in rows]


def _statement_line(account: AccountRef, *row: Any) -> StatementLine:
    *facts, change, after = row
    amount = Money.from_minor(account.normal * change, account.currency)
    facts += [amount, Money.from_minor(after, account.currency)]
    return StatementLine(*facts)


def journal(tenant_id: int, journal_id: UUID) -> JournalEntry | None:
    row = Journal.objects.filter(tenant_id=tenant_id, id=journal_id).first()
    return _entries(tenant_id, [row])[0] if row else None


def journals_of(tenant_id: int, business_ref: str) -> list[JournalEntry]:
    """What one business object has on the books, oldest first."""
    rows = Journal.objects.filter(tenant_id=tenant_id, business_ref=business_ref)
    return _entries(tenant_id, list(rows.order_by("created_at", "id")))


def moved_into(
    tenant_id: int, business_refs: Sequence[str], code_pattern: str
) -> dict[str, Decimal]:
    """What the journals of each business object added to the accounts whose code is LIKE
    ``code_pattern``, in major units: credits less debits, as a liability counts."""
    rows = _rows(
        "SELECT j.business_ref, x.currency,"
        " sum(CASE WHEN c.code LIKE %s THEN x.amount ELSE -x.amount END)"
        " FROM ledger_journal j"
        " JOIN ledger_transfer x ON x.tenant_id = j.tenant_id AND x.journal_id = j.id"
        "   AND x.created_at = j.created_at"
        " JOIN ledger_account c ON c.tenant_id = x.tenant_id AND c.id = x.credit_account_id"
        " WHERE j.tenant_id = %s AND j.business_ref = ANY (%s) GROUP BY 1, 2",
        [code_pattern, tenant_id, list(business_refs)],
    )
    found: dict[str, Decimal] = {}
    for ref, currency, minor in rows:
        added = Money.from_minor(int(minor), currency).amount
        found[ref] = found.get(ref, Decimal(0)) + added
    return found


def _entries(tenant_id: int, journals: list[Journal]) -> list[JournalEntry]:
    # The moment of booking is that of the journal: naming it keeps the search in few partitions.
    transfers = (
        Transfer.objects.filter(
            tenant_id=tenant_id,
            journal_id__in=[row.id for row in journals],
            created_at__in={row.created_at for row in journals},
        )
        .select_related("debit_account", "credit_account")
        .order_by("line")
    )
    lines: dict[UUID, list[Line]] = {row.id: [] for row in journals}
    for transfer in transfers:
        lines[transfer.journal_id].append(
            Line(
                ref_of([transfer.debit_account]),
                ref_of([transfer.credit_account]),
                Money.from_minor(transfer.amount, transfer.currency),
                transfer.code,
            )
        )
    return [JournalEntry(row, lines[row.id]) for row in journals]


# Holds


def hold(tenant_id: int, hold_id: UUID) -> HeldMoney:
    """Raises ``InvalidInput`` when there is no such hold."""
    row = Hold.objects.filter(tenant_id=tenant_id, id=hold_id).first()
    if row is None:
        raise InvalidInput("There is no such hold.")
    return _held(row)


def holds_of(tenant_id: int, business_ref: str) -> list[HeldMoney]:
    rows = Hold.objects.filter(tenant_id=tenant_id, business_ref=business_ref)
    return [_held(row) for row in rows.order_by("created_at", "id")]


def holds_due(tenant_id: int, most: int = 500) -> list[UUID]:
    """Open holds that are past their expiry, the oldest first."""
    due = Hold.objects.filter(
        tenant_id=tenant_id, state=Hold.State.HELD, expires_at__lte=now()
    ).order_by("expires_at")
    return list(due.values_list("id", flat=True)[:most])


def _held(row: Hold) -> HeldMoney:
    return HeldMoney(
        row.id,
        row.kind,
        row.business_ref,
        row.state,
        Money.from_minor(row.amount, row.currency),
        Money.from_minor(row.settled, row.currency),
        row.expires_at,
    )


# Proof


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken rule and where. ``subject`` is an account's code, a journal's id or the like."""

    rule: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of one tenant's books found."""

    tenant_id: int
    faults: list[Fault]
    seconds: float

    @property
    def sound(self) -> bool:
        return not self.faults


BusinessCheck = Callable[[int], Iterable[Fault]]
_business_checks: dict[str, BusinessCheck] = {}


def register_check(name: str, check: BusinessCheck) -> None:
    """Add a domain's own rule, such as "every paid withdrawal has exactly its journals".

    ``check`` gets the tenant's id, with the tenant in scope, and yields what is broken.
    """
    _business_checks[name] = check


def verify(tenant_id: int) -> Verification:
    """Derive the whole of a tenant's books again and compare. The tenant must be in scope."""
    started = time.perf_counter()
    faults = [
        Fault(*row)
        for row in _rows(
            "SELECT rule, subject, detail FROM ledger_faults(%s, %s)", [tenant_id, FAULTS_MAX]
        )
    ]
    for check in _business_checks.values():
        faults += islice(check(tenant_id), FAULTS_MAX)
    return Verification(tenant_id, faults, time.perf_counter() - started)


def _rows(statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
