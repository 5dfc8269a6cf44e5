"""The page of a method as a form: what it is, its terms by currency, whom it serves, its hours."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from django import forms

from backoffice.core.context import current_tenant_id
from backoffice.portal.fields import AmountField
from backoffice.tenancy.scope import brokerage
from clients.models import Category, ClientKind
from payments.methods import services
from payments.methods.fees import FeeTerms
from payments.methods.hours import DAYS, WINDOWS_MAX, Window
from payments.methods.rules import Terms
from payments.methods.selectors import terms_of
from payments.methods.services import terms_field
from payments.methods.states import CountryRule, Direction, Payer
from payments.models import DepositPolicy, Destination, GatewayAccount, Method

_ZERO = Decimal(0)
WINDOWS_SHOWN = 2
# In the order of the table's columns; the words of their headings are the template's.
CELLS = (*services.AMOUNTS, "fee_fixed", "fee_percent", "fee_min", "fee_max")
LABELS = {
    "amount_min": "Least of a payment",
    "amount_max": "Most of a payment",
    "day_max": "Most of a client a day",
    "month_max": "Most of a client a month",
    "credit_max": "Credited at once up to",
    "fee_fixed": "Fee, fixed",
    "fee_percent": "Fee, percent",
    "fee_min": "Fee, at least",
    "fee_max": "Fee, at most",
}


def currencies() -> list[str]:
    tenant = brokerage()
    return list(tenant.currencies or [tenant.base_currency])


def _boxes(label: str, choices: Any, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


@dataclass(frozen=True)
class Row:
    """A line of the table of terms; a cell is None where there is nothing to say."""

    direction: Direction
    currency: str
    is_offered: forms.BoundField
    cells: Sequence[forms.BoundField | None]
    payer: forms.BoundField


class MethodForm(forms.Form):
    """``method`` is None for a new one. Terms are the fields named by ``terms_field``."""

    code = forms.SlugField(label="Code", max_length=30, help_text="For the API; it stays for good.")
    name = forms.CharField(label="Name", max_length=60)
    gateway = forms.ModelChoiceField(label="Gateway", queryset=GatewayAccount.objects.none())
    instrument = forms.ChoiceField(label="Paid with", choices=Destination.Kind.choices)
    takes_deposits = forms.BooleanField(label="For deposits", required=False, initial=True)
    makes_withdrawals = forms.BooleanField(label="For withdrawals", required=False, initial=True)
    active = forms.BooleanField(label="In use", required=False, initial=True)
    expires_minutes = forms.IntegerField(label="Minutes to pay", initial=60)
    refund_days = forms.IntegerField(
        label="Days in which it takes refunds",
        initial=180,
        min_value=0,
        help_text="Withdrawals go back to cards and wallets first, as long as they do.",
    )
    deposit_policy = forms.ChoiceField(label="Deposits are", choices=DepositPolicy.choices)
    country_rule = forms.ChoiceField(label="Clients who live in", choices=CountryRule.choices)
    countries = forms.CharField(
        label="Countries",
        required=False,
        max_length=1200,
        help_text="Codes of two letters, such as DE FR AT.",
    )
    categories = _boxes("Category", Category.choices, "None chosen: any.")
    kinds = _boxes("Kind of client", ClientKind.choices, "None chosen: any.")
    level_min = forms.IntegerField(
        label="KYC level at least", initial=0, min_value=0, max_value=services.LEVEL_MAX
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, method: Method | None, data: Any = None) -> None:
        super().__init__(data, initial=_initial(method))
        gateways = GatewayAccount.objects.filter(tenant_id=current_tenant_id())
        self.fields["gateway"].queryset = gateways.order_by("name")  # type: ignore[attr-defined]
        if method is not None:
            del self.fields["code"]
        known, kept = _terms(method), currencies()
        self._keys = _keys(known, kept)
        for key in self._keys:
            offered = key in known or (method is None and key[1] == kept[0])
            self._add_terms(*key, known.get(key), offered=offered)
        windows = [Window.parse(text) for text in method.hours] if method else []
        self._windows = min(max(len(windows) + 1, WINDOWS_SHOWN), WINDOWS_MAX)
        for number in range(self._windows):
            self._add_window(number, windows[number] if number < len(windows) else None)

    def _add_terms(
        self, direction: Direction, currency: str, terms: Terms | None, *, offered: bool
    ) -> None:
        def add(name: str, field: forms.Field) -> None:
            self.fields[terms_field(direction, currency, name)] = field

        where = f"{direction.label} in {currency}"
        add("offered", forms.BooleanField(
            label=where, required=False, initial=offered
        ))  # fmt: skip
        for name in CELLS:
            places = 4 if name == "fee_percent" else 8
            add(name, AmountField(
                label=f"{LABELS[name]}: {where}",
                required=False,
                max_digits=28,
                decimal_places=places,
                initial=_cell(terms, name),
                widget=forms.TextInput({"class": "form-control num", "inputmode": "decimal"}),
            ))  # fmt: skip
        add("fee_payer", forms.ChoiceField(
            label=f"Who pays the fee: {where}",
            choices=[(Payer.CLIENT, "Client"), (Payer.HOUSE, "Brokerage")],
            required=False,
            initial=terms.fee.payer if terms else Payer.CLIENT,
            widget=forms.Select({"class": "form-select"}),
        ))  # fmt: skip

    def _add_window(self, number: int, window: Window | None) -> None:
        days = _boxes(f"Days of window {number + 1}", list(enumerate(DAYS)))
        days.initial = [str(day) for day in window.days] if window else []
        self.fields[f"window_{number}_days"] = days
        for name, label in (("start", "from"), ("end", "until")):
            self.fields[f"window_{number}_{name}"] = forms.TimeField(
                label=label,
                required=False,
                initial=getattr(window, name) if window else None,
                widget=forms.TimeInput({"class": "form-control", "type": "time"}, format="%H:%M"),
            )

    # What the template shows

    def rows(self) -> list[Row]:
        def bound(key: tuple[Direction, str], name: str) -> forms.BoundField:
            return self[terms_field(*key, name)]

        return [
            Row(
                key[0],
                key[1],
                bound(key, "offered"),
                [
                    None
                    if name == "credit_max" and key[0] == Direction.WITHDRAWAL
                    else bound(key, name)
                    for name in CELLS
                ],
                bound(key, "fee_payer"),
            )
            for key in self._keys
        ]

    def windows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (
                self[f"window_{number}_days"],
                self[f"window_{number}_start"],
                self[f"window_{number}_end"],
            )
            for number in range(self._windows)
        ]

    def terms_errors(self) -> list[str]:
        """What is wrong in the table, each with its place: the cells are too narrow for it."""
        return [
            f"{self.fields[name].label}: {sentence}"
            for name, sentences in self.errors.items()
            if name in self.fields and name.startswith(tuple(Direction.values))
            for sentence in sentences
        ]

    # What was typed

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        typed["hours"] = list(self._hours(typed))
        typed["countries"] = [
            code.upper() for code in re.split(r"[\s,;]+", typed.get("countries") or "") if code
        ]
        return typed

    def _hours(self, typed: dict[str, Any]) -> Iterator[str]:
        for number in range(self._windows):
            names = [f"window_{number}_{name}" for name in ("days", "start", "end")]
            days, start, end = (typed.get(name) for name in names)
            if not days and start is None and end is None:
                continue
            if not days or not isinstance(start, time) or not isinstance(end, time):
                if not any(name in self.errors for name in names):
                    self.add_error(names[0], "A window has days, a beginning and an end.")
                continue
            yield str(Window(tuple(sorted(map(int, days))), start, end))

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in services.METHOD_FIELDS}

    def terms(self) -> list[Terms]:
        """Of the currencies that are ticked."""
        typed = self.cleaned_data
        return [
            self._typed(key, typed) for key in self._keys if typed.get(terms_field(*key, "offered"))
        ]

    def _typed(self, key: tuple[Direction, str], typed: dict[str, Any]) -> Terms:
        cell = {name: typed[terms_field(*key, name)] for name in CELLS}
        if key[0] == Direction.WITHDRAWAL:
            cell["credit_max"] = None
        fee = FeeTerms(
            cell["fee_fixed"] or _ZERO,
            cell["fee_percent"] or _ZERO,
            cell["fee_min"],
            cell["fee_max"],
            typed[terms_field(*key, "fee_payer")] or Payer.CLIENT,
        )
        limits = {name: cell[name] for name in services.AMOUNTS if name != "amount_min"}
        least = cell["amount_min"] or _ZERO
        return Terms(str(key[0]), key[1], amount_min=least, fee=fee, **limits)


def _initial(method: Method | None) -> dict[str, Any]:
    if method is None:
        return {}
    kept = {name: getattr(method, name) for name in services.METHOD_FIELDS if name != "hours"}
    return {
        **kept,
        "gateway": method.gateway_id,
        "countries": " ".join(method.countries),
        "version": method.version,
    }


def _terms(method: Method | None) -> dict[tuple[Direction, str], Terms]:
    rows = [] if method is None else method.terms.all()
    return {(Direction(row.direction), row.currency): terms_of(row) for row in rows}


def _keys(
    known: dict[tuple[Direction, str], Terms], kept: Sequence[str]
) -> list[tuple[Direction, str]]:
    """The brokerage's currencies, and what else there are terms for, in both directions."""
    codes = list(kept)
    codes += sorted({currency for _, currency in known} - set(codes))
    return [(direction, currency) for direction in Direction for currency in codes]


def _cell(terms: Terms | None, name: str) -> Decimal | None:
    """Nothing instead of a nought: an empty cell is no limit and no fee."""
    if terms is None:
        return None
    source = terms.fee if name in services.FEES else terms
    value: Decimal | None = getattr(source, services.FEES.get(name, name))
    return value or None


class TryForm(forms.Form):
    """Would this client get through with this amount, now?"""

    client = forms.CharField(label="Client", max_length=20, help_text="A reference: C-2026-000123.")
    direction = forms.ChoiceField(label="Direction", choices=Direction.choices)
    amount = AmountField(label="Amount", max_digits=20, decimal_places=8)
    currency = forms.ChoiceField(label="Currency")

    def __init__(self, codes: Sequence[str], data: Any = None) -> None:
        super().__init__(data, prefix="try")
        choice = self.fields["currency"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(code, code) for code in codes]
