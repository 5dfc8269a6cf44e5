"""Changing a client's category: one person asks with evidence, another one sets it."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import moves
from backoffice.workflow.approvals import ApprovalKind, approval_ask, register
from backoffice.workflow.models import Approval
from clients.locks import client_locked
from clients.models import Category, Client, ClientDocument
from clients.services import client_set_category
from clients.states import ClientState
from kyc import actions
from kyc.categories import rules
from kyc.categories.models import CategoryChange
from kyc.categories.states import CATEGORY_CHANGE, ChangeState, Criterion

KIND = "kyc.category"
ASK, DECIDE = "kyc.review_case", "kyc.approve_case"


def changes_of(client: Client) -> list[CategoryChange]:
    """The newest first."""
    rows = CategoryChange.objects.filter(tenant_id=current_tenant_id(), client=client)
    return list(rows.order_by("-id"))


@transaction.atomic
def category_propose(
    *,
    actor: Actor,
    client: Client,
    category: str,
    basis: str,
    shown: Collection[str],
    evidence: Collection[UUID],
    reason: str,
    asked_on: date,
) -> CategoryChange:
    """Ask a second person. ``InvalidInput`` says what is missing for the category."""
    if not actor.can(ASK):
        raise NotPermitted
    row = client_locked(actor, client.pk)
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. Nothing was changed.")
    if any(each.state == ChangeState.PROPOSED for each in changes_of(row)):
        raise StateConflict("A change waits already. Nothing was done; decide on that first.")
    papers = _papers(row, evidence)
    problems = _problems(row, category, basis, shown, papers, reason, asked_on)
    if problems:
        raise InvalidInput(fields=problems)
    made = CategoryChange.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        before=row.category,
        category=category,
        basis=basis,
        shown=[str(each) for each in Criterion if each in set(shown)],
        evidence=[str(paper.pk) for paper in papers],
        reason=reason.strip()[:300],
        asked_on=asked_on,
        made_by_ref=actor.ref,
        made_by=actor.name,
    )
    moves.begin(made, CATEGORY_CHANGE, actor=actor)
    data = {"category": made.words().lower(), "reason": made.reason}
    audit(actor=actor, action=actions.CATEGORY_ASKED, subject=row, data=data)
    approval_ask(
        actor=actor,
        kind=KIND,
        subject=made,
        label=f"{row.reference}: {made.words().lower()}",
        content=content(made),
    )
    return made


def _papers(client: Client, evidence: Collection[UUID]) -> list[ClientDocument]:
    rows = ClientDocument.objects.filter(
        tenant_id=current_tenant_id(), client=client, pk__in=list(evidence)
    )
    return list(rows.order_by("id"))


def _problems(
    client: Client,
    category: str,
    basis: str,
    shown: Collection[str],
    papers: Collection[ClientDocument],
    reason: str,
    asked_on: date,
) -> dict[str, str]:
    found = {}
    if category not in Category.values:
        found["category"] = "Choose a category."
    elif category == client.category:
        found["category"] = f"The client is {client.get_category_display().lower()} already."
    elif why := rules.why_not(category, basis, client.kind, shown):
        found["shown" if basis != "none" else "basis"] = why
    if category != Category.RETAIL and not papers:
        found["evidence"] = "Choose the documents that show it."
    if not reason.strip():
        found["reason"] = "Say why."
    if asked_on > today(brokerage().timezone):
        found["asked_on"] = "This day has not come yet."
    return found


def content(row: CategoryChange) -> Mapping[str, Any]:
    """What the second person reads, and what is hashed: the documents as they stand now."""
    papers = _papers(row.client, [UUID(each) for each in row.evidence])
    return {
        "Client": row.client.reference,
        "Kind": row.client.get_kind_display(),
        "From": Category(row.client.category).label,
        "To": row.words(),
        "Shown": row.shown_words() or "nothing",
        "Documents": ", ".join(
            f"{each.get_type_display()} ({each.get_state_display().lower()})" for each in papers
        )
        or "none",
        "Asked for on": row.asked_on.isoformat(),
        "Because": row.reason,
    }


def _row(actor: Actor, approval: Approval) -> CategoryChange:
    """The change, its client locked before it."""
    mine = CategoryChange.objects.filter(tenant_id=actor.tenant_id, pk=approval.subject_id)
    client = client_locked(actor, mine.values_list("client_id", flat=True)[0])
    row = mine.select_for_update(of=("self",)).get()
    row.client = client
    return row


def _set(actor: Actor, approval: Approval) -> None:
    row = _row(actor, approval)
    row.decided_at, row.decided_by = now(), actor.name
    decided = ["decided_at", "decided_by"]
    moves.move(row, CATEGORY_CHANGE, ChangeState.SET, actor=actor, update_fields=decided)
    client_set_category(actor=actor, client=row.client, category=row.category, reason=row.reason)


def _refused(actor: Actor, approval: Approval) -> None:
    row = _row(actor, approval)
    row.decided_at, row.decided_by = now(), actor.name
    reason = approval.reason or "Something changed since it was asked for."
    moves.move(
        row,
        CATEGORY_CHANGE,
        ChangeState.REFUSED,
        actor=actor,
        reason=reason[:300],
        update_fields=["decided_at", "decided_by"],
    )


def _url(approval: Approval) -> str:
    pk = CategoryChange.objects.values_list("client_id", flat=True).get(
        tenant_id=current_tenant_id(), pk=approval.subject_id
    )
    return reverse("clients:tab", args=[pk, "kyc"])


def register_approval() -> None:
    moves.register(CATEGORY_CHANGE)
    register(
        ApprovalKind(
            code=KIND,
            label="Client category",
            permission=DECIDE,
            content=lambda actor, approval: content(_row(actor, approval)),
            execute=_set,
            refused=_refused,
            url=_url,
        )
    )
