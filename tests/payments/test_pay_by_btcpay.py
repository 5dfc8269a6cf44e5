"""Deposits and payouts in coins: the adapter against a BTCPay on loopback, over real HTTP."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
import urllib3
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.clock import now
from payments.accounts import notify_url
from payments.gateways.btcpay.adapter import signature
from payments.gateways.btcpay.invoices import notice_of
from payments.gateways.port import (
    AskFirst,
    GatewayError,
    NothingFollows,
    NoticeUnreadable,
    Outcome,
)
from payments.gateways.registry import adapter_of
from payments.models import GatewayAccount, WebhookMessage, WithdrawalPart
from payments.services.deposits import deposit_cancel
from payments.services.setup import gateway_change
from tests.payments.coins import KEY, SECRET, STORE, CoinShop
from tests.shared_data import shared_data


def test_a_deposit_is_opened_paid_and_credited_once_the_chain_confirms(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit("250.00")
    invoice = coin_shop.invoice(row)
    assert (row.state, row.provider_ref) == ("redirected", invoice.id)
    assert row.pay_url == f"{coin_shop.server.address}/i/{invoice.id}"
    row = coin_shop.pay(row, settles=False)
    assert (row.state, coin_shop.shop.wallet()) == ("pending", 0)
    coin_shop.box.confirm(invoice)
    coin_shop.hear()
    row = coin_shop.shop.again(row)
    assert (row.state, row.paid_amount, row.instrument_label) == ("done", 250, "BTC-CHAIN")
    assert (coin_shop.shop.wallet(), coin_shop.clearing()) == (250, 250)
    assert {state for state, _ in coin_shop.shop.messages()} == {"processed", "stale"}
    assert coin_shop.shop.sound()


def test_the_client_pays_on_the_servers_page(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit()
    page = urllib3.request("GET", row.pay_url, timeout=5).data.decode()
    assert "100.00 EUR" in page
    urllib3.request("POST", row.pay_url, body="do=pay", timeout=5)
    coin_shop.hear()
    assert coin_shop.shop.again(row).state == "done"


def test_what_is_over_by_the_coins_rounding_is_no_other_amount(coin_shop: CoinShop) -> None:
    for amount, currency in (("12345.67", "USD"), ("9999", "JPY"), ("0.12345678", "BTC")):
        row = coin_shop.pay(coin_shop.deposit(amount, currency))
        assert (row.state, format(coin_shop.shop.wallet(currency), "f")) == ("done", amount)


def test_too_much_is_what_arrived_and_waits_for_a_person(coin_shop: CoinShop) -> None:
    row = coin_shop.pay(coin_shop.deposit("100.00"), "1.5")
    assert (row.state, row.paid_amount) == ("amount_mismatch", 150)
    assert (coin_shop.shop.wallet(), coin_shop.shop.set_aside()) == (0, 150)


def test_too_little_is_real_money_once_its_time_is_over(coin_shop: CoinShop) -> None:
    row = coin_shop.pay(coin_shop.deposit("100.00"), "0.4")
    assert (row.state, row.paid_amount, coin_shop.clearing()) == ("pending", None, 0)
    coin_shop.box.expire(coin_shop.invoice(row))
    coin_shop.hear()
    row = coin_shop.shop.again(row)
    assert (row.state, row.paid_amount, coin_shop.shop.set_aside()) == ("amount_mismatch", 40, 40)


def test_all_of_it_too_late_is_credited(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit()
    coin_shop.box.expire(coin_shop.invoice(row))
    coin_shop.hear()
    assert coin_shop.shop.again(row).state == "expired"
    row = coin_shop.pay(row)
    assert (row.state, row.paid_amount, coin_shop.shop.wallet()) == ("done", 100, 100)


def test_a_payment_that_the_chain_drops_is_none(coin_shop: CoinShop) -> None:
    row = coin_shop.pay(coin_shop.deposit(), settles=False)
    coin_shop.box.drop(coin_shop.invoice(row))
    coin_shop.hear()
    row = coin_shop.shop.again(row)
    assert (row.state, coin_shop.shop.wallet(), coin_shop.clearing()) == ("declined", 0, 0)


def test_what_people_at_the_server_call_it_moves_no_money(coin_shop: CoinShop) -> None:
    for status, state, for_people in (("Settled", "redirected", 1), ("Invalid", "declined", 1)):
        row = coin_shop.deposit()
        coin_shop.box.mark(coin_shop.invoice(row), status)
        coin_shop.hear()
        row = coin_shop.shop.again(row)
        assert (row.state, row.paid_amount) == (state, None)
        assert len(coin_shop.shop.queue("notices")) == for_people
    assert coin_shop.shop.wallet() == 0


def test_messages_and_chains_that_misbehave(coin_shop: CoinShop) -> None:
    wallet = 0
    # A message with a bad signature is refused; the later ones say the same.
    for fault, state, credited in (
        ("twice", "done", 100),
        ("out_of_order", "done", 100),
        ("bad_signature", "done", 100),
        ("wrong_amount", "amount_mismatch", 0),
    ):
        row = coin_shop.deposit()
        coin_shop.box.faults.arm(fault, row.reference)
        row = coin_shop.pay(row)
        wallet += credited
        assert (fault, row.state, coin_shop.shop.wallet()) == (fault, state, wallet)
    with coin_shop.shop.scope():
        assert GatewayAccount.objects.get(pk=coin_shop.gateway.pk).bad_signatures == 1


def test_another_currency_than_asked_waits_for_a_person(coin_shop: CoinShop) -> None:
    row = coin_shop.asked("100.00")
    coin_shop.box.faults.arm("wrong_currency", row.reference)
    coin_shop.hear()
    row = coin_shop.pay(coin_shop.shop.again(row))
    assert (row.state, row.paid_currency) == ("amount_mismatch", "USD")
    assert (coin_shop.shop.wallet("USD"), coin_shop.shop.set_aside("USD")) == (0, 100)


def test_lost_and_late_messages_change_nothing_but_the_time(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit()
    coin_shop.box.faults.arm("lost", row.reference, times=9)
    row = coin_shop.pay(row)
    assert row.state == "redirected"
    with time_machine.travel(row.expires_at + timedelta(minutes=3)):
        coin_shop.shop.work()
    assert (coin_shop.shop.again(row).state, coin_shop.shop.wallet()) == ("done", 100)


def test_while_the_server_is_away_a_message_waits_for_its_answer(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit()
    coin_shop.box.pay(coin_shop.invoice(row))
    _address(coin_shop, "http://127.0.0.1:1")
    coin_shop.hear()
    assert coin_shop.shop.again(row).state == "redirected"
    assert "received" in {state for state, _ in coin_shop.shop.messages()}
    _address(coin_shop, coin_shop.server.address)
    with time_machine.travel(now() + timedelta(minutes=1)):
        coin_shop.shop.work()
    assert (coin_shop.shop.again(row).state, coin_shop.shop.wallet()) == ("done", 100)


def _address(coin_shop: CoinShop, url: str) -> None:
    with coin_shop.shop.scope():
        GatewayAccount.objects.filter(pk=coin_shop.gateway.pk).update(base_url=url)


def test_an_invoice_is_made_once_whatever_the_answer(coin_shop: CoinShop) -> None:
    rows = [coin_shop.asked(), coin_shop.asked()]
    for row, fault in zip(rows, ("dropped_after", "error_500"), strict=True):
        coin_shop.box.faults.arm(fault, row.reference)
    coin_shop.hear()
    assert [coin_shop.shop.again(row).state for row in rows] == ["created", "created"]
    with time_machine.travel(now() + timedelta(minutes=10)):
        coin_shop.hear()
        assert [coin_shop.shop.again(row).state for row in rows] == ["redirected", "redirected"]
    assert len(coin_shop.box.invoices) == 2


def test_what_the_server_does_not_take_declines_the_deposit(coin_shop: CoinShop) -> None:
    row = coin_shop.asked()
    coin_shop.box.faults.arm("refused", row.reference)
    coin_shop.hear()
    row = coin_shop.shop.again(row)
    assert (row.state, row.reason) == ("declined", "The server does not take this.")


def test_a_cancelled_deposit_closes_its_page(coin_shop: CoinShop) -> None:
    row = coin_shop.deposit()
    with coin_shop.shop.scope():
        deposit_cancel(actor=coin_shop.shop.actor, deposit=row, reason="changed her mind")
    coin_shop.hear()
    assert coin_shop.invoice(row).status == "Invalid"
    assert coin_shop.shop.again(row).state == "cancelled"


# Money out


def _funded(coin_shop: CoinShop) -> None:
    coin_shop.shop.rules(source_first=False)
    coin_shop.shop.funded("1000.00")


def test_a_payout_goes_out_by_a_pull_payment_and_is_paid(coin_shop: CoinShop) -> None:
    _funded(coin_shop)
    row = coin_shop.sent("60.00")
    payout = coin_shop.box.payout_of(row.reference)
    assert (row.state, row.provider_ref) == ("submitted", payout.pull)
    assert (payout.amount, payout.currency) == (Decimal(60), "EUR")
    coin_shop.box.payout_decide(payout, "InProgress")
    coin_shop.hear()
    assert coin_shop.shop.outgoing(row).state == "in_progress"
    coin_shop.box.payout_decide(payout, "Completed")
    coin_shop.hear()
    assert (coin_shop.shop.outgoing(row).state, coin_shop.shop.wallet()) == ("paid", 940)
    assert coin_shop.shop.sound()


def test_a_payout_that_is_cancelled_there_frees_the_money(coin_shop: CoinShop) -> None:
    _funded(coin_shop)
    row = coin_shop.sent("60.00")
    coin_shop.box.payout_decide(coin_shop.box.payout_of(row.reference), "Cancelled")
    coin_shop.hear()
    assert (coin_shop.shop.outgoing(row).state, coin_shop.shop.available()) == ("failed", 1000)


def test_a_payout_of_unknown_outcome_is_found_and_never_made_twice(coin_shop: CoinShop) -> None:
    _funded(coin_shop)
    rows = []
    for fault, times in (("dropped_after", 1), ("error_500_after", 2), ("error_500", 2)):
        rows.append(coin_shop.approved("60.00"))
        coin_shop.box.faults.arm(fault, rows[-1].reference, times)
    coin_shop.hear()
    assert [coin_shop.shop.outgoing(row).state for row in rows] == ["unknown"] * 3
    assert coin_shop.shop.available() == 820
    for hours in (1, 3):
        with time_machine.travel(now() + timedelta(hours=hours)):
            coin_shop.hear()
    assert [coin_shop.shop.outgoing(row).state for row in rows] == ["submitted"] * 3
    assert (len(coin_shop.box.pulls), len(coin_shop.box.payouts)) == (3, 3)


def test_an_address_that_is_none_fails_the_payout(coin_shop: CoinShop) -> None:
    _funded(coin_shop)
    row = coin_shop.approved(number="bc1-not-an-address")
    coin_shop.hear()
    row = coin_shop.shop.outgoing(row)
    assert (row.state, row.error) == ("failed", "Invalid destination for this payout method.")
    assert coin_shop.shop.available() == 1000


def test_coins_are_no_source_that_withdrawals_go_back_to(coin_shop: CoinShop) -> None:
    coin_shop.shop.rules(source_first=True)
    coin_shop.pay(coin_shop.deposit("200.00"))
    row = coin_shop.sent("60.00")
    with coin_shop.shop.scope():
        assert not WithdrawalPart.objects.exists()
    assert row.state == "submitted"


# What it posts


def _posted(coin_shop: CoinShop, body: bytes, secret: str = SECRET) -> int:
    with coin_shop.shop.scope():
        url = notify_url(coin_shop.gateway)
    path = "/" + url.split("/", 3)[3]
    answer = Browser().post(
        path,
        data=body,
        content_type="application/json",
        headers={"BTCPay-Sig": signature(secret, body)},
    )
    return answer.status_code


def test_a_signature_of_another_secret_is_refused_and_counted(coin_shop: CoinShop) -> None:
    assert _posted(coin_shop, b'{"type":"InvoiceSettled"}', "another secret") == 401
    with coin_shop.shop.scope():
        assert GatewayAccount.objects.get(pk=coin_shop.gateway.pk).bad_signatures == 1
        assert not WebhookMessage.objects.exists()


def test_during_a_rotation_both_secrets_sign(coin_shop: CoinShop) -> None:
    with coin_shop.shop.scope():
        gateway_change(
            actor=coin_shop.shop.world.actor("petra"),
            gateway=coin_shop.gateway,
            base_url=coin_shop.server.address,
            merchant_id=STORE,
            active=True,
            secret="a newer secret of the two",
        )
    assert _posted(coin_shop, b'{"type":"PlanStarted","deliveryId":"a"}') == 200
    newer = b'{"type":"PlanStarted","deliveryId":"b"}'
    assert _posted(coin_shop, newer, "a newer secret of the two") == 200
    with time_machine.travel(now() + timedelta(hours=25)):
        assert _posted(coin_shop, b'{"type":"PlanStarted","deliveryId":"c"}') == 401


def test_a_redelivery_is_the_message_that_it_repeats() -> None:
    adapter = adapter_of("btcpay")
    first = b'{"deliveryId":"one","originalDeliveryId":"one","type":"InvoiceSettled"}'
    again = b'{"deliveryId":"two","originalDeliveryId":"one","isRedelivery":true}'
    assert adapter.delivery({}, first) == adapter.delivery({}, again) == "one"
    assert adapter.delivery({}, b"[").startswith("sha256:")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", NoticeUnreadable),
        (b"[]", NoticeUnreadable),
        (b'{"type":"InvoiceSettled"}', NoticeUnreadable),
        (b'{"type":"InvoiceSettled","invoiceId":"x"}', AskFirst),
        (b'{"type":"PayoutUpdated","pullPaymentId":"x"}', AskFirst),
        (b'{"type":"PayoutUpdated"}', NothingFollows),
        (b'{"type":"SubscriberCreated"}', NothingFollows),
    ],
)
def test_a_message_says_at_most_what_to_ask_about(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        adapter_of("btcpay").read(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
PAID = st.fixed_dictionaries({"status": st.sampled_from(["Settled", "Processing", 1])}, optional={
    "value": JSON, "fee": JSON})  # fmt: skip


@given(
    invoice=st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["x", ""]) | JSON,
            "status": st.sampled_from(["New", "Settled", "Expired", "Invalid"]) | JSON,
            "currency": st.sampled_from(["EUR", "BTC"]) | JSON,
            "amount": st.sampled_from(["5.00", "0.1", "1e99"]) | JSON,
            "metadata": JSON,
        },
    ),
    methods=st.lists(
        st.fixed_dictionaries({}, optional={"rate": JSON, "payments": JSON | st.lists(PAID)}),
        max_size=2,
    ),
)
def test_no_answer_of_the_server_breaks_the_reader(
    invoice: dict[str, Any], methods: list[dict[str, Any]]
) -> None:
    try:
        notice = notice_of(invoice, methods, at=now())
    except NoticeUnreadable:
        return
    assert notice.outcome in set(Outcome)


def _example(schemas: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value of a schema of the server's own description, each field given."""
    if "$ref" in schema:
        return _example(schemas, schemas.get(schema["$ref"].rsplit("/", 1)[-1], {}))
    if "allOf" in schema:
        found: dict[str, Any] = {}
        for each in schema["allOf"]:
            value = _example(schemas, each)
            found |= value if isinstance(value, dict) else {}
        return found
    if schema.get("type") == "object":
        rows = schema.get("properties", {}).items()
        return {name: _example(schemas, each) for name, each in rows}
    return {"boolean": True, "number": 1, "integer": 1, "array": []}.get(
        str(schema.get("type")), "made up"
    )


def test_every_message_of_the_servers_own_description_ends_in_a_sane_state(
    coin_shop: CoinShop,
) -> None:
    path = shared_data("webhooks", "btcpay", "swagger.template.webhooks.json")
    described = json.loads(path.read_text(encoding="utf-8"))
    schemas, sent = described["components"]["schemas"], 0
    for kind, operation in described["x-webhooks"].items():
        content = operation["post"]["requestBody"]["content"]["application/json"]
        body = _example(schemas, content["schema"])
        body |= {"type": kind, "deliveryId": kind, "originalDeliveryId": kind}
        assert _posted(coin_shop, json.dumps(body).encode()) == 200
        sent += 1
    coin_shop.shop.work()
    with coin_shop.shop.scope():
        states = dict(WebhookMessage.objects.values_list("delivery", "state"))
    assert len(states) == sent >= 14
    # Invoices that the server does not know are looked for again, for a day; the rest says nothing.
    asked = {kind for kind in states if kind.startswith("Invoice")} - {"InvoiceCreated"}
    assert {states[kind] for kind in asked} == {"parked"}
    rest = {states[kind] for kind in states if kind not in asked and not kind.startswith("Payout")}
    assert rest == {"stale"}


def test_another_shops_invoice_in_the_same_store_is_not_ours(coin_shop: CoinShop) -> None:
    store = coin_shop.box.stores[STORE]
    made = {"amount": "5", "currency": "EUR", "metadata": {"orderId": "tea-17"}}
    coin_shop.box.pay(coin_shop.box.invoice_create(store, made))
    coin_shop.hear()
    said = "It is about an invoice that we did not make."
    assert set(coin_shop.shop.messages()) == {("stale", said), ("stale", "Nothing was paid yet.")}


# Its light


def test_its_light_says_what_is_wrong(coin_shop: CoinShop) -> None:
    adapter, account = adapter_of("btcpay"), coin_shop.account
    adapter.health(account)
    store = coin_shop.box.stores[STORE]
    store.key = "another key altogether"
    with pytest.raises(GatewayError, match="does not take the API key"):
        adapter.health(account)
    store.key = KEY
    petra = Browser()
    petra.force_login(coin_shop.shop.world.user("petra"))
    petra.post(reverse("payments:gateway-test", args=[coin_shop.gateway.pk]))
    coin_shop.shop.work()
    assert "Works" in petra.get(reverse("payments:setup")).content.decode()
