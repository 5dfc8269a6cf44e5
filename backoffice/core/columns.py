"""Reading only the columns that are shown: most of a row's cost is making Python objects of it."""

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet

RowT = TypeVar("RowT", bound=Model)


def narrowed(
    rows: QuerySet[RowT], columns: Sequence[str], **related: Sequence[str]
) -> QuerySet[RowT]:
    """``rows`` with these columns, joined with these columns of what they refer to, and no more.

    A column that is left out is read by itself when it is touched: the page's pinned count of
    statements shows it.
    """
    names = [f"{path}__{name}" for path, wanted in related.items() for name in wanted]
    return rows.select_related(None).select_related(*related).only(*columns, *names)
