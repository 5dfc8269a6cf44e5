"""The rules by which deposits are given a bonus: proposed by one person, set by another. A version
is never edited; what it gave is counted on in the next."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max, Sum

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money, exponent
from backoffice.tenancy.scope import brokerage
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from clients.models import Category, Client
from payments.bonus_states import BONUS_RULE, BonusState, OnWithdrawal, RuleState
from payments.bonuses import actions, rules
from payments.bonuses.policies import MANAGE
from payments.bonuses.rules import Case, Terms
from payments.models import Bonus, BonusRule, Deposit

KIND = "payments.bonus_rule"
READ = (
    "Rule", "Gives", "At most", "To one client at most", "In all at most", "For deposits",
    "Clients", "Dates", "Released after", "Ends", "A withdrawal",
)  # fmt: skip
# What these were asked for was never on an account.
UNGIVEN = (BonusState.FAILED, BonusState.REFUSED, BonusState.CANCELLED)
AMOUNTS = ("fixed", "most", "client_most", "total_most", "deposit_min")
_R = RuleState


def in_force(actor: Actor) -> list[BonusRule]:
    """By code, locked: what a rule may still give is counted under its lock."""
    mine = BonusRule.objects.select_for_update(no_key=True)
    return list(mine.filter(tenant_id=actor.tenant_id, state=_R.IN_FORCE).order_by("code"))


def terms_of(rule: BonusRule) -> Terms:
    return Terms(
        currency=rule.currency,
        percent=rule.percent,
        fixed=rule.fixed,
        most=rule.most,
        client_most=rule.client_most,
        total_most=rule.total_most,
        deposit_min=rule.deposit_min,
        first_only=rule.first_only,
        countries=tuple(rule.countries),
        categories=tuple(rule.categories),
        from_on=rule.from_on,
        until_on=rule.until_on,
        lots_per_1000=rule.lots_per_1000,
    )


def given(rule: BonusRule, client: Client, deposit: Deposit, money: Money) -> Money:
    """What a rule in force gives for a deposit of which ``money`` is on the account."""
    before = Bonus.objects.filter(tenant_id=rule.tenant_id, rule__code=rule.code)  # type: ignore[misc]
    before = before.exclude(state__in=UNGIVEN)
    earlier = Deposit.objects.filter(
        tenant_id=client.tenant_id,  # type: ignore[misc]
        client=client,
        credited_at__lt=deposit.credited_at or now(),
    ).exclude(pk=deposit.pk)
    case = Case(
        money=money,
        is_first=not earlier.exists(),
        on=_day_of(deposit),
        country=client.residence,
        category=client.category,
        to_client=_sum(before.filter(client=client)),
        to_all=_sum(before),
    )
    return rules.given_by(terms_of(rule), case)


def _day_of(deposit: Deposit) -> date:
    """The day of its credit where the brokerage is."""
    zone = ZoneInfo(brokerage().timezone)
    return (deposit.credited_at or now()).astimezone(zone).date()


def _sum(rows: Any) -> Decimal:
    return rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)


# Written


@transaction.atomic
def rule_propose(*, actor: Actor, values: Mapping[str, Any]) -> BonusRule:
    """A new version of the rule of a code, before a second person. ``values``: the fields of
    ``BonusRule`` that decide what it gives. Raises ``InvalidInput``, ``StateConflict``."""
    if not actor.can(MANAGE):
        raise NotPermitted
    if wrong := _problems(values):
        raise InvalidInput(fields=wrong)
    mine = BonusRule.objects.filter(tenant_id=actor.tenant_id, code=values["code"])
    if mine.filter(state=_R.PROPOSED).exists():
        raise StateConflict("A version of this rule waits for approval already.")
    number = (mine.aggregate(most=Max("version"))["most"] or 0) + 1
    row = BonusRule(
        tenant_id=actor.tenant_id,
        version=number,
        asked_by_ref=actor.ref,
        asked_by=actor.name,
        **values,
    )
    row.save(force_insert=True)
    row.refresh_from_db()  # as the database keeps it: what is approved is hashed
    moves.begin(row, BONUS_RULE, actor=actor)
    audit(actor=actor, action=actions.RULE_ASKED, subject=row, label=str(row))
    approval_ask(
        actor=actor, kind=KIND, subject=row, label=f"Bonus rule {row}", content=content(row)
    )
    return row


def _problems(values: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    exponent(values["currency"])
    percent, fixed = values["percent"], values["fixed"]
    if (percent is None) == (fixed is None):
        found["percent"] = "Either a percentage of the deposit or a fixed amount."
    if percent is not None and not 0 < percent <= 1000:
        found["percent"] = "Above 0 and at most 1,000 percent."
    for name in AMOUNTS:
        amount = values[name]
        if amount is None:
            continue
        try:
            money = Money(amount, values["currency"])
        except InvalidInput as error:
            found[name] = error.sentence
            continue
        if money.minor < 0 or (money.minor == 0 and name != "deposit_min"):
            found[name] = "Above zero."
    lots, days = values["lots_per_1000"], values["lasts_days"]
    if lots is not None and not (0 < lots < 10**5 and lots == round(lots, 2)):
        found["lots_per_1000"] = "Above zero, with two decimal places."
    if days is not None and not 1 <= days <= rules.DAYS_MAX:
        found["lasts_days"] = f"Between 1 and {rules.DAYS_MAX:,} days."
    if values["until_on"] is not None and values["until_on"] < values["from_on"]:
        found["until_on"] = "Not before it begins."
    if any(
        len(code) != 2 or not code.isalpha() or not code.isupper() for code in values["countries"]
    ):
        found["countries"] = "Two letters each, such as ZA."
    return found


def content(row: BonusRule) -> dict[str, Any]:
    """What is approved, whole, in words."""

    def amount(value: Decimal | None, none: str = "no limit") -> str:
        return none if value is None else str(Money(value, row.currency))

    gives = f"{row.percent:.2f}% of the deposit" if row.percent is not None else amount(row.fixed)
    which = "the client's first" if row.first_only else "each"
    who = ", ".join(Category(each).label.lower() for each in row.categories) or "any"
    lots = row.lots_per_1000
    return {
        "Rule": f"{row} ({row.code})",
        "Gives": gives,
        "At most": amount(row.most),
        "To one client at most": amount(row.client_most),
        "In all at most": amount(row.total_most),
        "For deposits": f"{which}, of {amount(row.deposit_min)} or more, on to an account",
        "Clients": f"{who}, of {', '.join(row.countries) or 'any country'}",
        "Dates": f"from {row.from_on} until {row.until_on or 'it is retired'}",
        "Released after": "never: it stays credit"
        if lots is None
        else f"{lots:.2f} lots per 1,000",
        "Ends": "never by itself" if row.lasts_days is None else f"{row.lasts_days} days later",
        "A withdrawal": OnWithdrawal(row.on_withdrawal).label.lower(),
    }


def shown(approval: Approval) -> Mapping[str, Any]:
    return {name: approval.content[name] for name in READ if name in approval.content}


def content_now(actor: Actor, approval: Approval) -> Mapping[str, Any]:
    return content(BonusRule.objects.get(tenant_id=actor.tenant_id, pk=approval.subject_id))


# Decided


def _locked(actor: Actor, pk: UUID) -> BonusRule:
    return BonusRule.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=pk)


def _end(actor: Actor, row: BonusRule, state: RuleState, reason: str = "") -> None:
    row.decided_at, row.decided_by_ref, row.decided_by = now(), actor.ref, actor.name
    fields = ["decided_at", "decided_by_ref", "decided_by"]
    moves.move(row, BONUS_RULE, state, actor=actor, reason=reason[:300], update_fields=fields)


@transaction.atomic
def rule_set(actor: Actor, approval: Approval) -> None:
    """The last yes (called in that vote's transaction): this version instead of the one before."""
    row = _locked(actor, approval.subject_id)
    mine = BonusRule.objects.select_for_update().filter(tenant_id=actor.tenant_id, code=row.code)
    for old in mine.filter(state=_R.IN_FORCE):
        moves.move(old, BONUS_RULE, _R.RETIRED, actor=actor, reason=f"{row} follows")
    _end(actor, row, _R.IN_FORCE)
    audit(actor=actor, action=actions.RULE_SET, subject=row, label=str(row))


@transaction.atomic
def rule_refused(actor: Actor, approval: Approval) -> None:
    row = _locked(actor, approval.subject_id)
    reason = approval.reason or "Something of it changed since."
    _end(actor, row, _R.REFUSED, reason)
    audit(
        actor=actor,
        action=actions.RULE_REFUSED,
        subject=row,
        label=str(row),
        data={"reason": reason},
    )


@transaction.atomic
def rule_retire(*, actor: Actor, rule: BonusRule, reason: str) -> BonusRule:
    """Give nothing by it any more, from now on, on one person's word; what it gave stands."""
    if not actor.can(MANAGE):
        raise NotPermitted
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    row = _locked(actor, rule.pk)
    moved = moves.move(row, BONUS_RULE, _R.RETIRED, actor=actor, reason=reason.strip()[:300])
    if moved:
        audit(
            actor=actor,
            action=actions.RULE_RETIRED,
            subject=row,
            label=str(row),
            data={"reason": reason.strip()[:300]},
        )
    return row
