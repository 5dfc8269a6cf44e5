"""Preparing and signing the client money report of a day."""

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from backoffice.audit.selectors import head
from backoffice.audit.services import audit, seal
from backoffice.audit.witnesses import Named
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves
from ledger import totals as books
from ledger.days import day_end
from reporting import actions
from reporting.client_money.collect import Policy, collect
from reporting.errors import AlreadySigned, DayNotOver
from reporting.models import ClientMoneyFigure, ClientMoneyPolicy, ClientMoneyReport
from reporting.states import REPORT, ReportState

SIGN = "reporting.sign_report"
FIGURE_FIELDS = (
    "currency",
    "clients",
    "wallets",
    "trading",
    "open_positions",
    "negatives",
    "client_balances",
    "bridge",
    "unallocated",
    "prudent",
    "requirement",
    "bank",
    "gateway",
    "in_transit",
    "resource",
    "difference",
)


def policy_of(tenant_id: int) -> Policy:
    """The brokerage's policy, or the cautious one that holds until it sets its own."""
    row = ClientMoneyPolicy.objects.filter(tenant_id=tenant_id).first()
    if row is None:
        return Policy(gateway_counts=False, positions_at_equity=True, prudent_percent=Decimal(0))
    return Policy(row.gateway_counts, row.positions_at_equity, row.prudent_percent)


@transaction.atomic
def policy_set(*, actor: Actor, policy: Policy) -> ClientMoneyPolicy:
    if not 0 <= policy.prudent_percent <= 100:
        raise InvalidInput("Prudent segregation is between 0 and 100 percent.")
    before = policy_of(actor.tenant_id)
    values = _policy_values(policy)
    row, _ = ClientMoneyPolicy.objects.update_or_create(
        tenant_id=actor.tenant_id, defaults={**values, "prudent_percent": policy.prudent_percent}
    )
    data = {"before": _policy_values(before), "after": values}
    audit(actor=actor, action=actions.POLICY_CHANGED, subject=row, data=data)
    return row


def _policy_values(policy: Policy) -> dict[str, Any]:
    return {
        "gateway_counts": policy.gateway_counts,
        "positions_at_equity": policy.positions_at_equity,
        "prudent_percent": str(policy.prudent_percent),
    }


@transaction.atomic
def report_prepare(*, actor: Actor, day: date) -> ClientMoneyReport:
    """Calculate the client money of a ``day`` that is over. An unsigned report of it is replaced;
    a signed one only when something was booked into the day since, which an open day allows.

    Raises ``DayNotOver``; ``AlreadySigned`` when the day's report is signed and holds.
    """
    ends_at = day_end(actor.tenant_id, day)
    if now() < ends_at:
        raise DayNotOver(f"{day:%d %B %Y} is not over yet where the brokerage is.")
    _replace(actor, day)
    policy = policy_of(actor.tenant_id)
    newest = now() < day_end(actor.tenant_id, day + timedelta(days=1))
    report = ClientMoneyReport.objects.create(
        tenant_id=actor.tenant_id,
        reference=next_reference("CM"),
        day=day,
        ends_at=ends_at,
        policy=_policy_values(policy),
        # Equity is what the trading servers say now; for the newest day alone it is that day's.
        equity_at=now() if policy.positions_at_equity and newest else None,
        prepared_by_ref=actor.ref,
        prepared_by=actor.name,
        books_at=books.database_now(),
    )
    report.books_sha256 = books.totals_hash(books.totals_at(actor.tenant_id, ends_at))
    figures = collect(report, policy)
    seal(actor=actor)
    report.audit_seq, report.audit_head = head(actor.tenant_id)
    report.figures_sha256 = figures_hash(report, figures)
    report.save(update_fields=["audit_seq", "audit_head", "figures_sha256", "books_sha256"])
    moves.begin(report, REPORT, actor=actor)
    data = {"day": str(day), "figures_sha256": report.figures_sha256}
    audit(actor=actor, action=actions.PREPARED, subject=report, data=data)
    return report


def _replace(actor: Actor, day: date) -> None:
    for old in ClientMoneyReport.objects.select_for_update().filter(
        tenant_id=actor.tenant_id, day=day, state__in=[ReportState.PREPARED, ReportState.SIGNED]
    ):
        if old.state == ReportState.SIGNED and not report_changed(actor, old):
            raise AlreadySigned(
                f"The report of {day:%d %B %Y} is signed ({old.reference}, {old.signed_by})"
                " and stays as it is."
            )
        moves.move(old, REPORT, ReportState.REPLACED, actor=actor, reason="run again")
        audit(actor=actor, action=actions.REPLACED, subject=old, data={"day": str(day)})


def report_changed(actor: Actor, report: ClientMoneyReport) -> bool:
    """Whether anything valued by the end of its day was booked after it was prepared."""
    since = report.books_at or report.prepared_at
    return bool(books.booked_since(actor.tenant_id, since, report.ends_at))


def figures_hash(report: ClientMoneyReport, figures: list[ClientMoneyFigure]) -> str:
    """SHA-256 over the figures in one written form, by currency; printed on the report."""
    lines = [
        {name: _plain(getattr(figure, name)) for name in FIGURE_FIELDS}
        for figure in sorted(figures, key=lambda each: each.currency)
    ]
    content = {
        "day": str(report.day),
        "reference": report.reference,
        "policy": report.policy,
        "figures": lines,
    }
    text = json.dumps(content, cls=DjangoJSONEncoder, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    # Decimal("5") and Decimal("5.00000000") are one figure: the database writes eight places.
    return f"{value:.8f}" if isinstance(value, Decimal) else value


def heads_named(tenant_id: int) -> list[Named]:
    """The audit heads that reports were printed with: the chain has to have them still."""
    rows = ClientMoneyReport.objects.filter(tenant_id=tenant_id, audit_seq__gt=0)
    return [
        Named(f"the head on {row.reference}", row.audit_seq, row.audit_head)
        for row in rows.only("reference", "audit_seq", "audit_head").order_by("audit_seq")
    ]


def why_not_sign(actor: Actor, report: ClientMoneyReport) -> str:
    """Why the actor can't sign; empty when they can."""
    if not actor.can(SIGN):
        return "Signing needs the right to sign client money reports."
    if actor.ref == report.prepared_by_ref:
        return "You prepared it; someone else has to review and sign it."
    return ""


@transaction.atomic
def report_sign(*, actor: Actor, report: ClientMoneyReport, note: str = "") -> ClientMoneyReport:
    """The reviewer's sign-off. Signing what one has signed already does nothing.

    Raises ``FourEyes`` for the preparer, ``NotPermitted``, ``StateConflict``, and ``InvalidInput``
    when a shortfall is signed without a note; ``AlreadySigned`` when someone else was first.
    """
    row = ClientMoneyReport.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=report.pk)
    if not actor.can(SIGN):
        raise NotPermitted("Signing needs the right to sign client money reports.")
    if actor.ref == row.prepared_by_ref:
        raise FourEyes("You prepared this report; someone else has to review and sign it.")
    clean = " ".join(note.split())[:500]
    if not clean and row.figures.filter(tenant_id=actor.tenant_id, difference__lt=0).exists():
        raise InvalidInput("There is a shortfall: note what is done about it, then sign.")
    if not REPORT.check(row.state, ReportState.SIGNED):
        if row.signed_by_ref != actor.ref:
            raise AlreadySigned(f"{row.signed_by} signed it before you. Nothing was changed.")
        return row
    row.signed_at, row.signed_by_ref, row.signed_by, row.note = now(), actor.ref, actor.name, clean
    moves.move(
        row,
        REPORT,
        ReportState.SIGNED,
        actor=actor,
        reason=clean[:300],
        update_fields=["signed_at", "signed_by_ref", "signed_by", "note"],
    )
    data = {"day": str(row.day), "note": clean, "figures_sha256": row.figures_sha256}
    audit(actor=actor, action=actions.SIGNED, subject=row, data=data)
    return row
