"""What speaks for and against paying a withdrawal: facts gathered, then judged line by line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Count, Q, QuerySet, Sum, Value
from django.utils.translation import ngettext

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.tenancy.models import Tenant
from clients.models import ClientAction
from clients.selectors import allowed
from payments import release_checks, rules
from payments.holds import standing
from payments.models import Deposit, Destination, PaymentHold, Rate, Transfer, Withdrawal
from payments.rules import Check, Colour
from payments.sources import CREDITED, GONE, Plan, plan_of
from payments.states import DEPOSIT_SET_ASIDE, TRANSFER, WithdrawalState
from trading.models import Account
from trading.selectors import lots_opened

_W = WithdrawalState
COUNT_PER_DAY_MAX = 3


def base_amount(money: Money) -> Decimal | None:
    """In the tenant's base currency; None when there is no rate, and then nothing is automatic."""
    tenant = Tenant.objects.get(pk=current_tenant_id())
    if money.currency == tenant.base_currency:
        return money.amount
    rate = Rate.objects.filter(tenant_id=current_tenant_id(), currency=money.currency).first()
    return round(money.amount * rate.to_base, 2) if rate else None


def base_currency() -> str:
    return Tenant.objects.get(pk=current_tenant_id()).base_currency


def checks(
    actor: Actor,
    row: Withdrawal,
    found_plan: Plan | None = None,
    held: Sequence[PaymentHold] | None = None,
) -> list[Check]:
    """Every line of the grid, as things stand now. A page gives the plan and the standing holds
    that it has read already."""
    found_plan = found_plan or plan_of(row)
    before = _before(row)
    found = [
        _level(row),
        _same_name(row),
        _destination(row),
        _used(row, before),
        _limits(row, before),
        _source(row, found_plan),
        *_traded(row, found_plan.policy.lots_per_1000),
        *_margin(row),
        _in_flight(row),
        *_shared(row),
        *release_checks.run(actor, row),
    ]
    return found + _held(standing(row) if held is None else held)


def _held(holds: Sequence[PaymentHold]) -> list[Check]:
    return [
        Check("hold", Colour.HELD, "Held by compliance", f"by {hold.placed_by}") for hold in holds
    ]


@dataclass(frozen=True, slots=True)
class _Before:
    """The client's other withdrawals: ``used`` were paid to the same destination; ``count`` and
    ``total`` are of 24 hours."""

    used: int
    count: int
    total: Decimal


def _before(row: Withdrawal) -> _Before:
    day = Q(currency=row.currency, created_at__gt=row.created_at - timedelta(hours=24)) & ~(
        Q(state__in=GONE) | Q(pk=row.pk)
    )
    mine = Withdrawal.objects.filter(tenant_id=current_tenant_id(), client_id=row.client_id)
    found = mine.aggregate(
        used=Count("pk", filter=Q(destination_id=row.destination_id, state=_W.PAID)),
        count=Count("pk", filter=day),
        total=Sum("amount", filter=day, default=Decimal(0)),
    )
    return _Before(**found)


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


def _used(row: Withdrawal, before: _Before) -> Check:
    if before.used:
        times = "once" if before.used == 1 else f"{before.used:,} times"
        return Check("used", Colour.GOOD, f"Paid to {times}", row.destination.label)
    age = (now() - row.destination.added_at).days
    note = f"added {age} days ago" if age else "added today"
    return Check("used", Colour.ATTENTION, "First payment to it", note)


def _limits(row: Withdrawal, before: _Before) -> Check:
    count = before.count + 1
    total = Money.rounded(row.amount + before.total, row.currency)
    note = f"{total} in 24 hours, {count} of {COUNT_PER_DAY_MAX}"
    if count > COUNT_PER_DAY_MAX:
        return Check("limits", Colour.ATTENTION, "Many in a day", note)
    most = row.method.amount_max
    if most is not None and total.amount > most:
        return Check("limits", Colour.ATTENTION, "Over the day's limit", note)
    return Check("limits", Colour.GOOD, "Within limits", note)


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


def _margin(row: Withdrawal) -> list[Check]:
    """Accounts whose positions need more than is there: money may be needed soon."""
    short = (
        Account.objects.filter(
            tenant_id=current_tenant_id(), client_id=row.client_id, live=True, margin__gt=0
        )
        .filter(margin_free__lte=0)
        .values_list("login", flat=True)
    )
    logins = ", ".join(str(login) for login in short[:3])
    if not logins:
        return []
    return [Check("margin", Colour.ATTENTION, "No free margin", f"on {logins}")]


def _in_flight(row: Withdrawal) -> Check:
    mine = {"tenant_id": current_tenant_id(), "client_id": row.client_id}
    deposits = Deposit.objects.filter(**mine, state__in=DEPOSIT_SET_ASIDE)
    transfers = Transfer.objects.filter(**mine).exclude(state__in=TRANSFER.final)
    kinds = _kind(deposits, "deposit").union(_kind(transfers, "transfer"), all=True)
    found = Counter(kinds)
    waiting, moving = found["deposit"], found["transfer"]
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


def _kind(rows: QuerySet[Any], name: str) -> QuerySet[Any]:
    """A row's kind for each row, so that two tables are asked at once."""
    return rows.order_by().values_list(Value(name, output_field=CharField()), flat=True)


def _shared(row: Withdrawal) -> list[Check]:
    others = Destination.objects.filter(
        tenant_id=current_tenant_id(), number_hash=row.destination.number_hash
    ).exclude(client_id=row.client_id)
    names = list(others.values_list("client__reference", flat=True)[:3])
    if not names:
        return []
    return [Check("shared", Colour.ATTENTION, "Shared destination", f"also of {', '.join(names)}")]


def automatic(row: Withdrawal, found: list[Check]) -> tuple[bool, str]:
    """Whether no person is needed, and why (not), in a sentence."""
    open_ = rules.worst(found)
    most = row.method.automatic_withdrawal_max
    in_base = base_amount(Money.rounded(row.amount, row.currency))
    limit = Money.rounded(most, base_currency())
    if in_base is None:
        return False, f"there is no rate for {row.currency}"
    if open_:
        return False, f"{_lower(open_[0].title)}: {open_[0].note}"
    if not most:
        return False, f"a person decides every withdrawal by {row.method.name}"
    if in_base > most:
        return False, f"the amount is over {limit} (automatic up to that by {row.method.name})"
    return True, f"every check is green and the amount is within {limit}"


def _lower(text: str) -> str:
    return text if text.startswith("KYC") else text[:1].lower() + text[1:]


def deposit_checks(
    actor: Actor, row: Deposit, held: Sequence[PaymentHold] | None = None
) -> list[Check]:
    """What speaks for and against crediting money that was set aside."""
    asked = Money(row.asked_amount, row.asked_currency)
    found = []
    if row.paid_amount is not None:
        paid = Money(row.paid_amount, row.paid_currency)
        same = paid == asked
        title = "Amount as asked" if same else "Another amount"
        colour = Colour.GOOD if same else Colour.ATTENTION
        found.append(Check("amount", colour, title, f"{paid} of {asked}"))
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
