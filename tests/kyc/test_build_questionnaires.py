"""The builder, and what a questionnaire may be before anybody is asked by it."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client as Browser
from hypothesis import given
from hypothesis import strategies as st

from backoffice.core.errors import StateConflict
from backoffice.workflow import versions as kit
from kyc.questionnaires import edits, problems, rules, shape, versions
from kyc.questionnaires.models import Filling, FormVersion, Questionnaire
from kyc.questionnaires.rules import BadAnswer, pages, read, visible
from kyc.questionnaires.shape import Condition, Form, Kind, Option, Passing, Question, Test
from operations.demo.questionnaires import test_form as demo_form
from tests.kyc.conftest import Brokerage
from tests.kyc.forms import FORM, HOW_MANY, LOSS, REMARK, TRADED, draft, publish, with_questions

Browse = Callable[[str], Browser]


def test_what_ships_with_the_demo_may_be_published() -> None:
    assert problems.problems(demo_form("EUR")) == []
    assert shape.load(shape.dump(demo_form("EUR"))) == demo_form("EUR")


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        (with_questions(), "There is no question in it."),
        (
            with_questions(HOW_MANY, TRADED, LOSS),
            "Question 1 depends on question 2, which comes after it.",
        ),
        (
            with_questions(replace(TRADED, condition=Condition("traded", ("yes",))), LOSS),
            "Question 1 depends on its own answer.",
        ),
        (with_questions(HOW_MANY, LOSS), "Question 1 depends on a question that is gone."),
        (
            with_questions(TRADED, replace(HOW_MANY, condition=Condition("traded", ("maybe",)))),
            "Question 2 depends on an answer of question 1 that is gone.",
        ),
        (
            with_questions(REMARK, replace(LOSS, condition=Condition("remark", ("x",)))),
            "Question 2 depends on question 1, which has no answers to choose from.",
        ),
        (
            with_questions(TRADED, replace(LOSS, options=LOSS.options[:1])),
            "Question 2 needs two answers to choose from at least.",
        ),
        (
            replace(FORM, languages=("en", "de")),
            "Its title is missing in German.",
        ),
        (
            with_questions(replace(HOW_MANY, condition=None, options=HOW_MANY.options[::-1])),
            "Question 1 has ranges that do not rise: each begins above the one before.",
        ),
        (
            replace(FORM, test=Test((Passing(0, "block", {"en": "No."}),))),
            "A test needs two outcomes at least.",
        ),
        (
            with_questions(TRADED),
            "The last outcome begins at 15 points; at most 5 can be reached.",
        ),
        (
            replace(FORM, test=replace(FORM.test, leverage_max=None)),  # type: ignore[type-var]
            "An outcome caps leverage: say at what, between 1 and 500.",
        ),
    ],
)
def test_what_may_not_be_published_says_why(form: Form, sentence: str) -> None:
    assert sentence in problems.problems(form)


def test_what_is_wrong_keeps_a_draft_from_being_proposed(house: Brokerage) -> None:
    with house.as_("carla") as carla:
        row = draft(carla, with_questions(HOW_MANY, TRADED, LOSS))
        with pytest.raises(StateConflict, match="depends on question 2, which comes after it"):
            kit.propose(versions.TRACK, actor=carla, pk=row.pk)
        row.refresh_from_db()
        assert row.state == "draft"


def test_a_branch_stands_on_a_later_page_than_what_it_depends_on() -> None:
    assert [[each.code for each in page.questions] for page in pages(FORM)] == [
        ["traded"],
        ["count", "loss", "remark"],
    ]


def test_a_branch_of_a_branch_falls_with_it() -> None:
    """Hidden answers open nothing."""
    why = Question("why", Kind.TEXT, {"en": "Why?"}, condition=Condition("again", ("yes",)))
    again = replace(TRADED, code="again", condition=Condition("traded", ("yes",)))
    form = with_questions(TRADED, again, why)
    said = {"traded": "no", "again": "yes", "why": "because"}
    assert [each.code for each in visible(form, said)] == ["traded"]
    assert len(visible(form, {**said, "traded": "yes"})) == 3


@given(
    st.dictionaries(
        st.sampled_from(["traded", "count", "loss", "remark", "other"]),
        st.sampled_from(["yes", "no", "all", "some", "0", "20", "text"]),
    )
)
def test_pages_show_what_is_asked_and_nothing_else(answers: dict[str, str]) -> None:
    shown = [
        each.code
        for number in range(len(pages(FORM)))
        for each in rules.page_visible(FORM, answers, number)
    ]
    assert shown == [each.code for each in visible(FORM, answers)]


BAND = Question(
    "size",
    Kind.BAND,
    {"en": "How much?"},
    options=(
        Option("a1", {}, 0, Decimal(0)),
        Option("a2", {}, 1, Decimal(1_000)),
        Option("a3", {}, 2, Decimal(10_000)),
    ),
    currency="EUR",
)


def test_bands_are_read_by_their_amounts() -> None:
    said = [rules.option_words(BAND, each, "en") for each in BAND.options]
    assert said == ["under 1,000 EUR", "1,000 to 10,000 EUR", "10,000 EUR or more"]


@pytest.mark.parametrize(
    ("question", "typed", "sentence"),
    [
        (HOW_MANY, ["ten"], "Write a number"),
        (HOW_MANY, ["-1"], "At least 0."),
        (HOW_MANY, ["1001"], "At most 1000."),
        (HOW_MANY, ["1e9999999"], "Write a number"),
        (HOW_MANY, ["NaN"], "Write a number"),
        (HOW_MANY, ["1", "2"], "Give one answer."),
        (LOSS, ["other"], "Choose from the answers."),
        (LOSS, ["all", "some"], "Give one answer|Choose"),
        (Question("d", Kind.DATE, {}), ["31.12.2020"], "Write a date"),
        (Question("d", Kind.DATE, {}), ["0001-01-01"], "A year between"),
        (REMARK, ["x" * 1001], "At most 1000 characters"),
    ],
)
def test_what_is_no_answer_says_why(question: Question, typed: list[str], sentence: str) -> None:
    with pytest.raises(BadAnswer, match=sentence):
        read(question, typed)


def test_answers_are_tidied() -> None:
    assert read(HOW_MANY, [" 1 000 "]) == "1000"
    assert read(replace(HOW_MANY, low=None), ["2,5"]) == "2.5"
    assert read(REMARK, ["one\x00 two\r\nthree\u202e"]) == "one two\nthree\u202e"
    assert read(REMARK, ["   "]) is None


def test_moving_keeps_a_branch_behind_its_question() -> None:
    with pytest.raises(StateConflict, match="Question 2 is asked after question 1"):
        edits.moved(FORM, "count", -1)
    moved = edits.moved(FORM, "loss", -1)
    assert [each.code for each in moved.questions] == ["traded", "loss", "count", "remark"]
    with pytest.raises(StateConflict, match="Question 2 depends on it"):
        edits.removed(FORM, "traded")
    copy, code = edits.copied(FORM, "loss")
    assert [each.code for each in copy.questions] == ["traded", "count", "loss", code, "remark"]


def _edit(row: FormVersion) -> str:
    return f"/settings/questionnaires/{row.pk}/edit/"


def _fields(number: int = 2, **more: str) -> dict[str, str]:
    found = {"kind": "one", "text_en": "Which one?", "rows": str(number), "required": "on"}
    for each in range(number):
        found |= {f"option{each}_en": f"Answer {each}", f"option{each}_score": str(each)}
    return found | more


def test_a_questionnaire_is_written_question_by_question(house: Brokerage, browse: Browse) -> None:
    carla = browse("carla")
    began = carla.post("/settings/questionnaires/new/", {"name": "Knowledge"})
    with house.as_("carla"):
        row = FormVersion.objects.get()
    assert began["Location"] == _edit(row)
    assert "No question yet" in carla.get(_edit(row)).content.decode()
    saved = carla.post(f"{_edit(row)}new/?add=", _fields(edition="1"))
    assert saved["Location"] == f"{_edit(row)}?at=q1#question-q1"
    more = _fields(3, edition="2", then="add", text_en="And then?")
    added = carla.post(f"{_edit(row)}new/?add=q1", more)
    assert added["Location"] == f"{_edit(row)}?add=q2#question-new"
    assert "New question" in carla.get(added["Location"]).content.decode()
    moved = carla.post(f"{_edit(row)}q2/move/", {"to": "up", "edition": "3"})
    assert moved["Location"] == f"{_edit(row)}?at=q2&was=up#question-q2"
    page = carla.get(moved["Location"]).content.decode()
    assert 'id="up-q2" autofocus' in page
    carla.post(f"{_edit(row)}q1/copy/", {"edition": "4"})
    carla.post(f"{_edit(row)}q1/remove/", {"edition": "5"})
    with house.as_("carla"):
        row.refresh_from_db()
        form = versions.form_of(row)
        assert [each.code for each in form.questions] == ["q2", "q3"]
        assert [each.score for each in form.questions[0].options] == [0, 1, 2]
        assert row.edition == 6


def test_drawing_another_kind_keeps_what_was_typed_and_saves_nothing(
    house: Brokerage, browse: Browse
) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    url = f"{_edit(row)}loss/"
    page = browse("carla").post(url, _fields(edition="2", redraw="more", text_en="Half written"))
    assert page.status_code == 200
    text = page.content.decode()
    assert "Half written" in text
    assert 'name="option4_en"' in text
    page = browse("carla").post(url, _fields(edition="2", redraw="kind", kind="band"))
    assert 'name="option1_floor"' in page.content.decode()
    with house.as_("carla"):
        row.refresh_from_db()
        assert (row.edition, versions.form_of(row)) == (2, FORM)


def test_who_comes_second_keeps_what_they_typed(house: Brokerage, browse: Browse) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    with house.as_("miles") as miles:
        versions.version_change(
            actor=miles, pk=row.pk, edition=2, form=with_questions(TRADED, LOSS), what="fewer"
        )
    url = f"{_edit(row)}loss/"
    late = browse("carla").post(url, _fields(edition="2", text_en="My own words"))
    assert late.status_code == 422
    assert "A colleague changed this draft" in late.content.decode()
    assert "My own words" in late.content.decode()
    again = browse("carla").post(url, _fields(edition="3", text_en="My own words"))
    assert again.status_code == 302
    with house.as_("carla"):
        row.refresh_from_db()
        codes = [each.text["en"] for each in versions.form_of(row).questions]
        assert codes == ["Have you traded?", "My own words"]
    # A question that was removed meanwhile is not lost to who has it open.
    gone = browse("carla").post(f"{_edit(row)}count/", _fields(edition="4", text_en="Kept words"))
    assert gone.status_code == 422
    assert "Kept words" in gone.content.decode()


def test_title_languages_levels_and_test_are_set(house: Brokerage, browse: Browse) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    carla_at = browse("carla")
    about = {
        "edition": "2",
        "title_en": "Right for you?",
        "languages": ["en", "de"],
        "asked": ["1:person", "2:company"],
        "note": "German too.",
    }
    assert carla_at.post(f"{_edit(row)}about/", about).status_code == 302
    test = {"edition": "3", "is_test": "on", "attempts": "1", "cooling_hours": "0"}
    test |= {"end0_floor": "0", "end0_outcome": "block", "end0_en": "No."}
    test |= {"end1_floor": "5", "end1_outcome": "allow", "end1_en": "Yes."}
    assert carla_at.post(f"{_edit(row)}test/", test).status_code == 302
    wrong = carla_at.post(f"{_edit(row)}test/", test | {"edition": "4", "end1_floor": "x"})
    assert wrong.status_code == 422
    with house.as_("carla"):
        row.refresh_from_db()
        form = versions.form_of(row)
        assert form.languages == ("en", "de")
        assert form.asked == ((1, "person"), (2, "company"))
        assert form.test is not None
        assert (form.test.attempts, form.test.cooling_hours) == (1, 0)
        assert "Its title is missing in German." in problems.problems(form)


def test_a_preview_walks_through_and_keeps_nothing(house: Brokerage, browse: Browse) -> None:
    with house.as_("carla") as carla:
        row = draft(carla)
    url = f"/settings/questionnaires/{row.pk}/preview/"
    carla_at = browse("carla")
    assert "Have you traded?" in carla_at.get(url).content.decode()
    assert "Please answer this." in carla_at.post(url, {"page": "1"}).content.decode()
    second = carla_at.post(url, {"page": "1", "q-traded": "yes"}).content.decode()
    assert "How many trades?" in second
    assert 'name="q-traded" value="yes"' in second
    end = {"page": "2", "q-traded": "yes", "q-count": "20", "q-loss": "all"}
    done = carla_at.post(url, end).content.decode()
    assert "Go on." in done
    assert "15 / 15" in done
    with house.as_("carla"):
        assert Filling.objects.count() == 0


def test_the_next_version_begins_as_the_published_one(house: Brokerage, browse: Browse) -> None:
    publish(house)
    with house.as_("carla"):
        first = FormVersion.objects.get()
    carla = browse("carla")
    for _ in range(2):
        began = carla.post(f"/settings/questionnaires/{first.pk}/next/")
    with house.as_("carla"):
        second = FormVersion.objects.get(number=2)
        assert began["Location"] == _edit(second)
        assert second.content == first.content
        assert Questionnaire.objects.count() == 1
    # What is published is read, not edited.
    assert carla.get(_edit(first))["Location"] == f"/settings/questionnaires/{first.pk}/"
    assert carla.post(f"/settings/questionnaires/{second.pk}/drop/").status_code == 302
    assert browse("sam").get(_edit(second)).status_code == 403
