"""The list and the page of bonuses, the form that asks for one, and the settings."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.history import changes
from backoffice.portal.lists import list_response
from backoffice.portal.once import once
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from backoffice.tenancy.models import LegalEntity
from backoffice.workflow.approvals import pending_for
from clients.access import client_for
from payments.bonus_states import BONUS, BONUS_COLOURS, RULE_COLOURS, BonusState, RuleState
from payments.bonuses import access, bars, lists, offers, policies, services
from payments.bonuses.forms import BonusForm, PolicyForm, RuleForm
from payments.bonuses.services import ASK
from payments.evaluation import base_currency
from payments.forms import ReasonForm
from payments.models import Bonus, BonusPolicy, BonusRule
from payments.views.decide import GET_POST, data, tried
from payments.views.pages import journal_rows

VIEW = lists.VIEW
Row = dict[str, Any]
RULES_PAST_MAX = 20
SAYS = (
    "It is credit on the trading account: it carries positions, and can't be taken out. Nothing is"
    " put there before a colleague approves."
)


@require_GET
@needs(VIEW)
def bonus_list(request: StaffRequest) -> HttpResponse:
    return list_response(request, lists.BONUSES)


@GET_POST
@needs(ASK)
@once
def bonus_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask for one; a colleague decides. Where it is forbidden the page says by which rule."""
    client = client_for(request.actor, pk)
    form = BonusForm(client, data(request))
    made: list[Bonus] = []

    def ask() -> None:
        values = form.cleaned_data
        asked = {
            name: values[name]
            for name in ("account", "money", "lots", "days", "on_withdrawal", "base", "reason")
        }
        made.append(services.bonus_ask(actor=request.actor, client=client, **asked))

    if request.method == "POST" and tried(form, ask):
        messages.success(request, f"{made[0].reference} waits for a colleague's approval.")
        return redirect("payments:bonus", pk=made[0].pk)
    context = {
        "client": client,
        "form": form,
        "title": "Give a bonus",
        "label": "Ask for approval",
        "says": policies.why_not(client) or SAYS,
        "back_url": reverse("clients:tab", args=[client.pk, "money"]),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@require_GET
@needs(VIEW)
def bonus_page(request: StaffRequest, pk: UUID) -> HttpResponse:
    actor, row = request.actor, access.bonus_for(request.actor, pk)
    context = {
        "row": row,
        "client": row.client,
        "amount": services.money_of(row),
        "colour": BONUS_COLOURS[BonusState(row.state)],
        "follows": row.state not in BONUS.final,
        "approval": pending_for(actor, row.pk, services.KIND),
        "barred": policies.why_not(row.client) if row.state not in BONUS.final else "",
        "facts": _facts(row),
        "actions": _buttons(actor, row),
        "journals": journal_rows(actor, row.reference),
        "events": timeline(actor, row.pk),
    }
    return render(request, "payments/bonus.html", context)


def _facts(row: Bonus) -> list[Row]:
    account = reverse("trading:account", args=[row.account_id])
    done = services.lots_done(row)
    if row.lots_needed is None:
        lots = "never: it stays credit"
    elif row.granted_at is None or row.state in BONUS.final:
        lots = f"{row.lots_needed:.2f} lots"
    else:
        lots = f"{done:.2f} of {row.lots_needed:.2f} lots"
    pairs: list[tuple[str, Any, str]] = [
        ("Bonus", services.money_of(row), ""),
        ("On the account", services.left_of(row), ""),
        ("Account", str(row.account.login), account),
        ("Released after", lots, ""),
        ("Ends", row.expires_at or _ends(row), ""),
        ("When money is taken out", services.withdrawal_words(row), ""),
        (
            "What it is for",
            row.reason,
            "" if row.deposit_id is None else reverse("payments:deposit", args=[row.deposit_id]),
        ),
        ("Asked by", row.asked_by, ""),
        ("Asked at", row.created_at, ""),
        ("Decided by", row.decided_by, ""),
        ("Decided at", row.decided_at, ""),
        ("On the account since", row.granted_at, ""),
        ("Ended at", row.ended_at, ""),
    ]
    if row.transfer is not None:
        url = reverse("payments:transfer", args=[row.transfer.pk])
        pairs.append(("Paid on by", row.transfer.reference, url))
    return [{"label": label, "value": value, "url": url} for label, value, url in pairs if value]


def _ends(row: Bonus) -> str:
    return "never by itself" if row.lasts_days is None else f"{row.lasts_days} days later"


def _buttons(actor: Actor, row: Bonus) -> Sequence[Button]:
    if not actor.can(ASK) or row.state not in (BonusState.ASKED, BonusState.ACTIVE):
        return ()
    label = "Cancel" if row.state == BonusState.ASKED else "Take it off"
    return (Button(label, reverse("payments:bonus-cancel", args=[row.pk]), method="get"),)


@GET_POST
@needs(ASK)
def bonus_cancel(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Take back one that waits, or take off what is on the account."""
    row = access.bonus_for(request.actor, pk)
    form, back = ReasonForm(data(request)), reverse("payments:bonus", args=[row.pk])
    waits = row.state == BonusState.ASKED

    def cancel() -> None:
        services.bonus_cancel(actor=request.actor, bonus=row, reason=form.cleaned_data["reason"])

    if request.method == "POST" and tried(form, cancel):
        said = "is cancelled." if waits else "is being taken off the account."
        messages.success(request, f"{row.reference} {said}")
        return redirect(back)
    left = services.left_of(row)
    context = {
        "client": row.client,
        "form": form,
        "title": f"Cancel {row.reference}" if waits else f"Take {row.reference} off",
        "label": "Cancel it" if waits else f"Take {left} off",
        "says": "Nothing was put on the account."
        if waits
        else f"{left} of credit leave account {row.account.login}, whatever its positions need.",
        "danger": True,
        "back_url": back,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@GET_POST
@needs(policies.MANAGE)
def setup_page(request: StaffRequest) -> HttpResponse:
    """The switch, and what the law says of each of the house's entities."""
    actor = request.actor
    found = policies.policy(actor.tenant_id)
    initial = {"active": found.active, "barred_regulators": "\n".join(found.barred_regulators)}
    form = PolicyForm(data(request), initial=initial)

    def save() -> None:
        policies.policy_set(
            actor=actor,
            active=form.cleaned_data["active"],
            barred_regulators=form.cleaned_data["barred_regulators"].splitlines(),
        )

    if request.method == "POST" and tried(form, save):
        messages.success(request, "Saved.")
        return redirect("payments:bonus-setup")
    entities = LegalEntity.objects.filter(tenant_id=actor.tenant_id).order_by("name")
    context = {
        "form": form,
        "entities": [_entity(row, found) for row in entities],
        "rules": [_rule(row) for row in _rules(actor)],
        "actions": [
            Button("New rule", reverse("payments:bonus-rule-new"), method="get", icon="plus")
        ],
        "history": changes(BonusPolicy.history.filter(tenant_id=actor.tenant_id)),
    }
    return render(request, "payments/bonus_setup.html", context, status=422 if form.errors else 200)


def _rules(actor: Actor) -> list[BonusRule]:
    """Those in force and those that wait, then the newest that were."""
    mine = BonusRule.objects.filter(tenant_id=actor.tenant_id).order_by("-id")
    live = (RuleState.IN_FORCE, RuleState.PROPOSED)
    return [*mine.filter(state__in=live), *mine.exclude(state__in=live)[:RULES_PAST_MAX]]


def _rule(row: BonusRule) -> Row:
    """A version in words, with what may be done with it."""
    actions = []
    if row.state == RuleState.IN_FORCE:
        new = reverse("payments:bonus-rule-new") + f"?after={row.pk}"
        retire = reverse("payments:bonus-rule-retire", args=[row.pk])
        actions = [
            Button("Next version", new, method="get", kind="quiet"),
            Button("Retire", retire, method="get", kind="quiet"),
        ]
    words = [value for key, value in offers.content(row).items() if key != "Rule"]
    return {
        "row": row,
        "gives": words[0],
        "words": "; ".join(words[4:]),
        "caps": f"at most {words[1]}, {words[2]} to one client, {words[3]} in all",
        "colour": RULE_COLOURS[RuleState(row.state)],
        "actions": actions,
    }


def _initial(actor: Actor, after: str) -> Row:
    """The values of the version that the new one follows, or where a first one begins."""
    blank = {"from_on": today(), "deposit_min": 0, "first_only": True, "currency": base_currency()}
    try:
        row = BonusRule.objects.filter(tenant_id=actor.tenant_id, pk=UUID(after)).first()
    except ValueError:
        return blank
    if row is None:
        return blank
    found = {name: getattr(row, name) for name in RuleForm.base_fields}
    return {**found, "countries": ", ".join(row.countries)}


@GET_POST
@needs(policies.MANAGE)
@once
def rule_new(request: StaffRequest) -> HttpResponse:
    """Propose a rule, or the next version of one; a second person sets it."""
    initial = _initial(request.actor, request.GET.get("after", ""))
    form = RuleForm(data(request), initial=initial)

    def propose() -> None:
        offers.rule_propose(actor=request.actor, values=form.cleaned_data)

    if request.method == "POST" and tried(form, propose):
        messages.success(request, "Proposed; a second person sets it.")
        return redirect("payments:bonus-setup")
    context = {
        "form": form,
        "title": "Bonus rule",
        "label": "Propose",
        "says": "Deposits that go on to an account are given a bonus by it, once a second person"
        " has set it, where the law allows it.",
        "back_url": reverse("payments:bonus-setup"),
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


@GET_POST
@needs(policies.MANAGE)
def rule_retire(request: StaffRequest, pk: UUID) -> HttpResponse:
    row = BonusRule.objects.filter(tenant_id=request.actor.tenant_id, pk=pk).first()
    if row is None:
        raise Http404
    form, back = ReasonForm(data(request)), reverse("payments:bonus-setup")

    def retire() -> None:
        reason = form.cleaned_data["reason"]
        offers.rule_retire(actor=request.actor, rule=row, reason=reason)

    if request.method == "POST" and tried(form, retire):
        messages.success(request, f"{row} gives nothing any more.")
        return redirect(back)
    context = {
        "form": form,
        "title": f"Retire {row}",
        "label": "Retire it",
        "says": "It gives nothing from now on. What it gave stands as it was given.",
        "danger": True,
        "back_url": back,
    }
    return render(request, "payments/form.html", context, status=422 if form.errors else 200)


def _entity(row: LegalEntity, policy: BonusPolicy) -> Row:
    why = bars.why_barred(
        retail=True,
        residence="",
        entities=[bars.Party(row.name, row.regulator, row.country)],
        also=policy.barred_regulators,
    )
    return {"row": row, "why": why}
