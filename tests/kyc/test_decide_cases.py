"""A case from its opening to a decision of two people, and everything that stops it."""

import pytest

from backoffice.audit.models import AuditEntry
from backoffice.core.errors import (
    FourEyes,
    InvalidInput,
    NotPermitted,
    OutsideError,
    StateConflict,
)
from backoffice.workflow.models import OutboxItem, Transition
from backoffice.workflow.queues import item_for
from clients import services as clients_services
from clients.models import Client, ClientAction
from clients.selectors import allowed
from kyc import reviews, selectors, services
from kyc.approvals import case_send, case_vote, unfreeze_ask
from kyc.checks import CheckAnswer
from kyc.errors import NotReady
from kyc.models import CheckOutcome, DocumentDecision, KycCase
from tests.clients.factories import make_document, make_lead
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

HIT = CheckAnswer(
    CheckOutcome.HIT,
    "1 hit, 0.91",
    [{"title": "ERIKSSON, Ann", "score": 0.91, "detail": "name 0.95, birth year equal"}],
    "/compliance/hits/1/",
)


def test_the_whole_way_gives_level_rights_history_and_a_next_review(house: Brokerage) -> None:
    case = approved(house, level=2)
    with house.as_("carla"):
        row = KycCase.objects.select_related("client").get(pk=case.pk)
        assert (row.state, row.reviewer, row.decided_by) == ("approved", "Carla", "Miles")
        assert row.review_due_on is not None
        client = row.client
        assert (client.state, client.level) == ("active", 2)
        assert all(verdict.ok for verdict in allowed(client).values())
        moves = Transition.objects.filter(subject_id=case.pk).order_by("id")
        assert [move.target for move in moves] == [
            "draft",
            "submitted",
            "screening",
            "in_review",
            "pending_approval",
            "approved",
        ]
        assert item_for(house.world.actor("carla"), "kyc", case.pk) is None
        told = OutboxItem.objects.filter(topic="operations.notify", subject_id=client.pk)
        assert [item.payload["template"] for item in told] == ["kyc.approved"]
        level_set = AuditEntry.objects.get(action="clients.level_set")
        assert level_set.actor_name == "Miles"


def test_a_case_waits_in_screening_until_every_check_has_answered(
    house: Brokerage, screening: Screening
) -> None:
    screening.answer = None
    case = submitted(house)
    house.work()
    assert (fresh(house, case).state, screening.asked) == ("screening", 1)
    with house.as_("carla") as carla:
        assert item_for(carla, "kyc", case.pk) is None
        row = services.check_answer(actor=carla, case=case, name="screening", outcome="clear")
        assert row.state == "in_review"
        assert item_for(carla, "kyc", case.pk) is not None


def test_a_hit_escalates_and_only_its_decision_lets_the_case_on(
    house: Brokerage, screening: Screening
) -> None:
    screening.answer = HIT
    case = in_review(house)
    assert (case.state, case.escalation) == ("escalated", "a check has a hit")
    with house.as_("carla") as carla:
        item = item_for(carla, "kyc", case.pk)
        assert item is not None
        assert item.urgent
        with pytest.raises(NotReady, match="Decide the hits first: 1 hit, 0.91"):
            services.case_return(actor=carla, case=case, reason="looks fine")
        services.check_answer(actor=carla, case=case, name="screening", outcome="clear")
        row = services.case_return(actor=carla, case=case, reason="another birth date")
        assert row.state == "in_review"


def test_a_check_that_fails_says_so_and_can_be_asked_again(
    house: Brokerage, screening: Screening
) -> None:
    screening.error = OutsideError("the list server is away", permanent=True)
    case = in_review(house)
    with house.as_("carla") as carla:
        check = selectors.checks_of(case)[0]
        assert (case.state, check.outcome) == ("in_review", "error")
        assert check.summary == "It did not answer: the list server is away"
        accept_all(house, case)
        with pytest.raises(NotReady, match="Not met: Screening"):
            case_send(actor=carla, case=case)
        screening.error = None
        services.check_ask_again(actor=carla, case=case, name="screening")
    house.work()
    with house.as_("carla"):
        assert selectors.checks_of(case)[0].outcome == "clear"


def test_nothing_is_submitted_before_everything_is_handed_in(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        client = make_lead(carla, birth_date=None)
        case = services.case_open(actor=carla, client=client, level=1)
        with pytest.raises(NotReady) as caught:
            services.case_submit(actor=carla, case=case)
    assert caught.value.sentence == (
        "Still open: Particulars (missing: birth date), Identity document (not handed in)"
    )
    assert fresh(house, case).state == "draft"


def test_a_case_with_an_undecided_or_refused_paper_is_not_sent(house: Brokerage) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        with pytest.raises(NotReady, match="One document is still to be decided"):
            case_send(actor=carla, case=case)
        document = case.client.documents.get()
        with pytest.raises(InvalidInput):
            reviews.document_decide(
                actor=carla, case=case, document=document, accepted=False, reason="made up"
            )
        reviews.document_decide(
            actor=carla, case=case, document=document, accepted=False, reason="blurred"
        )
        with pytest.raises(NotReady, match=r"Identity document \(refused: blurred\)"):
            case_send(actor=carla, case=case)
        decision = DocumentDecision.objects.get()
        assert decision.client_text.startswith("The picture is not sharp enough")


def test_the_reviewer_does_not_approve_and_neither_does_who_lacks_the_right(
    house: Brokerage,
) -> None:
    case = sent(house)
    with house.as_("carla") as carla, pytest.raises(FourEyes):
        case_vote(actor=carla, case=case, approves=True)
    with house.as_("sam") as sam, pytest.raises(NotPermitted):
        case_vote(actor=sam, case=case, approves=True)
    assert fresh(house, case).state == "pending_approval"
    assert fresh(house, case).client.level == 0


def test_whoever_rated_the_risk_neither_sends_nor_approves(house: Brokerage) -> None:
    case = in_review(house)
    accept_all(house, case)
    with house.as_("miles") as miles:
        reviews.risk_rate(actor=miles, case=case, band="medium", reason="cash business")
        with pytest.raises(NotReady, match="You set the risk by hand"):
            case_send(actor=miles, case=case)
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles, pytest.raises(FourEyes):
        case_vote(actor=miles, case=case, approves=True)
    with house.as_("adam") as adam:
        row, _ = case_vote(actor=adam, case=case, approves=True)
        assert (row.state, row.client.level) == ("approved", 1)


def test_high_risk_and_politically_exposed_clients_need_the_right_for_them(
    house: Brokerage,
) -> None:
    case = in_review(house)
    accept_all(house, case)
    with house.as_("adam") as adam:
        clients_services.client_set_risk(
            actor=house.world.system(), client=case.client, band="low", politically_exposed=True
        )
        case_send(actor=adam, case=fresh(house, case))
    with house.as_("miles") as miles:
        from dataclasses import replace

        lesser = replace(miles, permissions=miles.permissions - {"kyc.approve_high_risk"})
        with pytest.raises(NotPermitted):
            case_vote(actor=lesser, case=case, approves=True)
        row, _ = case_vote(actor=miles, case=case, approves=True)
        assert row.state == "approved"


def test_a_politically_exposed_client_is_escalated_by_screening(house: Brokerage) -> None:
    case = submitted(house)
    with house.as_("adam"):
        clients_services.client_set_risk(
            actor=house.world.system(), client=case.client, band="high", politically_exposed=True
        )
    house.work()
    assert fresh(house, case).escalation == "politically exposed, risk is high"


def test_what_changed_after_it_was_sent_is_not_approved(house: Brokerage) -> None:
    case = sent(house)
    with house.as_("sam") as sam:
        clients_services.client_update(actor=sam, client=case.client, last_name="Other")
    with house.as_("miles") as miles:
        row, approval = case_vote(actor=miles, case=case, approves=True)
        assert (row.state, approval.state) == ("in_review", "stale")
        assert Client.objects.get(pk=case.client_id).level == 0
        last = Transition.objects.filter(subject_id=case.pk).latest("id")
        assert last.reason == "it changed after it was sent"


def test_sent_back_needs_a_reason_and_returns_to_the_queue(house: Brokerage) -> None:
    case = sent(house)
    with house.as_("miles") as miles:
        with pytest.raises(InvalidInput):
            case_vote(actor=miles, case=case, approves=False)
        row, _ = case_vote(actor=miles, case=case, approves=False, reason="look at the address")
        assert row.state == "in_review"
        assert item_for(miles, "kyc", case.pk) is not None


def test_the_second_of_two_who_decide_hears_who_was_first(house: Brokerage) -> None:
    case = sent(house)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
    with house.as_("adam") as adam, pytest.raises(StateConflict) as caught:
        case_vote(actor=adam, case=case, approves=False, reason="no")
    assert caught.value.sentence == f"{case.reference} is approved by Miles. Nothing was done."
    with house.as_("adam") as adam, pytest.raises(NotReady, match="It is approved"):
        services.case_reject(actor=adam, case=case, reason="country")
    assert fresh(house, case).client.level == 1


def test_sending_twice_is_a_conflict_that_names_the_first(house: Brokerage) -> None:
    case = sent(house)
    with house.as_("adam") as adam, pytest.raises(StateConflict, match="Carla has sent it"):
        case_send(actor=adam, case=case)


def test_a_client_who_is_asked_and_hands_in_goes_on_by_themselves(house: Brokerage) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        reviews.document_decide(
            actor=carla,
            case=case,
            document=case.client.documents.get(),
            accepted=False,
            reason="cropped",
        )
        row = services.case_ask_client(
            actor=carla, case=case, reason="document_again", text="All four corners, please."
        )
        assert row.state == "info_requested"
        assert item_for(carla, "kyc", case.pk) is None
        told = OutboxItem.objects.get(topic="operations.notify", subject_id=case.client_id)
        assert told.payload["text"].endswith("All four corners, please.")
    house.work()
    with house.as_("sam") as sam:
        make_document(sam, case.client, "id_card")
    house.work()
    house.work()
    assert fresh(house, case).state == "in_review"


def test_a_rejection_takes_its_words_from_the_catalogue_in_the_clients_language(
    house: Brokerage,
) -> None:
    case = in_review(house, language="de")
    with house.as_("carla") as carla:
        with pytest.raises(InvalidInput) as caught:
            services.case_reject(actor=carla, case=case, reason="because")
        assert "reason" in caught.value.fields
        row = services.case_reject(actor=carla, case=case, reason="country", note="sanctioned")
        assert row.client_text == "Wir können unsere Dienste in Ihrem Land nicht anbieten."
        assert services.case_reject(actor=carla, case=case, reason="country").pk == row.pk
        told = OutboxItem.objects.get(topic="operations.notify", subject_id=case.client_id)
        assert "sanctioned" not in str(told.payload)
        assert services.case_open(actor=carla, client=case.client, level=1).state == "draft"


def test_after_a_final_rejection_no_case_is_opened(house: Brokerage) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        services.case_reject(actor=carla, case=case, reason="fraud", final=True)
        with pytest.raises(StateConflict, match="rejected for good"):
            services.case_open(actor=carla, client=case.client, level=1)


def test_a_client_has_one_working_case_and_no_case_for_a_level_they_have(
    house: Brokerage,
) -> None:
    case = in_review(house)
    with house.as_("carla") as carla:
        with pytest.raises(StateConflict, match=case.reference):
            services.case_open(actor=carla, client=case.client, level=2)
        with pytest.raises(InvalidInput):
            services.case_open(actor=carla, client=case.client, level=7)
    done = approved(house, email="second@mail.example", last_name="Berg")
    with house.as_("carla") as carla:
        with pytest.raises(StateConflict, match="level 1 already"):
            services.case_open(actor=carla, client=done.client, level=1)
        assert services.case_open(actor=carla, client=done.client, level=2).state == "draft"


def test_a_hit_while_approval_waits_takes_the_approval_back(house: Brokerage) -> None:
    case = sent(house)
    with house.as_("carla"):
        row = services.check_answer(
            actor=house.world.system(), case=case, name="screening", outcome="hit", summary="1 hit"
        )
        assert (row.state, row.escalation) == ("escalated", "a new hit: 1 hit")
    with house.as_("miles") as miles, pytest.raises(StateConflict):
        case_vote(actor=miles, case=case, approves=True)
    assert fresh(house, case).client.level == 0


def test_a_prohibited_client_is_never_sent_to_approval(house: Brokerage) -> None:
    case = in_review(house)
    accept_all(house, case)
    with house.as_("carla"):
        clients_services.client_set_risk(
            actor=house.world.system(), client=case.client, band="prohibited"
        )
    with house.as_("adam") as adam, pytest.raises(NotReady, match="prohibited"):
        case_send(actor=adam, case=fresh(house, case))


def test_frozen_stops_everything_and_two_officers_leave_it_together(house: Brokerage) -> None:
    case = approved(house, level=2)
    with house.as_("carla") as carla:
        row = services.case_freeze(actor=carla, case=case, reason="confirmed hit, OFAC 12345")
        assert row.state == "frozen"
        client = Client.objects.get(pk=case.client_id)
        assert not any(verdict.ok for verdict in allowed(client).values())
        with pytest.raises(NotReady):
            services.case_begin_review(actor=carla, case=case)
        unfreeze_ask(actor=carla, case=case, target="escalated", reason="another person")
        with pytest.raises(StateConflict, match="second officer"):
            unfreeze_ask(actor=carla, case=case, target="escalated", reason="again")
        with pytest.raises(FourEyes):
            case_vote(actor=carla, case=case, approves=True)
    with house.as_("miles") as miles:
        row, _ = case_vote(actor=miles, case=case, approves=True)
        assert row.state == "escalated"
        client = Client.objects.get(pk=case.client_id)
        assert not allowed(client)[ClientAction.WITHDRAW].ok
        services.case_return(actor=miles, case=case, reason="cleared")
    with house.as_("carla") as carla:
        case_send(actor=carla, case=case)
    with house.as_("miles") as miles:
        case_vote(actor=miles, case=case, approves=True)
        client = Client.objects.get(pk=case.client_id)
        assert all(verdict.ok for verdict in allowed(client).values())


def test_a_new_residence_brings_an_approved_client_back_before_their_time(
    house: Brokerage,
) -> None:
    case = approved(house)
    with house.as_("sam") as sam:
        clients_services.client_update(actor=sam, client=case.client, phone="+357 99 000000")
    house.work()
    assert fresh(house, case).state == "approved"
    with house.as_("sam") as sam:
        clients_services.client_update(actor=sam, client=case.client, residence="DE")
    house.work()
    row = fresh(house, case)
    assert row.state == "periodic_review_due"
    with house.as_("carla") as carla:
        row = services.case_begin_review(actor=carla, case=row)
        assert row.state == "in_review"


def test_suspended_offboarded_and_closed_end_with_the_client(house: Brokerage) -> None:
    case = approved(house)
    with house.as_("carla") as carla:
        services.case_trigger(actor=carla, case=case, reason="alert confirmed")
        services.case_suspend(actor=carla, case=case, reason="no answer")
        assert Client.objects.get(pk=case.client_id).state == "suspended"
        services.case_offboard(actor=carla, case=case, reason="no answer")
        services.case_close(actor=carla, case=case, reason="paid out")
        assert Client.objects.get(pk=case.client_id).state == "closed"
        with pytest.raises(StateConflict):
            services.case_freeze(actor=carla, case=case, reason="late hit")


def test_answers_of_the_questionnaire_are_asked_at_the_level_that_needs_them(
    house: Brokerage,
) -> None:
    with house.as_("sam") as sam:
        client = make_lead(sam)
    hand_in(house, client, "passport", "utility_bill", "source_of_funds")
    with house.as_("carla") as carla:
        case = services.case_open(actor=carla, client=client, level=3)
        with pytest.raises(NotReady, match=r"Economic profile \(4 of 4 questions open\)"):
            services.case_submit(actor=carla, case=case)
        with pytest.raises(InvalidInput):
            services.case_answer(actor=carla, case=case, answers={"shoe_size": "42"})
        answers = {"income": "50,000", "wealth": "0", "occupation": "baker", "deposits": "5,000"}
        services.case_answer(actor=carla, case=case, answers=answers)
        assert services.case_submit(actor=carla, case=case).state == "screening"


def test_a_zone_is_kept_sealed_and_compared_with_what_was_typed(house: Brokerage) -> None:
    case = in_review(house, last_name="Erikson", nationality="SE")
    with house.as_("carla") as carla:
        document = case.client.documents.get()
        zone = reviews.zone_read(
            actor=carla, case=case, document=document, text=passport_zone("L898902C3")
        )
        assert zone.holds
        document.refresh_from_db()
        rows = {row.label: row for row in selectors.comparison(case, document)}
        assert (rows["Surname"].typed, rows["Surname"].read) == ("Erikson", "ERIKSSON")
        assert {label: row.same for label, row in rows.items()} == {
            "Surname": False,
            "Given names": True,
            "Date of birth": True,
            "Nationality": False,
            "Number": False,
            "Expiry": False,
        }
        assert b"ERIKSSON" not in bytes(document.extraction_sealed)
        with pytest.raises(InvalidInput, match="lines of 5"):
            reviews.zone_read(actor=carla, case=case, document=document, text="hello")
