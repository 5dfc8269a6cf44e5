"""The demo's first day at the bank: the firm puts money of its own in, so that what gateways still
hold of clients' money is covered meanwhile."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from backoffice.workflow.approvals import approval_vote
from operations.demo.payments import Till
from operations.demo.people import ENTITIES
from reconciliation.adjustments import adjustment_propose
from reconciliation.models import Break
from reconciliation.states import AdjustmentKind, BreakKind

if TYPE_CHECKING:
    from operations.demo.story import Story

AMOUNT = Decimal(10_000)
TEXT = "OWN FUNDS"


def own_funds(story: "Story") -> None:
    till, opened = story.till, story.demo.opened_at
    for currency in till.ibans:
        given = partial(till.receive, ENTITIES[till.merchant][0], AMOUNT, TEXT, currency)
        story.at(opened + timedelta(hours=3), given)
    story.at(opened + timedelta(days=1, hours=9), partial(_book, till))


def _book(till: Till) -> None:
    """As people do: one says what the lines are, a second one agrees."""
    staff, lead = till.demo.actors["payments"], till.demo.actors["lead"]
    with till.scope():
        rows = Break.objects.filter(
            tenant_id=staff.tenant_id,
            kind=BreakKind.UNIDENTIFIED_RECEIPT,
            closed_at=None,
            line__text__contains=TEXT,
        )
        for row in rows.order_by("id"):
            asked = adjustment_propose(
                actor=staff, row=row, kind=AdjustmentKind.OWN_FUNDS, reason="The board's transfer"
            )
            approval_vote(actor=lead, approval=asked, approves=True)
    till.work()
