"""Money of one wallet into another's currency: some done, one on to an account, one before a second
person, one that was let go."""

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from clients.models import Client
from payments.conversions import quotes, rules
from payments.conversions.services import conversion_accept, conversion_offer
from trading.models import Account

if TYPE_CHECKING:
    from operations.demo.story import Story

RULES = {
    "active": True,
    "quote_age_s_max": 900,
    "offer_s": 60,
    "spread_percent": Decimal("0.5"),
    "approval_above": Decimal(2_000),
    "tolerance_percent": Decimal("1"),
}
USUAL = Decimal("1.0850")
# Days ago, how much of the base currency, and what becomes of the offer.
PAST = ((12.2, 400, "yes"), (6.4, 950, "on"), (3.1, 250, "yes"), (1.2, 1_200, "yes"))


def exchanges(story: "Story") -> None:
    """Where a brokerage keeps money in two currencies; elsewhere nothing is exchanged."""
    tenant, busy = story.demo.tenant, story.busy
    if "USD" not in tenant.currencies or tenant.base_currency == "USD" or len(busy) < 4:
        return
    story.ago(partial(_rules, story), days=13)
    for number, (days, amount, what) in enumerate(PAST):
        client = busy[number % len(busy)]
        _funded(story, client, amount, days + 0.4)
        story.ago(partial(_exchange, story, client, amount, what), days=days)
    for minutes, amount, what in ((210, 3_200, "yes"), (35, 300, "no")):
        client = busy[1] if what == "yes" else busy[-2]
        _funded(story, client, amount, 0.9)
        story.ago(partial(_exchange, story, client, amount, what), minutes=minutes)


def _funded(story: "Story", client: Client, amount: int, days: float) -> None:
    story.ago(partial(story.till.deposit, client, story.money(amount + 50)), days=days)


def _rules(story: "Story") -> None:
    lead, base = story.demo.actors["lead"], story.demo.tenant.base_currency
    with story.till.scope():
        quotes.policy_set(actor=lead, values=RULES)
        value = Decimal("0.0045")
        quotes.spread_set(actor=lead, base=base, quote="USD", kind="price", value=value)


def _quote(story: "Story", drift: int) -> None:
    """Typed as the trading server has it, or near the last one: its own tick may be of Friday."""
    lead, base = story.demo.actors["lead"], story.demo.tenant.base_currency
    with story.till.scope():
        last = rules.mid_of(quotes.book().quotes, base, "USD", base)
        mid = USUAL if last is None else round(rules.written(last.rate), 4)
        quotes.quote_set(
            actor=lead, base=base, quote="USD", mid=mid + Decimal(drift) / 10_000, sure=True
        )


def _exchange(story: "Story", client: Client, amount: int, what: str) -> None:
    """Offered at the moment's price; then accepted, or let go."""
    staff = story.demo.actors["payments"]
    _quote(story, amount // 50 % 17 - 8)
    account = _dollars(story, client) if what == "on" else None
    with story.till.scope():
        row = conversion_offer(
            actor=staff, client=client, give=story.money(amount), currency="USD", account=account
        )
        if what != "no":
            conversion_accept(actor=staff, conversion=row)


def _dollars(story: "Story", client: Client) -> Account | None:
    with story.till.scope():
        mine = Account.objects.filter(
            tenant_id=story.actor.tenant_id, client=client, currency="USD", login__isnull=False
        )
        return mine.select_related("server").first()
