"""The demo's chargebacks: one to be answered by tomorrow, one with the bank, one that was won."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from clients.models import Client
from operations.demo.cards import Cards
from payments.chargebacks.answers import evidence_add, evidence_submit
from payments.models import Chargeback

if TYPE_CHECKING:
    from operations.demo.story import Story

WORDS = {
    "service": "Money for a margin account at our brokerage. It was credited to the client's "
    "wallet within a minute and moved by the client to a trading account the same day.",
    "activity": "The client signed in by password and second factor from Limassol four minutes "
    "before the payment, and eleven times in the week after it.",
}


def chargebacks(story: Story) -> None:
    """Of clients who ask for nothing else today."""
    some = story.verified
    if not some:
        return
    if len(some) < 14:
        _urgent(story, some[-1])
        return
    urgent, won, answered = some[9], some[11], some[13]
    _urgent(story, urgent)
    story.ago(partial(story.till.deposit, won, story.money(900)), days=12.6)
    opened = partial(story.till.dispute, won, reason="product_unacceptable", fee="20.00")
    story.ago(opened, days=11.2)
    story.ago(partial(story.till.dispute, won, "dispute_won"), days=4.2)
    if story.cards is not None:
        _answered(story, story.cards, answered)


def _urgent(story: Story, client: Client) -> None:
    """Most of it is gone from the wallet, so the client owes; a withdrawal waits behind it."""
    due = story.real + timedelta(hours=26)
    story.ago(partial(story.till.deposit, client, story.money(1_200)), days=6.3)
    story.ago(partial(story.till.withdraw, client, story.money(850), "review"), minutes=400)
    taken = partial(
        story.till.dispute,
        client,
        reason="fraudulent",
        fee="20.00",
        due=due.replace(microsecond=0).isoformat(),
    )
    story.ago(taken, minutes=170)


def _answered(story: Story, cards: Cards, client: Client) -> None:
    """By card through Stripe; the evidence is with the bank."""
    story.ago(partial(cards.deposit, client, story.money(Decimal(640))), days=9.5)
    story.ago(partial(cards.dispute, client, "product_not_received"), days=5.6)
    story.ago(partial(_answer, story, client), days=2.3)


def _answer(story: Story, client: Client) -> None:
    staff = story.demo.actors["payments"]
    with story.till.scope():
        row = Chargeback.objects.filter(tenant_id=staff.tenant_id, client=client).latest("id")
        for kind, text in WORDS.items():
            evidence_add(actor=staff, chargeback=row, kind=kind, text=text)
        evidence_submit(actor=staff, chargeback=row)
    story.till.work()
    assert story.cards is not None
    story.cards.hear()
