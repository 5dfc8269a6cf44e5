"""Settings of payments: who decides by amount, rules of withdrawals, methods, destinations."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import FourEyes, InvalidInput, StateConflict
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import ApprovalBand
from payments.models import Deposit, Destination, GatewayAccount, Method, WithdrawalPolicy
from payments.services import bands
from payments.services.destinations import (
    destination_add,
    destination_approve,
    destination_change,
    destination_retire,
)
from payments.services.withdrawals import withdrawal_approve, withdrawal_reject
from tests.payments.money import Brokerage

Browse = Callable[[str], Browser]
TWO = [(Decimal(5000), "one"), (None, "two")]


def _text(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def _set(shop: Brokerage, proposal: list[tuple[Decimal | None, str]]) -> None:
    with shop.scope():
        asked = bands.bands_propose(actor=shop.world.actor("petra"), proposal=proposal)
        approval_vote(actor=shop.world.actor("adam"), approval=asked, approves=True)


def _ranges(shop: Brokerage) -> list[tuple[str, str]]:
    with shop.scope():
        return [(band.range, band.code) for band in bands.current(shop.system)]


def test_bands_are_proposed_by_one_and_set_by_another(shop: Brokerage) -> None:
    assert _ranges(shop) == [("any amount", "one")]
    with shop.scope():
        petra = shop.world.actor("petra")
        asked = bands.bands_propose(actor=petra, proposal=TWO)
        with pytest.raises(FourEyes):
            approval_vote(actor=petra, approval=asked, approves=True)
        with pytest.raises(StateConflict):
            bands.bands_propose(actor=petra, proposal=TWO)
    assert _ranges(shop) == [("any amount", "one")]
    with shop.scope():
        approval_vote(actor=shop.world.actor("adam"), approval=asked, approves=True)
    assert _ranges(shop) == [("up to 5,000.00 EUR", "one"), ("over 5,000.00 EUR", "two")]
    with shop.scope():
        with pytest.raises(InvalidInput, match="as they stand"):
            bands.bands_propose(actor=shop.world.actor("petra"), proposal=TWO)
        assert bands.pending(shop.system) is None


def test_bands_are_changed_and_dropped_and_their_history_stays(shop: Brokerage) -> None:
    _set(shop, TWO)
    _set(shop, [(Decimal(1000), "one"), (Decimal(5000), "senior"), (None, "two")])
    assert [code for _, code in _ranges(shop)] == ["one", "senior", "two"]
    _set(shop, [(None, "two")])
    assert _ranges(shop) == [("any amount", "two")]
    with shop.scope():
        assert ApprovalBand.objects.count() == 1
        assert ApprovalBand.history.filter(history_type="-").count() == 2


@pytest.mark.parametrize(
    "proposal",
    [
        [],
        [(Decimal(5000), "one")],
        [(None, "one"), (None, "two")],
        [(None, "one"), (Decimal(5000), "two")],
        [(Decimal(0), "one"), (None, "two")],
        [(Decimal(-1), "one"), (None, "two")],
        [(Decimal(5000), "one"), (Decimal(5000), "two"), (None, "two")],
        [(Decimal(5000), "one"), (Decimal(1000), "one"), (None, "two")],
        [(Decimal(5000), "two"), (None, "one")],
        [(Decimal(5000), "one"), (None, "nobody")],
        [(Decimal("NaN"), "one"), (None, "two")],
    ],
)
def test_bands_with_a_gap_an_overlap_or_fewer_eyes_above_are_refused(
    shop: Brokerage, proposal: list[tuple[Decimal | None, str]]
) -> None:
    with shop.scope():
        with pytest.raises(InvalidInput):
            bands.bands_propose(actor=shop.world.actor("petra"), proposal=proposal)
        assert WithdrawalPolicy.objects.filter(proposed_bands=[]).count() in (0, 1)


def test_a_withdrawal_is_decided_by_its_band(shop: Brokerage) -> None:
    _set(shop, [(Decimal(100), "one"), (None, "two")])
    shop.funded("1000.00")
    shop.approved_card()
    small, large = shop.withdraw("100.00"), shop.withdraw("100.01")
    adam = shop.world.actor("adam")
    with shop.scope():
        assert withdrawal_approve(actor=adam, withdrawal=small).state == "approved"
        assert withdrawal_approve(actor=adam, withdrawal=large).state == "review"


def test_bands_are_changed_on_their_page(shop: Brokerage, browse: Browse) -> None:
    petra, change = browse("petra"), reverse("payments:bands-change")
    rows = {f"who_{number}": "one" for number in range(1, 6)}
    assert "any amount" in _text(petra, reverse("payments:bands"))
    wrong = {**rows, "most_1": "5000", "who_1": "two", "who_rest": "one"}
    assert petra.post(change, wrong).status_code == 422
    assert petra.post(change, {**rows, "most_1": "x", "who_rest": "two"}).status_code == 422
    assert petra.post(change, {**rows, "most_1": "5000", "who_rest": "two"}).status_code == 302
    page = _text(petra, reverse("payments:bands"))
    assert "A change waits for a second person" in page
    assert "up to 5,000.00 EUR" in page
    assert browse("pavel").get(change).status_code == 403
    with shop.scope():
        asked = bands.pending(shop.system)
    assert asked is not None
    answer = browse("adam").post(
        reverse("portal:approval-decide", args=[asked.pk]), {"decision": "approve"}
    )
    assert answer.status_code == 302
    assert len(_ranges(shop)) == 2
    assert "Set the bands of approval" in _text(petra, reverse("payments:bands"))


def test_the_rules_of_withdrawals_are_saved_with_their_history(
    shop: Brokerage, browse: Browse
) -> None:
    petra, url = browse("petra"), reverse("payments:policy")
    assert petra.post(url, {"lots_per_1000": "-1"}).status_code == 422
    assert petra.post(url, {"lots_per_1000": "0.50"}).status_code == 302
    with shop.scope():
        row = WithdrawalPolicy.objects.get()
        assert (row.source_first, row.lots_per_1000) == (False, Decimal("0.50"))
        assert WithdrawalPolicy.history.count() == 2
    page = _text(petra, reverse("payments:setup"))
    assert "No: where the client asks" in page
    assert "0.50 lots" in page


def test_a_method_is_switched_off_and_on(shop: Brokerage, browse: Browse) -> None:
    petra, url = browse("petra"), reverse("payments:method-switch", args=[shop.card.pk])
    for wanted, active in (("off", False), ("on", True)):
        assert petra.post(url, {"active": wanted}).status_code == 302
        with shop.scope():
            assert Method.objects.get().active is active
    assert browse("pavel").post(url, {"active": "off"}).status_code == 403
    assert browse("zoe").post(url, {"active": "off"}).status_code in (403, 404)


def test_a_method_with_a_wrong_limit_is_refused_on_its_page(
    shop: Brokerage, browse: Browse
) -> None:
    petra, url = browse("petra"), reverse("payments:method", args=[shop.card.pk])
    form: dict[str, Any] = {
        "name": "Card", "gateway": shop.gateway.pk, "deposit_policy": "automatic",
        "deposit_EUR_offered": "on", "deposit_EUR_amount_min": "50",
        "deposit_EUR_amount_max": "10", "expires_minutes": "60", "instrument": "card",
        "country_rule": "any", "level_min": "0",
        "refund_days": "90", "active": "on", "takes_deposits": "on", "version": "1",
    }  # fmt: skip
    refused = petra.post(url, form)
    assert refused.status_code == 422
    assert "The most is not below the least." in refused.content.decode()
    assert petra.post(url, {**form, "deposit_EUR_amount_max": "500"}).status_code == 302
    with shop.scope():
        row = Method.objects.get()
        assert (row.refund_days, row.makes_withdrawals, row.version) == (90, False, 2)
        assert [(str(each), each.amount_max) for each in row.terms.all()] == [
            ("Deposit in EUR", 500)
        ]


# Destinations


def _destination(shop: Brokerage) -> Destination:
    with shop.scope():
        return destination_add(
            actor=shop.world.actor("olivia"), client=shop.client, kind="bank",
            number="DE89 3704 0044 0532 0130 00", holder="Anna Eriksson",
        )  # fmt: skip


def test_a_changed_destination_is_approved_anew_by_someone_else(
    shop: Brokerage, browse: Browse
) -> None:
    row = _destination(shop)
    with shop.scope():
        destination_approve(actor=shop.world.actor("petra"), destination=row)
    olivia, url = browse("olivia"), reverse("payments:destination-edit", args=[row.pk])
    assert "Anna Eriksson" in _text(olivia, url)
    assert olivia.post(url, {"holder": ""}).status_code == 422
    form = {"holder": "Anna B. Eriksson", "label": "Main account", "bic": "COBADEFF"}
    assert olivia.post(url, form).status_code == 302
    with shop.scope():
        changed = Destination.objects.get()
        assert (changed.state, changed.label, changed.version) == ("new", "Main account", 2)
    page = _text(olivia, reverse("clients:tab", args=[shop.client.pk, "money"]))
    assert "Main account" in page
    assert browse("zoe").get(url).status_code == 404


def test_a_retired_destination_takes_no_money_and_comes_back_only_as_a_new_one(
    shop: Brokerage, browse: Browse
) -> None:
    shop.funded("100.00")
    target = shop.approved_card()
    row = shop.withdraw("50.00")
    petra = shop.world.actor("petra")
    with shop.scope():
        with pytest.raises(StateConflict, match=row.reference):
            destination_retire(actor=petra, destination=target, reason="card lost")
        withdrawal_reject(actor=petra, withdrawal=row, reason_code="details")
    url = reverse("payments:destination-retire", args=[target.pk])
    assert browse("petra").post(url, {"reason": ""}).status_code == 422
    assert browse("petra").post(url, {"reason": "card lost"}).status_code == 302
    with pytest.raises(InvalidInput):
        shop.withdraw("50.00")
    with shop.scope():
        with pytest.raises(StateConflict):
            destination_approve(actor=petra, destination=target)
        with pytest.raises(StateConflict):
            destination_change(actor=petra, destination=target, holder="x", label="x")
        again = destination_add(
            actor=shop.actor, client=shop.client, kind="card",
            number=f"fp_{shop.client.reference}_4242", holder="Anna Eriksson",
        )  # fmt: skip
        assert (again.pk, again.state) == (target.pk, "new")
        assert shop.actor.ref in again.edited_by_refs


BANK = {
    "kind": "bank_wire",
    "name": "Second bank",
    "base_url": "http://127.0.0.1:9",
    "merchant_id": "DE89 3704 0044 0532 0130 00",
    "holder": "Aurora Markets Ltd",
    "bic": "cobadeffxxx",
    "active": "on",
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"merchant_id": "DE89 3704 0044 0532 0130 01"}, "This is not a valid IBAN."),
        ({"bic": "COBADEFFX"}, "This is not a valid BIC."),
        ({"holder": " "}, "Say whose account it is"),
    ],
)
def test_a_bank_account_that_clients_could_not_pay_to_is_refused(
    shop: Brokerage, browse: Browse, change: dict[str, str], sentence: str
) -> None:
    answer = browse("adam").post(reverse("payments:gateway-new"), BANK | change)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    with shop.scope():
        assert not GatewayAccount.objects.filter(name="Second bank").exists()


def test_a_bank_account_is_connected_and_changed_on_its_page(
    shop: Brokerage, browse: Browse
) -> None:
    adam = browse("adam")
    assert adam.post(reverse("payments:gateway-new"), BANK).status_code == 302
    with shop.scope():
        row = GatewayAccount.objects.get(name="Second bank")
    assert (row.merchant_id, row.bic) == ("DE89370400440532013000", "COBADEFFXXX")
    url = reverse("payments:gateway", args=[row.pk])
    page = _text(adam, url)
    assert "Clients who are about to pay in read a changed account at once." in page
    adam.post(url, BANK | {"merchant_id": "GB33BUKB20201555555555", "bic": "", "bank": "Bank"})
    with shop.scope():
        row.refresh_from_db()
    assert (row.merchant_id, row.bic, row.bank) == ("GB33BUKB20201555555555", "", "Bank")
    assert row.holder == "Aurora Markets Ltd"


def test_whoever_connects_a_gateway_is_told_where_it_sends_its_messages(
    shop: Brokerage, browse: Browse
) -> None:
    adam = browse("adam")
    values = {"kind": "cashier", "name": "Second cashier", "base_url": "https://pay.example",
              "merchant_id": "aurora", "secret": "a-secret-of-sixteen", "active": "on"}  # fmt: skip
    page = adam.post(reverse("payments:gateway-new"), values, follow=True)
    with shop.scope():
        row = GatewayAccount.objects.get(name="Second cashier")
    assert page.redirect_chain[-1][0] == reverse("payments:gateway", args=[row.pk])
    assert (
        f'data-copy="http://127.0.0.1:8000/hooks/aurora/{row.webhook_token}/"'
        in page.content.decode()
    )
    assert "a-secret-of-sixteen" not in page.content.decode()


def test_amounts_of_a_method_are_written_as_people_write_them(
    shop: Brokerage, browse: Browse
) -> None:
    shop.change_terms(amount_min=Decimal("20.50"))
    page = _text(browse("petra"), reverse("payments:method", args=[shop.card.pk]))
    assert 'name="deposit_EUR_amount_min" value="20.5"' in page
    assert 'name="deposit_EUR_fee_fixed" class=' in page  # no fee is an empty cell


def test_a_methods_page_tells_who_saves_too_late_and_tries_it_with_a_client(
    shop: Brokerage, browse: Browse
) -> None:
    petra, url = browse("petra"), reverse("payments:method", args=[shop.card.pk])
    shop.change_terms(day_max=Decimal(300), month_max=Decimal(400))
    shop.change_card(hours=["Mon Tue Wed Thu Fri Sat Sun 00:00-00:00"])
    shop.funded("250.00")
    trial = {
        "try-client": shop.client.reference, "try-direction": "deposit", "try-amount": "60",
        "try-currency": "EUR",
    }  # fmt: skip
    page = petra.get(url, trial).content.decode()
    assert "Card takes 300.00 EUR of a client a day; 50.00 EUR is left today." in page
    part = petra.get(url, {**trial, "try-amount": "50"}, headers={"HX-Request": "true"})
    assert "Open" in part.content.decode()
    assert "<html" not in part.content.decode()
    unknown = petra.get(url, {**trial, "try-client": "C-9"}).content.decode()
    assert "There is no client of this reference." in unknown
    form: dict[str, Any] = {
        "name": "Cards", "gateway": shop.gateway.pk, "deposit_policy": "automatic",
        "deposit_EUR_offered": "on", "deposit_EUR_fee_percent": "1.5",
        "deposit_EUR_fee_payer": "house", "expires_minutes": "60", "instrument": "card",
        "country_rule": "except", "countries": "de, FR", "level_min": "0", "refund_days": "90",
        "active": "on", "takes_deposits": "on", "version": "1", "window_0_days": ["4", "0"],
        "window_0_start": "22:00", "window_0_end": "02:00",
    }  # fmt: skip
    late = petra.post(url, form)
    assert late.status_code == 422
    assert "was changed since you opened it" in late.content.decode()
    with shop.scope():
        version = Method.objects.get().version
    half = petra.post(url, {**form, "version": version, "window_0_end": ""})
    assert (half.status_code, "A window has days" in half.content.decode()) == (422, True)
    assert petra.post(url, {**form, "version": version}).status_code == 302
    with shop.scope():
        row = Method.objects.get()
        [terms] = row.terms.all()
        assert (row.hours, row.countries) == (["Mon Fri 22:00-02:00"], ["DE", "FR"])
        assert (terms.fee_percent, terms.fee_payer) == (Decimal("1.5"), "house")


def test_methods_are_put_in_order_and_their_lights_say_what_is_missing(
    shop: Brokerage, browse: Browse
) -> None:
    with shop.scope():
        wire = shop.method(
            shop.world.actor("petra"), "wire", name="Wire", gateway=shop.gateway,
            hours=["Mon 08:00-09:00"],
        )  # fmt: skip
        wire.terms.filter(direction="deposit").delete()
        wire.hours, wire.gateway = [], None
        wire.save()
    petra, move = browse("petra"), reverse("payments:method-move", args=[wire.pk])
    page = _text(petra, reverse("payments:setup"))
    for gap in ("It has no gateway.", "No currency has terms for deposits."):
        assert gap in page
    part = petra.post(move, {"to": "up"}, headers={"HX-Request": "true"}).content.decode()
    assert part.index(">Wire<") < part.index(">Card<")
    assert f'id="up-{wire.pk}" autofocus' in part
    assert petra.post(move, {"to": "down"}).status_code == 302
    assert browse("pavel").post(move, {"to": "up"}).status_code == 403
    assert browse("zoe").post(move, {"to": "up"}).status_code in (403, 404)


def test_closed_methods_are_shown_with_their_reason_and_can_not_be_sent(
    shop: Brokerage, browse: Browse
) -> None:
    with shop.scope():
        wire = shop.method(
            shop.world.actor("petra"), "wire", name="Wire", gateway=shop.gateway, level_min=3
        )
    pavel, url = browse("pavel"), reverse("payments:deposit-new", args=[shop.client.pk])
    page = _text(pavel, url)
    assert f'<option value="{wire.pk}" disabled>Wire (closed)' in page
    assert "Wire needs KYC level 3; the client has level 2." in page
    form = {"method": wire.pk, "amount": "50", "currency": "EUR", "key": "one"}
    refused = pavel.post(url, form)
    assert refused.status_code == 422
    assert "Wire needs KYC level 3" in refused.content.decode()
    assert pavel.post(url, {**form, "method": shop.card.pk}).status_code == 302
    with shop.scope():
        assert [row.method_id for row in Deposit.objects.all()] == [shop.card.pk]
