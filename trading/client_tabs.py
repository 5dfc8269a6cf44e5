"""What trading puts on a client's page: the tabs Accounts and Trading, equity, what waits."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.staff.access import StaffRequest
from clients import tabs
from clients.models import Client
from trading import selectors
from trading.lists import Amount, deal_words, plain_number, result_of
from trading.models import Deal
from trading.states import ACCOUNT_COLOURS, AccountState

VIEW = "trading.view_account"
SUBJECTS_MAX = 20


def _accounts(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    return {
        "accounts": [
            {
                "row": account,
                "colour": ACCOUNT_COLOURS[AccountState(account.state)],
                "balance": Amount(account.balance, account.currency),
                "equity": Amount(account.equity, account.currency),
                "margin": Amount(account.margin, account.currency),
                "level": selectors.margin_level_percent(account),
                "url": reverse("trading:account", args=[account.pk]),
            }
            for account in selectors.accounts_of(client)
        ],
        "may_open": request.actor.can("trading.operate_account"),
        "open_url": reverse("trading:account-new", args=[client.pk]),
    }


def _trading(request: StaffRequest, client: Client) -> Mapping[str, Any]:
    accounts = list(selectors.accounts_of(client))
    pks = [account.pk for account in accounts]
    tenant_id = request.actor.tenant_id
    deals = (
        Deal.objects.filter(tenant_id=tenant_id, account_id__in=pks)
        .select_related("account")
        .order_by("-at", "-id")[: selectors.ROWS_SHOWN * 2]
    )
    days = selectors.days_of(request.actor, accounts=accounts)
    return {
        "volumes": [
            {
                "currency": currency,
                "lots": plain_number(sum((day.lots for day in found), selectors.ZERO)),
                "result": Amount(sum((day.result for day in found), selectors.ZERO), currency),
                "deals": sum(day.deals for day in found),
                "series": [float(day.lots) for day in found],
            }
            for currency, found in days.items()
        ],
        "positions": [
            {
                "row": row,
                "lots": plain_number(row.lots),
                "profit": Amount(row.profit, row.account.currency),
            }
            for row in selectors.positions_for(request.actor)
            .filter(account_id__in=pks)
            .select_related("account")
            if row.account
        ],
        "deals": [
            {
                "row": deal,
                "word": deal_words(deal),
                "lots": plain_number(deal.lots) if deal.symbol else None,
                "price": plain_number(deal.price) if deal.symbol else None,
                "result": Amount(result_of(deal), deal.account.currency if deal.account else ""),
            }
            for deal in deals
        ],
    }


def _count(actor: Actor, client: Client) -> int | None:
    newest = tabs.once(actor, client, _newest)
    if len(newest) <= SUBJECTS_MAX:
        return len(newest) or None
    return selectors.accounts_of(client).order_by().count()


def _newest(actor: Actor, client: Client) -> list[UUID]:
    """One more than the timeline takes, which tells whether these are all."""
    rows = selectors.accounts_of(client).values_list("pk", flat=True)
    return list(rows[: SUBJECTS_MAX + 1])


def _open_items(actor: Actor, client: Client) -> Sequence[Mapping[str, Any]]:
    if not actor.can(VIEW):
        return []
    rows = selectors.needing_a_person(selectors.operations_for(actor)).filter(
        account__client=client
    )
    return [
        {
            "colour": "attention",
            "title": f"{Amount(row.amount, row.currency)} on a trading account: not settled",
            "note": row.error or row.get_state_display(),
            "url": reverse("trading:operation", args=[row.pk]),
        }
        for row in rows[:5]
    ]


def _stats(actor: Actor, client: Client) -> Sequence[Mapping[str, Any]]:
    return selectors.client_stats(actor, client) if actor.can(VIEW) else []


def _subjects(actor: Actor, client: Client) -> Sequence[UUID]:
    if not actor.can(VIEW):
        return []
    return tabs.once(actor, client, _newest)[:SUBJECTS_MAX]


def register() -> None:
    tabs.register(
        tabs.Tab(
            "accounts", "Accounts", "trading/client_accounts.html", VIEW, _accounts, _count, 30
        )
    )
    tabs.register(
        tabs.Tab("trading", "Trading", "trading/client_trading.html", VIEW, _trading, order=32)
    )
    tabs.register_stats(_stats, order=20)
    tabs.register_open_items(_open_items)
    tabs.register_subjects(_subjects)
