"""Reading questionnaires: how they stand for a client, and what that means for live accounts."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.portal.lists import FULL_DATA, MASK
from clients.models import Client
from clients.suitability import Suitability, stricter
from kyc.questionnaires import rules, shape
from kyc.questionnaires.models import (
    AnswerSet,
    Confirmation,
    Filling,
    FormVersion,
    Questionnaire,
)
from kyc.questionnaires.states import OUTCOME_COLOURS, FillingState, Outcome
from kyc.rules import Verdict

ORDER = (Outcome.BLOCK, Outcome.CAP, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Standing:
    """One questionnaire as it stands for a client: what is published, what was answered last,
    and what is begun and not finished."""

    questionnaire: Questionnaire
    published: FormVersion | None
    last: AnswerSet | None
    confirmation: Confirmation | None
    filling: Filling | None
    answered_at: list[datetime]

    @property
    def why_not_begin(self) -> str:
        """Why it can't be begun now; empty when it can, and for what can be gone on with."""
        if self.filling is not None:
            return ""
        if self.published is None:
            return "No version of it is published."
        test = shape.load(self.published.content).test
        return rules.why_not_again(test, self.answered_at, now()) if test else ""

    @property
    def to_confirm(self) -> bool:
        return bool(self.last and self.last.outcome == Outcome.WARN and self.confirmation is None)


def answer_sets(client: Client) -> QuerySet[AnswerSet]:
    """The newest first, each with its version."""
    rows = AnswerSet.objects.filter(tenant_id=current_tenant_id(), client=client)
    return rows.select_related("version", "questionnaire").defer("version__content").order_by("-id")


def standings(client: Client) -> list[Standing]:
    """Every questionnaire that is published or that this client has to do with; four queries."""
    tenant_id = current_tenant_id()
    live = FormVersion.objects.filter(tenant_id=tenant_id, state="active")
    published = {row.questionnaire_id: row for row in live.select_related("questionnaire")}
    last: dict[UUID, AnswerSet] = {}
    when: dict[UUID, list[datetime]] = defaultdict(list)
    for row in answer_sets(client):
        last.setdefault(row.questionnaire_id, row)
        when[row.questionnaire_id].append(row.at)
    begun = Filling.objects.filter(
        tenant_id=tenant_id, client=client, state__in=[FillingState.OPEN, FillingState.WARNED]
    )
    fillings = {
        row.questionnaire_id: row
        for row in begun.select_related("version", "questionnaire").defer("version__content")
    }
    confirmed = {
        row.answer_set_id: row
        for row in Confirmation.objects.filter(
            tenant_id=tenant_id, answer_set__in=[row.pk for row in last.values()]
        )
    }
    known: dict[UUID, Questionnaire] = {}
    every: list[FormVersion | AnswerSet | Filling]
    every = [*published.values(), *last.values(), *fillings.values()]
    for each in every:
        known[each.questionnaire_id] = each.questionnaire
    return [
        Standing(
            one,
            published.get(pk),
            last.get(pk),
            confirmed.get(last[pk].pk) if pk in last else None,
            fillings.get(pk),
            when[pk],
        )
        for pk, one in sorted(known.items(), key=lambda pair: pair[1].name)
    ]


def score_words(row: AnswerSet) -> str:
    return "" if row.score is None else f"{row.score} of {row.score_max} points"


def outcome_words(row: AnswerSet) -> str:
    label = row.get_outcome_display()
    return f"{label} at 1:{row.leverage_max}" if row.leverage_max else label


def verdict(title: str, standing: Standing | None) -> Verdict:
    """The line of a case's checklist."""
    if standing is None:
        return Verdict(title, "bad", "not published", met=False, handed_in=False)
    row = standing.last
    if row is None:
        note = "being filled in" if standing.filling else "not answered"
        return Verdict(title, "bad", note, met=False, handed_in=False)
    note = ", ".join(each for each in (outcome_words(row).lower(), score_words(row)) if each)
    if standing.to_confirm:
        return Verdict(title, "attention", f"{note}; warning to be confirmed", met=False)
    if standing.published is not None and row.version_id != standing.published.pk:
        note += f"; version {row.version.number}, {standing.published.number} is published"
    colour = OUTCOME_COLOURS[Outcome(row.outcome)]
    if standing.confirmation is not None:
        colour, note = "good", f"{note}; warning confirmed"
    return Verdict(title, colour, note, met=True)


def content_words(standing: Standing) -> str:
    """How it stands, for what is approved."""
    row = standing.last
    if row is None:
        return "not answered"
    confirmed = ", confirmed" if standing.confirmation else ""
    return f"version {row.version.number}, {row.pk}: {outcome_words(row).lower()}{confirmed}"


def suitability(clients: Collection[UUID]) -> Mapping[UUID, Suitability]:
    """What the newest answers of each test leave these clients to do. One query."""
    confirmed = Confirmation.objects.filter(
        tenant_id=OuterRef("tenant_id"), answer_set=OuterRef("pk")
    )
    rows = (
        AnswerSet.objects.filter(tenant_id=current_tenant_id(), client__in=list(clients))
        .annotate(confirmed=Exists(confirmed))
        .select_related("questionnaire")
        .order_by("client_id", "questionnaire_id", "-attempt")
        .distinct("client_id", "questionnaire_id")
    )
    found: dict[UUID, Suitability] = {}
    for row in rows:
        one = _means(row)
        if one is not None:
            before = found.get(row.client_id)
            found[row.client_id] = stricter(before, one) if before else one
    return found


def _means(row: AnswerSet) -> Suitability | None:
    name = row.questionnaire.name
    if row.outcome == Outcome.BLOCK:
        stop = f"“{name}” ended in {row.score} points: trading is not appropriate for the client."
        return Suitability(stop=stop)
    if row.outcome == Outcome.WARN and not row.confirmed:  # type: ignore[attr-defined]
        return Suitability(stop=f"The client has not confirmed the warning of “{name}” yet.")
    if row.outcome == Outcome.CAP:
        return Suitability(leverage_max=row.leverage_max, why=f"by “{name}”")
    return None


def panel(actor: Actor, standing: Standing) -> dict[str, Any]:
    """For kyc/questionnaires/panel.html; answers are masked for who may not see personal data."""
    row, filling, published = standing.last, standing.filling, standing.published
    stop = ""
    if row is not None:
        row.confirmed = standing.confirmation is not None  # type: ignore[attr-defined]
        means = _means(row)
        stop = means.stop if means else ""
    full = actor.can(FULL_DATA)
    return {
        "questionnaire": standing.questionnaire,
        "published": published,
        "last": row,
        "confirmation": standing.confirmation,
        "filling": filling,
        "behind": bool(filling and published and filling.version_id != published.pk),
        "outcome": outcome_words(row) if row else "",
        "score": score_words(row) if row else "",
        "colour": OUTCOME_COLOURS[Outcome(row.outcome)] if row else "",
        "lines": [(asked, said if full else MASK, points) for asked, said, points in row.lines]
        if row
        else [],
        "stop": stop,
        "why_not": standing.why_not_begin,
    }
