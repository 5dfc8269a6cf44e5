"""Lists, declared: columns, filters, order, segments, export. One kit for every list page."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django_filters import FilterSet

from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from backoffice.portal import keyset
from backoffice.portal.actions import Button
from backoffice.portal.templatetags import portal as tags
from backoffice.staff.access import StaffRequest

PAGE_SIZE = 50
SEARCHED_MAX = 1_000
INDENTATION = re.compile(r"\n\s+")
KEPT_OUT = {"after", "before"}  # what a change of filter, order or columns starts over


@dataclass(frozen=True)
class Column:
    """One column. ``value`` reads a row; ``show`` turns that into HTML (by its type otherwise).

    ``link`` makes the cell lead somewhere. ``order`` is the field to sort by (not null, indexed).
    ``needs`` hides the column, in the page and in exports, from who lacks the permission.
    ``masked`` shows dots instead to who may not see personal data.
    """

    name: str
    label: str
    value: Callable[[Any], Any]
    show: Callable[[Any], SafeString | str] | None = None
    link: Callable[[Any], str] | None = None
    order: str = ""
    num: bool = False
    grow: bool = False
    fixed: bool = False
    shown: bool = True
    needs: str = ""
    masked: bool = False

    def cell(self, row: Any, actor: Actor) -> SafeString | str:
        value = self.value(row)
        if self.masked and value and not actor.can(FULL_DATA):
            return MASK
        if value is None and not self.show:
            return ""  # the style sheet writes the dash of an empty cell
        if self.show:
            return self.show(value)
        return tags.brief_time(value) if isinstance(value, datetime) else tags.shown(value)

    def plain(self, row: Any, actor: Actor) -> Any:
        """For exports: the value itself, masked as on the page."""
        value = self.value(row)
        return MASK if self.masked and value and not actor.can(FULL_DATA) else value


FULL_DATA = "staff.view_full_data"
MASK = "•••••"


@dataclass(frozen=True)
class Segment:
    """A fixed cut of a list: ``narrow`` filters it; ``count`` shows a bounded number beside it."""

    name: str
    label: str
    narrow: Callable[[QuerySet[Any], Actor], QuerySet[Any]]
    count: bool = False


@dataclass(frozen=True)
class Empty:
    """What will appear here and how to get it."""

    title: str
    text: str = ""
    icon: str = "inbox"
    action: str = ""
    url: Callable[[], str] | None = None


@dataclass(frozen=True)
class Bulk:
    """What may be done with several rows at once: one POST of what was chosen (``selected``).

    ``value(row)`` is what is sent of a row; empty, it can't be chosen. ``amount(row)`` is summed
    up before anything is sent. ``prepare`` of the list reads what these need.
    """

    buttons: Sequence[Button]
    may: Callable[[Actor], bool]
    value: Callable[[Any], str]
    amount: Callable[[Any], Money | None]


@dataclass(frozen=True)
class ListPage:
    """A list. ``rows(actor)`` is its selector: by tenant and desks, with what columns need.

    ``query`` of the address holds everything: filters, ``sort``, ``columns``, ``segment``,
    ``after``/``before``. ``buttons(actor)`` are the page's own actions.
    """

    code: str
    title: str
    permission: str
    rows: Callable[[Actor], QuerySet[Any]]
    columns: Sequence[Column]
    empty: Empty
    filters: type[FilterSet] | None = None
    order: str = "-id"
    segments: Sequence[Segment] = ()
    buttons: Callable[[Actor], Sequence[Button]] = lambda actor: ()
    prepare: Callable[[Actor, Sequence[Any]], Sequence[Any]] = lambda actor, rows: rows
    note: str = ""
    #: Counted no further. Fewer where each row counted costs a join or many counts are shown.
    count_max: int = keyset.COUNT_MAX
    #: Rows of a page. Fewer where a row is heavy: a page weighs no more than 60 KB.
    page_size: int = PAGE_SIZE
    exportable: bool = True
    template: str = "portal/list.html"
    bulk: Callable[[], Bulk] | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        assert len(names) == len(set(names)), self.code


_pages: dict[str, ListPage] = {}


def register(page: ListPage) -> ListPage:
    """Make a list known by its code, for exports and saved views."""
    _pages[page.code] = page
    return page


def page_by_code(code: str) -> ListPage:
    if code not in _pages:
        raise InvalidInput("There is no such list.")
    return _pages[code]


def pages() -> Iterable[ListPage]:
    return _pages.values()


@dataclass
class ListState:
    """A list page together with what one address asks of it."""

    page: ListPage
    actor: Actor
    params: QueryDict
    filterset: Any = field(init=False, default=None)
    rows: QuerySet[Any] = field(init=False)

    def __post_init__(self) -> None:
        rows = self.page.rows(self.actor)
        if self.page.filters is not None:
            self.filterset = self.page.filters(self.params, queryset=rows)
            if self.filterset.is_valid():
                rows = self.filterset.qs
        self.before_segment = rows
        segment = self.segment
        self.rows = segment.narrow(rows, self.actor) if segment else rows

    @property
    def segment(self) -> Segment | None:
        asked = self.params.get("segment", "")
        found = [segment for segment in self.page.segments if segment.name == asked]
        return next(iter([*found, *self.page.segments]), None)

    @property
    def order(self) -> str:
        """The order asked for, when a column offers it; else the list's own."""
        asked = self.params.get("sort", "")
        offered = {column.order for column in self.page.columns if column.order}
        return asked if asked.removeprefix("-") in offered else self.page.order

    @property
    def allowed(self) -> list[Column]:
        return [c for c in self.page.columns if not c.needs or self.actor.can(c.needs)]

    @property
    def count_max(self) -> int:
        """Words typed cost a search for each row counted."""
        return (
            min(self.page.count_max, SEARCHED_MAX) if self.params.get("q") else self.page.count_max
        )

    def count(self, rows: QuerySet[Any]) -> int:
        return keyset.bounded_count(rows, self.count_max, order=self.page.order)

    @property
    def columns(self) -> list[Column]:
        asked = [name for name in self.params.get("columns", "").split(",") if name]
        if not asked:
            return [column for column in self.allowed if column.shown or column.fixed]
        return [column for column in self.allowed if column.fixed or column.name in asked]

    def address(self, **changes: str) -> str:
        """This list's query string with some parameters changed and paging started over."""
        kept = {k: v for k, v in self.params.items() if k not in KEPT_OUT and v}
        kept |= changes
        return "?" + urlencode({key: value for key, value in kept.items() if value})


def list_response(
    request: StaffRequest, page: ListPage, extra: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The list as a page, or as its body alone for HTMX."""
    state = ListState(page, request.actor, request.GET)
    context = list_context(state) | dict(extra or {})
    context["page_path"] = request.path
    context["saved_views"] = _saved_views(request, page)
    template = "portal/list_body.html" if request.htmx else page.template
    return HttpResponse(squeezed(render_to_string(template, context, request)))


def squeezed(html: str) -> str:
    """Without the indentation of templates, a tenth of a list's weight; text areas keep theirs."""
    return html if "<textarea" in html or "<pre" in html else INDENTATION.sub("\n", html)


def list_context(state: ListState) -> dict[str, Any]:
    page, actor, params = state.page, state.actor, state.params
    found = keyset.keyset_page(
        state.rows,
        order=state.order,
        size=page.page_size,
        after=params.get("after", ""),
        before=params.get("before", ""),
    )
    rows = page.prepare(actor, found.rows)
    whole = not (found.newer or found.older or params.get("after") or params.get("before"))
    count = len(found.rows) if whole else state.count(state.rows)
    columns = state.columns
    openings = [(column, _opening(column)) for column in columns]
    bulk = page.bulk() if page.bulk else None
    bulk = bulk if bulk and bulk.may(actor) and any(map(bulk.value, rows)) else None
    return {
        "title": page.title,
        "list": page,
        "state": state,
        "count": count,
        "count_text": keyset.count_text(count, state.count_max),
        "heads": [_head(state, column) for column in columns],
        "rows": [_cells(openings, row, actor, bulk) for row in rows],
        "bulk": bulk,
        "segments": _segments(state, count),
        "filters": _filters(state),
        "filtered": bool(state.filterset is not None and state.filterset.form.changed_data),
        "columns": _chooser(state),
        "kept": [(k, v) for k, v in params.items() if k not in KEPT_OUT | {"columns"}],
        "chosen": ",".join(column.name for column in columns),
        "newer_url": state.address(before=found.newer) if found.newer else "",
        "older_url": state.address(after=found.older) if found.older else "",
        "buttons": page.buttons(actor),
        "may_export": page.exportable and actor.can("staff.export_data"),
        "export_query": state.address().lstrip("?"),
        "empty": page.empty,
    }


def _head(state: ListState, column: Column) -> dict[str, Any]:
    head: dict[str, Any] = {"column": column, "sort_url": "", "direction": ""}
    if column.order:
        ascending, descending = column.order, f"-{column.order}"
        now_descending = state.order == descending
        head["sort_url"] = state.address(sort=ascending if now_descending else descending)
        if state.order in (ascending, descending):
            head["direction"] = "descending" if now_descending else "ascending"
    return head


def _cells(
    columns: Sequence[tuple[Column, str]], row: Any, actor: Actor, bulk: Bulk | None
) -> dict[str, Any]:
    """The row's cells as HTML: written here, since a template takes four times as long."""
    cells, first = [_box(bulk, row)] if bulk else [], ""
    for column, opening in columns:
        html: str = conditional_escape(column.cell(row, actor))
        url = column.link(row) if column.link and html else ""
        if url:
            # The first link is the row's own: the keyboard opens it.
            mark = "" if first else " data-open"
            html = f'<a class="row-link" href="{escape(url)}"{mark}>{html}</a>'
            first = first or url
        cells.append(f"{opening}{html}")  # HTML closes a cell by itself
    return {"row": row, "html": mark_safe("".join(cells)), "url": first}  # noqa: S308 - escaped


def _box(bulk: Bulk, row: Any) -> str:
    """The cell that chooses a row."""
    value, money = bulk.value(row), bulk.amount(row)
    if not value:
        return '<td class="select"><span class="hidden-text">On its own page</span>'
    sum_ = f' data-sum="{money.amount:f} {money.currency}"' if money else ""
    # As short as it can be: fifty of them stand on a page.
    return (
        f'<td class="select"><label><input type=checkbox data-select name=selected'
        f' value="{escape(value)}"{sum_} aria-label="{escape(str(row))}"></label>'
    )


def _opening(column: Column) -> str:
    classes = " ".join(name for name in ("num", "grow") if getattr(column, name))
    return f'<td class="{classes}">' if classes else "<td>"


def _segments(state: ListState, shown: int) -> list[dict[str, Any]]:
    """``shown`` is the list's own count, which the active segment need not ask for again."""
    active = state.segment
    found = []
    for segment in state.page.segments:
        count = ""
        if segment.count:
            most, number = state.count_max, shown
            if segment is not active:
                narrowed = segment.narrow(state.before_segment, state.actor)
                number = state.count(narrowed)
            count = keyset.count_text(number, most)
        found.append(
            {
                "label": segment.label,
                "url": state.address(segment=segment.name),
                "active": segment is active,
                "count": count,
            }
        )
    return found


def _filters(state: ListState) -> list[dict[str, Any]]:
    if state.filterset is None:
        return []
    form = state.filterset.form
    chips = []
    for name in form.fields:
        bound = form[name]
        given = state.params.get(name, "")
        chips.append(
            {
                "field": bound,
                "label": bound.label,
                "set": bool(given),
                "value": _choice_label(bound, given),
                "clear_url": state.address(**{name: ""}),
                "errors": bound.errors,
            }
        )
    return chips


def _choice_label(bound: Any, value: str) -> str:
    for key, label in getattr(bound.field, "choices", ()):
        if str(key) == value:
            return str(label)
    return value


def _chooser(state: ListState) -> list[dict[str, Any]]:
    chosen = {column.name for column in state.columns}
    return [
        {
            "name": column.name,
            "label": column.label,
            "shown": column.name in chosen,
            "fixed": column.fixed,
        }
        for column in state.allowed
    ]


def _saved_views(request: StaffRequest, page: ListPage) -> list[dict[str, Any]]:
    from backoffice.portal.selectors import saved_views

    now_query = request.GET.urlencode()
    return [
        {"view": view, "url": f"?{view.query}", "active": view.query == now_query}
        for view in saved_views(request.actor, page.code)
    ]
