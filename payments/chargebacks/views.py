"""The list and the one page of a chargeback, which is where it is worked."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import DomainError
from backoffice.core.money import Money
from backoffice.portal.actions import Button
from backoffice.portal.decisions import decided, decision_response, refused
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.workflow import outbox
from backoffice.workflow.approvals import pending_for
from backoffice.workflow.queues import item_for
from clients import files
from clients.errors import FileRefused
from payments import queues
from payments.access import deposit_for
from payments.chargeback_states import (
    ANSWER_COLOURS,
    ANSWER_OPEN,
    CHARGEBACK,
    CHARGEBACK_COLOURS,
    AnswerState,
    ChargebackState,
)
from payments.chargebacks import access, answers, books, debts, events, lists, people
from payments.chargebacks.evidence import checklist
from payments.chargebacks.forms import (
    AcceptForm,
    EnterForm,
    EvidenceForm,
    SettleForm,
    WriteOffForm,
)
from payments.chargebacks.rules import reason_label
from payments.models import Chargeback, PaymentHold, Withdrawal
from payments.selectors import wallet_rows
from payments.services.deposits import paid_money
from payments.views.decide import GET_POST, data, form_of, tried
from payments.views.pages import journal_rows

VIEW, WORK = "payments.view_payment", debts.WORK
Row = dict[str, Any]


@require_GET
@needs(VIEW)
def chargeback_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.CHARGEBACKS)


@require_GET
@needs(VIEW)
def chargeback_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    return _page(request, access.chargeback_for(request.actor, pk))


def _page(request: StaffRequest, row: Chargeback, form: EvidenceForm | None = None) -> HttpResponse:
    """The page; ``form`` is the piece of evidence that was sent and has errors."""
    actor = request.actor
    told = list(row.answers.order_by("-id"))
    why_not = answers.why_not_change(row) if actor.can(WORK) else "You may look at it."
    lines = [{"row": each, "colour": ANSWER_COLOURS[AnswerState(each.state)]} for each in told]
    context = {
        "title": row.reference,
        "row": row,
        "client": row.client,
        "colour": CHARGEBACK_COLOURS[ChargebackState(row.state)],
        "amount": books.money_of(row),
        "reason": reason_label(row.reason_code),
        "says": _says(row),
        "facts": _facts(row),
        "money": _money(row),
        "wallets": wallet_rows(actor, row.client),
        "frozen": _frozen(actor, row),
        "checklist": _checklist(row),
        "may_work": not why_not,
        "may_open": actor.can(WORK),
        "may_see_papers": actor.can("clients.view_document"),
        "why_not": why_not,
        "form": form or EvidenceForm(row),
        "answers": lines,
        "going": next((each for each in told if each.state in ANSWER_OPEN), None),
        "by_hand": answers.by_hand(row),
        "approval": pending_for(actor, row.pk, debts.WRITE_OFF),
        "follows": row.state not in CHARGEBACK.final,
        "journals": journal_rows(actor, row.reference),
        "events": timeline(actor, row.pk, *(each.pk for each in told)),
    }
    return decision_response(
        request,
        queue=queues.CHARGEBACKS,
        subject_id=row.pk,
        template="payments/chargeback.html",
        context=context,
        actions=_buttons(actor, row, why_not),
        status=422 if form is not None else 200,
    )


def _says(row: Chargeback) -> str:
    """What stands, in a sentence or two."""
    taken, missing = books.money_of(row), books.owed(row)
    match row.state:
        case ChargebackState.INQUIRY:
            return (
                "The payer's bank asks about the payment. No money moved and nothing is stopped; "
                "an answer in time keeps it from becoming a chargeback."
            )
        case ChargebackState.INQUIRY_CLOSED:
            return "The bank asked, and has its answer. No money moved."
        case ChargebackState.WON:
            return f"It was won: {taken} came back, for what was owed first."
    sentence = f"{taken} is gone from the gateway's account."
    if missing:
        sentence += (
            f" The wallet did not have all of it: {missing} is owed by the client. Whatever comes "
            "into their wallet repays it by itself, at once; what is on a trading account, by a "
            "transfer."
        )
    if row.state in (ChargebackState.LOST, ChargebackState.ACCEPTED):
        sentence += " It stays with the payer. Withdrawals stay stopped until a person lifts it."
    return sentence


def _fact(label: str, value: Any, url: str = "") -> Row:
    return {"label": label, "value": value, "url": url}


def _facts(row: Chargeback) -> list[Row]:
    deposit = row.deposit
    return [
        _fact("Deposit", deposit.reference, reverse("payments:deposit", args=[deposit.pk])),
        _fact("It was paid", paid_money(deposit) if deposit.paid_amount is not None else None),
        _fact("Paid with", deposit.instrument_label),
        _fact("Payer", deposit.payer_name),
        _fact("Gateway", row.gateway.name),
        _fact("Gateway's number", row.provider_ref),
        _fact("Its payment", deposit.provider_ref),
        _fact("Heard of", row.created_at),
        _fact("Money taken", row.taken_at),
        _fact("Evidence until", row.due_at),
        _fact("Closed", row.closed_at),
    ]


def _money(row: Chargeback) -> list[Row]:
    if row.taken_at is None:
        return []
    currency = row.currency

    def line(label: str, amount: Any, *, total: bool = False) -> Row:
        return {"label": label, "value": Money(amount, currency), "total": total}

    found = [
        line("Taken back", row.amount),
        line("Of it from the wallet", row.amount - row.owed_amount),
        line("Of it owed by the client", row.owed_amount),
    ]
    if row.repaid_amount:
        found.append(line("Repaid since", row.repaid_amount))
    if row.written_off_amount:
        found.append(line("Written off", row.written_off_amount))
    found.append(line("Still owed", books.owed(row).amount, total=True))
    if row.fee_amount:
        found.append(line("Fee of the gateway, our cost", row.fee_amount))
    if row.fee_back_amount:
        found.append(line("Of the fee given back", row.fee_back_amount))
    return found


def _frozen(actor: Actor, row: Chargeback) -> Row | None:
    """The stop that this chargeback placed, and the payouts that wait behind it."""
    stop = row.client.restrictions.filter(origin=events.origin(row), lifted_at=None).first()
    held = PaymentHold.objects.filter(
        tenant_id=actor.tenant_id,
        reason__startswith=f"Chargeback: {row.reference} ",
        released_at=None,
    ).values("subject_id")
    stopped = Withdrawal.objects.filter(
        tenant_id=actor.tenant_id, client_id=row.client_id, pk__in=held
    )
    waiting = list(stopped.only("reference", "amount", "currency").order_by("id"))
    if stop is None and not waiting:
        return None
    lines = [
        {
            "reference": each.reference,
            "url": reverse("payments:withdrawal", args=[each.pk]),
            "amount": Money(each.amount, each.currency),
        }
        for each in waiting
    ]
    return {"stop": stop, "withdrawals": lines}


def _checklist(row: Chargeback) -> list[Row]:
    there = {piece.kind: piece for piece in answers.bundle(row)}
    return [
        {"kind": kind, "wanted": wanted, "piece": there.get(kind.code)}
        for kind, wanted in checklist(row.reason_code)
    ]


def _buttons(actor: Actor, row: Chargeback, why_not: str) -> Sequence[Button]:
    def url(verb: str) -> str:
        return reverse(f"payments:chargeback-{verb}", args=[row.pk])

    by_hand = answers.by_hand(row)
    pieces = answers.bundle(row).count()
    found = [
        Button(
            "Note the evidence as sent" if by_hand else "Submit evidence",
            url("submit"),
            key="a",
            kind="primary",
            icon="send",
            why_not=why_not or ("" if pieces else "There is no evidence yet."),
            confirm=ngettext(
                "%d piece of evidence goes to the bank. It takes evidence once.",
                "%d pieces of evidence go to the bank. It takes evidence once.",
                pieces,
            )
            % pieces,
        ),
        Button(
            "Accept the dispute", url("accept"), key="r", kind="danger", method="get",
            why_not=why_not,
        ),
    ]  # fmt: skip
    settle_why = people.why_not_settle(actor, row) if actor.can(WORK) else why_not
    if row.state not in CHARGEBACK.final:
        found.append(Button("Settle with proof", url("settle"), method="get", why_not=settle_why))
        if not by_hand and actor.can(WORK):
            found.append(Button("Ask the gateway", url("look"), icon="refresh"))
    if books.owed(row) and actor.can("payments.transfer_money"):
        url_of = reverse("payments:transfer-new", args=[row.client_id])
        found.append(Button("New transfer", url_of, method="get", icon="arrows-exchange"))
    if row.state in CHARGEBACK.final and books.owed(row):
        off_why = debts.why_not_write_off(row) if actor.can(WORK) else why_not
        found.append(Button("Write off", url("write-off"), method="get", why_not=off_why))
    return found


# Evidence


@require_POST
@needs(WORK)
def evidence_add(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.chargeback_for(request.actor, pk)
    form = EvidenceForm(row, request.POST, request.FILES)

    def add() -> None:
        upload = form.cleaned_data["file"]
        answers.evidence_add(
            actor=request.actor,
            chargeback=row,
            kind=form.cleaned_data["kind"],
            text=form.cleaned_data["text"],
            name=upload.name if upload else "",
            content=_read(upload) if upload else b"",
            document=form.cleaned_data["document"],
        )

    if not tried(form, add):
        return _page(request, row, form)
    messages.success(request, "It is in the bundle.")
    return redirect("payments:chargeback", pk=row.pk)


def _read(upload: Any) -> bytes:
    files.check_size(upload.size)
    content: bytes = upload.read(files.UPLOAD_BYTES_MAX + 1)
    if len(content) != upload.size:
        raise FileRefused("The file did not arrive whole. Send it again.")
    return content


@require_POST
@needs(WORK)
def evidence_remove(request: StaffRequest, pk: UUID) -> HttpResponse:
    piece = access.evidence_for(request.actor, pk)
    back = reverse("payments:chargeback", args=[piece.chargeback_id])
    try:
        answers.evidence_remove(actor=request.actor, evidence=piece)
    except DomainError as error:
        return refused(request, error, back)
    return redirect(back)


@require_GET
@needs(WORK)
def evidence_file(request: StaffRequest, pk: UUID) -> HttpResponse:
    """A file of the bundle, marked with who looks; the look is recorded."""
    piece = access.evidence_for(request.actor, pk)
    if piece.document_id is not None and not request.actor.can("clients.view_document"):
        raise PermissionDenied("You don't hold the right to see papers of clients.")
    mark = f"{request.tenant.name} · {request.actor.name} · {now():%Y-%m-%d %H:%M} UTC"
    content = answers.evidence_file(request.actor, piece, mark)
    response = HttpResponse(content, content_type=piece.mime)
    response["Content-Disposition"] = "inline"
    response["Cache-Control"] = "no-store, private"
    response["X-Content-Type-Options"] = "nosniff"
    return response


# Verbs


def _verb(
    request: StaffRequest,
    row: Chargeback,
    form: Any,
    work: Callable[[], Any],
    done: str,
    **page: Any,
) -> HttpResponse:
    before = item_for(request.actor, queues.CHARGEBACKS.code, row.pk)
    if request.method == "POST" and tried(form, work):
        return decided(request, queue=queues.CHARGEBACKS, before=before, sentence=done)
    return form_of(request, row, form, back=reverse("payments:chargeback", args=[row.pk]), **page)


@require_POST
@needs(WORK)
def chargeback_submit(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.chargeback_for(request.actor, pk)
    back = reverse("payments:chargeback", args=[row.pk])
    try:
        answers.evidence_submit(actor=request.actor, chargeback=row)
    except DomainError as error:
        return refused(request, error, back)
    return redirect(back)


@GET_POST
@needs(WORK)
@once
def chargeback_accept(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.chargeback_for(request.actor, pk)
    form = AcceptForm(data(request))
    money = books.money_of(row)
    return _verb(
        request,
        row,
        form,
        lambda: answers.chargeback_accept(
            actor=request.actor, chargeback=row, reason=form.cleaned_data["reason"]
        ),
        f"{row.reference} is given up.",
        title=f"Accept {row.reference}",
        label=f"Accept: {money} stays with the payer",
        says="The bank is told that we don't fight it. This can't be undone.",
        danger=True,
    )


@GET_POST
@needs(WORK)
@once
def chargeback_settle(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Say how it ended, where no message does."""
    row = access.chargeback_for(request.actor, pk)
    form = SettleForm(row, data(request))
    return _verb(
        request,
        row,
        form,
        lambda: people.chargeback_settle(
            actor=request.actor,
            chargeback=row,
            outcome=form.cleaned_data["outcome"],
            proof=form.cleaned_data["proof"],
        ),
        f"{row.reference} is settled.",
        title=f"Settle {row.reference}",
        label="Settle",
        says="Won gives the money back to the client, for what they owe first; lost leaves it "
        "with the payer. Either is final.",
        danger=True,
    )


@GET_POST
@needs(WORK)
@once
def chargeback_write_off(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = access.chargeback_for(request.actor, pk)
    missing = books.owed(row)
    form = WriteOffForm(row.currency, data(request), initial={"amount": missing.amount})

    def propose() -> None:
        debts.write_off_propose(
            actor=request.actor,
            chargeback=row,
            money=form.read_money("amount"),
            reason=form.cleaned_data["reason"],
        )

    return _verb(
        request,
        row,
        form,
        propose,
        f"The write-off of {row.reference} waits for a colleague's approval.",
        title=f"Write off what {row.client.name} owes of {row.reference}",
        label="Propose the write-off",
        says=f"{missing} is owed. What is written off is our loss; a colleague approves it.",
        danger=True,
    )


@require_POST
@needs(WORK)
def chargeback_look(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Have the gateway asked now how it stands."""
    row = access.chargeback_for(request.actor, pk)
    if row.state in CHARGEBACK.final or answers.by_hand(row):
        messages.info(request, "There is nothing to ask.")
    else:
        outbox.put(events.LOOK, subject_id=row.pk, payload={"once": True})
        messages.info(request, "It is being asked; what comes of it appears here.")
    return redirect("payments:chargeback", pk=row.pk)


@GET_POST
@needs(WORK)
@once
def chargeback_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Enter a chargeback of a deposit by hand."""
    deposit = deposit_for(request.actor, pk)
    paid = paid_money(deposit) if deposit.paid_amount is not None else None
    currency = deposit.paid_currency or deposit.asked_currency
    form = EnterForm(currency, data(request), initial={"amount": deposit.paid_amount})
    made: list[Chargeback] = []

    def enter() -> None:
        values = form.cleaned_data
        made.append(
            people.chargeback_enter(
                actor=request.actor,
                deposit=deposit,
                money=form.read_money("amount"),
                reason_code=values["reason_code"],
                note=values["note"],
                provider_ref=values["provider_ref"],
                due_at=values["due_at"],
                fee=form.read_money("fee"),
                is_inquiry=values["kind"] == "inquiry",
            )
        )

    if request.method == "POST" and tried(form, enter):
        messages.success(request, f"{made[0].reference} is booked.")
        return redirect("payments:chargeback", pk=made[0].pk)
    return form_of(
        request,
        deposit,
        form,
        title=f"Chargeback of {deposit.reference}",
        label="Enter the chargeback",
        back=reverse("payments:deposit", args=[deposit.pk]),
        says=f"{paid or 'Nothing'} was paid. What is taken back leaves the client's wallet at "
        "once; what the wallet does not have, the client owes. Withdrawals are stopped.",
        danger=True,
    )
