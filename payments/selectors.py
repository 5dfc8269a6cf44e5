"""Reading money of clients, for pages and for other domains."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse

from backoffice.core.columns import narrowed
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.portal import keyset
from clients.models import Client
from ledger import chart
from ledger import selectors as ledger
from payments import access
from payments.adjustments.access import adjustments_for
from payments.bonuses.access import bonuses_for
from payments.chargeback_states import CHARGEBACK_ANSWERABLE
from payments.chargebacks.access import chargebacks_for
from payments.conversions.access import conversions_for
from payments.models import (
    Bonus,
    Chargeback,
    Conversion,
    Deposit,
    Transfer,
    WalletAdjustment,
    Withdrawal,
)
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


# The newest of each kind by its index, then the newest of them all.
_HISTORY = """
SELECT * FROM (
    (SELECT 'deposit' AS kind, id, reference, state, coalesce(paid_amount, asked_amount) AS amount,
        CASE WHEN paid_currency = '' THEN asked_currency ELSE paid_currency END AS currency,
        created_at, instrument_label AS what
     FROM payments_deposit WHERE tenant_id = %(tenant)s AND client_id = %(client)s
     ORDER BY id DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'withdrawal', w.id, w.reference, w.state, w.amount, w.currency, w.created_at, d.label
     FROM payments_withdrawal w
     JOIN payments_destination d ON d.tenant_id = w.tenant_id AND d.id = w.destination_id
     WHERE w.tenant_id = %(tenant)s AND w.client_id = %(client)s AND w.id <> %(this)s
     ORDER BY w.id DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'chargeback', id, reference, state, amount, currency, created_at, reason_code
     FROM payments_chargeback WHERE tenant_id = %(tenant)s AND client_id = %(client)s
     ORDER BY id DESC LIMIT %(most)s)
) flow ORDER BY created_at DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """A movement of a client's money: ``kind`` is deposit, withdrawal or chargeback."""

    kind: str
    pk: UUID
    reference: str
    state: str
    money: Money
    at: datetime
    what: str


def history(client: Client, this: Withdrawal, most: int = 8) -> list[Flow]:
    """What moved before a withdrawal that is decided on, the newest first; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _HISTORY,
            {"tenant": current_tenant_id(), "client": client.pk, "this": this.pk, "most": most},
        )
        return [
            Flow(kind, pk, reference, state, Money.rounded(amount, currency), at, what)
            for kind, pk, reference, state, amount, currency, at, what in cursor.fetchall()
        ]


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
        "adjustments": list(WalletAdjustment.objects.filter(**mine).order_by("-id")[:most]),
        "conversions": list(Conversion.objects.filter(**mine).order_by("-id")[:most]),
        "bonuses": list(
            Bonus.objects.filter(**mine).select_related("account").order_by("-id")[:most]
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
    adjusted = narrowed(adjustments_for(actor), (*own, *sum_, "direction", "why"), client=who)
    pair = ("give_amount", "give_currency", "get_amount", "get_currency")
    exchanged = narrowed(conversions_for(actor), (*own, *pair), client=who)
    given = narrowed(bonuses_for(actor), (*own, *sum_), client=who, account=("login",))
    return {
        "deposits": list(deposits.order_by("-id")[:most]),
        "withdrawals": list(withdrawals.order_by("-id")[:most]),
        "transfers": list(transfers.order_by("-id")[:most]),
        "chargebacks": list(disputed.order_by("-id")[:most]),
        "adjustments": list(adjusted.order_by("-id")[:most]),
        "conversions": list(exchanged.order_by("-id")[:most]),
        "bonuses": list(given.order_by("-id")[:most]),
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
