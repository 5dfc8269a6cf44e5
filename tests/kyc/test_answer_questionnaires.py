"""A questionnaire from its publication to what a client's answers allow on a live account."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client as Browser

from backoffice.audit.models import AuditEntry
from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import versions as kit
from backoffice.workflow.approvals import approval_approve, approval_vote
from clients import suitability
from clients.links import upload_link_revoke
from clients.models import Client
from kyc import guards, selectors, services
from kyc.models import Requirement
from kyc.questionnaires import selectors as questionnaires
from kyc.questionnaires import versions
from kyc.questionnaires.filling import (
    filling_begin,
    filling_drop,
    filling_link,
    filling_submit,
    page_save,
    unfinished,
    warning_confirm,
)
from kyc.questionnaires.models import AnswerSet, Confirmation, Filling, FormVersion, Questionnaire
from kyc.questionnaires.shape import Kind, Question
from tests.clients.factories import make_active, make_lead
from tests.kyc.conftest import Brokerage
from tests.kyc.factories import accept_all, fresh, in_review
from tests.kyc.forms import (
    BLOCKED,
    CAPPED,
    FORM,
    GOOD,
    REMARK,
    TRADED,
    WARNED,
    answer,
    as_client,
    draft,
    fill,
    publish,
    publish_next,
    with_questions,
)
from tests.trading.rows import make_group, make_server
from tests.world import load_world
from trading.errors import LeverageTooHigh, NotAppropriate
from trading.leverage.caps import cap_for
from trading.models import Account, Group
from trading.services import account_open

Browse = Callable[[str], Browser]


@pytest.fixture
def test(house: Brokerage) -> Questionnaire:
    return publish(house)


@pytest.fixture
def client(house: Brokerage) -> Client:
    with house.as_("sam") as sam:
        return make_active(sam)


@pytest.fixture
def visitor() -> Browser:
    """Somebody who is not signed in."""
    return Browser()


def _group(house: Brokerage) -> Group:
    with house.as_("adam") as adam:
        return make_group(make_server(adam))


def test_who_wrote_any_of_it_does_not_publish_it(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    with house.as_("miles") as miles:
        versions.version_change(actor=miles, pk=row.pk, edition=2, form=FORM, what="a word")
    with house.as_("carla") as carla:
        approval = kit.propose(versions.TRACK, actor=carla, pk=row.pk)
    for name in ("carla", "miles"):
        with house.as_(name) as actor, pytest.raises(FourEyes):
            approval_approve(actor=actor, approval=approval)
    with house.as_("adam") as adam:
        approval_approve(actor=adam, approval=approval)
        row.refresh_from_db()
        assert (row.state, versions.published(row.questionnaire)) == ("active", row)
        entry = AuditEntry.objects.get(action="kyc.form_published")
        assert (entry.actor_name, entry.subject_label) == ("Adam", "Appropriateness, version 1")


def test_support_neither_writes_nor_proposes(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    with house.as_("sam") as sam:
        with pytest.raises(NotPermitted):
            versions.questionnaire_make(actor=sam, name="Mine")
        with pytest.raises(NotPermitted):
            kit.propose(versions.TRACK, actor=sam, pk=row.pk)
        row.refresh_from_db()
        assert row.state == "draft"
        assert Questionnaire.objects.count() == 1


def test_a_refused_version_is_a_draft_again_with_the_reason(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
        approval = kit.propose(versions.TRACK, actor=carla, pk=row.pk)
        with pytest.raises(StateConflict, match="no draft any more"):
            versions.version_change(actor=carla, pk=row.pk, edition=2, form=FORM, what="it")
    with house.as_("miles") as miles:
        approval_vote(actor=miles, approval=approval, approves=False, reason="Too short.")
        row.refresh_from_db()
        assert row.state == "draft"
        assert versions.published(row.questionnaire) is None


def test_what_is_published_never_changes(house: Brokerage, test: Questionnaire) -> None:
    with house.as_("carla"):
        row = versions.published(test)
        assert row is not None
        mine = FormVersion.objects.filter(pk=row.pk)
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(note="other")
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(content={})
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.delete()
        row.refresh_from_db()
        assert row.note == "The first."


def test_two_who_change_a_draft_at_once_do_not_write_over_each_other(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    with house.as_("miles") as miles:
        versions.version_change(
            actor=miles, pk=row.pk, edition=2, form=with_questions(TRADED), what="a question"
        )
    with house.as_("carla") as carla:
        with pytest.raises(StateConflict, match="A colleague changed this draft"):
            versions.version_change(actor=carla, pk=row.pk, edition=2, form=FORM, what="it")
        row.refresh_from_db()
        assert len(versions.form_of(row).questions) == 1


def test_a_client_answers_on_a_link_page_by_page(
    house: Brokerage, test: Questionnaire, client: Client, visitor: Browser
) -> None:
    with house.as_("carla") as carla:
        made = filling_link(actor=carla, client=client, questionnaire=test)
    url = f"/questions/{made.token}/"
    page = visitor.get(url)
    assert page.status_code == 200
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "Have you traded?" in page.content.decode()
    assert "How many trades?" not in page.content.decode()
    # Nothing chosen: said beside the question, nothing kept.
    refused = visitor.post(f"{url}?page=1", {})
    assert refused.status_code == 422
    assert "Please answer this." in refused.content.decode()
    assert visitor.post(f"{url}?page=1", {"q-traded": "yes"})["Location"] == f"{url}?page=2"
    # A wrong number beside a good answer: the good one is kept.
    refused = visitor.post(f"{url}?page=2", {"q-count": "many", "q-loss": "all"})
    assert refused.status_code == 422
    assert "Write a number" in refused.content.decode()
    with house.as_("carla"):
        assert Filling.objects.get().answers == {"traded": "yes", "loss": "all"}
    # Closed and opened again: on with the page that is open.
    assert "How many trades?" in visitor.get(url).content.decode()
    done = visitor.post(f"{url}?page=2", {"q-count": "20", "q-loss": "all"})
    assert done["Location"] == f"{url}?page=check"
    review = visitor.get(done["Location"]).content.decode()
    assert "All of it" in review
    assert visitor.post(f"{url}?page=check")["Location"] == url
    assert "Go on." in visitor.get(url).content.decode()
    with house.as_("carla"):
        row = AnswerSet.objects.get()
        assert (row.score, row.outcome, row.attempt, row.on_behalf) == (15, "allow", 1, False)
        assert (row.by_ref, row.by) == (f"client:{client.reference}", client.name)
        assert row.lines[1] == ["How many trades?", "20", 5]
    # What was sent stands.
    visitor.post(f"{url}?page=2", {"q-count": "0", "q-loss": "some"})
    with house.as_("carla"):
        assert AnswerSet.objects.get().answers == GOOD


def test_a_link_that_is_withdrawn_or_of_another_kind_opens_nothing(
    house: Brokerage, test: Questionnaire, client: Client, visitor: Browser
) -> None:
    with house.as_("carla") as carla:
        made = filling_link(actor=carla, client=client, questionnaire=test)
    assert visitor.get(f"/upload/{made.token}/").status_code == 410
    assert visitor.get("/questions/nothing/").status_code == 410
    with house.as_("carla") as carla:
        newer = filling_link(actor=carla, client=client, questionnaire=test)
    assert visitor.get(f"/questions/{made.token}/").status_code == 410
    assert visitor.post(f"/questions/{made.token}/?page=1", {"q-traded": "no"}).status_code == 410
    assert visitor.get(f"/questions/{newer.token}/").status_code == 200
    with house.as_("carla") as carla:
        upload_link_revoke(actor=carla, link=newer.link)
    assert visitor.get(f"/questions/{newer.token}/").status_code == 410
    with house.as_("carla"):
        assert Filling.objects.get().answers == {}


def test_staff_fill_it_in_and_it_is_marked_so(
    house: Brokerage, test: Questionnaire, client: Client, browse: Browse
) -> None:
    carla = browse("carla")
    began = carla.post(f"/clients/{client.pk}/questionnaires/{test.pk}/fill/")
    url = began["Location"]
    assert "You answer on the client" in carla.get(url).content.decode()
    carla.post(f"{url}?page=1", {"q-traded": "no"})
    carla.post(f"{url}?page=2", {"q-loss": "all"})
    carla.post(f"{url}?page=check")
    assert "Take care." in carla.get(url).content.decode()
    carla.post(url)
    with house.as_("carla"):
        row = AnswerSet.objects.get()
        assert (row.by, row.on_behalf, row.outcome) == ("Carla", True, "warn")
        confirmed = Confirmation.objects.get()
        assert (confirmed.words, confirmed.by, confirmed.on_behalf) == ("Take care.", "Carla", True)
    assert browse("sam").get(url).status_code == 403
    assert browse("zoe").get(url).status_code == 404


def test_answers_never_change(house: Brokerage, test: Questionnaire, client: Client) -> None:
    with house.as_("carla") as carla:
        row = answer(carla, client, test, GOOD)
        with pytest.raises(DatabaseError), transaction.atomic():
            AnswerSet.objects.filter(pk=row.pk).update(score=0)
        with pytest.raises(DatabaseError), transaction.atomic():
            AnswerSet.objects.filter(pk=row.pk).delete()
        # A second sending of the same is the same.
        assert filling_submit(actor=carla, filling=row.filling).pk == row.pk
        with pytest.raises(StateConflict, match="not open any more"):
            page_save(actor=carla, filling=row.filling, number=0, typed={"traded": ["no"]})


def test_what_a_branch_leaves_out_is_neither_asked_nor_scored(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    with house.as_("carla") as carla:
        filling = filling_begin(actor=carla, client=client, questionnaire=test)
        filling = fill(carla, filling, GOOD)
        # Back on the first page: it is no after all.
        filling, _ = page_save(actor=carla, filling=filling, number=0, typed={"traded": ["no"]})
        row = filling_submit(actor=carla, filling=filling)
        assert row.answers == {"traded": "no", "loss": "all"}
        assert (row.score, row.score_max) == (5, 10)
        filling.refresh_from_db()
        assert filling.answers["count"] == "20"  # what was typed is not lost


def test_what_is_missing_keeps_it_from_being_sent(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    with house.as_("carla") as carla:
        filling = filling_begin(actor=carla, client=client, questionnaire=test)
        with pytest.raises(InvalidInput, match="2 questions still to be answered"):
            filling_submit(actor=carla, filling=filling)
        with pytest.raises(InvalidInput, match="no such page"):
            page_save(actor=carla, filling=filling, number=9, typed={})
        assert AnswerSet.objects.count() == 0


def test_a_form_changed_mid_way_is_finished_as_it_was_begun(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    with house.as_("carla") as carla:
        filling = filling_begin(actor=carla, client=client, questionnaire=test)
        page_save(actor=carla, filling=filling, number=0, typed={"traded": ["yes"]})
    added = Question("age", Kind.DATE, {"en": "When were you born?"})
    second = publish_next(house, test, replace(FORM, questions=(*FORM.questions, added)))
    with house.as_("carla") as carla:
        again = filling_begin(actor=carla, client=client, questionnaire=test)
        assert (again.pk, again.version.number) == (filling.pk, 1)
        row = filling_submit(actor=carla, filling=fill(carla, again, GOOD))
        assert (row.version.number, row.answers) == (1, GOOD)
        (standing,) = questionnaires.standings(client)
        assert standing.published == second
        line = questionnaires.verdict("Test", standing)
        assert (line.met, line.note) == (
            True,
            "appropriate, 15 of 15 points; version 1, 2 is published",
        )


def test_what_was_begun_can_be_dropped_for_the_newest(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    with house.as_("carla") as carla:
        first = filling_begin(actor=carla, client=client, questionnaire=test)
        page_save(actor=carla, filling=first, number=0, typed={"traded": ["yes"]})
    publish_next(house, test, with_questions(TRADED, REMARK, form=replace(FORM, test=None)))
    with house.as_("carla") as carla:
        filling_drop(actor=carla, filling=first, reason="Another version")
        newest = filling_begin(actor=carla, client=client, questionnaire=test)
        assert newest.version.number == 2
        first.refresh_from_db()
        assert (first.state, first.answers) == ("dropped", {"traded": "yes"})
        row = filling_submit(actor=carla, filling=fill(carla, newest, {"traded": "no"}))
        assert (row.outcome, row.score) == ("none", None)


def test_attempts_and_the_time_between_them(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    begin = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with time_machine.travel(begin, tick=False) as clock, house.as_("carla") as carla:
        answer(carla, client, test, BLOCKED)
        with pytest.raises(StateConflict, match="from 3 March 2026, 09:00 UTC"):
            filling_begin(actor=carla, client=client, questionnaire=test)
        clock.move_to(begin + timedelta(hours=24))
        assert answer(carla, client, test, BLOCKED).attempt == 2
        clock.move_to(begin + timedelta(days=9))
        with pytest.raises(StateConflict, match="2 times within 30 days.*from 1 April 2026"):
            filling_begin(actor=carla, client=client, questionnaire=test)
        assert unfinished(client, test) is None
        clock.move_to(begin + timedelta(days=30, minutes=1))
        assert answer(carla, client, test, GOOD).attempt == 3
        assert suitability.of(client) == suitability.FREE


def test_a_blocked_client_gets_no_live_account(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    group = _group(house)
    with house.as_("adam") as adam:
        answer(adam, client, test, BLOCKED)
        with pytest.raises(NotAppropriate, match="ended in 0 points"):
            account_open(actor=adam, client=client, group=group, leverage=1)
        assert Account.objects.filter(client=client).count() == 0
        # To practise is open to everyone.
        account_open(actor=adam, client=client, group=group, leverage=1, live=False)


def test_a_warning_waits_for_its_confirmation(
    house: Brokerage, test: Questionnaire, client: Client
) -> None:
    group = _group(house)
    with house.as_("adam") as adam:
        row = answer(adam, client, test, WARNED)
        with pytest.raises(NotAppropriate, match="has not confirmed the warning"):
            account_open(actor=adam, client=client, group=group, leverage=1)
        warning_confirm(actor=as_client(client), filling=row.filling)
        warning_confirm(actor=as_client(client), filling=row.filling)
        assert Confirmation.objects.get().on_behalf is False
        account_open(actor=adam, client=client, group=group, leverage=1)


def test_a_cap_lowers_the_leverage(house: Brokerage, test: Questionnaire, client: Client) -> None:
    group = _group(house)
    with house.as_("adam") as adam:
        answer(adam, client, test, CAPPED)
        assert cap_for(client).sentence == "At most 1:5 by “Appropriateness”."
        with pytest.raises(LeverageTooHigh, match="At most 1:5"):
            account_open(actor=adam, client=client, group=group, leverage=10)
        account_open(actor=adam, client=client, group=group, leverage=5)


def test_a_level_that_asks_for_it_waits_for_the_answers(house: Brokerage, browse: Browse) -> None:
    case = in_review(house)
    accept_all(house, case)
    test = publish(house, replace(FORM, asked=((1, "person"),)))
    with house.as_("carla") as carla:
        row = fresh(house, case)
        line = next(each for each in selectors.checklist(row) if each.title == test.name)
        assert (line.note, line.handed_in) == ("not answered", False)
        answer(carla, row.client, test, CAPPED)
        line = next(each for each in selectors.checklist(row) if each.title == test.name)
        assert (line.note, line.met) == ("leverage capped at 1:5, 10 of 15 points", True)
        assert "version 1" in selectors.content_of(row)["questionnaires"][test.name]
    page = browse("carla").get(f"/kyc/{case.pk}/").content.decode()
    assert "Leverage capped at 1:5" in page
    assert "10 of 15 points" in page
    # The next version asks no level any more.
    publish_next(house, test, FORM)
    with house.as_("carla"):
        assert Requirement.objects.filter(code=test.code).count() == 0


def test_a_case_can_not_be_submitted_before_the_answers(house: Brokerage) -> None:
    test = publish(house, replace(FORM, asked=((1, "person"),)))
    with house.as_("carla") as carla:
        lead = make_lead(carla)
        case = services.case_open(actor=carla, client=lead, level=1)
        assert f"{test.name} (not answered)" in guards.why_not_submit(case)


@pytest.mark.slow
def test_client_and_staff_who_send_at_the_same_moment_leave_one_answer(committed: None) -> None:
    house = Brokerage(load_world())
    test = publish(house)
    with house.as_("carla") as carla:
        client = make_active(carla)
        filling = filling_begin(actor=carla, client=client, questionnaire=test)
        filling = fill(carla, filling, GOOD)
    start, made = threading.Barrier(2), []

    def send(actor: Actor) -> None:
        start.wait()
        with tenant_scope(actor.tenant_id, actor):
            made.append(filling_submit(actor=actor, filling=filling).pk)
        connection.close()

    both = [as_client(client), house.world.actor("carla")]
    threads = [threading.Thread(target=send, args=[actor]) for actor in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    with house.as_("carla"):
        assert AnswerSet.objects.count() == 1
