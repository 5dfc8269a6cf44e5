"""Reading money of clients, for pages and for other domains."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal import keyset
from clients.models import Client
from ledger import chart
from ledger import selectors as ledger
from payments import access
from payments.chargeback_states import CHARGEBACK_ANSWERABLE
from payments.chargebacks.access import chargebacks_for
from payments.models import Chargeback, Deposit, Transfer, Withdrawal
from payments.states import (
    DEPOSIT_SET_ASIDE,
    TRANSFER,
    WITHDRAWAL_HOLDING,
    DepositState,
    TransferState,
    WithdrawalState,
)

COUNT_MAX = 1_000


def balances(actor: Actor, client: Client) -> list[ledger.Balance]:
    """Wallets and mirrors of trading accounts, by code and currency."""
    return ledger.balances_of(actor.tenant_id, chart.client_owner(client.pk))


def wallets(actor: Actor, client: Client) -> list[ledger.Balance]:
    return [row for row in balances(actor, client) if row.account.code.endswith(":wallet")]


def wallet_rows(
    actor: Actor, client: Client, asked: Money | None = None, row: Withdrawal | None = None
) -> list[dict[str, Any]]:
    """The client's money for a decision: what is there, what this one holds, what is left."""
    found: list[dict[str, Any]] = []
    for balance in balances(actor, client):
        code = balance.account.code
        if code.endswith(":wallet"):
            found.append({"label": f"Wallet {balance.posted.currency}", "value": balance.posted})
            mine = asked is not None and asked.currency == balance.posted.currency
            if mine and row is not None and row.state in WITHDRAWAL_HOLDING:
                assert asked is not None
                found.append({"label": "Held for this", "value": -asked})
                others = balance.posted - balance.available - asked
                if others:
                    found.append({"label": "Held for others", "value": -others})
            found.append(
                {"label": "Available", "value": balance.available, "total": mine or asked is None}
            )
        elif ":mt:" in code:
            found.append({"label": f"Account {code.rsplit(':', 1)[-1]}", "value": balance.posted})
    return found


def recent(actor: Actor, client: Client, most: int = 20) -> dict[str, list[Any]]:
    """The last movements of a client, for the tab of their page."""
    mine = {"tenant_id": actor.tenant_id, "client": client}
    return {
        "deposits": list(
            Deposit.objects.filter(**mine).select_related("method").order_by("-id")[:most]
        ),
        "withdrawals": list(
            Withdrawal.objects.filter(**mine).select_related("destination").order_by("-id")[:most]
        ),
        "transfers": list(
            Transfer.objects.filter(**mine)
            .select_related("source", "target")
            .order_by("-id")[:most]
        ),
        "chargebacks": list(
            Chargeback.objects.filter(**mine).select_related("deposit").order_by("-id")[:most]
        ),
    }


def latest(actor: Actor, most: int = 12) -> dict[str, list[Any]]:
    """The last movements of everyone in sight, with what a line of them shows."""
    own, end = ("reference", "state", "created_at"), ("login", "reference")
    asked = ("asked_amount", "asked_currency", "paid_amount", "paid_currency")
    sum_ = ("amount", "currency")
    who = Client.NAMED
    deposits = narrowed(
        access.deposits_for(actor),
        (*own, *asked, "instrument_label"),
        client=who,
        method=("name",),
    )
    withdrawals = narrowed(
        access.withdrawals_for(actor), (*own, *sum_), client=who, destination=("label",)
    )
    transfers = narrowed(
        access.transfers_for(actor), (*own, *sum_), client=who, source=end, target=end
    )
    left = ("owed_amount", "repaid_amount", "written_off_amount")
    disputed = narrowed(
        chargebacks_for(actor), (*own, *sum_, *left), client=who, deposit=("reference",)
    )
    return {
        "deposits": list(deposits.order_by("-id")[:most]),
        "withdrawals": list(withdrawals.order_by("-id")[:most]),
        "transfers": list(transfers.order_by("-id")[:most]),
        "chargebacks": list(disputed.order_by("-id")[:most]),
    }


def _count(rows: QuerySet[Any]) -> str:
    return keyset.count_text(keyset.bounded_count(rows, COUNT_MAX), COUNT_MAX)


def stats(actor: Actor) -> list[dict[str, Any]]:
    """What waits and what moves now."""
    deposits, withdrawals = access.deposits_for(actor), access.withdrawals_for(actor)
    paid_in, paid_out = reverse("payments:deposit-list"), reverse("payments:withdrawal-list")
    out = (
        WithdrawalState.APPROVED,
        WithdrawalState.SUBMITTING,
        WithdrawalState.SUBMITTED,
        WithdrawalState.IN_PROGRESS,
    )
    coming = (
        DepositState.CREATED,
        DepositState.REDIRECTED,
        DepositState.PENDING,
        DepositState.AUTHORIZED,
    )
    under_way = [state for state in TransferState if state not in TRANSFER.final]
    moving = access.transfers_for(actor).filter(state__in=under_way)

    def line(name: str, rows: QuerySet[Any], url: str) -> dict[str, Any]:
        return {"name": name, "value": _count(rows), "url": url}

    return [
        line("Deposits to decide", deposits.filter(state__in=DEPOSIT_SET_ASIDE), paid_in),
        line("Deposits under way", deposits.filter(state__in=coming), f"{paid_in}?segment=open"),
        line("Withdrawals to decide", withdrawals.filter(state=WithdrawalState.REVIEW), paid_out),
        line("Being paid", withdrawals.filter(state__in=out), f"{paid_out}?segment=out"),
        line(
            "Outcome unknown",
            withdrawals.filter(state=WithdrawalState.UNKNOWN),
            f"{paid_out}?segment=unknown",
        ),
        line(
            "Chargebacks to answer",
            chargebacks_for(actor).filter(state__in=CHARGEBACK_ANSWERABLE),
            reverse("payments:chargeback-list"),
        ),
        line("Transfers under way", moving, reverse("payments:transfer-list") + "?segment=open"),
    ]
