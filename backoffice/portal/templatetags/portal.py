"""Template tags of the portal: one each for badge, money, time, actor, reference and small figures.

`{% load portal %}`. Every tag answers safe HTML without inline style; see docs/portal-kit.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from html import escape
from typing import Any
from uuid import uuid4

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from backoffice.core import clock
from backoffice.portal import figures
from backoffice.portal.addresses import site

register = template.Library()

STATE_COLOURS = frozenset({"neutral", "going", "attention", "good", "bad", "held"})
DIRECTIONAL_ICONS = frozenset(
    {
        "arrow-left",
        "arrow-right",
        "chevron-left",
        "chevron-right",
        "chevrons-left",
        "chevrons-right",
    }
)
SOON_MINUTES = 30


def _colour(name: str) -> str:
    if name not in STATE_COLOURS:
        raise ValueError(f"{name!r} is no state colour; one of {', '.join(sorted(STATE_COLOURS))}")
    return name


@register.simple_tag
def form_key() -> SafeString:
    """Names this form for ``backoffice.portal.once``: sent twice, it is done once."""
    return format_html('<input type="hidden" name="form_key" value="{}">', uuid4().hex)


@register.simple_tag
def still(template_name: str) -> SafeString:
    """A part of the frame that is the same on every page: nothing of the request, the person or
    the brokerage is in it. It is rendered once for each language."""
    if settings.DEBUG:  # whoever edits it wants to see it
        return render_to_string(template_name)
    return _still(template_name, get_language(), site())


@lru_cache(maxsize=256)
def _still(template_name: str, language: str | None, site: tuple[str, str]) -> SafeString:
    """``language`` and ``site`` are all that such a part depends on."""
    return render_to_string(template_name)


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """An icon of the sprite, silent for screen readers unless it alone has meaning (`label`)."""
    classes = "ic ic-directional" if name in DIRECTIONAL_ICONS else "ic"
    if extra:
        classes = f"{classes} {extra}"
    meaning = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" {}><use href="{}#i-{}"/></svg>',
        classes,
        meaning,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def badge(state: Any, word: str = "", *, look: str = "", hint: str = "") -> SafeString:
    """A state in word, colour and shape.

    `state` is a colour name with `word` beside it, or anything with `.colour` and `.label` (a state
    of a state machine). `look` is "", "plain" or "outline"; `hint` is shown on hover.
    """
    text = word or getattr(state, "label", "")
    return _badge(str(getattr(state, "colour", state)), str(text), look, str(hint))


@lru_cache(maxsize=1024)
def _badge(colour: str, text: str, look: str, hint: str) -> SafeString:
    """A list writes the same few badges hundreds of times."""
    classes = f"state is-{_colour(colour)} is-{look}" if look else f"state is-{_colour(colour)}"
    title = format_html(' title="{}"', hint) if hint else ""
    return format_html('<span class="{}"{}>{}</span>', classes, title, text)


@register.simple_tag
def dot(colour: str, label: str = "") -> SafeString:
    """The shape of a state alone, before a line that says the rest; `label` for screen readers."""
    words = format_html('<span class="hidden-text">{}</span>', label) if label else ""
    return format_html('<i class="dot is-{}"></i>{}', _colour(colour), words)


@register.simple_tag
def money(value: Any, currency: str = "", *, signed: bool = False) -> SafeString:
    """A Money, or an amount with its currency: tabular digits, a real minus, currency lighter."""
    if value is None or value == "":
        return format_html('<span class="muted">{}</span>', figures.NOTHING)
    amount = getattr(value, "amount", value)
    currency = currency or getattr(value, "currency", "")
    digits = figures.amount_text(amount, str(currency), signed=signed)
    if not currency:
        return _html(f'<span class="money">{escape(digits)}</span>')
    return _html(
        f'<span class="money">{escape(digits)}<span class="cur">{escape(currency)}</span></span>'
    )


@register.simple_tag
def number(value: Decimal | int | None, *, signed: bool = False) -> SafeString:
    """A count or a quantity with grouping and a real minus."""
    if value is None:
        return format_html("{}", figures.NOTHING)
    return conditional_escape(figures.amount_text(value, signed=signed))


def _hover(moment: dt.datetime) -> str:
    local = timezone.localtime(moment)
    exact = f"{figures.moment_text(local)} {local.tzname()}"
    if not local.utcoffset():
        return exact
    return f"{exact} ({figures.moment_text(moment.astimezone(dt.UTC))} UTC)"


def _stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.simple_tag
def time(moment: dt.datetime | dt.date | None, *, exact: bool = False) -> SafeString:
    """A moment as a distance (`42 min`), exact on hover; `exact` for what a regulator reads.

    A plain date is written as one. Moments are aware; they show in the viewer's zone, UTC on hover.
    """
    if moment is None:
        return format_html('<span class="muted">{}</span>', figures.NOTHING)
    if not isinstance(moment, dt.datetime):
        return format_html(
            '<time datetime="{}">{}</time>', moment.isoformat(), figures.day_text(moment)
        )
    if exact:
        shown = figures.moment_text(timezone.localtime(moment))
        mark = ""
    else:
        shown = figures.relative_text(moment, clock.now())
        mark = ' data-time="ago"'
    return _time(moment, shown, mark)


def _time(moment: dt.datetime, text: str, mark: str = "") -> SafeString:
    """``mark`` are attributes that need no escaping."""
    stamp, hover = _stamp(moment), escape(_hover(moment))
    return _html(f'<time datetime="{stamp}" title="{hover}"{mark}>{escape(text)}</time>')


def _html(text: str) -> SafeString:
    """What the line that calls this has put together of escaped parts: columns of a list write
    hundreds of figures, for which ``format_html`` takes several times as long."""
    return mark_safe(text)  # noqa: S308 - its parts are escaped


def brief_time(moment: dt.datetime) -> SafeString:
    """A moment in a column of a list, to the minute; to the second and in UTC on hover."""
    local = timezone.localtime(moment)
    return _time(moment, figures.brief_text(local, timezone.localtime(clock.now())))


@register.simple_tag
def age(since: dt.datetime | None) -> SafeString:
    """How long something waits, `00:42`, kept running in the browser."""
    if since is None:
        return format_html("{}", figures.NOTHING)
    waited = figures.clock_text((clock.now() - since).total_seconds())
    return _time(since, waited, ' data-time="age"')


@register.simple_tag
def due(deadline: dt.datetime | None, *, soon_minutes: int = SOON_MINUTES) -> SafeString:
    """What is left of a deadline, `in 3:18`, amber when it is soon, red `late 1:10`."""
    if deadline is None:
        return format_html("{}", figures.NOTHING)
    now = clock.now()
    left_s = (deadline - now).total_seconds()
    tone = "is-late" if left_s < 0 else "is-soon" if left_s < soon_minutes * 60 else "text-2"
    stamp, hover = _stamp(deadline), escape(_hover(deadline))
    return _html(
        f'<time class="{tone}" datetime="{stamp}" title="{hover}" data-time="due"'
        f' data-soon="{int(soon_minutes)}">{escape(figures.due_text(deadline, now))}</time>'
    )


def _name_of(who: Any) -> str:
    if isinstance(who, str):
        return who
    full = getattr(who, "get_full_name", None)
    return (full() if callable(full) else "") or getattr(who, "name", "") or str(who)


@register.simple_tag
def actor(who: Any, *, face: bool = True) -> SafeString:
    """The person or the machine that did something: initials and name; nobody is the system."""
    if who is None or who == "":
        label = gettext("System")
        return format_html('<span class="actor">{}{}</span>', icon("robot") if face else "", label)
    name = _name_of(who)
    if not face:
        return format_html('<span class="actor">{}</span>', name)
    return format_html(
        '<span class="actor">{}{}</span>',
        format_html(
            '<span class="avatar-dot is-small" aria-hidden="true">{}</span>', figures.initials(name)
        ),
        name,
    )


@register.filter
def shown(value: Any) -> SafeString:
    """Any value as the portal writes its kind: money, moments, numbers, yes and no, nothing."""
    if value is None or value == "":
        return format_html('<span class="muted">{}</span>', figures.NOTHING)
    if isinstance(value, bool):
        return conditional_escape(gettext("yes") if value else gettext("no"))
    if hasattr(value, "amount") and hasattr(value, "currency"):
        return money(value)
    if isinstance(value, dt.date):
        return time(value, exact=True)
    if isinstance(value, int | Decimal):
        return number(value)
    return conditional_escape(value)


@register.simple_block_tag
def panel(content: SafeString, title: str = "", *, note: str = "", extra: str = "") -> SafeString:
    """A box with a heading, `{% panel "Money" %}...{% endpanel %}`; the content has the padding."""
    remark = format_html('<span class="panel-note">{}</span>', note) if note else ""
    head = format_html('<header class="panel-head"><h2>{}</h2>{}</header>', title, remark)
    classes = f"panel {extra}".strip()
    return format_html(
        '<section class="{}">{}{}</section>', classes, head if title else "", content
    )


@register.simple_tag
def initials(name: str) -> str:
    """Two letters for an avatar."""
    return figures.initials(name)


@register.simple_tag
def ref(value: Any, url: str = "") -> SafeString:
    """A reference in monospace that copies itself on click; with `url` it leads there instead."""
    if value is None or value == "":
        return format_html('<span class="muted">{}</span>', figures.NOTHING)
    copy = gettext("Copy")
    if not url:
        return format_html(
            '<button type="button" class="ref" data-copy title="{}">{}</button>', copy, value
        )
    return format_html(
        '<a class="ref" href="{}">{}</a>'
        '<button type="button" class="ref-copy" data-copy="{}" aria-label="{} {}"></button>',
        url,
        value,
        value,
        copy,
        value,
    )


@register.simple_tag
def sparkline(
    values: Sequence[float | Decimal], label: str = "", *, inline: bool = False
) -> SafeString:
    """A line of numbers, oldest first, as SVG. `label` says in words what the line shows."""
    path = figures.spark_path(list(values))
    if not path:
        return mark_safe("")
    meaning = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" viewBox="0 0 100 26" preserveAspectRatio="none" {}><path d="{}"/></svg>',
        "spark is-inline" if inline else "spark",
        meaning,
        path,
    )


@register.simple_tag
def meter(
    value: Decimal | float, most: Decimal | float = 100, *, colour: str = "good", label: str = ""
) -> SafeString:
    """A thin bar of `value` out of `most` in a state colour; `label` names it."""
    return format_html(
        '<meter class="gauge is-{}" min="0" max="{}" value="{}" title="{}">{}</meter>',
        _colour(colour),
        most,
        value,
        label,
        value,
    )


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """This page's query string with some parameters replaced; `None` or "" takes one away."""
    request: HttpRequest = context["request"]
    params = request.GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            params.pop(name, None)
        elif isinstance(value, list | tuple):
            params.setlist(name, [str(item) for item in value])
        else:
            params[name] = str(value)
    return "?" + params.urlencode()
