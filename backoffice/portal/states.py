"""States of batches and of their items."""

from django.db import models

from backoffice.core.transitions import machine


class BatchState(models.TextChoices):
    RUNNING = "running", "Being worked through"
    DONE = "done", "Worked through"
    STOPPED = "stopped", "Stopped"


_B = BatchState

BATCH = machine(
    "portal.batch",
    initial=_B.RUNNING,
    transitions={_B.RUNNING: {_B.DONE, _B.STOPPED}},
    final={_B.DONE, _B.STOPPED},
    labels=dict(_B.choices),
)

BATCH_COLOURS = {_B.RUNNING: "going", _B.DONE: "good", _B.STOPPED: "neutral"}


class ItemState(models.TextChoices):
    """Of an item; written once, with why."""

    WAITING = "waiting", "Waits"
    DONE = "done", "Approved"
    SKIPPED = "skipped", "Skipped"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    LEFT = "left", "Left"


ITEM_COLOURS = {
    ItemState.WAITING: "neutral",
    ItemState.DONE: "good",
    ItemState.SKIPPED: "attention",
    ItemState.REFUSED: "bad",
    ItemState.FAILED: "bad",
    ItemState.LEFT: "neutral",
}
