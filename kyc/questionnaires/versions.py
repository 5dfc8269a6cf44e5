"""Writing questionnaires: drafts that are changed, published by somebody who did not write them."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.core.errors import InvalidInput, NotPermitted, StateConflict
from backoffice.workflow import moves, versions
from backoffice.workflow.versions import Track, VersionState
from clients.models import ClientKind
from kyc.models import Level, Requirement, RequirementKind
from kyc.questionnaires import actions, problems, shape
from kyc.questionnaires.models import FormVersion, Questionnaire
from kyc.questionnaires.rules import option_words
from kyc.questionnaires.shape import KIND_LABELS, Form, Question, words
from kyc.questionnaires.states import FORM_VERSION, Outcome

KIND, MANAGE = "kyc.form", "kyc.manage_questionnaires"
NAME_CHARS_MAX = 120
ORDER = 5  # where a questionnaire stands among what a level asks for


def form_of(version: FormVersion) -> Form:
    return shape.load(version.content)


def published(questionnaire: Questionnaire) -> FormVersion | None:
    row: FormVersion | None = versions.in_force(TRACK, questionnaire=questionnaire)
    return row


def draft_of(questionnaire: Questionnaire) -> FormVersion | None:
    """The version that is being written, or waits for its second person."""
    rows = versions.siblings(TRACK, questionnaire=questionnaire)
    row: FormVersion | None = rows.filter(state__in=["draft", "proposed"]).first()
    return row


@transaction.atomic
def questionnaire_make(*, actor: Actor, name: str, form: Form | None = None) -> FormVersion:
    """A questionnaire with its first draft. Raises ``InvalidInput`` for a name that is taken."""
    if not actor.can(MANAGE):
        raise NotPermitted
    tidy = " ".join(name.split())[:NAME_CHARS_MAX]
    code = re.sub(r"[^a-z0-9]+", "-", tidy.lower()).strip("-")[:40]
    if not code:
        raise InvalidInput(fields={"name": "Give it a name with letters or digits."})
    versions.alone(actor, TRACK)
    if Questionnaire.objects.filter(tenant_id=actor.tenant_id, code=code).exists():
        raise InvalidInput(fields={"name": "There is a questionnaire of this name already."})
    row = Questionnaire.objects.create(
        tenant_id=actor.tenant_id, code=code, name=tidy, made_by=actor.name
    )
    audit(actor=actor, action=actions.MADE, subject=row, label=row.name)
    return _begin(actor, row, form or Form(title={"en": tidy}), "")


def _begin(actor: Actor, questionnaire: Questionnaire, form: Form, note: str) -> FormVersion:
    row: FormVersion = versions.begin(
        TRACK,
        actor=actor,
        content=shape.dump(form),
        note=note,
        questionnaire=questionnaire,
    )
    row.authors = [actor.ref]
    row.save(update_fields=["authors"])
    return row


@transaction.atomic
def version_begin(*, actor: Actor, questionnaire: Questionnaire) -> FormVersion:
    """The draft of the next version, which begins as the newest one; the one there is, if any."""
    if not actor.can(MANAGE):
        raise NotPermitted
    versions.alone(actor, TRACK)
    found = draft_of(questionnaire)
    if found is not None:
        return found
    newest = published(questionnaire)
    if newest is None:
        rows = versions.siblings(TRACK, questionnaire=questionnaire)
        newest = rows.order_by("-number").first()
    assert newest is not None, "it was made with its first draft"
    return _begin(actor, questionnaire, form_of(newest), "")


@transaction.atomic
def version_change(
    *, actor: Actor, pk: UUID, edition: int, form: Form, what: str, note: str | None = None
) -> FormVersion:
    """Keep a draft's new content. ``edition`` is the one that the person saw: another means that
    a colleague was faster, and nothing is changed."""
    if not actor.can(MANAGE):
        raise NotPermitted
    row: FormVersion = versions.locked(actor, TRACK, pk)
    if row.state != VersionState.DRAFT:
        raise StateConflict(f"{row} is no draft any more. Nothing was changed.")
    if row.edition != edition:
        raise StateConflict(
            "A colleague changed this draft while you had it open. Nothing of yours was kept yet: "
            "look at the questions as they are now, then send yours again."
        )
    row.content = shape.dump(form)
    row.edition += 1
    row.changed_at = now()
    row.authors = sorted({*row.authors, actor.ref})
    if note is not None:
        row.note = note.strip()[:200]
    row.save(update_fields=["content", "edition", "changed_at", "authors", "note"])
    audit(actor=actor, action=actions.CHANGED, subject=row, label=str(row), data={"what": what})
    return row


@transaction.atomic
def version_drop(*, actor: Actor, pk: UUID) -> FormVersion:
    """Throw a draft away. It stays readable; another may be begun."""
    if not actor.can(MANAGE):
        raise NotPermitted
    versions.alone(actor, TRACK)
    row: FormVersion = versions.locked(actor, TRACK, pk)
    if row.state != VersionState.DRAFT:
        raise StateConflict(f"{row} is no draft. Nothing was done.")
    moves.move(row, FORM_VERSION, VersionState.REFUSED, actor=actor)
    audit(actor=actor, action=actions.DROPPED, subject=row, label=str(row))
    return row


def why_not_propose(row: FormVersion) -> str:
    found = problems.problems(form_of(row))
    if not row.note:
        found.append("Say what is new in this version.")
    return " ".join(found)


def content(row: FormVersion) -> Mapping[str, Any]:
    """What the second person reads, and what is hashed: every question with its points."""
    form, before = form_of(row), published(row.questionnaire)
    return {
        "Version": row.number,
        "In place of": f"version {before.number}" if before else "none",
        "What is new": row.note,
        "Languages": ", ".join(shape.LANGUAGES[each] for each in form.languages),
        **{
            f"Question {number}": question_words(form, question)
            for number, question in enumerate(form.questions, 1)
        },
        **_test_words(form),
        "Asked by": ", ".join(asked_words(form)) or "no level",
    }


def question_words(form: Form, question: Question) -> str:
    """A question in a line, in every language that it has."""
    said = " / ".join(question.text.get(each, "") for each in form.languages)
    parts = [said, KIND_LABELS[question.kind].lower()]
    if not question.required:
        parts.append("may be left out")
    parts += [
        f"{' / '.join(_answer_words(form, question, number))}: {option.score}"
        for number, option in enumerate(question.options)
    ]
    if question.condition is not None:
        parts.append(condition_words(form, question))
    return "; ".join(parts)


def _answer_words(form: Form, question: Question, number: int) -> list[str]:
    option = question.options[number]
    if option.floor is not None and question.kind == shape.Kind.NUMBER:
        return [f"from {option.floor:f}"]
    found = [option_words(question, option, each) for each in form.languages]
    return list(dict.fromkeys(found))


def condition_words(form: Form, question: Question) -> str:
    """When a question is asked: ``asked if question 2 is: Yes``."""
    condition = question.condition
    if condition is None:
        return ""
    other = form.question(condition.question)
    if other is None:
        return "asked if a question that is gone was answered"
    said = [option_words(other, o, "en") for o in other.options if o.code in condition.answers]
    return f"asked if question {form.place(other.code) + 1} is: {' or '.join(said) or 'nothing'}"


def _test_words(form: Form) -> dict[str, str]:
    test = form.test
    if test is None:
        return {"Test": "no"}
    found = {
        f"From {each.floor} points": f"{Outcome(each.outcome).label}: {words(each.text, 'en')}"
        for each in test.passing
    }
    if test.leverage_max:
        found["Leverage capped at"] = f"1:{test.leverage_max}"
    found["Attempts"] = (
        f"{test.attempts} within {test.period_days} days, {test.cooling_hours} hours apart"
    )
    return found


def asked_words(form: Form) -> list[str]:
    return [f"level {level}, {ClientKind(kind).label.lower()}" for level, kind in form.asked]


def _follow(actor: Actor, row: FormVersion) -> None:
    """Levels ask for what the version says, and no longer for what it does not."""
    wanted = set(form_of(row).asked)
    mine = Requirement.objects.filter(
        tenant_id=actor.tenant_id,
        kind=RequirementKind.QUESTIONNAIRE,
        code=row.questionnaire.code,
        questions=[],
    ).select_related("level")
    for requirement in mine:
        key = (requirement.level.number, requirement.client_kind)
        if key in wanted:
            wanted.discard(key)
        else:
            requirement.delete()
    for level, kind in sorted(wanted):
        found = Level.objects.filter(tenant_id=actor.tenant_id, number=level).first()
        if found is None:
            continue
        Requirement.objects.get_or_create(
            tenant_id=actor.tenant_id,
            level=found,
            kind=RequirementKind.QUESTIONNAIRE,
            client_kind=kind,
            code=row.questionnaire.code,
            defaults={"label": row.questionnaire.name, "order": ORDER},
        )


def questionnaires() -> list[Questionnaire]:
    return list(Questionnaire.objects.filter(tenant_id=current_tenant_id()).order_by("name", "id"))


TRACK = Track(
    model=FormVersion,
    machine=FORM_VERSION,
    kind=KIND,
    label="Questionnaire",
    right=MANAGE,
    proposed=actions.PROPOSED,
    done=actions.PUBLISHED,
    content=content,
    url=lambda approval: reverse("kyc:form", args=[approval.subject_id]),
    within=("questionnaire",),
    back=VersionState.DRAFT,
    why_not=why_not_propose,
    authors=lambda row: row.authors,
    follow=_follow,
)
