"""Open work items: what stands in the queues of a brokerage on an ordinary day."""

from collections.abc import Iterator, Sequence

from django.db import models

from backoffice.workflow.models import WorkItem
from backoffice.workflow.queues import queues
from operations.load.bulk import Bulk, blocks
from operations.load.size import Size, Whole, texts

DUE_MS = 4 * 3_600_000
URGENT_EVERY = 25


def waiting(
    size: Size,
    bulk: Bulk,
    queue: str,
    model: type[models.Model],
    ids: Sequence[str],
    moments: Whole,
    desks: Sequence[str],
) -> None:
    """One open item per subject, late ones among them. Nothing when there is no such queue."""
    if queue not in queues:
        return
    bulk.copy(
        WorkItem,
        "id subject_id desk_id urgent opened_at due_at",
        blocks(_items(size, queue, ids, moments, desks)),
        rows=len(ids),
        constants={"queue": queue, "subject_type": model._meta.label_lower},
    )


def _items(
    size: Size, queue: str, ids: Sequence[str], moments: Whole, desks: Sequence[str]
) -> Iterator[str]:
    own, opened, due = size.ids(f"item {queue}", moments), texts(moments), texts(moments + DUE_MS)
    for n, subject in enumerate(ids):
        urgent = "t" if n % URGENT_EVERY == 0 else "f"
        yield f"{own[n]}\t{subject}\t{desks[n]}\t{urgent}\t{opened[n]}\t{due[n]}\n"
