"""Conversions over the API: the client sees the rate, says yes, and it counts once."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from payments.conversion_states import ConversionState
from payments.conversions.api import CONVERSION_STATUS
from payments.models import Conversion
from tests.payments.factories import quote_currencies
from tests.payments.money import Brokerage
from tests.payments.test_call_api import Answer, _secret, _send

RIGHTS = ("payments.view_payment", "payments.convert_money")


@pytest.fixture
def desk(shop: Brokerage) -> Iterator[Brokerage]:
    with shop.scope():
        quote_currencies(shop.world)
    shop.funded("1000.00")
    yield shop


@pytest.fixture
def call(desk: Brokerage) -> Callable[..., Answer]:
    secret = _secret(desk, *RIGHTS)

    def send(method: str, path: str, body: Any = None, key: str = "") -> Answer:
        return _send(secret, method, path, body, key)

    return send


def wish(desk: Brokerage, **more: Any) -> dict[str, Any]:
    facts = {"amount": "100.00", "currency": "EUR", "to": "USD"}
    return {"client": desk.client.reference, **facts, **more}


def test_an_offer_is_asked_for_and_accepted_once(
    desk: Brokerage, call: Callable[..., Answer]
) -> None:
    [(status, offer), (_, same)] = [call("POST", "conversions", wish(desk), "k") for _ in "12"]
    assert (status, offer["status"], offer["to_amount"]) == (201, "offered", "107.85")
    assert (offer["rate"], same["reference"]) == ("1.07858", offer["reference"])
    path = f"conversions/{offer['reference']}"
    answers = [call("POST", f"{path}/accept", {}) for _ in "12"]  # two keys: said twice
    assert [(code, found["status"]) for code, found in answers] == [(200, "exchanged")] * 2
    assert (desk.wallet(), desk.wallet("USD")) == (900, Decimal("107.85"))
    assert call("GET", path)[1]["status"] == "exchanged"
    listed = call("GET", f"conversions?client={desk.client.reference}&status=exchanged")[1]
    assert [item["reference"] for item in listed["items"]] == [offer["reference"]]
    assert call("GET", "conversions?status=offered")[1]["items"] == []


def test_an_offer_that_is_over_is_refused_and_a_large_one_is_processed(
    desk: Brokerage, call: Callable[..., Answer]
) -> None:
    first, large = (
        call("POST", "conversions", wish(desk, amount=amount))[1] for amount in ("1.00", "600.00")
    )
    assert call("POST", f"conversions/{large['reference']}/accept", {})[1]["status"] == "processing"
    with desk.scope():
        over = Conversion.objects.get(reference=first["reference"]).expires_at
    with time_machine.travel(over, tick=True):
        status, answer = call("POST", f"conversions/{first['reference']}/accept", {})
    assert (status, answer["code"]) == (409, "offer-expired")
    assert desk.wallet() == 1000


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ({"amount": "0"}, (422, "invalid-input", {"amount"})),
        ({"to": "EUR"}, (422, "invalid-input", {"to"})),
        ({"to": "XXX"}, (422, "invalid-input", {"to"})),
        ({"currency": "XXX"}, (422, "invalid-input", {"currency"})),
        ({"amount": "1000.01"}, (422, "not-enough-money", {"amount"})),
        ({"client": "C-1"}, (422, "invalid-input", {"client"})),
        ({"account": "A-1"}, (422, "invalid-input", {"account"})),
        ({"rate": "1.2"}, (422, "invalid-input", {"rate"})),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    desk: Brokerage,
    call: Callable[..., Answer],
    more: dict[str, str],
    answer: tuple[int, str, set[str]],
) -> None:
    status, found = call("POST", "conversions", wish(desk, **more))
    assert (status, found["code"], set(found["fields"])) == answer


def test_why_a_client_is_stopped_is_not_told_and_strangers_find_nothing(
    desk: Brokerage, call: Callable[..., Answer]
) -> None:
    reference = call("POST", "conversions", wish(desk))[1]["reference"]
    theirs = _secret(desk, *RIGHTS, person="zoe")
    assert _send(theirs, "GET", f"conversions/{reference}")[0] == 404
    assert _send(theirs, "POST", f"conversions/{reference}/accept", {})[0] == 404
    assert _send(theirs, "POST", "conversions", wish(desk))[0] == 422
    reader = _secret(desk, "payments.view_payment")
    assert _send(reader, "POST", f"conversions/{reference}/accept", {})[0] == 403
    desk.restrict("withdraw", "an order of a court")
    for path, body in (("conversions", wish(desk)), (f"conversions/{reference}/accept", {})):
        status, answer = call("POST", path, body)
        assert (status, answer["code"]) == (403, "action-stopped")
        assert "court" not in answer["message"]
    assert desk.wallet() == 1000


def test_every_state_has_a_status_and_the_description_names_the_paths() -> None:
    assert set(CONVERSION_STATUS) == set(ConversionState.values)
    paths = Browser().get("/api/v1/openapi.json").json()["paths"]
    for path in ("conversions", "conversions/{reference}", "conversions/{reference}/accept"):
        assert f"/api/v1/{path}" in paths
