"""Reading cases: who is in sight, the checklist, what speaks for and against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from backoffice.core.clock import today
from backoffice.core.columns import narrowed
from backoffice.core.context import Actor, current_tenant_id
from clients.documents import TYPED, readings_of
from clients.models import Client, ClientAction, ClientDocument, ClientKind, Party, RiskBand
from clients.ownership.states import PartyState
from clients.states import DocumentState
from kyc import checks, rules, tax
from kyc.models import (
    CaseCheck,
    CheckOutcome,
    DocumentDecision,
    KycCase,
    Level,
    ReasonCode,
    Requirement,
    RequirementKind,
    RiskRating,
)
from kyc.parties.standing import Ownership, ownership_of, paper_of
from kyc.questionnaires import selectors as questionnaires
from kyc.questionnaires.selectors import Standing
from kyc.rules import Comparison, Problem, Verdict
from kyc.states import WORKING, CaseState

HIGH = frozenset({RiskBand.HIGH, RiskBand.PROHIBITED})
IDENTITY = ("birth_date", "nationality", "residence", "address")
CHECK_COLOURS = {
    CheckOutcome.WAITING: "going",
    CheckOutcome.CLEAR: "good",
    CheckOutcome.HIT: "bad",
    CheckOutcome.ERROR: "attention",
}


def cases_for(actor: Actor) -> QuerySet[KycCase]:
    """Cases of the clients that the actor may see, with client and level."""
    rows = KycCase.objects.filter(tenant_id=actor.tenant_id).select_related("client", "level")
    return rows if actor.desks is None else rows.filter(client__desk_id__in=actor.desks)


def cases_of(client: Client) -> QuerySet[KycCase]:
    return (
        KycCase.objects.filter(tenant_id=current_tenant_id(), client=client)
        .select_related("level")
        .order_by("-id")
    )


def working_case(client: Client) -> KycCase | None:
    """The one that people work on, if any."""
    return cases_of(client).filter(state__in=WORKING).first()


def standing_case(client: Client) -> KycCase | None:
    """The approved one that carries the client's level, whatever became of it since."""
    return (
        cases_of(client)
        .filter(decided_at__isnull=False, level__number=client.level)
        .exclude(state__in=[CaseState.REJECTED, CaseState.ABANDONED])
        .first()
    )


def levels(tenant_id: int) -> QuerySet[Level]:
    return Level.objects.filter(tenant_id=tenant_id).order_by("number")


def requirements_of(case: KycCase) -> list[Requirement]:
    return list(
        Requirement.objects.filter(
            tenant_id=current_tenant_id(), level=case.level, client_kind=case.client.kind
        ).order_by("order", "id")
    )


def reasons(use: str) -> QuerySet[ReasonCode]:
    return ReasonCode.objects.filter(tenant_id=current_tenant_id(), use=use, active=True).order_by(
        "order", "label"
    )


def reason_named(use: str, code: str) -> ReasonCode | None:
    return reasons(use).filter(code=code).first()


def is_high_risk(case: KycCase) -> bool:
    """Needs the MLRO: high band or politically exposed, the client or who is behind it."""
    client = case.client
    return client.risk_band in HIGH or client.politically_exposed or exposed_behind(client)


def exposed_behind(client: Client) -> bool:
    """Whether someone politically exposed owns, directs or signs for the company."""
    if client.kind != ClientKind.COMPANY:
        return False
    standing = Party.objects.filter(tenant_id=current_tenant_id(), client=client)
    return standing.filter(politically_exposed=True).exclude(state=PartyState.ENDED).exists()


def papers_of(case: KycCase) -> list[ClientDocument]:
    return list(
        ClientDocument.objects.filter(tenant_id=current_tenant_id(), client_id=case.client_id)
        .select_related("party")
        .order_by("-id")
    )


def checks_of(case: KycCase) -> list[CaseCheck]:
    return list(CaseCheck.objects.filter(tenant_id=current_tenant_id(), case=case).order_by("name"))


def identity_verdict(client: Client) -> Verdict:
    wanted = IDENTITY if client.kind == ClientKind.PERSON else ("residence", "address")
    missing = [name.replace("_", " ") for name in wanted if not getattr(client, name)]
    if missing:
        note = f"missing: {', '.join(missing)}"
        url = reverse("clients:edit", args=[client.pk])
        return Verdict("Particulars", "bad", note, met=False, handed_in=False, url=url)
    return Verdict("Particulars", "good", "complete", met=True)


@dataclass(frozen=True, slots=True)
class Dossier:
    """What a case is judged by, read at one moment; papers the newest first."""

    papers: list[ClientDocument]
    checks: list[CaseCheck]
    verdicts: list[Verdict]
    forms: list[Standing]
    wanted: list[Requirement]
    # Of a company alone: who is behind it.
    ownership: Ownership | None = None


def dossier_of(case: KycCase) -> Dossier:
    papers, answered = papers_of(case), checks_of(case)
    ownership = ownership_in(case, papers)
    wanted = requirements_of(case)
    forms = questionnaires.standings(case.client)
    asked = {each.code for each in wanted if _is_form(each)}
    mine = [each for each in forms if each.questionnaire.code in asked or each.last or each.filling]
    verdicts = _verdicts(case, papers, answered, ownership, wanted, forms)
    return Dossier(papers, answered, verdicts, mine, wanted, ownership)


def problem_of(dossier: Dossier, document: ClientDocument) -> Problem | None:
    """What the dates of a document that waits for a decision say against it."""
    if document.state != DocumentState.UPLOADED:
        return None
    ages = [
        each.age_days_max
        for each in dossier.wanted
        if each.kind == RequirementKind.DOCUMENT and document.type in each.types
    ]
    # The requirement that asks least of it decides.
    age = None if None in ages else max((each for each in ages if each is not None), default=None)
    return rules.paper_problem(paper_of(document), age, today())


def _is_form(requirement: Requirement) -> bool:
    return requirement.kind == RequirementKind.QUESTIONNAIRE and not requirement.questions


def ownership_in(case: KycCase, papers: Sequence[ClientDocument]) -> Ownership | None:
    """Who is behind the case's company, judged by the case's level; None for a person."""
    if case.client.kind != ClientKind.COMPANY:
        return None
    return ownership_of(case.client, case.level, papers)


def checklist(case: KycCase) -> list[Verdict]:
    """Every requirement of the level for this client, in order, each with how it stands."""
    return dossier_of(case).verdicts


def _verdicts(
    case: KycCase,
    documents: Sequence[ClientDocument],
    answered: Sequence[CaseCheck],
    ownership: Ownership | None,
    wanted: Sequence[Requirement],
    forms: Sequence[Standing],
) -> list[Verdict]:
    papers = [paper_of(document) for document in documents if document.party_id is None]
    answers = {check.name: check for check in answered}
    stand = {each.questionnaire.code: each for each in forms}
    lines = [identity_verdict(case.client), *(ownership.verdicts() if ownership else ())]
    for requirement in wanted:
        if requirement.kind == RequirementKind.DOCUMENT:
            lines.append(
                rules.document_verdict(
                    requirement.label,
                    requirement.types,
                    papers,
                    requirement.age_days_max,
                    today(),
                )
            )
        elif requirement.kind == RequirementKind.CHECK and requirement.code == tax.CODE:
            structure = ownership.structure if ownership else None
            lines.append(tax.tax_verdict(case.client, requirement.label, structure))
        elif requirement.kind == RequirementKind.CHECK:
            lines.append(_check_verdict(requirement.label, answers.pop(requirement.code, None)))
        elif _is_form(requirement):
            found = stand.get(requirement.code)
            lines.append(questionnaires.verdict(requirement.label, found))
        else:
            lines.append(_questionnaire_verdict(requirement, case.answers))
    lines += [_check_verdict(checks.label_of(name), row) for name, row in answers.items()]
    return lines


def _check_verdict(title: str, row: CaseCheck | None) -> Verdict:
    if row is None:
        return Verdict(title, "bad", "not asked yet", met=False)
    outcome = CheckOutcome(row.outcome)
    note = row.summary or outcome.label.lower()
    met = outcome is CheckOutcome.CLEAR
    return Verdict(title, CHECK_COLOURS[outcome], note, met=met, url=row.url)


def _questionnaire_verdict(requirement: Requirement, answers: Mapping[str, Any]) -> Verdict:
    wanted = [str(question["code"]) for question in requirement.questions]
    missing = [code for code in wanted if answers.get(code) in (None, "")]
    if missing:
        note = f"{len(missing)} of {len(wanted)} questions open"
        return Verdict(requirement.label, "bad", note, met=False, handed_in=False)
    return Verdict(requirement.label, "good", f"{len(wanted)} answers", met=True)


def comparison(case: KycCase, document: ClientDocument) -> list[Comparison]:
    """What was told of whom the document is, the client or a party, beside what its zone says."""
    read = readings_of(document).get("mrz", {})
    written = readings_of(document).get(TYPED, {})
    whose = document.party or case.client
    typed = {
        "surname": whose.last_name,
        "given_names": whose.first_name,
        "birth_date": whose.birth_date.isoformat() if whose.birth_date else "",
        "nationality": whose.nationality,
        "number": written.get("number", ""),
        "expires_on": written.get("expires_on", ""),
    }
    return rules.compare(typed, read)


def raters(case: KycCase) -> list[str]:
    """Who set the risk of this client by hand: they neither send it to approval nor approve it."""
    rated = RiskRating.objects.filter(tenant_id=current_tenant_id(), case=case)
    found = set(rated.values_list("by_ref", flat=True))
    return sorted(found | ({case.client.risk_override_ref} - {""}))


def decisions_of(case: KycCase) -> QuerySet[DocumentDecision]:
    return (
        DocumentDecision.objects.filter(tenant_id=current_tenant_id(), case=case)
        .select_related("document__party")
        .order_by("id")
    )


def decided_count(documents: Sequence[ClientDocument]) -> int:
    return sum(1 for document in documents if document.state != DocumentState.UPLOADED)


def content_of(case: KycCase) -> dict[str, Any]:
    """Exactly what is approved: hashed when it is asked, and compared when it is decided."""
    client, papers = case.client, papers_of(case)
    ownership = ownership_in(case, papers)
    return {
        "client": client.reference,
        "name": client.name,
        "birth date": client.birth_date.isoformat() if client.birth_date else "",
        "nationality": client.nationality,
        "residence": client.residence,
        "address": client.address,
        "level": case.level.number,
        "rights": [str(ClientAction(right).label) for right in case.level.rights],
        "risk": client.risk_band,
        "politically exposed": client.politically_exposed,
        "documents": {
            f"{document.get_type_display()} {document.pk}": document.state for document in papers
        },
        "checks": {row.name: row.outcome for row in checks_of(case)},
        "answers": case.answers,
        **({"owners and directors": ownership.content()} if ownership else {}),
        "questionnaires": {
            each.questionnaire.name: questionnaires.content_words(each)
            for each in questionnaires.standings(client)
            if each.last
        },
    }


def clients_of_cases(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, KycCase]:
    """By id, with what queues and lists show of them and no more."""
    rows = narrowed(
        cases_for(actor).filter(pk__in=ids),
        ("reference", "state", "escalation"),
        client=(*Client.NAMED, "level", "residence", "risk_band"),
        level=("number",),
    )
    return {case.pk: case for case in rows}
