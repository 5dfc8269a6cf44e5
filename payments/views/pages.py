"""Lists, and what stands of one payment: facts, journals, timeline."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.core.transitions import Machine
from backoffice.portal.actions import Button
from backoffice.portal.lists import list_response
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from ledger import chart
from ledger import selectors as ledger
from payments import access, books, lists, selectors, tab, wire
from payments.accounts import adapter_for
from payments.automatic import decisions
from payments.conversions.access import conversions_of
from payments.holds import standing
from payments.methods.facts import deposit_fee, fee_fact
from payments.models import Deposit, Transfer, Withdrawal
from payments.services import holds
from payments.services.payouts import OUT
from payments.services.transfers import way
from payments.states import (
    DEPOSIT,
    DEPOSIT_COLOURS,
    DEPOSIT_SET_ASIDE,
    TRANSFER,
    TRANSFER_COLOURS,
    WITHDRAWAL,
    WITHDRAWAL_COLOURS,
    DepositState,
    TransferState,
    WithdrawalState,
)
from payments.views.parts import part_lines
from trading.states import OperationState

VIEW = "payments.view_payment"
WORK = "payments.work_payment"
Row = dict[str, Any]


@require_GET
@needs(VIEW)
def deposit_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.DEPOSITS)


@require_GET
@needs(VIEW)
def withdrawal_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.WITHDRAWALS)


@require_GET
@needs(VIEW)
def transfer_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.TRANSFERS)


@require_GET
@needs(WORK)
def notice_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.MESSAGES)


@require_GET
@needs(VIEW)
def overview(request: StaffRequest) -> HttpResponse:
    """What moves now, and the last of each kind."""
    actor = request.actor
    return render(
        request,
        "payments/overview.html",
        {
            "stats": selectors.stats(actor),
            "parts": tab.parts(selectors.latest(actor)),
            "actions": _overview_buttons(actor),
        },
    )


def _overview_buttons(actor: Actor) -> Sequence[Button]:
    if actor.desks is not None:
        return ()
    files, position = reverse("payments:file-list"), reverse("payments:position")
    found = [Button("Payment files", files, method="get", icon="file-export")]
    if actor.can("ledger.view_ledger"):
        found.append(Button("Currency position", position, method="get", icon="scale"))
    return found


def journal_rows(actor: Actor, *references: str) -> list[Row]:
    """The lines of a payment in the books, oldest first."""
    return [
        {
            "at": entry.journal.created_at,
            "kind": entry.journal.kind.replace("_", " "),
            "debit": chart.words(line.debit.code),
            "credit": chart.words(line.credit.code),
            "code": line.code,
            "amount": line.amount,
        }
        for reference in references
        for entry in ledger.journals_of(actor.tenant_id, reference)
        for line in entry.lines
    ]


def hold_rows(actor: Actor, reference: str) -> list[Row]:
    words = {"held": "stands", "settled": "settled", "voided": "released", "expired": "expired"}
    return [
        {"label": f"Hold {words[hold.state]}", "value": hold.amount}
        for hold in ledger.holds_of(actor.tenant_id, reference)
    ]


def _page(request: StaffRequest, row: Any, machine: Machine, **context: Any) -> HttpResponse:
    full = {
        "row": row,
        "follows": row.state not in machine.final,
        "client": row.client,
        "journals": journal_rows(request.actor, row.reference, *context.pop("references", ())),
        "events": timeline(request.actor, row.pk, *context.pop("subjects", ())),
        "title": row.reference,
        **context,
    }
    return render(request, "payments/payment.html", full)


def _fact(label: str, value: Any, url: str = "") -> Row:
    return {"label": label, "value": value, "url": url}


@require_GET
@needs(VIEW)
def deposit_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.deposit_for(request.actor, pk)
    asked = Money(row.asked_amount, row.asked_currency)
    paid = Money(row.paid_amount, row.paid_currency) if row.paid_amount is not None else None
    facts = [
        _fact("Asked", asked),
        _fact("Arrived", paid),
        fee_fact(deposit_fee(row, paid)),
        _fact("Method", row.method.name),
        _fact("Paid with", " ".join([row.instrument_label, row.instrument_country]).strip()),
        _fact("Payer", row.payer_name),
        _fact("Then to", str(row.account) if row.account else "the wallet"),
        _fact("Gateway's number", row.provider_ref),
        _fact("Asked at", row.created_at),
        _fact("To be paid by", row.expires_at),
        _fact("Credited", row.credited_at),
        *_chargeback_facts(row),
    ]
    state = DepositState(row.state)
    return _page(
        request,
        row,
        DEPOSIT,
        back=(reverse("payments:deposit-list"), "Deposits"),
        colour=DEPOSIT_COLOURS[state],
        amount=paid or asked,
        what="into the wallet of",
        facts=facts,
        why=row.reason,
        pay_to=wire.instructions(row),
        is_starting=row.state == DepositState.CREATED,
        pay_url=row.pay_url if row.paid_amount is None and row.state == "redirected" else "",
        actions=_deposit_buttons(request.actor, row),
    )


def _chargeback_facts(row: Deposit) -> list[Row]:
    """The deposit keeps its state; what was taken back of it stands beside it."""
    if row.credited_at is None:
        return []
    return [
        _fact(
            f"Chargeback, {each.get_state_display().lower()}",
            f"{each.reference} of {Money(each.amount, each.currency)}",
            reverse("payments:chargeback", args=[each.pk]),
        )
        for each in row.chargebacks.order_by("id")
    ]


def _deposit_buttons(actor: Actor, row: Deposit) -> Sequence[Button]:
    found = []
    if row.state in DEPOSIT_SET_ASIDE and actor.can(WORK):
        url = reverse("payments:deposit-decide", args=[row.pk])
        found.append(Button("Decide", url, key="o", kind="primary", method="get"))
    found += _hold_buttons(actor, row, "deposit", stoppable=row.state in DEPOSIT_STOPPABLE)
    unpaid = (DepositState.REDIRECTED, DepositState.PENDING, DepositState.CREATED)
    if row.state in unpaid and actor.can(WORK):
        url = reverse("payments:deposit-cancel", args=[row.pk])
        found.append(Button("Cancel", url, method="get"))
    if row.credited_at is not None and actor.can("payments.work_chargeback"):
        url = reverse("payments:chargeback-new", args=[row.pk])
        found.append(Button("Enter a chargeback", url, method="get", icon="receipt-refund"))
    return found


DEPOSIT_STOPPABLE = (
    DepositState.REDIRECTED,
    DepositState.PENDING,
    DepositState.AUTHORIZED,
    DepositState.REVIEW,
    DepositState.AMOUNT_MISMATCH,
)


def _hold_buttons(
    actor: Actor, row: Deposit | Withdrawal, name: str, *, stoppable: bool
) -> list[Button]:
    """What compliance may do; nobody else sees it, nor why something is held."""
    if not actor.can(holds.RIGHT):
        return []
    found = [
        Button("Release", reverse("payments:hold-release", args=[hold.pk]),
               method="get", icon="lock-open")
        for hold in standing(row)
    ]  # fmt: skip
    if stoppable:
        url = reverse(f"payments:{name}-hold", args=[row.pk])
        found.append(Button("Hold", url, key="h", method="get", icon="lock"))
    return found


@require_GET
@needs(VIEW)
def withdrawal_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor = request.actor
    row = access.withdrawal_for(actor, pk)
    money = Money(row.amount, row.currency)
    paid = Money(row.paid_amount, row.currency) if row.paid_amount is not None else None
    parts = part_lines(actor, row)
    facts = [
        _fact("Amount", money),
        fee_fact(books.fee_of(row)),
        _fact("Paid", paid),
        _fact("To", f"{row.destination.label}, {row.destination.holder}"),
        _fact("Method", row.method.name),
        _fact("Gateway's number", row.provider_ref),
        _fact("Asked by", row.requested_by_name),
        _fact("Asked at", row.created_at),
        _fact("Approved", row.approved_at),
        *_file_facts(row),
        _fact("Sent", row.submitted_at),
        _fact("Paid at", row.paid_at),
        *hold_rows(actor, row.reference),
    ]
    return _page(
        request,
        row,
        WITHDRAWAL,
        back=(reverse("payments:withdrawal-list"), "Withdrawals"),
        colour=WITHDRAWAL_COLOURS[WithdrawalState(row.state)],
        amount=money,
        what=f"to {row.destination.label} of",
        facts=facts,
        why=row.error or row.reason or ("" if row.state == WithdrawalState.PAID else row.why),
        parts=parts,
        references=[line["row"].reference for line in parts],
        subjects=[line["row"].pk for line in parts],
        checks=_checks_then(row),
        checked_at=row.decision.get("at", ""),
        said=decisions.said_then(row),
        actions=_withdrawal_buttons(actor, row),
    )


def _file_facts(row: Withdrawal) -> list[Row]:
    """The payment files that it is in, or that it waits for one."""
    if row.gateway is None or not adapter_for(row.gateway).pays_by_file:
        return []
    items = row.file_items.filter(is_live=True).select_related("file").order_by("id")
    found = [
        _fact(
            f"Payment file, {item.file.get_state_display().lower()}",
            item.file.reference,
            reverse("payments:file", args=[item.file_id]),
        )
        for item in items
    ]
    if not found and row.state == WithdrawalState.APPROVED:
        found.append(_fact("Payment file", "waits for one", reverse("payments:file-new")))
    return found


def _checks_then(row: Withdrawal) -> list[Row]:
    """The grid as it was when the decision was prepared."""
    return [
        {"colour": colour, "title": title, "note": note}
        for _, colour, title, note in row.decision.get("checks", [])
    ]


DECIDABLE = (WithdrawalState.REVIEW, WithdrawalState.COMPLIANCE, WithdrawalState.PART_FAILED)


def _withdrawal_buttons(actor: Actor, row: Withdrawal) -> Sequence[Button]:
    found = []
    if row.state in DECIDABLE and actor.can(WORK):
        url = reverse("payments:withdrawal-decide", args=[row.pk])
        found.append(Button("Decide", url, key="o", kind="primary", method="get"))
    found += _hold_buttons(actor, row, "withdrawal", stoppable=row.state in holds.STOPPABLE)
    if (row.state in OUT or row.state == WithdrawalState.PAYING) and actor.can(WORK):
        url = reverse("payments:withdrawal-look", args=[row.pk])
        found.append(Button("Ask the gateway", url, icon="refresh"))
    if _may_be_settled(row):
        may = actor.can("payments.resolve_unknown")
        why_not = "" if may else "You don't hold the right to settle it."
        url = reverse("payments:withdrawal-resolve", args=[row.pk])
        found.append(Button("Settle with proof", url, method="get", why_not=why_not))
    if row.state in (WithdrawalState.HELD, WithdrawalState.REVIEW) and actor.can(
        "payments.request_withdrawal"
    ):
        url = reverse("payments:withdrawal-cancel", args=[row.pk])
        found.append(Button("Cancel", url, method="get"))
    return found


def _may_be_settled(row: Withdrawal) -> bool:
    """Its outcome is unknown; or it went to a bank, which answers no question of ours."""
    if row.state in (WithdrawalState.SUBMITTED, WithdrawalState.IN_PROGRESS):
        return row.gateway is not None and adapter_for(row.gateway).by_statement
    return row.state == WithdrawalState.UNKNOWN


UNDER_WAY = (OperationState.QUEUED, OperationState.SENDING, OperationState.UNKNOWN)


@require_GET
@needs(VIEW)
def transfer_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.transfer_for(request.actor, pk)
    money = Money(row.amount, row.currency)
    legs = [
        ("Leaves", row.debit_operation),
        ("Arrives", row.credit_operation),
        ("Goes back", row.return_operation),
    ]
    # The leg under way: its server may be away, which the transfer's own state does not say.
    leg = next((leg for _, leg in legs if leg is not None and leg.state in UNDER_WAY), None)
    facts = [
        _fact("Amount", money),
        _fact("Way", way(row)),
        _fact("Asked at", row.created_at),
        _fact("Ended", row.done_at),
        *(
            _fact(label, f"{leg.token}: {leg.get_state_display().lower()}")
            for label, leg in legs
            if leg is not None
        ),
    ]
    if row.deposit is not None:
        url = reverse("payments:deposit", args=[row.deposit_id])
        facts.append(_fact("For the deposit", row.deposit.reference, url))
    for pk, reference in conversions_of(request.actor, row):
        facts.append(
            _fact("Exchanged for it", reference, reverse("payments:conversion", args=[pk]))
        )
    return _page(
        request,
        row,
        TRANSFER,
        back=(reverse("payments:transfer-list"), "Transfers"),
        colour=TRANSFER_COLOURS[TransferState(row.state)],
        amount=money,
        what=f"{way(row)} of",
        facts=facts,
        why=row.reason,
        leg=leg,
        subjects=[leg.pk for _, leg in legs if leg is not None],
        actions=_transfer_buttons(request.actor, row),
    )


def _transfer_buttons(actor: Actor, row: Transfer) -> Sequence[Button]:
    if row.state in TRANSFER.final or not actor.can(WORK):
        return ()
    url = reverse("payments:transfer-decide", args=[row.pk])
    if row.state == TransferState.STRANDED:
        return (Button("Decide", url, key="o", kind="primary", method="get"),)
    return (Button("Look into it", url, key="o", method="get"),)
