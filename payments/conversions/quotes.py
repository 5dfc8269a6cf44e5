"""What prices are made of: quotes, spreads and the tenant's rules; and the price itself."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted
from backoffice.core.money import exponent
from backoffice.tenancy.scope import brokerage
from payments.conversion_states import QuoteSource, SpreadKind
from payments.conversions import actions, rules
from payments.conversions.errors import NotOffered
from payments.conversions.rules import Mid, Quote, Spread
from payments.models import ConversionPolicy, ConversionQuote, ConversionSpread
from payments.models.conversions import SPREAD_PERCENT_MAX
from trading.prices import Price as ServerPrice

log = logging.getLogger(__name__)
MANAGE = "payments.quote_currencies"
FAR_PERCENT = 5  # further from the last one than a day moves: rather a slip of the keyboard
FAR_WITHIN = timedelta(days=1)  # or of a server's feed: no client converts at it
AGE_S_MAX, OFFER_S_MAX = 7 * 86_400, 3_600


@dataclass(frozen=True, slots=True)
class Priced:
    """What one unit is worth, in the middle and to the client."""

    mid: Mid
    spread: Spread
    client_rate: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that a tenant's prices are made of, as it stands."""

    base: str
    currencies: tuple[str, ...]
    policy: ConversionPolicy
    quotes: tuple[Quote, ...]
    spreads: Mapping[frozenset[str], Spread]

    def fresh(self, moment: datetime) -> list[Quote]:
        oldest = moment - timedelta(seconds=self.policy.quote_age_s_max)
        return [quote for quote in self.quotes if quote.at >= oldest]

    def spread(self, source: str, target: str) -> Spread:
        usual = Spread(SpreadKind.PERCENT, self.policy.spread_percent)
        return self.spreads.get(frozenset((source, target)), usual)


def policy(tenant_id: int) -> ConversionPolicy:
    """The tenant's row, or the one that it begins with: nothing is offered by that."""
    found = ConversionPolicy.objects.filter(tenant_id=tenant_id).first()
    return found or ConversionPolicy(tenant_id=tenant_id, active=False)


def book() -> Book:
    tenant = brokerage()
    quotes = ConversionQuote.objects.filter(tenant_id=tenant.pk).order_by("base", "quote")
    spreads = ConversionSpread.objects.filter(tenant_id=tenant.pk).order_by("base", "quote")
    return Book(
        base=tenant.base_currency,
        currencies=tuple(tenant.currencies or [tenant.base_currency]),
        policy=policy(tenant.pk),
        quotes=tuple(
            Quote(row.base, row.quote, row.mid, row.quoted_at, row.name) for row in quotes
        ),
        spreads={
            frozenset((row.base, row.quote)): Spread(
                SpreadKind(row.kind), row.value, row.base, row.quote
            )
            for row in spreads
        },
    )


def priced(found: Book, source: str, target: str) -> Priced:
    """The price now. Raises ``NotOffered`` with the sentence that says what is missing."""
    if not found.policy.active:
        raise NotOffered("Conversions are switched off. Nothing is offered.")
    mid = rules.mid_of(found.fresh(now()), source, target, found.base)
    if mid is None:
        raise NotOffered(_missing(found, source, target))
    spread = found.spread(source, target)
    return Priced(mid, spread, rules.client_rate(mid.rate, spread, source))


def _missing(found: Book, source: str, target: str) -> str:
    old = rules.mid_of(found.quotes, source, target, found.base)
    if old is None:
        return f"There is no quote between {source} and {target}. Nothing is offered."
    oldest = min(old.quotes, key=lambda quote: quote.at)
    return (
        f"The quote of {oldest.base}/{oldest.quote} is from {oldest.at:%-d %b %H:%M} UTC, older"
        f" than {age_words(found.policy.quote_age_s_max)}. Nothing is offered until a newer one"
        " is there."
    )


def age_words(seconds: int) -> str:
    """``90`` as ``90 seconds``, ``900`` as ``15 minutes``, ``7200`` as ``2 hours``."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def worth(found: Book, amount: Decimal, currency: str) -> Fraction | None:
    """In the base currency at the mid, by fresh quotes alone; None without."""
    if currency == found.base:
        return Fraction(amount)
    mid = rules.mid_of(found.fresh(now()), currency, found.base, found.base)
    return None if mid is None else Fraction(amount) * mid.rate


# Set by people


def _check(actor: Actor, base: str, quote: str) -> None:
    if not actor.can(MANAGE):
        raise NotPermitted
    exponent(base)
    exponent(quote)
    if base == quote:
        raise InvalidInput(fields={"quote": "Choose two different currencies."})


@transaction.atomic
def quote_set(
    *, actor: Actor, base: str, quote: str, mid: Decimal, sure: bool = False
) -> ConversionQuote:
    """Type what one ``base`` is worth in ``quote`` now. ``sure``: it really is so far from the
    last one. Raises ``InvalidInput``."""
    _check(actor, base, quote)
    if not mid.is_finite() or mid <= 0 or mid != round(mid, 10) or mid >= 10**14:
        raise InvalidInput(fields={"mid": "A quote is above zero, with ten decimal places."})
    if not sure:
        _check_near(base, quote, mid)
    mine = ConversionQuote.objects.select_for_update()
    row, made = mine.get_or_create(
        tenant_id=actor.tenant_id,
        base=base,
        quote=quote,
        source=QuoteSource.PERSON,
        defaults={"mid": mid, "name": actor.name[:160], "quoted_at": now()},
    )
    if not made:
        row.mid, row.name, row.quoted_at = mid, actor.name[:160], now()
        row.save()
    audit(
        actor=actor,
        action=actions.QUOTE_SET,
        subject=row,
        label=f"{base}/{quote}",
        data={"mid": rules.plain(mid)},
    )
    return row


def _check_near(base: str, quote: str, mid: Decimal) -> None:
    found = book()
    last = rules.mid_of(found.quotes, base, quote, found.base)
    if last is None:
        return
    percent = abs(Fraction(mid) / last.rate - 1) * 100
    if percent > FAR_PERCENT:
        raise InvalidInput(
            fields={
                "mid": f"The last one says {rules.rate_text(last.rate)}: this is"
                f" {rules.places(percent, 0)}% away. Tick “It is right” when it is.",
            }
        )


@transaction.atomic
def spread_set(
    *, actor: Actor, base: str, quote: str, kind: str, value: Decimal
) -> ConversionSpread:
    """What a pair's spread is, whichever way it is converted."""
    _check(actor, base, quote)
    if kind not in SpreadKind.values:
        raise InvalidInput(fields={"kind": "Choose how it is counted."})
    if not value.is_finite() or value < 0 or value != round(value, 10) or value >= 10**10:
        raise InvalidInput(fields={"value": "Zero or above, with ten decimal places."})
    if kind == SpreadKind.PERCENT and value >= SPREAD_PERCENT_MAX:
        raise InvalidInput(fields={"value": f"Less than {SPREAD_PERCENT_MAX} percent."})
    rows = ConversionSpread.objects.select_for_update().filter(tenant_id=actor.tenant_id)
    if rows.filter(base=quote, quote=base).exists():
        raise InvalidInput(fields={"base": f"It has one as {quote}/{base}: change that one."})
    row, made = rows.get_or_create(
        tenant_id=actor.tenant_id, base=base, quote=quote, defaults={"kind": kind, "value": value}
    )
    if not made:
        row.kind, row.value = kind, value
        row.save()
    said = str(Spread(SpreadKind(kind), value, base, quote))
    audit(
        actor=actor,
        action=actions.SPREAD_SET,
        subject=row,
        label=f"{base}/{quote}",
        data={"spread": said},
    )
    return row


@transaction.atomic
def spread_remove(*, actor: Actor, spread: ConversionSpread) -> None:
    """Back to the usual one."""
    if not actor.can(MANAGE):
        raise NotPermitted
    audit(actor=actor, action=actions.SPREAD_REMOVED, subject=spread, label=str(spread))
    spread.delete()


@transaction.atomic
def policy_set(*, actor: Actor, values: Mapping[str, Any]) -> ConversionPolicy:
    """How the tenant converts: ``active``, ``quote_age_s_max``, ``offer_s``, ``spread_percent``,
    ``approval_above`` (None: never asked), ``tolerance_percent``."""
    if not actor.can(MANAGE):
        raise NotPermitted
    if wrong := _policy_problems(values):
        raise InvalidInput(fields=wrong)
    row, made = ConversionPolicy.objects.select_for_update().get_or_create(
        tenant_id=actor.tenant_id, defaults=dict(values)
    )
    changed = [name for name, value in values.items() if made or getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        if not made:
            row.save()
        said = "; ".join(f"{name.replace('_', ' ')} {values[name]}" for name in changed)
        audit(
            actor=actor,
            action=actions.POLICY_SET,
            subject=row,
            label="Conversions",
            data={"changes": said[:500]},
        )
    return row


def _policy_problems(values: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    if not 1 <= values["quote_age_s_max"] <= AGE_S_MAX:
        found["quote_age_s_max"] = f"Between 1 second and {age_words(AGE_S_MAX)}."
    if not 5 <= values["offer_s"] <= OFFER_S_MAX:
        found["offer_s"] = f"Between 5 seconds and {age_words(OFFER_S_MAX)}."
    for name in ("spread_percent", "tolerance_percent"):
        if not 0 <= values[name] < SPREAD_PERCENT_MAX or values[name] != round(values[name], 4):
            found[name] = f"Between 0 and {SPREAD_PERCENT_MAX}, with four decimal places."
    above = values["approval_above"]
    if above is not None and (above < 0 or above != round(above, 2)):
        found["approval_above"] = "Zero or above, with two decimal places."
    return found


# Sent by trading servers


@transaction.atomic
def quotes_take(*, actor: Actor, prices: Iterable[ServerPrice]) -> int:
    """Keep what servers quote where it is newer; how many quotes moved. No history: an offer keeps
    the quotes that it was made from. One that leaps from what stood within a day is left out: the
    pair's quote grows too old, and a person types one that is right."""
    mine = ConversionQuote.objects.filter(tenant_id=actor.tenant_id, source=QuoteSource.SERVER)
    taken = 0
    for price in sorted(prices, key=lambda each: (each.base, each.quote, each.at)):
        mid = round((price.bid + price.ask) / 2, 10)
        if mid <= 0 or price.bid > price.ask:
            continue
        values = {
            "mid": mid,
            "name": f"{price.server} {price.symbol}"[:160],
            "quoted_at": min(price.at, now()),
        }
        pair = {"base": price.base, "quote": price.quote}
        row = mine.filter(**pair).first()
        if row is not None and _leaps(row, mid, price):
            continue
        if row is None:
            blank = ConversionQuote(
                tenant_id=actor.tenant_id, source=QuoteSource.SERVER, **pair, **values
            )
            ConversionQuote.objects.bulk_create([blank], ignore_conflicts=True)
            taken += 1
        else:
            taken += mine.filter(pk=row.pk, quoted_at__lt=values["quoted_at"]).update(**values)
    return taken


def _leaps(row: ConversionQuote, mid: Decimal, price: ServerPrice) -> bool:
    if price.at - row.quoted_at > FAR_WITHIN:
        return False
    percent = abs(Fraction(mid) / Fraction(row.mid) - 1) * 100
    if percent <= FAR_PERCENT:
        return False
    facts = {"pair": f"{price.base}/{price.quote}", "stood": str(row.mid), "sent": str(mid)}
    log.warning("a server's quote leaps", extra=facts)
    return True
