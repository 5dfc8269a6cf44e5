"""Posting many journals at once: whole where it can be, alone where it must be."""

from datetime import timedelta

import pytest

from backoffice.core.clock import now
from backoffice.core.errors import IdempotencyConflict, InvalidInput
from backoffice.core.money import CurrencyMismatch, Money
from ledger import chart, selectors
from ledger.days import day_close
from ledger.entries import AccountRef, JournalRequest, Line
from ledger.errors import AccountClosed, AccountMissing, InsufficientFunds, PeriodClosed
from ledger.services import account_close, post_batch
from tests.ledger.books import Books, count, eur


def pay(books: Books, wallet: AccountRef, amount: Money, key: str) -> JournalRequest:
    return JournalRequest(key, "payout", [Line(wallet, books.clearing(), amount)])


def test_a_batch_posts_each_journal_with_its_own_key(books: Books) -> None:
    wallets = [books.wallet(name) for name in ("ada", "bob", "cleo")]
    clearing = books.clearing()
    requests = [
        JournalRequest(f"k{n}", "rebate", [Line(clearing, wallet, eur(f"{n + 1}.00"))], f"R-{n}")
        for n, wallet in enumerate(wallets * 2)
    ]
    answers = post_batch(actor=books.actor, requests=requests)
    assert [a.key for a in answers] == [f"k{n}" for n in range(6)]
    assert all(a.posting and not a.posting.replayed for a in answers)
    assert [books.posted(w) for w in wallets] == [eur("5.00"), eur("7.00"), eur("9.00")]
    assert books.posted(clearing) == eur("21.00")
    assert count("ledger_journal") == 6
    again = post_batch(actor=books.actor, requests=requests)
    assert all(a.posting and a.posting.replayed for a in again)
    assert [a.posting and a.posting.journal_id for a in again] == [
        a.posting and a.posting.journal_id for a in answers
    ]
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_a_journal_that_overdraws_is_refused_alone(books: Books) -> None:
    rich, poor = books.wallet("rich"), books.wallet("poor")
    books.deposit(rich, eur("1000.00"))
    books.deposit(poor, eur("3.00"))
    requests = [pay(books, rich, eur("1.00"), f"rich{n}") for n in range(50)]
    requests[10:10] = [pay(books, poor, eur("2.00"), "poor0")]
    requests[30:30] = [pay(books, poor, eur("2.00"), "poor1")]
    answers = {a.key: a for a in post_batch(actor=books.actor, requests=requests)}
    refused = [key for key, a in answers.items() if a.refusal]
    assert refused == ["poor1"]
    refusal = answers["poor1"].refusal
    assert isinstance(refusal, InsufficientFunds)
    assert refusal.available == eur("1.00")
    assert (books.posted(rich), books.posted(poor)) == (eur("950.00"), eur("1.00"))
    # The refused key is free: with money, the same request goes through.
    books.deposit(poor, eur("5.00"))
    repeat = post_batch(actor=books.actor, requests=requests)
    assert [a.key for a in repeat if a.posting and not a.posting.replayed] == ["poor1"]
    assert books.posted(poor) == eur("4.00")
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_every_kind_of_refusal_stays_with_its_journal(books: Books) -> None:
    good, shut = books.wallet("good"), books.wallet("shut")
    clearing = books.clearing()
    account_close(actor=books.actor, account=shut)
    day_close(actor=books.actor, day=(now() - timedelta(days=1)).date())
    books.deposit(good, eur("1.00"), key="used")
    missing = AccountRef("nobody", "EUR", -1, (good.id.__class__(int=7),))
    liar = AccountRef(good.code, "USD", -1, good.ids)
    dollars = books.clearing("USD")
    one = eur("1.00")
    requests = [
        JournalRequest("ok", "test", [Line(clearing, good, one)]),
        JournalRequest("closed", "test", [Line(clearing, good, one), Line(clearing, shut, one)]),
        JournalRequest("missing", "test", [Line(clearing, missing, one)]),
        JournalRequest("currency", "test", [Line(dollars, liar, Money.from_minor(100, "USD"))]),
        JournalRequest(
            "period", "test", [Line(clearing, good, one)], effective_at=now() - timedelta(days=2)
        ),
        JournalRequest("used", "test", [Line(clearing, good, eur("2.00"))]),
        JournalRequest("short", "test", [Line(good, clearing, eur("9.00"))]),
        JournalRequest("ok2", "test", [Line(clearing, good, one)]),
    ]
    answers = post_batch(actor=books.actor, requests=requests)
    assert [type(a.refusal) for a in answers] == [
        type(None),
        AccountClosed,
        AccountMissing,
        CurrencyMismatch,
        PeriodClosed,
        IdempotencyConflict,
        InsufficientFunds,
        type(None),
    ]
    assert books.posted(good) == eur("3.00")
    assert count("ledger_idempotency") == 3
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_a_batch_with_one_key_twice_is_refused_before_anything(books: Books) -> None:
    wallet = books.wallet()
    with pytest.raises(InvalidInput):
        post_batch(
            actor=books.actor,
            requests=[pay(books, wallet, eur("1.00"), "k"), pay(books, wallet, eur("2.00"), "k")],
        )
    assert post_batch(actor=books.actor, requests=[]) == []


def test_journals_of_several_lines_keep_their_lines_together(books: Books) -> None:
    wallet, clearing = books.wallet(), books.clearing()
    fees = books.account(chart.fee("rebate"))
    requests = [
        JournalRequest(
            f"k{n}",
            "rebate",
            [Line(clearing, wallet, eur("5.00")), Line(wallet, fees, eur("1.00"), "fee")],
            f"R-{n}",
        )
        for n in range(3)
    ]
    post_batch(actor=books.actor, requests=requests)
    entry = selectors.journals_of(books.actor.tenant_id, "R-2")[0]
    assert [line.code for line in entry.lines] == ["principal", "fee"]
    assert books.posted(wallet) == eur("12.00")
    assert selectors.verify(books.actor.tenant_id).faults == []
