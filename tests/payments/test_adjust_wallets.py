"""A client's wallet is adjusted by two people and one journal, or not at all."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import DomainError, FourEyes, InvalidInput, NotPermitted
from backoffice.core.money import Money
from backoffice.workflow.approvals import approval_vote, pending_for
from backoffice.workflow.models import Approval, ApprovalBand
from ledger import chart
from ledger import selectors as ledger
from ledger.services import journal_reverse
from payments.adjustment_states import Direction, Why
from payments.adjustments import rules
from payments.adjustments.services import KIND, adjustment_ask, adjustment_cancel
from payments.errors import NotEnoughMoney
from payments.models import Rate, WalletAdjustment
from tests.payments.money import Brokerage, eur

Browse = Callable[[str], Browser]
TO, FROM = Direction.TO_CLIENT, Direction.FROM_CLIENT


def ask(
    shop: Brokerage,
    amount: str = "25.00",
    direction: Direction = TO,
    why: Why = Why.GOODWILL,
    **more: Any,
) -> WalletAdjustment:
    facts: dict[str, Any] = {
        "actor": shop.actor,
        "money": eur(amount),
        "reason": "waited three days",
    } | more
    with shop.scope():
        return adjustment_ask(client=shop.client, direction=direction, why=why, **facts)


def waiting(shop: Brokerage, row: WalletAdjustment) -> Approval:
    with shop.scope():
        found = pending_for(shop.system, row.pk, KIND)
        assert found is not None
        return found


def vote(shop: Brokerage, row: WalletAdjustment, name: str = "petra", *, yes: bool = True) -> None:
    actor, approval = shop.world.actor(name), waiting(shop, row)
    with shop.scope(), transaction.atomic():
        approval_vote(actor=actor, approval=approval, approves=yes, reason="looked at")


def again(shop: Brokerage, row: WalletAdjustment) -> WalletAdjustment:
    with shop.scope():
        return WalletAdjustment.objects.get(pk=row.pk)


@pytest.mark.parametrize(
    ("direction", "why", "code", "house"),
    [
        (TO, Why.GOODWILL, "goodwill:expense", "25.00"),
        (TO, Why.CORRECTION, "correction:expense", "25.00"),
        (FROM, Why.CORRECTION, "correction:expense", "-25.00"),
        (TO, Why.WITHDRAWAL_FEE, "fee:withdrawal", "-25.00"),
        (FROM, Why.DEPOSIT_FEE, "fee:deposit", "25.00"),
        (FROM, Why.BANK_CHARGE, "bank:cost", "-25.00"),
    ],
)
def test_it_is_one_journal_against_the_account_of_its_reason(
    shop: Brokerage, direction: Direction, why: Why, code: str, house: str
) -> None:
    shop.funded("100.00")
    row = ask(shop, direction=direction, why=why)
    assert (row.state, shop.wallet(), shop.journals(row.reference)) == ("asked", 100, [])
    vote(shop, row)
    done = again(shop, row)
    assert (done.state, done.decided_by_ref) == ("booked", shop.world.actor("petra").ref)
    assert shop.wallet() == (125 if direction == TO else 75)
    assert shop.balance(code) == Decimal(house)
    with shop.scope():
        [entry] = ledger.journals_of(shop.world.aurora.pk, row.reference)
    assert (entry.journal.pk, entry.journal.kind) == (done.journal_id, "wallet_adjustment")
    assert entry.journal.approved_by == shop.world.actor("petra").ref
    assert shop.sound()


def test_who_asked_does_not_approve_and_a_refusal_books_nothing(shop: Brokerage) -> None:
    row = ask(shop)
    with pytest.raises(FourEyes):
        vote(shop, row, "pavel")
    with pytest.raises(NotPermitted):
        vote(shop, row, "olivia")
    vote(shop, row, yes=False)
    done = again(shop, row)
    assert (done.state, done.note, shop.wallet()) == ("refused", "looked at", 0)
    assert shop.sound()


def test_the_database_keeps_a_booked_one_from_its_asker(shop: Brokerage) -> None:
    row = ask(shop)
    vote(shop, row)
    with shop.scope(), pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
        WalletAdjustment.objects.filter(pk=row.pk).update(decided_by_ref=row.asked_by_ref)


def test_what_is_on_hold_is_not_there_to_be_taken(shop: Brokerage) -> None:
    shop.funded("100.00")
    shop.approved_card()
    row = ask(shop, "70.00", FROM, Why.CORRECTION)
    shop.withdraw("40.00")
    with pytest.raises(NotEnoughMoney, match=r"60\.00 EUR available|EUR 60\.00 available"):
        vote(shop, row)
    assert (again(shop, row).state, shop.wallet()) == ("asked", 100)
    waiting(shop, row)  # the vote was undone with it
    with pytest.raises(NotEnoughMoney, match="Nothing was asked for"):
        ask(shop, "70.00", FROM, Why.CORRECTION)
    vote(shop, ask(shop, "60.00", FROM, Why.CORRECTION))
    assert (shop.wallet(), shop.available()) == (40, 0)
    assert shop.sound()


@pytest.mark.parametrize(("direction", "action"), [(TO, "deposit"), (FROM, "withdraw")])
def test_a_restriction_placed_while_it_waits_stops_it(
    shop: Brokerage, direction: Direction, action: str
) -> None:
    shop.funded("100.00")
    row = ask(shop, direction=direction, why=Why.CORRECTION)
    shop.restrict(action, "an order of a court")
    with pytest.raises(DomainError, match="an order of a court"):
        vote(shop, row)
    with pytest.raises(DomainError, match="an order of a court"):
        ask(shop, direction=direction, why=Why.CORRECTION)
    assert (again(shop, row).state, shop.wallet()) == ("asked", 100)


def test_a_closed_client_has_nothing_adjusted(shop: Brokerage) -> None:
    row = ask(shop)
    with shop.scope():
        type(shop.client).objects.filter(pk=shop.client.pk).update(state="closed")
    for attempt in (lambda: vote(shop, row), lambda: ask(shop)):
        with pytest.raises(DomainError, match="stopped"):
            attempt()
    assert shop.wallet() == 0


def test_it_is_cancelled_until_it_is_decided(shop: Brokerage) -> None:
    first, second = ask(shop), ask(shop)
    vote(shop, second)
    for row in (first, second):
        with shop.scope():
            try:
                adjustment_cancel(actor=shop.actor, adjustment=row, reason="asked twice")
            except DomainError as error:
                assert row is second, error.sentence
    assert (again(shop, first).state, again(shop, second).state) == ("cancelled", "booked")
    assert shop.wallet() == 25
    assert shop.sound()


def test_larger_amounts_need_who_their_band_names(shop: Brokerage) -> None:
    right, large = "payments.approve_wallet_adjustment", "payments.approve_large_withdrawal"
    with shop.scope():
        for most, steps in ((Decimal(100), [right]), (None, [right, large])):
            ApprovalBand.objects.create(kind=KIND, amount_max=most, steps=steps)
        Rate.objects.create(currency="USD", to_base=Decimal("0.5"))
    usd = Money(Decimal("150.00"), "USD")
    unknown = Money(Decimal("1.00"), "GBP")
    found = [
        waiting(shop, row).steps
        for row in (
            ask(shop, "100.00"),
            ask(shop, "100.01"),
            ask(shop, money=usd),
            ask(shop, money=unknown),
        )
    ]
    assert found == [[right], [right, large], [right], [right, large]]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"direction": FROM}, "why"),
        ({"direction": "sideways"}, "direction"),
        ({"why": "because"}, "why"),
        ({"money": Money.zero("EUR")}, "amount"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_what_makes_no_sense_is_said_beside_its_field(
    shop: Brokerage, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(shop, **facts)
    assert [*caught.value.fields] == [field]


def test_who_has_no_right_asks_for_none(shop: Brokerage) -> None:
    with pytest.raises(NotPermitted):
        ask(shop, actor=shop.world.actor("sam"))


def test_every_reason_has_an_account_and_a_direction() -> None:
    assert set(rules.COUNTERS) == set(Why)
    for why, counter in rules.COUNTERS.items():
        assert counter.directions, why
        assert chart.words(counter.account().code) != counter.account().code


def test_the_check_of_the_books_finds_one_without_its_journal_or_otherwise(
    shop: Brokerage,
) -> None:
    rows = [ask(shop), ask(shop), ask(shop)]
    for row in rows:
        vote(shop, row)
    tenant = shop.world.aurora.pk
    with shop.scope():
        assert ledger.verify(tenant).sound
        mine = WalletAdjustment.objects
        mine.filter(pk=rows[0].pk).update(amount=Decimal("26.00"))
        mine.filter(pk=rows[1].pk).update(counter="bonus:expense")
        journal_id = mine.get(pk=rows[2].pk).journal_id
        assert journal_id is not None
        journal_reverse(actor=shop.system, key="undo", journal_id=journal_id)
        found = sorted((fault.subject, fault.rule) for fault in ledger.verify(tenant).faults)
    otherwise = "a wallet adjustment is booked as it was approved"
    assert found == [
        (rows[0].reference, otherwise),
        (rows[1].reference, otherwise),
        (rows[2].reference, "a wallet adjustment has exactly its journals"),
    ]


def test_one_is_asked_for_on_the_page_and_approved(shop: Brokerage, browse: Browse) -> None:
    shop.funded("100.00")
    pavel, url = browse("pavel"), reverse("payments:adjustment-new", args=[shop.client.pk])
    tab = reverse("clients:tab", args=[shop.client.pk, "money"])
    assert url in pavel.get(tab).content.decode()
    form = {
        "direction": "to_client",
        "amount": "12.50",
        "currency": "EUR",
        "why": "withdrawal_fee",
        "reason": "charged twice",
        "form_key": "k",
    }
    assert pavel.post(url, form | {"amount": "0"}).status_code == 422
    pages = {pavel.post(url, form).headers["Location"] for _ in range(2)}
    with shop.scope():
        row = WalletAdjustment.objects.get()
        approval = pending_for(shop.system, row.pk, KIND)
    assert approval is not None
    assert pages == {reverse("payments:adjustment", args=[row.pk])}
    page = browse("petra").get(reverse("portal:approval", args=[approval.pk])).content.decode()
    assert "charged twice" in page
    assert page.index("To the client") < page.index("Fees: withdrawal")
    decide = reverse("portal:approval-decide", args=[approval.pk])
    assert browse("petra").post(decide, {"decision": "approve"}).status_code == 302
    assert shop.wallet() == Decimal("112.50")
    page = pavel.get(pages.pop()).content.decode()
    assert "wallet adjustment" in page
    assert reverse("payments:adjustment-cancel", args=[row.pk]) not in page
    assert row.reference in pavel.get(reverse("payments:adjustment-list")).content.decode()
    assert row.reference in pavel.get(tab).content.decode()
    told = pavel.get(reverse("clients:tab", args=[shop.client.pk, "timeline"])).content.decode()
    assert f"Asked for {row.reference}" in told
    assert f"Booked {row.reference}" in told
    assert browse("sam").get(url).status_code == 403


def test_one_of_another_brokerage_is_not_there(shop: Brokerage, browse: Browse) -> None:
    row = ask(shop)
    zoe = browse("zoe")
    assert zoe.get(reverse("payments:adjustment", args=[row.pk])).status_code == 404
    cancel = reverse("payments:adjustment-cancel", args=[row.pk])
    assert zoe.post(cancel, {"reason": "mine"}).status_code == 404
    new = reverse("payments:adjustment-new", args=[shop.client.pk])
    assert zoe.get(new).status_code == 404
    assert row.reference not in zoe.get(reverse("payments:adjustment-list")).content.decode()
    assert again(shop, row).state == "asked"
