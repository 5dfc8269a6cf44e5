"""Filters of lists that an index serves."""

from datetime import date, datetime, time
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from backoffice.portal.selectors import id_floor


class SinceFilter(django_filters.DateFilter):  # type: ignore[misc]
    """Made on a day or later, in the viewer's time zone: by the moment that ids begin with.

    The list's own index serves it; a cast of a column to its date is served by none. ``happened``
    names a field that is compared too, for facts that came in after they happened.
    """

    def __init__(self, *args: Any, happened: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.happened = happened

    def filter(self, rows: QuerySet[Any], value: date | None) -> QuerySet[Any]:
        if value is None:
            return rows
        start = timezone.make_aware(datetime.combine(value, time.min))
        rows = rows.filter(id__gte=id_floor(start))
        return rows.filter(**{f"{self.happened}__gte": start}) if self.happened else rows


class ReferenceFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Exact, since a row's reference is indexed; typed in any case, as references are upper."""

    def filter(self, rows: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        return super().filter(rows, value.upper() if value else value)  # type: ignore[no-any-return]
