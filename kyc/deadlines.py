"""What happens by itself as days pass: papers expire, drafts are abandoned, reviews fall due."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.models import Transition
from clients import documents
from clients.locks import client_locked, document_locked
from clients.models import Client, ClientAction, ClientDocument
from clients.ownership.selectors import structure_of
from clients.services import restriction_place
from clients.states import DocumentState
from kyc import actions, selectors
from kyc.locks import case_locked
from kyc.models import KycCase, Requirement, RequirementKind
from kyc.moving import NOTIFY, case_move
from kyc.states import CaseState

WARN_DAYS = (0, 7, 30, 60)
ABANDON_AFTER = timedelta(days=30)
ABANDONABLE = (CaseState.DRAFT, CaseState.SUBMITTED, CaseState.INFO_REQUESTED)
RUN_MAX = 5_000  # per kind, tenant and run; the rest follows with the next run
EXPIRY_ORIGIN = "kyc.expiry"


def run(actor: Actor) -> dict[str, int]:
    """One tenant's day, item by item in transactions of their own. Safe to repeat."""
    with tenant_scope(actor.tenant_id, actor):
        papers, idle, due = _papers(actor), _idle(actor), _due(actor)
    done = {"papers": 0, "abandoned": 0, "reviews": 0}
    for pk in papers:
        with tenant_scope(actor.tenant_id, actor):
            done["papers"] += document_age(actor=actor, document_id=pk)
    for pk in idle:
        with tenant_scope(actor.tenant_id, actor):
            done["abandoned"] += case_abandon(actor=actor, case_id=pk)
    for pk in due:
        with tenant_scope(actor.tenant_id, actor):
            done["reviews"] += review_fall_due(actor=actor, case_id=pk)
    return done


def _papers(actor: Actor) -> list[UUID]:
    """Accepted papers with a step to take: a warning not sent yet, or the end of their time."""
    day = today()
    steps = Q(expires_on__lt=day)
    for days in WARN_DAYS:
        later = Q(expiry_warned__isnull=True) | Q(expiry_warned__gt=days)
        steps |= Q(expires_on__lte=day + timedelta(days=days)) & later
    rows = ClientDocument.objects.filter(
        steps, tenant_id=actor.tenant_id, state=DocumentState.ACCEPTED
    )
    return list(rows.order_by("expires_on").values_list("pk", flat=True)[:RUN_MAX])


def _idle(actor: Actor) -> list[UUID]:
    before = now() - ABANDON_AFTER
    rows = KycCase.objects.filter(
        tenant_id=actor.tenant_id, state__in=ABANDONABLE, opened_at__lt=before
    )
    return list(rows.values_list("pk", flat=True)[:RUN_MAX])


def _due(actor: Actor) -> list[UUID]:
    rows = KycCase.objects.filter(
        tenant_id=actor.tenant_id, state=CaseState.APPROVED, review_due_on__lte=today()
    )
    return list(rows.order_by("review_due_on").values_list("pk", flat=True)[:RUN_MAX])


@transaction.atomic
def document_age(*, actor: Actor, document_id: UUID) -> bool:
    """Warn of a coming expiry once per step; past it, expire the paper and stop deposits when
    nothing else meets the requirement. Withdrawals stay."""
    found = ClientDocument.objects.filter(tenant_id=actor.tenant_id, pk=document_id).first()
    if found is None:
        return False
    client = client_locked(actor, found.client_id)
    row = document_locked(actor, document_id)
    if row.state != DocumentState.ACCEPTED or row.expires_on is None:
        return False
    days = (row.expires_on - today()).days
    if days < 0:
        documents.document_expire(actor=actor, document=row)
        _restrict(actor, client, row)
        return True
    step = min((limit for limit in WARN_DAYS if days <= limit), default=None)
    if step is None or (row.expiry_warned is not None and row.expiry_warned <= step):
        return False
    row.expiry_warned = step
    row.save(update_fields=["expiry_warned"])
    _warn(actor, client, row, days)
    return True


def _warn(actor: Actor, client: Client, row: ClientDocument, days: int) -> None:
    kind = row.get_type_display().lower()
    audit(
        actor=actor,
        action=actions.WARNED,
        subject=client,
        data={"type": kind, "days": days, "document": row.pk},
    )
    if not client.do_not_contact:
        outbox.put(
            NOTIFY,
            subject_id=client.pk,
            payload={
                "to": f"client:{client.pk}",
                "template": "kyc.document_expires",
                "language": client.language,
                "type": row.type,
                "days": days,
            },
        )


def _restrict(actor: Actor, client: Client, row: ClientDocument) -> None:
    if not _is_needed(actor, client, row):
        return
    restriction_place(
        actor=actor,
        client=client,
        action=ClientAction.DEPOSIT,
        reason="document_expired",
        text=f"{_named(row)} expired on {row.expires_on:%-d %b %Y}",
        origin=EXPIRY_ORIGIN,
    )
    standing = selectors.standing_case(client)
    if standing is not None:
        case = case_locked(actor, standing.pk)
        if case.state == CaseState.APPROVED:
            reason = f"{_named(row)} expired"
            case_move(case, CaseState.RESTRICTED, actor=actor, reason=reason)


def _named(row: ClientDocument) -> str:
    kind = str(row.get_type_display())
    return f"{kind} of {row.party.name}" if row.party else kind


def _is_needed(actor: Actor, client: Client, row: ClientDocument) -> bool:
    """Whether the client's level asks for such a paper, of the client or of the party whose it is
    when that one must be cleared, and no other accepted one is valid."""
    if row.party is not None and row.party not in structure_of(client).required():
        return False
    asked = Requirement.objects.filter(
        tenant_id=actor.tenant_id,
        level__number=client.level,
        client_kind=row.party.kind if row.party else client.kind,
        kind=RequirementKind.DOCUMENT,
        types__contains=[row.type],
    )
    types = {kind for requirement in asked for kind in requirement.types}
    if not types:
        return False
    others = ClientDocument.objects.filter(
        Q(expires_on__isnull=True) | Q(expires_on__gte=today()),
        tenant_id=actor.tenant_id,
        client=client,
        party=row.party,
        state=DocumentState.ACCEPTED,
        type__in=types,
    )
    return not others.exclude(pk=row.pk).exists()


@transaction.atomic
def case_abandon(*, actor: Actor, case_id: UUID) -> bool:
    """Nothing was handed in for 30 days. Counted from the last move, not from the opening."""
    case = case_locked(actor, case_id)
    if case.state not in ABANDONABLE or _moved_lately(actor, case):
        return False
    return case_move(case, CaseState.ABANDONED, actor=actor, reason="nothing for 30 days")


def _moved_lately(actor: Actor, case: KycCase) -> bool:

    return Transition.objects.filter(
        tenant_id=actor.tenant_id, subject_id=case.pk, at__gte=now() - ABANDON_AFTER
    ).exists()


@transaction.atomic
def review_fall_due(*, actor: Actor, case_id: UUID) -> bool:
    case = case_locked(actor, case_id)
    if case.state != CaseState.APPROVED or case.review_due_on is None:
        return False
    if case.review_due_on > today():
        return False
    reason = f"due on {case.review_due_on:%-d %b %Y}"
    return case_move(case, CaseState.PERIODIC_REVIEW_DUE, actor=actor, reason=reason)
