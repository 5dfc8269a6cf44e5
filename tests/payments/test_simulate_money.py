"""Whatever clients, people, the gateway and the trading server do, and in whatever order things
go wrong: after each step the books verify, and once all is quiet they say what the world says.

``MONEY_EXAMPLES=500 pytest tests/payments/test_simulate_money.py`` tries more courses, new ones.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from backoffice.core.clock import now
from backoffice.core.errors import DomainError
from backoffice.core.money import Money as Amount
from backoffice.workflow.approvals import approval_vote, pending_for
from clients.models import Category
from payments.bonus_states import OnWithdrawal
from payments.bonuses import handlers as bonuses
from payments.bonuses.policies import policy_set
from payments.bonuses.services import KIND as BONUS
from payments.bonuses.services import bonus_ask
from payments.conversions import quotes
from payments.conversions.services import conversion_accept, conversion_offer
from payments.errors import MethodUnusable
from payments.methods.fees import FeeTerms
from payments.methods.selectors import terms_of
from payments.methods.services import method_save
from payments.models import Bonus, Conversion, Deposit, Transfer, Withdrawal
from payments.services.deposits import deposit_credit, deposit_return
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_reject,
)
from payments.states import DEPOSIT_LIVE, DEPOSIT_SET_ASIDE
from payments.watch import sweep
from sandbox.gateway.server import CashierServer
from sandbox.mt5.faults import FaultKind
from tests.payments.both import Both
from tests.payments.factories import quote_currencies
from tests.payments.money import MERCHANT
from tests.trading.house import BALANCE, house_of
from tests.trading.rows import make_deal
from tests.world import World
from trading.models import Deal

EXAMPLES = int(os.environ.get("MONEY_EXAMPLES", "0"))
AMOUNTS = st.integers(min_value=10_00, max_value=400_00).map(lambda minor: Decimal(minor) / 100)
ON_MESSAGES = ["", "late", "twice", "out_of_order", "bad_signature", "lost"]
ON_PAYOUTS = ["", "dropped_after", "error_500", "error_500_after", "refused"]
ON_BALANCE = [None, FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER, FaultKind.RETCODE]
PERIODS = [timedelta(minutes=6), timedelta(minutes=70), timedelta(hours=26)]
QUIET_AFTER = 12  # of the last period: longer than anything is asked about by itself
FEES = [
    FeeTerms(),
    FeeTerms(percent=Decimal("1.5"), fixed=Decimal("0.25"), most=Decimal(4)),
    FeeTerms(percent=Decimal(2), least=Decimal(1), payer="house"),
]
NEVER_CAME = {"declined", "expired", "cancelled", "returned"}
OVER = {"paid", "failed", "rejected", "cancelled", "returned_after_paid"}


class Money(RuleBasedStateMachine):
    """One client with a card and an account. The model is the world outside: what the cashier
    holds and what the trading server says."""

    both: Both
    deposits = Bundle("deposits")
    withdrawals = Bundle("withdrawals")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.clock: time_machine.travel | None = None
        cashier = self.both.cashier
        cashier.faults.clear()
        for kept in (cashier.payments, cashier.payouts, cashier.refunds, cashier.messages):
            kept.clear()
        cashier.movements.rows.clear()
        self.account = self.both.open()
        self.day_max: Decimal | None = None
        self.both.funded("500.00")
        self.both.approved_card()
        with self.both.scope():
            quote_currencies(self.both.world)
            policy_set(actor=self.both.world.actor("adam"), active=True, barred_regulators=[])
            client = self.both.client
            type(client).objects.filter(pk=client.pk).update(category=Category.PROFESSIONAL)
            client.refresh_from_db()

    def teardown(self) -> None:
        try:
            self.comes_to_rest()
        finally:
            if self.clock is not None:
                self.clock.stop()
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    # What clients and people do

    @rule(target=deposits, amount=AMOUNTS, onward=st.booleans())
    def client_asks_to_pay(self, amount: Decimal, onward: bool) -> Any:
        more = {"account": self.account} if onward else {}
        fits = self.day_max is None or amount <= self.day_max - self.asked_today()
        try:
            row = self.both.deposit(str(amount), **more)
        except MethodUnusable as refusal:
            assert not fits, refusal
            return multiple()
        assert fits
        self.both.at_the_cashier(row)  # the page stays open, however long
        return row

    @rule(target=withdrawals, amount=AMOUNTS)
    def client_asks_for_money(self, amount: Decimal) -> Any:
        available = self.both.available()
        try:
            row = self.both.withdraw(str(amount))
        except DomainError as refusal:
            assert amount > available, refusal
            return multiple()
        assert amount <= available
        assert self.both.available() == available - amount
        return row

    @rule(fee=st.sampled_from(FEES), day_max=st.sampled_from([None, Decimal(600)]))
    def lead_changes_the_terms(self, fee: FeeTerms, day_max: Decimal | None) -> None:
        """From now on; what was asked for keeps its fee. Withdrawals have no limit here."""
        with self.both.scope():
            terms = [replace(terms_of(row), fee=fee) for row in self.both.card.terms.all()]
            terms = [
                replace(each, day_max=day_max) if each.direction == "deposit" else each
                for each in terms
            ]
            method_save(
                actor=self.both.world.actor("petra"),
                code="card", values={}, terms=terms, method=self.both.card,
            )  # fmt: skip
        self.day_max = day_max

    @rule(amount=AMOUNTS, inward=st.booleans(), fault=st.sampled_from(ON_BALANCE))
    def client_moves_money(self, amount: Decimal, inward: bool, fault: FaultKind | None) -> None:
        if fault is not None:
            self.both.house.fail(BALANCE, fault, retcode=3)
        way = (None, self.account) if inward else (self.account, None)
        with suppress(DomainError):
            self.both.move(str(amount), *way)

    @rule(row=withdrawals, fault=st.sampled_from(ON_PAYOUTS))
    def lead_approves(self, row: Withdrawal, fault: str) -> None:
        if fault:
            self.both.cashier.faults.arm(fault, row.reference)
        self.tries(withdrawal_approve, withdrawal=row)

    @rule(row=withdrawals)
    def lead_rejects(self, row: Withdrawal) -> None:
        self.tries(withdrawal_reject, withdrawal=row, reason_code="other", note="Not this one")

    @rule(row=withdrawals)
    def client_changes_their_mind(self, row: Withdrawal) -> None:
        self.tries(withdrawal_cancel, withdrawal=row, reason="No longer needed")

    @rule(row=deposits, is_good=st.booleans())
    def lead_decides(self, row: Deposit, is_good: bool) -> None:
        decide = deposit_credit if is_good else deposit_return
        self.tries(decide, deposit=row, reason="Seen")

    @rule(
        amount=AMOUNTS, is_out=st.booleans(), pips=st.integers(9_000, 12_000), onward=st.booleans()
    )
    def client_exchanges(self, amount: Decimal, is_out: bool, pips: int, onward: bool) -> None:
        """At a quote of the moment, into dollars or back, and on to the account if it takes it."""
        give, get = ("EUR", "USD") if is_out else ("USD", "EUR")
        petra = self.both.world.actor("petra")
        with self.both.scope(), suppress(DomainError):
            mid = Decimal(pips) / 10_000
            quotes.quote_set(actor=petra, base="EUR", quote="USD", mid=mid, sure=True)
            row = conversion_offer(
                actor=self.both.actor,
                client=self.both.client,
                give=Amount(amount, give),
                currency=get,
                account=self.account if onward and not is_out else None,
            )
            conversion_accept(actor=self.both.actor, conversion=row)
        self.both.work()

    @rule(amount=AMOUNTS, fault=st.sampled_from(ON_BALANCE), released=st.booleans())
    def two_people_give_a_bonus(
        self, amount: Decimal, fault: FaultKind | None, released: bool
    ) -> None:
        if fault is not None:
            self.both.house.fail(BALANCE, fault, retcode=3)
        with self.both.scope(), suppress(DomainError):
            row = bonus_ask(
                actor=self.both.actor,
                client=self.both.client,
                account=self.account,
                money=Amount(amount, "EUR"),
                lots=Decimal("0.01") if released else None,
                days=3,
                on_withdrawal=OnWithdrawal.PROPORTION,
                base=Decimal(200),
                reason="Simulated",
            )
            asked = pending_for(self.both.system, row.pk, BONUS)
            assert asked is not None
            petra = self.both.world.actor("petra")
            approval_vote(actor=petra, approval=asked, approves=True)
        self.both.work()

    @rule(fault=st.sampled_from(ON_BALANCE))
    def client_trades(self, fault: FaultKind | None) -> None:
        """Enough to release a bonus; the server may not let its credit go just then."""
        if fault is not None:
            self.both.house.fail(BALANCE, fault, retcode=3)
        with self.both.scope():
            ticket = 900_000 + Deal.objects.count()
            make_deal(self.account, ticket, action=0, entry=0, profit=Decimal(0))
        bonuses.look(self.both.system)
        self.both.work()

    # What the gateway does

    @rule(
        row=deposits,
        verdict=st.sampled_from(["paid", "paid", "less", "dollars", "declined", "pending"]),
        fault=st.sampled_from(ON_MESSAGES),
    )
    def gateway_decides(self, row: Deposit, verdict: str, fault: str) -> None:
        self.says(fault, row.reference)
        payment = self.both.cashier.payment(MERCHANT, row.reference)
        facts = {"less": {"amount": "7.00"}, "dollars": {"currency": "USD"}}.get(verdict, {})
        status = verdict if verdict in ("declined", "pending") else "paid"
        self.both.cashier.payment_decide(payment, status, holder="Anna Eriksson", **facts)
        self.messages_come()

    @rule(row=withdrawals, is_paid=st.booleans(), fault=st.sampled_from(ON_MESSAGES))
    def gateway_pays_out(self, row: Withdrawal, is_paid: bool, fault: str) -> None:
        payout = self.both.cashier.payouts.get(f"{MERCHANT}/{row.reference}")
        if payout is None or payout.status in ("paid", "failed"):
            return
        self.says(fault, row.reference)
        self.both.cashier.payout_decide(payout, "paid" if is_paid else "failed")
        self.messages_come()

    @rule()
    def messages_that_were_held_back_come(self) -> None:
        self.both.cashier.release()
        self.messages_come()

    @rule(period=st.sampled_from(PERIODS))
    def time_passes(self, period: timedelta) -> None:
        then: datetime = now() + period
        if self.clock is not None:
            self.clock.stop()
        self.clock = time_machine.travel(then)
        self.clock.start()
        self.messages_come()
        with self.both.scope():
            sweep(self.both.system)
        bonuses.look(self.both.system)
        self.both.work()

    # What always holds

    @invariant()
    def the_books_verify(self) -> None:
        assert self.both.sound()

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        moved = [row.reference for row in self.both.cashier.movements.rows if row.type == "payout"]
        assert len(moved) == len(set(moved))
        assert self.both.wallet() >= self.both.available() >= 0

    def comes_to_rest(self) -> None:
        """Nothing goes wrong any more, everybody decides what waits for them, and time passes."""
        self.both.cashier.faults.clear()
        self.both.house.mt5.run(self.both.house.mt5.core.faults.clear)
        self.both.cashier.release()
        for _ in range(QUIET_AFTER):
            for payout in self.both.cashier.payouts.values():
                if payout.status not in ("paid", "failed"):
                    self.both.cashier.payout_decide(payout, "paid")
            for row in self.rows(Deposit):
                if row.state in DEPOSIT_SET_ASIDE:
                    self.tries(deposit_credit, deposit=row, reason="At the end of the day")
            self.time_passes(PERIODS[-1])
        self.the_books_verify()
        self.the_books_say_what_the_world_says()

    def the_books_say_what_the_world_says(self) -> None:
        assert self.both.bridge() == 0
        assert self.both.mirror(self.account) == self.both.there(self.account)
        for currency in ("EUR", "USD"):
            held = sum(
                (row.gross for row in self.both.cashier.movements.rows if row.currency == currency),
                Decimal(0),
            )
            assert self.both.clearing(currency) == held, currency
        going = {row.reference: row.state for row in self.rows(Deposit)}
        assert [state for state in going.values() if state in DEPOSIT_LIVE] == []
        waiting = {row.state for row in self.rows(Withdrawal)} - OVER
        assert waiting <= {"review", "part_failed"}
        there = Decimal(self.both.house.user(self.account.login).credit) / 100
        assert there == sum(row.left_amount for row in self.rows(Bonus))
        ends = {"released", "removed", "failed"}
        assert {row.state for row in self.rows(Bonus)} <= ends  # of three days
        assert {row.state for row in self.rows(Conversion)} <= {"booked", "waiting"}
        assert {row.state for row in self.rows(Transfer)} <= {"done", "returned", "refused"}

    # How

    def asked_today(self) -> Decimal:
        """In euro, of what was paid or may still be; what arrived, once it has."""
        return sum(
            (
                row.paid_amount if row.paid_currency == "EUR" else row.asked_amount
                for row in self.rows(Deposit)
                if row.created_at.date() == now().date() and row.state not in NEVER_CAME
            ),
            Decimal(0),
        )

    def rows(self, model: type[Any]) -> Iterator[Any]:
        with self.both.scope():
            yield from list(model.objects.all())

    def says(self, fault: str, reference: str) -> None:
        if fault:
            self.both.cashier.faults.arm(fault, reference)

    def messages_come(self) -> None:
        self.both.cashier.pump()
        self.both.work()

    def tries(self, service: Callable[..., Any], **facts: Any) -> None:
        """A colleague presses a button; it may be too late for it."""
        with self.both.scope(), suppress(DomainError):
            service(actor=self.both.world.actor("petra"), **facts)
        self.both.work()


@pytest.mark.slow
def test_any_course_of_events_ends_with_the_worlds_balances(
    world: World, cashier: CashierServer
) -> None:
    with house_of(world) as house:
        house.setup()
        Money.both = Both(world, cashier)
        Money.both.house = house
        run_state_machine_as_test(
            Money,
            settings=settings(
                max_examples=EXAMPLES or 6,
                stateful_step_count=25 if EXAMPLES else 14,
                deadline=None,
                derandomize=not EXAMPLES,
                phases=[Phase.generate],  # a course that fails is told as it was, not shortened
                suppress_health_check=list(HealthCheck),
            ),
        )
