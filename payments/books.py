"""What payments put into the ledger. One function per fact; keys are the reference and the step,
so a repeat books nothing.

Debit is where value arrives: a deposit debits the house account at the gateway or bank and credits
the client's wallet (docs/money.md).
"""

from datetime import datetime
from uuid import UUID

from django.utils.text import slugify

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from ledger import chart
from ledger.entries import AccountRef, HoldRef, Line, Posting
from ledger.errors import InsufficientFunds
from ledger.services import account_for, hold_place, hold_settle, hold_void, post
from payments.accounts import adapter_for
from payments.adjustment_states import Direction
from payments.errors import NotEnoughMoney
from payments.methods.fees import Fee
from payments.models import (
    Deposit,
    GatewayAccount,
    Transfer,
    WalletAdjustment,
    Withdrawal,
    WithdrawalPart,
)


def wallet(actor: Actor, client_id: object, currency: str) -> AccountRef:
    return account_for(actor=actor, spec=chart.client_wallet(str(client_id)), currency=currency)


def house_spec(gateway: GatewayAccount) -> chart.AccountSpec:
    """Where the money of a gateway stands: with a bank in the segregated account itself."""
    if adapter_for(gateway).by_statement:
        return chart.bank_client(gateway.merchant_id)
    return chart.gateway_clearing(slugify(gateway.name))


def valued_at(gateway: GatewayAccount, at: datetime) -> datetime | None:
    """When what a gateway says counts: a bank's line on the day that the bank says (never ahead of
    us), anything else when it is booked."""
    return min(at, now()) if adapter_for(gateway).by_statement else None


def house(actor: Actor, gateway: GatewayAccount, currency: str) -> AccountRef:
    return account_for(actor=actor, spec=house_spec(gateway), currency=currency)


def _set_aside(actor: Actor, currency: str) -> AccountRef:
    return account_for(actor=actor, spec=chart.unallocated(), currency=currency)


def _bridge(actor: Actor, currency: str) -> AccountRef:
    return account_for(actor=actor, spec=chart.mt_bridge(), currency=currency)


def _gateway(row: Deposit | Withdrawal) -> GatewayAccount:
    assert row.gateway is not None
    return row.gateway


# Deposits


def deposit_credited(
    *,
    actor: Actor,
    deposit: Deposit,
    paid: Money,
    fee: Fee,
    set_aside: bool,
    effective_at: datetime | None = None,
) -> Posting:
    """Gross to the wallet; the fee is a line of its own, out of it or out of our pocket."""
    target = wallet(actor, deposit.client_id, paid.currency)
    source = (
        _set_aside(actor, paid.currency)
        if set_aside
        else house(actor, _gateway(deposit), paid.currency)
    )
    return post(
        actor=actor,
        key=f"{deposit.reference}:credit",
        kind="deposit",
        lines=[Line(source, target, paid), *_fee_lines(actor, "deposit", target, fee)],
        business_ref=deposit.reference,
        effective_at=effective_at,
        into_open_day=True,
    )


def _fee_lines(actor: Actor, name: str, payer: AccountRef, fee: Fee) -> list[Line]:
    """One line or none. Clients' money is not touched by a fee that the brokerage bears: it earns
    what it costs itself, so that both can be read."""
    if not fee.total:
        return []
    income = account_for(actor=actor, spec=chart.fee(name), currency=fee.total.currency)
    if not fee.borne:
        return [Line(payer, income, fee.client, "fee")]
    cost = account_for(actor=actor, spec=chart.fee_borne(), currency=fee.house.currency)
    return [Line(cost, income, fee.house, "fee_borne")]


def gateway_settled(
    *,
    actor: Actor,
    gateway: GatewayAccount,
    key: str,
    iban: str,
    money: Money,
    cost: Money,
    text: str,
    effective_at: datetime | None = None,
) -> Posting:
    """What a gateway had collected is in the bank; what it kept for its service is our cost."""
    clearing = house(actor, gateway, money.currency)
    bank = account_for(actor=actor, spec=chart.bank_client(iban), currency=money.currency)
    lines = [Line(bank, clearing, money)]
    if cost:
        expense = account_for(actor=actor, spec=chart.gateway_cost(), currency=cost.currency)
        lines.append(Line(expense, clearing, cost, "fee"))
    return post(
        actor=actor,
        key=key,
        kind="gateway_settlement",
        lines=lines,
        meta={"text": text},
        effective_at=effective_at,
        into_open_day=True,
    )


def deposit_set_aside(
    *, actor: Actor, deposit: Deposit, paid: Money, effective_at: datetime | None = None
) -> Posting:
    """Arrived, but not the client's to use yet: client money all the same."""
    line = Line(
        house(actor, _gateway(deposit), paid.currency), _set_aside(actor, paid.currency), paid
    )
    return post(
        actor=actor,
        key=f"{deposit.reference}:aside",
        kind="deposit_aside",
        lines=[line],
        business_ref=deposit.reference,
        effective_at=effective_at,
        into_open_day=True,
    )


def deposit_returned(*, actor: Actor, deposit: Deposit, paid: Money) -> Posting:
    line = Line(
        _set_aside(actor, paid.currency), house(actor, _gateway(deposit), paid.currency), paid
    )
    return post(
        actor=actor,
        key=f"{deposit.reference}:return",
        kind="deposit_return",
        lines=[line],
        business_ref=deposit.reference,
    )


# Withdrawals


def withdrawal_held(
    *, actor: Actor, withdrawal: Withdrawal, amount: Money, step: str = "hold"
) -> HoldRef:
    """Set the amount aside on the wallet. Raises ``NotEnoughMoney``."""
    try:
        return hold_place(
            actor=actor,
            key=f"{withdrawal.reference}:{step}",
            kind="withdrawal",
            debit=wallet(actor, withdrawal.client_id, amount.currency),
            credit=house(actor, _gateway(withdrawal), amount.currency),
            amount=amount,
            business_ref=withdrawal.reference,
        )
    except InsufficientFunds as error:
        raise NotEnoughMoney(
            f"The wallet has {error.available} available; {amount} was asked for. "
            "Nothing was held.",
            fields={"amount": f"{error.available} is available."},
        ) from error


def withdrawal_released(*, actor: Actor, withdrawal: Withdrawal, step: str = "void") -> HoldRef:
    assert withdrawal.hold_id is not None
    return hold_void(actor=actor, key=f"{withdrawal.reference}:{step}", hold_id=withdrawal.hold_id)


def withdrawal_paid(
    *,
    actor: Actor,
    withdrawal: Withdrawal,
    paid: Money,
    fee: Fee,
    effective_at: datetime | None = None,
) -> Posting:
    """What was paid leaves the wallet for good, then the fee; what is left of the hold is free."""
    assert withdrawal.hold_id is not None
    key = f"{withdrawal.reference}:paid"
    posting = _settle(actor, key, withdrawal.hold_id, paid, effective_at)
    fee_booked(actor=actor, withdrawal=withdrawal, fee=fee)
    return posting


def fee_of(row: Withdrawal) -> Fee:
    return Fee(Money(row.fee_amount, row.currency), Money(row.fee_borne_amount, row.currency))


def fee_booked(*, actor: Actor, withdrawal: Withdrawal, fee: Fee) -> None:
    """The fee of a withdrawal, once it is paid."""
    payer = wallet(actor, withdrawal.client_id, withdrawal.currency)
    if lines := _fee_lines(actor, "withdrawal", payer, fee):
        post(
            actor=actor,
            key=f"{withdrawal.reference}:fee",
            kind="withdrawal_fee",
            lines=lines,
            business_ref=withdrawal.reference,
        )


def _settle(
    actor: Actor, key: str, hold_id: UUID, paid: Money, effective_at: datetime | None
) -> Posting:
    """Valued on the bank's day, or on the first open one: a closed day stays as it was signed."""
    return hold_settle(
        actor=actor,
        key=key,
        hold_id=hold_id,
        amount=paid,
        effective_at=effective_at,
        into_open_day=True,
    )


def part_held(*, actor: Actor, part: WithdrawalPart) -> HoldRef:
    """Set a part's money aside, in the transaction that releases the hold of the whole."""
    withdrawal = part.withdrawal
    amount = Money(part.amount, part.currency)
    return hold_place(
        actor=actor,
        key=f"{part.reference}:hold",
        kind="withdrawal",
        debit=wallet(actor, withdrawal.client_id, amount.currency),
        credit=house(actor, part.gateway, amount.currency),
        amount=amount,
        business_ref=part.reference,
    )


def part_paid(
    *, actor: Actor, part: WithdrawalPart, paid: Money, effective_at: datetime | None = None
) -> Posting:
    assert part.hold_id is not None
    return _settle(actor, f"{part.reference}:paid", part.hold_id, paid, effective_at)


def part_released(*, actor: Actor, part: WithdrawalPart) -> HoldRef:
    assert part.hold_id is not None
    return hold_void(actor=actor, key=f"{part.reference}:void", hold_id=part.hold_id)


def fee_held(*, actor: Actor, withdrawal: Withdrawal, fee: Money) -> HoldRef:
    """The fee of a withdrawal that is paid in parts; taken when the parts are done."""
    return hold_place(
        actor=actor,
        key=f"{withdrawal.reference}:hold:fee",
        kind="withdrawal_fee",
        debit=wallet(actor, withdrawal.client_id, fee.currency),
        credit=account_for(actor=actor, spec=chart.fee("withdrawal"), currency=fee.currency),
        amount=fee,
        business_ref=withdrawal.reference,
    )


def fee_taken(*, actor: Actor, withdrawal: Withdrawal) -> Posting:
    assert withdrawal.hold_id is not None
    fee = Money(withdrawal.fee_amount, withdrawal.currency)
    return hold_settle(
        actor=actor,
        key=f"{withdrawal.reference}:fee",
        hold_id=withdrawal.hold_id,
        amount=fee,
        code="fee",
    )


def fee_released(*, actor: Actor, withdrawal: Withdrawal) -> HoldRef:
    assert withdrawal.hold_id is not None
    return hold_void(
        actor=actor, key=f"{withdrawal.reference}:void:fee", hold_id=withdrawal.hold_id
    )


def withdrawal_returned(
    *, actor: Actor, withdrawal: Withdrawal, money: Money, effective_at: datetime | None = None
) -> Posting:
    """A payment that was made came back: the client's again."""
    line = Line(
        house(actor, _gateway(withdrawal), money.currency),
        wallet(actor, withdrawal.client_id, money.currency),
        money,
    )
    return post(
        actor=actor,
        key=f"{withdrawal.reference}:return",
        kind="withdrawal_return",
        lines=[line],
        business_ref=withdrawal.reference,
        effective_at=effective_at,
        into_open_day=True,
    )


def part_returned(
    *, actor: Actor, part: WithdrawalPart, money: Money, effective_at: datetime | None = None
) -> Posting:
    """A part that was paid came back: the client's again."""
    line = Line(
        house(actor, part.gateway, money.currency),
        wallet(actor, part.withdrawal.client_id, money.currency),
        money,
    )
    return post(
        actor=actor,
        key=f"{part.reference}:return",
        kind="withdrawal_return",
        lines=[line],
        business_ref=part.reference,
        effective_at=effective_at,
        into_open_day=True,
    )


# Transfers: source -> bridge -> target, or back from the bridge.


def _side(actor: Actor, transfer: Transfer, *, source: bool) -> AccountRef:
    account = transfer.source if source else transfer.target
    if account is None:
        return wallet(actor, transfer.client_id, transfer.currency)
    assert account.login is not None
    spec = chart.mt_mirror(str(transfer.client_id), account.server.name, account.login)
    return account_for(actor=actor, spec=spec, currency=transfer.currency)


def _transfer_step(
    actor: Actor, transfer: Transfer, step: str, giver: AccountRef, taker: AccountRef
) -> Posting:
    # Both sides are debts of ours: what is owed less is debited, what is owed more is credited.
    return post(
        actor=actor,
        key=f"{transfer.reference}:{step}",
        kind=f"transfer_{step}",
        lines=[Line(giver, taker, Money(transfer.amount, transfer.currency))],
        business_ref=transfer.reference,
    )


def transfer_left(*, actor: Actor, transfer: Transfer) -> Posting:
    """The money left its source: it is on the bridge. Raises ``NotEnoughMoney``."""
    giver = _side(actor, transfer, source=True)
    try:
        return _transfer_step(actor, transfer, "out", giver, _bridge(actor, transfer.currency))
    except InsufficientFunds as error:
        raise NotEnoughMoney(
            f"The wallet has {error.available} available. Nothing was moved.",
            fields={"amount": f"{error.available} is available."},
        ) from error


def transfer_arrived(*, actor: Actor, transfer: Transfer) -> Posting:
    taker = _side(actor, transfer, source=False)
    return _transfer_step(actor, transfer, "in", _bridge(actor, transfer.currency), taker)


def transfer_back(*, actor: Actor, transfer: Transfer) -> Posting:
    taker = _side(actor, transfer, source=True)
    return _transfer_step(actor, transfer, "back", _bridge(actor, transfer.currency), taker)


def transfer_to_wallet(*, actor: Actor, transfer: Transfer) -> Posting:
    """What no account takes goes from the bridge into the client's wallet."""
    taker = wallet(actor, transfer.client_id, transfer.currency)
    return _transfer_step(actor, transfer, "back", _bridge(actor, transfer.currency), taker)


# Adjustments


def wallet_adjusted(
    *, actor: Actor, adjustment: WalletAdjustment, counter: chart.AccountSpec, approved_by: str
) -> Posting:
    """Between a wallet and an account of the house, as two people decided. Raises
    ``NotEnoughMoney``: what is on hold is not there to be taken."""
    money = Money(adjustment.amount, adjustment.currency)
    mine = wallet(actor, adjustment.client_id, money.currency)
    ours = account_for(actor=actor, spec=counter, currency=money.currency)
    gives = adjustment.direction == Direction.TO_CLIENT
    line = Line(ours, mine, money) if gives else Line(mine, ours, money)
    try:
        return post(
            actor=actor,
            key=f"{adjustment.reference}:book",
            kind="wallet_adjustment",
            lines=[line],
            business_ref=adjustment.reference,
            approved_by=approved_by,
            meta={"asked_by": adjustment.asked_by_ref},
        )
    except InsufficientFunds as error:
        raise NotEnoughMoney(
            f"The wallet has {error.available} available; {money} is to be taken. "
            "Nothing was booked.",
            fields={"amount": f"{error.available} is available."},
        ) from error
