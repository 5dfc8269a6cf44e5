"""The lists of trading: accounts, deals, positions, operations."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.safestring import SafeString

from backoffice.core.clock import now
from backoffice.core.columns import narrowed
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.addresses import object_url
from backoffice.portal.filters import ReferenceFilter
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from clients.models import Client
from trading import selectors
from trading.bridge.port import ACTIONS_CANCELED
from trading.models import Account, BalanceOperation, Deal, Position, TradingServer
from trading.states import (
    ACCOUNT_COLOURS,
    OPERATION_COLOURS,
    AccountState,
    OperationState,
)

ACTIONS = {
    0: "Buy",
    1: "Sell",
    2: "Balance",
    3: "Credit",
    4: "Charge",
    5: "Correction",
    6: "Bonus",
    7: "Commission",
}
ENTRIES = {0: "In", 1: "Out", 2: "In/out", 3: "Out by"}


class Amount:
    """An amount and its currency for a cell: what ``tags.shown`` writes as money."""

    def __init__(self, amount: Decimal, currency: str) -> None:
        self.amount = selectors.money_of(amount, currency)
        self.currency = currency

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def plain_number(value: Decimal) -> Decimal:
    """Without the zeros that the database adds."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]


def account_badge(state: str) -> SafeString:
    value = AccountState(state)
    return tags.badge(ACCOUNT_COLOURS[value], value.label)


def operation_badge(state: str) -> SafeString:
    value = OperationState(state)
    return tags.badge(OPERATION_COLOURS[value], value.label)


def account_url(account: Account) -> str:
    return object_url("trading:account", account.pk)


def deal_word(deal: Deal) -> str:
    if deal.action in ACTIONS_CANCELED:
        return "Cancelled"
    return ACTIONS.get(deal.action, f"Kind {deal.action}")


def deal_words(deal: Deal) -> str:
    """Kind and entry in one, such as ``Buy, in``."""
    entry = ENTRIES.get(deal.entry, "").lower() if deal.symbol else ""
    return f"{deal_word(deal)}, {entry}" if entry else deal_word(deal)


def result_of(deal: Deal) -> Decimal:
    """What a deal did to the balance or the credit."""
    return deal.profit + deal.swap + deal.commission + deal.fee


def _servers(request: Any) -> QuerySet[TradingServer]:
    return TradingServer.objects.order_by("name")


def _segment(name: str, label: str, *, count: bool = False, **narrow: Any) -> Segment:
    return Segment(name, label, lambda rows, actor: rows.filter(**narrow), count=count)


# -- accounts ---------------------------------------------------------------------------------


class AccountFilters(django_filters.FilterSet):  # type: ignore[misc]
    login = django_filters.NumberFilter(label="Login")
    reference = ReferenceFilter(label="Reference")
    server = django_filters.ModelChoiceFilter(label="Server", queryset=_servers)
    group = django_filters.CharFilter(label="Group", field_name="group__name")
    currency = ReferenceFilter(label="Currency")

    class Meta:
        model = Account
        fields: Sequence[str] = []


def _accounts(actor: Actor) -> QuerySet[Account]:
    own = ("login", "name", "reference", "leverage", "currency", "state", "created_at")
    return narrowed(
        selectors.accounts_for(actor),
        (*own, "balance", "credit", "equity", "margin"),
        server=("name",),
        group=("name",),
        client=Client.NAMED,
    )


ACCOUNTS = register(
    ListPage(
        code="trading.accounts",
        title="Trading accounts",
        permission="trading.view_account",
        rows=_accounts,
        filters=AccountFilters,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            _segment("active", "Trading", state=AccountState.ACTIVE),
            _segment(
                "opening",
                "Being opened",
                state__in=[AccountState.REQUESTED, AccountState.OPENING],
                count=True,
            ),
            _segment("read_only", "Read only", state=AccountState.READ_ONLY),
            _segment("disabled", "Disabled", state=AccountState.DISABLED),
            _segment("orphans", "Without a client", client__isnull=True, count=True),
            _segment("archived", "Archived", state=AccountState.ARCHIVED),
        ),
        columns=[
            Column("login", "Login", lambda a: str(a.login or "–"), link=account_url, fixed=True),
            Column(
                "name",
                "Client",
                lambda a: a.client.name if a.client else a.name or None,
                link=account_url,
                grow=True,
                fixed=True,
            ),
            Column("reference", "Reference", lambda a: a.reference, shown=False),
            Column("server", "Server", lambda a: a.server.name),
            Column("group", "Group", lambda a: a.group.name),
            Column("leverage", "Leverage", lambda a: f"1:{a.leverage}", num=True),
            Column("balance", "Balance", lambda a: Amount(a.balance, a.currency), num=True),
            Column(
                "credit", "Credit", lambda a: Amount(a.credit, a.currency), num=True, shown=False
            ),
            Column("equity", "Equity", lambda a: Amount(a.equity, a.currency), num=True),
            Column(
                "margin", "Margin", lambda a: Amount(a.margin, a.currency), num=True, shown=False
            ),
            Column(
                "level",
                "Level",
                selectors.margin_level_percent,
                show=lambda level: f"{level} %" if level is not None else "–",
                num=True,
            ),
            Column("created", "Since", lambda a: a.created_at, shown=False),
            Column("state", "State", lambda a: a.state, show=account_badge),
        ],
        empty=Empty(
            "No trading accounts yet",
            "Open one from a client's page, or connect a server that has some.",
            icon="chart-candle",
        ),
    )
)


# -- deals ------------------------------------------------------------------------------------


class DealFilters(django_filters.FilterSet):  # type: ignore[misc]
    ticket = django_filters.NumberFilter(label="Ticket", method="by_ticket")
    login = django_filters.NumberFilter(label="Login", method="by_login")
    symbol = django_filters.CharFilter(label="Symbol", lookup_expr="exact")
    action = django_filters.ChoiceFilter(label="Kind", choices=list(ACTIONS.items()))

    class Meta:
        model = Deal
        fields: Sequence[str] = []

    def by_ticket(self, rows: QuerySet[Deal], name: str, value: Decimal) -> QuerySet[Deal]:
        servers = list(TradingServer.objects.values_list("pk", flat=True))  # the key's order
        return rows.filter(server_id__in=servers, ticket=int(value))

    def by_login(self, rows: QuerySet[Deal], name: str, value: Decimal) -> QuerySet[Deal]:
        accounts = Account.objects.filter(login=int(value)).values_list("pk", flat=True)
        return rows.filter(account_id__in=list(accounts))


def _deals(actor: Actor) -> QuerySet[Deal]:
    own = ("ticket", "login", "at", "action", "entry", "symbol", "lots", "price", "comment")
    money = ("profit", "swap", "commission", "fee")
    return narrowed(
        selectors.deals_for(actor),
        (*own, *money, "position_ticket", "revision"),
        account=("currency",),
        account__client=Client.NAMED,
        server=("name",),
    )


def _period(name: str, label: str, days: int) -> Segment:
    return Segment(
        name, label, lambda rows, actor: rows.filter(at__gte=now() - timedelta(days=days))
    )


def _deal_account_url(deal: Deal) -> str:
    return account_url(deal.account) if deal.account else ""


def _deal_amount(deal: Deal, amount: Decimal) -> Any:
    currency = deal.account.currency if deal.account else ""
    return Amount(amount, currency) if currency else plain_number(amount)


def _is_trade(deal: Deal) -> bool:
    return bool(deal.symbol)


DEALS = register(
    ListPage(
        code="trading.deals",
        title="Deals",
        permission="trading.view_account",
        rows=_deals,
        filters=DealFilters,
        order="-at",
        count_max=1_000,
        segments=(
            _period("month", "30 days", 30),
            _period("week", "7 days", 7),
            _period("quarter", "90 days", 90),
            Segment("all", "All time", lambda rows, actor: rows),
            _segment("gone", "Taken out", deleted_at__isnull=False),
        ),
        columns=[
            Column("ticket", "Ticket", lambda d: str(d.ticket), fixed=True),
            Column("at", "When", lambda d: d.at, order="at", fixed=True),
            Column("login", "Login", lambda d: str(d.login), link=_deal_account_url, fixed=True),
            Column(
                "client",
                "Client",
                lambda d: d.account.client.name if d.account and d.account.client else None,
                grow=True,
            ),
            Column("kind", "Kind", deal_word),
            Column("entry", "Entry", lambda d: ENTRIES.get(d.entry) if _is_trade(d) else None),
            Column("symbol", "Symbol", lambda d: d.symbol or None),
            Column(
                "lots", "Lots", lambda d: plain_number(d.lots) if _is_trade(d) else None, num=True
            ),
            Column(
                "price",
                "Price",
                lambda d: plain_number(d.price) if _is_trade(d) else None,
                num=True,
            ),
            Column(
                "commission",
                "Commission",
                lambda d: _deal_amount(d, d.commission + d.fee),
                num=True,
                shown=False,
            ),
            Column("swap", "Swap", lambda d: _deal_amount(d, d.swap), num=True, shown=False),
            Column("result", "Result", lambda d: _deal_amount(d, result_of(d)), num=True),
            Column("comment", "Comment", lambda d: d.comment or None, shown=False),
            Column("position", "Position", lambda d: str(d.position_ticket), shown=False),
            Column("server", "Server", lambda d: d.server.name, shown=False),
            Column("revision", "Edits", lambda d: d.revision, num=True, shown=False),
        ],
        empty=Empty(
            "No deals in this period",
            "They are read from the trading server every 15 seconds.",
            icon="chart-candle",
        ),
    )
)


# -- positions --------------------------------------------------------------------------------


class PositionFilters(django_filters.FilterSet):  # type: ignore[misc]
    symbol = django_filters.CharFilter(label="Symbol", lookup_expr="exact")
    login = django_filters.NumberFilter(label="Login")

    class Meta:
        model = Position
        fields: Sequence[str] = []


def _positions(actor: Actor) -> QuerySet[Position]:
    return selectors.positions_for(actor).select_related("account__client", "server")


def _position_amount(position: Position, amount: Decimal) -> Any:
    account = position.account
    return Amount(amount, account.currency) if account else plain_number(amount)


def _position_buttons(actor: Actor) -> Sequence[Button]:
    url = reverse("trading:exposure")
    return (Button("Exposure by symbol", url, icon="chart-pie", method="get", key="e"),)


POSITIONS = register(
    ListPage(
        code="trading.positions",
        title="Open positions",
        permission="trading.view_account",
        rows=_positions,
        filters=PositionFilters,
        buttons=_position_buttons,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            _segment("buy", "Buy", side="buy"),
            _segment("sell", "Sell", side="sell"),
        ),
        columns=[
            Column("ticket", "Position", lambda p: str(p.ticket), fixed=True),
            Column(
                "login",
                "Login",
                lambda p: str(p.login),
                link=lambda p: account_url(p.account) if p.account else "",
                fixed=True,
            ),
            Column(
                "client",
                "Client",
                lambda p: p.account.client.name if p.account and p.account.client else None,
                grow=True,
            ),
            Column("symbol", "Symbol", lambda p: p.symbol),
            Column("side", "Side", lambda p: p.get_side_display()),
            Column("lots", "Lots", lambda p: plain_number(p.lots), num=True),
            Column("open", "Open price", lambda p: plain_number(p.price_open), num=True),
            Column("price", "Price", lambda p: plain_number(p.price_current), num=True),
            Column("swap", "Swap", lambda p: _position_amount(p, p.swap), num=True),
            Column("profit", "Profit", lambda p: _position_amount(p, p.profit), num=True),
            Column("opened", "Opened", lambda p: p.opened_at),
        ],
        empty=Empty("No open positions", "What clients hold open appears here.", icon="chart-pie"),
    )
)


# -- operations -------------------------------------------------------------------------------


class OperationFilters(django_filters.FilterSet):  # type: ignore[misc]
    token = django_filters.CharFilter(label="Token", lookup_expr="exact")
    business_ref = django_filters.CharFilter(label="Asked for by", lookup_expr="exact")
    login = django_filters.NumberFilter(label="Login", field_name="account__login")

    class Meta:
        model = BalanceOperation
        fields: Sequence[str] = []


def _operations(actor: Actor) -> QuerySet[BalanceOperation]:
    return selectors.operations_for(actor).select_related("account__client", "server")


def operation_url(operation: BalanceOperation) -> str:
    return object_url("trading:operation", operation.pk)


OPERATIONS = register(
    ListPage(
        code="trading.operations",
        title="Balance operations",
        permission="trading.view_account",
        rows=_operations,
        filters=OperationFilters,
        segments=(
            Segment("all", "All", lambda rows, actor: rows),
            Segment(
                "unknown",
                "Need a look",
                lambda rows, actor: selectors.needing_a_person(rows),
                count=True,
            ),
            _segment(
                "going",
                "On their way",
                state__in=[OperationState.QUEUED, OperationState.SENDING],
                count=True,
            ),
            _segment("applied", "Applied", state=OperationState.APPLIED),
            _segment("refused", "Refused", state=OperationState.REFUSED),
            _segment("voided", "Not applied", state=OperationState.VOIDED),
        ),
        columns=[
            Column("token", "Token", lambda o: o.token, link=operation_url, fixed=True),
            Column(
                "login",
                "Login",
                lambda o: str(o.account.login),
                link=lambda o: account_url(o.account),
            ),
            Column(
                "client",
                "Client",
                lambda o: o.account.client.name if o.account.client else None,
                grow=True,
            ),
            Column("kind", "Kind", lambda o: o.kind.capitalize()),
            Column(
                "amount", "Amount", lambda o: Amount(o.amount, o.currency), num=True, fixed=True
            ),
            Column("for", "Asked for by", lambda o: o.purpose),
            Column("deal", "Deal", lambda o: str(o.deal_ticket or "–"), shown=False),
            Column("created", "Asked", lambda o: o.created_at),
            Column("error", "Remark", lambda o: o.error or None, shown=False),
            Column("state", "State", lambda o: o.state, show=operation_badge),
        ],
        empty=Empty(
            "No balance operations yet",
            "Deposits, withdrawals and corrections on trading accounts appear here.",
            icon="arrows-exchange",
        ),
    )
)
