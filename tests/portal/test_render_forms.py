"""Selects and inputs are written in Python; what comes out is what Django's own templates say."""

import re
from typing import Any

import pytest
from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from backoffice.portal.forms import FormRenderer

GROUPED = [
    ("Europe", [("AT", "Austria"), ("CI", "Côte d'Ivoire")]),
    ("<b>", [("x&y", "<i>")]),
    ("", "None"),
]


class Busy(forms.Select):
    """A widget of an app's own that marks one of its options."""

    def create_option(self, name: str, value: Any, *rest: Any, **more: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *rest, **more)
        option["attrs"] |= {"disabled": value == "b", "data-n": 3}
        return option


def _compact(html: str) -> str:
    return re.sub(r"\s*\n\s*", "", html).strip()


@pytest.mark.parametrize(
    ("widget", "value"),
    [
        (forms.Select(choices=[("", "Any"), ("a", "A & B"), ("b", "<script>")]), "b"),
        (forms.Select(choices=GROUPED, attrs={"required": True, "class": 'x"y'}), "CI"),
        (forms.Select(choices=[(1, mark_safe("<em>1</em>")), (True, "yes")]), 1),
        (forms.SelectMultiple(choices=[("a", "A"), ("b", "B"), ("c", "C")]), ["a", "c"]),
        (forms.NullBooleanSelect(), True),
        (Busy(choices=[("a", "A"), ("b", "B")]), None),
        (forms.RadioSelect(choices=[("a", "A"), ("b", "B")]), "a"),
        (forms.TextInput(attrs={"required": True, "class": 'x"y'}), "<b>"),
        (forms.NumberInput(attrs={"step": 0.01, "disabled": False}), 0),
        (forms.DateInput(), None),
        (forms.HiddenInput(), True),
        (forms.EmailInput(), ""),
        (forms.PasswordInput(), "never shown"),
    ],
)
def test_a_field_is_what_djangos_templates_write(widget: forms.Widget, value: Any) -> None:
    attrs = {"id": "id_x", "data-hint": format_html("{}", "<1>"), "hidden": False}
    ours = widget.render("na<me", value, attrs, renderer=FormRenderer())
    theirs = widget.render("na<me", value, attrs, renderer=DjangoTemplates())
    # An option ends where the next one begins: HTML asks for no closing tag.
    assert _compact(ours) == _compact(theirs).replace("</option>", "")


def test_what_is_not_chosen_yet_is_one_short_dash() -> None:
    widget = forms.Select(choices=[*BLANK_CHOICE_DASH, ("a", "A")])
    html = widget.render("name", None, {}, renderer=FormRenderer())
    assert re.findall(r"<option[^>]*>([^<\n]+)", html) == ["–", "A"]
