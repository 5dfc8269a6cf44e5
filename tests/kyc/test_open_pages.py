"""The queue, the review page and its decisions, through the addresses that people use."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client as Browser

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.tenancy.scope import tenant_scope
from clients.services import client_update
from kyc.checks import CheckAnswer
from kyc.guards import why_not_send
from kyc.models import CheckOutcome, KycCase
from kyc.services import check_answer
from tests.clients.factories import make_lead, paper
from tests.kyc.conftest import Brokerage, Screening
from tests.kyc.factories import (
    accept_all,
    approved,
    fresh,
    hand_in,
    in_review,
    passport_zone,
    sent,
    submitted,
)
from tests.world import STRANGER, load_world

Browse = Callable[[str], Browser]


def _messages(answer: Any) -> list[str]:
    from django.contrib.messages import get_messages

    return [str(message) for message in get_messages(answer.wsgi_request)]


def _text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_queue_is_empty_with_a_sentence_then_shows_what_waits(
    house: Brokerage, browse: Browse
) -> None:
    carla = browse("carla")
    assert "No case waits for a person" in _text(carla, "/kyc/")
    case = in_review(house)
    text = _text(carla, "/kyc/")
    assert case.reference in text
    assert "Anna Eriksson" in text
    assert case.reference not in _text(browse("zoe"), "/kyc/")
    assert browse("pavel").get("/kyc/").status_code == 403


def test_the_review_page_shows_paper_reading_hits_and_what_is_open(
    house: Brokerage, browse: Browse, screening: Screening
) -> None:
    screening.answer = CheckAnswer(
        CheckOutcome.HIT,
        "1 hit, 0.91",
        [{"title": "ERIKSSON, <Ann>", "score": 0.91, "detail": "name 0.95", "features": []}],
        "/compliance/hits/1/",
    )
    case = in_review(house)
    text = _text(browse("carla"), f"/kyc/{case.pk}/")
    for wanted in (
        case.reference,
        "a check has a hit",
        "ERIKSSON, &lt;Ann&gt;",
        "/compliance/hits/1/",
        "handed in, to be decided",
        "this view is recorded",
        "data-viewer",
        "Decide the hits first",
    ):
        assert wanted in text, wanted
    with house.as_("carla"):
        assert AuditEntry.objects.filter(action="kyc.viewed", subject_id=case.pk).count() == 1


def test_a_pdf_stands_in_a_frame_and_only_this_page_may_frame(
    house: Brokerage, browse: Browse
) -> None:
    case = in_review(house)
    with house.as_("sam") as sam:
        from tests.clients.factories import make_document

        document = make_document(sam, case.client, "utility_bill", paper(2), "bill.pdf")
    answer = browse("carla").get(f"/kyc/{case.pk}/?document={document.pk}")
    assert f'<iframe class="viewer-frame" src="/documents/{document.pk}/file/"' in (
        answer.content.decode()
    )
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    assert "frame-src" not in browse("carla").get("/kyc/")["Content-Security-Policy"]


def test_who_may_not_see_data_sees_whether_it_agrees_and_not_what_it_says(
    house: Brokerage, browse: Browse
) -> None:
    from backoffice.staff.models import Role

    case = in_review(house)
    with house.as_("carla"):
        group = Role.objects.get(code="compliance-officer").group
        full = group.permissions.get(codename="view_full_data")
        group.permissions.remove(full)
    text = _text(browse("carla"), f"/kyc/{case.pk}/")
    group.permissions.add(full)
    assert "1974-08-12" not in text
    assert "•••••" in text


def test_a_whole_case_by_hand_from_the_clients_page_to_the_second_signature(
    house: Brokerage, browse: Browse
) -> None:
    with house.as_("sam") as sam:
        client = make_lead(sam)
    hand_in(house, client, "passport")
    carla, miles = browse("carla"), browse("miles")
    opened = carla.post(f"/clients/{client.pk}/kyc/open/", {"level": "1"})
    page = opened["Location"]
    carla.post(f"{page}submit/")
    house.work()
    with house.as_("carla"):
        document = client.documents.get()
    zone = {"zone": passport_zone("L898902C3")}
    carla.post(f"{page}documents/{document.pk}/zone/", zone)
    assert "MRZ digits hold" in _text(carla, page)
    assert "still to be decided" in _text(carla, page)
    carla.post(f"{page}documents/{document.pk}/accept/")
    said = _messages(carla.post(f"{page}send/"))[-1]
    assert said == f"K-{today().year}-000001 waits for the approval of a colleague."
    assert "You asked for it; someone else decides." in _text(carla, page)
    assert "Waits for approval" in _text(miles, page)
    done = miles.post(f"{page}approve/")
    assert (done.status_code, done["Location"]) == (302, "/kyc/")
    with house.as_("carla"):
        client.refresh_from_db()
        assert (client.state, client.level) == ("active", 1)
    assert "Approved" in _text(carla, page)
    assert "Identified" in _text(carla, f"/clients/{client.pk}/kyc/")


def test_after_a_decision_the_next_item_opens_by_itself(house: Brokerage, browse: Browse) -> None:
    first = in_review(house)
    second = in_review(house, email="two@mail.example", last_name="Berg")
    answer = browse("carla").post(f"/kyc/{first.pk}/reject/", {"reason": "country"})
    assert answer["Location"] == f"/kyc/{second.pk}/"


@pytest.mark.parametrize(
    ("verb", "data", "sentence"),
    [
        ("reject", {}, "Choose a reason from the list."),
        ("reject", {"reason": "because"}, "because is not one of the available choices"),
        ("ask", {"reason": "blurred"}, "blurred is not one of the available choices"),
        ("escalate", {"reason": ""}, "This field is required."),
        ("risk", {"band": "tiny", "reason": "x"}, "tiny is not one of the available choices"),
        ("risk", {"band": "low", "reason": " "}, "This field is required."),
        ("return", {"reason": "done"}, "It is in review."),
        ("unfreeze", {"reason": "x", "target": "approved"}, "approved is not one of"),
        ("suspend", {"reason": "x"}, "It is in review."),
    ],
)
def test_a_form_with_mistakes_comes_back_with_its_sentence_and_nothing_moves(
    house: Brokerage, browse: Browse, verb: str, data: dict[str, str], sentence: str
) -> None:
    case = in_review(house)
    answer = browse("carla").post(f"/kyc/{case.pk}/{verb}/", data)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert fresh(house, case).state == "in_review"


def test_a_refusal_shows_the_words_that_the_client_will_read(
    house: Brokerage, browse: Browse
) -> None:
    case = in_review(house, language="de")
    with house.as_("carla"):
        document = case.client.documents.get()
    path = f"/kyc/{case.pk}/documents/{document.pk}/refuse/"
    assert "Das Bild ist nicht scharf genug." in _text(browse("carla"), path)
    assert browse("carla").post(path, {"reason": "blurred"}).status_code == 302
    with house.as_("carla"):
        document.refresh_from_db()
        assert (document.state, document.decided_by) == ("refused", "Carla")


def test_another_clients_paper_is_not_found_in_a_case(house: Brokerage, browse: Browse) -> None:
    case = in_review(house)
    other = in_review(house, email="two@mail.example", last_name="Berg")
    with house.as_("carla"):
        document = other.client.documents.get()
    path = f"/kyc/{case.pk}/documents/{document.pk}/accept/"
    assert browse("carla").post(path).status_code == 404
    with house.as_("carla"):
        document.refresh_from_db()
        assert document.state == "uploaded"


def test_a_zone_that_is_none_gets_a_sentence(house: Brokerage, browse: Browse) -> None:
    case = in_review(house)
    with house.as_("carla"):
        document = case.client.documents.get()
    path = f"/kyc/{case.pk}/documents/{document.pk}/zone/"
    [message] = _messages(browse("carla").post(path, {"zone": "P<UTO"}))
    assert message.startswith("A zone has 2 lines of 44 or 36 characters")


def test_a_reviewer_without_the_right_to_approve_is_told_so(
    house: Brokerage, browse: Browse
) -> None:
    case = sent(house)
    [message] = _messages(browse("olivia").post(f"/kyc/{case.pk}/approve/"))
    assert message == "The step that is left needs a right that you don't hold."
    assert browse("sam").post(f"/kyc/{case.pk}/approve/").status_code == 403
    assert fresh(house, case).state == "pending_approval"


def test_a_stale_page_gets_a_clear_sentence(house: Brokerage, browse: Browse) -> None:
    case = sent(house)
    browse("miles").post(f"/kyc/{case.pk}/approve/")
    [message] = _messages(browse("adam").post(f"/kyc/{case.pk}/approve/"))
    assert message == f"{case.reference} is approved by Miles. Nothing was done."


def test_what_changed_since_it_was_sent_is_shown_and_then_not_approved(
    house: Brokerage, browse: Browse
) -> None:
    case = sent(house)
    with house.as_("sam") as sam:
        client_update(actor=sam, client=case.client, address="2 Other Street, Paphos")
    text = _text(browse("miles"), f"/kyc/{case.pk}/")
    assert '<span class="changed">2 Other Street, Paphos</span>' in text
    [message] = _messages(browse("miles").post(f"/kyc/{case.pk}/approve/"))
    assert "changed after it was sent. Nothing was approved" in message
    assert fresh(house, case).state == "in_review"


def test_someone_elses_item_says_so_before_a_click(house: Brokerage, browse: Browse) -> None:
    from backoffice.workflow.queues import item_claim, item_for

    case = in_review(house)
    with house.as_("miles") as miles:
        item = item_for(miles, "kyc", case.pk)
        assert item is not None
        item_claim(actor=miles, item=item)
    assert "Miles is working on this." in _text(browse("carla"), f"/kyc/{case.pk}/")


def test_every_state_of_a_case_has_a_page(house: Brokerage, browse: Browse) -> None:
    case = approved(house)
    carla = browse("carla")
    path = f"/kyc/{case.pk}/"
    for verb, state in (
        ("freeze", "Frozen"),
        ("unfreeze", "Frozen"),
    ):
        data = {"reason": "x", "target": "offboarding"}
        assert carla.post(f"{path}{verb}/", data).status_code == 302
        assert state in _text(carla, path)
    assert _messages(browse("miles").post(f"{path}approve/"))[0].endswith("is offboarding.")
    assert carla.post(f"{path}close/", {"reason": "left"}).status_code == 302
    assert "Closed" in _text(carla, path)


def test_the_levels_are_listed_with_what_they_ask(house: Brokerage, browse: Browse) -> None:
    text = _text(browse("carla"), "/kyc/levels/")
    assert "Proof of address" in text
    assert "2 Verified" in text
    assert "No levels yet" in _text(browse("zoe"), "/kyc/levels/")


def test_two_officers_who_approve_at_the_same_moment_approve_once(
    committed: None, screening: Screening
) -> None:
    """On two real connections: one approves, the other one hears who was first."""
    house = Brokerage(load_world())
    case = sent(house)
    start = Barrier(2)

    def vote(name: str) -> str:
        try:
            browser = Browser()
            browser.force_login(house.world.user(name))
            start.wait()
            return _messages(browser.post(f"/kyc/{case.pk}/approve/"))[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        heard = sorted(pool.map(vote, ["miles", "adam"]), key=len)
    assert heard[0] == f"{case.reference} is approved."
    assert heard[1].startswith(f"{case.reference} is approved by ")
    with tenant_scope(house.world.aurora.pk):
        assert KycCase.objects.get(pk=case.pk).state == "approved"
        assert AuditEntry.objects.filter(action="clients.level_set").count() == 1


def test_a_queue_page_costs_the_same_with_many_cases(
    house: Brokerage, browse: Browse, django_assert_num_queries: Callable[..., Any]
) -> None:
    in_review(house)
    carla = browse("carla")
    carla.get("/kyc/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        carla.get("/kyc/")
    for number in range(4):
        case = in_review(house, email=f"{number}@mail.example", last_name=f"Berg {number}")
        accept_all(house, case)
    with django_assert_num_queries(len(few)):
        carla.get("/kyc/")


def test_a_page_that_waits_for_the_machine_is_told_when_to_refresh(
    house: Brokerage, browse: Browse
) -> None:
    case = submitted(house)
    carla = browse("carla")
    assert "this page follows" in _text(carla, f"/kyc/{case.pk}/")
    asks = f"/live/?subject={case.pk}&state=screening"
    assert carla.get(asks).status_code == 204
    house.work()
    told = carla.get(asks)
    assert (told.status_code, told["HX-Refresh"]) == (200, "true")
    assert "this page follows" not in _text(carla, f"/kyc/{case.pk}/")
    assert carla.get("/live/?subject=nonsense&state=screening").status_code == 404
    # Another brokerage's people learn nothing, not even that there is such a case.
    assert browse(STRANGER).get(asks).status_code == 204


def test_an_undated_bill_is_not_called_too_old(house: Brokerage) -> None:
    case = submitted(house, level=2)
    with house.as_("carla") as carla:
        case.client.documents.filter(type="utility_bill").update(issued_on=None)
    house.work()
    accept_all(house, case)
    with house.as_("carla") as carla:
        why = why_not_send(carla, fresh(house, case))
    assert why == "Not met: Proof of address (its date of issue is not typed in yet)"


def test_after_due_diligence_the_case_stays_with_the_reviewer(
    house: Brokerage, browse: Browse
) -> None:
    in_review(house)
    case = in_review(house, email="second@mail.example", last_name="Second")
    carla = browse("carla")
    carla.post(f"/kyc/{case.pk}/escalate/", {"reason": "Large means"})
    answer = carla.post(f"/kyc/{case.pk}/return/", {"reason": "Explained by a sale"})
    assert answer.headers["Location"] == f"/kyc/{case.pk}/"


def test_a_page_that_someone_works_on_says_when_the_case_moved_on_and_keeps_what_is_typed(
    house: Brokerage, browse: Browse, screening: Screening
) -> None:
    screening.answer = CheckAnswer(CheckOutcome.HIT, "1 to be decided")
    case, carla = in_review(house), browse("carla")

    def asked_by(page: str) -> str:
        found = re.search(r'hx-get="(/live/\?[^"]+seen=[^"]*)"', page)
        assert found is not None
        return found[1].replace("&amp;", "&")

    asks = asked_by(_text(carla, f"/kyc/{case.pk}/"))
    _text(browse("miles"), f"/kyc/{case.pk}/")  # who only looks changes nothing
    assert carla.get(asks).status_code == 204
    with house.as_("carla") as officer:
        check_answer(actor=officer, case=case, name="screening", outcome=CheckOutcome.CLEAR)
    told = carla.get(asks)
    assert told.status_code == 286  # htmx shows it and asks no more
    assert "This has changed since you opened it." in told.content.decode()
    assert "HX-Refresh" not in told
    assert carla.get(asked_by(_text(carla, f"/kyc/{case.pk}/"))).status_code == 204


def test_the_list_of_approvals_says_where_from_and_how_risky_the_client_is(
    house: Brokerage, browse: Browse
) -> None:
    sent(house, residence="SE")
    assert "Sweden, low risk" in _text(browse("miles"), "/approvals/")
