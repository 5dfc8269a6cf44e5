"""Questionnaires for tests: a test with a branch, published by two people, answered in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from backoffice.core.context import Actor, ActorKind
from backoffice.workflow import versions as kit
from backoffice.workflow.approvals import approval_approve
from clients.models import Client
from kyc.questionnaires import versions
from kyc.questionnaires.filling import filling_begin, filling_submit, page_save
from kyc.questionnaires.models import AnswerSet, Filling, FormVersion, Questionnaire
from kyc.questionnaires.rules import page_after, page_open, page_visible
from kyc.questionnaires.shape import Condition, Form, Kind, Option, Passing, Question, Test
from kyc.questionnaires.states import Outcome
from tests.clients.factories import make_lead
from tests.kyc.conftest import Brokerage

YES_NO = (Option("yes", {"en": "Yes"}, 5), Option("no", {"en": "No"}))
TRADED = Question("traded", Kind.YES_NO, {"en": "Have you traded?"}, options=YES_NO)
HOW_MANY = Question(
    "count",
    Kind.NUMBER,
    {"en": "How many trades?"},
    options=(Option("a1", {}, 0, Decimal(0)), Option("a2", {}, 5, Decimal(10))),
    condition=Condition("traded", ("yes",)),
    low=Decimal(0),
    high=Decimal(1000),
)
LOSS = Question(
    "loss",
    Kind.ONE,
    {"en": "What can you lose?"},
    options=(Option("all", {"en": "All of it"}, 5), Option("some", {"en": "Some of it"})),
)
REMARK = Question("remark", Kind.TEXT, {"en": "Anything else?"}, required=False)
TEST = Test(
    passing=(
        Passing(0, Outcome.BLOCK, {"en": "Not for you."}),
        Passing(5, Outcome.WARN, {"en": "Take care."}),
        Passing(10, Outcome.CAP, {"en": "A little."}),
        Passing(15, Outcome.ALLOW, {"en": "Go on."}),
    ),
    attempts=2,
    period_days=30,
    cooling_hours=24,
    leverage_max=5,
)
FORM = Form(
    title={"en": "Is it right for you?"},
    questions=(TRADED, HOW_MANY, LOSS, REMARK),
    test=TEST,
)
GOOD = {"traded": "yes", "count": "20", "loss": "all"}
CAPPED = {"traded": "yes", "count": "1", "loss": "all"}
WARNED = {"traded": "no", "loss": "all"}
BLOCKED = {"traded": "no", "loss": "some"}


def draft(carla: Actor, form: Form = FORM, name: str = "Appropriateness") -> FormVersion:
    row = versions.questionnaire_make(actor=carla, name=name, form=form)
    return versions.version_change(
        actor=carla, pk=row.pk, edition=1, form=form, what="its note", note="The first."
    )


def publish(house: Brokerage, form: Form = FORM, name: str = "Appropriateness") -> Questionnaire:
    """Written by Carla, published by Miles."""
    with house.as_("carla") as carla:
        row = draft(carla, form, name)
        approval = kit.propose(versions.TRACK, actor=carla, pk=row.pk)
    with house.as_("miles") as miles:
        approval_approve(actor=miles, approval=approval)
    return row.questionnaire


def publish_next(house: Brokerage, questionnaire: Questionnaire, form: Form) -> FormVersion:
    with house.as_("carla") as carla:
        row = versions.version_begin(actor=carla, questionnaire=questionnaire)
        row = versions.version_change(
            actor=carla, pk=row.pk, edition=row.edition, form=form, what="all", note="Another."
        )
        approval = kit.propose(versions.TRACK, actor=carla, pk=row.pk)
    with house.as_("miles") as miles:
        approval_approve(actor=miles, approval=approval)
        row.refresh_from_db()
    return row


def as_client(client: Client) -> Actor:
    return Actor(ActorKind.CLIENT, f"client:{client.reference}", client.name, client.tenant_id or 0)


def fill(actor: Actor, filling: Filling, said: Mapping[str, str | Sequence[str]]) -> Filling:
    """Page by page to the end, without sending it."""
    form = versions.form_of(filling.version)
    number = page_open(form, {})
    while number is not None:
        typed = {
            each.code: [given] if isinstance(given, str) else list(given)
            for each in page_visible(form, filling.answers, number)
            if (given := said.get(each.code, ""))
        }
        filling, errors = page_save(actor=actor, filling=filling, number=number, typed=typed)
        assert errors == {}
        number = page_after(form, filling.answers, number)
    return filling


def answer(
    actor: Actor, client: Client, questionnaire: Questionnaire, said: Mapping[str, Any]
) -> AnswerSet:
    filling = filling_begin(actor=actor, client=client, questionnaire=questionnaire)
    return filling_submit(actor=actor, filling=fill(actor, filling, said))


def begun(maker: Actor, writer: Actor) -> Filling:
    """A new client on the way through a published version."""
    row = draft(writer)
    kit.put_in_force(versions.TRACK, actor=maker, row=_proposed(writer, row))
    return filling_begin(actor=maker, client=make_lead(maker), questionnaire=row.questionnaire)


def _proposed(writer: Actor, row: FormVersion) -> FormVersion:
    kit.propose(versions.TRACK, actor=writer, pk=row.pk)
    row.refresh_from_db()
    return row


def with_questions(*questions: Question, form: Form = FORM) -> Form:
    return replace(form, questions=questions)
