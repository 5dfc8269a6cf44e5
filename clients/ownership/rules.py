"""Pure rules of ownership: effective shares down the tree, and what a share may not do.

The company itself is ``None``; everyone else is known by an id. Shares are percent, exact: they
are multiplied as fractions, so that a third of three quarters is a quarter and not a little less.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from clients.ownership.states import PartyRole

WHOLE = 100
PERCENT_PLACES = 4
Node = Hashable | None


@dataclass(frozen=True, slots=True)
class Share:
    """``owner`` has ``percent`` of ``of``; None is the company."""

    owner: Hashable
    of: Node
    percent: Decimal


def _owners(shares: Iterable[Share]) -> Mapping[Node, list[Share]]:
    found: dict[Node, list[Share]] = defaultdict(list)
    for share in shares:
        found[share.of].append(share)
    return found


def effective(shares: Collection[Share]) -> dict[Hashable, Fraction]:
    """What each owner has of the company in the end, in percent: the product of shares along each
    path, summed over paths. Shares that lead nowhere near the company count nothing. There are no
    cycles: ``why_not`` refuses them."""
    owners = _owners(shares)
    found: dict[Node, Fraction] = defaultdict(Fraction)
    found[None] = Fraction(WHOLE)
    for node in _from_the_top(owners):
        for share in owners[node]:
            found[share.owner] += found[node] * Fraction(share.percent) / WHOLE
    del found[None]
    return {owner: share for owner, share in found.items() if owner is not None}


def _from_the_top(owners: Mapping[Node, list[Share]]) -> list[Node]:
    """Everything that is owned and reached from the company, each after all that it owns."""
    done: list[Node] = []
    seen: set[Node] = set()
    # By hand, not by recursion: a chain of holdings may be as long as someone makes it.
    waiting: list[tuple[Node, bool]] = [(None, False)]
    while waiting:
        node, left = waiting.pop()
        if left:
            done.append(node)
        elif node not in seen:
            seen.add(node)
            waiting.append((node, True))
            waiting += [(share.owner, False) for share in owners.get(node, ())]
    return [node for node in reversed(done) if node in owners]


def held_of(shares: Iterable[Share], of: Node) -> Decimal:
    """How much of ``of`` is told, in percent."""
    return sum((share.percent for share in shares if share.of == of), Decimal(0))


def unexplained(
    shares: Collection[Share], people: Collection[Hashable], explained: Collection[Node] = ()
) -> Fraction:
    """Percent of the company that no person is named for. ``explained`` are companies whose
    owners need not be named (those on a regulated market): what is theirs counts as told."""
    told: dict[Node, Fraction] = {None: Fraction(WHOLE), **effective(shares)}
    rest = told[None] - sum((told[owner] for owner in told if owner in people), Fraction())
    for company in explained:
        nameless = WHOLE - Fraction(held_of(shares, company))
        rest -= told.get(company, Fraction()) * nameless / WHOLE
    return rest


def why_not(shares: Collection[Share], new: Share, companies: Collection[Hashable]) -> str:
    """Why ``new`` can't stand beside ``shares``; empty when it can. ``companies``: who of the
    parties may be owned."""
    if not 0 < new.percent <= WHOLE:
        return "A share is more than 0 and at most 100 %."
    if new.percent != round(new.percent, PERCENT_PLACES):
        return f"At most {PERCENT_PLACES} decimals."
    if new.of is not None and new.of not in companies:
        return "Only a company has owners."
    if new.owner == new.of or _leads_to(shares, new.of, new.owner):
        return "This would be a circle: each would own the other in the end."
    told = held_of(shares, new.of)
    if told + new.percent > WHOLE:
        rest = (WHOLE - told).normalize()
        return f"{told.normalize():f} % are told already, so {rest:f} % are left."
    return ""


def _leads_to(shares: Collection[Share], owner: Node, of: Hashable) -> bool:
    """Whether ``owner`` has, directly or through others, a share in ``of``."""
    owners = _owners(shares)
    waiting, seen = [of], {of}
    while waiting:
        for share in owners.get(waiting.pop(), ()):
            if share.owner == owner:
                return True
            if share.owner not in seen:
                seen.add(share.owner)
                waiting.append(share.owner)
    return False


def must_be_cleared(share: Fraction, roles: Collection[str], threshold: Decimal) -> bool:
    """A beneficial owner, and whoever directs or signs."""
    return share >= Fraction(threshold) or bool(
        {PartyRole.DIRECTOR, PartyRole.SIGNATORY} & set(roles)
    )


def percent_words(share: Fraction | Decimal) -> str:
    """As people read it: ``38 %``, ``33.33 %``, and never a rounded nothing."""
    if 0 < share < Fraction(1, 200):
        return "less than 0.01 %"
    # Cut, not rounded: what is a little less than a quarter does not read as one.
    whole, cents = divmod(int(share * 100), 100)
    return f"{whole}.{cents:02d}".rstrip("0").rstrip(".") + " %"
