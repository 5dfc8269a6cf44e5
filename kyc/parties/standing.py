"""How each party of a company stands: what is asked of it, what is missing, who stops the case."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import UUID

from django.urls import reverse

from backoffice.core.clock import today
from backoffice.core.context import current_tenant_id
from clients.models import Client, ClientDocument, DocumentType, Party
from clients.ownership.rules import must_be_cleared, percent_words
from clients.ownership.selectors import Structure, papers_of_parties, structure_of
from clients.ownership.states import PARTY_COLOURS, PartyKind, PartyRole, PartyState
from kyc import rules
from kyc.defaults import ADDRESS, IDENTITY
from kyc.models import Level, Requirement, RequirementKind
from kyc.parties.checks import PartyAnswer, answers_for
from kyc.rules import Paper, Verdict

# Who one is and where one lives. What a level asks of a client's money is not asked of an owner.
PAPERS: Mapping[str, frozenset[str]] = {
    PartyKind.PERSON: frozenset((*IDENTITY, *ADDRESS)),
    PartyKind.COMPANY: frozenset((DocumentType.INCORPORATION, DocumentType.SHAREHOLDERS)),
}
PARTICULARS: Mapping[str, Sequence[str]] = {
    PartyKind.PERSON: ("birth_date", "nationality", "residence"),
    PartyKind.COMPANY: ("residence", "registration_number"),
}
WORDS = {"birth_date": "date of birth", "residence": "country"}


@dataclass(frozen=True)
class Standing:
    """One party. ``missing``: what keeps it from being cleared, in words; ``handed_in``: whether
    the brokerage has all that it was to bring."""

    party: Party
    role: str
    share: Fraction
    required: bool
    missing: list[str] = field(default_factory=list)
    handed_in: bool = True
    answers: list[PartyAnswer] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Nothing of it stops the company's case."""
        return not self.required or (self.party.state == PartyState.CLEARED and not self.missing)

    @property
    def colour(self) -> str:
        if not self.required and self.party.state == PartyState.OPEN:
            return "neutral"
        if self.missing and self.party.state == PartyState.CLEARED:
            return "bad"
        return PARTY_COLOURS[PartyState(self.party.state)]

    @property
    def word(self) -> str:
        if not self.required and self.party.state == PartyState.OPEN:
            return "Not asked for"
        return str(self.party.get_state_display())

    @property
    def stops(self) -> str:
        """What a reviewer has to mend before they can clear it; empty when nothing."""
        if self.party.state == PartyState.REFUSED:
            return f"refused: {self.party.decision_reason}"
        return "; ".join(self.missing)

    @property
    def note(self) -> str:
        """What the checklist says."""
        if self.stops:
            return self.stops
        return "to be cleared" if self.party.state == PartyState.OPEN else "cleared"


def asked_at(level: Level | None) -> dict[str, list[Requirement]]:
    """The papers that a level asks of its own clients and so of parties, by kind of party."""
    if level is None:
        return {}
    rows = Requirement.objects.filter(
        tenant_id=current_tenant_id(), level=level, kind=RequirementKind.DOCUMENT
    ).order_by("order", "id")
    found: dict[str, list[Requirement]] = {}
    for row in rows:
        if set(row.types) <= PAPERS[row.client_kind]:
            found.setdefault(row.client_kind, []).append(row)
    return found


def paper_of(document: ClientDocument) -> Paper:
    return Paper(
        type=document.type,
        state=document.state,
        issued_on=document.issued_on,
        expires_on=document.expires_on,
        label=document.get_type_display(),
        reason=document.decision_reason.replace("_", " "),
    )


@dataclass(frozen=True)
class Ownership:
    """The structure of a company with how each of its parties stands."""

    structure: Structure
    standings: dict[UUID, Standing]

    def verdicts(self) -> list[Verdict]:
        """For the checklist of the company's case: the structure, then who must be cleared."""
        required = [self.standings[party.pk] for party in self.structure.required()]
        return [_structure_verdict(self.structure), *map(_verdict, required)]

    def content(self) -> dict[str, str]:
        """What is approved of it: who they are to the company, and the reviewer's word."""
        return {
            f"{each.party.name} {each.party.pk}": ", ".join(
                [each.role, percent_words(each.share), each.party.state]
            )
            for each in self.standings.values()
        }


def ownership_of(
    client: Client, level: Level | None, papers: Iterable[ClientDocument] | None = None
) -> Ownership:
    """``papers``: every document of the client, when the caller has read them."""
    structure = structure_of(client)
    asked = asked_at(level)
    by_party: dict[UUID, list[ClientDocument]] = {}
    if papers is None:
        by_party = papers_of_parties(client)
    for document in papers or ():
        if document.party_id is not None:
            by_party.setdefault(document.party_id, []).append(document)
    answers = answers_for(client, structure.parties.values())
    standings = {
        party.pk: _standing(
            structure, party, asked, by_party.get(party.pk, []), answers.get(party.pk, [])
        )
        for party in structure.parties.values()
    }
    return Ownership(structure, standings)


def _standing(
    structure: Structure,
    party: Party,
    asked: Mapping[str, Sequence[Requirement]],
    documents: Iterable[ClientDocument],
    answers: list[PartyAnswer],
) -> Standing:
    share, roles = structure.share(party), structure.roles(party)
    absent = [name for name in PARTICULARS[party.kind] if not getattr(party, name)]
    missing = [f"{WORDS.get(name, name.replace('_', ' '))} not known" for name in absent]
    papers = [paper_of(document) for document in documents]
    lines = [
        rules.document_verdict(row.label, row.types, papers, row.age_days_max, today())
        for row in asked.get(party.kind, ())
    ]
    missing += [f"{line.title.lower()} {line.note}" for line in lines if not line.met]
    handed_in = not absent and all(line.handed_in for line in lines)
    missing += [answer.words for answer in answers if not answer.clear]
    return Standing(
        party=party,
        role=structure.role_words(party),
        share=share,
        required=must_be_cleared(share, roles, structure.threshold),
        missing=missing,
        handed_in=handed_in,
        answers=answers,
    )


def _url(party: Party) -> str:
    return reverse("kyc:party", args=[party.client_id, party.pk])


def _verdict(standing: Standing) -> Verdict:
    party = standing.party
    title = f"{party.name}, {standing.role}"
    if standing.share:
        title += f" {percent_words(standing.share)}"
    if standing.met:
        return Verdict(title, "good", standing.note, met=True, url=_url(party))
    waits = standing.handed_in and party.state == PartyState.OPEN
    return Verdict(
        title,
        "attention" if waits else "bad",
        standing.note,
        met=False,
        handed_in=standing.handed_in,
        url=_url(party),
    )


def _structure_verdict(structure: Structure) -> Verdict:
    """Nobody may hide behind it: no unnamed owner could have as much as the law asks about, and
    someone directs."""
    title, url = "Ownership", reverse("clients:tab", args=[structure.client.pk, "ownership"])
    open_share = structure.unexplained()
    problems = []
    if not structure.parties:
        problems.append("nobody is named yet")
    elif open_share >= structure.threshold:
        problems.append(f"{percent_words(open_share)} not explained")
    directs = {PartyRole.DIRECTOR, PartyRole.SIGNATORY}
    if structure.parties and not any(tie.role in directs for tie in structure.ties):
        problems.append("no director or signatory is named")
    if problems:
        note = ", ".join(problems)
        return Verdict(title, "bad", note, met=False, handed_in=False, url=url)
    note = f"{len(structure.parties)} named"
    if open_share:
        note += f", {percent_words(open_share)} not explained"
    return Verdict(title, "good", note, met=True, url=url)
