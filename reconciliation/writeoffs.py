"""A difference that is accepted is written off: by a journal, within a limit, or by two people.

Up to their limit a person books it alone; above that a second one approves; above the top limit
nobody does. The break ends as written off, with its journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import EXPONENTS, Money
from backoffice.staff.models import Role
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from ledger import chart
from ledger.chart import AccountSpec
from ledger.entries import Line
from ledger.services import account_for, post
from payments.evaluation import base_amount, base_currency
from reconciliation import actions, adjustments, books, differing, trading_plane
from reconciliation.breaks import break_free, break_locked, break_settled
from reconciliation.differing import Difference
from reconciliation.matching import line_matched, unmatched_locked
from reconciliation.models import Adjustment, Break, WriteOffPolicy
from reconciliation.states import (
    ADJUSTMENT,
    BREAK,
    AdjustmentKind,
    AdjustmentState,
    BreakKind,
    BreakState,
)

APPROVAL = "reconciliation.write_off"
LIMITS_APPROVAL = "reconciliation.write_off_limits"
JOURNAL = "write_off"
WORK = "reconciliation.work_break"
NOT_MONEY = {
    BreakKind.DUPLICATE_STATEMENT: "The line is on another statement already: nothing differs.",
    BreakKind.AMBIGUOUS: "More than one payment could be meant: say which.",
    BreakKind.STATUS_DIFF: "The payment's own state decides: settle that first.",
    BreakKind.RETURNED_PAYMENT: "A payment came back: match it to its withdrawal.",
    BreakKind.CURRENCY_DIFF: "The currencies differ: match it or book an adjustment.",
    BreakKind.ACCOUNT_DIFF: "It is on another account of ours: book an adjustment.",
}


# What, and how much


def difference(actor: Actor, row: Break) -> Difference | None:
    """What a break differs by as things stand now; None where there is nothing in money."""
    if row.kind == BreakKind.MT_BALANCE_DIFF:
        return _on_server(actor, row)
    line = row.line
    if line is None or line.account is None or line.currency not in EXPONENTS or not line.amount:
        return None
    bank = adjustments.bank_spec(line.account)
    payout = adjustments.payout_of(actor, row)
    found = differing.of_line(
        Money.rounded(line.amount, line.currency),
        bank,
        holds_client_money=line.account.client_money,
        payout=payout.amount if payout else None,
    )
    if row.kind in NOT_MONEY:
        return Difference(found.amount, bank, NOT_MONEY[BreakKind(row.kind)])
    return found


def _on_server(actor: Actor, row: Break) -> Difference | None:
    for found in trading_plane.differences(actor, only=row.subject_id):
        account = found.account
        mirror = chart.mt_mirror(account.client_id, account.server, account.login)
        return Difference(Money.rounded(found.amount, account.currency), mirror)
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """For one person, in the base currency: ``alone`` on their own word, ``top`` with a second."""

    alone: Money
    top: Money


def policy_of(tenant_id: int) -> WriteOffPolicy:
    """The brokerage's policy, or the one that holds until it sets its own."""
    found = WriteOffPolicy.objects.filter(tenant_id=tenant_id).first()
    return found or WriteOffPolicy(tenant_id=tenant_id)


def roles_of(actor: Actor) -> list[Role]:
    """The roles that may work on breaks, by name: only theirs have limits."""
    app, code = WORK.split(".")
    may = Role.objects.filter(
        tenant_id=actor.tenant_id,
        group__permissions__codename=code,
        group__permissions__content_type__app_label=app,
    )
    return list(may.distinct().order_by("name"))


def limits_of(actor: Actor) -> Limits:
    """The widest limit that one of the person's roles has, or the brokerage's."""
    policy, base = policy_of(actor.tenant_id), base_currency()
    mine = Role.objects.filter(
        tenant_id=actor.tenant_id, code__in=list(policy.roles), name__in=actor.roles
    )
    own = [Decimal(policy.roles[code]) for code in mine.values_list("code", flat=True)]
    alone = max(own, default=Decimal(policy.alone_max))
    return Limits(Money.rounded(alone, base), Money.rounded(Decimal(policy.top_max), base))


@dataclass(frozen=True, slots=True)
class Offer:
    """What accepting the difference would do, for the page: ``why_not`` greys it, ``alone`` says
    whether the person's own word is enough, ``worth`` is in the base currency."""

    difference: Difference
    limits: Limits
    worth: Money | None
    why_not: str
    alone: bool

    @property
    def debit(self) -> str:
        return chart.words(self.difference.debit.code)

    @property
    def credit(self) -> str:
        return chart.words(self.difference.credit.code)


def offer(actor: Actor, row: Break) -> Offer | None:
    """Nothing where the break has no difference in money."""
    found = difference(actor, row)
    if found is None:
        return None
    limits = limits_of(actor)
    amount = base_amount(abs(found.amount))
    worth = None if amount is None else Money.rounded(amount, limits.top.currency)
    why_not = found.why_not
    if not why_not and worth is None:
        why_not = f"There is no rate for {found.amount.currency}, so nobody knows what it is worth."
    if not why_not and worth is not None and worth > limits.top:
        why_not = f"{worth} is more than {limits.top}: that is never written off."
    alone = worth is not None and not worth > limits.alone
    return Offer(found, limits, worth, why_not, alone)


# Accepted


@transaction.atomic
def difference_accept(*, actor: Actor, row: Break, outcome: str) -> Approval | None:
    """Write the difference off: at once within the person's limit (None), or as a proposal that a
    second person approves. Raises ``InvalidInput`` above the top limit and where there is nothing
    in money; ``StateConflict`` while a proposal waits."""
    outcome = outcome.strip()
    if not outcome:
        raise InvalidInput("Say why it is accepted.", fields={"outcome": "Say why."})
    locked = break_free(break_locked(actor, row))
    found = offer(actor, locked)
    if found is None:
        raise InvalidInput("There is no difference in money to write off. Resolve it instead.")
    if found.why_not:
        raise InvalidInput(f"{found.why_not} Nothing was booked.")
    adjustment = _adjustment(actor, locked, found.difference, outcome)
    if found.alone:
        _book(actor, locked, adjustment, found.difference)
        return None
    moves.move(locked, BREAK, BreakState.PROPOSED, actor=actor, reason=outcome[:300])
    data = {"amount": _money(adjustment), "outcome": outcome}
    audit(
        actor=actor,
        action=actions.WRITE_OFF_PROPOSED,
        subject=locked,
        label=locked.reference,
        data=data,
    )
    return approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=adjustment,
        label=f"{locked.reference}: {adjustment}",
        content=write_off_content(actor, adjustment),
        amount=_money(adjustment),
    )


def _adjustment(actor: Actor, row: Break, found: Difference, outcome: str) -> Adjustment:
    made = Adjustment.objects.create(
        tenant_id=actor.tenant_id,
        of_break=row,
        kind=AdjustmentKind.WRITE_OFF,
        debit=found.debit.code,
        credit=found.credit.code,
        amount=abs(found.amount).amount,
        currency=found.amount.currency,
        reason=outcome[:300],
        proposed_by_ref=actor.ref,
        proposed_by=actor.name,
    )
    moves.begin(made, ADJUSTMENT, actor=actor)
    return made


def _money(adjustment: Adjustment) -> Money:
    return Money.rounded(adjustment.amount, adjustment.currency)


def write_off_content(actor: Actor, adjustment: Adjustment) -> Mapping[str, Any]:
    """What is approved, whole: it changes when the difference does."""
    row = adjustment.of_break
    found = difference(actor, row)
    return {
        "break": row.reference,
        "what_differs": row.explanation,
        "amount": str(abs(found.amount)) if found else "nothing any more",
        "debit": chart.words(found.debit.code) if found else "",
        "credit": chart.words(found.credit.code) if found else "",
        "because": adjustment.reason,
    }


@transaction.atomic
def write_off_book(*, actor: Actor, adjustment: Adjustment) -> None:
    """After the second person's approval."""
    row = break_locked(actor, adjustment.of_break)
    found = difference(actor, row)
    if found is None or (found.debit.code, found.credit.code, abs(found.amount)) != (
        adjustment.debit,
        adjustment.credit,
        _money(adjustment),
    ):
        raise StateConflict("The difference has changed. Refuse it and look again.")
    _book(actor, row, adjustment, found, approved_by=actor.ref)


def _book(
    actor: Actor, row: Break, adjustment: Adjustment, found: Difference, *, approved_by: str = ""
) -> None:
    adjustment.journal_id = _post(actor, adjustment, found, approved_by)
    adjustments.decide(actor, adjustment, AdjustmentState.BOOKED)
    outcome = f"Written off {_money(adjustment)}: {adjustment.reason}"
    if row.line is not None:
        line = unmatched_locked(actor, row.line)
        payout = adjustments.payout_of(actor, row)
        if payout is not None:
            books.settle(actor, payout, line, abs(payout.amount))
        line_matched(actor=actor, line=line, because=adjustments.because(row, payout, outcome))
    row.journal_id = adjustment.journal_id
    break_settled(
        actor=actor,
        row=row,
        outcome=outcome,
        update_fields=["journal_id"],
        state=BreakState.ACCEPTED,
    )
    data = {"amount": _money(adjustment), "outcome": adjustment.reason}
    audit(
        actor=actor,
        action=actions.BREAK_ACCEPTED,
        subject=row,
        label=row.reference,
        data={**data, "journal": adjustment.journal_id},
    )


def _post(actor: Actor, adjustment: Adjustment, found: Difference, approved_by: str) -> Any:
    """By the person themselves within their limit; by the machine for two people."""
    booker = system_actor(actor.tenant_id, "reconciliation") if approved_by else actor

    def account(spec: AccountSpec) -> Any:
        return account_for(actor=booker, spec=spec, currency=adjustment.currency)

    return post(
        actor=booker,
        key=f"write-off:{adjustment.pk}",
        kind=JOURNAL,
        lines=[Line(account(found.debit), account(found.credit), _money(adjustment), "rounding")],
        business_ref=adjustment.of_break.reference,
        effective_at=books.valued_at(line) if (line := adjustment.of_break.line) else None,
        into_open_day=True,
        approved_by=approved_by,
        meta={"proposed_by": adjustment.proposed_by_ref, "adjustment": str(adjustment.pk)},
    ).journal_id


# Limits


@transaction.atomic
def limits_propose(
    *, actor: Actor, alone_max: Decimal, top_max: Decimal, roles: Mapping[str, Decimal]
) -> Approval:
    """Ask a second person to set other limits; ``roles`` by the code of the role."""
    if not 0 <= alone_max <= top_max or any(not 0 <= limit <= top_max for limit in roles.values()):
        raise InvalidInput("A limit is between zero and the top limit.")
    WriteOffPolicy.objects.get_or_create(tenant_id=actor.tenant_id)
    policy = WriteOffPolicy.objects.select_for_update().get(tenant_id=actor.tenant_id)
    if policy.proposed:
        raise StateConflict("A change waits already. Nothing was done; decide on that first.")
    wanted = {
        "alone_max": str(alone_max),
        "top_max": str(top_max),
        "roles": {code: str(limit) for code, limit in sorted(roles.items())},
    }
    policy.proposed = wanted
    policy.save()
    words = limits_content(policy)
    data = {"limits": words["limits"]}
    audit(actor=actor, action=actions.LIMITS_PROPOSED, subject=policy, label="", data=data)
    return approval_ask(
        actor=actor,
        kind=LIMITS_APPROVAL,
        subject=policy,
        label="Limits of write-offs",
        content=words,
    )


def limits_content(policy: WriteOffPolicy) -> Mapping[str, Any]:
    """The proposed limits in words."""
    assert policy.tenant_id is not None
    given = policy.proposed or {"alone_max": "", "top_max": "", "roles": {}}
    names = dict(
        Role.objects.filter(tenant_id=policy.tenant_id, code__in=list(given["roles"])).values_list(
            "code", "name"
        )
    )
    roles = [f"{names.get(code, code)} {limit}" for code, limit in given["roles"].items()]
    alone = "; ".join([f"alone {given['alone_max']}", *roles])
    words = f"{alone}; with a second person {given['top_max']} {base_currency()}"
    return {"decides": "write-offs of differences", "limits": words}


@transaction.atomic
def limits_set(*, actor: Actor, approval: Approval) -> None:
    """The second person said yes."""
    policy = _policy(approval)
    words = limits_content(policy)["limits"]
    policy.alone_max = Decimal(policy.proposed["alone_max"])
    policy.top_max = Decimal(policy.proposed["top_max"])
    policy.roles, policy.proposed = policy.proposed["roles"], {}
    policy.save()
    audit(actor=actor, action=actions.LIMITS_SET, subject=policy, label="", data={"limits": words})


def limits_refused(*, actor: Actor, approval: Approval) -> None:
    policy = _policy(approval)
    policy.proposed = {}
    policy.save()


def _policy(approval: Approval) -> WriteOffPolicy:
    assert approval.tenant_id is not None
    return WriteOffPolicy.objects.select_for_update().get(
        tenant_id=approval.tenant_id, pk=approval.subject_id
    )
