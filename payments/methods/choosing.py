"""The choice of a method in a form for one client: what is closed is shown with its reason."""

from collections.abc import Sequence
from typing import Any

from django import forms

from backoffice.core.money import Money
from payments.methods.fees import FeeTerms
from payments.methods.selectors import ForClient, InCurrency
from payments.methods.states import Payer
from payments.models import Method


class _Select(forms.Select):
    """Options that are closed can't be chosen."""

    closed: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.closed:
            option["attrs"]["disabled"] = True
        return option


class MethodField(forms.ChoiceField):
    """``offer`` says which there are; cleaned, it is the ``Method``. A closed one that is sent all
    the same is the service's to refuse, with its reason."""

    widget: Any = _Select

    def __init__(self, **kwargs: Any) -> None:
        self.offered: dict[str, Method] = {}
        super().__init__(label="Method", **kwargs)

    def clean(self, value: Any) -> Any:
        return self.offered[super().clean(value)]

    def offer(self, lines: Sequence[ForClient]) -> None:
        self.offered = {str(line.method.pk): line.method for line in lines}
        self.choices = [(str(line.method.pk), _label(line)) for line in lines]
        self.widget.closed = frozenset(
            str(line.method.pk) for line in lines if not line.answer.is_open
        )
        is_open = (str(line.method.pk) for line in lines if line.answer.is_open)
        self.initial = next(is_open, None)


def _label(line: ForClient) -> str:
    return line.method.name if line.answer.is_open else f"{line.method.name} (closed)"


def table(lines: Sequence[ForClient]) -> list[dict[str, Any]]:
    """The methods beside the form: each currency with its bounds, what is left and its fee."""
    return [
        {
            "name": line.method.name,
            "answer": line.answer,
            "currencies": [_currency(each) for each in line.currencies],
        }
        for line in lines
    ]


def _currency(line: InCurrency) -> dict[str, Any]:
    terms, left = line.terms, line.left
    most = None if terms.amount_max is None else Money.rounded(terms.amount_max, terms.currency)
    return {
        "currency": terms.currency,
        "least": Money.rounded(terms.amount_min, terms.currency),
        "most": most,
        "day": left.day,
        "month": left.month,
        "fee": fee_in_words(terms.fee),
    }


def fee_in_words(terms: FeeTerms) -> str:
    said = str(terms)
    if said == "none" or terms.payer == Payer.HOUSE:
        return said
    return f"{said}, paid by the client"
