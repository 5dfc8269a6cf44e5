"""Deposits through Praxis: the adapter against its API 1.3 on loopback, over real HTTP."""

import hashlib
import json
from typing import Any

import pytest
import urllib3
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.models import AuditEntry
from backoffice.core.money import Money
from payments.accounts import notify_url
from payments.gateways.port import AskFirst, GatewayError, NoticeUnreadable, PaymentName
from payments.gateways.praxis import amounts, signing
from payments.gateways.registry import adapter_of
from payments.models import GatewayAccount
from payments.services.deposits import deposit_cancel
from payments.services.setup import gateway_change
from sandbox.praxis.box import HEADER
from tests.payments.praxis import KEY, MERCHANT, SECRET, PraxisShop

PRAXIS = adapter_of("praxis")


def _post(shop: PraxisShop, body: bytes, signature: str) -> Any:
    with shop.shop.scope():
        url = notify_url(GatewayAccount.objects.get(pk=shop.gateway.pk))
    path = "/" + url.split("/", 3)[3]
    return Browser().post(
        path, data=body, content_type="application/json", headers={HEADER: signature}
    )


def _notification(shop: PraxisShop, row: Any, **changed: Any) -> dict[str, Any]:
    """What Praxis would send of a deposit's transaction, with other words in it."""
    session = shop.session(row)
    view = shop.box.view(session, shop.transaction(row))
    view["transaction"] |= changed
    return {
        "merchant_id": MERCHANT,
        "application_key": KEY,
        **view,
        "version": "1.3",
        "timestamp": 1_800_000_000,
    }


def test_a_deposit_is_opened_paid_and_credited(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit("250.00")
    session = praxis_shop.session(row)
    assert (row.state, session.amount, session.cid) == (
        "redirected", 25_000, praxis_shop.shop.client.reference
    )  # fmt: skip
    assert row.pay_url == f"{praxis_shop.server.address}/pay/{session.token}"
    row = praxis_shop.pay(row, "pending")
    assert (row.state, praxis_shop.shop.wallet()) == ("pending", 0)
    row = praxis_shop.decide(row, "approved")
    assert (row.state, row.paid_amount, row.instrument_label) == ("done", 250, "Visa •••• 4242")
    assert row.provider_ref == str(praxis_shop.transaction(row).tid)
    assert (praxis_shop.shop.wallet(), praxis_shop.clearing()) == (250, 250)
    # Every message was answered in the form that Praxis takes for heard.
    assert all(each.delivered_at for each in praxis_shop.box.post.messages)
    assert praxis_shop.shop.sound()


def test_the_client_pays_on_the_cashiers_page(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    assert row.reference in urllib3.request("GET", row.pay_url, timeout=5).data.decode()
    praxis_shop.box.pay(praxis_shop.session(row))
    praxis_shop.hear()
    assert praxis_shop.shop.again(row).state == "done"


def test_yen_are_not_hundredths(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit("9999", "JPY")
    assert praxis_shop.session(row).amount == 9999
    assert praxis_shop.pay(row).state == "done"
    assert praxis_shop.shop.wallet("JPY") == 9999


@given(st.sampled_from(["EUR", "USD", "JPY", "BHD", "TND"]), st.integers(1, 10**12))
def test_amounts_come_back_as_they_went(currency: str, units: int) -> None:
    money = amounts.money_of(units, currency)
    assert amounts.units_of(money) == units
    assert amounts.problem(money) == ""


def test_what_praxis_can_not_count_is_refused_before_anyone_is_asked() -> None:
    said = "Praxis takes whole BHD only."
    assert PRAXIS.refuses(Money.parse("12.500", "BHD")) == said
    assert PRAXIS.refuses(Money.parse("12", "BHD")) == ""


# Leave for an attempt


def test_an_attempt_is_let_or_not_and_the_client_is_told(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    praxis_shop.shop.restrict("deposit", "A document has expired")
    assert praxis_shop.box.pay(praxis_shop.session(row)) == "No deposits can be made at present."
    [refused] = praxis_shop.box.transactions.values()
    assert refused.status == "rejected"
    with praxis_shop.shop.scope():
        entry = AuditEntry.objects.get(action="payments.attempt_refused")
        assert entry.subject_id == row.pk
    assert praxis_shop.shop.again(row).state == "redirected"
    assert praxis_shop.shop.wallet() == 0


def test_a_payment_that_is_over_is_not_let(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    with praxis_shop.shop.scope():
        deposit_cancel(actor=praxis_shop.shop.actor, deposit=row, reason="asked by the client")
    assert praxis_shop.box.pay(praxis_shop.session(row)) == "This payment is over."


def test_a_second_page_of_one_deposit_takes_no_second_payment(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    first = praxis_shop.session(row)
    PRAXIS.start_payment(praxis_shop.account, _order(praxis_shop, row))
    row = praxis_shop.pay(row)
    assert (row.state, len(praxis_shop.box.sessions)) == ("done", 2)
    assert praxis_shop.box.pay(first) == "This payment is over."
    assert praxis_shop.shop.wallet() == 100


def _order(shop: PraxisShop, row: Any) -> Any:
    from payments.services.deposits import payment_order

    with shop.shop.scope():
        return payment_order(row)


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        ({"amount": 1, "currency": "EUR"}, "Pay 100.00 EUR, as was asked."),
        ({"amount": 10_000, "currency": "USD"}, "Pay 100.00 EUR, as was asked."),
        ({"amount": None, "currency": "EUR"}, "Pay 100.00 EUR, as was asked."),
        ({"amount": "many", "currency": None}, "There is no payment of this reference."),
    ],
)
def test_another_amount_is_not_let(
    praxis_shop: PraxisShop, attempt: dict[str, Any], said: str
) -> None:
    row = praxis_shop.deposit()
    body = {
        **_who(praxis_shop, row),
        "transaction_attempt": attempt,
    }
    signature = signing.signature(SECRET, body, signing.VALIDATION)
    answer = _post(praxis_shop, json.dumps(body).encode(), signature)
    told = answer.json()
    assert (answer.status_code, told["status"], told["description"]) == (200, 1, said)
    assert answer[HEADER] == signing.signature(SECRET, told, signing.ANSWER)


def _who(shop: PraxisShop, row: Any) -> dict[str, Any]:
    view = shop.box.view(shop.session(row), None)
    view.pop("transaction")
    return {"merchant_id": MERCHANT, "application_key": KEY, **view, "timestamp": 1_800_000_000}


# What messages are worth


def test_a_status_that_no_signature_covers_is_not_believed(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.pay(praxis_shop.deposit(), "pending")
    body = _notification(praxis_shop, row, transaction_status="approved")
    signature = signing.signature(SECRET, body, signing.NOTIFICATION)
    genuine = signing.signature(SECRET, _notification(praxis_shop, row), signing.NOTIFICATION)
    assert signature == genuine  # the same for both: that is what this is about
    assert _post(praxis_shop, json.dumps(body).encode(), genuine).status_code == 200
    praxis_shop.hear()
    assert (praxis_shop.shop.again(row).state, praxis_shop.shop.wallet()) == ("pending", 0)


def test_a_wrong_signature_is_counted_and_changes_nothing(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.pay(praxis_shop.deposit(), "pending")
    body = json.dumps(_notification(praxis_shop, row)).encode()
    other = json.dumps({**_notification(praxis_shop, row), "merchant_id": "API-Other"}).encode()
    for sent, signature in ((body, ""), (body, "0" * 96), (body, "ö"), (other, "0" * 96)):
        assert _post(praxis_shop, sent, signature).status_code == 401
    with praxis_shop.shop.scope():
        assert GatewayAccount.objects.get(pk=praxis_shop.gateway.pk).bad_signatures == 4


def test_the_signature_is_that_of_the_documentation() -> None:
    # Request of API 1.3: merchant, application, time, intent, customer, order, then the secret.
    data = {
        "merchant_id": "Test-Integration-Merchant",
        "application_key": "Sandbox",
        "timestamp": 1559825373,
        "intent": "payment",
        "cid": "1",
        "order_id": "112233",
        "amount": 100,
    }
    text = "Test-Integration-MerchantSandbox1559825373payment1112233MerchantSecretKey"
    expected = hashlib.sha384(text.encode()).hexdigest()
    assert signing.signature("MerchantSecretKey", data, signing.CASHIER) == expected


def test_null_values_are_not_signed_and_rates_are_signed_as_written() -> None:
    body = (
        b'{"merchant_id": "m", "application_key": "a", "timestamp": 1, "customer": null, '
        b'"session": {"order_id": "D-1"}, "transaction": {"tid": 7, "currency": "EUR", '
        b'"amount": 100, "conversion_rate": 1.10000, "processed_amount": null}}'
    )
    expected = hashlib.sha384(b"ma1D-17EUR1001.10000s").hexdigest()
    assert signing.is_signed(("x", "s"), signing.parsed(body), expected)
    assert not signing.is_signed(("x",), signing.parsed(body), expected)


@pytest.mark.parametrize(
    ("fault", "state", "credited"),
    [
        ("twice", "done", 100),
        ("out_of_order", "done", 100),
        ("bad_signature", "done", 100),
        ("wrong_amount", "amount_mismatch", 0),
        ("wrong_currency", "amount_mismatch", 0),
    ],
)
def test_messages_that_misbehave(
    praxis_shop: PraxisShop, fault: str, state: str, credited: int
) -> None:
    row = praxis_shop.deposit()
    praxis_shop.box.faults.arm(fault, row.reference)
    row = praxis_shop.pay(row)
    assert (row.state, praxis_shop.shop.wallet()) == (state, credited)
    assert praxis_shop.shop.sound()


def test_lost_and_late_messages_change_nothing_but_the_time(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    praxis_shop.box.faults.arm("lost", row.reference, times=9)
    assert praxis_shop.pay(row).state == "redirected"
    notice = PRAXIS.poll_payment(praxis_shop.account, PaymentName(row.reference))
    assert notice is not None
    assert (notice.outcome.value, notice.money) == ("paid", Money.parse("100.00", "EUR"))


def test_a_declined_card_may_be_followed_by_another(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.pay(praxis_shop.deposit(), "rejected")
    assert row.state in ("redirected", "pending")
    row = praxis_shop.pay(row)
    assert (row.state, praxis_shop.shop.wallet()) == ("done", 100)


def test_a_session_that_ran_out_ends_the_deposit(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    praxis_shop.box.expire(praxis_shop.session(row))
    praxis_shop.hear()
    assert praxis_shop.shop.again(row).state == "expired"


def test_late_money_after_the_session_is_real_money(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.pay(praxis_shop.deposit(), "pending")
    praxis_shop.box.expire(praxis_shop.session(row))
    praxis_shop.hear()
    row = praxis_shop.decide(row, "approved")
    assert (row.state, praxis_shop.shop.wallet()) == ("done", 100)


def test_a_chargeback_opens_a_case_and_a_reversal_goes_before_a_person(
    praxis_shop: PraxisShop,
) -> None:
    row = praxis_shop.funded("100.00")
    praxis_shop.decide(row, "chargeback")
    assert len(praxis_shop.shop.queue("chargebacks")) == 1
    assert praxis_shop.shop.sound()
    other = praxis_shop.funded("50.00")
    praxis_shop.decide(other, "reversed")
    assert len(praxis_shop.shop.queue("notices")) == 1


def test_an_order_of_nobody_waits_a_day(praxis_shop: PraxisShop) -> None:
    row = praxis_shop.deposit()
    praxis_shop.session(row).order = "D-2020-999999"
    praxis_shop.box.pay(praxis_shop.box.session_of("D-2020-999999"), "rejected")
    praxis_shop.box.expire(praxis_shop.box.session_of("D-2020-999999"))
    praxis_shop.hear()
    assert {state for state, _ in praxis_shop.shop.messages()} == {"parked"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["session", "transaction", "order_id", "tid", "amount", "currency", "customer"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_body_breaks_the_reader(data: Any) -> None:
    body = json.dumps(data).encode()
    with pytest.raises((AskFirst, NoticeUnreadable)):
        PRAXIS.read(body)
    PRAXIS.delivery({}, body)


# Calls


@pytest.mark.parametrize("fault", ["broken", "broken_after", "dropped_after"])
def test_a_start_of_unknown_outcome_is_tried_again(praxis_shop: PraxisShop, fault: str) -> None:
    praxis_shop.box.faults.arm(fault)
    row = praxis_shop.asked()
    praxis_shop.shop.work()
    assert praxis_shop.shop.again(row).state == "created"
    answer = PRAXIS.start_payment(praxis_shop.account, _order(praxis_shop, row))
    assert getattr(answer, "url", "").startswith(praxis_shop.server.address)


def test_a_refused_start_ends_the_deposit_with_its_reason(praxis_shop: PraxisShop) -> None:
    praxis_shop.box.faults.arm("refused")
    row = praxis_shop.deposit()
    assert (row.state, row.reason) == ("declined", "The provider does not take this.")


def test_the_test_call_tells_a_wrong_secret_and_a_wrong_key(praxis_shop: PraxisShop) -> None:
    PRAXIS.health(praxis_shop.account)
    for wrong, said in (
        ({"secret": "another_secret_of_sixteen"}, "Signature does not match"),
        ({"api_key": "other.example"}, "not known"),
    ):
        with praxis_shop.shop.scope():
            gateway_change(
                actor=praxis_shop.shop.world.actor("petra"),
                gateway=GatewayAccount.objects.get(pk=praxis_shop.gateway.pk),
                base_url=praxis_shop.server.address,
                merchant_id=MERCHANT,
                active=True,
                **wrong,
            )
        with pytest.raises(GatewayError, match=said):
            PRAXIS.health(praxis_shop.account)


def test_a_second_payment_of_the_same_amount_is_put_before_a_person(
    praxis_shop: PraxisShop,
) -> None:
    row = praxis_shop.deposit()
    first = praxis_shop.session(row)
    PRAXIS.start_payment(praxis_shop.account, _order(praxis_shop, row))
    row = praxis_shop.pay(row)
    first.validation_url = ""  # an application that was set up without it
    assert praxis_shop.box.pay(first) == ""
    praxis_shop.hear()
    assert (praxis_shop.shop.wallet(), len(praxis_shop.shop.queue("notices"))) == (100, 1)
    [told] = [note for state, note in praxis_shop.shop.messages() if state == "refused"]
    assert told.startswith("100.00 EUR was paid a second time")
