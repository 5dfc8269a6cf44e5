"""Methods as services promise them: limits counted, fees kept, who bears them in the books."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db.utils import IntegrityError
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.models import Tenant
from clients.models import Client
from ledger import selectors as ledger
from payments import evaluation
from payments.errors import MethodUnusable
from payments.methods import selectors
from payments.methods.fees import FeeTerms
from payments.methods.rules import Moment, Used
from payments.methods.selectors import terms_of
from payments.methods.services import method_move, method_save, terms_in
from payments.models import Deposit, Method, MethodTerms, Withdrawal
from payments.services.deposits import deposit_cancel
from payments.services.withdrawals import (
    withdrawal_approve,
    withdrawal_cancel,
    withdrawal_edit,
)
from tests.payments.money import Brokerage, eur

Browse = Callable[[str], Browser]
BORNE = FeeTerms(percent=Decimal(2), payer="house")


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    shop.funded("1000.00")
    shop.approved_card()
    return shop


def refusal(shop: Brokerage, amount: str, **more: Any) -> dict[str, str]:
    with pytest.raises(MethodUnusable) as refused:
        shop.deposit(amount, **more)
    return refused.value.fields


# Limits of a client


def test_the_day_limit_counts_what_may_still_be_paid_and_not_what_never_came(
    shop: Brokerage,
) -> None:
    shop.change_terms(day_max=Decimal(300))
    shop.funded("100.00")
    waits = shop.deposit("150.00")
    assert refusal(shop, "50.01") == {
        "amount": "Card takes 300.00 EUR of a client a day; 50.00 EUR is left today."
    }
    # Another currency and another client have their own.
    shop.deposit(money=Money(Decimal(300), "USD"))
    with shop.scope():
        deposit_cancel(actor=shop.actor, deposit=waits, reason="Changed their mind")
    shop.deposit("200.00")
    assert "0.00 EUR is left today" in refusal(shop, "10.00")["amount"]


def test_more_money_than_was_asked_for_uses_more_of_the_limit(shop: Brokerage) -> None:
    shop.change_terms(day_max=Decimal(300))
    shop.pays(shop.deposit("100.00"), amount="250.00")
    assert "50.00 EUR is left" in refusal(shop, "100.00")["amount"]
    shop.deposit("50.00")


def test_a_month_ends_at_midnight_where_the_brokerage_is(shop: Brokerage) -> None:
    Tenant.objects.filter(pk=shop.world.aurora.pk).update(timezone="Asia/Nicosia")
    shop.change_terms(day_max=Decimal(100), month_max=Decimal(150))
    last_evening = datetime(2026, 11, 30, 21, 59, tzinfo=UTC)  # 23:59 in Nicosia
    with time_machine.travel(last_evening - timedelta(days=1), tick=False):
        shop.deposit("100.00")
    with time_machine.travel(last_evening, tick=False):
        assert "50.00 EUR is left this month" in refusal(shop, "50.01")["amount"]
        shop.deposit("50.00")
    with time_machine.travel(last_evening + timedelta(minutes=1), tick=False):
        shop.deposit("100.00")
        assert "0.00 EUR is left today" in refusal(shop, "10.00")["amount"]


def test_withdrawals_have_limits_of_their_own_and_an_edit_does_not_count_itself(
    rich: Brokerage,
) -> None:
    rich.change_terms(day_max=Decimal(1000))
    rich.rules(source_first=False)
    row = rich.withdraw("600.00")
    with pytest.raises(MethodUnusable) as refused:
        rich.withdraw("401.00")
    assert "400.00 EUR is left today" in refused.value.fields["amount"]
    with rich.scope():
        olivia = rich.world.actor("olivia")
        edited = withdrawal_edit(
            actor=olivia, withdrawal=row, money=eur("900.00"), destination=rich.target
        )
        assert edited.amount == 900
        withdrawal_cancel(actor=rich.actor, withdrawal=edited, reason="Not wanted")
    rich.withdraw("1000.00")


def test_a_change_of_the_destination_alone_asks_nothing_of_the_method_anew(
    rich: Brokerage,
) -> None:
    row = rich.withdraw("100.00")
    rich.change_terms(amount_min=Decimal(500))
    with rich.scope():
        edited = withdrawal_edit(
            actor=rich.world.actor("olivia"),
            withdrawal=row,
            money=eur("100.00"),
            destination=rich.target,
            waived="The card is closed",
        )
        assert edited.source_waived == "The card is closed"


# Who and when


def test_who_may_not_use_it_is_told_why_and_nothing_is_made(shop: Brokerage) -> None:
    with shop.scope():
        Client.objects.filter(pk=shop.client.pk).update(residence="DE")
        shop.client.refresh_from_db()
    shop.change_card(country_rule="except", countries=["DE"])
    assert refusal(shop, "100.00") == {"method": "Card is not offered in Germany."}
    shop.change_card(country_rule="any", level_min=9)
    assert "Card needs KYC level 9" in refusal(shop, "100.00")["method"]
    with shop.scope():
        assert Method.objects.get().countries == []
        assert not Deposit.objects.exists()


def test_outside_its_hours_it_says_when_it_opens(shop: Brokerage) -> None:
    shop.change_card(hours=["Mon Tue Wed Thu Fri 08:00-18:00"])
    saturday = datetime(2026, 11, 28, 12, tzinfo=UTC)
    with time_machine.travel(saturday, tick=False):
        said = refusal(shop, "100.00")["method"]
        assert said == "Card is closed at this hour. It opens Mon 30 Nov at 08:00 (UTC)."
    with time_machine.travel(saturday + timedelta(days=1, hours=20), tick=False):
        shop.deposit("100.00")


# Fees


def test_a_fee_that_the_brokerage_bears_leaves_the_client_all(shop: Brokerage) -> None:
    shop.change_terms(fee=BORNE)
    done = shop.funded("1000.00")
    assert (done.fee_amount, done.fee_borne_amount) == (0, 20)
    assert (shop.wallet(), shop.clearing()) == (1000, 1000)
    assert (shop.balance("fee:deposit"), shop.balance("fee:borne")) == (20, 20)
    assert shop.journals(done.reference) == ["deposit"]
    shop.approved_card()
    row = shop.withdraw("500.00")
    assert (row.fee_amount, row.fee_borne_amount) == (0, 10)
    paid = _paid(shop, row)
    assert (paid.paid_amount, shop.wallet()) == (500, 500)
    assert (shop.balance("fee:withdrawal"), shop.balance("fee:borne")) == (10, 30)
    assert shop.journals(row.reference) == ["withdrawal", "withdrawal_fee"]
    assert shop.sound()


def _paid(shop: Brokerage, row: Withdrawal) -> Withdrawal:
    with shop.scope():
        withdrawal_approve(actor=shop.world.actor("petra"), withdrawal=row)
    shop.work()
    shop.gateway_pays(row)
    return shop.outgoing(row)


def test_a_fee_is_the_one_that_was_told_when_it_was_asked_for(shop: Brokerage) -> None:
    shop.change_terms(fee=FeeTerms(fixed=Decimal(1)))
    waits = shop.deposit("100.00")
    shop.change_terms(fee=FeeTerms(fixed=Decimal(9)))
    shop.pays(waits)
    assert (shop.again(waits).fee_amount, shop.wallet()) == (1, 99)
    assert shop.funded("100.00").fee_amount == 9
    # Asked for before fees were kept with deposits: what stands now.
    old = shop.deposit("100.00")
    with shop.scope():
        Deposit.objects.filter(pk=old.pk).update(fee_terms={})
    shop.pays(old)
    assert shop.again(old).fee_amount == 9


def test_books_that_charge_the_wrong_one_are_found(shop: Brokerage) -> None:
    shop.change_terms(fee=BORNE)
    done = shop.funded("1000.00")
    with shop.scope():
        Deposit.objects.filter(pk=done.pk).update(fee_amount=20, fee_borne_amount=0)
        [fault] = ledger.verify(shop.world.aurora.pk).faults
    assert (fault.rule, fault.subject) == ("a fee is booked to who pays it", done.reference)


def test_a_payment_has_one_who_pays_its_fee(shop: Brokerage) -> None:
    done = shop.funded("100.00")
    with shop.scope(), pytest.raises(IntegrityError, match="deposit_fee_payer"):
        Deposit.objects.filter(pk=done.pk).update(fee_amount=1, fee_borne_amount=1)


# Setting up


def test_terms_keep_their_history_and_a_removed_currency_its_own(shop: Brokerage) -> None:
    shop.change_terms(amount_max=Decimal(700))
    with shop.scope():
        row = shop.card.terms.get(direction="deposit", currency="EUR")
        assert [each.amount_max for each in row.history.order_by("history_date")] == [50_000, 700]
        kept = [terms_of(each) for each in shop.card.terms.exclude(currency="USD")]
        petra = shop.world.actor("petra")
        method_save(actor=petra, code="card", values={}, terms=kept, method=shop.card)
        assert sorted(MethodTerms.objects.values_list("currency", flat=True)) == ["EUR", "EUR"]
        gone = MethodTerms.history.filter(currency="USD", history_type="-")
        assert gone.count() == 2
    assert refusal(shop, "1.00", money=Money(Decimal(50), "USD")) == {"currency": "Card takes EUR."}


def test_who_saves_what_is_not_there_any_more_is_told(shop: Brokerage) -> None:
    petra = shop.world.actor("petra")
    with shop.scope():
        seen = Method.objects.get().version
        shop.change_card(name="Cards")
        with pytest.raises(StateConflict, match="changed since you opened it"):
            method_save(
                actor=petra, code="card", values={"name": "Old"}, method=shop.card, version=seen
            )
        row = method_save(
            actor=petra, code="card", values={"name": "New"}, method=shop.card, version=seen + 1
        )
        assert (row.name, row.version) == ("New", seen + 2)
        # Nothing new is no version.
        again = method_save(actor=petra, code="card", values={"name": "New"}, method=shop.card)
        assert again.version == seen + 2


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"amount_max": Decimal(5)}, "deposit_EUR_amount_max"),
        ({"amount_min": Decimal("10.001")}, "deposit_EUR_amount_min"),
        ({"amount_min": Decimal(-1)}, "deposit_EUR_amount_min"),
        ({"day_max": Decimal(9)}, "deposit_EUR_day_max"),
        ({"day_max": Decimal(90), "month_max": Decimal(80)}, "deposit_EUR_month_max"),
        ({"fee": FeeTerms(percent=Decimal(100))}, "deposit_EUR_fee_percent"),
        ({"fee": FeeTerms(least=Decimal(3), most=Decimal(2))}, "deposit_EUR_fee_max"),
        ({"fee": FeeTerms(fixed=Decimal("NaN"))}, "deposit_EUR_fee_fixed"),
    ],
)
def test_terms_that_can_not_be_are_refused_at_their_cell(
    shop: Brokerage, facts: dict[str, Any], field: str
) -> None:
    [terms] = terms_in(["EUR"], ["deposit"], amount_min=Decimal(10))
    with shop.scope(), pytest.raises(InvalidInput) as refused:
        method_save(
            actor=shop.world.actor("petra"),
            code="card",
            values={},
            terms=[replace(terms, **facts)],
            method=shop.card,
        )
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"country_rule": "only"}, "countries"),
        ({"country_rule": "only", "countries": ["XX"]}, "countries"),
        ({"hours": ["Mon 08:00"]}, "hours"),
        ({"hours": ["Mon 08:00-09:00"] * 7}, "hours"),
        ({"level_min": 10}, "level_min"),
        ({"categories": ["vip"]}, "categories"),
        ({"kinds": ["robot"]}, "kinds"),
        ({"deposit_policy": "under_threshold"}, "deposit_EUR_credit_max"),
    ],
)
def test_an_audience_that_can_not_be_is_refused(
    shop: Brokerage, values: dict[str, Any], field: str
) -> None:
    with shop.scope(), pytest.raises(InvalidInput) as refused:
        method_save(actor=shop.world.actor("petra"), code="card", values=values, method=shop.card)
    assert field in refused.value.fields


def test_methods_stand_in_the_order_that_was_given_them(shop: Brokerage) -> None:
    petra = shop.world.actor("petra")
    with shop.scope():
        rows = [shop.method(petra, code, name=code, gateway=shop.gateway) for code in ("b", "c")]
        method_move(actor=petra, method=rows[1], up=True)
        method_move(actor=petra, method=shop.card, up=True)  # it is the first already
        found = selectors.in_order(Method.objects.filter(tenant_id=petra.tenant_id))
        assert [(row.code, row.position) for row in found] == [("card", 10), ("c", 20), ("b", 30)]
        method_move(actor=petra, method=shop.card, up=False)
        listed = selectors.methods_for(shop.client, "deposit")
        assert [line.method.code for line in listed] == ["c", "card", "b"]


def test_what_was_used_is_counted_by_method_and_currency(rich: Brokerage) -> None:
    rich.withdraw("100.00")
    moment = Moment(now(), ZoneInfo("UTC"))
    with rich.scope():
        assert selectors.used(rich.client.pk, "deposit", moment) == {
            (rich.card.pk, "EUR"): Used(Decimal(1000), Decimal(1000))
        }
        assert selectors.used(rich.client.pk, "withdrawal", moment) == {
            (rich.card.pk, "EUR"): Used(Decimal(100), Decimal(100))
        }


# What a decision shows


def test_a_withdrawal_over_a_limit_that_was_lowered_since_asks_for_a_look(
    rich: Brokerage, browse: Browse
) -> None:
    row = rich.withdraw("400.00")
    rich.change_terms(day_max=Decimal(300), fee=FeeTerms(fixed=Decimal(7)))
    with rich.scope():
        checks = evaluation.checks(rich.actor, rich.outgoing(row))
        [limits] = [check for check in checks if check.code == "limits"]
    assert (limits.colour, limits.title) == ("attention", "Over the day's limit")
    assert limits.note == "400.00 EUR of 300.00 EUR"
    page = browse("petra").get(reverse("payments:withdrawal-decide", args=[row.pk]))
    words = page.content.decode()
    assert "400.00 EUR of 300.00 EUR" in words
    assert "Card, client&#x27;s day" in words


def test_a_deposit_that_brought_more_than_the_limit_says_so_to_who_decides(
    shop: Brokerage, browse: Browse
) -> None:
    shop.change_terms(amount_max=Decimal(200), month_max=Decimal(1000), fee=BORNE)
    row = shop.deposit("100.00")
    shop.pays(row, amount="250.00")
    page = browse("pavel").get(reverse("payments:deposit-decide", args=[row.pk]))
    words = page.content.decode()
    assert "Over the payment&#x27;s limit" in words
    assert "250.00 EUR of 1,000.00 EUR" in words
    assert "Fee, borne by the brokerage" in words
