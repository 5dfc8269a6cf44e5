"""What speaks for and against paying a withdrawal: facts gathered, then judged line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Sum
from django.utils.translation import ngettext

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.tenancy.scope import brokerage
from clients.models import ClientAction
from clients.selectors import allowed
from payments import release_checks, rules
from payments.holds import standing
from payments.methods.selectors import InCurrency, limits_of
from payments.models import Deposit, Destination, PaymentHold, Rate, Withdrawal
from payments.rules import Check, Colour
from payments.sources import CREDITED, GONE, Plan, plan_of
from payments.states import DEPOSIT_SET_ASIDE, TRANSFER, WithdrawalState
from trading.selectors import lots_opened

_W = WithdrawalState
COUNT_PER_DAY_MAX = 3
NAMED_MAX = 3  # logins or clients in one line


def base_amount(money: Money) -> Decimal | None:
    """In the tenant's base currency; None when there is no rate, and then nothing is automatic."""
    tenant = brokerage()
    if money.currency == tenant.base_currency:
        return money.amount
    rate = Rate.objects.filter(tenant_id=current_tenant_id(), currency=money.currency).first()
    return round(money.amount * rate.to_base, 2) if rate else None


def base_currency() -> str:
    return brokerage().base_currency


def checks(
    actor: Actor,
    row: Withdrawal,
    found_plan: Plan | None = None,
    held: Sequence[PaymentHold] | None = None,
    limits: InCurrency | None = None,
) -> list[Check]:
    """Every line of the grid, as things stand now. A page gives the plan, the standing holds and
    the limits that it has read already."""
    found_plan = found_plan or plan_of(row)
    around = _around(row)
    found = [
        _level(row),
        _same_name(row),
        _destination(row),
        _used(row, around),
        _limits(row, around, limits or limits_of(row)),
        _source(row, found_plan),
        *_traded(row, found_plan.policy.lots_per_1000),
        *_margin(around),
        _in_flight(around),
        *_shared(around),
        *release_checks.run(actor, row),
    ]
    return found + _held(standing(row) if held is None else held)


def _held(holds: Sequence[PaymentHold]) -> list[Check]:
    return [
        Check("hold", Colour.HELD, "Held by compliance", f"by {hold.placed_by}") for hold in holds
    ]


@dataclass(frozen=True, slots=True)
class _Around:
    """What else moves around a withdrawal. ``used``: paid to the same destination; ``count`` and
    ``total``: the client's others of 24 hours; ``deposits`` in question and ``transfers`` under
    way; ``short``: logins without free margin; ``others``: clients with the same destination."""

    used: int
    count: int
    total: Decimal
    deposits: int
    transfers: int
    short: list[int]
    others: list[str]


# One statement where each fact alone would be one: a decision's page shows all of them.
_AROUND = """
SELECT mine.used, mine.count, mine.total,
    (SELECT count(*) FROM payments_deposit
     WHERE tenant_id = %(tenant)s AND client_id = %(client)s AND state = ANY (%(aside)s)),
    (SELECT count(*) FROM payments_transfer
     WHERE tenant_id = %(tenant)s AND client_id = %(client)s AND state <> ALL (%(ended)s)),
    ARRAY (SELECT login FROM trading_account
     WHERE tenant_id = %(tenant)s AND client_id = %(client)s AND live
       AND margin > 0 AND margin_free <= 0
     ORDER BY login LIMIT %(named)s),
    ARRAY (SELECT c.reference FROM payments_destination d
     JOIN clients_client c ON c.tenant_id = d.tenant_id AND c.id = d.client_id
     WHERE d.tenant_id = %(tenant)s AND d.number_hash = %(number)s
       AND d.client_id <> %(client)s
     ORDER BY c.reference LIMIT %(named)s)
FROM (
    SELECT count(*) FILTER (WHERE destination_id = %(destination)s AND state = %(paid)s) AS used,
        count(*) FILTER (WHERE lately) AS count,
        coalesce(sum(amount) FILTER (WHERE lately), 0) AS total
    FROM (
        SELECT destination_id, state, amount,
            currency = %(currency)s AND created_at > %(day)s
            AND state <> ALL (%(gone)s) AND id <> %(this)s AS lately
        FROM payments_withdrawal
        WHERE tenant_id = %(tenant)s AND client_id = %(client)s
    ) w
) mine
"""


def _around(row: Withdrawal) -> _Around:
    with connection.cursor() as cursor:
        cursor.execute(
            _AROUND,
            {
                "tenant": current_tenant_id(),
                "client": row.client_id,
                "this": row.pk,
                "destination": row.destination_id,
                "number": row.destination.number_hash,
                "currency": row.currency,
                "day": row.created_at - timedelta(hours=24),
                "paid": str(_W.PAID),
                "gone": [str(state) for state in GONE],
                "aside": [str(state) for state in DEPOSIT_SET_ASIDE],
                "ended": [str(state) for state in TRANSFER.final],
                "named": NAMED_MAX,
            },
        )
        return _Around(*cursor.fetchone())


def _level(row: Withdrawal) -> Check:
    client = row.client
    permit = allowed(client)[ClientAction.WITHDRAW]
    title = f"KYC level {client.level}"
    if not permit.ok:
        return Check("kyc", Colour.BAD, title, permit.sentence)
    risk = client.get_risk_band_display().lower()
    colour = Colour.ATTENTION if client.risk_band in ("high", "prohibited") else Colour.GOOD
    return Check("kyc", colour, title, f"withdrawals allowed, {risk} risk")


def _same_name(row: Withdrawal) -> Check:
    holder = row.destination.holder
    if rules.same_name(holder, row.client.name):
        return Check("name", Colour.GOOD, "Same name", f"holder {holder}")
    return Check("name", Colour.BAD, "Another name", f"the holder is {holder}")


def _destination(row: Withdrawal) -> Check:
    destination = row.destination
    if destination.state != Destination.State.APPROVED:
        word = destination.get_state_display().lower()
        return Check("destination", Colour.BAD, "Destination not approved", f"it is {word}")
    if destination.usable_from > now():
        at = f"{destination.usable_from:%-d %b %H:%M} UTC"
        return Check("destination", Colour.BAD, "In its cool-down", f"usable from {at}")
    added = f"{destination.added_at:%-d %b %Y}"
    return Check("destination", Colour.GOOD, "Destination approved", f"added {added}")


def _used(row: Withdrawal, around: _Around) -> Check:
    if around.used:
        times = "once" if around.used == 1 else f"{around.used:,} times"
        return Check("used", Colour.GOOD, f"Paid to {times}", row.destination.label)
    age = (now() - row.destination.added_at).days
    note = f"added {age} days ago" if age else "added today"
    return Check("used", Colour.ATTENTION, "First payment to it", note)


def _limits(row: Withdrawal, around: _Around, limits: InCurrency | None) -> Check:
    count = around.count + 1
    total = Money.rounded(row.amount + around.total, row.currency)
    note = f"{total} in 24 hours, {count} of {COUNT_PER_DAY_MAX}"
    if count > COUNT_PER_DAY_MAX:
        return Check("limits", Colour.ATTENTION, "Many in a day", note)
    over = _over(row.method.name, Money(row.amount, row.currency), limits)
    return over or Check("limits", Colour.GOOD, "Within limits", note)


def _over(name: str, money: Money, limits: InCurrency | None) -> Check | None:
    """Limits are kept when a payment is asked for; they may have been lowered since, and what
    arrives may be more than was asked for."""
    if limits is None:
        word = f"{name} has none in {money.currency} any more"
        return Check("limits", Colour.ATTENTION, "Not in the method's terms", word)
    for used, most, of in (
        (limits.used.day, limits.terms.day_max, "day's"),
        (limits.used.month, limits.terms.month_max, "month's"),
        (money.amount, limits.terms.amount_max, "payment's"),
    ):
        if most is not None and used > most:
            word = " of ".join(str(Money.rounded(each, money.currency)) for each in (used, most))
            return Check("limits", Colour.ATTENTION, f"Over the {of} limit", word)
    return None


def _source(row: Withdrawal, found: Plan) -> Check:
    if row.source_waived:
        return Check("source", Colour.ATTENTION, "Sources passed over", row.source_waived)
    if not found.is_whole:
        first, count = found.parts[0], len(found.parts)
        words = "all of it" if count == 1 else f"{count} parts"
        note = f"{words}, {first.amount} to {first.label} first"
        return Check("source", Colour.GOOD, "Sources first", note)
    if not found.sources:
        return Check("source", Colour.ATTENTION, "No known source", "nothing was paid in by card")
    if found.beyond and row.destination.kind != Destination.Kind.BANK:
        kind = row.destination.get_kind_display().lower()
        note = f"{found.beyond} did not come from it: profit goes by bank wire"
        return Check("source", Colour.ATTENTION, f"Profit to a {kind}", note)
    return Check("source", Colour.GOOD, "Back to its source", row.destination.label)


def _traded(row: Withdrawal, asked: Decimal) -> list[Check]:
    """Lots opened since the last payment out, for what was deposited since; where it is asked."""
    if not asked:
        return []
    since = (
        Withdrawal.objects.filter(
            tenant_id=current_tenant_id(), client_id=row.client_id, paid_at__isnull=False
        )
        .order_by("-paid_at")
        .values_list("paid_at", flat=True)
        .first()
    )
    deposited = _deposited_since(row, since)
    if deposited is None:
        note = "deposits in a currency without a rate"
        return [Check("traded", Colour.ATTENTION, "Traded since deposit", note)]
    need = round(deposited / 1000 * asked, 2)
    lots = round(lots_opened(current_tenant_id(), row.client_id, since), 2)
    colour = Colour.GOOD if lots >= need else Colour.ATTENTION
    title = "Traded since deposit" if lots >= need else "Not traded enough"
    return [Check("traded", colour, title, f"{lots} of {need} lots")]


def _deposited_since(row: Withdrawal, since: datetime | None) -> Decimal | None:
    """In base currency; None when there is no rate for some of it."""
    rows = Deposit.objects.filter(
        tenant_id=current_tenant_id(), client_id=row.client_id, state__in=CREDITED
    )
    if since is not None:
        rows = rows.filter(credited_at__gt=since)
    total = Decimal(0)
    sums = rows.order_by().values_list("paid_currency").annotate(total=Sum("paid_amount"))
    for currency, amount in sums:
        base = base_amount(Money.rounded(amount, currency))
        if base is None:
            return None
        total += base
    return total


def _margin(around: _Around) -> list[Check]:
    """Accounts whose positions need more than is there: money may be needed soon."""
    if not around.short:
        return []
    logins = ", ".join(map(str, around.short))
    return [Check("margin", Colour.ATTENTION, "No free margin", f"on {logins}")]


def _in_flight(around: _Around) -> Check:
    waiting, moving = around.deposits, around.transfers
    if waiting or moving:
        words = [
            ngettext("%d deposit in question", "%d deposits in question", waiting) % waiting,
            ngettext("%d transfer under way", "%d transfers under way", moving) % moving,
        ]
        note = ", ".join(
            word for word, count in zip(words, (waiting, moving), strict=True) if count
        )
        return Check("flight", Colour.ATTENTION, "Other money moves", note)
    return Check("flight", Colour.GOOD, "Nothing else moves", "no open transfers or deposits")


def _shared(around: _Around) -> list[Check]:
    if not around.others:
        return []
    names = ", ".join(around.others)
    return [Check("shared", Colour.ATTENTION, "Shared destination", f"also of {names}")]


def deposit_checks(
    actor: Actor,
    row: Deposit,
    held: Sequence[PaymentHold] | None = None,
    limits: InCurrency | None = None,
) -> list[Check]:
    """What speaks for and against crediting money that was set aside. ``limits``: those of its
    method, where a page has read them."""
    asked = Money(row.asked_amount, row.asked_currency)
    found = []
    if row.paid_amount is not None:
        paid = Money(row.paid_amount, row.paid_currency)
        same = paid == asked
        title = "Amount as asked" if same else "Another amount"
        colour = Colour.GOOD if same else Colour.ATTENTION
        found.append(Check("amount", colour, title, f"{paid} of {asked}"))
        if limits is not None and paid.currency == limits.terms.currency:
            over = _over(row.method.name, paid, limits)
            found += [over] if over else []
    permit = allowed(row.client)[ClientAction.DEPOSIT]
    colour = Colour.GOOD if permit.ok else Colour.ATTENTION
    found.append(Check("kyc", colour, f"KYC level {row.client.level}", permit.sentence))
    if row.payer_name:
        same = rules.same_name(row.payer_name, row.client.name)
        title = "Same name" if same else "Another name"
        colour = Colour.GOOD if same else Colour.ATTENTION
        found.append(Check("name", colour, title, f"payer {row.payer_name}"))
    else:
        found.append(Check("name", Colour.ATTENTION, "Payer unknown", "the gateway names nobody"))
    found.append(_known_instrument(row))
    found += release_checks.run(actor, row)
    return found + _held(standing(row) if held is None else held)


def _known_instrument(row: Deposit) -> Check:
    if not row.instrument_hash:
        return Check("card", Colour.ATTENTION, "No card known", "the gateway names none")
    same = Deposit.objects.filter(
        tenant_id=current_tenant_id(), instrument_hash=row.instrument_hash
    ).exclude(pk=row.pk)
    strangers = same.exclude(client_id=row.client_id).values_list("client__reference", flat=True)
    if strangers:
        return Check("card", Colour.ATTENTION, "Card of others too", ", ".join(strangers[:3]))
    used = same.count()
    note = f"used {used} times before" if used else "first use"
    return Check("card", Colour.GOOD, row.instrument_label or "Card", note)
