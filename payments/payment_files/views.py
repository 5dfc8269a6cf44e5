"""The list and the page of payment files, and the steps of one on its way to the bank."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow.approvals import pending_for
from payments.forms import ReasonForm, show_error
from payments.gateways.bank_wire.pain001 import CHARGES
from payments.models import GatewayAccount, PaymentFile, PaymentFileItem
from payments.payment_file_states import (
    PAYMENT_FILE_COLOURS,
    PAYMENT_FILE_HERE,
    PAYMENT_FILE_OUT,
    PaymentFileState,
)
from payments.payment_files import access, answers, files, lists, waiting
from payments.payment_files.files import WORK
from payments.payment_files.forms import PrepareForm, ReportForm
from payments.states import PART_COLOURS, WITHDRAWAL_COLOURS, PartState, WithdrawalState
from payments.views.decide import GET_POST, data, tried

VIEW = lists.VIEW
ITEMS_SHOWN = waiting.WAITING_MAX
Row = dict[str, Any]
_F = PaymentFileState


@require_GET
@needs(VIEW)
def file_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.FILES)


# Prepared


@GET_POST
@needs(WORK)
@once
def file_new(request: StaffRequest) -> HttpResponse:
    """Choose among what waits for a file of one account, and make it."""
    actor = request.actor
    if actor.desks is not None:
        raise PermissionDenied("Payment files hold payouts of all desks.")
    banks = list(waiting.banks(actor))
    asked = request.GET.get("bank") or request.POST.get("bank")
    bank = next((each for each in banks if str(each.pk) == asked), banks[0] if banks else None)
    form = PrepareForm(data(request))
    if request.method == "POST" and bank is not None and form.is_valid():
        chosen = request.POST.getlist("selected")[: waiting.WAITING_MAX + 1]
        try:
            row = files.file_prepare(
                actor=actor, gateway=bank, references=chosen, **form.cleaned_data
            )
        except DomainError as error:
            show_error(form, error)
        else:
            messages.success(request, f"{row.reference} waits for a colleague to release it.")
            return redirect("payments:file", pk=row.pk)
    return _prepare_page(request, form, banks, bank)


def _prepare_page(
    request: StaffRequest,
    form: PrepareForm,
    banks: Sequence[GatewayAccount],
    bank: GatewayAccount | None,
) -> HttpResponse:
    found, is_cut = waiting.waiting(request.actor, bank) if bank is not None else ([], False)
    chosen = set(request.POST.getlist("selected"))
    lines = [
        {
            "row": each.payout,
            "client": each.payout.withdrawal.client,
            "url": reverse("payments:withdrawal", args=[each.payout.withdrawal.pk]),
            "way": "SEPA" if each.is_sepa else "SWIFT",
            "problem": each.problem,
            "chosen": not each.problem and (not chosen or each.payout.reference in chosen),
        }
        for each in found
    ]
    ready = [each.payout.money for each in found if not each.problem]
    context = {
        "form": form,
        "banks": banks,
        "bank": bank,
        "lines": lines,
        "totals": list(waiting.by_currency(ready).values()),
        "most": waiting.WAITING_MAX if is_cut else 0,
    }
    status = 422 if form.errors else 200
    return render(request, "payments/payment_file_new.html", context, status=status)


# One file


@require_GET
@needs(VIEW)
def file_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.file_for(request.actor, pk)
    approval = pending_for(request.actor, row.pk, files.KIND)
    context = {
        "row": row,
        "colour": PAYMENT_FILE_COLOURS[PaymentFileState(row.state)],
        "totals": files.totals(row),
        "facts": _facts(row),
        "approval": approval,
        "says": _says(row),
        "lines": [_line(item) for item in _items(row)],
        "more": max(row.payments_count - ITEMS_SHOWN, 0),
        "reports": list(row.reports.order_by("-id")),
        "follows": row.state in PAYMENT_FILE_HERE,
        "actions": _buttons(request.actor, row),
        "events": timeline(request.actor, row.pk),
    }
    return render(request, "payments/payment_file.html", context)


def _items(row: PaymentFile) -> list[PaymentFileItem]:
    rows = row.items.select_related("withdrawal__client", "withdrawal__destination", "part")
    return list(rows.order_by("id")[:ITEMS_SHOWN])


def _line(item: PaymentFileItem) -> Row:
    payout = item.part or item.withdrawal
    colour = (
        PART_COLOURS[PartState(item.part.state)]
        if item.part is not None
        else WITHDRAWAL_COLOURS[WithdrawalState(item.withdrawal.state)]
    )
    return {
        "row": item,
        "client": item.withdrawal.client,
        "to": f"{item.withdrawal.destination.label}, {item.withdrawal.destination.holder}",
        "url": reverse("payments:withdrawal", args=[item.withdrawal_id]),
        "amount": Money(item.amount, item.currency),
        "way": "SEPA" if item.is_sepa else "SWIFT",
        "colour": colour,
        "state": payout.get_state_display(),
        "said": " ".join([item.bank_status, item.bank_reason]).strip(),
    }


def _says(row: PaymentFile) -> str:
    """What is to be done next, in a sentence or two."""
    match row.state:
        case _F.PREPARED:
            return "Nothing leaves before a colleague has released it."
        case _F.RELEASED:
            return (
                "Download it and hand it to the bank. With the first download its payouts count "
                "as sent; until then it can be cancelled."
            )
        case _F.HANDED_OVER:
            return (
                "Its payouts are paid when the bank's statement shows them, each by its own "
                "reference. The bank's report says earlier which of them it does not take."
            )
        case _F.ACKNOWLEDGED:
            return "The bank has it. Its statement says what was paid."
        case _F.REFUSED:
            return "The bank took none of it: the money is in the clients' wallets again."
    return row.note


def _fact(label: str, value: Any) -> Row:
    return {"label": label, "value": value, "url": ""}


def _facts(row: PaymentFile) -> list[Row]:
    found = [
        _fact("From", f"{row.gateway.name}, {row.gateway.merchant_id}"),
        _fact("Payouts", row.payments_count),
        _fact("Amount", files.totals_text(row)),
        _fact("Control sum", f"{sum(money.amount for money in files.totals(row)):,f}"),
        _fact("To be carried out on", row.execution_on),
        _fact("Charges outside SEPA", CHARGES[row.charges]),
        _fact("Message", row.version),
        _fact("SHA-256", row.sha256),
        _fact("Prepared by", row.prepared_by),
        _fact("Released by", row.released_by),
        _fact("Handed over by", row.handed_over_by),
    ]
    if row.downloads:
        found.append(
            _fact("Downloaded", ngettext("%d time", "%d times", row.downloads) % row.downloads)
        )
    return found


def _buttons(actor: Actor, row: PaymentFile) -> Sequence[Button]:
    if not actor.can(WORK):
        return ()

    def url(verb: str) -> str:
        return reverse(f"payments:file-{verb}", args=[row.pk])

    found = []
    if row.state == _F.RELEASED:
        count = row.payments_count
        found.append(
            Button(
                "Download for the bank",
                url("hand-over"),
                kind="primary",
                icon="download",
                confirm=ngettext(
                    "%d payout counts as sent from now on.",
                    "%d payouts count as sent from now on.",
                    count,
                )
                % count,
            )
        )
    if row.state in PAYMENT_FILE_OUT:
        found.append(
            Button(
                "Hand in the bank's report",
                url("report"),
                kind="primary",
                method="get",
                icon="upload",
            )
        )
        found.append(Button("Download again", url("hand-over"), icon="download"))
    if row.state in PAYMENT_FILE_HERE:
        found.append(Button("Cancel", url("cancel"), method="get"))
    return found


@require_POST
@needs(WORK)
def file_hand_over(request: StaffRequest, pk: UUID) -> HttpResponse:
    """The bytes, for the bank. That they were given out is committed before they leave."""
    row = access.file_for(request.actor, pk)
    try:
        row, content = files.file_hand_over(actor=request.actor, file=row)
    except DomainError as error:
        return refused(request, error, reverse("payments:file", args=[row.pk]))
    response = HttpResponse(content, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{row.reference}.xml"'
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@GET_POST
@needs(WORK)
@once
def file_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.file_for(request.actor, pk)
    form = ReasonForm(data(request))

    def cancel() -> None:
        files.file_cancel(actor=request.actor, file=row, reason=form.cleaned_data["reason"])

    if request.method == "POST" and tried(form, cancel):
        messages.success(request, f"{row.reference} is cancelled; its payouts wait for another.")
        return redirect("payments:file", pk=row.pk)
    says = ngettext(
        "%d payout waits for another file then.", "%d payouts wait for another file then.",
        row.payments_count,
    ) % row.payments_count  # fmt: skip
    return _form_page(request, row, form, f"Cancel {row.reference}", "Cancel the file", says)


@GET_POST
@needs(WORK)
@once
def file_report(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Hand in what the bank said of the file."""
    row = access.file_for(request.actor, pk)
    posted = request.method == "POST"
    form = ReportForm(data(request), request.FILES if posted else None)
    heard: list[answers.Heard] = []

    def take() -> None:
        content = form.cleaned_data["file"].read(answers.REPORT_BYTES_MAX + 1)
        heard.append(answers.report_take(actor=request.actor, file=row, content=content))

    if posted and tried(form, take):
        report = heard[0].report
        messages.success(
            request, f"The bank takes {report.taken} and refuses {report.refused} of them."
        )
        for sentence in heard[0].odd:
            messages.warning(request, sentence)
        return redirect("payments:file", pk=row.pk)
    says = (
        "What it refuses fails here, and its money is in the client's wallet again. What it takes "
        "is paid when the statement says so."
    )
    return _form_page(request, row, form, f"Report of {row.reference}", "Hand it in", says)


def _form_page(
    request: StaffRequest, row: PaymentFile, form: Any, title: str, label: str, says: str
) -> HttpResponse:
    context = {
        "form": form,
        "title": title,
        "label": label,
        "says": says,
        "danger": label == "Cancel the file",
        "back_url": reverse("payments:file", args=[row.pk]),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)
