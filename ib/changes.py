"""What has to be written when a deal is looked at again. Pure: lines that stand, lines wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from ib.rules import Earned, Exclusion
from ib.states import LineState

UNPAID = (LineState.ACCRUED, LineState.EXCLUDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """A line that is written already."""

    id: UUID
    partner_id: UUID
    sequence: int
    deal_revision: int
    tier: int
    lots: Decimal
    rate: Decimal
    amount: Decimal
    currency: str
    version_id: UUID | None
    state: str
    reason: str
    is_reversal: bool

    def says(self, earned: Earned) -> bool:
        """Whether it comes to the same."""
        mine = (self.tier, self.lots, self.rate, self.amount, self.currency, self.version_id)
        wanted = (
            earned.tier,
            earned.lots,
            earned.rate,
            earned.amount,
            earned.currency,
            earned.version_id,
        )
        reason = self.reason if self.state == LineState.EXCLUDED else ""
        return mine == wanted and reason == earned.reason


@dataclass(frozen=True, slots=True)
class Change:
    """``reversed``: lines to take back. ``added``: new lines with their sequence numbers."""

    reversed: Sequence[Standing] = ()
    added: Sequence[tuple[int, Earned]] = ()


NOTHING = Change()


@dataclass
class History:
    """All lines of one deal."""

    lines: list[Standing] = field(default_factory=list)

    def live(self) -> dict[UUID, Standing]:
        """Per partner the line that counts, if one does."""
        last: dict[UUID, Standing] = {}
        for line in self.lines:
            if line.partner_id not in last or last[line.partner_id].sequence < line.sequence:
                last[line.partner_id] = line
        return {
            partner: line
            for partner, line in last.items()
            if not line.is_reversal and line.state != LineState.REVERSED
        }

    def next_sequence(self, partner_id: UUID) -> int:
        taken = [line.sequence for line in self.lines if line.partner_id == partner_id]
        return max(taken, default=-1) + 1


def is_settled(history: History, revision: int, *, deleted: bool) -> bool:
    """The deal was reckoned as it is now: nothing to do, whatever has been rearranged since."""
    live = history.live().values()
    return bool(live) and all(
        line.deal_revision == revision and deleted == (line.reason == Exclusion.DELETED)
        for line in live
    )


def change(history: History, wanted: Iterable[Earned], *, paid_too: bool) -> Change:
    """What leads from the lines that stand to the lines wanted.

    ``paid_too``: the deal itself was changed, so lines in a payout or paid are taken back by
    negative lines. Otherwise (new terms) they stay, and nothing is added beside them.
    """
    live = history.live()
    want = {earned.partner_id: earned for earned in wanted}
    locked = {p for p, line in live.items() if not paid_too and line.state not in UNPAID}
    taken_back = [
        line
        for partner, line in live.items()
        if partner not in locked and not (partner in want and line.says(want[partner]))
    ]
    gone = {line.partner_id for line in taken_back}
    return Change(
        reversed=taken_back,
        added=[
            # A line that is taken back may leave its mirror image in the number after its own.
            (history.next_sequence(partner) + (partner in gone), earned)
            for partner, earned in want.items()
            if partner in gone or partner not in live
        ],
    )
