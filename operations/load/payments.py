"""Deposits and withdrawals: those that the books tell of, and those that wait for a decision."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from operations.load.books import GATEWAY, hold_ids, open_payouts
from operations.load.bulk import NULL, Bulk, blocks
from operations.load.flows import CURRENCIES, FIRST_IN, Flows, flows_of
from operations.load.size import Size, Whole, money, texts
from operations.load.waiting import waiting
from payments.automatic.rules import Rule, dump
from payments.automatic.states import VersionState
from payments.chargeback_states import ChargebackState
from payments.methods.states import Direction
from payments.models import (
    Chargeback,
    Deposit,
    Destination,
    GatewayAccount,
    Method,
    MethodTerms,
    RuleVersion,
    Withdrawal,
)
from payments.states import DepositState, WithdrawalState

DEPOSIT_COLUMNS = (
    "id reference client_id state asked_amount asked_currency paid_amount paid_currency"
    " provider_ref instrument_label payer_name created_at expires_at paid_at credited_at"
)
CHARGEBACK_COLUMNS = (
    "id reference deposit_id client_id amount currency provider_ref created_at closed_at"
)
INQUIRY_EVERY = 100
WITHDRAWAL_COLUMNS = (
    "id reference client_id destination_id state amount currency amount_base paid_amount hold_id"
    " created_at approved_at paid_at"
)


def load(size: Size, bulk: Bulk) -> None:
    """The gateway is switched off: nothing is to poll what is not there."""
    gateway, _ = GatewayAccount.objects.get_or_create(
        name=GATEWAY.title(),
        defaults={"kind": "cashier", "webhook_token": f"load-{size.tenant_id}", "active": False},
    )
    method, _ = Method.objects.get_or_create(
        code="card",
        defaults={"name": "Card", "gateway": gateway},
    )
    for currency in CURRENCIES:
        for direction in Direction:
            MethodTerms.objects.get_or_create(method=method, currency=currency, direction=direction)
    _rules()
    over = {"method_id": method.pk, "gateway_id": gateway.pk}
    flows = flows_of(size)
    destinations = size.ids("destination", flows.born)
    bulk.copy(
        Destination,
        "id client_id label number_sealed number_hash holder added_at usable_from",
        blocks(_destinations(size, flows, destinations)),
        rows=flows.count,
        constants={"kind": Destination.Kind.CARD, "state": Destination.State.APPROVED},
    )
    _deposits(size, bulk, over)
    _inquiries(size, bulk, gateway)
    _withdrawals(size, bulk, over, destinations)


def _rules() -> None:
    """So that a decision's page asks what it asks where rules are in force."""
    rule = Rule("Cards under 500", Decimal(500), methods=("card",))
    RuleVersion.objects.get_or_create(
        number=1,
        defaults={"rules": [dump(rule)], "note": "To begin with", "state": VersionState.ACTIVE},
    )


def _destinations(size: Size, flows: Flows, ids: list[str]) -> Iterator[str]:
    added = texts(flows.born)
    for n, place in enumerate(flows.clients.tolist()):
        yield (
            f"{ids[n]}\t{size.client_ids[place]}\tVisa •• {n % 10_000:04d}\t\\\\x\t{n:064x}\t"
            f"{size.client_names[place]}\t{added[n]}\t{added[n]}\n"
        )


def _deposits(size: Size, bulk: Bulk, over: Mapping[str, object]) -> None:
    flows = flows_of(size)
    done = flows.moments[flows.deposits]
    count = min(size.queued, flows.count)
    late = size.moments("open deposits", count, since=0.99)
    open_ids = size.ids("open deposit", late, len(done))
    bulk.copy(
        Deposit,
        DEPOSIT_COLUMNS,
        blocks(_done_deposits(size, flows, done)),
        rows=len(done),
        constants={**over, "state": DepositState.DONE},
    )
    bulk.copy(
        Deposit,
        DEPOSIT_COLUMNS,
        blocks(_open_deposits(size, flows, late, open_ids)),
        rows=count,
        constants=over,
    )
    clients = [flows.clients[flows.count - 1 - n] for n in range(count)]
    desks = [size.client_desks[place] for place in clients]
    waiting(size, bulk, "deposits", Deposit, open_ids, late, desks)


def _done_deposits(size: Size, flows: Flows, moments: Whole) -> Iterator[str]:
    ids, at = size.ids("deposit", moments), texts(moments)
    first, second = money(flows.first_in), money(flows.second_in)
    events = zip(
        flows.owners[flows.deposits].tolist(),
        flows.steps[flows.deposits].tolist(),
        flows.deposit_references,
        strict=True,
    )
    for n, (owner, step, reference) in enumerate(events):
        place = flows.clients[owner]
        amount = first[owner] if step == FIRST_IN else second[owner]
        currency, when = CURRENCIES[owner % 2], at[n]
        yield (
            f"{ids[n]}\t{reference}\t{size.client_ids[place]}\t{DepositState.DONE}\t{amount}\t"
            f"{currency}\t{amount}\t{currency}\tpay_{n:012x}\tVisa •• {owner % 10_000:04d}\t"
            f"{size.client_names[place]}\t{when}\t{when}\t{when}\t{when}\n"
        )


def _inquiries(size: Size, bulk: Bulk, gateway: GatewayAccount) -> None:
    """Of every hundredth deposit the payer's bank asked once, and has its answer: no money moved,
    so the books know nothing of it."""
    flows = flows_of(size)
    moments = flows.moments[flows.deposits]
    chosen = range(0, len(moments), INQUIRY_EVERY)
    bulk.copy(
        Chargeback,
        CHARGEBACK_COLUMNS,
        blocks(_asked(size, flows, moments)),
        rows=len(chosen),
        constants={
            "gateway_id": gateway.pk,
            "state": ChargebackState.INQUIRY_CLOSED,
            "reason_code": "general",
        },
    )


def _asked(size: Size, flows: Flows, moments: Whole) -> Iterator[str]:
    deposits = size.ids("deposit", moments)
    first, second = money(flows.first_in), money(flows.second_in)
    owners = flows.owners[flows.deposits].tolist()
    steps = flows.steps[flows.deposits].tolist()
    some = moments[::INQUIRY_EVERY]
    ids, at, numbers = size.ids("chargeback", some), texts(some), size.references("CB", some)
    for n, (identity, number, when) in enumerate(zip(ids, numbers, at, strict=True)):
        place = n * INQUIRY_EVERY
        owner = owners[place]
        amount = first[owner] if steps[place] == FIRST_IN else second[owner]
        yield (
            f"{identity}\t{number}\t{deposits[place]}\t{size.client_ids[flows.clients[owner]]}\t"
            f"{amount}\t{CURRENCIES[owner % 2]}\tdp_{n:012x}\t{when}\t{when}\n"
        )


def _open_deposits(size: Size, flows: Flows, moments: Whole, ids: list[str]) -> Iterator[str]:
    at, numbers = texts(moments), size.references("D", moments)
    amounts = money(flows.first_in)
    for n, (identity, reference, when) in enumerate(zip(ids, numbers, at, strict=True)):
        owner = flows.count - 1 - n
        place, currency = flows.clients[owner], CURRENCIES[owner % 2]
        yield (
            f"{identity}\t{reference}\t{size.client_ids[place]}\t{DepositState.REVIEW}\t"
            f"{amounts[owner]}\t{currency}\t{amounts[owner]}\t{currency}\topen_{n:012x}\t"
            f"Visa •• {owner % 10_000:04d}\t{size.client_names[place]}\t{when}\t{when}\t{when}\t"
            f"{NULL}\n"
        )


def _withdrawals(
    size: Size, bulk: Bulk, over: Mapping[str, object], destinations: list[str]
) -> None:
    flows = flows_of(size)
    paid = flows.moments[flows.payouts]
    asked_by = {"requested_by_ref": "system:load", "requested_by_name": "load"}
    bulk.copy(
        Withdrawal,
        WITHDRAWAL_COLUMNS,
        blocks(_paid_withdrawals(size, flows, paid, destinations)),
        rows=len(paid),
        constants={**over, **asked_by},
    )
    late = size.moments("open withdrawals", len(open_payouts(flows)), since=0.99)
    ids = size.ids("open withdrawal", late, len(paid))
    bulk.copy(
        Withdrawal,
        WITHDRAWAL_COLUMNS,
        blocks(_open_withdrawals(size, flows, late, ids, destinations)),
        rows=len(ids),
        constants={**over, **asked_by},
    )
    desks = [size.client_desks[flows.clients[n]] for n, _ in open_payouts(flows)]
    waiting(size, bulk, "withdrawals", Withdrawal, ids, late, desks)


def _paid_withdrawals(
    size: Size, flows: Flows, moments: Whole, destinations: list[str]
) -> Iterator[str]:
    """Their holds were settled and are no longer of interest; each keeps an id of its own."""
    ids, at, amounts = size.ids("withdrawal", moments), texts(moments), money(flows.out)
    holds = size.ids("settled hold", moments)
    owners = flows.owners[flows.payouts].tolist()
    for n, (owner, reference) in enumerate(zip(owners, flows.payout_references, strict=True)):
        client, when = size.client_ids[flows.clients[owner]], at[n]
        yield (
            f"{ids[n]}\t{reference}\t{client}\t{destinations[owner]}\t{WithdrawalState.PAID}\t"
            f"{amounts[owner]}\t{CURRENCIES[owner % 2]}\t{amounts[owner]}\t{amounts[owner]}\t"
            f"{holds[n]}\t{when}\t{when}\t{when}\n"
        )


def _open_withdrawals(
    size: Size, flows: Flows, moments: Whole, ids: list[str], destinations: list[str]
) -> Iterator[str]:
    at, numbers, holds = texts(moments), size.references("W", moments), hold_ids(size)
    amounts = money(flows.held)
    for n, (owner, _) in enumerate(open_payouts(flows)):
        client, amount = size.client_ids[flows.clients[owner]], amounts[owner]
        yield (
            f"{ids[n]}\t{numbers[n]}\t{client}\t{destinations[owner]}\t{WithdrawalState.REVIEW}\t"
            f"{amount}\t{CURRENCIES[owner % 2]}\t{amount}\t{NULL}\t{holds[n]}\t{at[n]}\t{NULL}\t"
            f"{NULL}\n"
        )
