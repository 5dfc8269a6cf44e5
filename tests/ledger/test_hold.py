"""Setting money aside, then moving or releasing it: once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from backoffice.core.clock import now
from backoffice.core.errors import IdempotencyConflict, InvalidInput
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from ledger import chart, selectors
from ledger.entries import AccountRef, HoldRef
from ledger.errors import AccountNotEmpty, HoldNotOpen, HoldTooSmall, InsufficientFunds
from ledger.services import (
    account_close,
    hold_expire,
    hold_place,
    hold_settle,
    hold_void,
    journal_reverse,
)
from tests.ledger.books import Books, count, eur


@pytest.fixture
def wallet(books: Books) -> AccountRef:
    wallet = books.wallet()
    books.deposit(wallet, eur("100.00"))
    return wallet


def hold(books: Books, amount: Money, key: str = "hold", **more: object) -> HoldRef:
    return hold_place(
        actor=books.actor,
        key=key,
        kind="withdrawal",
        debit=books.wallet(),
        credit=books.account(chart.in_transit_bank()),
        amount=amount,
        business_ref="W-1",
        **more,  # type: ignore[arg-type]
    )


def test_a_hold_takes_from_what_is_available_and_not_from_what_is_posted(
    books: Books, wallet: AccountRef
) -> None:
    hold(books, eur("60.00"))
    found = selectors.balance(books.actor.tenant_id, wallet)
    assert (found.posted, found.held, found.available) == (
        eur("100.00"),
        eur("60.00"),
        eur("40.00"),
    )
    transit = selectors.balance(books.actor.tenant_id, books.account(chart.in_transit_bank()))
    assert (transit.posted, transit.held) == (eur("0.00"), eur("60.00"))


def test_a_post_and_a_hold_beyond_what_is_available_are_refused(
    books: Books, wallet: AccountRef
) -> None:
    hold(books, eur("60.00"))
    with pytest.raises(InsufficientFunds) as refusal:
        books.move(wallet, books.clearing(), eur("40.01"))
    assert refusal.value.available == eur("40.00")
    with pytest.raises(InsufficientFunds) as refusal:
        hold(books, eur("40.01"), "second")
    assert refusal.value.available == eur("40.00")
    books.move(wallet, books.clearing(), eur("40.00"))
    assert books.available(wallet) == eur("0.00")


def test_settling_in_full_moves_the_money(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    posting = hold_settle(actor=books.actor, key="settle", hold_id=held.id)
    found = selectors.balance(books.actor.tenant_id, wallet)
    assert (found.posted, found.held) == (eur("40.00"), eur("0.00"))
    entry = selectors.journals_of(books.actor.tenant_id, "W-1")
    assert [e.journal.id for e in entry] == [posting.journal_id]
    assert entry[0].journal.kind == "withdrawal"
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_settling_a_part_releases_the_rest(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    hold_settle(actor=books.actor, key="settle", hold_id=held.id, amount=eur("45.50"))
    found = selectors.balance(books.actor.tenant_id, wallet)
    assert (found.posted, found.available) == (eur("54.50"), eur("54.50"))
    kept = selectors.hold(books.actor.tenant_id, held.id)
    assert (kept.amount, kept.settled, kept.state) == (eur("60.00"), eur("45.50"), "settled")
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_voiding_releases_all(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    hold_void(actor=books.actor, key="void", hold_id=held.id)
    assert books.available(wallet) == eur("100.00")
    assert count("ledger_journal") == 1


@pytest.mark.parametrize("first", ["settle", "void"])
@pytest.mark.parametrize("second", ["settle", "void"])
def test_a_hold_is_resolved_once(books: Books, wallet: AccountRef, first: str, second: str) -> None:
    held = hold(books, eur("60.00"))
    verbs: dict[str, Callable[..., object]] = {"settle": hold_settle, "void": hold_void}
    verbs[first](actor=books.actor, key="first", hold_id=held.id)
    before = selectors.balance(books.actor.tenant_id, wallet)
    with pytest.raises(HoldNotOpen) as refusal:
        verbs[second](actor=books.actor, key="second", hold_id=held.id)
    assert refusal.value.state == {"settle": "settled", "void": "voided"}[first]
    assert selectors.balance(books.actor.tenant_id, wallet) == before


def test_repeats_return_the_first_result(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    again = hold(books, eur("60.00"))
    assert (again.id, again.replayed) == (held.id, True)
    with pytest.raises(IdempotencyConflict):
        hold(books, eur("61.00"))
    posting = hold_settle(actor=books.actor, key="s", hold_id=held.id, amount=eur("1.00"))
    repeat = hold_settle(actor=books.actor, key="s", hold_id=held.id, amount=eur("1.00"))
    assert (repeat.journal_id, repeat.replayed) == (posting.journal_id, True)
    with pytest.raises(IdempotencyConflict):
        hold_settle(actor=books.actor, key="s", hold_id=held.id, amount=eur("2.00"))
    assert books.posted(wallet) == eur("99.00")


def test_more_than_was_held_cant_be_settled(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    with pytest.raises(HoldTooSmall):
        hold_settle(actor=books.actor, key="s", hold_id=held.id, amount=eur("60.01"))
    with pytest.raises(InvalidInput):
        hold_settle(actor=books.actor, key="s", hold_id=held.id, amount=eur("0.00"))
    assert selectors.hold(books.actor.tenant_id, held.id).state == "held"
    hold_settle(actor=books.actor, key="s", hold_id=held.id)


def test_a_hold_that_nobody_placed_cant_be_resolved(books: Books) -> None:
    with pytest.raises(InvalidInput):
        hold_settle(actor=books.actor, key="s", hold_id=uuid7())
    with pytest.raises(HoldNotOpen, match="No money is set aside"):
        hold_void(actor=books.actor, key="v", hold_id=uuid7())


def test_an_expired_hold_is_released_and_not_settled(books: Books, wallet: AccountRef) -> None:
    expiring = hold(books, eur("10.00"), "expiring", expires_at=now() + timedelta(hours=1))
    standing = hold(books, eur("20.00"), "standing")
    assert not hold_expire(actor=books.actor, hold_id=expiring.id)
    with time_machine.travel(now() + timedelta(hours=2)):
        with pytest.raises(HoldNotOpen, match="has ended; it was released"):
            hold_settle(actor=books.actor, key="late", hold_id=expiring.id)
        assert selectors.holds_due(books.actor.tenant_id) == [expiring.id]
        assert hold_expire(actor=books.actor, hold_id=expiring.id)
        assert not hold_expire(actor=books.actor, hold_id=standing.id)
        assert selectors.holds_due(books.actor.tenant_id) == []
    states = [selectors.hold(books.actor.tenant_id, h.id).state for h in (expiring, standing)]
    assert states == ["expired", "held"]
    assert books.available(wallet) == eur("80.00")
    assert selectors.verify(books.actor.tenant_id).faults == []


def test_an_account_with_a_hold_or_money_cant_be_closed(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("100.00"))
    with pytest.raises(AccountNotEmpty):
        account_close(actor=books.actor, account=wallet)
    hold_settle(actor=books.actor, key="s", hold_id=held.id)
    account_close(actor=books.actor, account=wallet)
    with pytest.raises(AccountNotEmpty):
        account_close(actor=books.actor, account=books.account(chart.in_transit_bank()))


def test_a_settled_hold_is_undone_by_a_reversal(books: Books, wallet: AccountRef) -> None:
    held = hold(books, eur("60.00"))
    posting = hold_settle(actor=books.actor, key="s", hold_id=held.id)
    journal_reverse(actor=books.actor, key="r", journal_id=posting.journal_id, reason="returned")
    assert books.available(wallet) == eur("100.00")
    assert selectors.verify(books.actor.tenant_id).faults == []
