"""Deposits through Stripe: the official library against a Stripe on loopback, over real HTTP."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
import urllib3
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.errors import DomainError
from payments.models import GatewayAccount, WebhookMessage
from payments.services.deposits import deposit_cancel
from tests.payments.card import CardShop


def test_a_deposit_is_opened_paid_and_credited(card_shop: CardShop) -> None:
    row = card_shop.deposit("250.00")
    session = card_shop.session(row)
    assert (row.state, row.provider_ref) == ("redirected", session["id"])
    assert row.pay_url == f"{card_shop.server.address}/c/pay/{session['id']}"
    assert (session["amount_total"], session["currency"]) == (25000, "eur")
    card_shop.decide(row)
    row = card_shop.shop.again(row)
    intent = card_shop.session(row)["payment_intent"]
    assert (row.state, row.provider_ref, row.paid_amount) == ("done", intent, 250)
    assert (row.instrument_label, row.instrument_country) == ("•• 4242", "CY")
    assert row.payer_name == "Anna Eriksson"
    assert (card_shop.shop.wallet(), card_shop.clearing()) == (250, 250)
    assert sorted(card_shop.shop.messages()) == [
        ("processed", ""),
        ("stale", "Nothing follows from charge.succeeded."),
        ("stale", "The payment was known already."),
    ]
    assert card_shop.shop.sound()


def test_the_client_pays_on_the_hosted_page(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    page = urllib3.request("GET", row.pay_url, timeout=5)
    assert "Pay 100.00 EUR" in page.data.decode()
    form = urlencode({"do": "paid", "holder": "Anna Eriksson", "card": "7788"})
    page = urllib3.request("POST", row.pay_url, body=form, timeout=5)
    assert "The payment is made." in page.data.decode()
    card_shop.hear()
    row = card_shop.shop.again(row)
    assert (row.state, row.instrument_label) == ("done", "•• 7788")


def test_nobody_is_called_inside_the_request(card_shop: CardShop) -> None:
    row = card_shop.asked()
    assert (row.state, row.pay_url, card_shop.objects("checkout.session")) == ("created", "", [])
    pavel = Browser()
    pavel.force_login(card_shop.shop.world.user("pavel"))
    page = reverse("payments:deposit", args=[row.pk])
    shown = pavel.get(page).content.decode()
    assert "being asked for the address" in shown
    assert "this page follows" in shown
    card_shop.shop.work()
    shown = pavel.get(page).content.decode()
    assert "being asked for the address" not in shown
    assert card_shop.shop.again(row).pay_url in shown


def test_another_amount_than_asked_waits_for_a_person(card_shop: CardShop) -> None:
    row = card_shop.deposit("100.00")
    card_shop.box.faults.arm("wrong_amount", row.reference)
    card_shop.decide(row)
    row = card_shop.shop.again(row)
    assert (row.state, row.paid_amount, card_shop.shop.wallet()) == ("amount_mismatch", 1000, 0)
    assert card_shop.shop.set_aside() == 1000


def test_another_currency_than_asked_waits_for_a_person(card_shop: CardShop) -> None:
    row = card_shop.deposit("100.00")
    card_shop.box.faults.arm("wrong_currency", row.reference)
    card_shop.decide(row)
    row = card_shop.shop.again(row)
    assert (row.state, row.paid_currency) == ("amount_mismatch", "USD")
    assert (card_shop.shop.wallet("USD"), card_shop.shop.set_aside("USD")) == (0, 100)


@pytest.mark.parametrize(
    ("amount", "currency", "units"), [("5000", "JPY", 5000), ("12.340", "KWD", 12340)]
)
def test_amounts_without_cents_arrive_as_they_are(
    card_shop: CardShop, amount: str, currency: str, units: int
) -> None:
    row = card_shop.deposit(amount, currency)
    assert card_shop.session(row)["amount_total"] == units
    card_shop.decide(row)
    assert format(card_shop.shop.wallet(currency), "f") == amount


def test_an_amount_that_stripe_does_not_take_is_not_even_asked_for(card_shop: CardShop) -> None:
    with pytest.raises(DomainError) as refused:
        card_shop.asked("12.345", "KWD")
    assert refused.value.fields == {"amount": "Stripe takes KWD in steps of 0.010."}


def test_a_card_that_is_declined_leaves_the_page_open(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    card_shop.decide(row, "declined")
    assert card_shop.shop.again(row).state == "redirected"
    said = "An attempt to pay failed. Your card was declined."
    assert card_shop.shop.messages() == [("processed", said)]
    card_shop.decide(row)
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == ("done", 100)


@pytest.mark.parametrize(
    ("ends", "state", "held"), [("succeeded", "done", 100), ("failed", "declined", 0)]
)
def test_a_bank_that_takes_its_time(card_shop: CardShop, ends: str, state: str, held: int) -> None:
    row = card_shop.deposit()
    card_shop.decide(row, "processing")
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == ("pending", 0)
    card_shop.decide(row, ends)
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == (state, held)


def test_a_page_whose_time_ran_out_expires_the_deposit(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    with card_shop.box.lock:
        card_shop.box.session_expire(card_shop.session(row))
    card_shop.hear()
    assert card_shop.shop.again(row).state == "expired"


def test_a_lost_event_is_found_by_asking(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    card_shop.box.faults.arm("lost", row.reference)
    card_shop.decide(row)
    assert card_shop.shop.again(row).state == "redirected"
    with time_machine.travel(row.expires_at + timedelta(minutes=3)):
        card_shop.shop.work()
    row = card_shop.shop.again(row)
    assert (row.state, row.instrument_label, card_shop.shop.wallet()) == ("done", "•• 4242", 100)
    assert card_shop.shop.messages() == []


def test_a_page_that_is_still_open_is_asked_about_until_it_expires(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    with time_machine.travel(row.expires_at + timedelta(minutes=3)):
        card_shop.shop.work()
        assert card_shop.shop.again(row).state == "pending"
    with card_shop.box.lock:
        card_shop.box.faults.arm("lost", row.reference)
        card_shop.box.session_expire(card_shop.session(row))
    with time_machine.travel(row.expires_at + timedelta(minutes=64)):
        card_shop.shop.work()
    assert card_shop.shop.again(row).state == "expired"


def test_money_that_comes_after_a_cancellation_is_credited(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    with card_shop.shop.scope():
        deposit_cancel(actor=card_shop.shop.actor, deposit=row, reason="asked to")
    card_shop.decide(row)
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == ("done", 100)


def test_nobody_pays_on_the_page_of_a_cancelled_deposit(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    with card_shop.shop.scope():
        deposit_cancel(actor=card_shop.shop.actor, deposit=row, reason="asked to")
    card_shop.shop.work()
    card_shop.decide(row)
    assert card_shop.session(row)["status"] == "expired"
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == ("cancelled", 0)
    assert card_shop.shop.messages() == [("stale", "It was cancelled when this came.")]


@pytest.mark.parametrize("fault", ["twice", "out_of_order"])
def test_events_twice_and_out_of_order_credit_once(card_shop: CardShop, fault: str) -> None:
    row = card_shop.deposit()
    card_shop.box.faults.arm(fault, row.reference)
    card_shop.decide(row)
    states = sorted(state for state, _ in card_shop.shop.messages())
    assert states.count("processed") == 1
    assert set(states) == {"processed", "stale"}
    assert (card_shop.shop.again(row).state, card_shop.shop.wallet()) == ("done", 100)


def test_late_events_are_credited_when_they_come(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    card_shop.box.faults.arm("late", row.reference)
    card_shop.decide(row)
    assert card_shop.shop.wallet() == 0
    card_shop.box.post.release()
    card_shop.hear()
    assert card_shop.shop.wallet() == 100


@pytest.mark.parametrize("fault", ["dropped_after", "error_500", "rate_limited"])
def test_a_page_that_was_not_answered_for_is_asked_for_again(
    card_shop: CardShop, fault: str
) -> None:
    row = card_shop.asked()
    card_shop.box.faults.arm(fault, row.reference)
    card_shop.shop.work()
    assert card_shop.shop.again(row).state == "created"
    with time_machine.travel(now() + timedelta(seconds=5)):
        card_shop.shop.work()
    assert card_shop.shop.again(row).state == "redirected"
    assert len(card_shop.objects("checkout.session")) == 1


def test_a_page_that_is_refused_declines_the_deposit(card_shop: CardShop) -> None:
    row = card_shop.asked()
    with card_shop.shop.scope():
        type(row).objects.filter(pk=row.pk).update(created_at=now() - timedelta(hours=30))
    card_shop.shop.work()
    row = card_shop.shop.again(row)
    assert (row.state, row.pay_url) == ("declined", "")
    assert "expires_at" in row.reason
    assert card_shop.objects("checkout.session") == []


def test_a_page_is_not_asked_for_once_the_time_to_pay_is_over(card_shop: CardShop) -> None:
    row = card_shop.asked()
    with time_machine.travel(row.expires_at + timedelta(minutes=3)):
        card_shop.shop.work()
    assert card_shop.shop.again(row).state == "expired"
    assert card_shop.objects("checkout.session") == []


def test_the_credit_waits_for_the_card_but_not_for_ever(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    with card_shop.shop.scope():
        gateways = GatewayAccount.objects.filter(pk=card_shop.gateway.pk)
        gateways.update(base_url="http://127.0.0.1:1")
    card_shop.decide(row)
    assert card_shop.shop.wallet() == 0
    with card_shop.shop.scope():
        assert WebhookMessage.objects.filter(state="received").count() == 2
    with time_machine.travel(now() + timedelta(minutes=16)):
        card_shop.shop.work()
    row = card_shop.shop.again(row)
    assert (row.state, row.instrument_label, card_shop.shop.wallet()) == ("done", "", 100)
    assert row.payer_name == ""
