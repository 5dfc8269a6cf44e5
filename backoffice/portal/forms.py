"""How forms become HTML: as Django's templates write it, selects and inputs in Python.

Django renders two templates for each option, three for an input. A list of countries, twice on a
page, took 80 ms; the filters of a list three.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

SELECT = "django/forms/widgets/select.html"
OPTION = "django/forms/widgets/select_option.html"
INPUTS = frozenset(
    f"django/forms/widgets/{kind}.html"
    for kind in ("input", "text", "number", "email", "url", "date", "datetime", "time", "hidden")
)
DASHES, NOTHING_CHOSEN = BLANK_CHOICE_DASH[0][1], "–"


class FormRenderer(DjangoTemplates):
    """``FORM_RENDERER``."""

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> str:
        if template_name == SELECT:
            return self._select(context["widget"])
        if template_name in INPUTS:
            return _input(context["widget"])
        return super().render(template_name, context, request)

    def _select(self, widget: Mapping[str, Any]) -> SafeString:
        parts = [f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>']
        for group, options, _ in widget["optgroups"]:
            if group:
                parts.append(f'<optgroup label="{escape(group)}">')
            parts += [self._option(option) for option in options]
            if group:
                parts.append("</optgroup>")
        parts.append("</select>")
        return mark_safe("\n".join(parts))  # noqa: S308 - each part is escaped

    def _option(self, option: dict[str, Any]) -> str:
        if option["template_name"] != OPTION:
            return self.render(option["template_name"], {"widget": option})
        chosen = NOTHING_CHOSEN if option["label"] == DASHES else option["label"]
        value, label = conditional_escape(str(option["value"])), conditional_escape(chosen)
        # HTML ends an option by itself: two kilobytes of a list that filters by country.
        return f'<option value="{value}"{_attributes(option["attrs"])}>{label}'


def _input(widget: Mapping[str, Any]) -> SafeString:
    given = "" if widget["value"] is None else _attribute("value", str(widget["value"]))
    start = f'<input type="{escape(widget["type"])}" name="{escape(widget["name"])}"'
    return mark_safe(f"{start}{given}{_attributes(widget['attrs'])}>")  # noqa: S308 - escaped


def _attributes(given: Mapping[str, Any]) -> str:
    return "".join(_attribute(name, value) for name, value in given.items() if value is not False)


def _attribute(name: str, value: Any) -> str:
    if value is True:
        return f" {escape(name)}"
    return f' {escape(name)}="{conditional_escape(str(value))}"'
