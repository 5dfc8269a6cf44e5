"""What compliance does after commits, and its answer to a KYC case that is being screened."""

from uuid import UUID

from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import OutboxItem
from clients.models import Client, ClientKind
from compliance.consequences import answer_for
from compliance.models import Screening
from compliance.related import company_screen
from compliance.rescreen import SCREENED_STATES
from compliance.risk.services import client_assess
from compliance.screen import SETTLE, client_screen
from compliance.selectors import confirmed_parties, undecided_hits
from kyc import selectors as kyc
from kyc import services
from kyc.checks import CheckAnswer
from kyc.models import CheckOutcome, KycCase
from kyc.states import FINAL, CaseState

CHECK = "screening"
CHANGED = "compliance.client_changed"
# Particulars by which a client is searched for.
SEARCHED_BY = frozenset(
    {"kind", "first_name", "last_name", "company_name", "birth_date", "nationality", "residence"}
)


def screen_case(actor: Actor, case: KycCase) -> CheckAnswer:
    """The KYC check: search the case's client, and who is behind a company, now and say what
    stands against them."""
    with tenant_scope(actor.tenant_id, actor):
        client_screen(actor=actor, client=case.client)
        if case.client.kind == ClientKind.COMPANY:
            company_screen(actor=actor, client=case.client)
        client_assess(actor=actor, client=case.client, why="a case was submitted")
        return answer_for(actor, case.client)


def _client(actor: Actor, item: OutboxItem) -> Client:
    assert isinstance(item.subject_id, UUID)
    return Client.objects.get(tenant_id=actor.tenant_id, pk=item.subject_id)


@outbox.handles(CHANGED)
def client_changed(actor: Actor, item: OutboxItem) -> None:
    """Another name, birth date or country may be someone else's: screen again who was screened."""
    if not SEARCHED_BY & set(item.payload.get("fields", [])):
        return
    with tenant_scope(actor.tenant_id, actor):
        client = _client(actor, item)
        screened = Screening.objects.filter(tenant_id=actor.tenant_id, client=client).exists()
        if screened or client.state in SCREENED_STATES:
            client_screen(actor=actor, client=client)


@outbox.handles(SETTLE)
def settle(actor: Actor, item: OutboxItem) -> None:
    """Bring the client's KYC cases in line with their hits: freeze, answer, or look again."""
    with tenant_scope(actor.tenant_id, actor):
        client = _client(actor, item)
        client_assess(actor=actor, client=client, why="a hit was found or decided")
        cases = [case for case in (kyc.working_case(client), kyc.standing_case(client)) if case]
    for case in {case.pk: case for case in cases}.values():
        with tenant_scope(actor.tenant_id, actor):
            _settle_case(actor, client, case, str(item.payload.get("freeze", "")))


def _settle_case(actor: Actor, client: Client, case: KycCase, confirmed: str) -> None:
    if case.state in FINAL or case.state == CaseState.FROZEN:
        return
    if confirmed:
        services.case_freeze(actor=actor, case=case, reason=f"{confirmed} is confirmed")
        return
    if case.state == CaseState.APPROVED:
        hit = undecided_hits(actor.tenant_id, client).first()
        if hit is not None:
            services.case_trigger(
                actor=actor, case=case, reason=f"{hit.reference} is to be decided"
            )
        elif (about := confirmed_parties(actor.tenant_id, client).first()) is not None:
            services.case_trigger(actor=actor, case=case, reason=f"{about.reference} is confirmed")
        return
    said = next((row for row in kyc.checks_of(case) if row.name == CHECK), None)
    if said is None or said.outcome == CheckOutcome.WAITING:
        return
    answer = answer_for(actor, client)
    if (answer.outcome, answer.summary) != (said.outcome, said.summary):
        services.check_answer(
            actor=actor,
            case=case,
            name=CHECK,
            outcome=answer.outcome,
            summary=answer.summary,
            lines=answer.lines,
            url=answer.url,
        )
