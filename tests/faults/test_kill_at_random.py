"""Web, worker and database killed by SIGKILL while clients pay in, take out and move money.

The product's own processes against a database of the test's own, the cashier and the trading
server over their real protocols. Where it strikes follows from a seed; afterwards the janitors
run, and the books are held against what the cashier and the trading server have.

``FAULT_ROUNDS=300 FAULT_SEED=7 pytest tests/faults`` tries longer, and other points.
"""

import os
import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.test import override_settings

from backoffice.audit import selectors as audit
from backoffice.audit.services import seal
from backoffice.core.clock import now
from backoffice.workflow.models import OutboxItem
from ledger import selectors as ledger
from payments.automatic.rules import Rule
from payments.models import Deposit, Transfer, WebhookMessage, Withdrawal
from payments.services.withdrawals import withdrawal_approve
from payments.watch import sweep
from sandbox.common.outgoing import deliver_by_http
from sandbox.gateway.cashier import Cashier
from sandbox.gateway.server import CashierServer
from tests.faults.clients import Clients, Wish
from tests.faults.own_database import OwnDatabase, own_database
from tests.faults.processes import Product
from tests.faults.traps import Kind, Plan, Trap, Victim
from tests.payments.both import Both
from tests.payments.factories import rules_in_force
from tests.payments.money import MERCHANT, SECRET, post_here
from tests.trading.house import house_of
from tests.world import load_world
from trading import money as trading
from trading.models import BalanceOperation

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "8"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
STEPS_MAX = {Kind.WEB: 40, Kind.WORKER: 120}
ROUND_S = 30.0
QUIET_S = 30.0
SMALL = Rule("Small ones", Decimal(200), paid_before_min=0)
LATER = (timedelta(minutes=3), timedelta(minutes=7), timedelta(hours=2), *(timedelta(days=1),) * 3)


class Post:
    """Takes the cashier's messages to the web, or, while there is none, into this process."""

    by_wire = False

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        return (deliver_by_http if self.by_wire else post_here)(url, headers, body)


class Scene:
    """A brokerage with its two outsides and its processes, and what happens to them."""

    def __init__(
        self, own: OwnDatabase, product: Product, trap: Trap, both: Both, post: "Post"
    ) -> None:
        self.own, self.product, self.trap, self.both = own, product, trap, both
        self.post = post
        self.random = random.Random(SEED)
        self.plans: list[Plan] = []

    @property
    def cashier(self) -> Cashier:
        return self.both.cashier

    def begin(self) -> None:
        self.clients = Clients(self.both, self.product.address, self.random)
        self.post.by_wire = True
        self._mend()

    def round(self) -> None:
        """Wishes of every kind, until something was killed, and then until they are answered."""
        struck = self.trap.struck
        self.trap.set(self._plan())
        deadline = time.monotonic() + ROUND_S
        while self.trap.struck == struck and time.monotonic() < deadline:
            wishes = [self.clients.deposit(), self.clients.withdrawal(), self.clients.transfer()]
            self._until_answered(wishes)
            self._cashier_goes_on()
        self.trap.clear()
        self._mend()

    def _plan(self) -> Plan:
        """Each kind of killing comes up before any comes again."""
        kinds = [(kind, victim) for victim in Victim for kind in Kind]
        kind, victim = kinds[len(self.plans) % len(kinds)]
        step = self.random.randint(1, STEPS_MAX[kind])
        plan = Plan(kind, victim, step, after=self.random.random() < 0.5)
        self.plans.append(plan)
        return plan

    def _until_answered(self, wishes: list[Wish]) -> None:
        deadline = time.monotonic() + QUIET_S
        while waiting := [wish for wish in wishes if not wish.answered]:
            assert time.monotonic() < deadline, [(wish.path, wish.status) for wish in waiting]
            for wish in waiting:
                self.clients.send(wish)
            if any(not wish.answered for wish in waiting):
                self._mend()
                time.sleep(0.05)

    def _mend(self) -> None:
        """What a supervisor does."""
        if not self.own.answers():
            self.own.revive()
        self.product.start()

    def _cashier_goes_on(self) -> None:
        """Clients pay what they asked for, and the cashier settles payouts."""
        for wish in self.clients.wishes:
            url = wish.answer.get("pay_url")
            if url:
                wish.answer["pay_url"] = ""
                payment = self.cashier.payment_open(dict(parse_qsl(urlsplit(url).query)))
                self.cashier.payment_decide(payment, "paid", holder="Anna Eriksson", card="4242")
        for payout in list(self.cashier.payouts.values()):
            if payout.status not in ("paid", "failed"):
                self.cashier.payout_decide(payout, "paid")
        self.cashier.pump()

    def rest(self) -> None:
        """Everything is killed once more and started, works what is due, and is left alone."""
        self.product.kill()
        self.own.kill()
        self._mend()
        deadline = time.monotonic() + QUIET_S
        while self._due() and time.monotonic() < deadline:
            self._cashier_goes_on()
            time.sleep(0.2)
        self.product.kill()
        self.post.by_wire = False

    def _due(self) -> bool:
        with self.both.scope():
            due = OutboxItem.objects.filter(state=OutboxItem.State.WAITING, due_at__lte=now())
            return due.exists()


@contextmanager
def _scene(folder: Path) -> Iterator[Scene]:
    with own_database() as own:
        trap = Trap(own.postmaster)
        product = Product(trap, own.engines.redis_url, folder)
        post = Post()
        cashier = Cashier(post)
        cashier.payout_delay_s = None
        cashier.merchant_add(MERCHANT, SECRET)
        server = CashierServer(cashier, pumps=False)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        world = load_world()
        try:
            with override_settings(PUBLIC_URL=product.address), house_of(world) as house:
                house.setup()
                both = Both(world, server)
                both.house = house
                yield Scene(own, product, trap, both, post)
        except BaseException as error:
            error.add_note(product.said())
            raise
        finally:
            server.stop()
            product.stop()


def _open(both: Both) -> None:
    """A client with 5,000.00 in the wallet, an account, and a card that may be paid to."""
    cashier = both.cashier
    both.account = both.open()
    deposit = both.deposit("5000.00")
    cashier.payment_decide(both.at_the_cashier(deposit), "paid", holder="Anna Eriksson")
    _deliver_here(cashier)
    both.work()
    both.approved_card()
    with both.scope():
        rules_in_force(both.world, SMALL)


def _deliver_here(cashier: Cashier) -> None:
    """Have its messages, the refused ones too, come to the product in this process."""
    cashier.release()
    for message in cashier.messages:
        message.due_at = min(message.due_at, time.time())
    cashier.pump()


def _janitors_run(scene: Scene) -> None:
    """Leases end, gateways and the trading server are asked again, people are told."""
    both, system = scene.both, scene.both.system
    start = now()
    for period in LATER:
        start += period
        with time_machine.travel(start):
            for payout in list(scene.cashier.payouts.values()):
                if payout.status not in ("paid", "failed"):
                    scene.cashier.payout_decide(payout, "paid")
            _deliver_here(scene.cashier)
            trading.janitor(system)
            both.work()
            with both.scope():
                sweep(system)
                for row in Withdrawal.objects.filter(state="review"):
                    withdrawal_approve(actor=both.world.actor("petra"), withdrawal=row)
            both.work()
            with both.scope():
                seal(actor=system)


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_done_twice_wherever_it_is_killed(
    django_db_setup: None, django_db_blocker: Any, tmp_path: Path
) -> None:
    with django_db_blocker.unblock(), _scene(tmp_path) as scene:
        _open(scene.both)
        scene.begin()
        for _ in range(ROUNDS):
            scene.round()
        assert scene.trap.struck == ROUNDS, scene.plans
        scene.rest()
        _janitors_run(scene)
        _every_wish_was_done_once(scene)
        _the_books_say_what_the_world_says(scene.both)
        _the_books_are_sound(scene.both)


def _every_wish_was_done_once(scene: Scene) -> None:
    done = [wish for wish in scene.clients.wishes if wish.status < 400]
    asked = {
        what: sum(what in wish.path for wish in done)
        for what in ("deposits", "withdrawals", "transfer")
    }
    with scene.both.scope():
        by_hand = Transfer.objects.filter(deposit=None, withdrawal=None)
        made = {
            "deposits": Deposit.objects.count() - 1,
            "withdrawals": Withdrawal.objects.count(),
            "transfer": by_hand.count(),
        }
    assert made == asked
    assert min(asked.values()) > 0, asked


def _the_books_say_what_the_world_says(both: Both) -> None:
    """What the cashier has of every payment and payout, and the server of every account."""
    moved = [(row.type, row.reference) for row in both.cashier.movements.rows]
    assert len(moved) == len(set(moved))
    held = sum((row.gross for row in both.cashier.movements.rows), Decimal(0))
    assert both.clearing() == held
    there = both.there(both.account)
    assert both.mirror(both.account) == there
    assert (both.bridge(), both.set_aside()) == (0, 0)
    assert both.wallet() == both.available() == held - there
    with both.scope():
        assert set(Deposit.objects.values_list("state", flat=True)) == {"done"}
        assert set(Withdrawal.objects.values_list("state", flat=True)) <= {
            "paid",
            "failed",
            "rejected",
        }
        assert set(Transfer.objects.values_list("state", flat=True)) <= {"done", "refused"}
        paid = Withdrawal.objects.filter(state="paid").values_list("reference", flat=True)
        assert set(paid) == {reference for kind, reference in moved if kind == "payout"}
        booked = BalanceOperation.objects.filter(state="applied")
        assert booked.count() == len(both.house.deals(both.account.login))


def _the_books_are_sound(both: Both) -> None:
    """Debits are credits, balances their replay, holds what pends, every final object has its
    journal; the audit chain is whole, and nothing waits for people but what they were told of."""
    tenant = both.world.aurora.pk
    with both.scope():
        assert ledger.verify(tenant).faults == []
        chain = audit.verify(tenant)
        assert (chain.faults, chain.waiting) == ([], 0)
        failed = OutboxItem.objects.filter(state=OutboxItem.State.FAILED)
        assert list(failed.values_list("topic", "error")) == []
        states = set(WebhookMessage.objects.values_list("state", flat=True))
        assert states <= {"processed", "stale"}
