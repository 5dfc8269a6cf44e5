"""Agreements: drafts are written, proposed, published by someone else, and never changed again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.core.money import exponent
from backoffice.workflow import moves
from backoffice.workflow.approvals import approval_ask
from backoffice.workflow.models import Approval
from ib import actions
from ib.directory import rates_stored
from ib.locks import commissions_locked, tree_locked, version_locked
from ib.models import Agreement, AgreementVersion
from ib.rules import Rate
from ib.services.accrual import recalculation_ask
from ib.states import VERSION, VersionState

APPROVAL = "ib.agreement"
HOLDING_S_MAX = 7 * 24 * 3600
BACK_MAX = timedelta(days=92)
AHEAD_MAX = timedelta(days=366)


@transaction.atomic
def agreement_create(*, actor: Actor, name: str, currency: str) -> Agreement:
    """An agreement without versions yet."""
    clean = " ".join(name.split())[:80]
    if not clean:
        raise InvalidInput(fields={"name": "An agreement needs a name."})
    exponent(currency)
    if Agreement.objects.filter(tenant_id=actor.tenant_id, name__iexact=clean).exists():
        raise InvalidInput(fields={"name": "There is an agreement of this name."})
    row = Agreement.objects.create(tenant_id=actor.tenant_id, name=clean, currency=currency)
    audit(actor=actor, action=actions.AGREEMENT_CREATED, subject=row, label=row.name)
    return row


@transaction.atomic
def version_save(
    *,
    actor: Actor,
    agreement: Agreement,
    rates: Sequence[Rate],
    effective_from: datetime,
    minimum_holding_s: int = 0,
    pays_self_referral: bool = False,
) -> AgreementVersion:
    """Write the agreement's draft, or begin its next version. One that is proposed is locked."""
    Agreement.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=agreement.pk)
    _check(rates, effective_from, minimum_holding_s)
    open_one = agreement.versions.exclude(state=VersionState.PUBLISHED).first()
    if open_one is not None and open_one.state != VersionState.DRAFT:
        raise StateConflict(f"{open_one} waits for approval, so it can't be changed.")
    values: dict[str, Any] = {
        "rates": rates_stored(rates),
        "effective_from": effective_from,
        "minimum_holding_s": minimum_holding_s,
        "pays_self_referral": pays_self_referral,
        "created_by_ref": actor.ref,
        "created_by": actor.name,
    }
    version = open_one or _next_version(actor, agreement)
    for name, value in values.items():
        setattr(version, name, value)
    if open_one is None:
        version.save(force_insert=True)
        moves.begin(version, VERSION, actor=actor)
    else:
        version.save(update_fields=list(values))
    audit(actor=actor, action=actions.VERSION_SAVED, subject=version, label=str(version))
    return version


def _next_version(actor: Actor, agreement: Agreement) -> AgreementVersion:
    last = agreement.versions.order_by("-number").values_list("number", flat=True).first()
    return AgreementVersion(tenant_id=actor.tenant_id, agreement=agreement, number=(last or 0) + 1)


def _check(rates: Sequence[Rate], effective_from: datetime, minimum_holding_s: int) -> None:
    moment = now()
    problems: dict[str, str] = {}
    if not rates:
        problems["rates"] = "Give at least one rate."
    if not 0 <= minimum_holding_s <= HOLDING_S_MAX:
        problems["minimum_holding_s"] = "Between nothing and a week, in seconds."
    if not moment - BACK_MAX <= effective_from <= moment + AHEAD_MAX:
        problems["effective_from"] = f"At most {BACK_MAX.days} days back and a year ahead."
    if problems:
        raise InvalidInput(fields=problems)


@transaction.atomic
def version_propose(*, actor: Actor, version: AgreementVersion) -> Approval:
    """Put a draft before other eyes."""
    row = version_locked(actor, version.pk)
    if not moves.move(row, VERSION, VersionState.PROPOSED, actor=actor):
        raise StateConflict(f"{row} waits for approval already.")
    audit(actor=actor, action=actions.VERSION_PROPOSED, subject=row, label=str(row))
    return approval_ask(
        actor=actor,
        kind=APPROVAL,
        subject=row,
        label=f"Agreement {row}",
        content=version_content(row),
        barred=[row.created_by_ref],
    )


def version_content(version: AgreementVersion) -> Mapping[str, Any]:
    """What is approved, whole."""
    return {
        "agreement": version.agreement.name,
        "number": version.number,
        "currency": version.agreement.currency,
        "effective_from": version.effective_from,
        "rates": version.rates,
        "minimum_holding_s": version.minimum_holding_s,
        "pays_self_referral": version.pays_self_referral,
    }


@transaction.atomic
def version_publish(*, actor: Actor, version: AgreementVersion) -> AgreementVersion:
    """After approval. Reaching back, it lets unpaid lines since then be reckoned anew."""
    commissions_locked(actor)
    tree_locked(actor)
    row = version_locked(actor, version.pk)
    row.published_at, row.published_by = now(), actor.name
    if not moves.move(
        row,
        VERSION,
        VersionState.PUBLISHED,
        actor=actor,
        update_fields=["published_at", "published_by"],
    ):
        return row
    audit(
        actor=actor,
        action=actions.VERSION_PUBLISHED,
        subject=row,
        label=str(row),
        data={"from_at": f"{row.effective_from.astimezone(UTC):%-d %b %Y %H:%M} UTC"},
    )
    if row.effective_from < row.published_at:
        recalculation_ask(actor=actor, since=row.effective_from, reason=f"{row} was published")
    return row


@transaction.atomic
def version_return(*, actor: Actor, version: AgreementVersion, reason: str) -> AgreementVersion:
    """Refused: it is a draft again."""
    row = version_locked(actor, version.pk)
    if moves.move(row, VERSION, VersionState.DRAFT, actor=actor, reason=reason[:300]):
        audit(
            actor=actor,
            action=actions.VERSION_REFUSED,
            subject=row,
            label=str(row),
            data={"reason": reason or "it had changed"},
        )
    return row
