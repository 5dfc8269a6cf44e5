"""Any course of events keeps the books: a machine drives the kernel against a simple model."""

from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.entries import AccountRef, JournalRequest, Line
from ledger.errors import AlreadyReversed, IdempotencyConflict, InsufficientFunds
from ledger.services import (
    account_for,
    hold_place,
    hold_settle,
    hold_void,
    journal_reverse,
    post,
    post_batch,
)
from tests.world import World

AMOUNTS = st.integers(min_value=1, max_value=500)
PLACES = st.integers(
    min_value=0, max_value=3
)  # two wallets, one sharded and one plain house account


class Ledger(RuleBasedStateMachine):
    """The model: a balance and what is held, per account, in cents."""

    actor: Actor
    holds = Bundle("holds")
    journals = Bundle("journals")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        specs = [
            chart.client_wallet("ada"),
            chart.client_wallet("bob"),
            chart.gateway_clearing("cashier"),
            chart.bank_own("CY1"),
        ]
        self.accounts: list[AccountRef] = [
            account_for(actor=self.actor, spec=spec, currency="EUR") for spec in specs
        ]
        self.posted = [0, 0, 0, 0]
        self.held = [0, 0, 0, 0]
        self.reversed: set[Any] = set()
        self.step = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def key(self) -> str:
        self.step += 1
        return f"step:{self.step}"

    def effect(self, moves: list[tuple[int, int, int]]) -> list[int]:
        """Change of each balance, in its own sense, by (debit, credit, amount)."""
        change = [0, 0, 0, 0]
        for debit, credit, amount in moves:
            change[debit] += self.accounts[debit].normal * amount
            change[credit] -= self.accounts[credit].normal * amount
        return change

    def allows(self, change: list[int]) -> bool:
        return all(
            change[place] >= 0 or self.posted[place] + change[place] >= self.held[place]
            for place in (0, 1)
        )

    def line(self, debit: int, credit: int, amount: int) -> Line:
        money = Money.from_minor(amount, "EUR")
        return Line(self.accounts[debit], self.accounts[credit], money)

    def book(self, change: list[int]) -> None:
        self.posted = [have + more for have, more in zip(self.posted, change, strict=True)]

    @rule(
        target=journals,
        moves=st.lists(
            st.tuples(PLACES, PLACES, AMOUNTS).filter(lambda move: move[0] != move[1]),
            min_size=1,
            max_size=4,
        ),
    )
    def post(self, moves: list[tuple[int, int, int]]) -> Any:
        change, key = self.effect(moves), self.key()
        lines = [self.line(*move) for move in moves]
        try:
            posting = post(actor=self.actor, key=key, kind="test", lines=lines)
        except InsufficientFunds as refusal:
            assert not self.allows(change)
            places = [a.code for a in self.accounts]
            place = places.index(refusal.account_code)
            assert refusal.available.minor == self.posted[place] - self.held[place]
            return multiple()
        assert self.allows(change)
        self.book(change)
        again = post(actor=self.actor, key=key, kind="test", lines=lines)
        assert (again.journal_id, again.replayed) == (posting.journal_id, True)
        with pytest.raises(IdempotencyConflict):
            post(actor=self.actor, key=key, kind="other", lines=lines)
        return posting.journal_id, moves

    @rule(
        moves=st.lists(
            st.tuples(PLACES, PLACES, AMOUNTS).filter(lambda move: move[0] != move[1]),
            min_size=1,
            max_size=12,
        )
    )
    def batch(self, moves: list[tuple[int, int, int]]) -> None:
        requests = [JournalRequest(self.key(), "test", [self.line(*move)]) for move in moves]
        answers = post_batch(actor=self.actor, requests=requests)
        accepted = []
        for move, answer in zip(moves, answers, strict=True):
            if answer.posting is None:
                assert isinstance(answer.refusal, InsufficientFunds)
            else:
                accepted.append(move)
        change = self.effect(accepted)
        self.book(change)
        for place in (0, 1):
            assert self.posted[place] >= self.held[place]
        if self.allows(self.effect(moves)) and all(
            self.allows(self.effect([move])) for move in moves
        ):
            assert accepted == moves

    @rule(target=holds, debit=st.integers(0, 1), credit=PLACES, amount=AMOUNTS)
    def place_hold(self, debit: int, credit: int, amount: int) -> Any:
        if debit == credit:
            return multiple()
        try:
            held = hold_place(
                actor=self.actor,
                key=self.key(),
                kind="test",
                debit=self.accounts[debit],
                credit=self.accounts[credit],
                amount=Money.from_minor(amount, "EUR"),
            )
        except InsufficientFunds as refusal:
            assert self.posted[debit] - self.held[debit] < amount
            assert refusal.available.minor == self.posted[debit] - self.held[debit]
            return multiple()
        assert self.posted[debit] - self.held[debit] >= amount
        self.held[debit] += amount
        return held.id, debit, credit, amount

    @rule(hold=consumes(holds), part=st.integers(1, 100))
    def settle(self, hold: Any, part: int) -> None:
        hold_id, debit, credit, amount = hold
        settled = max(1, amount * part // 100)
        hold_settle(
            actor=self.actor,
            key=self.key(),
            hold_id=hold_id,
            amount=Money.from_minor(settled, "EUR"),
        )
        self.held[debit] -= amount
        self.book(self.effect([(debit, credit, settled)]))

    @rule(hold=consumes(holds))
    def void(self, hold: Any) -> None:
        hold_void(actor=self.actor, key=self.key(), hold_id=hold[0])
        self.held[hold[1]] -= hold[3]

    @rule(journal=journals)
    def reverse(self, journal: Any) -> None:
        journal_id, moves = journal
        change = [-c for c in self.effect(moves)]
        try:
            journal_reverse(actor=self.actor, key=self.key(), journal_id=journal_id)
        except AlreadyReversed:
            assert journal_id in self.reversed
        except InsufficientFunds:
            assert not self.allows(change)
        else:
            assert journal_id not in self.reversed
            assert self.allows(change)
            self.reversed.add(journal_id)
            self.book(change)

    @invariant()
    def the_books_are_the_model(self) -> None:
        for place, account in enumerate(self.accounts):
            found = selectors.balance(self.actor.tenant_id, account)
            assert found.posted.minor == self.posted[place]
            if place < 2:
                assert found.available.minor == self.posted[place] - self.held[place]

    @invariant()
    def the_books_verify(self) -> None:
        assert selectors.verify(self.actor.tenant_id).faults == []


def test_any_course_of_events_keeps_the_books(world: World) -> None:
    Ledger.actor = world.system()
    with tenant_scope(world.aurora.pk, Ledger.actor):
        run_state_machine_as_test(
            Ledger,
            settings=settings(
                max_examples=12,
                stateful_step_count=15,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
