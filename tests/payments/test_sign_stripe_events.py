"""Events of Stripe: believed only when signed, each to a sane end, amounts exact."""

import json
import threading
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.clock import now
from backoffice.core.errors import InvalidInput
from backoffice.core.money import EXPONENTS, Money
from payments.gateways.port import (
    Account,
    GatewayError,
    NothingFollows,
    Notice,
    NoticeUnreadable,
    PaymentName,
    Unknown,
)
from payments.gateways.stripe import Stripe, amounts, events
from payments.methods.health import gateway_missing
from payments.methods.services import method_save
from payments.models import GatewayAccount
from payments.services.setup import gateway_change, gateway_connect
from sandbox.stripe.events import signature
from sandbox.stripe.forms import BadForm, decode
from tests.payments.card import KEY, OWNER, SECRET, CardShop
from tests.shared_data import shared_data

# Events


def _event(kind: str = "payment_intent.succeeded", **about: Any) -> bytes:
    facts = {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 10000,
        "amount_received": 10000,
        "currency": "eur",
        "metadata": {"reference": "D-2026-000001"},
    } | about
    event = {
        "id": "evt_1",
        "object": "event",
        "created": int(now().timestamp()),
        "type": kind,
        "data": {"object": facts},
    }
    return json.dumps(event).encode()


def _post(shop: CardShop, body: bytes, header: str | None = None) -> int:
    path = reverse("payments-hooks:receive", args=["aurora", shop.gateway.webhook_token])
    signed = signature(SECRET, body) if header is None else header
    answer = Browser().post(
        path, data=body, content_type="application/json", headers={"Stripe-Signature": signed}
    )
    return answer.status_code


def test_a_wrong_signature_is_counted_and_nothing_of_it_is_kept(card_shop: CardShop) -> None:
    body = _event()
    old = signature(SECRET, body, at=int(now().timestamp()) - 301)
    changed = signature(SECRET, body.replace(b"10000", b"90000"))
    wrong = ("", "t=1", "t=1,v1=00", "t=x,v1=é", signature("whsec_another", body), old, changed)
    for header in wrong:
        assert _post(card_shop, body, header) == 401
    assert _post(card_shop, b"\xff\xfe", signature(SECRET, b"\xff\xfe")) == 401
    with card_shop.shop.scope():
        gateway = GatewayAccount.objects.get(pk=card_shop.gateway.pk)
        assert gateway.bad_signatures == len(wrong) + 1
    assert card_shop.shop.messages() == []


def test_a_message_that_was_signed_wrongly_is_sent_again_and_believed(card_shop: CardShop) -> None:
    row = card_shop.deposit()
    card_shop.box.faults.arm("bad_signature", row.reference)
    card_shop.decide(row)
    assert (card_shop.shop.messages(), card_shop.shop.wallet()) == ([], 0)
    for message in card_shop.box.post.messages:
        message.bad_signature = False
        card_shop.box.post.redeliver(message.id)
    card_shop.hear()
    assert card_shop.shop.wallet() == 100


def test_of_several_signatures_one_has_to_fit(card_shop: CardShop) -> None:
    body = _event()
    stamp, good = signature(SECRET, body).split(",")
    assert _post(card_shop, body, f"{stamp},v0=00,v1={'0' * 64},{good}") == 200


def test_during_a_rotation_both_secrets_are_accepted_for_a_day(card_shop: CardShop) -> None:
    fresh = "whsec_newer_between_the_two"
    with card_shop.shop.scope():
        gateway_change(
            actor=card_shop.shop.world.actor("petra"),
            gateway=card_shop.gateway,
            base_url=card_shop.gateway.base_url,
            merchant_id=OWNER,
            active=True,
            secret=fresh,
        )
    body = _event()
    assert _post(card_shop, body) == 200
    assert _post(card_shop, body, signature(fresh, body)) == 200
    with time_machine.travel(now() + timedelta(hours=25)):
        assert _post(card_shop, body) == 401
        assert _post(card_shop, body, signature(fresh, body)) == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"object": "event"}', "not an event"),
        (b'{"object": "event", "type": "payment_intent.succeeded"}', "about nothing"),
        (_event(amount_received=0), "not above zero"),
        (_event(amount_received=-5), "not above zero"),
        (_event(amount_received=True), "no amount"),
        (_event(amount_received="10000"), "no amount"),
        (_event(currency="xxx"), "not a currency"),
        (_event(currency="iqd"), "does not take IQD"),
        (_event(id="pi_" + "9" * 90), "more than 80 characters"),
        (_event("checkout.session.completed", payment_status="paid", amount_total=5), "intent"),
        (_event("refund.updated", status="lost"), "not known"),
        (_event("radar.early_fraud_warning.created", fraud_type="card_never"), "card never"),
    ],
)
def test_what_cant_be_read_is_kept_for_a_person(
    card_shop: CardShop, body: bytes, says: str
) -> None:
    assert _post(card_shop, body) == 200
    card_shop.shop.work()
    [(state, note)] = card_shop.shop.messages()
    assert state == "refused"
    assert says in note
    assert len(card_shop.shop.queue("notices")) == 1


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "object", "type", "data", "created", "amount", "metadata"]), inner
    ),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_body_breaks_the_reader(body: bytes) -> None:
    adapter = Stripe()
    assert 0 < len(adapter.delivery({}, body)) <= 80
    with pytest.raises((NoticeUnreadable, NothingFollows)):
        adapter.read(body)


KINDS = sorted({*events._INTENTS, *events._SESSIONS, *events._DISPUTES, "charge.refunded"})


@given(
    st.sampled_from([*KINDS, "checkout.session.completed", "refund.failed", "refund.created"]),
    st.dictionaries(
        st.sampled_from(
            ["id", "amount", "amount_total", "amount_received", "amount_refunded", "currency",
             "metadata", "client_reference_id", "payment_intent", "status", "payment_status",
             "last_payment_error", "latest_charge", "customer_details", "evidence_details"]
        ),
        st.none() | st.integers(-5, 10**18) | st.text(max_size=90) | st.just("eur")
        | st.dictionaries(st.sampled_from(["id", "reference", "name"]), st.text(max_size=90)),
    ),
)  # fmt: skip
def test_no_object_breaks_the_reader(kind: str, about: dict[str, Any]) -> None:
    event = {
        "id": "evt_1",
        "object": "event",
        "created": 1,
        "type": kind,
        "data": {"object": about},
    }
    try:
        notice = Stripe().read(json.dumps(event).encode())
    except (NoticeUnreadable, NothingFollows):
        return
    assert isinstance(notice, Notice)
    assert notice.money.minor > 0
    assert len(notice.reference) <= 40
    assert len(notice.provider_ref) <= 80


# Real ones


ENDS = {
    "charge_dispute_created": "parked",
    "charge_dispute_funds_withdrawn": "parked",
    "charge_refunded": "parked",
    "checkout_session_completed": "parked",
    "payment_intent_canceled": "parked",
    "payment_intent_payment_failed": "parked",
    "payment_intent_succeeded": "refused",  # it says that nothing was received
    "refund_failed": "parked",
}


def test_every_real_event_ends_in_a_sane_state(card_shop: CardShop) -> None:
    samples = sorted(shared_data("webhooks", "stripe").glob("*.json"))
    ends = {}
    for path in samples:
        # Some of the samples carry one and the same id, which real events never do.
        event = json.loads(path.read_bytes()) | {"id": f"evt_{path.stem}"}
        body = json.dumps(event).encode()
        assert _post(card_shop, body) == 200
        card_shop.shop.work()
        ends[path.stem] = card_shop.shop.messages()[-1][0]
    assert ends == ENDS
    # What names a payment that never comes is put before a person after a day.
    with time_machine.travel(now() + timedelta(hours=25)):
        card_shop.shop.work()
    assert len(card_shop.shop.queue("notices")) == len(samples)
    assert (card_shop.shop.wallet(), card_shop.shop.set_aside()) == (0, 0)


# Amounts


def _taken() -> list[str]:
    return sorted(set(EXPONENTS) - amounts.NOT_TAKEN)


@given(st.sampled_from(_taken()), st.integers(1, amounts.UNITS_MAX))
def test_an_amount_comes_back_as_it_was_sent(currency: str, minor: int) -> None:
    money = Money.from_minor(minor, currency)
    if currency in amounts.THREE_DECIMAL and minor % 10:
        with pytest.raises(InvalidInput):
            amounts.units_of(money)
        return
    assert amounts.units_of(money) == minor
    assert amounts.money_of(minor, currency.lower()) == money


@given(st.sampled_from(sorted(amounts.NOT_TAKEN)), st.integers(1, 10**6))
def test_what_stripe_does_not_know_is_neither_sent_nor_believed(code: str, minor: int) -> None:
    assert amounts.problem(Money.from_minor(minor, code)) == f"Stripe does not take {code}."
    with pytest.raises(InvalidInput):
        amounts.money_of(minor, code.lower())


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [("10.00", "USD", 1000), ("500", "JPY", 500), ("5.120", "KWD", 5120), ("1000", "VND", 1000)],
)
def test_amounts_as_stripe_writes_them(text: str, currency: str, units: int) -> None:
    assert amounts.units_of(Money(Decimal(text), currency)) == units


def test_more_than_stripe_takes_is_said_before_it_is_asked() -> None:
    assert amounts.problem(Money(Decimal("1000000.00"), "EUR")) == (
        "Stripe takes 999,999.99 EUR at most."
    )


# Its account


def test_the_test_call_tells_what_is_wrong(card_shop: CardShop) -> None:
    adapter, account = Stripe(), card_shop.account
    adapter.health(account)
    wrong = {
        "does not know the API key": Account("Stripe", account.base_url, OWNER, (), "sk_wrong"),
        "not of acct_other": Account("Stripe", account.base_url, "acct_other", (), KEY),
        "did not answer": Account("Stripe", "http://127.0.0.1:1", OWNER, (), KEY),
        "has no API key": Account("Stripe", account.base_url, OWNER, ()),
    }
    for says, each in wrong.items():
        with pytest.raises(GatewayError, match=says):
            adapter.health(each)


class _Elsewhere(BaseHTTPRequestHandler):
    """Sends whoever asks to another host, and is not believed to be Stripe."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(302)
        host = self.headers["Host"].replace("127.0.0.1", "localhost")
        self.send_header("Location", f"http://{host}/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_key_is_never_carried_to_another_host() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        account = Account("Stripe", f"http://127.0.0.1:{server.server_port}", OWNER, (), KEY)
        money, payment = Money(Decimal(5), "EUR"), PaymentName("D-1", "pi_1")
        result = Stripe().refund(account, "WP-1", payment, money)
        with pytest.raises(GatewayError):
            Stripe().health(account)
        server.shutdown()
    assert isinstance(result, Unknown)
    asked = [path.partition("?")[0] for path in _Elsewhere.seen]
    assert asked == ["/v1/refunds", "/v1/account"]


def test_the_light_says_what_is_gateway_missing(card_shop: CardShop) -> None:
    with card_shop.shop.scope():
        row = GatewayAccount.objects.get(pk=card_shop.gateway.pk)
        assert gateway_missing(row) == ["It was never reached; test it."]
        row.api_key_sealed = b""
        assert gateway_missing(row)[0] == "It has no API key."


def test_it_is_not_connected_without_a_key_nor_used_to_pay_out(card_shop: CardShop) -> None:
    petra = card_shop.shop.world.actor("petra")
    with card_shop.shop.scope():
        with pytest.raises(InvalidInput) as refused:
            gateway_connect(
                actor=petra,
                kind="stripe",
                name="Another",
                base_url="https://api.stripe.com",
                merchant_id=OWNER,
                secret=SECRET,
            )
        assert list(refused.value.fields) == ["api_key"]
        with pytest.raises(InvalidInput) as refused:
            method_save(
                actor=petra,
                code="stripe",
                values={"makes_withdrawals": True},
                method=card_shop.method,
            )
        assert list(refused.value.fields) == ["makes_withdrawals"]


def test_the_form_of_the_gateway_asks_for_what_the_kind_needs(card_shop: CardShop) -> None:
    petra = Browser()
    petra.force_login(card_shop.shop.world.user("petra"))
    page = petra.get(reverse("payments:gateway", args=[card_shop.gateway.pk])).content.decode()
    assert 'name="api_key"' in page
    assert 'name="holder"' not in page
    assert KEY not in page
    cashier = petra.get(reverse("payments:gateway", args=[card_shop.shop.gateway.pk]))
    assert 'name="api_key"' not in cashier.content.decode()
    old = card_shop.account.api_key
    answer = petra.post(
        reverse("payments:gateway", args=[card_shop.gateway.pk]),
        {
            "base_url": card_shop.server.address,
            "merchant_id": OWNER,
            "api_key": "sk_test_newer_of_aurora",
            "active": "on",
        },
    )
    assert answer.status_code == 302
    assert (old, card_shop.account.api_key) == (KEY, "sk_test_newer_of_aurora")


# The sandbox's encoding


def test_nested_names_are_objects_and_lists() -> None:
    text = "a=1&b[c][d]=2&e[0][f]=3&e[1][f]=4&g[]=5&g[]=6"
    assert decode(text) == {
        "a": "1", "b": {"c": {"d": "2"}}, "e": [{"f": "3"}, {"f": "4"}], "g": ["5", "6"]
    }  # fmt: skip
    for bad in ("a[=1", "a=1&a[b]=2", "[x]=1", "a" + "[b]" * 20 + "=1"):
        with pytest.raises(BadForm):
            decode(bad)
