"""Where a withdrawal goes: back to what it came from first, the rest where the client asked.

Pure. Order: cards inside their refund window, then wallets, each the oldest deposit first; what is
left (profit, and what came by bank) goes to the destination that was asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from backoffice.core.money import Money

CARD, WALLET, BANK = "card", "wallet", "bank"
_ORDER = {CARD: 0, WALLET: 1}


@dataclass(frozen=True, slots=True)
class PaidIn:
    """One deposit: what of it has not gone back yet, and why it can't go back through its gateway
    (empty: it can). ``instrument`` names the card or wallet; the same for all its deposits."""

    deposit_id: UUID
    reference: str
    instrument: str
    label: str
    kind: str
    paid: Money
    left: Money
    at: datetime
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The destination of the request. ``name`` is how a card or account is called in sentences."""

    instrument: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """``deposit_id`` None: to the destination that was asked for."""

    label: str
    amount: Money
    why: str
    deposit_id: UUID | None = None


def parts_of(
    money: Money, asked: Asked, deposits: Iterable[PaidIn], *, waived: str = ""
) -> list[PlannedPart]:
    """``money`` is what is sent, the fee taken off. The parts add up to it; the destination that
    was asked for comes last."""
    if waived:
        return [PlannedPart(asked.label, money, f"All of it there: {waived}")]
    left, here = money, Money.zero(money.currency)
    parts: list[PlannedPart] = []
    for deposit in _in_order(deposits):
        take = min(left, deposit.left, key=lambda each: each.amount)
        if take.minor <= 0:
            continue
        left -= take
        if deposit.instrument == asked.instrument:
            here += take
        else:
            parts.append(_refund(deposit, take))
    if (here + left).minor > 0:
        parts.append(PlannedPart(asked.label, here + left, _rest(asked, here, left, parts)))
    return parts


def _in_order(deposits: Iterable[PaidIn]) -> list[PaidIn]:
    usable = [each for each in deposits if each.kind in _ORDER and not each.why_not]
    return sorted(usable, key=lambda each: (_ORDER[each.kind], each.at))


def _refund(deposit: PaidIn, take: Money) -> PlannedPart:
    name = deposit.label or deposit.kind.capitalize()
    why = f"{deposit.left} of {deposit.reference} ({deposit.at:%-d %b %Y}) came from it"
    return PlannedPart(name, take, why, deposit.deposit_id)


def _rest(asked: Asked, here: Money, left: Money, parts: Sequence[PlannedPart]) -> str:
    if here and left:
        return f"{here} came from it, {left} is beyond what any source gave"
    if here:
        return "It came from it"
    return "What is left after the sources" if parts else "No source is left that comes first"


def beyond(money: Money, asked: Asked, deposits: Iterable[PaidIn]) -> Money:
    """How much of ``money`` no card and no wallet gave: profit, or paid in by bank."""
    given = [each.left for each in deposits if each.kind in _ORDER and not each.why_not]
    total = sum(given, Money.zero(money.currency))
    return max(money - total, Money.zero(money.currency), key=lambda each: each.amount)


def is_whole(parts: Sequence[PlannedPart]) -> bool:
    """Whether all of it goes to the destination that was asked for."""
    return len(parts) == 1 and parts[0].deposit_id is None


def in_words(parts: Sequence[PlannedPart]) -> str:
    return "; ".join(f"{part.amount} to {part.label}" for part in parts)
