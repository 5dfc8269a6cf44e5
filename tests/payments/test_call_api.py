"""Deposits and withdrawals over the API: asked for once, told without what only staff may know."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from django.test import Client as Browser

from backoffice.core.clock import now
from backoffice.core.money import Money
from backoffice.staff.services import api_key_create
from backoffice.tenancy.scope import tenant_scope
from payments.api import DEPOSIT_STATUS, WITHDRAWAL_STATUS
from payments.methods.fees import FeeTerms
from payments.models import Deposit, Destination, Withdrawal
from payments.services.deposits import deposit_confirmed_by_statement
from payments.services.destinations import destination_add
from payments.services.holds import payment_hold
from payments.services.withdrawals import withdrawal_approve
from payments.states import DepositState, WithdrawalState
from tests.clients.factories import make_active
from tests.payments.card import CardShop
from tests.payments.money import Brokerage

ALL = ("payments.view_payment", "payments.work_payment", "payments.request_withdrawal")
Answer = tuple[int, dict[str, Any]]
Call = Callable[..., Answer]


def _secret(shop: Brokerage, *rights: str, person: str = "adam") -> str:
    adam = shop.world.actor(person)
    with tenant_scope(adam.tenant_id, adam):
        return api_key_create(actor=adam, name="Website", permissions=rights or ALL).secret


def _send(secret: str, method: str, path: str, body: Any = None, key: str = "") -> Answer:
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key or uuid4().hex}
    text = json.dumps(body) if body is not None else ""
    answer = Browser().generic(
        method, f"/api/v1/{path}", text, content_type="application/json", headers=headers
    )
    return answer.status_code, answer.json()


@pytest.fixture
def call(shop: Brokerage) -> Call:
    secret = _secret(shop)

    def send(method: str, path: str, body: Any = None, key: str = "") -> Answer:
        return _send(secret, method, path, body, key)

    return send


def _deposit(shop: Brokerage, **more: Any) -> dict[str, Any]:
    facts = {"method": "card", "amount": "250.00", "currency": "EUR"}
    return {"client": shop.client.reference, **facts, **more}


def _withdrawal(shop: Brokerage, **more: Any) -> dict[str, Any]:
    return {**_deposit(shop, amount="100.00"), "destination": str(shop.target.pk), **more}


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    shop.funded("1000.00")
    shop.approved_card()
    return shop


# Deposits


def test_a_deposit_gives_the_cashiers_address_and_is_credited(shop: Brokerage, call: Call) -> None:
    status, answer = call("POST", "deposits", _deposit(shop))
    assert (status, answer["status"], answer["amount"]) == (201, "waiting", "250.00")
    payment = shop.cashier.payment_open(dict(parse_qsl(urlsplit(answer["pay_url"]).query)))
    shop.cashier.payment_decide(payment, "paid", holder="Anna Eriksson", card="4242")
    shop.cashier.pump()
    shop.work()
    status, read = call("GET", f"deposits/{answer['reference']}")
    assert (status, read["status"], read["paid_amount"], read["pay_url"]) == (
        200, "credited", "250.00", "",
    )  # fmt: skip
    assert shop.wallet() == 250


def test_a_page_that_the_gateway_is_asked_for_is_there_at_the_next_look(
    card_shop: CardShop, call: Call
) -> None:
    shop = card_shop.shop
    status, answer = call("POST", "deposits", _deposit(shop, method="stripe"))
    assert (status, answer["status"], answer["pay_url"]) == (201, "waiting", "")
    shop.work()
    _, read = call("GET", f"deposits/{answer['reference']}")
    assert read["status"] == "waiting"
    assert read["pay_url"].startswith(f"{card_shop.server.address}/c/pay/cs_test_")


def test_a_deposit_by_transfer_says_what_to_write_into_it_until_it_is_paid(
    shop: Brokerage, call: Call
) -> None:
    shop.bank("http://127.0.0.1:9")
    status, answer = call("POST", "deposits", _deposit(shop, method="wire"))
    assert (status, answer["status"], answer["pay_url"]) == (201, "processing", "")
    assert answer["pay_to"] == {
        "holder": "Aurora Markets Ltd",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "bank": "",
        "amount": "250.00",
        "currency": "EUR",
        "reference": answer["reference"],
    }
    with shop.scope():
        deposit_confirmed_by_statement(
            actor=shop.actor,
            deposit=Deposit.objects.get(reference=answer["reference"]),
            money=Money(Decimal(250), "EUR"),
            booked_at=now(),
            statement_ref="BANK1",
            payer_name="Anna Eriksson",
        )
    _, read = call("GET", f"deposits/{answer['reference']}")
    assert (read["status"], read["pay_to"]) == ("credited", None)
    assert call("POST", "deposits", _deposit(shop))[1]["pay_to"] is None  # by card


def test_the_same_request_twice_is_one_deposit_with_one_answer(shop: Brokerage, call: Call) -> None:
    first = call("POST", "deposits", _deposit(shop), "k1")
    assert call("POST", "deposits", _deposit(shop), "k1") == first
    status, answer = call("POST", "deposits", _deposit(shop, amount="251.00"), "k1")
    assert (status, answer["code"]) == (409, "idempotency-conflict")
    with shop.scope():
        assert Deposit.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5.00"}, "amount"),
        ({"amount": "10.001"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": ""}, "amount"),
        ({"amount": "9" * 29}, "amount"),
        ({"amount": 250}, "amount"),
        ({"amount": "9.99"}, "amount"),
        ({"amount": "50000.01"}, "amount"),
        ({"currency": "GBP"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"method": "nothing"}, "method"),
        ({"client": "C-2026-999999"}, "client"),
        ({"client": ""}, "client"),
        ({"account": "A-2026-999999"}, "account"),
        ({"state": "done"}, "state"),
    ],
)
def test_bad_input_is_named_by_its_field_and_makes_no_deposit(
    shop: Brokerage, call: Call, change: dict[str, Any], field: str
) -> None:
    status, answer = call("POST", "deposits", _deposit(shop, **change))
    assert status == 422
    assert field in answer["fields"]
    with shop.scope():
        assert Deposit.objects.count() == 0


def test_why_a_client_may_not_is_not_told(shop: Brokerage, call: Call) -> None:
    shop.restrict("deposit", "suspicion of layering")
    status, answer = call("POST", "deposits", _deposit(shop))
    assert status in (403, 409, 422)
    assert "layering" not in json.dumps(answer)
    assert answer["message"] == "This client may not do this now. Nothing was done."


def test_the_list_is_paged_newest_first_by_client_and_status(shop: Brokerage, call: Call) -> None:
    made = [call("POST", "deposits", _deposit(shop))[1]["reference"] for _ in range(3)]
    with shop.scope():
        other = make_active(shop.world.actor("olivia"), email="two@mail.example")
    call("POST", "deposits", _deposit(shop, client=other.reference))
    mine = f"deposits?client={shop.client.reference}"
    _, first = call("GET", f"{mine}&limit=2")
    _, second = call("GET", f"{mine}&limit=2&after={first['next']}")
    shown = [row["reference"] for row in first["items"] + second["items"]]
    assert (shown, second["next"]) == (made[::-1], "")
    assert len(call("GET", "deposits?status=waiting")[1]["items"]) == 4
    assert call("GET", "deposits?status=credited")[1]["items"] == []
    for query in ("status=nonsense", "limit=101", "limit=0", "after=x", "client=C-1"):
        assert call("GET", f"deposits?{query}")[0] == 422, query


# Withdrawals


def test_a_withdrawal_is_held_and_cancelled_by_its_client(rich: Brokerage, call: Call) -> None:
    status, answer = call("POST", "withdrawals", _withdrawal(rich))
    assert (status, answer["status"], rich.available()) == (201, "pending", 900)
    path = f"withdrawals/{answer['reference']}"
    status, done = call("POST", f"{path}/cancel", {"reason": "changed my mind"})
    assert (status, done["status"], rich.available()) == (200, "cancelled", 1000)
    assert call("GET", path)[1]["status"] == "cancelled"


def test_the_same_request_twice_holds_once(rich: Brokerage, call: Call) -> None:
    first = call("POST", "withdrawals", _withdrawal(rich), "k1")
    assert call("POST", "withdrawals", _withdrawal(rich), "k1") == first
    status, answer = call("POST", "withdrawals", _withdrawal(rich, amount="101.00"), "k1")
    assert (status, answer["code"], rich.available()) == (409, "idempotency-conflict", 900)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": "10.001"}, "amount"),
        ({"amount": "1000.01"}, "amount"),
        ({"currency": "JPY"}, "currency"),
        ({"destination": str(uuid4())}, "destination"),
        ({"destination": "mine"}, "destination"),
        ({"client": "C-2026-999999"}, "client"),
        ({"method": "none"}, "method"),
        ({"account": "A-1"}, "account"),
    ],
)
def test_a_bad_withdrawal_is_named_by_its_field_and_holds_nothing(
    rich: Brokerage, call: Call, change: dict[str, Any], field: str
) -> None:
    status, answer = call("POST", "withdrawals", _withdrawal(rich, **change))
    assert status == 422
    assert field in answer["fields"]
    assert rich.available() == 1000
    with rich.scope():
        assert Withdrawal.objects.count() == 0


def test_another_clients_destination_is_no_destination(rich: Brokerage, call: Call) -> None:
    with rich.scope():
        other = make_active(rich.world.actor("olivia"), email="two@mail.example")
        theirs = destination_add(
            actor=rich.actor, client=other, kind="card", number="tok_99999", holder="Other"
        )
    status, answer = call("POST", "withdrawals", _withdrawal(rich, destination=str(theirs.pk)))
    assert (status, set(answer["fields"])) == (422, {"destination"})


def test_what_compliance_holds_reads_like_what_waits(rich: Brokerage, call: Call) -> None:
    reference = call("POST", "withdrawals", _withdrawal(rich))[1]["reference"]
    before = call("GET", f"withdrawals/{reference}")
    with rich.scope():
        row = Withdrawal.objects.get()
        payment_hold(actor=rich.world.actor("carla"), payment=row, reason="Layering")
    assert call("GET", f"withdrawals/{reference}") == before
    status, answer = call("POST", f"withdrawals/{reference}/cancel", {})
    assert (status, answer["code"]) == (409, "not-cancellable")
    assert not any(word in json.dumps(answer).lower() for word in ("held", "complian", "layering"))


def test_what_is_approved_is_not_cancelled_any_more(rich: Brokerage, call: Call) -> None:
    reference = call("POST", "withdrawals", _withdrawal(rich))[1]["reference"]
    with rich.scope():
        withdrawal_approve(actor=rich.world.actor("petra"), withdrawal=Withdrawal.objects.get())
    status, answer = call("POST", f"withdrawals/{reference}/cancel", {})
    assert (status, answer["code"], rich.available()) == (409, "not-cancellable", 900)
    assert call("GET", f"withdrawals/{reference}")[1]["status"] == "processing"


def test_destinations_are_added_shown_without_number_and_approved_by_staff(
    shop: Brokerage, call: Call
) -> None:
    body = {
        "client": shop.client.reference,
        "kind": "bank",
        "number": "FR76 3000 6000 0112 3456 7890 189",
        "holder": "Anna Eriksson",
    }
    status, answer = call("POST", "destinations", body)
    assert (status, answer["usable"]) == (201, False)
    assert "0189" in answer["label"]
    shown = call("GET", f"destinations?client={shop.client.reference}")[1]["items"]
    assert shown == [answer]
    assert "3000" not in json.dumps(shown)
    assert call("POST", "destinations", {**body, "number": "FR76 0000"})[0] == 422
    with shop.scope():
        assert Destination.objects.count() == 1


# Who may, and whose


@pytest.mark.parametrize(
    ("right", "method", "path"),
    [
        ("payments.view_payment", "POST", "deposits"),
        ("payments.view_payment", "POST", "withdrawals"),
        ("payments.work_payment", "GET", "deposits"),
        ("payments.work_payment", "POST", "withdrawals"),
        ("payments.request_withdrawal", "POST", "deposits"),
        ("payments.request_withdrawal", "GET", "withdrawals"),
    ],
)
def test_a_key_does_what_it_holds_the_right_for(
    rich: Brokerage, right: str, method: str, path: str
) -> None:
    body = {"deposits": _deposit, "withdrawals": _withdrawal}[path](rich)
    status, answer = _send(_secret(rich, right), method, path, body if method == "POST" else None)
    assert (status, answer["code"]) == (403, "not-permitted")


def test_without_a_key_nothing_is_answered(rich: Brokerage) -> None:
    for method, path in (("GET", "deposits"), ("POST", "withdrawals"), ("GET", "destinations")):
        assert _send("", method, path, _deposit(rich))[0] == 401


def test_another_brokerage_finds_nothing_of_it(rich: Brokerage, call: Call) -> None:
    deposit = call("POST", "deposits", _deposit(rich))[1]["reference"]
    withdrawal = call("POST", "withdrawals", _withdrawal(rich))[1]["reference"]
    theirs = _secret(rich, person="zoe")
    for path in (f"deposits/{deposit}", f"withdrawals/{withdrawal}"):
        assert _send(theirs, "GET", path)[0] == 404
    assert _send(theirs, "POST", f"withdrawals/{withdrawal}/cancel", {})[0] == 404
    assert _send(theirs, "GET", "deposits")[1]["items"] == []
    for path, body in (("deposits", _deposit(rich)), ("withdrawals", _withdrawal(rich))):
        status, answer = _send(theirs, "POST", path, body)
        assert (status, set(answer["fields"])) == (422, {"client"})
    assert rich.available() == 900


def test_every_state_has_a_status_that_a_client_may_read() -> None:
    assert set(DEPOSIT_STATUS) == set(DepositState.values)
    assert set(WITHDRAWAL_STATUS) == set(WithdrawalState.values)


def test_the_description_names_the_paths() -> None:
    paths = Browser().get("/api/v1/openapi.json").json()["paths"]
    for path in (
        "deposits",
        "withdrawals",
        "withdrawals/{reference}/cancel",
        "destinations",
        "methods",
    ):
        assert f"/api/v1/{path}" in paths


def test_a_website_reads_what_a_client_may_pay_by_now(shop: Brokerage, call: Call) -> None:
    shop.change_terms(
        day_max=Decimal(300), fee=FeeTerms(percent=Decimal("1.5"), least=Decimal(2), payer="house")
    )
    with shop.scope():
        shop.method(
            shop.world.actor("petra"), "wire", name="Wire", gateway=shop.gateway, level_min=3
        )
    shop.funded("250.00")
    query = f"methods?client={shop.client.reference}&direction=deposit"
    status, answer = call("GET", f"{query}&amount=60.00&currency=EUR")
    assert status == 200
    card, wire = answer["items"]
    assert [(one["code"], one["open"]) for one in (card, wire)] == [("card", True), ("wire", False)]
    assert wire["reasons"] == [
        {"field": "method", "text": "Wire needs KYC level 3; the client has level 2."}
    ]
    euro = next(one for one in card["currencies"] if one["currency"] == "EUR")
    assert (euro["most"], euro["day_left"], euro["month_left"], euro["most_now"]) == (
        "50000.00", "50.00", None, "50.00",
    )  # fmt: skip
    assert euro["fee"] == {
        "fixed": "0.00", "percent": "1.5", "least": "2.00", "most": None, "payer": "brokerage",
    }  # fmt: skip
    why = "Card takes 300.00 EUR of a client a day; 50.00 EUR is left today."
    assert card["quote"] == {
        "open": False, "reasons": [{"field": "amount", "text": why}], "fee": "2.00",
        "payer": "brokerage", "net": "60.00",
    }  # fmt: skip
    status, answer = call("POST", "deposits", _deposit(shop, amount="60.00"))
    assert (status, answer["code"], answer["fields"]) == (422, "method-unusable", {"amount": why})
    status, answer = call("POST", "deposits", _deposit(shop, method="wire"))
    assert (status, answer["fields"]) == (
        422, {"method": "Wire needs KYC level 3; the client has level 2."},
    )  # fmt: skip
    assert call("POST", "deposits", _deposit(shop, amount="50.00"))[0] == 201
    assert call("GET", query)[1]["items"][0]["quote"] is None
    assert call("GET", f"{query}&amount=5")[1]["fields"].keys() == {"currency"}
    assert call("GET", "methods?client=C-9")[1]["fields"].keys() == {"client"}
