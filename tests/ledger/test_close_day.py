"""Closing days, and balances as of a moment: by value date and as the books showed them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from backoffice.core.clock import now
from backoffice.tenancy.models import Tenant
from ledger import chart, selectors
from ledger.days import day_close, day_end, snapshots_take
from ledger.errors import DayNotClosable, PeriodClosed
from ledger.services import VALUE_DATE, hold_place, hold_settle
from ledger.totals import booked_lines_of, booked_of
from tests.ledger.books import Books, count, eur


def ago(days: float) -> datetime:
    return now() - timedelta(days=days)


def test_nothing_is_valued_inside_a_closed_day(books: Books) -> None:
    wallet = books.wallet()
    books.deposit(wallet, eur("5.00"), effective_at=ago(5))
    day_close(actor=books.actor, day=ago(3).date())
    with pytest.raises(PeriodClosed, match="closed up to"):
        books.deposit(wallet, eur("1.00"), effective_at=ago(4))
    held = hold_place(
        actor=books.actor,
        key="h",
        kind="w",
        debit=wallet,
        credit=books.account(chart.in_transit_bank()),
        amount=eur("1.00"),
    )
    with pytest.raises(PeriodClosed):
        hold_settle(actor=books.actor, key="s", hold_id=held.id, effective_at=ago(4))
    books.deposit(wallet, eur("1.00"), effective_at=ago(1))
    assert books.posted(wallet) == eur("6.00")


def test_a_post_from_before_the_close_is_still_replayed(books: Books) -> None:
    wallet = books.wallet()
    facts = {"key": "k", "effective_at": ago(5)}
    first = books.deposit(wallet, eur("5.00"), **facts)
    day_close(actor=books.actor, day=ago(3).date())
    again = books.deposit(wallet, eur("5.00"), **facts)
    assert (again.journal_id, again.replayed) == (first.journal_id, True)


def test_days_close_in_order_when_they_are_over_and_once(books: Books) -> None:
    with pytest.raises(DayNotClosable, match="not over"):
        day_close(actor=books.actor, day=now().date() + timedelta(days=1))
    row = day_close(actor=books.actor, day=ago(3).date())
    assert day_close(actor=books.actor, day=ago(3).date()).pk == row.pk
    with pytest.raises(DayNotClosable, match="later day"):
        day_close(actor=books.actor, day=ago(4).date())
    assert count("ledger_dayclose") == 1


def test_a_day_ends_at_midnight_where_the_brokerage_is(books: Books) -> None:
    Tenant.objects.filter(pk=books.actor.tenant_id).update(timezone="Asia/Nicosia")
    ends = day_end(books.actor.tenant_id, date(2026, 7, 1))
    assert ends.astimezone(UTC) == datetime(2026, 7, 1, 21, tzinfo=UTC)


@pytest.mark.parametrize("closed_days", [(), (6,), (6, 3), (8, 6, 3)])
def test_a_balance_by_value_date_is_the_same_with_and_without_snapshots(
    books: Books, closed_days: tuple[int, ...]
) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    for days_ago, amount in ((9, "1.00"), (7, "2.00"), (6, "4.00"), (4, "8.00"), (2, "16.00")):
        books.deposit(wallet, eur(amount), effective_at=ago(days_ago))
    books.deposit(wallet, eur("32.00"), effective_at=ago(-5))  # valued in five days
    for days_ago in closed_days:
        day_close(actor=books.actor, day=ago(days_ago).date())
        snapshots_take(actor=books.actor)
    books.deposit(wallet, eur("64.00"), effective_at=ago(1))  # booked after the closes
    expected = [
        (9.5, "0"),
        (8, "1.00"),
        (6.5, "3.00"),
        (5, "7.00"),
        (3, "15.00"),
        (1.5, "31.00"),
        (0, "95.00"),
        (-6, "127.00"),
    ]
    for age, total in expected:
        for account in (wallet, clearing):
            found = selectors.balance_valued_at(books.actor.tenant_id, account, ago(age))
            assert found == eur(total), (age, account.code)
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_a_day_s_movements_are_those_valued_in_it_whenever_they_were_booked(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    valued = [4, 3, 2, 1, 0.03, 0.01, -0.01, -0.03, -1, -2]
    for place, days_ago in enumerate(valued):
        books.deposit(wallet, eur(str(2**place)), effective_at=ago(days_ago))
    edges = [4.5, 2.5, 1.5, 0.02, 0, -0.02, -1.5, -3]
    tenant, both = books.actor.tenant_id, [wallet, clearing]
    standing = [selectors.balances_valued_at(tenant, both, ago(edge)) for edge in edges]
    expected = [
        sum(2**place for place, days_ago in enumerate(valued) if days_ago > edge) for edge in edges
    ]
    assert standing == [[eur(str(total))] * 2 for total in expected]
    for since, until, before, after in zip(edges, edges[1:], expected, expected[1:], strict=False):
        paid, received = booked_of(tenant, both, ago(since), ago(until))
        inside = [place for place, days_ago in enumerate(valued) if since > days_ago >= until]
        assert (received.debits, received.credits) == (100 * (after - before), 0)
        assert (paid.debits, paid.credits) == (0, 100 * (after - before))
        assert received.count == paid.count == len(inside)
        alone = booked_lines_of(tenant, clearing, ago(since), ago(until), 2)
        assert replace(alone, newest=()) == received
        assert [line.amount for line in alone.newest] == [
            eur(str(2**place)) for place in inside[:-3:-1]
        ]


def test_snapshots_are_taken_once_and_only_of_accounts_that_moved(books: Books) -> None:
    books.deposit(books.wallet(), eur("5.00"), effective_at=ago(5), key="k")
    books.wallet("idle")
    day_close(actor=books.actor, day=ago(4).date())
    day_close(actor=books.actor, day=ago(3).date())
    assert snapshots_take(actor=books.actor) == 2
    assert snapshots_take(actor=books.actor) == 0
    assert count("ledger_balancesnapshot") == 2


def test_what_the_books_showed_then_is_not_changed_by_what_is_valued_then(books: Books) -> None:
    wallet = books.wallet()
    first = books.deposit(wallet, eur("5.00"))
    second = books.move(wallet, books.account(chart.fee("x")), eur("2.00"))
    books.deposit(wallet, eur("100.00"), effective_at=ago(3))
    known = [
        selectors.balance_known_at(books.actor.tenant_id, wallet, moment)
        for moment in (
            first.created_at,
            second.created_at,
            second.created_at + timedelta(microseconds=1),
            now() + timedelta(hours=1),
        )
    ]
    assert known == [eur("0.00"), eur("5.00"), eur("3.00"), eur("103.00")]
    assert selectors.balance_valued_at(books.actor.tenant_id, wallet, ago(2)) == eur("100.00")


def test_what_is_late_is_valued_on_the_first_open_day_and_keeps_the_day_it_asked_for(
    books: Books,
) -> None:
    wallet, asked = books.wallet(), ago(5)
    day_close(actor=books.actor, day=ago(3).date())
    closed_until = day_end(books.actor.tenant_id, ago(3).date())
    facts = {"key": "late", "effective_at": asked, "into_open_day": True}
    posting = books.deposit(wallet, eur("5.00"), **facts)
    entry = selectors.journal(books.actor.tenant_id, posting.journal_id)
    assert entry is not None
    assert entry.journal.effective_at == closed_until
    assert datetime.fromisoformat(entry.journal.meta[VALUE_DATE]).date() == asked.date()
    # The key stands for what was asked for: a repeat finds it, also after another day has closed.
    assert books.deposit(wallet, eur("5.00"), **facts).replayed
    day_close(actor=books.actor, day=ago(2).date())
    assert books.deposit(wallet, eur("5.00"), **facts).replayed
    assert books.posted(wallet) == eur("5.00")


def test_a_hold_settled_late_is_valued_on_the_first_open_day(books: Books) -> None:
    wallet = books.wallet()
    books.deposit(wallet, eur("5.00"), effective_at=ago(6))
    held = hold_place(
        actor=books.actor,
        key="h",
        kind="w",
        debit=wallet,
        credit=books.account(chart.in_transit_bank()),
        amount=eur("1.00"),
    )
    day_close(actor=books.actor, day=ago(3).date())
    posting = hold_settle(
        actor=books.actor, key="s", hold_id=held.id, effective_at=ago(4), into_open_day=True
    )
    entry = selectors.journal(books.actor.tenant_id, posting.journal_id)
    assert entry is not None
    assert entry.journal.effective_at == day_end(books.actor.tenant_id, ago(3).date())
    assert VALUE_DATE in entry.journal.meta
