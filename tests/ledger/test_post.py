"""Posting one journal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from backoffice.core.clock import now
from backoffice.core.errors import FourEyes, InvalidInput
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.workflow.models import OutboxItem
from ledger import chart, selectors
from ledger.entries import AccountRef, Line
from ledger.errors import (
    AccountClosed,
    AccountMissing,
    AlreadyReversed,
    CurrencyMismatch,
    IdempotencyConflict,
    InsufficientFunds,
)
from ledger.services import account_close, follow, journal_reverse, post
from tests.ledger.books import Books, count, eur


def test_a_deposit_moves_one_amount_from_credit_to_debit(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    posting = books.deposit(wallet, eur("100.00"), business_ref="D-1")
    assert not posting.replayed
    assert books.posted(wallet) == eur("100.00")
    assert books.posted(clearing) == eur("100.00")
    entry = selectors.journals_of(books.actor.tenant_id, "D-1")
    assert [e.journal.id for e in entry] == [posting.journal_id]
    assert [(line.amount, line.code) for line in entry[0].lines] == [(eur("100.00"), "principal")]
    assert entry[0].journal.actor_ref == books.actor.ref


def test_a_journal_of_many_lines_is_one_fact(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    fees, cost = books.account(chart.fee("deposit")), books.account(chart.gateway_cost())
    posting = post(
        actor=books.actor,
        key="deposit:1",
        kind="deposit",
        lines=[
            Line(clearing, wallet, eur("100.00")),
            Line(wallet, fees, eur("1.50"), "fee"),
            Line(cost, clearing, eur("0.80"), "cost"),
        ],
        business_ref="D-1",
    )
    assert [books.posted(a) for a in (wallet, clearing, fees, cost)] == [
        eur("98.50"),
        eur("99.20"),
        eur("1.50"),
        eur("0.80"),
    ]
    lines = selectors.statement(books.actor.tenant_id, wallet)
    assert [(line.version, line.amount, line.balance, line.code) for line in lines] == [
        (2, eur("-1.50"), eur("98.50"), "fee"),
        (1, eur("100.00"), eur("100.00"), "principal"),
    ]
    assert {line.journal_id for line in lines} == {posting.journal_id}
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_one_statement_is_one_round_trip(books: Books, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    wallet, clearing = books.wallet(), books.clearing()
    with django_assert_num_queries(1):
        books.move(clearing, wallet, eur("1.00"))


def test_an_overdraft_is_refused_and_says_what_there_is(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    books.deposit(wallet, eur("10.00"))
    with pytest.raises(InsufficientFunds) as refusal:
        books.move(clearing, wallet, eur("5.00")) and books.move(wallet, clearing, eur("15.01"))
    assert refusal.value.available == eur("15.00")
    assert "15.00 EUR" in refusal.value.sentence
    # The transaction goes on, and nothing of the refused journal is left: not even its key.
    assert books.posted(wallet) == eur("15.00")
    assert count("ledger_journal") == count("ledger_transfer") == count("ledger_idempotency") == 2


def test_the_net_of_a_journal_decides_not_the_order_of_its_lines(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    fees = books.account(chart.fee("deposit"))
    lines = [Line(wallet, fees, eur("1.00")), Line(clearing, wallet, eur("5.00"))]
    post(actor=books.actor, key="k", kind="deposit", lines=lines)
    assert books.posted(wallet) == eur("4.00")
    with pytest.raises(InsufficientFunds):
        post(
            actor=books.actor,
            key="l",
            kind="deposit",
            lines=[Line(wallet, fees, eur("9.01")), Line(clearing, wallet, eur("5.00"))],
        )


def test_a_repeated_key_returns_the_first_result_and_moves_nothing(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    first = books.move(clearing, wallet, eur("7.00"), key="same")
    again = books.move(clearing, wallet, eur("7.00"), key="same")
    assert (again.journal_id, again.created_at, again.replayed) == (
        first.journal_id,
        first.created_at,
        True,
    )
    assert books.posted(wallet) == eur("7.00")


@pytest.mark.parametrize("changed", ["amount", "kind", "business_ref", "effective_at", "line code"])
def test_a_repeated_key_with_another_request_is_a_conflict(books: Books, changed: str) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    facts: dict[str, Any] = {"key": "same", "kind": "deposit", "business_ref": "D-1"}
    line = Line(clearing, wallet, eur("7.00"))
    post(actor=books.actor, lines=[line], **facts)
    facts_of: dict[str, dict[str, Any]] = {
        "kind": {"kind": "refund"},
        "business_ref": {"business_ref": "D-2"},
        "effective_at": {"effective_at": datetime(2026, 1, 1, tzinfo=UTC)},
    }
    line_of = {
        "amount": Line(clearing, wallet, eur("7.01")),
        "line code": Line(clearing, wallet, eur("7.00"), "fee"),
    }
    with pytest.raises(IdempotencyConflict):
        post(
            actor=books.actor,
            lines=[line_of.get(changed, line)],
            **(facts | facts_of.get(changed, {})),
        )
    assert books.posted(wallet) == eur("7.00")


def test_a_closed_account_takes_no_post_until_it_is_opened_again(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    account_close(actor=books.actor, account=wallet)
    with pytest.raises(AccountClosed, match="client:ada:wallet is closed"):
        books.move(clearing, wallet, eur("1.00"))
    with pytest.raises(AccountClosed):
        post(
            actor=books.actor,
            key="two lines",
            kind="test",
            lines=[Line(clearing, wallet, eur("1.00")), Line(clearing, wallet, eur("1.00"))],
        )
    assert count("ledger_transfer") == 0


def test_text_arrives_as_it_was_written(books: Books) -> None:
    odd = """it's {a} "quoted", \\ back\\slashed → ü"""
    lines = [Line(books.clearing(), books.wallet(), eur("1.00"), odd[:40])] * 2
    post(actor=books.actor, key=odd, kind="test", lines=lines, business_ref=odd, meta={"odd": odd})
    entry = selectors.journals_of(books.actor.tenant_id, odd)[0]
    assert entry.journal.meta == {"odd": odd}
    assert [line.code for line in entry.lines] == [odd[:40]] * 2
    with pytest.raises(InvalidInput, match="NUL"):
        books.deposit(books.wallet(), eur("1.00"), key="cut\0here")


@pytest.mark.parametrize("prepare", [True, False])
def test_a_fault_of_the_database_is_djangos_error(
    books: Books, settings: Any, prepare: bool
) -> None:
    settings.LEDGER_PREPARE = prepare
    with pytest.raises(DataError), transaction.atomic():
        books.deposit(books.wallet(), eur("1.00"), kind="x" * 41)
    books.deposit(books.wallet(), eur("1.00"))
    assert books.posted(books.wallet()) == eur("1.00")


def test_an_unknown_account_is_refused(books: Books) -> None:
    clearing = books.clearing()
    nobody = AccountRef("nobody", "EUR", -1, (uuid7(),))
    with pytest.raises(AccountMissing):
        books.move(clearing, nobody, eur("1.00"))


def test_a_line_in_another_currency_than_its_account_is_refused_twice(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    dollars = Money(Decimal(5), "USD")
    with pytest.raises(CurrencyMismatch):
        Line(clearing, wallet, dollars)
    # A reference that lies about its currency meets the composite foreign key.
    liar = AccountRef(wallet.code, "USD", -1, wallet.ids)
    other = AccountRef(clearing.code, "USD", 1, clearing.ids)
    with pytest.raises(CurrencyMismatch, match="another currency"):
        books.move(other, liar, dollars)
    assert count("ledger_transfer") == 0


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_a_line_without_an_amount_above_zero_is_refused(books: Books, amount: str) -> None:
    with pytest.raises(InvalidInput):
        Line(books.clearing(), books.wallet(), eur(amount))


def test_nobody_approves_their_own_journal(books: Books) -> None:
    with pytest.raises(FourEyes, match="own journal"):
        books.deposit(books.wallet(), eur("1.00"), approved_by=books.actor.ref)
    books.deposit(books.wallet(), eur("1.00"), approved_by="staff:someone-else")


def test_a_reversal_mirrors_the_journal_once(books: Books) -> None:
    wallet, fees = books.wallet(), books.account(chart.fee("x"))
    lines = [Line(books.clearing(), wallet, eur("9.00")), Line(wallet, fees, eur("1.00"), "fee")]
    posting = post(actor=books.actor, key="d", kind="deposit", lines=lines, business_ref="D-9")
    undone = journal_reverse(
        actor=books.actor, key="r", journal_id=posting.journal_id, reason="wrong client"
    )
    assert [books.posted(a) for a in (wallet, fees, books.clearing())] == [eur("0.00")] * 3
    assert count("ledger_transfer") == 4
    entry = selectors.journal(books.actor.tenant_id, undone.journal_id)
    assert entry is not None
    assert entry.journal.reverses_id == posting.journal_id
    assert entry.journal.business_ref == "D-9"
    with pytest.raises(AlreadyReversed):
        journal_reverse(actor=books.actor, key="r2", journal_id=posting.journal_id)
    again = journal_reverse(
        actor=books.actor, key="r", journal_id=posting.journal_id, reason="wrong client"
    )
    assert again.replayed
    assert again.journal_id == undone.journal_id
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_money_that_has_gone_cant_be_reversed_out(books: Books) -> None:
    wallet = books.wallet()
    posting = books.deposit(wallet, eur("9.00"))
    books.move(books.clearing(), wallet, eur("0.01"))
    books.move(wallet, books.account(chart.in_transit_bank()), eur("5.00"))
    with pytest.raises(InsufficientFunds) as refusal:
        journal_reverse(actor=books.actor, key="r", journal_id=posting.journal_id)
    assert refusal.value.available == eur("4.01")


def test_a_reversal_takes_its_lines_from_the_books_whatever_it_is_given(books: Books) -> None:
    wallet = books.wallet()
    posting = books.deposit(wallet, eur("9.00"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (ledger_post(%s, 'raw', '\\x00', gen_random_uuid(), 'reversal', '', now(),"
            " '{}', %s, ARRAY['system','s','s','','',''], ARRAY[%s::uuid], ARRAY[%s::uuid],"
            " ARRAY['EUR'], ARRAY[1::bigint], ARRAY['x'])).outcome",
            [books.actor.tenant_id, posting.journal_id, books.clearing().id, wallet.id],
        )
        assert cursor.fetchone() == ("posted",)
    assert books.posted(wallet) == eur("0.00")


def test_a_conversion_passes_through_a_position_account_of_each_currency(books: Books) -> None:
    euros, dollars = books.wallet(), books.wallet(currency="USD")
    books.deposit(euros, eur("100.00"))
    position = chart.fx_position()
    bought = Money(Decimal("108.40"), "USD")
    post(
        actor=books.actor,
        key="fx",
        kind="conversion",
        lines=[
            Line(euros, books.account(position), eur("100.00"), "sold"),
            Line(books.account(position, "USD"), dollars, bought, "bought"),
        ],
        meta={"rate": "1.0840", "quote": "1.0850", "spread": "0.0010"},
    )
    assert (books.posted(euros), books.posted(dollars)) == (eur("0.00"), bought)
    for currency in ("EUR", "USD"):
        rows = selectors.trial_balance(books.actor.tenant_id, currency)
        assert sum(r.debits.minor for r in rows) == sum(r.credits.minor for r in rows) > 0


def test_a_house_account_spreads_over_its_shards_and_sums_up(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    assert len(clearing.ids) == chart.HOUSE_SHARDS
    for n in range(200):
        shard = replace(clearing, ids=(clearing.ids[n % chart.HOUSE_SHARDS],))
        books.move(shard, wallet, eur("1.00"), key=f"k{n}")
    assert books.posted(clearing) == eur("200.00")
    lines = selectors.statement(books.actor.tenant_id, clearing, limit=1000)
    assert len(lines) == 200
    assert len({line.account_id for line in lines}) == chart.HOUSE_SHARDS
    row = next(r for r in selectors.trial_balance(books.actor.tenant_id) if r.code == clearing.code)
    assert row.balance == eur("200.00")


def test_a_statement_pages_without_loss_or_repeat(books: Books) -> None:
    wallet = books.wallet()
    for n in range(7):
        books.deposit(wallet, eur(f"{n + 1}.00"))
    seen, before = [], None
    while page := selectors.statement(books.actor.tenant_id, wallet, before=before, limit=3):
        seen += [line.amount for line in page]
        before = page[-1].position
    assert seen == [eur(f"{n}.00") for n in range(7, 0, -1)]


def test_followers_of_a_kind_find_an_outbox_item_beside_the_journal(books: Books) -> None:
    follow("followed", "tests.follow")
    posting = books.deposit(books.wallet(), eur("1.00"), kind="followed", key="f")
    books.deposit(books.wallet(), eur("1.00"), kind="followed", key="f")
    books.deposit(books.wallet(), eur("1.00"), kind="other")
    item = OutboxItem.objects.get(tenant_id=books.actor.tenant_id, topic="tests.follow")
    assert item.subject_id == posting.journal_id


def test_a_value_date_is_kept_apart_from_the_moment_of_booking(books: Books) -> None:
    wallet = books.wallet()
    valued = now() - timedelta(days=3)
    books.deposit(wallet, eur("5.00"), effective_at=valued)
    line = selectors.statement(books.actor.tenant_id, wallet)[0]
    assert line.effective_at == valued
    assert line.created_at > valued + timedelta(days=2)
