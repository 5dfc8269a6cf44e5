"""Payments that compliance holds, as a queue with a clock, and what is open for their clients.

For eyes that may know of monitoring alone. Payments staff see the payment held, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse

from backoffice.core.context import Actor
from backoffice.core.money import Money
from backoffice.portal.decisions import describe
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import moves, outbox, queues
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from compliance import selectors
from compliance.monitoring.days import base_currency
from compliance.monitoring.kinds import KINDS, values
from compliance.states import ALERT_COLOURS, ALERT_OPEN, HIT_COLOURS, HIT_UNDECIDED, HitState
from kyc import selectors as kyc
from kyc.states import CaseState
from payments.models import Deposit, Withdrawal
from payments.states import DEPOSIT, WITHDRAWAL, DepositState, WithdrawalState

SEE = "compliance.view_monitoring"
TOPIC = "compliance.payment_moved"
Payment = Deposit | Withdrawal

HELD = queues.register(
    queues.Queue(
        code="held",
        label="Held payments",
        permission=SEE,
        icon="hand-stop",
        list_url="compliance:held",
        url=lambda pk: reverse("compliance:held-payment", args=[pk]),
        due_minutes=240,
        due_minutes_urgent=60,
        order=22,
        discreet=True,
    )
)
# A held payment goes nowhere but back to payments staff, or is refused.
moves.register(
    WITHDRAWAL,
    {
        WithdrawalState.COMPLIANCE: [TOPIC],
        WithdrawalState.REVIEW: [TOPIC],
        WithdrawalState.REJECTED: [TOPIC],
    },
)
moves.register(DEPOSIT, {DepositState.HELD: [TOPIC], DepositState.REVIEW: [TOPIC]})


@outbox.handles(TOPIC)
def payment_moved(actor: Actor, item: OutboxItem) -> None:
    """Put a payment into the queue when it was held, and take it out when it no longer is."""
    assert item.subject_id is not None
    with tenant_scope(actor.tenant_id, actor):
        payment = find(actor, item.subject_id)
        if payment is None:
            return
        if is_held(payment):
            queues.item_open(
                actor=actor, queue=HELD.code, subject=payment, desk_id=payment.client.desk_id
            )
        else:
            queues.item_close(actor=actor, queue=HELD.code, subject_id=payment.pk)


def is_held(payment: Payment) -> bool:
    if isinstance(payment, Withdrawal):
        return payment.state == WithdrawalState.COMPLIANCE
    return payment.state == DepositState.HELD


def find(actor: Actor, pk: UUID) -> Payment | None:
    mine = {"tenant_id": actor.tenant_id, "pk": pk}
    withdrawal = Withdrawal.objects.filter(**mine).select_related("client", "destination").first()
    return withdrawal or Deposit.objects.filter(**mine).select_related("client", "method").first()


def payment_for(actor: Actor, pk: UUID) -> Payment:
    """A payment by id, for who may see its client; anyone else's is not found."""
    payment = find(actor, pk)
    if payment is None or not actor.sees_desk(payment.client.desk_id):
        raise Http404("No such payment.")
    return payment


def money_of(payment: Payment) -> Money:
    if isinstance(payment, Withdrawal):
        return Money.rounded(payment.amount, payment.currency)
    if payment.paid_amount is not None:
        return Money.rounded(payment.paid_amount, payment.paid_currency)
    return Money.rounded(payment.asked_amount, payment.asked_currency)


def party_of(payment: Payment) -> str:
    if isinstance(payment, Withdrawal):
        return f"to {payment.destination.label}, {payment.destination.holder}"
    return f"from {payment.payer_name or 'an unknown payer'}, {payment.instrument_label}".rstrip(
        ", "
    )


@describe(HELD.code)
def describe_held(actor: Actor, ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, str, Any]]:
    return {
        row.pk: (row.client.name, f"{row.reference} {_way(row)}", money_of(row))
        for row in by_ids(actor, ids).values()
    }


def _way(payment: Payment) -> str:
    return "out" if isinstance(payment, Withdrawal) else "in"


def by_ids(actor: Actor, ids: Sequence[UUID]) -> dict[UUID, Payment]:
    mine = {"tenant_id": actor.tenant_id, "pk__in": list(ids)}
    found: dict[UUID, Payment] = {
        row.pk: row
        for row in Withdrawal.objects.filter(**mine).select_related("client", "destination")
    }
    deposits = Deposit.objects.filter(**mine).select_related("client", "method")
    return found | {row.pk: row for row in deposits}


# What is open


@dataclass(frozen=True)
class Matter:
    """One thing that stands against a client: an alert, a hit, a case."""

    reference: str
    kind: str
    text: str
    state: str
    colour: str
    url: str
    at: datetime


@dataclass(frozen=True)
class Mark:
    """An open alert or hit in a line of the list."""

    reference: str
    colour: str


def marks(actor: Actor, clients: set[UUID]) -> dict[UUID, list[Mark]]:
    """What stands against each of these clients, in two queries however many they are."""
    found: dict[UUID, list[Mark]] = {pk: [] for pk in clients}
    for alert in selectors.alerts_for(actor).filter(client__in=clients, state__in=ALERT_OPEN):
        colour = ALERT_COLOURS[alert.state]  # type: ignore[index]
        found[alert.client_id].append(Mark(alert.reference, colour))
    standing = [*HIT_UNDECIDED, HitState.CONFIRMED]
    for hit in selectors.hits_for(actor).filter(client__in=clients, state__in=standing):
        found[hit.client_id].append(Mark(hit.reference, HIT_COLOURS[hit.state]))  # type: ignore[index]
    return found


def matters(actor: Actor, client: Client) -> list[Matter]:
    """Everything open for the client, the newest first."""
    found = [*_alerts(actor, client), *_hits(actor, client), *_cases(client)]
    return sorted(found, key=lambda matter: matter.at, reverse=True)


def _alerts(actor: Actor, client: Client) -> Iterator[Matter]:
    currency = base_currency(actor.tenant_id)
    for alert in selectors.alerts_of(actor, client).filter(state__in=ALERT_OPEN):
        kind = KINDS[alert.code]
        yield Matter(
            alert.reference,
            f"{alert.code} {kind.title}",
            kind.words(values(alert.scenario.parameters), alert.basis, currency),
            alert.get_state_display(),
            ALERT_COLOURS[alert.state],  # type: ignore[index]
            reverse("compliance:alert", args=[alert.pk]),
            alert.raised_at,
        )


def _hits(actor: Actor, client: Client) -> Iterator[Matter]:
    standing = [*HIT_UNDECIDED, HitState.CONFIRMED]
    for hit in selectors.hits_of(actor, client).filter(state__in=standing):
        yield Matter(
            hit.reference,
            f"Hit, {hit.get_category_display().lower()}",
            f"{hit.source_title}: {hit.listed_name}, {hit.score:.2f}",
            hit.get_state_display(),
            HIT_COLOURS[hit.state],  # type: ignore[index]
            reverse("compliance:hit", args=[hit.pk]),
            hit.found_at,
        )


def _cases(client: Client) -> Iterator[Matter]:
    case = kyc.working_case(client)
    if case is None or case.state == CaseState.DRAFT:
        return
    yield Matter(
        case.reference,
        f"KYC case, level {case.level.number}",
        case.level.name,
        case.get_state_display(),
        "attention",
        reverse("kyc:case", args=[case.pk]),
        case.opened_at,
    )
