"""The pages of chargebacks: who sees what, what each button does, and what others may not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from backoffice.workflow.models import Approval
from clients.documents import document_decide
from payments.models import Chargeback, ChargebackEvidence, Withdrawal
from tests.clients.factories import make_document, make_lead, picture
from tests.payments.card import CardShop
from tests.payments.money import Brokerage

Browse = Callable[[str], Browser]


@pytest.fixture
def row(card_shop: CardShop) -> Chargeback:
    """80.00 EUR of a card, taken back while 50.00 of it wait to be paid out."""
    deposit = card_shop.funded("80.00")
    card_shop.shop.approved_card()
    card_shop.shop.withdraw("50.00")
    card_shop.box.disputes.open(card_shop.box.objects[deposit.provider_ref])
    card_shop.hear()
    return _now(card_shop.shop)


def _now(shop: Brokerage) -> Chargeback:
    with shop.scope():
        return Chargeback.objects.select_related("deposit").get()


def _url(verb: str, row: Any) -> str:
    return reverse(f"payments:{verb}", args=[row.pk])


def _page(browser: Browser, row: Chargeback) -> str:
    answer = browser.get(_url("chargeback", row))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_what_stands_and_what_it_waits_for(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    page = _page(browse("pavel"), row)
    assert "The cardholder says that they did not make the payment" in page
    assert "50.00 EUR is owed by the client" in page
    assert "Withdrawals of the client are stopped." in page
    assert "was not sent; its money stays held." in page
    assert "wanted for this reason" in page
    assert page.count("Submit evidence") == 1
    assert _url("deposit", row.deposit) in page
    with card_shop.shop.scope():
        assert Withdrawal.objects.get().reference in page


def test_the_list_and_the_clients_money_show_it(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    pavel = browse("pavel")
    for url in (
        reverse("payments:chargeback-list"),
        f"{reverse('payments:chargeback-list')}?segment=owing",
        f"{reverse('payments:chargeback-list')}?segment=all&reason=fraudulent&state=open",
        reverse("clients:tab", args=[card_shop.shop.client.pk, "money"]),
        reverse("payments:overview"),
        _url("deposit", row.deposit),
        reverse("clients:client", args=[card_shop.shop.client.pk]),
    ):
        assert row.reference in pavel.get(url).content.decode(), url
    with_bank = pavel.get(f"{reverse('payments:chargeback-list')}?segment=bank")
    assert row.reference not in with_bank.content.decode()


def test_evidence_is_added_looked_at_taken_out_and_sent(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    pavel = browse("pavel")
    file = SimpleUploadedFile("receipt.png", picture("PNG"), content_type="image/png")
    add = _url("chargeback-add", row)
    assert pavel.post(add, {"kind": "receipt"}).status_code == 422
    assert pavel.post(add, {"kind": "receipt", "file": file}).status_code == 302
    words = {"kind": "activity", "text": "Signed in that day."}
    assert pavel.post(add, words).status_code == 302
    with card_shop.shop.scope():
        receipt = ChargebackEvidence.objects.get(kind="receipt")
        activity = ChargebackEvidence.objects.get(kind="activity")
    shown = pavel.get(_url("evidence-file", receipt))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert pavel.post(_url("evidence-remove", activity)).status_code == 302
    page = _page(pavel, row)
    assert "receipt.png" in page
    assert "Signed in that day." not in page
    assert pavel.post(_url("chargeback-submit", row)).status_code == 302
    assert "Waits to be sent" in _page(pavel, row)
    card_shop.shop.work()
    page = _page(pavel, row)
    assert "Taken by the gateway" in page
    assert "Evidence sent" in page
    assert pavel.post(add, words).status_code == 422
    [dispute] = card_shop.objects("dispute")
    assert dispute["evidence"]["access_activity_log"] is None


def test_a_paper_of_the_client_is_evidence_that_not_everyone_may_open(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    carla = card_shop.shop.world.actor("carla")
    with card_shop.shop.scope():
        paper = make_document(carla, card_shop.shop.client)
        waiting = make_document(carla, card_shop.shop.client, content=picture("PNG"))
        document_decide(actor=carla, document=paper, accepted=True)
        strangers = make_document(carla, make_lead(card_shop.shop.world.actor("olivia")))
        document_decide(actor=carla, document=strangers, accepted=True)
    pavel, adam, add = browse("pavel"), browse("adam"), _url("chargeback-add", row)
    for other in (waiting, strangers):
        assert pavel.post(add, {"kind": "identity", "document": other.pk}).status_code == 422
    assert pavel.post(add, {"kind": "identity", "document": paper.pk}).status_code == 302
    with card_shop.shop.scope():
        piece = ChargebackEvidence.objects.get()
    assert (piece.document_id, piece.name) == (paper.pk, paper.get_type_display())
    assert pavel.get(_url("evidence-file", piece)).status_code == 403
    assert adam.get(_url("evidence-file", piece)).status_code == 200
    link = f'href="{_url("evidence-file", piece)}"'
    assert link not in _page(pavel, row)
    assert link in _page(adam, row)
    assert pavel.post(_url("chargeback-submit", row)).status_code == 302
    card_shop.shop.work()
    [file] = card_shop.objects("file")
    [dispute] = card_shop.objects("dispute")
    assert dispute["evidence"]["uncategorized_file"] == file["id"]


def test_a_file_that_is_no_picture_or_pdf_is_refused(row: Chargeback, browse: Browse) -> None:
    file = SimpleUploadedFile("receipt.png", b"MZ\x90\x00", content_type="image/png")
    answer = browse("pavel").post(_url("chargeback-add", row), {"kind": "receipt", "file": file})
    assert answer.status_code == 422
    assert "receipt.png" not in answer.content.decode()


def test_it_is_accepted_with_a_reason(row: Chargeback, card_shop: CardShop, browse: Browse) -> None:
    pavel, accept = browse("pavel"), _url("chargeback-accept", row)
    assert "80.00" in pavel.get(accept).content.decode()
    assert pavel.post(accept, {"reason": ""}).status_code == 422
    assert pavel.post(accept, {"reason": "The card was stolen."}).status_code == 302
    card_shop.shop.work()
    assert _now(card_shop.shop).state == "accepted"


def test_what_is_owed_is_written_off_by_two(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    pavel, petra = browse("pavel"), browse("petra")
    off = _url("chargeback-write-off", row)
    assert pavel.post(off, {"amount": "50", "reason": "They left."}).status_code == 422
    [dispute] = card_shop.objects("dispute")
    card_shop.box.disputes.close(dispute, "lost")
    card_shop.hear()
    assert "Write off" in _page(pavel, row)
    assert pavel.post(off, {"amount": "50.01", "reason": "They left."}).status_code == 422
    assert pavel.post(off, {"amount": "20", "reason": "They left."}).status_code == 302
    with card_shop.shop.scope():
        approval = Approval.objects.get(kind="payments.write_off")
    decide = reverse("portal:approval-decide", args=[approval.pk])
    pavel.post(decide, {"decision": "approve"})
    assert _now(card_shop.shop).written_off_amount == 0
    assert "A write-off waits for a colleague." in _page(petra, row)
    page = petra.get(reverse("portal:approval", args=[approval.pk])).content.decode()
    assert "20.00 EUR" in page
    assert petra.post(decide, {"decision": "approve"}).status_code in (200, 302)
    assert _now(card_shop.shop).written_off_amount == 20
    assert card_shop.shop.balance("chargeback:loss") == 20
    assert card_shop.shop.sound()


def test_one_is_entered_by_hand_and_settled_with_proof(shop: Brokerage, browse: Browse) -> None:
    deposit, pavel = shop.funded("100.00"), browse("pavel")
    new = _url("chargeback-new", deposit)
    assert "Enter a chargeback" in pavel.get(_url("deposit", deposit)).content.decode()
    form = {
        "amount": "40", "reason_code": "general", "kind": "taken", "note": "Letter of the 3rd",
        "provider_ref": "4711", "fee": "20", "due_at": "",
    }  # fmt: skip
    assert pavel.post(new, {**form, "amount": "100.01"}).status_code == 422
    assert pavel.post(new, {**form, "amount": "1.001"}).status_code == 422
    assert shop.wallet() == 100
    assert pavel.post(new, form).status_code == 302
    row = _now(shop)
    assert (row.state, row.fee_amount, shop.wallet(), shop.clearing()) == ("open", 20, 60, 40)
    assert pavel.post(new, form).status_code == 422  # that number is known
    settle = _url("chargeback-settle", row)
    assert "Note the evidence as sent" in _page(pavel, row)
    assert pavel.post(settle, {"outcome": "won", "proof": "yes"}).status_code == 422
    assert (
        pavel.post(settle, {"outcome": "won", "proof": "Letter 12/7 of theirs"}).status_code == 302
    )
    assert (_now(shop).state, shop.wallet()) == ("won", 100)
    assert shop.sound()


def test_only_a_lead_settles_what_the_gateway_tells(
    row: Chargeback, card_shop: CardShop, browse: Browse
) -> None:
    form = {"outcome": "won", "proof": "Their dashboard, dispute page"}
    settle = _url("chargeback-settle", row)
    assert browse("pavel").post(settle, form).status_code == 422
    assert browse("petra").post(settle, form).status_code == 302
    assert _now(card_shop.shop).state == "won"


def test_others_look_and_do_nothing(row: Chargeback, browse: Browse) -> None:
    sam = browse("sam")
    page = _page(sam, row)
    assert "Add a piece" not in page
    for verb in ("submit", "accept", "settle", "write-off", "look", "add"):
        assert sam.post(_url(f"chargeback-{verb}", row)).status_code == 403, verb


def test_a_chargeback_of_another_brokerage_is_not_there(row: Chargeback, browse: Browse) -> None:
    stranger = browse("zoe")
    for verb in ("", "-submit", "-accept", "-settle", "-write-off", "-look", "-add"):
        answer = stranger.post(_url(f"chargeback{verb}", row))
        assert answer.status_code in (403, 404, 405), verb
    assert stranger.get(_url("chargeback", row)).status_code == 404
