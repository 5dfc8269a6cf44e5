"""Identity checks at vendors: started on a case, answered by signed messages, deciding nothing."""

import hmac
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.core.errors import StateConflict
from kyc.approvals import case_send, case_vote
from kyc.guards import why_not_send
from kyc.models import CheckOutcome, VendorCheck, VendorMessage
from kyc.states import CaseState, VendorState
from kyc.vendors import services
from kyc.vendors.accounts import adapter_for, body_of, health, opened
from kyc.vendors.setup import vendor_change
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import accept_all, approved, fresh, in_review, submitted
from tests.kyc.vendor_shop import SECRET, VendorShop

Browse = Callable[[str], Client]

S = VendorMessage.State


def test_a_check_is_started_and_its_link_is_given(vendor: VendorShop, house: Brokerage) -> None:
    case = in_review(house)
    check = vendor.start(case)
    assert check.state == VendorState.OPEN
    assert check.url.endswith(f"/verify/{check.vendor_ref}")
    assert vendor.person(check).reference == str(check.pk)
    assert vendor.answer(case).outcome == CheckOutcome.WAITING
    assert health(vendor.light()).word == "Works"


def test_a_pass_answers_the_check_and_approves_nobody(vendor: VendorShop, house: Brokerage) -> None:
    case = in_review(house)
    check = vendor.start(case)
    assert vendor.say(check, "approved") == 200
    assert vendor.fresh(check).state == VendorState.PASSED
    assert vendor.answer(case).outcome == CheckOutcome.CLEAR
    assert fresh(house, case).state == CaseState.IN_REVIEW
    assert [message.state for message in vendor.messages()] == [S.APPLIED]


def test_a_late_red_after_a_green_wins(vendor: VendorShop, house: Brokerage) -> None:
    case = in_review(house)
    check = vendor.start(case)
    vendor.say(check, "approved", minutes_ago=30)
    vendor.say(check, "declined", minutes_ago=1)
    assert vendor.fresh(check).state == VendorState.FAILED
    assert vendor.answer(case).outcome == CheckOutcome.HIT
    assert fresh(house, case).state == CaseState.ESCALATED


def test_what_arrives_out_of_order_is_ordered_by_the_vendors_clock(
    vendor: VendorShop, house: Brokerage
) -> None:
    """A green said before the red and delivered after it changes nothing. Onfido's messages name
    the run alone: what it says when it is asked holds."""
    case = in_review(house)
    check = vendor.start(case)
    person = vendor.person(check)
    if vendor.kind == "onfido":
        vendor.box.faults.arm("late", person.reference)
        vendor.say(check, "approved", minutes_ago=30)
        vendor.say(check, "declined", minutes_ago=1)
        vendor.box.outgoing.release()
        vendor.box.pump()
        house.work()
    else:
        vendor.say(check, "declined", minutes_ago=1)
        vendor.say(check, "approved", minutes_ago=30)
    assert vendor.fresh(check).state == VendorState.FAILED
    assert vendor.answer(case).outcome == CheckOutcome.HIT
    assert vendor.messages()[-1].state == S.STALE


def test_a_replayed_message_is_known_and_stored_once(vendor: VendorShop, house: Brokerage) -> None:
    check = vendor.start(in_review(house))
    vendor.say(check, "approved")
    (url, headers, body), *_ = vendor.posted.sent
    assert vendor.posted.post(url, headers, body) == 200
    assert house.work() == 0
    assert len(vendor.messages()) == 1


def test_a_forged_message_is_refused_and_leaves_a_count_alone(
    vendor: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    check = vendor.start(case)
    vendor.say(check, "declined")
    (url, headers, body), *_ = vendor.posted.sent
    forged = body.replace(b"declined", b"approved").replace(b"RED", b"GREEN") + b" "
    assert vendor.posted.post(url, headers, forged) == 401
    unsigned = {"Content-Type": "application/json"}
    assert vendor.posted.post(url, unsigned, body) == 401
    assert vendor.posted.post(url.rstrip("/") + "x/", headers, body) == 404
    assert vendor.light().bad_signatures == 2
    assert len(vendor.messages()) == 1
    assert vendor.answer(case).outcome == CheckOutcome.HIT


def test_the_raw_bytes_are_kept_sealed(vendor: VendorShop, house: Brokerage) -> None:
    check = vendor.start(in_review(house))
    vendor.say(check, "approved")
    (_, headers, body), *_ = vendor.posted.sent
    (message,) = vendor.messages()
    assert check.vendor_ref.encode() not in bytes(message.body)
    with house.as_("carla"):
        assert body_of(message) == body
    kept = {name.lower() for name in message.headers}
    assert kept >= {name.lower() for name in headers}


def test_a_secret_is_changed_without_a_gap(vendor: VendorShop, house: Brokerage) -> None:
    """The old secret holds for another day; then only the new one does."""
    check = vendor.start(in_review(house))
    with house.as_("adam") as adam:
        vendor_change(
            actor=adam,
            account=vendor.account,
            active=True,
            base_url=vendor.account.base_url,
            key_id=vendor.account.key_id,
            template=vendor.account.template,
            secret="another webhook secret",
        )
    assert vendor.say(check, "declined", minutes_ago=9) == 200
    vendor.box.accounts["aurora at the vendor"].secrets.append("another webhook secret")
    assert vendor.say(check, "approved", minutes_ago=8) == 200
    with house.as_("carla"):
        row = vendor.light()
        assert row.previous_secret_until is not None
        row.previous_secret_until -= timedelta(hours=25)
        row.save(update_fields=["previous_secret_until"])
        assert opened(row).secrets == ("another webhook secret",)
    vendor.box.accounts["aurora at the vendor"].secrets = [SECRET]
    assert vendor.say(check, "declined", minutes_ago=7) == 401
    assert vendor.fresh(check).state == VendorState.PASSED


def test_a_red_after_the_approval_has_the_client_looked_at_again(
    sumsub: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    check = sumsub.start(case)
    sumsub.say(check, "approved", minutes_ago=5)
    accept_all(house, case)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    sumsub.say(check, "declined", reason="forgery")
    case = fresh(house, case)
    assert case.state == CaseState.PERIODIC_REVIEW_DUE
    assert sumsub.answer(case).summary == "Sumsub: failed, forgery"


def test_a_case_waits_in_screening_for_a_check_that_was_started(
    sumsub: VendorShop, house: Brokerage
) -> None:
    case = submitted(house)
    check = sumsub.start(case)
    assert fresh(house, case).state == CaseState.SCREENING
    sumsub.say(check, "retry", reason="blurred")
    assert sumsub.fresh(check).reason == "the client is asked to do it again: blurred"
    assert fresh(house, case).state == CaseState.SCREENING
    sumsub.say(check, "approved")
    assert fresh(house, case).state == CaseState.IN_REVIEW


def test_nothing_is_sent_to_approval_while_the_vendor_has_not_passed_the_client(
    sumsub: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    accept_all(house, case)
    check = sumsub.start(case)
    with house.as_("carla") as carla:
        assert "Identity check" in why_not_send(carla, fresh(house, case))
    sumsub.say(check, "approved")
    with house.as_("carla") as carla:
        assert why_not_send(carla, fresh(house, case)) == ""


def test_a_vendor_that_breaks_is_asked_again_and_a_refusing_one_is_given_up(
    sumsub: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    sumsub.box.faults.arm("error_500", times=1)
    with house.as_("carla") as carla:
        check = services.identity_start(actor=carla, case=case, account=sumsub.account)
    house.work()
    assert sumsub.fresh(check).state == VendorState.STARTING
    assert health(sumsub.light()).word == "Failing"
    with house.as_("carla") as carla, pytest.raises(StateConflict, match="being started"):
        services.identity_start(actor=carla, case=case, account=sumsub.account)


def test_a_key_that_the_vendor_refuses_is_said_on_the_case(
    sumsub: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    sumsub.box.accounts["aurora at the vendor"].api_key = "another one"
    check = sumsub.start(case)
    assert check.state == VendorState.LOST
    assert sumsub.answer(case).outcome == CheckOutcome.ERROR
    assert "It refused our key." in sumsub.answer(case).summary


def test_a_message_about_a_stranger_is_kept_for_a_person(
    sumsub: VendorShop, house: Brokerage
) -> None:
    stranger = sumsub.box.person_make("aurora at the vendor", "someone else")
    sumsub.box.decide(stranger, "approved")
    sumsub.box.pump()
    house.work()
    (message,) = sumsub.messages()
    assert (message.state, message.note) == (
        S.REFUSED,
        "No check of ours has this name at the vendor.",
    )


def test_a_word_that_is_faster_than_the_answer_to_our_start_is_heard_after_it(
    vendor: VendorShop, house: Brokerage
) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        check = services.identity_start(actor=carla, case=case, account=vendor.account)
        started = adapter_for(vendor.account).start(
            opened(vendor.account), services.person_of(check)
        )
    # Its answer is still on the way to us when the vendor has decided.
    vendor.box.decide(vendor.box.person(started.vendor_ref), "declined")
    vendor.box.pump()
    (message,) = vendor.messages()
    with house.as_("carla") as actor:
        about = services.message_question(message)
        told = adapter_for(vendor.account).fetch(opened(vendor.account), about) if about else None
        kept = services.message_process(actor=actor, message_id=message.pk, told=told)
        assert kept.state == S.REFUSED
        services.identity_started(actor=actor, check_id=check.pk, started=started)
    while house.work():
        pass
    assert vendor.fresh(check).state == VendorState.FAILED
    assert vendor.answer(case).outcome == CheckOutcome.HIT
    assert [each.state for each in vendor.messages()] == [S.APPLIED]


def test_sumsub_signed_with_sha1_is_refused(sumsub: VendorShop, house: Brokerage) -> None:
    check = sumsub.start(in_review(house))
    sumsub.say(check, "declined")
    (url, _, body), *_ = sumsub.posted.sent
    digest = hmac.new(SECRET.encode(), body, "sha1").hexdigest()
    headers = {"X-Payload-Digest": digest, "X-Payload-Digest-Alg": "HMAC_SHA1_HEX"}
    assert sumsub.posted.post(url, headers, body) == 401


def test_the_case_page_starts_a_check_and_shows_what_came_of_it(
    sumsub: VendorShop, house: Brokerage, browse: Browse
) -> None:
    case = in_review(house)
    carla, page = browse("carla"), reverse("kyc:case", args=[case.pk])
    assert "Start a check" in carla.get(page).content.decode()
    key = re.findall(r'name="form_key" value="(\w+)"', carla.get(page).content.decode())[0]
    given = {"account": str(sumsub.account.pk), "form_key": key}
    url = reverse("kyc:identity-start", args=[case.pk])
    for _ in range(2):
        assert carla.post(url, given).status_code == 302
    with house.as_("carla"):
        assert VendorCheck.objects.count() == 1
    house.work()
    text = carla.get(page).content.decode()
    assert "Copy the client's link" in text
    assert "With the client" in text


def test_the_vendors_page_shows_a_light_and_never_a_secret(
    sumsub: VendorShop, house: Brokerage, browse: Browse
) -> None:
    house.work()
    adam = browse("adam")
    text = adam.get(reverse("kyc:vendors")).content.decode()
    assert "Works" in text
    page = adam.get(reverse("kyc:vendor", args=[sumsub.account.pk])).content.decode()
    assert SECRET not in page
    assert sumsub.url in page
    given = {"kind": "persona", "name": "Persona", "secret": "short"}
    answer = adam.post(reverse("kyc:vendor-new"), given)
    assert answer.status_code == 422
    assert "It has at least 16 characters." in answer.content.decode()


def test_an_approved_case_takes_no_new_check(sumsub: VendorShop, house: Brokerage) -> None:
    case = approved(house)
    with house.as_("carla") as carla, pytest.raises(StateConflict, match="The case is approved"):
        services.identity_start(actor=carla, case=case, account=sumsub.account)
