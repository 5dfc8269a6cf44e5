"""Forms of the partner pages. Rules live in services; forms only read what was typed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.portal.fields import AmountField
from clients import selectors as clients
from clients.forms import MomentInput
from clients.models import Client
from ib import rules, selectors
from ib.models import Agreement, AgreementVersion, Partner
from ib.states import VersionState

RATE_ROWS_SPARE = 3
TIERS_SHOWN = 5
REASON = {"label": "Reason", "max_length": 300}


class WhenForm(forms.Form):
    """When and why: what every effective-dated change asks."""

    from_at = forms.DateTimeField(
        label="From",
        required=False,
        widget=MomentInput(),
        help_text="Empty: from now on. In your own time zone.",
    )
    reason = forms.CharField(**REASON)  # type: ignore[arg-type]


class PartnerField(forms.CharField):
    """A partner by reference, of those in the actor's sight."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.actor: Actor | None = None

    def clean(self, value: Any) -> Partner | None:
        text = super().clean(value).strip().upper()
        if not text:
            return None
        assert self.actor is not None
        found = selectors.partners_for(self.actor).filter(reference=text).first()
        if found is None:
            raise forms.ValidationError(f"There is no partner {text}.")
        return found


class MoveForm(WhenForm):
    parent = PartnerField(
        label="New parent", required=False, help_text="A reference such as P-2026-000012."
    )
    top = forms.BooleanField(label="Nobody: to the top of the tree", required=False)
    field_order = ("parent", "top", "from_at", "reason")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].actor = actor  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if not self.errors and bool(values.get("parent")) == bool(values.get("top")):
            self.add_error("parent", "Give the new parent, or tick that there is none.")
        return values


class NewPartnerForm(forms.Form):
    parent = PartnerField(label="Under", required=False, help_text="Empty: at the top of the tree.")
    agreement = forms.ModelChoiceField(
        label="Agreement", queryset=Agreement.objects.none(), required=False
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].actor = actor  # type: ignore[attr-defined]
        self.fields["agreement"].queryset = published(actor)  # type: ignore[attr-defined]


class AssignForm(WhenForm):
    agreement = forms.ModelChoiceField(label="Agreement", queryset=Agreement.objects.none())
    field_order = ("agreement", "from_at", "reason")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agreement"].queryset = published(actor)  # type: ignore[attr-defined]


def published(actor: Actor) -> Any:
    rows = selectors.agreements(actor).filter(versions__state=VersionState.PUBLISHED)
    return rows.distinct().order_by("name")


class AttributeForm(WhenForm):
    client = forms.CharField(
        label="Client", max_length=20, help_text="A reference such as C-2026-000123."
    )
    field_order = ("client", "from_at", "reason")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def clean_client(self) -> Client:
        text = self.cleaned_data["client"].strip().upper()
        found = clients.client_by_reference(self.actor, text)
        if found is None:
            raise forms.ValidationError(f"There is no client {text}.")
        return found


class ReasonForm(forms.Form):
    reason = forms.CharField(**REASON)  # type: ignore[arg-type]


class PayoutForm(forms.Form):
    currency = forms.ChoiceField(label="Currency")
    until = forms.DateTimeField(
        label="Deals before",
        required=False,
        widget=MomentInput(),
        help_text="Empty: up to now.",
    )
    minimum = AmountField(
        label="At least",
        required=False,
        min_value=Decimal(0),
        max_digits=14,
        decimal_places=8,
        help_text="Below that nothing is proposed.",
    )

    def __init__(self, currencies: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(c, c) for c in currencies]  # type: ignore[attr-defined]


class AgreementForm(forms.Form):
    name = forms.CharField(label="Name", max_length=80)
    currency = forms.ChoiceField(label="Currency")

    def __init__(self, currencies: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(c, c) for c in currencies]  # type: ignore[attr-defined]


class VersionForm(forms.Form):
    """The terms of a version; the table of rates is read from the post beside it."""

    effective_from = forms.DateTimeField(
        label="In force from",
        widget=MomentInput(),
        help_text="Reaching back, it changes unpaid commissions only.",
    )
    minimum_holding_s = forms.IntegerField(
        label="Shortest holding time",
        min_value=0,
        required=False,
        help_text="In seconds; positions closed sooner are not paid for.",
    )
    pays_self_referral = forms.BooleanField(
        label="Pay partners for their own trades", required=False
    )


def rate_rows(data: Any, version: AgreementVersion | None) -> list[tuple[str, list[str]]]:
    """The table of rates as it is shown: what was posted, else the version's, and blank rows."""
    if data is not None:
        count = min(len(data.getlist("pattern")), rules.RATES_MAX)
        patterns = data.getlist("pattern")[:count]
        tiers = [
            data.getlist(f"tier-{tier}")[:count] for tier in range(1, tiers_shown(version) + 1)
        ]
        return [
            (pattern, [column[row] if row < len(column) else "" for column in tiers])
            for row, pattern in enumerate(patterns)
        ]
    width = tiers_shown(version)
    stored = version.rates if version else [{"pattern": "*", "amounts": []}]
    rows = [(rate["pattern"], [*rate["amounts"], *[""] * width][:width]) for rate in stored]
    return [*rows, *[("", [""] * width)] * RATE_ROWS_SPARE]


def tiers_shown(version: AgreementVersion | None) -> int:
    widest = max((len(rate["amounts"]) for rate in version.rates), default=0) if version else 0
    return min(max(TIERS_SHOWN, widest + 1), rules.TIERS_MAX)


def starting(version: AgreementVersion | None) -> dict[str, Any]:
    """What the editor begins with: the draft, or the newest version from now on."""
    if version is None:
        return {"effective_from": now(), "minimum_holding_s": 0}
    is_draft = version.state != VersionState.PUBLISHED
    return {
        "effective_from": version.effective_from if is_draft else now(),
        "minimum_holding_s": version.minimum_holding_s,
        "pays_self_referral": version.pays_self_referral,
    }
