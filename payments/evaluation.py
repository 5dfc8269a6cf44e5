"""What speaks for and against paying a withdrawal: facts gathered, then judged line by line."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import ngettext

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.money import Money
from backoffice.tenancy.models import Tenant
from clients.models import ClientAction
from clients.selectors import allowed
from payments import release_checks, rules
from payments.holds import standing
from payments.models import Deposit, Destination, Rate, Transfer, Withdrawal
from payments.rules import Check, Colour
from payments.states import DEPOSIT_SET_ASIDE, TRANSFER, DepositState, WithdrawalState

CREDITED = (DepositState.CREDITED, DepositState.MT_PENDING, DepositState.DONE)
_W = WithdrawalState
GONE = (_W.FAILED, _W.REJECTED, _W.CANCELLED, _W.RETURNED)
COUNT_PER_DAY_MAX = 3
NEW_DESTINATION = timedelta(days=30)


def base_amount(money: Money) -> Decimal | None:
    """In the tenant's base currency; None when there is no rate, and then nothing is automatic."""
    tenant = Tenant.objects.get(pk=current_tenant_id())
    if money.currency == tenant.base_currency:
        return money.amount
    rate = Rate.objects.filter(tenant_id=current_tenant_id(), currency=money.currency).first()
    return round(money.amount * rate.to_base, 2) if rate else None


def base_currency() -> str:
    return Tenant.objects.get(pk=current_tenant_id()).base_currency


@dataclass(frozen=True, slots=True)
class Source:
    """One card or account that the client paid in from, and what of it has not gone back."""

    label: str
    deposited: Money
    returned: Money
    here: bool  # it is where this withdrawal goes

    @property
    def left(self) -> Money:
        return self.deposited - self.returned


def sources(row: Withdrawal) -> list[Source]:
    """Where the client's money came from in the withdrawal's currency, the oldest first."""
    mine = {"tenant_id": current_tenant_id(), "client_id": row.client_id}
    deposited: dict[str, Decimal] = defaultdict(Decimal)
    labels: dict[str, str] = {}
    paid_in = Deposit.objects.filter(
        **mine, paid_currency=row.currency, state__in=CREDITED
    ).exclude(instrument_hash="")
    for deposit in paid_in.order_by("id").only(
        "instrument_hash", "instrument_label", "paid_amount"
    ):
        deposited[deposit.instrument_hash] += deposit.paid_amount or 0
        labels.setdefault(deposit.instrument_hash, deposit.instrument_label)
    returned = dict(
        Withdrawal.objects.filter(**mine, currency=row.currency)
        .exclude(state__in=GONE)
        .exclude(pk=row.pk)
        .values_list("destination__number_hash")
        .annotate(total=Sum("amount"))
    )
    here = row.destination.number_hash
    return [
        Source(
            labels[key],
            Money.rounded(amount, row.currency),
            Money.rounded(returned.get(key, Decimal(0)), row.currency),
            key == here,
        )
        for key, amount in deposited.items()
    ]


def checks(actor: Actor, row: Withdrawal) -> list[Check]:
    """Every line of the grid, as things stand now."""
    found = [
        _level(row),
        _same_name(row),
        _destination(row),
        _used(row),
        _limits(row),
        _source(row),
        _in_flight(row),
        *_shared(row),
        *release_checks.run(actor, row),
    ]
    found += [
        Check("hold", Colour.HELD, "Held by compliance", f"by {hold.placed_by}")
        for hold in standing(row)
    ]
    return found


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


def _used(row: Withdrawal) -> Check:
    paid = Withdrawal.objects.filter(
        tenant_id=current_tenant_id(), destination_id=row.destination_id, state=_W.PAID
    ).count()
    if paid:
        times = "once" if paid == 1 else f"{paid:,} times"
        return Check("used", Colour.GOOD, f"Paid to {times}", row.destination.label)
    age = (now() - row.destination.added_at).days
    note = f"added {age} days ago" if age else "added today"
    return Check("used", Colour.ATTENTION, "First payment to it", note)


def _limits(row: Withdrawal) -> Check:
    day = Withdrawal.objects.filter(
        tenant_id=current_tenant_id(),
        client_id=row.client_id,
        currency=row.currency,
        created_at__gt=row.created_at - timedelta(hours=24),
    ).exclude(state__in=GONE)
    others = day.exclude(pk=row.pk)
    count = others.count() + 1
    total = Money.rounded(
        row.amount + (others.aggregate(total=Sum("amount"))["total"] or 0), row.currency
    )
    note = f"{total} in 24 hours, {count} of {COUNT_PER_DAY_MAX}"
    if count > COUNT_PER_DAY_MAX:
        return Check("limits", Colour.ATTENTION, "Many in a day", note)
    most = row.method.amount_max
    if most is not None and total.amount > most:
        return Check("limits", Colour.ATTENTION, "Over the day's limit", note)
    return Check("limits", Colour.GOOD, "Within limits", note)


def _source(row: Withdrawal) -> Check:
    found = sources(row)
    owed = [source for source in found if not source.here and source.left.minor > 0]
    if not found:
        return Check("source", Colour.ATTENTION, "No known source", "nothing was paid in by card")
    if owed:
        note = f"{owed[0].label} has {owed[0].left} that came from it"
        return Check("source", Colour.ATTENTION, "Another source first", note)
    return Check("source", Colour.GOOD, "Back to its source", row.destination.label)


def _in_flight(row: Withdrawal) -> Check:
    mine = {"tenant_id": current_tenant_id(), "client_id": row.client_id}
    waiting = Deposit.objects.filter(**mine, state__in=DEPOSIT_SET_ASIDE).count()
    moving = Transfer.objects.filter(**mine).exclude(state__in=TRANSFER.final).count()
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


def deposit_checks(actor: Actor, row: Deposit) -> list[Check]:
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
    found += [
        Check("hold", Colour.HELD, "Held by compliance", f"by {hold.placed_by}")
        for hold in standing(row)
    ]
    return found


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
