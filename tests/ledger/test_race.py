"""Two real connections at once, for every verb that moves money."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from backoffice.core.errors import DomainError
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.entries import AccountRef, JournalRequest, Line
from ledger.errors import AlreadyReversed, HoldNotOpen, InsufficientFunds
from ledger.services import (
    account_for,
    hold_place,
    hold_settle,
    hold_void,
    journal_reverse,
    post,
    post_batch,
    seal,
)
from tests.ledger.books import Books, eur
from tests.world import World

Work = Callable[[], Any]


def together(*works: Work) -> list[Any]:
    """Run them at once, each on a connection of its own; results or domain errors, in order."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def run(place: int, work: Work) -> None:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            results[place] = work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, DomainError):
            raise result
    return results


def shard_met(books: Books, clearing: AccountRef, wallet: AccountRef, ref: str) -> tuple[int, int]:
    """Post on this connection: its number at the server, and the place of the shard it met."""
    line = Line(clearing, wallet, eur("1.00"))
    post(actor=books.actor, key=ref, kind="test", lines=[line], business_ref=ref)
    with tenant_scope(books.actor.tenant_id, books.actor), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        number: int = cursor.fetchone()[0]
        booked = selectors.statement(books.actor.tenant_id, clearing)
    met = next(line.account_id for line in booked if line.business_ref == ref)
    return number, clearing.ids.index(met)


@pytest.fixture
def shop(committed: None, world: World) -> Books:
    """Aurora's books with 100 euro in a wallet; no scope is open, so each call is its own."""
    books = Books(world.system())
    with tenant_scope(world.aurora.pk, books.actor):
        books.deposit(books.wallet(), eur("100.00"))
        books.account(chart.in_transit_bank())
        books.wallet("bob")
    return books


def accounts(books: Books, *names: str) -> list[AccountRef]:
    with tenant_scope(books.actor.tenant_id, books.actor):
        known = {
            "wallet": books.wallet(),
            "bob": books.wallet("bob"),
            "clearing": books.clearing(),
            "transit": books.account(chart.in_transit_bank()),
        }
    return [known[name] for name in names]


def sound(books: Books) -> None:
    with tenant_scope(books.actor.tenant_id, books.actor):
        assert selectors.verify(books.actor.tenant_id).faults == []


def posted(books: Books, account: AccountRef) -> Any:
    with tenant_scope(books.actor.tenant_id, books.actor):
        return books.posted(account)


def test_two_withdrawals_of_the_same_money_one_is_refused(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    results = together(
        lambda: shop.move(wallet, clearing, eur("60.00"), key="a"),
        lambda: shop.move(wallet, clearing, eur("60.00"), key="b"),
    )
    refused = [r for r in results if isinstance(r, InsufficientFunds)]
    assert len(refused) == 1
    assert refused[0].available == eur("40.00")
    assert posted(shop, wallet) == eur("40.00")
    sound(shop)


def test_each_connection_meets_its_own_shard_of_a_house_account(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    met = together(*[partial(shard_met, shop, clearing, wallet, f"R-{n}") for n in range(4)])
    assert len({number for number, _ in met}) == 4
    assert [shard for _, shard in met] == [number % chart.HOUSE_SHARDS for number, _ in met]
    assert posted(shop, wallet) == eur("104.00")
    sound(shop)


def test_one_key_at_once_moves_money_once(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    results = together(
        *[lambda: shop.move(wallet, clearing, eur("10.00"), key="same") for _ in range(4)]
    )
    assert len({r.journal_id for r in results}) == 1
    assert sorted(r.replayed for r in results) == [False, True, True, True]
    assert posted(shop, wallet) == eur("90.00")
    sound(shop)


def test_crossing_transfers_wait_in_one_order_and_never_deadlock(shop: Books) -> None:
    wallet, bob = accounts(shop, "wallet", "bob")
    shop.move(wallet, bob, eur("50.00"))

    def many(debit: AccountRef, credit: AccountRef) -> int:
        for _ in range(25):
            shop.move(debit, credit, eur("1.00"))
        return 25

    assert together(lambda: many(wallet, bob), lambda: many(bob, wallet)) == [25, 25]
    assert posted(shop, wallet) == posted(shop, bob) == eur("50.00")
    sound(shop)


def test_crossing_batches_wait_in_one_order(shop: Books) -> None:
    wallet, bob = accounts(shop, "wallet", "bob")
    shop.move(wallet, bob, eur("50.00"))

    def batch(prefix: str, debit: AccountRef, credit: AccountRef) -> int:
        requests = [
            JournalRequest(f"{prefix}{n}", "test", [Line(debit, credit, eur("1.00"))])
            for n in range(40)
        ]
        answers = post_batch(actor=shop.actor, requests=requests)
        return sum(answer.posting is not None for answer in answers)

    assert together(
        lambda: batch("x", wallet, bob),
        lambda: batch("y", bob, wallet),
        lambda: batch("x", wallet, bob),
    ) == [40, 40, 40]
    assert posted(shop, wallet) == eur("50.00")
    sound(shop)


def test_two_holds_on_the_same_money_one_is_refused(shop: Books) -> None:
    wallet, transit = accounts(shop, "wallet", "transit")

    def hold(key: str) -> Any:
        return hold_place(
            actor=shop.actor, key=key, kind="w", debit=wallet, credit=transit, amount=eur("70.00")
        )

    results = together(lambda: hold("a"), lambda: hold("b"))
    assert sum(isinstance(r, InsufficientFunds) for r in results) == 1
    sound(shop)


def test_settle_and_void_of_one_hold_one_wins(shop: Books) -> None:
    wallet, transit = accounts(shop, "wallet", "transit")
    for n in range(5):
        held = hold_place(
            actor=shop.actor,
            key=f"hold{n}",
            kind="w",
            debit=wallet,
            credit=transit,
            amount=eur("2.00"),
        )
        before = posted(shop, wallet)
        resolve: dict[str, Any] = {"actor": shop.actor, "hold_id": held.id}
        results = together(
            partial(hold_settle, key=f"settle{n}", **resolve),
            partial(hold_void, key=f"void{n}", **resolve),
        )
        assert [isinstance(r, HoldNotOpen) for r in results].count(True) == 1
        settled = not isinstance(results[0], HoldNotOpen)
        assert posted(shop, wallet) == before - eur("2.00" if settled else "0.00")
    sound(shop)


def test_two_reversals_of_one_journal_one_is_refused(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    posting = shop.move(wallet, clearing, eur("10.00"))

    def reverse(key: str) -> Any:
        return journal_reverse(actor=shop.actor, key=key, journal_id=posting.journal_id)

    results = together(lambda: reverse("a"), lambda: reverse("b"))
    assert sum(isinstance(r, AlreadyReversed) for r in results) == 1
    assert posted(shop, wallet) == eur("100.00")
    sound(shop)


def test_an_account_asked_for_at_once_is_opened_once(shop: Books) -> None:
    spec = chart.gateway_clearing("new")

    def open_it() -> AccountRef:
        with tenant_scope(shop.actor.tenant_id, shop.actor):
            return account_for(actor=shop.actor, spec=spec, currency="EUR")

    first, *others = together(*[open_it for _ in range(4)])
    assert all(other == first for other in others)
    assert len(first.ids) == chart.HOUSE_SHARDS


def test_the_sealer_leaves_out_what_is_still_in_flight(shop: Books) -> None:
    """A post that has its moment of booking but has not committed is in a later seal."""
    wallet, clearing = accounts(shop, "wallet", "clearing")
    booked, sealed = threading.Event(), threading.Event()

    def slow_post() -> Any:
        with tenant_scope(shop.actor.tenant_id, shop.actor):
            posting = shop.move(wallet, clearing, eur("1.00"))
            booked.set()
            assert sealed.wait(timeout=30)
        return posting

    def seal_meanwhile() -> int:
        assert booked.wait(timeout=30)
        with tenant_scope(shop.actor.tenant_id, shop.actor):
            count = seal(actor=shop.actor)
        sealed.set()
        return count

    _, meanwhile = together(slow_post, seal_meanwhile)
    assert meanwhile == 0
    with tenant_scope(shop.actor.tenant_id, shop.actor):
        assert seal(actor=shop.actor) == 2
    sound(shop)


def test_a_refused_post_leaves_the_callers_transaction_usable(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    with tenant_scope(shop.actor.tenant_id, shop.actor):
        with pytest.raises(InsufficientFunds):
            shop.move(wallet, clearing, eur("100.01"))
        lines = [Line(wallet, clearing, eur("60.00")), Line(wallet, clearing, eur("60.00"))]
        with pytest.raises(InsufficientFunds):
            post(actor=shop.actor, key="two", kind="test", lines=lines)
        shop.move(wallet, clearing, eur("1.00"))
    assert posted(shop, wallet) == eur("99.00")
    sound(shop)


def test_a_post_outside_a_transaction_is_one_of_its_own_in_its_tenant(shop: Books) -> None:
    wallet, clearing = accounts(shop, "wallet", "clearing")
    shop.move(wallet, clearing, eur("1.00"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('app.tenant_id', true), count(*) FROM ledger_journal"
        )
        # Neither the scope nor anything that it shows is left on the connection.
        assert cursor.fetchone() == ("", 0)
