"""The business days."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.portal.actions import Button
from backoffice.portal.figures import day_text
from backoffice.portal.lists import Column, Empty, ListPage, Segment, register
from backoffice.portal.templatetags import portal as tags
from reporting.day_close.services import CLOSE
from reporting.models import BusinessDay
from reporting.states import DAY_COLOURS, DayState

VIEW = "reporting.view_report"


def days(actor: Actor) -> QuerySet[BusinessDay]:
    return BusinessDay.objects.filter(tenant_id=actor.tenant_id)


def badge(row: BusinessDay) -> Any:
    return tags.badge(DAY_COLOURS[DayState(row.state)], row.get_state_display())


def _covers(row: BusinessDay) -> str:
    return f"{day_text(row.first_day)} to {day_text(row.day)}" if row.first_day < row.day else ""


def _buttons(actor: Actor) -> list[Button]:
    if not actor.can(CLOSE):
        return []
    url = reverse("reporting:day-policy")
    return [Button("When a day can be closed", url, icon="adjustments-horizontal", method="get")]


DAYS = register(
    ListPage(
        code="reporting.days",
        title="Day close",
        permission=VIEW,
        rows=days,
        order="-day",
        buttons=_buttons,
        note="Each business day is verified, signed by two people and closed, in order. Nothing "
        "can be booked into a closed day any more.",
        segments=[
            Segment("all", "All", lambda rows, actor: rows),
            Segment("open", "Not closed", lambda rows, actor: rows.exclude(state="closed"), True),  # noqa: FBT003
            Segment("closed", "Closed", lambda rows, actor: rows.filter(state="closed")),
        ],
        columns=[
            Column(
                "day",
                "Day",
                lambda r: r.day,
                order="day",
                link=lambda r: reverse("reporting:day", args=[r.pk]),
                fixed=True,
            ),
            Column("weekday", "Weekday", lambda r: f"{r.day:%A}"),
            Column("covers", "Covers", _covers, grow=True),
            Column("state", "State", lambda r: r, show=badge),
            Column("asked", "Asked by", lambda r: r.asked_by or None),
            Column("closed", "Closed by", lambda r: r.closed_by or None),
            Column("closed_at", "Closed", lambda r: r.closed_at),
        ],
        empty=Empty(
            "No business day yet",
            "Each day appears here by itself when it begins.",
            icon="calendar-event",
        ),
    )
)
