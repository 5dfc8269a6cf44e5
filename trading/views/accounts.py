"""Trading accounts: the list, the page, and what may be done with one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import approvals
from clients.access import client_for
from clients.selectors import client_by_reference
from trading import selectors, services
from trading.access import account_for, change_for
from trading.approvals import CORRECT, correction_ask
from trading.bridge.port import PasswordKind
from trading.forms import (
    CorrectionForm,
    LeverageForm,
    LinkForm,
    MoveGroupForm,
    OpenForm,
    PasswordForm,
    ReasonForm,
    StatusForm,
)
from trading.leverage.caps import cap_for
from trading.lists import ACCOUNTS, Amount, deal_words, plain_number, result_of
from trading.models import Account, AccountChange, ChangeKind, Deal, Position
from trading.states import (
    ACCOUNT_COLOURS,
    CHANGE_COLOURS,
    OPERATION_COLOURS,
    AccountState,
    ChangeState,
    OperationState,
)
from trading.views.common import GET_POST, OPERATE, VIEW, data_of, form_page, tried

SHOWN = selectors.ROWS_SHOWN
CHANGES_SHOWN = 5
POSITIONS_SHOWN = 50


@require_GET
@needs(VIEW)
def account_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, ACCOUNTS)


@require_GET
@needs(VIEW)
def account_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One account; while something is being applied, HTMX asks for the head again."""
    account = account_for(request.actor, pk)
    context = _head(request.actor, account)
    if request.htmx:
        return render(request, "trading/account_head.html", context)
    return render(request, "trading/account.html", {**context, **_body(request.actor, account)})


def _head(actor: Actor, account: Account) -> dict[str, Any]:
    state = AccountState(account.state)
    changes = list(selectors.changes_of(account)[:CHANGES_SHOWN])
    going = state in (AccountState.REQUESTED, AccountState.OPENING) or any(
        change.state == ChangeState.REQUESTED for change in changes
    )
    return {
        "account": account,
        "state_colour": ACCOUNT_COLOURS[state],
        "going": going,
        "stats": _stats(account),
        "facts": _facts(account),
        "changes": [_change(actor, change) for change in changes],
        "buttons": _buttons(actor, account),
        "pending": approvals.pending_for(actor, account.pk, CORRECT),
    }


def _stats(account: Account) -> list[dict[str, Any]]:
    level = selectors.margin_level_percent(account)
    figures = [
        ("Balance", account.balance),
        ("Credit", account.credit),
        ("Equity", account.equity),
        ("Margin", account.margin),
        ("Free margin", account.margin_free),
    ]
    shown = [
        {
            "name": name,
            "value": selectors.money_of(amount, account.currency),
            "unit": account.currency,
        }
        for name, amount in figures
    ]
    return [*shown, {"name": "Margin level", "value": f"{level} %" if level is not None else "–"}]


def _facts(account: Account) -> list[dict[str, Any]]:
    client = account.client
    client_url = reverse("clients:client", args=[client.pk]) if client else ""
    return [
        {"label": "Client", "value": client.name if client else "none", "url": client_url},
        {"label": "Server", "value": account.server.name},
        {"label": "Group", "value": account.group.name},
        {"label": "Leverage", "value": f"1:{account.leverage}"},
        {"label": "May sign in", "value": account.login_enabled},
        {"label": "May trade", "value": account.trading_enabled},
        {"label": "Reference", "value": account.reference},
        {"label": "Kind", "value": "Real money" if account.live else "Demo"},
    ]


def _change(actor: Actor, change: AccountChange) -> dict[str, Any]:
    may_show = (
        change.kind == ChangeKind.PASSWORD
        and change.state == ChangeState.APPLIED
        and change.secret_sealed is not None
        and change.asked_ref == actor.ref
    )
    url = reverse("trading:password-show", args=[change.account_id, change.pk])
    return {
        "row": change,
        "colour": CHANGE_COLOURS[ChangeState(change.state)],
        "show": Button("Show it once", url, icon="eye", kind="primary") if may_show else None,
    }


def _buttons(actor: Actor, account: Account) -> list[Button]:
    if not actor.can(OPERATE):
        return []
    closed = ""
    if account.login is None:
        closed = "The account is not open yet."
    elif account.gone_at is not None:
        closed = "The server no longer shows this account."
    archived = "The account is archived." if account.state == AccountState.ARCHIVED else ""
    why = closed or archived

    def button(
        label: str, verb: str, icon: str, why_not: str, *, key: str = "", kind: str = ""
    ) -> Button:
        url = reverse(f"trading:account-{verb}", args=[account.pk])
        return Button(label, url, icon=icon, method="get", why_not=why_not, key=key, kind=kind)

    found = [
        button("Change leverage", "leverage", "adjustments-horizontal", why, key="l"),
        button("Move to a group", "group", "switch-horizontal", why),
        button("Change status", "status", "toggle-right", closed, key="s"),
        button("New password", "password", "password", why),
        button("Correct the balance", "correct", "coin", why),
        button("Archive", "archive", "archive", why, kind="danger"),
    ]
    if account.client_id is None:
        found.insert(0, button("Link to a client", "link", "link", closed))
    return found


def _body(actor: Actor, account: Account) -> dict[str, Any]:
    deals = list(selectors.deals_of(account)[:SHOWN])
    days = selectors.days_of(actor, accounts=[account]).get(account.currency, [])
    operations = list(selectors.operations_of(account)[:SHOWN])
    return {
        "positions": [position_line(row, account.currency) for row in _positions(actor, account)],
        "deals": [deal_line(deal, account.currency) for deal in deals],
        "deals_url": reverse("trading:deals") + f"?login={account.login}&segment=all",
        "operations": [
            {
                "row": row,
                "amount": Amount(row.amount, row.currency),
                "colour": OPERATION_COLOURS[OperationState(row.state)],
            }
            for row in operations
        ],
        "events": timeline(actor, account.pk, *(row.pk for row in operations[:5]), most=SHOWN),
        "lots_by_day": [float(day.lots) for day in days],
        "result_30": Amount(sum((day.result for day in days), selectors.ZERO), account.currency),
        "lots_30": plain_number(sum((day.lots for day in days), selectors.ZERO)),
        "days": days,
    }


def _positions(actor: Actor, account: Account) -> list[Position]:
    rows = Position.objects.filter(tenant_id=actor.tenant_id, account=account)
    return list(rows.order_by("-ticket")[:POSITIONS_SHOWN])


def position_line(row: Position, currency: str) -> dict[str, Any]:
    return {
        "line": row,
        "lots": plain_number(row.lots),
        "price_open": plain_number(row.price_open),
        "price_current": plain_number(row.price_current),
        "swap": Amount(row.swap, currency),
        "profit": Amount(row.profit, currency),
    }


def deal_line(deal: Deal, currency: str) -> dict[str, Any]:
    return {
        "row": deal,
        "word": deal_words(deal),
        "lots": plain_number(deal.lots) if deal.symbol else None,
        "price": plain_number(deal.price) if deal.symbol else None,
        "result": Amount(result_of(deal), currency),
    }


# -- verbs ------------------------------------------------------------------------------------


@GET_POST
@needs(OPERATE)
@once
def account_new(request: StaffRequest, client_pk: UUID) -> HttpResponse:
    client = client_for(request.actor, client_pk)
    cap = cap_for(client)
    form = OpenForm(request.actor, cap, data_of(request), initial={"leverage": cap.most})
    made: list[Account] = []

    def work() -> None:
        values = form.cleaned_data
        made.append(
            services.account_open(
                actor=request.actor,
                client=client,
                group=values["group"],
                leverage=values["leverage"],
            )
        )

    if request.method == "POST" and tried(form, work):
        messages.success(request, f"{made[0].reference} is being opened.")
        return redirect("trading:account", pk=made[0].pk)
    return form_page(
        request,
        form,
        title="Open a trading account",
        subtitle=f"{client.name} · {client.reference}",
        label="Open the account",
        back=reverse("clients:tab", args=[client.pk, "accounts"]),
        says="Nobody learns its first password; give the client a new one from its page.",
    )


def _verb(
    request: StaffRequest, account: Account, form: Any, work: Any, done: str, **page: Any
) -> HttpResponse:
    back = reverse("trading:account", args=[account.pk])
    if request.method == "POST" and tried(form, work):
        messages.success(request, done)
        return redirect(back)
    subtitle = f"Login {account.login} on {account.server.name}"
    return form_page(request, form, back=back, subtitle=subtitle, **page)


@GET_POST
@needs(OPERATE)
def account_leverage(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    cap = cap_for(account.client)
    form = LeverageForm(cap, data_of(request), initial={"leverage": account.leverage})

    def work() -> None:
        services.account_set_leverage(actor=request.actor, account=account, **form.cleaned_data)

    done = "The server is being asked for the new leverage."
    return _verb(request, account, form, work, done, title="Change leverage", label="Change")


@GET_POST
@needs(OPERATE)
def account_group(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = MoveGroupForm(account, data_of(request))

    def work() -> None:
        services.account_move_group(actor=request.actor, account=account, **form.cleaned_data)

    says = f"Now in {account.group.name}. Only groups in {account.currency} are on offer."
    return _verb(
        request,
        account,
        form,
        work,
        "The server is being asked to move the account.",
        title="Move to a group",
        label="Move",
        says=says,
    )


@GET_POST
@needs(OPERATE)
def account_status(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = StatusForm(data_of(request), initial={"status": account.state})

    def work() -> None:
        services.account_set_status(actor=request.actor, account=account, **form.cleaned_data)

    done = "The server is being asked for the new status."
    return _verb(request, account, form, work, done, title="Change status", label="Change")


@GET_POST
@needs(OPERATE)
def account_archive(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = ReasonForm(data_of(request))

    def work() -> None:
        services.account_archive(actor=request.actor, account=account, **form.cleaned_data)

    return _verb(
        request,
        account,
        form,
        work,
        "The account is being archived.",
        title="Archive the account",
        label="Archive",
        says="Its client can't sign in any more. Nothing is deleted, and it can be brought back.",
        danger=True,
    )


@GET_POST
@needs(OPERATE)
@once
def account_password(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = PasswordForm(data_of(request), initial={"kind": PasswordKind.MAIN.value})

    def work() -> None:
        services.password_reset(actor=request.actor, account=account, **form.cleaned_data)

    return _verb(
        request,
        account,
        form,
        work,
        "The new password is being set. It can be shown here once.",
        title="New password",
        label="Set a new password",
        says="A random password is set on the server. You see it once, within the hour; the old "
        "one stops working at once.",
    )


@never_cache
@require_POST
@needs(OPERATE)
def password_show(request: StaffRequest, pk: UUID, change_pk: UUID) -> HttpResponse:
    """The one showing: it is on this answer and nowhere else."""
    account = account_for(request.actor, pk)
    change = change_for(request.actor, account, change_pk)
    back = reverse("trading:account", args=[account.pk])
    try:
        secret = services.password_show(actor=request.actor, change=change)
    except DomainError as error:
        return refused(request, error, back)
    context = {"account": account, "secret": secret, "kind": change.wanted, "back_url": back}
    return render(request, "trading/password.html", context)


@GET_POST
@needs(OPERATE)
@once
def account_correct(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = CorrectionForm(account.currency, data_of(request))

    def work() -> None:
        correction_ask(actor=request.actor, account=account, **form.cleaned_data)

    return _verb(
        request,
        account,
        form,
        work,
        "It waits for another person's approval.",
        title="Correct the balance",
        label="Ask for approval",
        says=f"In {account.currency}. Another person approves it before anything is booked.",
    )


@GET_POST
@needs(OPERATE)
def account_link(request: StaffRequest, pk: UUID) -> HttpResponse:
    account = account_for(request.actor, pk)
    form = LinkForm(data_of(request))

    def work() -> None:
        reference = form.cleaned_data["client"].strip().upper()
        client = client_by_reference(request.actor, reference)
        if client is None:
            form.add_error("client", "There is no such client.")
            return
        services.account_link(
            actor=request.actor,
            account=account,
            client=client,
            reason=form.cleaned_data["reason"],
        )

    back = reverse("trading:account", args=[account.pk])
    if request.method == "POST" and tried(form, work) and not form.errors:
        messages.success(request, "The account has its client.")
        return redirect(back)
    return form_page(
        request,
        form,
        title="Link to a client",
        subtitle=f"Login {account.login} on {account.server.name}, {account.name}",
        label="Link",
        back=back,
        says="An account gets its client once. Its deals and money count for them from then on.",
    )
