"""A withdrawal before the rules: judged, and where they approve it, judged again under the lock
that the switch takes too. What they said is kept with what they saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backoffice.core.context import Actor, current_tenant_id
from payments.automatic import rules
from payments.automatic.facts import facts_of
from payments.automatic.rules import Facts, Verdict
from payments.automatic.states import VersionState
from payments.locks import policy_locked
from payments.models import RuleDecision, RuleVersion, Withdrawal, WithdrawalPolicy
from payments.rules import Check
from payments.sources import policy as policy_of_tenant

NO_RULES = "a person decides: no rules of automatic approval are in force"
OFF = "automatic approval is switched off"


@dataclass(frozen=True, slots=True)
class Judged:
    """``version``: None while none is in force. ``is_on``: the switch."""

    version: RuleVersion | None
    is_on: bool
    facts: Facts | None
    verdict: Verdict

    @property
    def approves(self) -> bool:
        return self.verdict.approves and self.is_on

    @property
    def reason(self) -> str:
        """Why, or why not."""
        return OFF if self.verdict.approves and not self.is_on else self.verdict.why

    @property
    def why(self) -> str:
        """The same with the rule and its version, where one was asked."""
        if self.version is None or not self.verdict.rule or self.reason == OFF:
            return self.reason
        return f"{self.reason} (rule “{self.verdict.rule}”, version {self.version.number})"


def version_in_force() -> RuleVersion | None:
    mine = RuleVersion.objects.filter(tenant_id=current_tenant_id(), state=VersionState.ACTIVE)
    return mine.first()


def rules_of(version: RuleVersion) -> list[rules.Rule]:
    return [rules.load(kept) for kept in version.rules]


def judge(
    row: Withdrawal,
    found: Sequence[Check],
    policy: WithdrawalPolicy | None = None,
    steps: Sequence[str] | None = None,
) -> Judged:
    """What the rules in force say of it now; nothing is written. ``found``: the checks of the
    grid; ``policy``: the tenant's, and ``steps``: those of its approval, where the caller has read
    them."""
    version = version_in_force()
    is_on = (policy or policy_of_tenant()).automatic
    if version is None:
        open_ = rules.open_checks(found)
        why = rules.lower(open_[0][2]) if open_ else NO_RULES
        return Judged(None, is_on, None, Verdict(False, "", why, ()))
    facts = facts_of(row, found, steps)
    return Judged(version, is_on, facts, rules.evaluate(rules_of(version), facts))


def decide(actor: Actor, row: Withdrawal, found: Sequence[Check]) -> Judged:
    """The rules' decision on a locked withdrawal, kept for good. Where they would approve, the
    policy's lock makes them look again: what they approve counts one after the other, and nothing
    is approved after the switch was turned off."""
    judged = judge(row, found)
    if judged.approves:
        judged = judge(row, found, policy_locked(actor))
    if judged.version is not None:
        _keep(row, judged.version, judged)
    return judged


def _keep(row: Withdrawal, version: RuleVersion, judged: Judged) -> None:
    assert judged.facts is not None
    RuleDecision.objects.create(
        tenant_id=row.tenant_id,
        version=version,
        withdrawal=row,
        client_id=row.client_id,
        rule=judged.verdict.rule,
        approves=judged.approves,
        amount_base=row.amount_base,
        why=judged.reason[:300],
        facts=rules.dump(judged.facts),
        conditions=[
            [line.title, line.fact, line.limit, line.holds] for line in judged.verdict.conditions
        ],
    )


def said(judged: Judged) -> dict[str, Any]:
    """For ``payments/rules_said.html``: as things stand now."""
    return {
        "number": judged.version.number if judged.version else None,
        "rule": judged.verdict.rule,
        "approves": judged.approves,
        "reason": judged.reason,
        "conditions": judged.verdict.conditions,
    }


def said_then(row: Withdrawal) -> dict[str, Any] | None:
    """The same of the decision that was kept; None where no rules were in force."""
    mine = RuleDecision.objects.filter(tenant_id=current_tenant_id(), withdrawal=row)
    kept = mine.select_related("version").order_by("-id").first()
    if kept is None:
        return None
    return {
        "number": kept.version.number,
        "rule": kept.rule,
        "approves": kept.approves,
        "reason": kept.why,
        "conditions": [rules.Condition(*line) for line in kept.conditions],
        "at": kept.at,
    }
