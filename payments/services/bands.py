"""Who decides a withdrawal, by its amount. A change is proposed by one and set by another.

Bands run from nothing up, each to its limit, the last without one: there is no gap and no overlap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_ask, pending_for
from backoffice.workflow.models import Approval, ApprovalBand
from payments import actions
from payments.evaluation import base_currency
from payments.models import WithdrawalPolicy

KIND, DECIDES = "payments.bands", "payments.withdrawal"
ONE, LARGE = "payments.approve_withdrawal", "payments.approve_large_withdrawal"
WHO: Mapping[str, tuple[list[str], str]] = {
    "one": ([ONE], "one who approves withdrawals"),
    "senior": ([LARGE], "one who approves large withdrawals"),
    "two": ([ONE, LARGE], "two: one who approves, then one who approves large ones"),
}
Proposal = Sequence[tuple[Decimal | None, str]]


@dataclass(frozen=True, slots=True)
class Band:
    """A band in words, with its limit and who decides (a key of ``WHO``; empty: another set)."""

    limit: Decimal | None
    code: str
    range: str
    who: str


def _code(steps: Sequence[str]) -> str:
    return next((code for code, (known, _) in WHO.items() if known == list(steps)), "")


def _in_words(rows: Sequence[tuple[Decimal | None, Sequence[str]]]) -> list[Band]:
    currency, before = base_currency(), Money.zero(base_currency())
    found = []
    for limit, steps in rows:
        code = _code(steps)
        who = WHO[code][1] if code else " and ".join(steps)
        if limit is None:
            words = f"over {before}" if before else "any amount"
        else:
            most = Money.rounded(limit, currency)
            words, before = f"up to {most}", most
        found.append(Band(limit, code, words, who))
    return found


def current(actor: Actor) -> list[Band]:
    """The bands as they stand, the smallest first; one of any amount where none was ever set."""
    rows = ApprovalBand.objects.filter(tenant_id=actor.tenant_id, kind=DECIDES)
    found = [(row.amount_max, row.steps) for row in rows.order_by("amount_max")]  # nulls last
    return _in_words(found or [(None, [ONE])])


def pending(actor: Actor) -> Approval | None:
    """The change that waits for a second person."""
    row = WithdrawalPolicy.objects.filter(tenant_id=actor.tenant_id).first()
    return pending_for(actor, row.pk, KIND) if row else None


def _check(proposal: Proposal) -> list[tuple[Decimal | None, list[str]]]:
    limits = [limit for limit, _ in proposal if limit is not None]
    if [limit for limit, _ in proposal].count(None) != 1 or proposal[-1][0] is not None:
        raise InvalidInput("The last band, and it alone, has no limit.")
    if any(not limit.is_finite() or limit <= 0 for limit in limits):
        raise InvalidInput("A limit is above zero.")
    if limits != sorted(set(limits)):
        raise InvalidInput("Each limit is higher than the one before it.")
    if any(code not in WHO for _, code in proposal):
        raise InvalidInput("Choose who decides.")
    steps = [WHO[code][0] for _, code in proposal]
    if any(len(more) < len(less) for less, more in zip(steps, steps[1:], strict=False)):
        raise InvalidInput("A larger amount does not need fewer people than a smaller one.")
    return [(limit, WHO[code][0]) for limit, code in proposal]


@transaction.atomic
def bands_propose(*, actor: Actor, proposal: Proposal) -> Approval:
    """Ask a second person to set other bands. Withdrawals that wait keep what was asked of them."""
    rows = _check(proposal)
    policy, _ = WithdrawalPolicy.objects.select_for_update().get_or_create(
        tenant_id=actor.tenant_id
    )
    if pending_for(actor, policy.pk, KIND) is not None:
        raise StateConflict("A change waits already. Nothing was done; decide on that first.")
    wanted = [[None if limit is None else str(limit), steps] for limit, steps in rows]
    stands = [(band.limit, band.who) for band in current(actor)]
    if [(band.limit, band.who) for band in _in_words(rows)] == stands:
        raise InvalidInput("These are the bands as they stand.")
    policy.proposed_bands = wanted
    policy.save()
    words = content(policy)
    audit(
        actor=actor,
        action=actions.BANDS_PROPOSED,
        subject=policy,
        label="Withdrawals",
        data={"bands": words["Bands"]},
    )
    return approval_ask(
        actor=actor, kind=KIND, subject=policy, label="Bands of approval", content=words
    )


def _proposed(policy: WithdrawalPolicy) -> list[tuple[Decimal | None, list[str]]]:
    return [
        (None if limit is None else Decimal(limit), list(steps))
        for limit, steps in policy.proposed_bands
    ]


def content(policy: WithdrawalPolicy) -> Mapping[str, Any]:
    words = "; ".join(f"{band.range}: {band.who}" for band in _in_words(_proposed(policy)))
    return {"Decides": "withdrawals", "Bands": words}


def _policy(approval: Approval) -> WithdrawalPolicy:
    return WithdrawalPolicy.objects.select_for_update().get(
        tenant_id=current_tenant_id(), pk=approval.subject_id
    )


def content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return content(_policy(approval))


def bands_set(actor: Actor, approval: Approval) -> None:
    """The second person said yes (called in that transaction)."""
    policy = _policy(approval)
    mine = ApprovalBand.objects.filter(tenant_id=actor.tenant_id, kind=DECIDES)
    wanted = dict(_proposed(policy))
    for band in mine:
        if band.amount_max not in wanted:
            band.delete()  # its history stays
        elif band.steps != wanted[band.amount_max]:
            band.steps = wanted[band.amount_max]
            band.save()
    known = set(mine.values_list("amount_max", flat=True))
    for limit, steps in wanted.items():
        if limit not in known:
            ApprovalBand.objects.create(
                tenant_id=actor.tenant_id, kind=DECIDES, amount_max=limit, steps=steps
            )
    audit(
        actor=actor,
        action=actions.BANDS_SET,
        subject=policy,
        label="Withdrawals",
        data={"bands": content(policy)["Bands"]},
    )
    bands_refused(actor, approval)


def bands_refused(actor: Actor, approval: Approval) -> None:
    """Nothing is proposed any more."""
    policy = _policy(approval)
    policy.proposed_bands = []
    policy.save()
