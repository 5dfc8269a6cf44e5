"""The pages of money, as people open them and press their buttons."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.workflow.approvals import pending_for
from backoffice.workflow.models import OutboxItem
from clients.models import Client
from operations.notifications.templates import defaults, render
from payments.models import Deposit, Destination, PaymentHold
from payments.services.deposits import deposit_credit
from payments.services.destinations import destination_add
from payments.services.withdrawals import withdrawal_approve
from payments.wire import instructions
from tests.payments.money import Brokerage

Browse = Callable[[str], Browser]


@pytest.fixture
def rich(shop: Brokerage) -> Brokerage:
    shop.funded("1000.00")
    shop.approved_card()
    return shop


def _text(browser: Browser, url: str) -> str:
    answer = browser.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_deposit_form_posted_twice_makes_one_deposit(shop: Brokerage, browse: Browse) -> None:
    pavel = browse("pavel")
    url = reverse("payments:deposit-new", args=[shop.client.pk])
    form = {"method": shop.card.pk, "amount": "120.00", "currency": "EUR", "key": "abc"}
    first, second = pavel.post(url, form), pavel.post(url, form)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    page = _text(pavel, first["Location"])
    assert "Copy the payment link" in page
    assert "Client at the cashier" in page
    with shop.scope():
        assert Deposit.objects.count() == 1


def test_a_deposit_by_transfer_shows_the_account_and_the_reference_to_quote(
    shop: Brokerage, browse: Browse
) -> None:
    shop.bank("http://127.0.0.1:9")
    pavel = browse("pavel")
    form = {"method": shop.wire.pk, "amount": "120.00", "currency": "EUR", "key": "abc"}
    url = pavel.post(reverse("payments:deposit-new", args=[shop.client.pk]), form)["Location"]
    with shop.scope():
        row = Deposit.objects.get()
    lines = (
        "Account holder: Aurora Markets Ltd IBAN: DE89 3704 0044 0532 0130 00 "
        f"BIC: COBADEFFXXX Amount: 120.00 EUR Payment reference: {row.reference}"
    )
    page = _text(pavel, url)
    assert f'data-copy="{lines}"' in page
    for _, value in instructions_of(shop, row):
        assert f'data-copy title="Copy">{value}</button>' in page
    pavel.post(reverse("payments:deposit-cancel", args=[row.pk]), {"reason": "Changed his mind"})
    assert "Payment reference" not in _text(pavel, url)


def instructions_of(shop: Brokerage, row: Deposit) -> list[tuple[str, str]]:
    with shop.scope():
        found = instructions(Deposit.objects.get(pk=row.pk))
    assert found is not None
    return found.lines


@pytest.mark.parametrize(
    "amount", ["0", "-1", "abc", "1.001", "99999999999999", "1e3", "1,000", "٢٠", "NaN", "1e309"]
)
def test_a_bad_amount_is_said_beside_its_field(
    shop: Brokerage, browse: Browse, amount: str
) -> None:
    url = reverse("payments:deposit-new", args=[shop.client.pk])
    form = {"method": shop.card.pk, "amount": amount, "currency": "EUR", "key": "abc"}
    assert browse("pavel").post(url, form).status_code == 422
    with shop.scope():
        assert Deposit.objects.count() == 0


def test_the_withdrawal_page_answers_what_why_and_what_speaks_for_it(
    rich: Brokerage, browse: Browse
) -> None:
    row = rich.withdraw("400.00")
    page = _text(browse("petra"), reverse("payments:withdrawal-decide", args=[row.pk]))
    for words in (
        "Approve 400.00 EUR",
        "Waits for a person",
        "first payment to it: added today",
        "KYC level 2",
        "Same name",
        "Back to its source",
        "Held for this",
        "Where it goes",
        "It came from it",
        "one who approves withdrawals",
    ):
        assert words in page, words
    asked = _text(browse("pavel"), reverse("payments:withdrawal-decide", args=[row.pk]))
    assert "You asked for it; someone else decides." in asked


def test_approve_by_its_button_and_the_next_one_opens(rich: Brokerage, browse: Browse) -> None:
    first, second = rich.withdraw("400.00"), rich.withdraw("100.00")
    with rich.scope():
        approval = pending_for(rich.system, first.pk)
        assert approval is not None
    petra = browse("petra")
    waiting = _text(petra, reverse("portal:approvals"))
    assert waiting.count(f"Anna Eriksson; to {rich.target.label}") == 2
    url = reverse("payments:withdrawal-approve", args=[first.pk])
    answer = petra.post(url, {"approval": str(approval.pk)})
    assert answer["Location"] == f"/money/withdrawals/{second.pk}/decide/"
    assert rich.outgoing(first).state == "approved"
    again = petra.post(url, {"approval": str(approval.pk)}, follow=True)
    assert "is approved already" in again.content.decode()


def test_a_page_that_waits_for_people_follows_what_they_decide(
    rich: Brokerage, browse: Browse
) -> None:
    row, pavel = rich.withdraw("400.00"), browse("pavel")
    page = _text(pavel, reverse("payments:withdrawal", args=[row.pk]))
    asks = f"{reverse('portal:live')}?subject={row.pk}&state=review"
    assert f'hx-get="{asks.replace("&", "&amp;")}"' in page
    assert pavel.get(asks).status_code == 204
    with rich.scope():
        withdrawal_approve(actor=rich.world.actor("petra"), withdrawal=row)
    assert pavel.get(asks)["HX-Refresh"] == "true"


def test_a_deposit_opened_between_its_credit_and_its_end_follows(
    shop: Brokerage, browse: Browse
) -> None:
    shop.change_card(deposit_policy="manual")
    deposit, pavel = shop.funded("80.00"), browse("pavel")
    with shop.scope():
        deposit_credit(actor=shop.actor, deposit=deposit, reason="The card is the client's.")
    page = _text(pavel, reverse("payments:deposit", args=[deposit.pk]))
    asks = f"{reverse('portal:live')}?subject={deposit.pk}&state=credited"
    assert f'hx-get="{asks.replace("&", "&amp;")}"' in page
    shop.work()
    assert pavel.get(asks)["HX-Refresh"] == "true"
    page = _text(pavel, reverse("payments:deposit", args=[deposit.pk]))
    assert "Done" in page
    assert f"?subject={deposit.pk}" not in page


def test_a_form_of_an_older_page_changes_nothing(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("400.00")
    with rich.scope():
        approval = pending_for(rich.system, row.pk)
        assert approval is not None
    edit = reverse("payments:withdrawal-edit", args=[row.pk])
    form = {"amount": "300.00", "currency": "EUR", "destination": row.destination_id}
    olivia = browse("olivia")
    done = olivia.post(edit, {**form, "key": str(approval.pk)})
    assert done.status_code == 302
    url = reverse("payments:withdrawal-approve", args=[row.pk])
    answer = browse("petra").post(url, {"approval": str(approval.pk)}, follow=True)
    assert "was changed since you opened it" in answer.content.decode()
    assert rich.outgoing(row).state == "review"
    page = _text(browse("petra"), reverse("payments:withdrawal-decide", args=[row.pk]))
    assert "400.00 EUR" in page
    assert "300.00 EUR" in page


def test_reject_with_a_reason_of_the_catalogue(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("400.00")
    petra = browse("petra")
    url = reverse("payments:withdrawal-reject", args=[row.pk])
    assert "The client reads" in _text(petra, url)
    assert petra.post(url, {"reason": "no such"}).status_code == 422
    assert rich.outgoing(row).state == "review"
    assert petra.post(url, {"reason": "details", "note": "IBAN of a shop"}).status_code == 302
    assert (rich.outgoing(row).reason_code, rich.available()) == ("details", 1000)


def test_ask_the_client_puts_it_out_of_sight_for_a_day(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("400.00")
    url = reverse("payments:withdrawal-ask", args=[row.pk])
    form = {"text": "Whose card is it?", "hours": "24"}
    assert browse("petra").post(url, form).status_code == 302
    assert (rich.queue("withdrawals"), rich.outgoing(row).state) == ([], "review")
    with rich.scope():
        told = OutboxItem.objects.get(topic="operations.notify", payload__reference=row.reference)
    assert told.payload["to"] == f"client:{rich.client.pk}"
    assert told.payload["text"] == "Whose card is it?"
    words = defaults()["payments.info_requested", "en"]
    letter = render(words, {**told.payload, "name": "Ann", "brokerage": "Aurora"})
    assert "Whose card is it?" in letter.body


def test_who_must_not_be_contacted_is_noted_and_not_written_to(
    rich: Brokerage, browse: Browse
) -> None:
    row = rich.withdraw("400.00")
    with rich.scope():
        Client.objects.filter(pk=rich.client.pk).update(do_not_contact=True)
    url = reverse("payments:withdrawal-ask", args=[row.pk])
    assert browse("petra").post(url, {"text": "Whose card?", "hours": "24"}).status_code == 302
    with rich.scope():
        told = OutboxItem.objects.filter(
            topic="operations.notify", payload__reference=row.reference
        )
        assert not told.exists()


def test_compliance_holds_and_releases_and_only_they_read_why(
    rich: Brokerage, browse: Browse
) -> None:
    row = rich.withdraw("400.00")
    carla = browse("carla")
    hold = reverse("payments:withdrawal-hold", args=[row.pk])
    assert browse("petra").get(hold).status_code == 403
    form = {"reason": "Layering FX08", "client_text": "We are checking."}
    assert carla.post(hold, form).status_code == 302
    page = _text(browse("petra"), reverse("payments:withdrawal-decide", args=[row.pk]))
    assert "Held by compliance" in page
    assert "Layering" not in page
    with rich.scope():
        release = reverse("payments:hold-release", args=[PaymentHold.objects.get().pk])
    assert carla.post(release, {"reason": "explained"}).status_code == 302
    assert rich.outgoing(row).state == "review"


def test_a_mismatch_is_credited_from_its_page(shop: Brokerage, browse: Browse) -> None:
    deposit = shop.deposit("100.00")
    shop.pays(deposit, amount="70.00")
    pavel = browse("pavel")
    page = _text(pavel, reverse("payments:deposit-decide", args=[deposit.pk]))
    assert "70.00 EUR arrived instead of 100.00 EUR." in page
    url = reverse("payments:deposit-credit", args=[deposit.pk])
    assert pavel.post(url, {"reason": ""}).status_code == 422
    assert shop.wallet() == 0
    assert pavel.post(url, {"reason": "confirmed by phone"}).status_code == 302
    assert shop.wallet() == 70


def test_the_client_page_shows_the_books_and_the_movements(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("400.00")
    page = _text(browse("pavel"), reverse("clients:tab", args=[rich.client.pk, "money"]))
    for words in ("1,000.00", "400.00", "600.00", row.reference, "New withdrawal", "•• 4242"):
        assert words in page, words


def test_a_destination_is_approved_by_another_than_who_added_it(
    shop: Brokerage, browse: Browse
) -> None:
    with shop.scope():
        row = destination_add(
            actor=shop.actor, client=shop.client, kind="bank", holder="Anna Eriksson",
            number="DE89 3704 0044 0532 0130 00",
        )  # fmt: skip
    url = reverse("payments:destination-approve", args=[row.pk])
    browse("pavel").post(url)
    with shop.scope():
        assert Destination.objects.get().state == "new"
    browse("petra").post(url)
    with shop.scope():
        assert Destination.objects.get().state == "approved"


def test_the_setup_page_says_what_is_missing(shop: Brokerage, browse: Browse) -> None:
    petra = browse("petra")
    assert "It was never reached; test it." in _text(petra, reverse("payments:setup"))
    petra.post(reverse("payments:gateway-test", args=[shop.gateway.pk]))
    shop.work()
    assert "Works" in _text(petra, reverse("payments:setup"))
    shop.server_away()
    petra.post(reverse("payments:gateway-test", args=[shop.gateway.pk]))
    shop.work()
    assert "The last contact failed" in _text(petra, reverse("payments:setup"))


def test_a_gateway_secret_is_never_shown(shop: Brokerage, browse: Browse) -> None:
    page = _text(browse("petra"), reverse("payments:gateway", args=[shop.gateway.pk]))
    assert "a secret between" not in page


def test_the_lists_find_by_state_method_and_amount(rich: Brokerage, browse: Browse) -> None:
    small, large = rich.withdraw("50.00"), rich.withdraw("500.00")
    url = reverse("payments:withdrawal-list")
    pavel = browse("pavel")
    page = _text(pavel, f"{url}?segment=all&least=100")
    assert large.reference in page
    assert small.reference not in page
    assert small.reference in _text(pavel, f"{url}?segment=decide&method={rich.card.pk}")
    assert small.reference not in _text(pavel, f"{url}?segment=all&state=paid")


def test_the_list_leads_who_may_decide_straight_to_the_decision(
    rich: Brokerage, browse: Browse
) -> None:
    row, done = rich.withdraw("50.00"), rich.withdraw("60.00")
    browse("petra").post(
        reverse("payments:withdrawal-reject", args=[done.pk]), {"reason": "other", "note": "no"}
    )
    url = f"{reverse('payments:withdrawal-list')}?segment=all"
    record = f'href="{reverse("payments:withdrawal", args=[row.pk])}" data-open'
    decide = f'href="{reverse("payments:withdrawal-decide", args=[row.pk])}">Decide</a>'
    page = _text(browse("petra"), url)
    assert (record in page, decide in page, page.count(">Decide</a>")) == (True, True, 1)
    looks = _text(browse("carla"), url)  # she may look, and decides no payments
    assert (record in looks, "Next step" in looks, ">Decide</a>" in looks) == (True, False, False)


def test_search_finds_a_payment_by_its_reference(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("50.00")
    page = _text(browse("pavel"), f"/search/?q={row.reference}")
    assert f"/money/withdrawals/{row.pk}/" in page


def test_another_brokerage_opens_none_of_it(rich: Brokerage, browse: Browse) -> None:
    row = rich.withdraw("50.00")
    zoe = browse("zoe")
    for name in ("withdrawal", "withdrawal-decide", "withdrawal-reject"):
        assert zoe.get(reverse(f"payments:{name}", args=[row.pk])).status_code == 404
    assert zoe.post(reverse("payments:withdrawal-approve", args=[row.pk])).status_code == 404
    form = {"method": rich.card.pk, "amount": "10", "currency": "GBP"}
    url = reverse("payments:deposit-new", args=[rich.client.pk])
    assert zoe.post(url, form).status_code == 404
    assert rich.outgoing(row).amount == Decimal(50)
