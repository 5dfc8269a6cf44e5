"""What happened at the brokerages, hour by hour: one list of events, lived through in their order.

The ledger takes its lines in the order of time, so money can't be made client by client.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from clients.models import Client
from compliance.models import Alert
from compliance.monitoring.alerts import alert_decide, alert_review
from compliance.monitoring.definitions import scenarios_install
from compliance.monitoring.run import monitoring_run
from operations.demo import Demo, step
from operations.demo.cards import Cards, cards_of
from operations.demo.chargebacks import chargebacks
from operations.demo.coins import Coins, coins_of
from operations.demo.exchanges import exchanges
from operations.demo.files import payment_files
from operations.demo.own_funds import own_funds
from operations.demo.payments import Till, till_of
from operations.demo.praxis import praxis_lay
from operations.demo.settlements import Settlements
from operations.demo.trading import Funding, settle, strand
from payments.models import GatewayAccount, Withdrawal
from reconciliation import trading_plane
from trading.models import Account

# What becomes of a card deposit of the past.
OUTCOMES = (*["paid"] * 16, "declined", "declined", "open")
MONITORED_NIGHTS = 7
TODAY = timedelta(hours=9)
# Deposits and withdrawals of today, which wait in the queues: some past their four hours.
PAID_IN_TODAY = (
    (405, "stranger"), (290, "other amount"), (205, "stranger"), (96, "other amount"),
    (560, "stranger"), (343, "stranger"), (128, "other amount"),
    (44, "stranger"), (12, "other amount"), (75, "pending"), (150, "paid"), (33, "open"),
    (8, "pending"),
)  # fmt: skip
# By the second gateway: how many minutes ago, and whether it is paid by now.
BY_STRIPE_TODAY = ((21, True), (10, False))
IN_COINS_TODAY = ((170, "pay"), (12, "later"))
ASKED_TODAY = (
    (420, "rejected"), (385, "review"), (300, "bank"), (262, "parts"),
    (250, "second"), (233, "part failed"), (190, "review"), (160, "unknown"), (141, "review"),
    (120, "new destination"), (95, "review"), (88, "bank"), (64, "second"),
    (48, "review"), (26, "review"), (17, "second"), (6, "review"),
)  # fmt: skip
# What else waits at the larger brokerage, for a specialist to clear: each client's sums, and how.
MORE_ASKED = (
    ((540, "review"), (2_300, "review"), (95, "new destination")),
    ((1_750, "review"), (610, "bank"), (5_800, "review")),
    ((720, "review"), (880, "review"), (1_300, "parts")),
    ((3_900, "review"), (260, "new destination"), (560, "review")),
    ((7_200, "review"), (990, "review"), (640, "review")),
    ((1_120, "bank"), (530, "review"), (2_050, "review")),
    ((815, "review"), (150, "new destination"), (4_400, "review")),
    ((1_480, "review"), (9_500, "review"), (575, "review")),
    ((660, "review"), (1_010, "review"), (345, "new destination")),
    ((2_750, "review"), (505, "review"), (1_890, "parts")),
    ((1_240, "review"), (85, "new destination"), (3_050, "review")),
    ((930, "review"), (6_100, "review"), (700, "review")),
)
# Newcomers who take money to where it never came from: nights ago, what they ask for, and after
# how many hours an officer who reads the alert holds it.
ELSEWHERE = (
    (4, 1_150, 9.5), (3, 2_300, 8.2), (3, 640, 10.1), (2, 1_800, 3.4), (2, 920, 7.7),
    (2, 3_100, 15.6),
)  # fmt: skip
# Money on our account that names nobody: days ago, from whom, how much, what they wrote.
UNNAMED = (
    (4, "Hartmann GmbH", "1250", "Invoice 4711"),
    (3.3, "Lindqvist AB", "3400", "Transfer own funds"),
    (2.6, "G. Conti", "600", "Conto trading"),
    (2.1, "M. Okafor", "480", "Trading deposit"),
    (1.6, "PayBridge UAB", "2210.40", "Batch 0931"),
    (1.2, "Unknown", "75.50", "REF 88213"),
    (1.1, "T. Mendes", "150", "Deposito"),
)
AMOUNTS_TODAY = (250, 1_200, 640, 3_500, 800, 520, 2_000)


@dataclass(order=True)
class Event:
    at: datetime
    order: int
    act: Callable[[], object] = field(compare=False)


class Story:
    """One brokerage's weeks."""

    def __init__(
        self, till: Till, accounts: list[Funding], cards: Cards | None, coins: Coins | None
    ) -> None:
        self.till, self.accounts, self.cards, self.coins = till, accounts, cards, coins
        self.settlements = Settlements(till)
        self.actor, self.demo = till.actor, till.demo
        self.real = datetime.now(UTC)
        self.chance = random.Random(till.merchant)  # noqa: S311 - the same story on every seed
        self._events: list[Event] = []
        # Who takes part: allowed to pay in and take out, the longest standing first.
        self.clients = [one.account.client for one in accounts if one.account.client is not None]
        self.verified = [client for client in self.clients if client.level >= 2]
        idle = {one.account.client_id for one in accounts if not one.per_day}
        self.idle = [client for client in self.verified if client.pk in idle]
        self.busy = [client for client in self.verified if client.pk not in idle]
        with self.till.scope():
            new = Client.objects.filter(
                tenant_id=self.actor.tenant_id, level=2, accounts__isnull=True, state="active"
            )
            self.newcomers = list(new.order_by("id"))

    def at(self, moment: datetime, act: Callable[[], object]) -> None:
        if self.demo.opened_at < moment < self.real:
            self._events.append(Event(moment, len(self._events), act))

    def ago(self, act: Callable[[], object], *, days: float = 0, minutes: float = 0) -> None:
        self.at(self.real - timedelta(days=days, minutes=minutes), act)

    def money(self, amount: Decimal | int, currency: str = "") -> Money:
        return Money(Decimal(amount), currency or self.till.currency)

    def live(self) -> None:
        """Everything in its order. What the product refuses did not happen."""
        latest = self.demo.opened_at
        for event in sorted(self._events):
            latest = min(max(latest, event.at), self.real)
            self.demo.past.go(latest)
            with suppress(DomainError):
                event.act()
            latest = now()
        self.demo.past.home()
        self.till.work()

    def tell(self) -> None:
        if self.till.wire is not None:
            own_funds(self)
        for funded in self.accounts:
            self._client(funded)
        self._patterns()
        self._today()
        self.settlements.lay()
        chargebacks(self)
        payment_files(self)
        exchanges(self)
        for night in self._nights():
            day = night.date() - timedelta(days=1)
            if day.weekday() < 5:
                self.at(night + timedelta(minutes=20), partial(self._books, day))
            # What was asked for in the last hours is looked at when all of it is there.
            if TODAY < self.real - night < timedelta(days=MONITORED_NIGHTS):
                self.at(night + timedelta(minutes=30), partial(self._monitor, day))
            if day.weekday() < 5:
                self.at(night - timedelta(hours=2), self.settlements.pay)
            self.at(night + timedelta(minutes=40), partial(self.till.statement_read, day))
            self.at(night + timedelta(minutes=50), self.settlements.book)
        # Of the days since, a person fetches the report: the newest night's is there already.
        for night in list(self._nights())[-1::-7][:2]:
            self.at(night + timedelta(minutes=70), partial(self.settlements.report, night.date()))

    # The weeks

    def _nights(self) -> Iterator[datetime]:
        day = self.demo.opened_at.date() + timedelta(days=1)
        while day <= self.real.date():
            yield datetime.combine(day, time(), UTC)
            day += timedelta(days=1)

    def _client(self, funded: Funding) -> None:
        """Opening money on the account, then more now and then, and some of it out again."""
        account, client, chance = funded.account, funded.account.client, self.chance
        assert client is not None
        opening = self.money(funded.amount, account.currency)
        self.at(funded.at, partial(self.till.deposit, client, opening, "paid", account))
        if not funded.per_day:
            return
        moment, latest = funded.at, self.real - timedelta(hours=9)
        while (moment := moment + timedelta(days=chance.uniform(2.5, 11))) < latest:
            amount = Decimal(chance.choice([300, 500, 750, 1_000, 1_500, 2_500]))
            self._pay_in(client, account, amount, _by_day(moment))
        moment = funded.at + timedelta(days=4)
        while (moment := moment + timedelta(days=chance.uniform(6, 15))) < latest:
            amount = Decimal(chance.choice([150, 300, 450, 700, 1_100, 1_600]))
            self._take_out(client, amount, _by_day(moment))

    def _pay_in(self, client: Client, account: Account, amount: Decimal, at: datetime) -> None:
        till, chance = self.till, self.chance
        what = chance.choice(OUTCOMES)
        if chance.random() < 0.18 and till.wire is not None:
            self.at(at, partial(till.wire_in, client, self.money(amount)))
        elif chance.random() < 0.3:
            own = self.money(amount, account.currency)
            self.at(at, partial(till.deposit, client, own, what, account))
        else:
            self.at(at, partial(till.deposit, client, self.money(amount), what))

    def _take_out(self, client: Client, amount: Decimal, at: datetime, what: str = "paid") -> None:
        """Asked for, decided within hours, paid by the gateway soon after."""
        asked: list[Withdrawal] = []
        decided = at + timedelta(hours=self.chance.uniform(0.2, 3.5))
        self.at(at, partial(self._ask, asked, client, amount, what))
        self.at(decided, partial(_each, asked, partial(self.till.decide, what="paid")))
        self.at(decided + timedelta(minutes=25), partial(_each, asked, self.till.pay_out))

    def _asked(self, client: Client, amount: Decimal, what: str) -> list[Withdrawal]:
        row = self.till.withdraw(client, self.money(amount), what)
        return [row] if row is not None else []

    # The nights

    def _books(self, day: date) -> None:
        with tenant_scope(self.actor.tenant_id, self.actor):
            trading_plane.day_post(actor=self.actor, day=day)

    def _monitor(self, day: date) -> None:
        monitoring_run(actor=self.actor, as_of=day)

    # What stands out

    def _patterns(self) -> None:
        """Clients whose money moves as the three scenarios look for."""
        if not self.idle or len(self.busy) < 5:
            return
        through, splitter, stranger, other = self.idle[0], *self.busy[2:5]
        till = self.till
        self.ago(partial(till.deposit, through, self.money(19_500)), days=8.3)
        for days in (6.2, 5.6, 5.1, 4.7):
            self._take_out(through, Decimal(4_800), self.real - timedelta(days=days))
        for days, amount in ((5.4, 8_900), (4.3, 9_400), (3.2, 9_700)):
            self.ago(partial(till.deposit, splitter, self.money(amount)), days=days)
        for days, client, amount in ((4.1, stranger, 850), (2.2, other, 1_400)):
            self.ago(partial(till.deposit, client, self.money(4_000)), days=days + 2)
            moment = self.real - timedelta(days=days)
            self._take_out(client, Decimal(amount), moment, "elsewhere")
        # Asked for while the pattern is looked at: compliance holds it.
        self.ago(partial(till.withdraw, splitter, self.money(12_000)), days=1.1)
        self.ago(partial(till.withdraw, other, self.money(700)), minutes=340)
        self.ago(partial(till.deposit, stranger, self.money(15_000), "held"), days=0.8)
        for days, verdict in ((3.0, "cleared"), (1.9, "escalated"), (1.2, "")):
            self.ago(partial(self._alert, verdict), days=days)
        self._elsewhere()
        if till.wire is not None:
            for days, name, arrived, text in UNNAMED:
                self.ago(partial(till.receive, name, Decimal(arrived), text), days=days)
            self.ago(partial(till.wire_in, through, self.money(2_000), Decimal(1_950)), days=3.1)

    def _elsewhere(self) -> None:
        """Pairs of an alert and a withdrawal that is held for it, some days old by now."""
        nights = list(self._nights())
        for client, (back, amount, hours) in zip(self.newcomers, ELSEWHERE, strict=False):
            night = nights[-back]
            paid = self.money(amount + 400)
            self.at(night - timedelta(hours=20), partial(self.till.deposit, client, paid))
            asked: list[Withdrawal] = []
            ask = partial(self._ask, asked, client, Decimal(amount), "elsewhere")
            self.at(night - timedelta(hours=hours / 4), ask)
            hold = partial(_each, asked, partial(self.till.decide, what="held"))
            self.at(night + timedelta(hours=hours), hold)

    def _alert(self, verdict: str) -> None:
        """An officer takes the oldest open alert; ``verdict`` is what they find, if they do."""
        officer = self.demo.actors["compliance"]
        with tenant_scope(officer.tenant_id, officer):
            alert = (
                Alert.objects.filter(tenant_id=officer.tenant_id, state="triggered")
                .order_by("id")
                .first()
            )
            if alert is None:
                return
            alert_review(actor=officer, alert=alert)
            if verdict == "cleared":
                alert_decide(
                    actor=officer, alert=alert, verdict=verdict, reason="own_funds",
                    note="Sale of a flat, contract and bank statement seen.",
                )  # fmt: skip
            elif verdict == "escalated":
                alert_decide(
                    actor=officer, alert=alert, verdict=verdict, reason="structuring",
                    note="Amounts just below the threshold, no explanation given.",
                )  # fmt: skip

    # Today

    def _today(self) -> None:
        """What came in the last hours and waits for people now."""
        free = [*self.busy[:2], *self.busy[5:], *self.idle[1:]]
        if not free or len(self.busy) < 2:
            return
        small = self.demo.tenant.slug != "aurora"
        for number, (minutes, what) in enumerate(PAID_IN_TODAY[: 6 if small else None]):
            client = free[-1 - number % len(free)]
            amount = AMOUNTS_TODAY[number % len(AMOUNTS_TODAY)]
            self.ago(partial(self.till.deposit, client, self.money(amount), what), minutes=minutes)
        if self.cards is not None:
            for number, (minutes, paid) in enumerate(BY_STRIPE_TODAY):
                pay = partial(self.cards.deposit, free[-1 - number % len(free)], paid=paid)
                self.ago(partial(pay, self.money(AMOUNTS_TODAY[number])), minutes=minutes)
        if self.coins is not None:
            for number, (minutes, how) in enumerate(IN_COINS_TODAY):
                pay = partial(self.coins.deposit, free[-2 - number % len(free)], how=how)
                self.ago(partial(pay, self.money(AMOUNTS_TODAY[-1 - number])), minutes=minutes)
        for number, (minutes, what) in enumerate(ASKED_TODAY[: 9 if small else None]):
            client = free[number % len(free)]
            amount = AMOUNTS_TODAY[(number + 3) % len(AMOUNTS_TODAY)]
            if what == "second":
                amount = 6_400
            # So that the wallet has it: paid in days before.
            if amount > 1_000:
                needed = self.money(amount + 50)
                self.ago(partial(self.till.deposit, client, needed), days=1.3 + number * 0.7)
            asked: list[Withdrawal] = []
            ask = partial(self._ask, asked, client, Decimal(amount), what)
            self.ago(ask, minutes=minutes)
            if what not in ("review", "new destination"):
                decide = partial(self.till.decide, what=what)
                self.ago(partial(_each, asked, decide), minutes=minutes * 0.7)

        if not small:
            self._more_today(free)
        rich = max(self.accounts[1:], key=lambda one: one.amount).account
        spared = self.money(400, rich.currency)
        payments = self.demo.actors["payments"]
        self.ago(partial(strand, payments, self.demo, rich, spared), minutes=52)

    def _more_today(self, free: list[Client]) -> None:
        """Paid in once days before, asked for in turn over the last hours."""
        turn = 0
        for number, sums in enumerate(MORE_ASKED):
            client = free[(number + 4) % len(free)]
            needed = self.money(sum(amount for amount, _ in sums) + 25)
            self.ago(partial(self.till.deposit, client, needed), days=2.1 + number * 0.3)
            for amount, what in sums:
                turn += 1
                ask = partial(self.till.withdraw, client, self.money(amount), what)
                self.ago(ask, minutes=355 - turn * 9.7)

    def _ask(self, asked: list[Withdrawal], client: Client, amount: Decimal, what: str) -> None:
        asked.extend(self._asked(client, amount, what))


def _each(rows: list[Withdrawal], act: Callable[[Withdrawal], None]) -> None:
    for row in rows:
        act(row)


def _by_day(moment: datetime) -> datetime:
    """The same day between seven and ten in the evening: people sleep."""
    return moment.replace(hour=7 + moment.hour * 15 // 24)


@step("money", 50, opens_scope=True)
def money(actor: Actor, demo: Demo) -> None:
    """The till, the weeks, and the trading server's books as they stand after them."""
    with tenant_scope(actor.tenant_id, actor):
        laid = GatewayAccount.objects.filter(tenant_id=actor.tenant_id).exists()
    till = till_of(actor, demo)
    if laid or till is None:
        return
    demo.past.go(demo.opened_at + timedelta(hours=2))
    till.lay()
    if (cards := cards_of(till)) is not None:
        cards.lay()
    if (coins := coins_of(till)) is not None:
        coins.lay()
    praxis_lay(till)
    with tenant_scope(actor.tenant_id, actor):
        scenarios_install(actor=demo.actors["mlro"])
    accounts = demo.things.get("funding", [])
    story = Story(till, accounts, cards, coins)
    story.tell()
    story.live()
    settle(actor, demo, [one.account for one in accounts])
