"""Reading who is behind a company, as one structure: two queries, whatever its size."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from backoffice.core.clock import today
from backoffice.core.context import current_tenant_id
from clients.models import Client, ClientDocument, Party, Tie
from clients.ownership import rules
from clients.ownership.figures import threshold_on
from clients.ownership.rules import Share
from clients.ownership.states import EntityFlag, PartyKind, PartyRole, PartyState

ENDED_MAX = 100


def standing_ties(tenant_id: int, client_id: UUID) -> list[Tie]:
    """What holds today, in the order in which it was written down."""
    rows = Tie.objects.filter(tenant_id=tenant_id, client_id=client_id, until_on=None)
    return list(rows.order_by("id"))


def shares_of(ties: Iterable[Tie]) -> list[Share]:
    return [
        Share(tie.party_id, tie.of_id, tie.percent)
        for tie in ties
        if tie.role == PartyRole.OWNER and tie.percent is not None
    ]


@dataclass(frozen=True)
class Line:
    """One line of the tree: ``percent`` of what it stands under; None for who owns nothing there.
    ``again``: what is below it stands at its first place."""

    party: Party
    depth: int
    percent: Decimal | None
    again: bool = False


@dataclass(frozen=True)
class Structure:
    """Who is behind one company today. ``effective`` in percent of the company, exact."""

    client: Client
    parties: dict[UUID, Party]
    ties: list[Tie]
    threshold: Decimal
    source: str
    effective: dict[UUID, Fraction] = field(default_factory=dict)

    def share(self, party: Party) -> Fraction:
        return self.effective.get(party.pk, Fraction())

    def roles(self, party: Party) -> list[str]:
        """In the order of the catalogue, each once."""
        mine = {tie.role for tie in self.ties if tie.party_id == party.pk}
        return [str(role) for role in PartyRole if role in mine]

    def role_words(self, party: Party) -> str:
        return ", ".join(PartyRole(role).label.lower() for role in self.roles(party))

    def required(self) -> list[Party]:
        """Who must be cleared before the company is approved, the largest share first."""
        found = [
            party
            for party in self.parties.values()
            if rules.must_be_cleared(self.share(party), self.roles(party), self.threshold)
        ]
        return sorted(found, key=lambda party: (-self.share(party), party.name))

    def unexplained(self) -> Fraction:
        people = [pk for pk, party in self.parties.items() if party.kind == PartyKind.PERSON]
        listed: list[UUID | None] = [
            pk for pk, party in self.parties.items() if EntityFlag.LISTED in party.flags
        ]
        if EntityFlag.LISTED in self.client.flags:
            listed.append(None)
        return rules.unexplained(shares_of(self.ties), people, listed)

    def gaps(self) -> list[tuple[str, Fraction]]:
        """Where names are missing: a company of the tree and how much of the client is lost
        there, in percent."""
        shares = shares_of(self.ties)
        found = []
        nodes: list[tuple[UUID | None, str, Fraction, list[str]]] = [
            (None, self.client.name, Fraction(rules.WHOLE), self.client.flags)
        ]
        nodes += [
            (party.pk, party.name, self.share(party), party.flags)
            for party in self.parties.values()
            if party.kind == PartyKind.COMPANY
        ]
        for pk, name, share, flags in nodes:
            lost = share * (rules.WHOLE - Fraction(rules.held_of(shares, pk))) / rules.WHOLE
            if lost and EntityFlag.LISTED not in flags:
                found.append((name, lost))
        return found

    def lines(self) -> list[Line]:
        """The tree from the company down, then who owns nothing of it."""
        below: dict[UUID | None, list[Tie]] = defaultdict(list)
        for tie in self.ties:
            if tie.role == PartyRole.OWNER:
                below[tie.of_id].append(tie)
        lines: list[Line] = []
        drawn: set[UUID] = set()
        waiting = [(tie, 0) for tie in _largest_last(below[None])]
        while waiting:
            tie, depth = waiting.pop()
            again = tie.party_id in drawn and bool(below[tie.party_id])
            lines.append(Line(self.parties[tie.party_id], depth, tie.percent, again))
            if tie.party_id not in drawn:
                drawn.add(tie.party_id)
                waiting += [(each, depth + 1) for each in _largest_last(below[tie.party_id])]
        rest = [party for pk, party in self.parties.items() if pk not in drawn]
        return [*lines, *(Line(party, 0, None) for party in rest)]


def _largest_last(ties: list[Tie]) -> list[Tie]:
    return sorted(ties, key=lambda tie: tie.percent or Decimal(0))


def structure_of(client: Client) -> Structure:
    tenant_id = current_tenant_id()
    rows = Party.objects.filter(tenant_id=tenant_id, client=client).exclude(state=PartyState.ENDED)
    ties = standing_ties(tenant_id, client.pk)
    threshold = threshold_on(today())
    told = rules.effective(shares_of(ties))
    return Structure(
        client,
        {party.pk: party for party in rows.order_by("id")},
        ties,
        threshold.percent,
        threshold.source,
        {UUID(str(owner)): share for owner, share in told.items()},
    )


def ties_of(party: Party) -> list[Tie]:
    """Every role the party has or had, the newest first."""
    rows = Tie.objects.filter(tenant_id=current_tenant_id(), party=party)
    return list(rows.select_related("of", "evidence").order_by("-id"))


def ended_ties(client: Client) -> list[Tie]:
    """What was so once, the last to end first."""
    rows = Tie.objects.filter(tenant_id=current_tenant_id(), client=client, until_on__isnull=False)
    return list(rows.select_related("party", "of").order_by("-until_on", "-id")[:ENDED_MAX])


def papers_of_parties(client: Client) -> dict[UUID, list[ClientDocument]]:
    """Documents that name a party, by party, the newest first."""
    rows = ClientDocument.objects.filter(
        tenant_id=current_tenant_id(), client=client, party__isnull=False
    ).order_by("-id")
    found: dict[UUID, list[ClientDocument]] = defaultdict(list)
    for row in rows:
        if row.party_id is not None:
            found[row.party_id].append(row)
    return found
