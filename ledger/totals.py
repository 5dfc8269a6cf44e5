"""The books at the end of a day: the sums of every code by value date, each with a hash of the
accounts behind it, so that two readings of a day can be held against each other line by line."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from backoffice.core.money import Money
from ledger.entries import AccountRef

# Shards are one account. Accounts of clients, partners and differences stand together by what they
# are; nothing that was opened later and has no line yet changes a day.
_TOTALS = """
WITH account AS MATERIALIZED (
    SELECT id, code, kind, currency, normal FROM ledger_account WHERE tenant_id = %(tenant)s
), whole AS (
    SELECT a.code, a.kind, a.currency, a.normal, sum(v.debits) AS debits, sum(v.credits) AS credits
    FROM ledger_valued_at(%(tenant)s, (SELECT coalesce(array_agg(id), '{}') FROM account), %(until)s) v
    JOIN account a ON a.id = v.account
    GROUP BY a.code, a.kind, a.currency, a.normal
    HAVING sum(v.debits) <> 0 OR sum(v.credits) <> 0
), line AS (
    SELECT *, regexp_replace(regexp_replace(code, '^(client|ib|suspense):[^:]+', '\\1:*'),
                             '^(client:\\*:mt:.*):[^:]+$', '\\1:*') AS name
    FROM whole
)
SELECT name, currency, min(kind), count(*), sum(debits)::bigint, sum(credits)::bigint,
       sum(normal * (debits - credits))::bigint,
       encode(sha256(convert_to(string_agg(format('%%s %%s %%s %%s', code, currency, debits, credits),
                                           chr(10) ORDER BY code COLLATE "C"), 'UTF8')), 'hex')
FROM line GROUP BY name, currency ORDER BY name COLLATE "C", currency COLLATE "C"
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Total:
    """One code in one currency; ``client:*:wallet`` is the wallets of all clients together.

    ``balance`` counts as the account does: what an asset has, what a liability owes.
    ``sha256`` is over the accounts behind it, a line each: code, currency, debits, credits in
    minor units.
    """

    code: str
    currency: str
    kind: str
    accounts: int
    debits: Money
    credits: Money
    balance: Money
    sha256: str


def totals_at(tenant_id: int, until: datetime) -> list[Total]:
    """The sums of everything valued before ``until``, by code and currency."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"tenant": tenant_id, "until": until})
        rows = cursor.fetchall()
    return [
        Total(
            code,
            currency,
            kind,
            accounts,
            Money.from_minor(debits, currency),
            Money.from_minor(credits_, currency),
            Money.from_minor(balance, currency),
            digest,
        )
        for code, currency, kind, accounts, debits, credits_, balance, digest in rows
    ]


def totals_hash(totals: Iterable[Total]) -> str:
    """SHA-256 over the totals in their order, a line each: code, currency, how many accounts,
    debits and credits in minor units, and the hash of the accounts."""
    lines = (
        f"{t.code} {t.currency} {t.accounts} {t.debits.minor} {t.credits.minor} {t.sha256}\n"
        for t in totals
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


# Lines are valued at most an hour after their booking, but for the few that say so (``ahead``).
_OF_DAY = """
WITH line AS (
    SELECT x.created_at, x.effective_at, x.journal_id, x.line,
           x.amount * (CASE WHEN x.debit_account_id = ANY (%(accounts)s::uuid[]) THEN 1 ELSE 0 END
                     - CASE WHEN x.credit_account_id = ANY (%(accounts)s::uuid[]) THEN 1 ELSE 0 END) AS change,
           x.currency
    FROM ledger_transfer x
    WHERE x.tenant_id = %(tenant)s AND x.effective_at >= %(since)s AND x.effective_at < %(until)s
      AND (x.created_at >= %(since)s - interval '1 hour' OR x.ahead)
      AND (x.debit_account_id = ANY (%(accounts)s::uuid[]) OR x.credit_account_id = ANY (%(accounts)s::uuid[]))
)
"""  # noqa: E501

_HASH = f"""{_OF_DAY}
SELECT coalesce(encode(sha256(convert_to(string_agg(
           format('%%s %%s %%s %%s %%s', extract(epoch FROM created_at),
                  extract(epoch FROM effective_at), journal_id, line, change),
           chr(10) ORDER BY created_at, journal_id, line), 'UTF8')), 'hex'), '')
FROM line
"""  # noqa: S608 - put together of constants


@dataclass(frozen=True, slots=True)
class Booked:
    """What was booked onto an account of the house in a time, by value date; in minor units. Lines
    are only ever added: another ``count`` is what another reading shows first. ``newest`` are the
    last ones, the newest first, where they were asked for."""

    count: int = 0
    debits: int = 0
    credits: int = 0
    newest: Sequence["BookedLine"] = ()


def booked_hash(tenant_id: int, accounts: Sequence[UUID], since: datetime, until: datetime) -> str:
    """SHA-256 over the lines behind ``booked_of`` in the order of booking, a line each: when,
    valued when, journal, number, signed amount. Empty when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            _HASH,
            {"tenant": tenant_id, "accounts": list(accounts), "since": since, "until": until},
        )
        found: str = cursor.fetchone()[0]
    return found


@dataclass(frozen=True, slots=True)
class BookedLine:
    """``amount`` counts as a debit does: what an asset received is positive."""

    effective_at: datetime
    journal_id: UUID
    kind: str
    business_ref: str
    amount: Money


def booked_of(
    tenant_id: int, accounts: Sequence[AccountRef], since: datetime, until: datetime
) -> list[Booked]:
    """What moved each account in [since, until): one statement for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM ledger_moved(%s, %s::uuid[], %s, %s)",
            [tenant_id, [shard for each in accounts for shard in each.ids], since, until],
        )
        found = {account: facts for account, *facts in cursor.fetchall()}

    def added(account: AccountRef, column: int) -> int:
        return sum(found[shard][column] for shard in account.ids if shard in found)

    return [Booked(added(each, 0), added(each, 1), added(each, 2)) for each in accounts]


def booked_lines_of(
    tenant_id: int, account: AccountRef, since: datetime, until: datetime, most: int
) -> Booked:
    """As ``booked_of``, of one account and with at most ``most`` of its lines."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM ledger_booked(%s, %s::uuid[], %s, %s, %s)",
            [tenant_id, list(account.ids), since, until, most],
        )
        rows = cursor.fetchall()
    newest = [
        BookedLine(valued, journal, kind, ref, Money.from_minor(change, account.currency))
        for *_, valued, journal, kind, ref, change in rows
        if journal is not None
    ]
    count, debits, credits_ = rows[0][:3]
    return Booked(count, debits, credits_, newest)


def booked_since(tenant_id: int, since: datetime, until: datetime) -> int:
    """How many journals valued before ``until`` were booked after ``since``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ledger_journal"
            " WHERE tenant_id = %s AND created_at > %s AND effective_at < %s",
            [tenant_id, since, until],
        )
        count: int = cursor.fetchone()[0]
    return count


@dataclass(frozen=True, slots=True)
class BooksSize:
    """How much a verification went through."""

    accounts: int
    journals: int
    lines: int


def books_size(tenant_id: int) -> BooksSize:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM ledger_account WHERE tenant_id = %(t)s),"
            " (SELECT count(*) FROM ledger_journal WHERE tenant_id = %(t)s),"
            " (SELECT count(*) FROM ledger_transfer WHERE tenant_id = %(t)s)",
            {"t": tenant_id},
        )
        return BooksSize(*cursor.fetchone())


def first_moment(tenant_id: int) -> datetime | None:
    """The earliest value date of the books; None while they are empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(effective_at) FROM ledger_journal WHERE tenant_id = %s", [tenant_id]
        )
        first: datetime | None = cursor.fetchone()[0]
    return first


def database_now() -> datetime:
    """The clock by which the ledger books; another machine's than ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
