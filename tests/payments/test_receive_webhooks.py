"""Messages of gateways: kept raw, believed only when signed, applied once, never backwards."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.references import next_reference
from backoffice.workflow.tasks import outbox_drain, outbox_sweep
from payments.models import GatewayAccount, WebhookMessage
from payments.services.notices import message_put_aside
from payments.services.setup import gateway_change
from sandbox.gateway.signing import sign_message
from tests.payments.money import SECRET, Brokerage

Browse = Callable[[str], Browser]


def _post(shop: Brokerage, body: bytes, signature: str | None = None, **more: Any) -> int:
    path = reverse("payments-hooks:receive", args=["aurora", shop.gateway.webhook_token])
    signed = sign_message(SECRET, body) if signature is None else signature
    answer = Browser().post(
        more.get("path", path),
        data=body,
        content_type="application/json",
        headers={"X-Cashier-Signature": signed},
    )
    return answer.status_code


def _body(reference: str, **more: Any) -> bytes:
    facts = {
        "id": "evt_1",
        "at": now().isoformat(),
        "reference": reference,
        "payment_id": "pay_1",
        "status": "paid",
        "amount": "100.00",
        "currency": "EUR",
    }
    return json.dumps(facts | more).encode()


def test_a_wrong_signature_is_counted_and_nothing_of_it_is_kept(shop: Brokerage) -> None:
    deposit = shop.deposit()
    body = _body(deposit.reference)
    for bad in ("", "t=1,v1=00", sign_message("another secret", body), "t=²,v1=é"):
        assert _post(shop, body, bad) == 401
    old = sign_message(SECRET, body, at=int(now().timestamp()) - 301)
    assert _post(shop, body, old) == 401
    shop.work()
    assert (shop.messages(), shop.wallet()) == ([], 0)
    with shop.scope():
        assert GatewayAccount.objects.get().bad_signatures == 5


def test_a_body_changed_after_signing_is_refused(shop: Brokerage) -> None:
    deposit = shop.deposit()
    signature = sign_message(SECRET, _body(deposit.reference))
    assert _post(shop, _body(deposit.reference, amount="900.00"), signature) == 401
    assert shop.messages() == []


def test_a_replay_is_answered_and_changes_nothing(shop: Brokerage) -> None:
    deposit = shop.deposit()
    body = _body(deposit.reference)
    for _ in range(3):
        assert _post(shop, body) == 200
        shop.work()
    assert shop.messages() == [("processed", "")]
    assert shop.wallet() == 100


def test_the_same_payment_under_another_message_is_stale(shop: Brokerage) -> None:
    deposit = shop.deposit()
    for number in ("evt_1", "evt_2"):
        assert _post(shop, _body(deposit.reference, id=number)) == 200
        shop.work()
    assert [state for state, _ in shop.messages()] == ["processed", "stale"]
    assert shop.wallet() == 100


def test_another_amount_after_the_credit_goes_before_a_person(shop: Brokerage) -> None:
    deposit = shop.deposit()
    _post(shop, _body(deposit.reference))
    shop.work()
    _post(shop, _body(deposit.reference, id="evt_2", amount="1000.00"))
    shop.work()
    assert shop.messages()[1] == (
        "refused",
        "It says 1,000.00 EUR; 100.00 EUR was booked before.",
    )
    assert (shop.wallet(), len(shop.queue("notices"))) == (100, 1)


def test_a_status_that_is_not_known_goes_before_a_person_and_books_nothing(
    shop: Brokerage, browse: Browse
) -> None:
    deposit = shop.deposit()
    shop.pays(deposit)
    _post(shop, _body(deposit.reference, id="evt_2", status="clawed_back"))
    shop.work()
    assert shop.messages()[1] == ("refused", "The status 'clawed_back' is not known.")
    assert (shop.again(deposit).state, shop.wallet(), len(shop.queue("notices"))) == (
        "done",
        100,
        1,
    )
    (waits,) = shop.queue("notices")
    page = browse("pavel").get(reverse("payments:notice", args=[waits])).content.decode()
    assert f'href="{reverse("payments:deposit", args=[deposit.pk])}"' in page


def test_an_older_event_never_moves_the_state_back(shop: Brokerage) -> None:
    deposit = shop.deposit()
    shop.cashier.faults.arm("out_of_order", deposit.reference)
    shop.pays(deposit)
    assert [state for state, _ in shop.messages()] == ["processed", "stale"]
    assert (shop.again(deposit).state, shop.wallet()) == ("done", 100)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"id": "evt_1", "reference": "D-1", "sta', "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b'{"id": "e", "at": "2026-01-01T00:00:00Z"}', "no reference"),
        (b'{"id": "e", "at": "yesterday", "reference": "D-1"}', "when it happened"),
    ],
)
def test_what_cant_be_read_is_kept_for_a_person(shop: Brokerage, body: bytes, says: str) -> None:
    assert _post(shop, body) == 200
    shop.work()
    (state, note) = shop.messages()[0]
    assert state == "refused"
    assert says in note
    assert len(shop.queue("notices")) == 1


@pytest.mark.parametrize("amount", ["0", "-100.00", "1e9999", "NaN", "100.001", "9" * 40])
def test_no_amount_that_is_none_is_credited(shop: Brokerage, amount: str) -> None:
    deposit = shop.deposit()
    assert _post(shop, _body(deposit.reference, amount=amount)) == 200
    shop.work()
    assert shop.messages()[0][0] == "refused"
    assert (shop.wallet(), shop.clearing(), shop.again(deposit).state) == (0, 0, "redirected")


def test_an_unknown_currency_is_kept_for_a_person(shop: Brokerage) -> None:
    deposit = shop.deposit()
    _post(shop, _body(deposit.reference, currency="XXX"))
    shop.work()
    assert shop.messages()[0][0] == "refused"


def test_too_large_a_body_is_not_even_read(shop: Brokerage) -> None:
    body = _body("D-1", filler="x" * 70_000)
    assert _post(shop, body) == 413
    assert shop.messages() == []


def test_another_address_is_not_there(shop: Brokerage) -> None:
    body = _body("D-1")
    for slug, token in (("aurora", "guess"), ("nobody", shop.gateway.webhook_token)):
        path = reverse("payments-hooks:receive", args=[slug, token])
        assert _post(shop, body, path=path) == 404
    path = reverse("payments-hooks:receive", args=["borealis", shop.gateway.webhook_token])
    assert _post(shop, body, path=path) == 404
    assert urlsplit(path).path.startswith("/hooks/")


def test_an_unknown_reference_waits_a_day_and_then_for_a_person(shop: Brokerage) -> None:
    start = now()
    with time_machine.travel(start, tick=False) as clock:
        _post(shop, _body("D-2026-999999"))
        shop.work()
        assert shop.messages()[0][0] == "parked"
        assert shop.queue("notices") == []
        for _ in range(24 * 6 + 1):
            clock.shift(timedelta(minutes=10, seconds=1))
            shop.work()
    assert shop.messages()[0][0] == "parked"
    assert len(shop.queue("notices")) == 1
    with shop.scope():
        message = WebhookMessage.objects.get()
        message_put_aside(actor=shop.actor, message=message, reason="A test of theirs.")
    assert shop.queue("notices") == []
    assert shop.balance("unallocated") == 0


def test_a_message_that_was_early_finds_its_deposit_later(shop: Brokerage) -> None:
    with shop.scope():
        coming = next_reference("D")
    number = int(coming[-6:]) + 1
    with time_machine.travel(now(), tick=False) as clock:
        _post(shop, _body(f"{coming[:-6]}{number:06d}"))
        shop.work()
        deposit = shop.deposit()
        clock.shift(timedelta(minutes=11))
        shop.work()
    assert (shop.again(deposit).state, shop.wallet()) == ("done", 100)


def test_late_twice_and_redelivered_is_credited_once(shop: Brokerage) -> None:
    deposit = shop.deposit()
    for fault in ("late", "twice"):
        shop.cashier.faults.arm(fault, deposit.reference)
    shop.pays(deposit)
    assert shop.wallet() == 0
    shop.cashier.release()
    shop.cashier.pump()
    shop.cashier.redeliver(shop.cashier.messages[0].id)
    shop.cashier.pump()
    shop.work()
    assert len(shop.messages()) == 1
    assert shop.wallet() == 100


def test_what_was_sent_stays_as_it_came(shop: Brokerage) -> None:
    _post(shop, _body("D-1"))
    for statement in (
        "UPDATE payments_webhookmessage SET body = ''",
        "DELETE FROM payments_webhookmessage",
    ):
        with (
            shop.scope(),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_during_a_rotation_both_secrets_are_accepted_for_a_day(shop: Brokerage) -> None:
    with shop.scope():
        gateway_change(
            actor=shop.world.actor("petra"),
            gateway=shop.gateway,
            base_url=shop.gateway.base_url,
            merchant_id=shop.gateway.merchant_id,
            active=True,
            secret="a newer secret between them",
        )
    first, second = _body("D-1"), _body("D-2", id="evt_2")
    assert _post(shop, first) == 200
    assert _post(shop, second, sign_message("a newer secret between them", second)) == 200
    with time_machine.travel(now() + timedelta(hours=25)):
        third = _body("D-3", id="evt_3")
        assert _post(shop, third) == 401


def test_a_message_to_a_suspended_brokerage_is_kept_and_read_once_it_is_open_again(
    shop: Brokerage,
) -> None:
    deposit = shop.deposit()
    tenant = Tenant.objects.get(slug="aurora")
    Tenant.objects.filter(pk=tenant.pk).update(active=False)
    assert _post(shop, _body(deposit.reference)) == 200
    assert outbox_drain(tenant.pk) == 0
    assert outbox_sweep() == 0
    assert (shop.messages(), shop.wallet()) == ([("received", "")], 0)
    Tenant.objects.filter(pk=tenant.pk).update(active=True)
    shop.work()
    assert (shop.messages(), shop.wallet()) == ([("processed", "")], 100)


def test_a_message_names_the_payment_that_it_was_applied_to(shop: Brokerage) -> None:
    deposit = shop.deposit()
    assert _post(shop, _body(deposit.reference)) == 200
    shop.work()
    with shop.scope():
        message = WebhookMessage.objects.get()
    adam = Browser()
    adam.force_login(shop.world.user("adam"))
    link = f'href="{reverse("payments:deposit", args=[deposit.pk])}"'
    listed = adam.get(reverse("payments:notice-list")).content.decode()
    assert link in listed
    page = adam.get(reverse("payments:notice", args=[message.pk])).content.decode()
    assert link in page
    assert "\n &quot;amount&quot;: &quot;100.00&quot;" in page
