"""The ledger of a year: accounts, journals, lines and open holds that `ledger_verify` finds sound.

Versions and balances are those that the posting functions would have written: a client's follow
from the six facts of ``flows``, a house account's are counted along as the lines go by.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.db import connection

from ledger import chart
from ledger.models import Account, Hold, Journal, Transfer
from operations.load.accounts import SERVER
from operations.load.bulk import NULL, Bulk, blocks
from operations.load.flows import (
    CURRENCIES,
    FIRST_IN,
    FIRST_MOVE,
    OUT,
    RESULT,
    SECOND_IN,
    SECOND_MOVE,
    STEPS,
    Flows,
    flows_of,
)
from operations.load.size import PERIOD, Size, Whole, texts

GATEWAY = "cashier"
KINDS = {
    FIRST_IN: "deposit",
    FIRST_MOVE: "transfer",
    SECOND_IN: "deposit",
    SECOND_MOVE: "transfer",
    RESULT: "trading_result",
    OUT: "withdrawal",
}


@dataclass
class House:
    """One shard of a house account while lines go by; amounts in minor units."""

    id: str
    spec: chart.AccountSpec
    currency: str
    shard: int
    debits: int = 0
    credits: int = 0
    version: int = 0

    def debit(self, amount: int) -> tuple[int, int]:
        """(version, balance) after the line."""
        self.debits += amount
        return self._after()

    def credit(self, amount: int) -> tuple[int, int]:
        self.credits += amount
        return self._after()

    def _after(self) -> tuple[int, int]:
        self.version += 1
        return self.version, self.spec.normal * (self.debits - self.credits)


class Books:
    """Everything that the ledger's tables say about one load."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.flows: Flows = flows_of(size)
        born = self.flows.born
        self.wallets = size.ids("wallet", born)
        self.mirrors = size.ids("mirror", born + 3_600_000)
        self.journals = size.ids("journal", self.flows.moments)
        self.times = texts(self.flows.moments)
        self._number = 0
        self.clearing = self._house(chart.gateway_clearing(GATEWAY))
        self.bridge = self._house(chart.mt_bridge())
        self.dealing = self._house(chart.dealing_pnl())

    def _house(self, spec: chart.AccountSpec) -> list[list[House]]:
        """By currency, by shard."""
        (pattern,) = self.size.ids("house", self.size.moments("house", 1, until=0.001))
        made = []
        for currency in CURRENCIES:
            shards = []
            for shard in range(spec.shards):
                self._number += 1
                shards.append(House(f"{pattern[:24]}{self._number:012x}", spec, currency, shard))
            made.append(shards)
        return made

    def lines(self) -> Iterator[str]:
        """Every transfer, in order of time."""
        flows = self.flows
        first, second = flows.first_in.tolist(), flows.second_in.tolist()
        result, out = flows.result.tolist(), flows.out.tolist()
        wallet, traded = flows.wallet.tolist(), flows.traded.tolist()
        events = zip(flows.steps.tolist(), flows.owners.tolist(), strict=True)
        for n, (step, owner) in enumerate(events):
            currency = owner % 2
            clearing = self.clearing[currency][n % len(self.clearing[currency])]
            a, b = first[owner], second[owner]
            if step == FIRST_IN:
                there = clearing.debit(a)
                yield self._line(n, 1, clearing.id, self.wallets[owner], currency, a, there, (1, a))
            elif step == FIRST_MOVE:
                yield from self._move(n, owner, a // 2, (2, a - a // 2), (1, a // 2))
            elif step == SECOND_IN:
                there, here = clearing.debit(b), (3, a - a // 2 + b)
                yield self._line(n, 1, clearing.id, self.wallets[owner], currency, b, there, here)
            elif step == SECOND_MOVE:
                left = a - a // 2 + b - b // 2
                yield from self._move(n, owner, b // 2, (4, left), (2, a // 2 + b // 2))
            elif step == RESULT:
                house = self.dealing[currency][n % len(self.dealing[currency])]
                lost = result[owner]
                there = house.credit(lost)
                here = 3, traded[owner]
                yield self._line(n, 1, self.mirrors[owner], house.id, currency, lost, here, there)
            else:
                there, here = clearing.credit(out[owner]), (5, wallet[owner])
                yield self._line(
                    n, 1, self.wallets[owner], clearing.id, currency, out[owner], here, there
                )

    def _move(
        self, n: int, owner: int, amount: int, wallet: tuple[int, int], mirror: tuple[int, int]
    ) -> Iterator[str]:
        """From the wallet over the bridge to the trading account."""
        currency = owner % 2
        bridge = self.bridge[currency][n % len(self.bridge[currency])]
        on = bridge.credit(amount)
        yield self._line(n, 1, self.wallets[owner], bridge.id, currency, amount, wallet, on)
        off = bridge.debit(amount)
        yield self._line(n, 2, bridge.id, self.mirrors[owner], currency, amount, off, mirror)

    def _line(
        self,
        n: int,
        line: int,
        debit: str,
        credit: str,
        currency: int,
        amount: int,
        debit_after: tuple[int, int],
        credit_after: tuple[int, int],
    ) -> str:
        at = self.times[n]
        return (
            f"{self.journals[n]}\t{line}\t{debit}\t{credit}\t{CURRENCIES[currency]}\t{amount}\t"
            f"{at}\t{at}\t{debit_after[0]}\t{credit_after[0]}\t{debit_after[1]}\t{credit_after[1]}\n"
        )

    def heads(self) -> Iterator[str]:
        """Every journal, in order of time."""
        flows = self.flows
        names = [""] * len(flows.moments)
        for n, name in zip(flows.deposits.tolist(), flows.deposit_references, strict=True):
            names[n] = name
        for n, name in zip(flows.payouts.tolist(), flows.payout_references, strict=True):
            names[n] = name
        for n, step in enumerate(flows.steps.tolist()):
            at = self.times[n]
            yield f"{self.journals[n]}\t{KINDS[step]}\t{names[n]}\t{at}\t{at}\n"

    def accounts(self) -> Iterator[str]:
        """As they stand after every line: so the lines come first."""
        held_by_currency = [0, 0]
        flows, born = self.flows, texts(self.flows.born)
        rows = zip(
            flows.clients.tolist(),
            flows.first_in.tolist(),
            flows.second_in.tolist(),
            flows.out.tolist(),
            flows.held.tolist(),
            flows.result.tolist(),
            strict=True,
        )
        wallet, owner_ref = chart.client_wallet("{}"), chart.client_owner("{}")
        for n, (place, first, second, out, held, result) in enumerate(rows):
            client, moved = self.size.client_ids[place], first // 2 + second // 2
            held_by_currency[n % 2] += held
            owned = f"{wallet.kind}\t{owner_ref.replace('{}', client)}\t{CURRENCIES[n % 2]}\t-1"
            yield (
                f"{self.wallets[n]}\t{wallet.code.replace('{}', client)}\t0\t{owned}\t"
                f"{moved + out}\t{first + second}\t{held}\t0\tt\t5\t{born[n]}\n"
            )
            mirror = chart.mt_mirror(client, SERVER, self.size.account_logins[n])
            yield (
                f"{self.mirrors[n]}\t{mirror.code}\t0\t{owned}\t"
                f"{result}\t{moved}\t0\t0\tf\t3\t{born[n]}\n"
            )
        yield from self._house_accounts(held_by_currency)

    def _house_accounts(self, held: list[int]) -> Iterator[str]:
        flows = self.flows
        came_in = {FIRST_IN: flows.first_in, SECOND_IN: flows.second_in}
        moved = {FIRST_MOVE: flows.first_move, SECOND_MOVE: flows.second_move}
        for accounts, debits, credits in (
            (self.clearing, came_in, {OUT: flows.out}),
            (self.bridge, moved, moved),
            (self.dealing, {}, {RESULT: flows.result}),
        ):
            shards = len(accounts[0])
            sums_in, lines_in = self._sums(debits, shards)
            sums_out, lines_out = self._sums(credits, shards)
            for currency, houses in enumerate(accounts):
                for house in houses:
                    k, spec = currency * shards + house.shard, house.spec
                    pending = held[currency] if house is self.clearing[currency][0] else 0
                    yield (
                        f"{house.id}\t{spec.code}\t{house.shard}\t{spec.kind}\t\t"
                        f"{house.currency}\t{spec.normal}\t{sums_in[k]}\t{sums_out[k]}\t0\t"
                        f"{pending}\tf\t{lines_in[k] + lines_out[k]}\t{self.times[0]}\n"
                    )

    def _sums(self, steps: dict[int, Whole], shards: int) -> tuple[list[int], list[int]]:
        """(minor units, lines) by currency and shard of the events of ``steps``."""
        total, lines = np.zeros(2 * shards, np.int64), np.zeros(2 * shards, np.int64)
        for step, amounts in steps.items():
            events = np.flatnonzero(self.flows.steps == step)
            owners = self.flows.owners[events]
            keys = (owners % 2) * shards + events % shards
            np.add.at(total, keys, amounts[owners])
            np.add.at(lines, keys, 1)
        return total.tolist(), lines.tolist()

    def holds(self) -> Iterator[str]:
        """Of withdrawals that wait for a decision: ``payments`` gives them the same ids."""
        for (n, amount), hold in zip(open_payouts(self.flows), hold_ids(self.size), strict=True):
            clearing = self.clearing[n % 2][0]
            yield (
                f"{hold}\t{self.wallets[n]}\t{clearing.id}\t{CURRENCIES[n % 2]}\t{amount}\t{NULL}\n"
            )


def open_payouts(flows: Flows) -> list[tuple[int, int]]:
    """(funded client, minor units) of each withdrawal that waits."""
    return [(n, held) for n, held in enumerate(flows.held.tolist()) if held]


def hold_ids(size: Size) -> list[str]:
    count = len(open_payouts(flows_of(size)))
    return size.ids("hold", size.moments("open withdrawals", count, since=0.99))


def load(size: Size, bulk: Bulk) -> None:
    with connection.cursor() as cursor:
        first = (size.until - PERIOD).date()
        cursor.execute("SELECT ledger_make_partitions(%s, %s)", [first, size.until.date()])
    books = Books(size)
    facts = books.flows.count * STEPS
    who = {"actor_kind": "system", "actor_ref": "system:load", "actor_name": "load"}
    bulk.copy(
        Journal,
        "id kind business_ref effective_at created_at",
        blocks(books.heads()),
        rows=facts,
        constants=who,
    )
    bulk.copy(
        Account,
        "id code shard kind owner_ref currency normal debits credits pending_debits"
        " pending_credits no_overdraft version opened_at",
        blocks(books.accounts()),
        rows=books.flows.count * 2,
    )
    bulk.copy(
        Transfer,
        "journal_id line debit_account_id credit_account_id currency amount effective_at"
        " created_at debit_version credit_version debit_balance credit_balance",
        blocks(books.lines()),
        rows=facts + facts // 3,
        constants={"code": "principal"},
    )
    bulk.copy(
        Hold,
        "id debit_account_id credit_account_id currency amount expires_at",
        blocks(books.holds()),
        rows=size.queued,
        constants={
            "kind": "withdrawal",
            "state": Hold.State.HELD,
            "actor_ref": "system:load",
            "actor_name": "load",
            "created_at": size.until,
        },
    )
