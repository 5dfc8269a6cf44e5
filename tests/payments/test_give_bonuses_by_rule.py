"""A deposit that goes on to an account is given what the rule in force says, once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.clock import today
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.models import LegalEntity
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.bonus_states import OnWithdrawal
from payments.bonuses import offers
from payments.bonuses.policies import policy_set
from payments.bonuses.rules import Case, Terms, given_by, lots_for
from payments.bonuses.services import bonus_for_deposit
from payments.models import Bonus, BonusRule, Deposit
from sandbox.gateway.server import CashierServer
from tests.payments.both import Both
from tests.payments.money import eur
from tests.trading.house import house_of
from tests.world import World

Browse = Callable[[str], Browser]
DAY = date(2026, 11, 23)
TERMS = Terms(
    currency="EUR",
    percent=Decimal(30),
    fixed=None,
    most=Decimal(200),
    client_most=Decimal(500),
    total_most=Decimal(1000),
    deposit_min=Decimal(100),
    first_only=True,
    countries=("ZA", "BR"),
    categories=("retail",),
    from_on=DAY,
    until_on=DAY,
    lots_per_1000=Decimal(20),
)
CASE = Case(
    money=eur("250"),
    is_first=True,
    on=DAY,
    country="ZA",
    category="retail",
    to_client=Decimal(0),
    to_all=Decimal(0),
)


def with_(row: Any, **values: Any) -> Any:
    return replace(row, **values)


@pytest.mark.parametrize(
    ("case", "terms", "amount"),
    [
        ({}, {}, "75.00"),
        ({"money": eur("900")}, {}, "200.00"),
        ({"money": eur("99.99")}, {}, "0.00"),
        ({"money": eur("100.01")}, {"percent": Decimal("0.33")}, "0.33"),  # cut, not rounded
        ({"is_first": False}, {}, "0.00"),
        ({"is_first": False}, {"first_only": False}, "75.00"),
        ({"country": "SE"}, {}, "0.00"),
        ({"country": "SE"}, {"countries": ()}, "75.00"),
        ({"category": "professional"}, {}, "0.00"),
        ({"on": DAY - timedelta(days=1)}, {}, "0.00"),
        ({"on": DAY + timedelta(days=1)}, {}, "0.00"),
        ({"on": DAY + timedelta(days=1)}, {"until_on": None}, "75.00"),
        ({"to_client": Decimal(460)}, {}, "40.00"),
        ({"to_client": Decimal(501)}, {}, "0.00"),
        ({"to_all": Decimal("999.5")}, {}, "0.50"),
        ({"money": Money(Decimal(250), "USD")}, {}, "0.00"),
        ({}, {"percent": None, "fixed": Decimal(20)}, "20.00"),
    ],
)
def test_what_a_rule_gives(case: dict[str, Any], terms: dict[str, Any], amount: str) -> None:
    assert given_by(with_(TERMS, **terms), with_(CASE, **case)) == eur(amount)


@given(st.lists(st.integers(1, 10**8), max_size=12))
def test_all_that_is_given_stays_within_the_caps(deposits: list[int]) -> None:
    terms, total = with_(TERMS, first_only=False, client_most=None), Decimal(0)
    for minor in deposits:
        money = Money.from_minor(minor, "EUR")
        total += given_by(terms, with_(CASE, money=money, to_all=total)).amount
    assert total <= Decimal(1000)


def test_lots_are_rounded_up() -> None:
    assert lots_for(eur("75"), Decimal(20)) == Decimal("1.50")
    assert lots_for(eur("0.01"), Decimal(20)) == Decimal("0.01")
    assert lots_for(eur("75"), None) is None


@pytest.fixture
def both(world: World, cashier: CashierServer) -> Iterator[Both]:
    """A house of the Seychelles with a client of South Africa, who has an account."""
    with house_of(world) as house:
        house.setup()
        found = Both(world, cashier)
        found.house = house
        found.account = found.open()
        with found.scope():
            LegalEntity.objects.all().delete()
            LegalEntity.objects.create(name="Aurora Ltd", regulator="FSA", country="SC")
            type(found.client).objects.filter(pk=found.client.pk).update(residence="ZA")
            found.client.refresh_from_db()
            policy_set(actor=world.actor("adam"), active=True, barred_regulators=[])
        yield found


def values(**more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "code": "welcome", "name": "Welcome", "currency": "EUR", "percent": Decimal(30),
        "fixed": None, "most": Decimal(200), "client_most": None, "total_most": Decimal(250),
        "deposit_min": Decimal(100), "first_only": False, "countries": ["ZA"], "categories": [],
        "from_on": today() - timedelta(days=1), "until_on": None, "lots_per_1000": Decimal(20),
        "lasts_days": 30, "on_withdrawal": OnWithdrawal.PROPORTION,
    }  # fmt: skip
    return facts | more


def proposed(both: Both, **more: Any) -> BonusRule:
    with both.scope():
        return offers.rule_propose(actor=both.world.actor("adam"), values=values(**more))


def set_(both: Both, rule: BonusRule) -> BonusRule:
    with both.scope(), transaction.atomic():
        approval = pending_for(both.system, rule.pk, offers.KIND)
        assert approval is not None
        approval_vote(actor=second(both), approval=approval, approves=True)
    with both.scope():
        return BonusRule.objects.get(pk=rule.pk)


def second(both: Both) -> Any:
    """Another administrator than Adam."""
    petra = both.world.actor("petra")
    return replace(petra, permissions=petra.permissions | {"payments.manage_bonuses"})


def paid_in(both: Both, amount: str, *, on: bool = True) -> Deposit:
    deposit = both.deposit(amount, account=both.account if on else None)
    both.pays(deposit)
    return both.again(deposit)


def bonuses(both: Both) -> list[Bonus]:
    with both.scope():
        return list(Bonus.objects.order_by("id"))


def credit(both: Both) -> Any:
    return Decimal(both.house.user(both.account.login).credit) / 100


def test_a_deposit_on_to_an_account_is_given_its_bonus_once(both: Both) -> None:
    rule = set_(both, proposed(both))
    assert (rule.state, rule.version) == ("in_force", 1)
    deposit = paid_in(both, "300.00")
    [row] = bonuses(both)
    assert (row.state, row.amount, row.lots_needed, row.base_amount) == (
        "active", 90, Decimal("1.80"), 300,
    )  # fmt: skip
    assert (row.rule_id, row.deposit_id) == (rule.pk, deposit.pk)
    assert row.decided_by_ref == rule.decided_by_ref != row.asked_by_ref
    assert (credit(both), both.there(both.account)) == (90, 300)
    with both.scope():
        again = bonus_for_deposit(actor=both.system, deposit_id=deposit.pk)
    both.work()
    assert again is not None
    assert (again.pk, credit(both)) == (row.pk, 90)
    paid_in(both, "400.00")  # one open bonus at a time
    assert len(bonuses(both)) == 1
    assert both.sound()


def test_what_it_does_not_cover_is_given_nothing(both: Both) -> None:
    paid_in(both, "300.00")  # before there was a rule
    set_(both, proposed(both))
    paid_in(both, "99.00")
    paid_in(both, "300.00", on=False)  # it stays in the wallet
    with both.scope():
        policy_set(actor=both.world.actor("adam"), active=True, barred_regulators=["FSA"])
    paid_in(both, "300.00")
    assert (bonuses(both), credit(both)) == ([], 0)


def test_caps_count_over_the_versions_of_a_rule(both: Both) -> None:
    first = set_(both, proposed(both))
    paid_in(both, "900.00")
    second_ = proposed(both, percent=Decimal(50))
    with pytest.raises(StateConflict, match="waits for approval already"):
        proposed(both)
    assert set_(both, second_).version == 2
    with both.scope():
        assert BonusRule.objects.get(pk=first.pk).state == "retired"
        Bonus.objects.update(state="removed", left_amount=0)
    paid_in(both, "900.00")
    assert [row.amount for row in bonuses(both)] == [200, 50]  # 250 in all
    with both.scope():
        adam, live = both.world.actor("adam"), BonusRule.objects.get(state="in_force")
        assert offers.rule_retire(actor=adam, rule=live, reason="over").state == "retired"
        assert offers.in_force(both.system) == []


def test_a_rule_takes_two_people_who_may(both: Both) -> None:
    rule = proposed(both)
    with both.scope(), transaction.atomic():
        approval = pending_for(both.system, rule.pk, offers.KIND)
        assert approval is not None
        with pytest.raises(FourEyes):
            approval_vote(actor=both.world.actor("adam"), approval=approval, approves=True)
        with pytest.raises(NotPermitted):
            approval_vote(actor=both.world.actor("petra"), approval=approval, approves=True)
        with pytest.raises(NotPermitted):
            offers.rule_propose(actor=both.actor, values=values())


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"percent": None}, "percent"),
        ({"fixed": Decimal(5)}, "percent"),
        ({"percent": Decimal(1001)}, "percent"),
        ({"most": Decimal(0)}, "most"),
        ({"total_most": Decimal("0.001")}, "total_most"),
        ({"deposit_min": Decimal(-1)}, "deposit_min"),
        ({"lots_per_1000": Decimal(0)}, "lots_per_1000"),
        ({"lasts_days": 0}, "lasts_days"),
        ({"until_on": date(2020, 1, 1)}, "until_on"),
        ({"countries": ["Sweden"]}, "countries"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    both: Both, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        proposed(both, **more)
    assert [*caught.value.fields] == [field]


def test_a_rule_is_proposed_set_and_retired_on_the_pages(both: Both, browse: Browse) -> None:
    adam, setup = browse("adam"), reverse("payments:bonus-setup")
    form = {
        "code": "welcome", "name": "Welcome", "currency": "EUR", "percent": "30", "most": "200",
        "deposit_min": "100", "countries": "za, br", "from_on": str(today()),
        "lots_per_1000": "20", "on_withdrawal": "whole", "form_key": "k",
    }  # fmt: skip
    new = reverse("payments:bonus-rule-new")
    assert adam.post(new, form | {"fixed": "5"}).status_code == 422
    assert adam.post(new, form).headers["Location"] == setup
    with both.scope():
        rule = BonusRule.objects.get()
        assert rule.countries == ["ZA", "BR"]
    assert set_(both, rule).state == "in_force"
    page = adam.get(setup).content.decode()
    assert "30.00% of the deposit" in page
    assert f"?after={rule.pk}" in page
    assert 'value="30"' in adam.get(f"{new}?after={rule.pk}").content.decode()
    retire = reverse("payments:bonus-rule-retire", args=[rule.pk])
    assert adam.post(retire, {"reason": "over"}).status_code == 302
    assert browse("zoe").get(retire).status_code in (403, 404)
    with both.scope():
        assert BonusRule.objects.get().state == "retired"
