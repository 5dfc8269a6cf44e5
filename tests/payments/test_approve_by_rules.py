"""Automatic approval: versions of rules, what they decide and keep, dry runs, the switch."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import now
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.workflow.approvals import approval_vote, pending_for
from backoffice.workflow.models import ApprovalBand
from clients.models import Client
from payments.automatic import rules
from payments.automatic.dry_runs import dry_run_ask
from payments.automatic.rules import Facts, Rule
from payments.automatic.versions import (
    automatic_start_ask,
    automatic_stop,
    version_make,
    version_propose,
)
from payments.models import DryRun, RuleDecision, RuleVersion, WithdrawalPolicy
from payments.services.holds import payment_hold
from payments.services.withdrawals import withdrawal_approve, withdrawal_edit, withdrawal_reject
from tests.payments.factories import make_rules, rules_in_force
from tests.payments.money import Brokerage, eur
from tests.trading import rows as trading_rows

Browse = Callable[[str], Browser]
RULE = Rule("Small ones", Decimal(200), paid_before_min=0)
FACTS = Facts(
    base="EUR", amount=Decimal(100), method="card", category="retail", risk_band="low", level=2,
    account_days=90, destination_days=30, paid_before=2, net=Decimal(500), client_count=0,
    client_sum=Decimal(0), tenant_count=0, tenant_sum=Decimal(0), approver="", checks=(),
)  # fmt: skip


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    """The client has 1,000.00 EUR from a card, which is an approved destination."""
    shop.funded("1000.00")
    shop.approved_card()
    return shop


def _in_force(shop: Brokerage, *wanted: Rule) -> RuleVersion:
    with shop.scope():
        return rules_in_force(shop.world, *(wanted or (RULE,)))


# The rules alone


@pytest.mark.parametrize(
    ("facts", "asked", "why"),
    [
        ({}, {}, ""),
        ({"amount": Decimal("200.01")}, {}, "amount: 200.01 EUR, at most 200.00 EUR"),
        ({"amount": None}, {}, "there is no rate for its currency"),
        ({"risk_band": "medium"}, {}, "risk: medium, low"),
        ({"risk_band": "medium"}, {"risk_bands": ("low", "medium")}, ""),
        ({"level": 1}, {"level_min": 2}, "KYC level: 1, at least 2"),
        ({"account_days": 6}, {"account_days_min": 7},
         "days since the client came: 6, at least 7"),
        ({"destination_days": 6}, {"destination_days_min": 7},
         "days since the destination was added: 6, at least 7"),
        ({"paid_before": 0}, {"paid_before_min": 1}, "payments to it before: 0, at least 1"),
        ({"net": Decimal(-1)}, {"net_min": Decimal(0)},
         "paid in less taken out, with this: -1.00 EUR, at least 0.00 EUR"),
        ({"net": None}, {"net_min": Decimal(0)},
         "paid in less taken out, with this: unknown, at least 0.00 EUR"),
        ({"net": None}, {}, ""),
        ({"client_count": 2}, {}, ""),
        ({"client_count": 3}, {}, "client's automatic ones in 24 hours: 4, at most 3"),
        ({"client_sum": Decimal(50)}, {"client_sum_max": Decimal(149)},
         "client's sum of these: 150.00 EUR, at most 149.00 EUR"),
        ({"tenant_count": 9}, {"tenant_count_max": 9},
         "all automatic ones in 24 hours: 10, at most 9"),
        ({"tenant_sum": Decimal(901)}, {"tenant_sum_max": Decimal(1000)},
         "sum of all these: 1,001.00 EUR, at most 1,000.00 EUR"),
        ({"approver": "two people"}, {}, "its band asks for two people"),
        ({"checks": (("name", "bad", "Another name: the holder is X"),)}, {},
         "another name: the holder is X"),
        ({"checks": (("flight", "attention", "Other money moves"),)}, {}, "other money moves"),
        # A rule measures these two itself; red, they stop it all the same.
        ({"checks": (("used", "attention", "First payment to it"),)}, {}, ""),
        ({"checks": (("kyc", "attention", "KYC level 2"),)}, {}, ""),
        ({"checks": (("kyc", "bad", "KYC level 2: stopped"),)}, {}, "KYC level 2: stopped"),
        ({"checks": (("flight", "attention", "B"), ("hold", "held", "Held by compliance"))}, {},
         "held by compliance"),
        ({"method": "wire"}, {"methods": ("card",)}, "no rule covers it"),
        ({"category": "professional"}, {"categories": ("retail",)}, "no rule covers it"),
    ],
)  # fmt: skip
def test_a_rule_says_what_it_approves_and_what_it_leaves(
    facts: dict[str, Any], asked: dict[str, Any], why: str
) -> None:
    verdict = rules.evaluate([replace(RULE, **asked)], replace(FACTS, **facts))
    assert verdict.approves is (not why)
    assert verdict.why == (why or "every condition of “Small ones” holds")
    assert all(line.holds for line in verdict.conditions) is (
        verdict.approves or why == "no rule covers it"
    )


def test_the_first_rule_that_covers_it_decides_and_no_other_is_asked() -> None:
    first, second = replace(RULE, methods=("card",), amount_max=Decimal(50)), RULE
    second = replace(RULE, name="Any")
    assert rules.evaluate([first, second], FACTS).rule == "Small ones"
    assert not rules.evaluate([first, second], FACTS).approves
    assert rules.evaluate([first, second], replace(FACTS, method="wire")).approves


def test_rules_are_kept_as_they_were_written() -> None:
    rule = replace(RULE, net_min=Decimal("-0.50"), methods=("card",), tenant_sum_max=Decimal(9))
    assert rules.load(rules.dump(rule)) == rule


@pytest.mark.parametrize(
    "wanted",
    [
        [],
        [replace(RULE, name=" ")],
        [RULE, RULE],
        [RULE, replace(RULE, name="Never asked", methods=("card",))],
        [replace(RULE, amount_max=Decimal(0))],
        [replace(RULE, amount_max=Decimal("NaN"))],
        [replace(RULE, client_count_max=0)],
        [replace(RULE, risk_bands=())],
        [replace(RULE, risk_bands=("prohibited",))],
        [replace(RULE, level_min=-1)],
        [replace(RULE, name=f"{number}", methods=(f"{number}",)) for number in range(7)],
    ],
)
def test_rules_that_cannot_be_meant_are_refused(shop: Brokerage, wanted: list[Rule]) -> None:
    with shop.scope():
        with pytest.raises(InvalidInput):
            version_make(actor=shop.world.actor("petra"), wanted=wanted, note="x")
        assert RuleVersion.objects.count() == 0


# Decisions


def test_without_rules_a_person_decides(rich: Brokerage) -> None:
    row = rich.withdraw("50.00")
    assert (row.state, row.why) == ("review", "first payment to it: added today")
    with rich.scope():
        assert RuleDecision.objects.count() == 0


def test_a_rule_approves_and_keeps_what_it_saw(rich: Brokerage) -> None:
    version = _in_force(rich)
    row = rich.withdraw("150.00")
    assert row.state == "approved"
    assert row.why == "every condition of “Small ones” holds (rule “Small ones”, version 1)"
    with rich.scope():
        kept = RuleDecision.objects.get()
        assert (kept.version_id, kept.withdrawal_id, kept.approves) == (version.pk, row.pk, True)
        assert kept.facts["net"] == "850.00000000"
        assert ["Amount", "150.00 EUR", "at most 200.00 EUR", True] in kept.conditions
        entry = AuditEntry.objects.get(action="payments.withdrawal_approved")
        assert entry.actor_ref == "system:withdrawal-rules"
    rich.work()
    rich.gateway_pays(row)
    assert rich.outgoing(row).state == "paid"
    assert rich.sound()


def test_what_a_rule_leaves_waits_with_its_reason(rich: Brokerage) -> None:
    _in_force(rich)
    row = rich.withdraw("200.01")
    assert row.state == "review"
    assert row.why == ("amount: 200.01 EUR, at most 200.00 EUR (rule “Small ones”, version 1)")
    with rich.scope():
        assert RuleDecision.objects.get().approves is False
        assert pending_for(rich.system, row.pk) is not None


def test_without_a_rate_nothing_is_automatic(rich: Brokerage) -> None:
    _in_force(rich, replace(RULE, amount_max=Decimal(10_000)))
    rich.funded_usd("500.00")
    row = rich.withdraw("100.00", currency="USD")
    assert (row.state, row.amount_base) == ("review", None)
    assert row.why.startswith("there is no rate for its currency")


def test_a_rule_never_crosses_a_band_of_two(rich: Brokerage) -> None:
    one, two = "payments.approve_withdrawal", "payments.approve_large_withdrawal"
    with rich.scope():
        ApprovalBand.objects.create(
            kind="payments.withdrawal", amount_max=Decimal(100), steps=[one]
        )
        ApprovalBand.objects.create(kind="payments.withdrawal", steps=[one, two])
    _in_force(rich)
    assert rich.withdraw("100.00").state == "approved"
    row = rich.withdraw("100.01")
    assert row.state == "review"
    assert "its band asks for two" in row.why


def test_counts_of_a_client_and_of_all_stop_at_their_limit(rich: Brokerage) -> None:
    _in_force(rich, replace(RULE, client_count_max=2, tenant_sum_max=Decimal(1000)))
    assert [rich.withdraw("20.00").state for _ in range(3)] == ["approved", "approved", "review"]
    with time_machine.travel(now() + timedelta(hours=25)):
        assert rich.withdraw("20.00").state == "approved"


def test_what_is_held_is_never_approved_by_a_rule(rich: Brokerage) -> None:
    _in_force(rich)
    rich.restrict("withdraw", "Under review")
    with rich.scope(), pytest.raises(Exception, match="stopped"):
        rich.withdraw("20.00")
    with rich.scope():
        assert RuleDecision.objects.count() == 0


def test_a_change_by_a_person_is_decided_by_a_person(rich: Brokerage) -> None:
    _in_force(rich)
    row = rich.withdraw("300.00")
    with rich.scope():
        changed = withdrawal_edit(
            actor=rich.world.actor("pavel"),
            withdrawal=row,
            money=eur("100.00"),
            destination=rich.target,
        )
    assert changed.state == "review"


def test_decisions_and_versions_are_never_edited(rich: Brokerage) -> None:
    version = _in_force(rich)
    rich.withdraw("20.00")
    for statement in (
        "UPDATE payments_ruleversion SET rules = '[]'",
        "UPDATE payments_ruleversion SET number = 9",
        "UPDATE payments_ruledecision SET approves = false",
        "DELETE FROM payments_ruledecision",
        "DELETE FROM payments_dryrun",
    ):
        refused = pytest.raises(ProgrammingError, match="permission denied")
        with rich.scope(), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with rich.scope(), pytest.raises(IntegrityError, match="is done"), transaction.atomic():
        DryRun.objects.filter(version=version).update(result={})


# Versions


def test_a_version_is_tried_proposed_by_one_and_set_by_another(rich: Brokerage) -> None:
    petra, adam = rich.world.actor("petra"), rich.world.actor("adam")
    with rich.scope():
        draft = version_make(actor=petra, wanted=[RULE], note="first")
        with pytest.raises(StateConflict, match="dry first"):
            version_propose(actor=petra, version=draft)
        with pytest.raises(NotPermitted):
            version_make(actor=rich.world.actor("pavel"), wanted=[RULE], note="x")
    assert rich.withdraw("20.00").state == "review"
    with rich.scope():
        first = make_rules(rich.world, RULE)
        asked = version_propose(actor=petra, version=first)
        with pytest.raises(FourEyes):
            approval_vote(actor=petra, approval=asked, approves=True)
        with pytest.raises(StateConflict, match="waits already"):
            version_propose(actor=petra, version=make_rules(rich.world, RULE))
    assert rich.withdraw("20.00").state == "review"
    with rich.scope():
        approval_vote(actor=adam, approval=asked, approves=True)
    assert rich.withdraw("20.00").state == "approved"
    second = _in_force(rich, replace(RULE, amount_max=Decimal(10)))
    assert rich.withdraw("20.00").state == "review"
    with rich.scope():
        states = dict(RuleVersion.objects.values_list("number", "state"))
        assert (states[first.number], states[second.number]) == ("retired", "active")
        retired = RuleVersion.objects.get(pk=first.pk)
        assert retired.active_until is not None


def test_who_wrote_a_version_does_not_set_it_though_another_proposed_it(rich: Brokerage) -> None:
    with rich.scope():
        version = make_rules(rich.world, RULE)
        asked = version_propose(actor=rich.world.actor("olivia"), version=version)
        with pytest.raises(FourEyes):
            approval_vote(actor=rich.world.actor("petra"), approval=asked, approves=True)
        approval_vote(
            actor=rich.world.actor("adam"), approval=asked, approves=False, reason="Too wide"
        )
        assert RuleVersion.objects.get(pk=version.pk).state == "refused"


# The switch


def test_one_person_switches_off_at_once_and_two_switch_on(rich: Brokerage) -> None:
    _in_force(rich)
    with rich.scope():
        with pytest.raises(NotPermitted):
            automatic_stop(actor=rich.world.actor("igor"))
        automatic_stop(actor=rich.world.actor("carla"), reason="Odd pattern")
        automatic_stop(actor=rich.world.actor("carla"))
        assert AuditEntry.objects.filter(action="payments.automatic_off").count() == 1
    row = rich.withdraw("20.00")
    assert (row.state, row.why) == ("review", "automatic approval is switched off")
    with rich.scope():
        assert RuleDecision.objects.get().approves is False
        with pytest.raises(NotPermitted):
            automatic_start_ask(actor=rich.world.actor("carla"))
        asked = automatic_start_ask(actor=rich.world.actor("petra"))
        with pytest.raises(FourEyes):
            approval_vote(actor=rich.world.actor("petra"), approval=asked, approves=True)
        assert not WithdrawalPolicy.objects.get().automatic
        approval_vote(actor=rich.world.actor("adam"), approval=asked, approves=True)
        with pytest.raises(StateConflict, match="on already"):
            automatic_start_ask(actor=rich.world.actor("petra"))
    assert rich.withdraw("20.00").state == "approved"


# Dry runs


def _tried(shop: Brokerage, rule: Rule) -> dict[str, Any]:
    with shop.scope():
        version = make_rules(shop.world, rule)
        result: dict[str, Any] = DryRun.objects.get(version=version).result
        return result


def test_a_dry_run_says_what_would_have_been_approved_and_what_became_of_it(
    rich: Brokerage,
) -> None:
    petra = rich.world.actor("petra")
    refused, paid, large, held = (
        rich.withdraw(each) for each in ("40.00", "50.00", "300.00", "60.00")
    )
    with rich.scope():
        withdrawal_reject(actor=petra, withdrawal=refused, reason_code="details")
        withdrawal_approve(actor=petra, withdrawal=paid)
        payment_hold(actor=rich.world.actor("carla"), payment=held, reason="Pattern")
    rule = replace(RULE, client_count_max=None)
    found = _tried(rich, rule)
    assert (found["considered"], found["approved"], found["amount"]) == (4, 2, "90.00")
    assert found["outcomes"] == {"refused": 1, "held": 0, "returned": 0, "charged_back": 0}
    assert found["left"] == [["Amount", 1], ["Many in a day", 1]]
    assert [line["reference"] for line in found["rows"]] == [refused.reference, paid.reference]
    assert found["words"] == (
        "30 days, 4 withdrawals: 2 would be approved, 90.00 EUR; 1 of them a person refused"
    )
    # Its own limits are kept in their order; the past stays as it was.
    assert _tried(rich, replace(RULE, client_count_max=1))["approved"] == 1
    assert rich.outgoing(large).state == "review"
    with rich.scope():
        assert RuleDecision.objects.count() == 0


def test_a_dry_run_takes_level_and_risk_as_they_were_then(rich: Brokerage) -> None:
    rich.withdraw("40.00")
    with rich.scope():
        client = Client.objects.get(pk=rich.client.pk)
        client.risk_band = "high"
        client.save()
    assert _tried(rich, RULE)["approved"] == 1
    assert _tried(rich, replace(RULE, risk_bands=("high",)))["approved"] == 0


def test_a_dry_run_reads_only_its_period(rich: Brokerage) -> None:
    with time_machine.travel(now() - timedelta(days=20)):
        rich.withdraw("40.00")
    rich.withdraw("45.00")
    with rich.scope():
        version = make_rules(rich.world, RULE)
        run = dry_run_ask(actor=rich.world.actor("petra"), version=version, days=7)
    rich.work()
    with rich.scope():
        assert DryRun.objects.get(pk=run.pk).result["considered"] == 1


# Pages


def _text(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_version_is_written_tried_and_proposed_on_its_pages(
    rich: Brokerage, browse: Browse
) -> None:
    petra = browse("petra")
    form = {
        "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "note": "To begin with",
        "form-0-name": "Small cards", "form-0-amount_max": "200", "form-0-methods": ["card"],
        "form-0-risk_bands": ["low"], "form-0-level_min": "1", "form-0-paid_before_min": "0",
        "form-1-level_min": "1", "form-1-risk_bands": ["low"],
    }  # fmt: skip
    url = reverse("payments:rules-new")
    assert petra.post(url, {**form, "form-0-amount_max": ""}).status_code == 422
    assert petra.post(url, {**form, "note": ""}).status_code == 422
    answer = petra.post(url, form)
    assert answer.status_code == 302
    page = answer["Location"]
    assert "Not tried yet" in _text(petra, page)
    petra.post(f"{page}try/", {"days": "7"})
    assert "It goes on by itself" in _text(petra, page)
    rich.work()
    assert "Would be approved" in _text(petra, page)
    assert petra.post(f"{page}propose/").status_code == 302
    assert "It waits for a second person" in _text(petra, page)
    with rich.scope():
        version = RuleVersion.objects.get()
        asked = pending_for(rich.system, version.pk)
    assert asked is not None
    assert asked.content["Rule 1"].startswith("Small cards: card; any client; amount at most 200")
    browse("adam").post(reverse("portal:approval-decide", args=[asked.pk]), {"decision": "approve"})
    overview = reverse("payments:rules")
    assert "Small cards" in _text(browse("pavel"), overview)
    assert browse("pavel").post(reverse("payments:rules-off")).status_code == 302
    assert "Switched off by" in _text(petra, overview)
    petra.post(reverse("payments:rules-on"))
    assert "has asked for it" in _text(petra, overview)


def test_a_withdrawal_shows_the_rule_that_decided_and_why(rich: Brokerage, browse: Browse) -> None:
    _in_force(rich)
    left, taken = rich.withdraw("250.00"), rich.withdraw("30.00")
    pavel = browse("pavel")
    page = _text(pavel, reverse("payments:withdrawal-decide", args=[left.pk]))
    assert "Leaves it to a person" in page
    assert "at most 200.00 EUR" in page
    page = _text(pavel, reverse("payments:withdrawal", args=[taken.pk]))
    assert "“Small ones”, version 1" in page


def test_a_decision_shows_who_it_is_what_is_open_and_what_moved_before(
    rich: Brokerage, browse: Browse
) -> None:
    row = rich.withdraw("40.00")
    with rich.scope():
        account = trading_rows.make_account(rich.world.actor("adam"), client=rich.client)
        trading_rows.make_position(account, 7)
    page = _text(browse("petra"), reverse("payments:withdrawal-decide", args=[row.pk]))
    assert "Client since" in page
    assert str(account.login) in page
    assert "1, 1 lots" in page
    assert "D-2" in page.split("Before this")[1].split("Timeline")[0]
