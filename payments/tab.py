"""The money of a client on their page: balances, destinations, last movements."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.models import Client
from payments import selectors
from payments.adjustment_states import ADJUSTMENT_COLOURS, AdjustmentState
from payments.adjustments import services as adjustments
from payments.bonus_states import BONUS_COLOURS, BonusState
from payments.bonuses import policies, services
from payments.chargeback_states import (
    CHARGEBACK_ANSWERABLE,
    CHARGEBACK_COLOURS,
    ChargebackState,
)
from payments.chargebacks import books, rules
from payments.conversion_states import CONVERSION_COLOURS, ConversionState
from payments.conversions import services as conversions
from payments.conversions.books import get_of, give_of
from payments.models import (
    Bonus,
    Chargeback,
    Conversion,
    Deposit,
    Destination,
    WalletAdjustment,
    Withdrawal,
)
from payments.services.transfers import way
from payments.states import (
    DEPOSIT_COLOURS,
    DEPOSIT_SET_ASIDE,
    TRANSFER_COLOURS,
    WITHDRAWAL_COLOURS,
    DepositState,
    TransferState,
    WithdrawalState,
)

ASK = "payments.request_withdrawal"
TOLD = 20
COLOURS = {"new": "attention", "approved": "good", "suspended": "bad", "retired": "neutral"}


def _context(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    actor = request.actor
    recent = selectors.recent(actor, client)
    return {
        "balances": [
            {
                "label": _account_label(row.account.code),
                "posted": row.posted,
                "held": row.held,
                "available": row.available,
            }
            for row in selectors.balances(actor, client)
        ],
        "destinations": [
            _destination(actor, row)
            for row in Destination.objects.filter(
                tenant_id=actor.tenant_id, client=client
            ).order_by("-id")
        ],
        "money_actions": _actions(actor, client),
        "parts": parts(recent),
    }


def parts(recent: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Movements as lines of a page, by kind."""
    return [
        {
            "label": "Deposits",
            "url": reverse("payments:deposit-list"),
            "rows": [_deposit(row) for row in recent["deposits"]],
        },
        {
            "label": "Withdrawals",
            "url": reverse("payments:withdrawal-list"),
            "rows": [_withdrawal(row) for row in recent["withdrawals"]],
        },
        {
            "label": "Transfers",
            "url": reverse("payments:transfer-list"),
            "rows": [_transfer(row) for row in recent["transfers"]],
        },
        {
            "label": "Chargebacks",
            "url": reverse("payments:chargeback-list"),
            "rows": [_chargeback(row) for row in recent["chargebacks"]],
        },
        {
            "label": "Wallet adjustments",
            "url": reverse("payments:adjustment-list"),
            "rows": [_adjustment(row) for row in recent["adjustments"]],
        },
        {
            "label": "Conversions",
            "url": reverse("payments:conversion-list"),
            "rows": [_conversion(row) for row in recent["conversions"]],
        },
        {
            "label": "Bonuses",
            "url": reverse("payments:bonus-list"),
            "rows": [_bonus(row) for row in recent["bonuses"]],
        },
    ]


def _account_label(code: str) -> str:
    last = code.rsplit(":", 1)[-1]
    if last == "receivable":
        return "Owed by the client"
    return f"Trading account {last}" if ":mt:" in code else last.capitalize()


def _actions(actor: Actor, client: Client) -> list[Button]:
    offered = [
        ("New deposit", "payments:deposit-new", "payments.work_payment", "arrow-down-left"),
        ("New withdrawal", "payments:withdrawal-new", ASK, "arrow-up-right"),
        ("New transfer", "payments:transfer-new", "payments.transfer_money", "arrows-exchange"),
        ("Exchange", "payments:conversion-new", conversions.ASK, "switch-horizontal"),
        ("Adjust the wallet", "payments:adjustment-new", adjustments.ASK, "scale"),
        ("New destination", "payments:destination-new", ASK, "plus"),
    ]
    found = [
        Button(label, reverse(name, args=[client.pk]), method="get", icon=icon)
        for label, name, right, icon in offered
        if actor.can(right)
    ]
    if actor.can(services.ASK):
        url, why = reverse("payments:bonus-new", args=[client.pk]), policies.why_not(client)
        found.append(Button("Give a bonus", url, method="get", icon="star", why_not=why))
    return found


def _destination(actor: Actor, row: Destination) -> dict[str, Any]:
    """A line with what may still be done: nothing with one that is retired."""
    actions: list[Button] = []
    state, offered = Destination.State, row.state != Destination.State.RETIRED

    def url(verb: str) -> str:
        return reverse(f"payments:destination-{verb}", args=[row.pk])

    if offered and actor.can("payments.work_payment") and row.state != state.APPROVED:
        mine = actor.ref in row.edited_by_refs
        why = "You added or changed it; someone else approves." if mine else ""
        actions.append(Button("Approve", url("approve"), why_not=why))
    if offered and actor.can(ASK):
        actions.append(Button("Edit", url("edit"), method="get", kind="quiet"))
    if offered and actor.can("payments.work_payment"):
        if row.state != state.SUSPENDED:
            actions.append(Button("Suspend", url("suspend"), method="get", kind="quiet"))
        actions.append(Button("Retire", url("retire"), method="get", kind="quiet"))
    return {"row": row, "colour": COLOURS[row.state], "actions": actions, "note": _usable(row)}


def _usable(row: Destination) -> str:
    if row.state == Destination.State.APPROVED and row.usable_from > now():
        return f"usable from {row.usable_from:%-d %b %H:%M} UTC"
    return ""


def _line(row: Any, name: str, what: str, amount: Money, colour: str) -> dict[str, Any]:
    return {
        "url": reverse(f"payments:{name}", args=[row.pk]),
        "reference": row.reference,
        "what": what,
        "who": row.client.name,
        "amount": amount,
        "at": row.created_at,
        "colour": colour,
        "state": row.get_state_display(),
    }


def _deposit(row: Deposit) -> dict[str, Any]:
    paid = row.paid_amount is not None
    amount = (
        Money(row.paid_amount, row.paid_currency)
        if row.paid_amount is not None
        else Money(row.asked_amount, row.asked_currency)
    )
    what = f"{row.method.name} {row.instrument_label}" if paid else row.method.name
    return _line(row, "deposit", what, amount, DEPOSIT_COLOURS[DepositState(row.state)])


def _withdrawal(row: Withdrawal) -> dict[str, Any]:
    colour = WITHDRAWAL_COLOURS[WithdrawalState(row.state)]
    amount = Money(row.amount, row.currency)
    return _line(row, "withdrawal", f"to {row.destination.label}", amount, colour)


def _transfer(row: Any) -> dict[str, Any]:
    colour = TRANSFER_COLOURS[TransferState(row.state)]
    return _line(row, "transfer", way(row), Money(row.amount, row.currency), colour)


def _chargeback(row: Chargeback) -> dict[str, Any]:
    colour = CHARGEBACK_COLOURS[ChargebackState(row.state)]
    missing = books.owed(row)
    what = f"{row.deposit.reference}, {missing} is owed" if missing else row.deposit.reference
    return _line(row, "chargeback", f"of {what}", books.money_of(row), colour)


def _adjustment(row: WalletAdjustment) -> dict[str, Any]:
    colour = ADJUSTMENT_COLOURS[AdjustmentState(row.state)]
    return _line(row, "adjustment", adjustments.said(row), adjustments.money_of(row), colour)


def _conversion(row: Conversion) -> dict[str, Any]:
    colour = CONVERSION_COLOURS[ConversionState(row.state)]
    return _line(row, "conversion", f"into {get_of(row)}", give_of(row), colour)


def _bonus(row: Bonus) -> dict[str, Any]:
    colour = BONUS_COLOURS[BonusState(row.state)]
    return _line(row, "bonus", f"on {row.account.login}", services.money_of(row), colour)


def _told(actor: Actor, client: Client) -> Sequence[UUID]:
    """What the client's timeline tells of adjustments, conversions and bonuses: the last ones of
    each, in one query."""
    adjusted, exchanged, given = (
        model.objects.filter(tenant_id=actor.tenant_id, client=client)
        .order_by("-id")
        .values_list("pk", flat=True)[:TOLD]
        for model in (WalletAdjustment, Conversion, Bonus)
    )
    return list(adjusted.union(exchanged, given, all=True))


def _open_items(actor: Actor, client: Client) -> Sequence[Mapping[str, Any]]:
    if not actor.can("payments.view_payment"):
        return []
    mine = {"tenant_id": actor.tenant_id, "client": client}
    found: list[Mapping[str, Any]] = []
    waiting = Withdrawal.objects.filter(
        **mine,
        state__in=[
            WithdrawalState.REVIEW, WithdrawalState.COMPLIANCE, WithdrawalState.UNKNOWN
        ],
    )  # fmt: skip
    for row in waiting.only("reference", "state", "amount", "currency").order_by("-id")[:5]:
        found.append(
            {
                "colour": WITHDRAWAL_COLOURS[WithdrawalState(row.state)],
                "title": f"{row.reference} {Money(row.amount, row.currency)}",
                "note": row.get_state_display(),
                "url": reverse("payments:withdrawal", args=[row.pk]),
            }
        )
    aside = Deposit.objects.filter(**mine, state__in=DEPOSIT_SET_ASIDE).order_by("-id")
    for deposit in aside.only("reference", "state", "reason")[:5]:
        found.append(
            {
                "colour": DEPOSIT_COLOURS[DepositState(deposit.state)],
                "title": f"{deposit.reference} {deposit.get_state_display()}",
                "note": deposit.reason,
                "url": reverse("payments:deposit", args=[deposit.pk]),
            }
        )
    disputed = Chargeback.objects.filter(**mine, state__in=CHARGEBACK_ANSWERABLE)
    for each in disputed.order_by("-id")[:5]:
        found.append(
            {
                "colour": CHARGEBACK_COLOURS[ChargebackState(each.state)],
                "title": f"{each.reference} {books.money_of(each)}",
                "note": rules.reason_label(each.reason_code),
                "url": reverse("payments:chargeback", args=[each.pk]),
            }
        )
    return found


tabs.register(
    tabs.Tab(
        code="money",
        label="Money",
        template="payments/client_tab.html",
        permission="payments.view_payment",
        context=_context,
        order=40,
    )
)
tabs.register_open_items(_open_items)
tabs.register_subjects(_told)
