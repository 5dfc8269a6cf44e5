"""How the brokerage screens, and proposing another way."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from backoffice.core.errors import DomainError, InvalidInput
from backoffice.portal.actions import Button
from backoffice.portal.timeline import timeline
from backoffice.staff.access import StaffRequest, needs
from compliance import policy
from compliance.lists import PUBLIC
from compliance.models import ScreeningPolicy, WatchList
from compliance.screening.decide import Category, Thresholds

LABELS = {Category.PEP: "Politically exposed", Category.INTERNAL: "On the own list"}


def _label(category: Category) -> str:
    return LABELS.get(category) or category.name.replace("_", " ").capitalize()


def _in_use() -> dict[str, WatchList]:
    return {row.source: row for row in WatchList.objects.filter(active=True).defer("delta")}


@require_GET
@needs(policy.RIGHT)
def policy_page(request: StaffRequest) -> HttpResponse:
    """Lists and scores as they stand, and the change that waits."""
    actor = request.actor
    stands, waits, in_use = policy.policy_of(actor.tenant_id), policy.pending(actor), _in_use()
    row = ScreeningPolicy.objects.filter(tenant_id=actor.tenant_id).first()
    context = {
        "lists": [
            {
                "title": title,
                "source": source,
                "on": stands.searches(source),
                "licensed": source in policy.LICENSED,
                "imported": source in in_use,
            }
            for source, (title, _) in PUBLIC.items()
        ],
        "scores": [
            {"label": _label(each), "scores": scores} for each, scores in stands.thresholds.items()
        ],
        "pending": waits,
        "events": timeline(actor, row.pk) if row else [],
        "actions": [
            Button(
                "Change",
                reverse("compliance:policy-propose"),
                method="get",
                why_not="A change waits already; decide on it first." if waits else "",
            )
        ],
    }
    return render(request, "compliance/policy.html", context)


class PolicyForm(forms.Form):
    """A box for each public list, three scores for each meaning, and why."""

    def __init__(self, stands: policy.Policy, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for source, (title, _) in PUBLIC.items():
            self.fields[f"list_{source}"] = forms.BooleanField(
                label=title,
                required=False,
                initial=stands.searches(source),
                help_text="Needs a licence of your own." if source in policy.LICENSED else "",
            )
        for category, scores in stands.thresholds.items():
            for field in policy.FIELDS:
                self.fields[f"{category}_{field}"] = forms.DecimalField(
                    label=f"{policy.WORDS[field].capitalize()} from",
                    min_value=0,
                    max_value=1,
                    max_digits=3,
                    decimal_places=2,
                    initial=f"{getattr(scores, field):.2f}",
                )
        self.fields["reason"] = forms.CharField(label="Why", max_length=300)

    def lists(self) -> tuple[frozenset[str], frozenset[str]]:
        """(licensed ones to search, others to leave out)."""
        chosen = {source for source in PUBLIC if self.cleaned_data[f"list_{source}"]}
        return frozenset(chosen & policy.LICENSED), frozenset(
            set(PUBLIC) - chosen - policy.LICENSED
        )

    def thresholds(self) -> dict[Category, Thresholds]:
        return {
            each: Thresholds(**{f: float(self.cleaned_data[f"{each}_{f}"]) for f in policy.FIELDS})
            for each in Category
        }


@require_http_methods(["GET", "POST"])
@needs(policy.RIGHT)
def policy_propose(request: StaffRequest) -> HttpResponse:
    stands = policy.policy_of(request.actor.tenant_id)
    form = PolicyForm(stands, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        on, off = form.lists()
        try:
            policy.policy_propose(
                actor=request.actor,
                lists_on=on,
                lists_off=off,
                thresholds=form.thresholds(),
                reason=form.cleaned_data["reason"],
            )
        except InvalidInput as error:
            form.add_error("reason" if "reason" in error.fields else None, error.sentence)
        except DomainError as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, "A colleague decides on it; until then nothing changes.")
            return redirect("compliance:policy")
    context = {
        "form": form,
        "boxes": [form[f"list_{source}"] for source in PUBLIC],
        "rows": [
            (_label(each), [form[f"{each}_{field}"] for field in policy.FIELDS])
            for each in stands.thresholds
        ],
        "why": form["reason"],
        "back_url": reverse("compliance:policy"),
    }
    return render(
        request, "compliance/policy_propose.html", context, status=422 if form.errors else 200
    )
