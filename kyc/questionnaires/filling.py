"""Filling in: begun by staff or by a link, saved page by page, answered once, never changed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor, ActorKind, current_tenant_id
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.workflow import moves
from clients.links import NewUploadLink, question_link_create, upload_link_revoke
from clients.locks import client_locked
from clients.models import Client, UploadLink
from clients.states import ClientState
from kyc.questionnaires import actions, rules
from kyc.questionnaires.models import AnswerSet, Confirmation, Filling, Questionnaire
from kyc.questionnaires.rules import BadAnswer
from kyc.questionnaires.shape import words
from kyc.questionnaires.states import FILLING, FillingState, Outcome
from kyc.questionnaires.versions import form_of, published

_F = FillingState


def filling_locked(actor: Actor, pk: UUID) -> Filling:
    """The filling, its client locked before it."""
    row = Filling.objects.values("client_id").get(tenant_id=actor.tenant_id, pk=pk)
    client = client_locked(actor, row["client_id"])
    filling = (
        Filling.objects.select_for_update(of=("self",))
        .select_related("version", "questionnaire")
        .get(tenant_id=actor.tenant_id, pk=pk)
    )
    filling.client = client
    return filling


def on_behalf(actor: Actor) -> bool:
    """Whether somebody else than the client answers."""
    return actor.kind != ActorKind.CLIENT


def unfinished(client: Client, questionnaire: Questionnaire) -> Filling | None:
    rows = Filling.objects.filter(
        tenant_id=current_tenant_id(),
        client=client,
        questionnaire=questionnaire,
        state__in=[_F.OPEN, _F.WARNED],
    )
    return rows.select_related("version", "questionnaire").first()


def why_not_begin(client: Client, questionnaire: Questionnaire) -> str:
    """Why it can't be begun now: not published, no attempt left, too soon after the last one."""
    version = published(questionnaire)
    if version is None:
        return "No version of it is published."
    if client.state == ClientState.CLOSED:
        return "The client is closed."
    test = form_of(version).test
    if test is None:
        return ""
    before = AnswerSet.objects.filter(
        tenant_id=current_tenant_id(), client=client, questionnaire=questionnaire
    )
    return rules.why_not_again(test, list(before.values_list("at", flat=True)), now())


@transaction.atomic
def filling_begin(*, actor: Actor, client: Client, questionnaire: Questionnaire) -> Filling:
    """Begin the published version; what was begun and not finished is gone on with instead.
    Raises ``StateConflict`` with the reason why not."""
    row = client_locked(actor, client.pk)
    found = unfinished(row, questionnaire)
    if found is not None:
        return found
    if why := why_not_begin(row, questionnaire):
        raise StateConflict(why)
    version = published(questionnaire)
    assert version is not None  # else it could not be begun
    filling = Filling.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        version=version,
        questionnaire=questionnaire,
        begun_by_ref=actor.ref,
        begun_by=actor.name,
    )
    moves.begin(filling, FILLING, actor=actor)
    audit(actor=actor, action=actions.BEGUN, subject=row, data={"form": str(version)})
    return filling


@transaction.atomic
def filling_link(
    *,
    actor: Actor,
    client: Client,
    questionnaire: Questionnaire,
    valid_days: int = 7,
    message: str = "",
) -> NewUploadLink:
    """An address at which the client answers, without signing in. An older one is withdrawn: the
    answers that came through it stay."""
    begun = filling_begin(actor=actor, client=client, questionnaire=questionnaire)
    filling = filling_locked(actor, begun.pk)
    if filling.link is not None:
        upload_link_revoke(actor=actor, link=filling.link)
    made = question_link_create(
        actor=actor, client=filling.client, valid_days=valid_days, message=message
    )
    filling.link = made.link
    filling.save(update_fields=["link"])
    audit(
        actor=actor,
        action=actions.LINKED,
        subject=filling.client,
        data={"form": str(filling.version)},
    )
    return made


def filling_of(link: UploadLink) -> Filling | None:
    """What a link is for."""
    rows = Filling.objects.filter(tenant_id=current_tenant_id(), link=link)
    return rows.select_related("version", "questionnaire", "client").first()


def _open(actor: Actor, pk: UUID) -> Filling:
    filling = filling_locked(actor, pk)
    if filling.state != _F.OPEN:
        state = filling.get_state_display().lower()
        raise StateConflict(f"These answers are not open any more: {state}. Nothing was changed.")
    return filling


@transaction.atomic
def page_save(
    *, actor: Actor, filling: Filling, number: int, typed: Mapping[str, Sequence[str]]
) -> tuple[Filling, dict[str, str]]:
    """Keep what was typed on a page. Good answers are kept although others are none: those come
    back as sentences, by question."""
    row = _open(actor, filling.pk)
    form = form_of(row.version)
    if not 0 <= number < len(rules.pages(form)):
        raise InvalidInput("There is no such page.")
    answers, errors = dict(row.answers), {}
    asked = rules.page_visible(form, answers, number)
    for question in asked:
        try:
            answer = rules.read(question, typed.get(question.code, ()))
        except BadAnswer as error:
            errors[question.code] = str(error)
            continue
        if answer is None:
            answers.pop(question.code, None)
            if question.required:
                errors[question.code] = "Please answer this."
        else:
            answers[question.code] = answer
    if answers != row.answers:
        row.answers, row.saved_at = answers, now()
        row.save(update_fields=["answers", "saved_at"])
        data = {"form": str(row.version), "count": len(asked) - len(errors)}
        audit(actor=actor, action=actions.SAVED, subject=row.client, data=data)
    return row, errors


@transaction.atomic
def filling_submit(*, actor: Actor, filling: Filling) -> AnswerSet:
    """Everything is answered: it is scored, and stands. A repeat finds what there is."""
    row = filling_locked(actor, filling.pk)
    done = AnswerSet.objects.filter(tenant_id=actor.tenant_id, filling=row).first()
    if done is not None:
        return done
    if row.state != _F.OPEN:
        raise StateConflict(f"These answers are {row.get_state_display().lower()}.")
    form = form_of(row.version)
    missing = rules.open_questions(form, row.answers)
    if missing:
        count = len(missing)
        raise InvalidInput(f"{count} question{'s' if count > 1 else ''} still to be answered.")
    found = rules.result(form, row.answers)
    asked = {question.code for question in rules.visible(form, row.answers)}
    mine = AnswerSet.objects.filter(
        tenant_id=actor.tenant_id, client=row.client, questionnaire=row.questionnaire
    )
    made = AnswerSet.objects.create(
        tenant_id=actor.tenant_id,
        client=row.client,
        version=row.version,
        questionnaire=row.questionnaire,
        filling=row,
        attempt=mine.count() + 1,
        answers={code: answer for code, answer in row.answers.items() if code in asked},
        lines=[list(line) for line in found.lines],
        score=found.score,
        score_max=found.score_max,
        outcome=found.outcome,
        leverage_max=found.leverage_max,
        by_ref=actor.ref,
        by=actor.name,
        on_behalf=on_behalf(actor),
    )
    target = _F.WARNED if found.outcome is Outcome.WARN else _F.DONE
    moves.move(row, FILLING, target, actor=actor)
    data = {"form": str(row.version), "outcome": found.outcome.label.lower()}
    audit(actor=actor, action=actions.ANSWERED, subject=row.client, data=data)
    return made


def reached_words(filling: Filling, language: str) -> str:
    """What the client reads at the end of a test, by what its answers came to."""
    passing = rules.result(form_of(filling.version), filling.answers).passing
    return words(passing.text, language) if passing else ""


@transaction.atomic
def warning_confirm(*, actor: Actor, filling: Filling) -> Confirmation:
    """The client has read the warning and goes on; staff only when the client told them so."""
    row = filling_locked(actor, filling.pk)
    answers = AnswerSet.objects.filter(tenant_id=actor.tenant_id, filling=row).first()
    if answers is None or answers.outcome != Outcome.WARN:
        raise StateConflict("There is no warning to confirm.")
    found = Confirmation.objects.filter(tenant_id=actor.tenant_id, answer_set=answers).first()
    if found is not None:
        return found
    made = Confirmation.objects.create(
        tenant_id=actor.tenant_id,
        answer_set=answers,
        words=reached_words(row, row.client.language)[:1000],
        by_ref=actor.ref,
        by=actor.name,
        on_behalf=on_behalf(actor),
    )
    moves.move(row, FILLING, _F.DONE, actor=actor)
    audit(
        actor=actor, action=actions.CONFIRMED, subject=row.client, data={"form": str(row.version)}
    )
    return made


@transaction.atomic
def filling_drop(*, actor: Actor, filling: Filling, reason: str) -> Filling:
    """Give up what was begun, so that the newest version can be begun; its answers stay kept."""
    if not reason.strip():
        raise InvalidInput(fields={"reason": "Say why."})
    row = _open(actor, filling.pk)
    if row.link is not None:
        upload_link_revoke(actor=actor, link=row.link)
    moves.move(row, FILLING, _F.DROPPED, actor=actor, reason=reason.strip()[:300])
    audit(
        actor=actor,
        action=actions.FILLING_DROPPED,
        subject=row.client,
        data={"form": str(row.version), "reason": reason.strip()[:300]},
    )
    return row
