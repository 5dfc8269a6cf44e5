"""The sandbox's Stripe, asked by the official library as it comes, over its own HTTP client."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe

from sandbox.stripe.box import Box
from sandbox.stripe.server import StripeServer

OWNER, KEY, SECRET = "acct_1", "sk_test_of_these_tests", "whsec_of_these_tests"
Sent = list[tuple[str, str]]


@contextmanager
def _running(box: Box) -> Iterator[stripe.StripeClient]:
    server = StripeServer(box, pumps=False)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    transport = stripe.RequestsClient(timeout=5)
    try:
        yield stripe.StripeClient(
            KEY,
            base_addresses={"api": server.address},
            http_client=transport,
            max_network_retries=0,
        )
    finally:
        transport.close()  # type: ignore[no-untyped-call]
        server.stop()


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe, "enable_telemetry", False)


@pytest.fixture
def sent() -> Sent:
    """The header and the body of each event that was posted."""
    return []


@pytest.fixture
def box(sent: Sent) -> Box:
    def deliver(url: str, headers: Mapping[str, str], body: bytes) -> int:
        sent.append((headers["Stripe-Signature"], body.decode()))
        return 200

    box = Box(deliver)
    box.owner_add(OWNER, KEY, SECRET, "http://127.0.0.1:1/hook")
    return box


@pytest.fixture
def api(box: Box) -> Iterator[stripe.StripeClient]:
    with _running(box) as client:
        yield client


def _asked(**more: Any) -> Any:
    price = {"currency": "eur", "unit_amount": 2000, "product_data": {"name": "A deposit"}}
    return {
        "mode": "payment",
        "client_reference_id": "D-1",
        "line_items": [{"quantity": 1, "price_data": price}],
        "metadata": {"reference": "D-1"},
        "payment_intent_data": {"metadata": {"reference": "D-1"}},
        "success_url": "http://127.0.0.1:1/thanks",
        **more,
    }


def _paid(api: stripe.StripeClient, box: Box) -> str:
    """The name of a payment intent of 20.00 EUR."""
    session = api.v1.checkout.sessions.create(params=_asked())
    box.session_decide(box.objects[session.id], "paid", holder="Anna Eriksson", card="4242")
    return str(box.objects[session.id]["payment_intent"])


def test_a_session_is_made_read_listed_and_expired(api: stripe.StripeClient) -> None:
    made = api.v1.checkout.sessions.create(params=_asked())
    assert (made.status, made.amount_total, made.payment_intent) == ("open", 2000, None)
    assert made.url is not None
    assert made.url.endswith(f"/c/pay/{made.id}")
    assert api.v1.checkout.sessions.retrieve(made.id).client_reference_id == "D-1"
    assert [row.id for row in api.v1.checkout.sessions.list().data] == [made.id]
    assert api.v1.checkout.sessions.expire(made.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="Only an open session expires"):
        api.v1.checkout.sessions.expire(made.id)


def test_one_key_is_one_session_and_other_parameters_are_an_error(
    api: stripe.StripeClient, box: Box
) -> None:
    first, again = (
        api.v1.checkout.sessions.create(params=_asked(), options={"idempotency_key": "D-1"})
        for _ in range(2)
    )
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        api.v1.checkout.sessions.create(
            params=_asked(client_reference_id="D-2"), options={"idempotency_key": "D-1"}
        )
    assert [row["object"] for row in box.objects.values()] == ["checkout.session"]


def test_what_fails_validation_is_not_kept_under_its_key(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="expires_at"):
        api.v1.checkout.sessions.create(
            params=_asked(expires_at=1), options={"idempotency_key": "D-1"}
        )
    made = api.v1.checkout.sessions.create(params=_asked(), options={"idempotency_key": "D-1"})
    assert made.status == "open"


def test_an_error_that_was_answered_is_answered_again(api: stripe.StripeClient, box: Box) -> None:
    box.faults.arm("error_500_after", "D-1")
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            api.v1.checkout.sessions.create(params=_asked(), options={"idempotency_key": "D-1"})
    assert len(api.v1.checkout.sessions.list().data) == 1


def test_a_wrong_key_and_a_wrong_name_are_told_apart(api: stripe.StripeClient, box: Box) -> None:
    with pytest.raises(stripe.AuthenticationError):
        api.v1.balance.retrieve(options={"api_key": "sk_of_somebody_else"})
    with pytest.raises(stripe.InvalidRequestError) as missing:
        api.v1.payment_intents.retrieve("pi_nothing")
    assert (missing.value.code, missing.value.http_status) == ("resource_missing", 404)
    box.owner_add("acct_2", "sk_of_another_one", SECRET, "")
    name = _paid(api, box)
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.payment_intents.retrieve(name, options={"api_key": "sk_of_another_one"})


def test_what_is_expanded_is_written_out(api: stripe.StripeClient, box: Box) -> None:
    name = _paid(api, box)
    plain = api.v1.payment_intents.retrieve(name)
    assert isinstance(plain.latest_charge, str)
    intent = api.v1.payment_intents.retrieve(name, params={"expand": ["latest_charge"]})
    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    assert charge.payment_method_details is not None
    assert charge.payment_method_details.card is not None
    assert charge.payment_method_details.card.last4 == "4242"
    assert charge.billing_details.name == "Anna Eriksson"


def test_refunds_never_give_back_more_than_was_paid(api: stripe.StripeClient, box: Box) -> None:
    name = _paid(api, box)
    for units in (500, 1500):
        made = api.v1.refunds.create(params={"payment_intent": name, "amount": units})
        assert (made.status, made.amount) == ("succeeded", units)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.v1.refunds.create(params={"payment_intent": name, "amount": 1})
    assert refused.value.code == "charge_already_refunded"
    pages = api.v1.refunds.list(params={"payment_intent": name, "limit": 1})
    assert [row.amount for row in pages.auto_paging_iter()] == [1500, 500]


def test_the_money_is_booked_with_its_fee(api: stripe.StripeClient, box: Box) -> None:
    name = _paid(api, box)
    api.v1.refunds.create(params={"payment_intent": name, "amount": 500})
    rows = api.v1.balance_transactions.list().data
    assert [(row.type, row.amount, row.fee, row.net) for row in rows] == [
        ("refund", -500, 0, -500),
        ("charge", 2000, 55, 1945),
    ]
    [pending] = api.v1.balance.retrieve().pending
    assert (pending.amount, pending.currency) == (1445, "eur")
    assert api.v1.accounts.retrieve_current().id == OWNER


def test_events_are_signed_as_the_library_checks_them(
    api: stripe.StripeClient, box: Box, sent: Sent
) -> None:
    _paid(api, box)
    assert box.post.pump() == 3
    found = [api.construct_event(body, header, SECRET) for header, body in sent]
    assert [event.type for event in found] == [
        "payment_intent.succeeded", "charge.succeeded", "checkout.session.completed",
    ]  # fmt: skip
    assert api.v1.events.retrieve(found[0].id).type == "payment_intent.succeeded"
    header, body = sent[0]
    with pytest.raises(stripe.SignatureVerificationError):
        api.construct_event(body.replace("2000", "9000"), header, SECRET)


def test_it_remembers_everything_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "stripe.json"
    box = Box(lambda *_: 500, path)
    box.owner_add(OWNER, KEY, SECRET, "http://127.0.0.1:1/hook")
    with _running(box) as api:
        name = _paid(api, box)
        key: Any = {"idempotency_key": "WP-1"}
        refund = api.v1.refunds.create(params={"payment_intent": name}, options=key)
    assert json.loads(path.read_text())["owners"][0]["id"] == OWNER
    waiting: Sent = []

    def deliver(url: str, headers: Mapping[str, str], body: bytes) -> int:
        waiting.append(("", body.decode()))
        return 200

    with _running(Box(deliver, path)) as api:
        again = api.v1.refunds.create(params={"payment_intent": name}, options=key)
        assert again.id == refund.id
    fresh = Box(deliver, path)
    assert fresh.post.pump() == 5
    assert len(waiting) == 5
