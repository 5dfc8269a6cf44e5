"""What happens by itself as days pass; each step once, however often the job runs."""

from datetime import timedelta

import time_machine

from backoffice.core.clock import now, today
from backoffice.workflow.models import OutboxItem
from backoffice.workflow.queues import item_for
from clients.documents import document_describe
from clients.models import ClientAction, Restriction
from clients.selectors import allowed
from kyc import deadlines, reviews, services
from kyc.approvals import case_send, case_vote
from tests.clients.factories import make_document, make_lead
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import approved, fresh

NOTHING = {"papers": 0, "abandoned": 0, "reviews": 0}


def _run(house: Brokerage) -> dict[str, int]:
    return deadlines.run(house.world.system())


def test_a_passport_warns_four_times_then_stops_deposits_and_restricts(house: Brokerage) -> None:
    case = approved(house, level=2)
    with house.as_("carla"):
        ends = case.client.documents.get(type="passport").expires_on
        assert ends is not None
    start = now()
    told = []
    for days_before in (61, 60, 59, 30, 8, 7, 1, 0):
        with time_machine.travel(start + (ends - start.date()) - timedelta(days=days_before)):
            told.append(_run(house)["papers"])
            assert _run(house)["papers"] == 0
    assert told == [0, 1, 0, 1, 0, 1, 0, 1]
    with house.as_("carla"):
        sent = OutboxItem.objects.filter(topic="operations.notify", subject_id=case.client_id)
        days = [i.payload["days"] for i in sent.order_by("id") if "days" in i.payload]
        assert days == [60, 30, 7, 0]
        assert Restriction.objects.count() == 0
    with time_machine.travel(start + (ends - start.date()) + timedelta(days=1)):
        assert _run(house)["papers"] == 1
        row = fresh(house, case)
        assert row.state == "restricted"
        with house.as_("carla") as carla:
            verdicts = allowed(row.client)
            stopped = [action for action, verdict in verdicts.items() if not verdict.ok]
            assert stopped == [ClientAction.DEPOSIT]
            assert verdicts[ClientAction.DEPOSIT].sentence.startswith("Passport expired on ")
            assert item_for(carla, "kyc", case.pk) is not None
        assert _run(house)["papers"] == 0


def test_a_new_passport_lets_deposits_in_again(house: Brokerage) -> None:
    case = approved(house)
    with time_machine.travel(now() + timedelta(days=1000)):
        _run(house)
        with house.as_("carla") as carla:
            services.case_begin_review(actor=carla, case=case)
            document = make_document(carla, case.client, "id_card")
            document_describe(
                actor=carla, document=document, expires_on=today() + timedelta(days=900)
            )
            reviews.document_decide(actor=carla, case=case, document=document, accepted=True)
        house.work()
        with house.as_("carla") as carla:
            case_send(actor=carla, case=case)
        with house.as_("miles") as miles:
            row, _ = case_vote(actor=miles, case=case, approves=True)
            assert row.state == "approved"
            assert allowed(row.client)[ClientAction.DEPOSIT].ok


def test_an_expired_paper_that_another_one_replaces_restricts_nothing(house: Brokerage) -> None:
    case = approved(house)
    with house.as_("carla") as carla:
        card = make_document(carla, case.client, "id_card")
        document_describe(actor=carla, document=card, expires_on=today() + timedelta(days=3000))
        from clients.documents import document_decide

        document_decide(actor=carla, document=card, accepted=True)
    with time_machine.travel(now() + timedelta(days=1000)):
        assert _run(house)["papers"] == 1
        assert fresh(house, case).state == "approved"
        with house.as_("carla"):
            assert Restriction.objects.count() == 0


def test_a_draft_without_a_move_for_thirty_days_is_abandoned(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        client = make_lead(carla)
        case = services.case_open(actor=carla, client=client, level=1)
    with time_machine.travel(now() + timedelta(days=29)):
        assert _run(house) == NOTHING
    with time_machine.travel(now() + timedelta(days=31)):
        assert _run(house) == {**NOTHING, "abandoned": 1}
        assert fresh(house, case).state == "abandoned"
        assert _run(house) == NOTHING


def test_a_review_falls_due_by_the_band_of_risk(house: Brokerage) -> None:
    case = approved(house)
    with house.as_("carla"):
        due = case.review_due_on
        assert due is not None
        assert (due - today()).days in range(1094, 1098)  # three years, low risk
        document = case.client.documents.get()
        document.expires_on = None
        document.save(update_fields=["expires_on"])
    with time_machine.travel(now() + timedelta(days=1098)):
        assert _run(house) == {**NOTHING, "reviews": 1}
        assert fresh(house, case).state == "periodic_review_due"
        assert _run(house) == NOTHING


def test_another_brokerage_is_left_alone(house: Brokerage) -> None:
    from backoffice.core.context import system_actor

    approved(house)
    with time_machine.travel(now() + timedelta(days=2000)):
        assert deadlines.run(system_actor(house.world.borealis.pk, "tests")) == NOTHING
