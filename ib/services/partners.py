"""Partners, where they stand, whose clients are whose, and by which agreement they earn.

Everything here is effective-dated. A change takes effect now or later; it may reach back only as
far as no commission line is there that it would contradict.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q

from backoffice.audit.services import audit
from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal import search
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from clients.models import Client, ClientAction
from clients.selectors import standing
from clients.services import client_set_partner
from clients.states import ClientState
from ib import actions
from ib.errors import HistoryStays, WouldCircle
from ib.locks import commissions_locked, partner_locked, tree_locked
from ib.models import (
    Agreement,
    ClientAttribution,
    CommissionLine,
    EffectiveModel,
    Partner,
    PartnerAgreement,
    Placement,
)
from ib.services.accrual import recalculation_ask
from ib.states import PARTNER, LineState, PartnerState, VersionState

SEARCH_KIND = "partner"
APPLY_ATTRIBUTION = "ib.attribution_due"
# A form takes a while to be sent: "now" may be a little while ago.
LATE_TOLERANCE = timedelta(minutes=15)
AHEAD_MAX = timedelta(days=366)
PeriodT = TypeVar("PeriodT", bound=EffectiveModel)


@transaction.atomic
def partner_create(
    *,
    actor: Actor,
    client: Client,
    parent: Partner | None = None,
    agreement: Agreement | None = None,
    since: datetime | None = None,
) -> Partner:
    """Make a client a partner (an applicant), under ``parent`` and with an agreement at once.

    ``since``: from when the placement and the agreement hold (default: now).
    """
    client = Client.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=client.pk)
    if client.state == ClientState.CLOSED:
        raise InvalidInput("The client is closed, so they can't become a partner.")
    if Partner.objects.filter(tenant_id=actor.tenant_id, client=client).exists():
        raise StateConflict(f"{client.name} is a partner already.")
    partner = Partner.objects.create(
        tenant_id=actor.tenant_id, client=client, name=client.name, reference=next_reference("P")
    )
    moves.begin(partner, PARTNER, actor=actor)
    index(partner, client)
    audit(actor=actor, action=actions.CREATED, subject=partner, data={"client": client.reference})
    if parent is not None:
        partner_place(actor=actor, partner=partner, parent=parent, from_at=since, reason="new")
    if agreement is not None:
        agreement_assign(
            actor=actor, partner=partner, agreement=agreement, from_at=since, reason="new"
        )
    return partner


def index(partner: Partner, client: Client) -> None:
    """Keep the partner's entries behind the search box."""
    search.index(
        kind=SEARCH_KIND,
        subject=partner,
        label=partner.name,
        detail=f"{partner.reference} · {client.reference}",
        words=[partner.reference, partner.reference[-6:], client.reference],
        desk_id=client.desk_id,
    )


@transaction.atomic
def partner_move(*, actor: Actor, partner: Partner, state: str, reason: str) -> Partner:
    """Activate, suspend, close. Raises ``InvalidInput`` when the client may not be a partner."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    # The accrual reads whether a partner is active: it waits, and sees one or the other.
    commissions_locked(actor)
    row = partner_locked(actor, partner.pk)
    if state == PartnerState.ACTIVE:
        check_may_earn(row.client)
    if moves.move(row, PARTNER, state, actor=actor, reason=reason[:300]):
        audit(
            actor=actor,
            action=actions.STATE_MOVED,
            subject=row,
            data={"state": row.get_state_display().lower(), "reason": reason},
        )
    return row


def check_may_earn(client: Client) -> None:
    """Raises ``InvalidInput`` for a client who is not active or is stopped from being a partner."""
    if client.state != ClientState.ACTIVE:
        raise InvalidInput(
            f"The client {client.reference} is {client.get_state_display().lower()}, not active."
        )
    stop = standing(client).filter(action=ClientAction.IB, from_at__lte=now()).first()
    if stop is not None:
        raise InvalidInput(f"The client {client.reference} is stopped as a partner: {stop.text}")


def _moment(from_at: datetime | None) -> datetime:
    moment = now()
    if from_at is None:
        return moment
    if from_at > moment + AHEAD_MAX:
        raise InvalidInput(fields={"from_at": "At most a year ahead."})
    return from_at


def _said(moment: datetime) -> str:
    """As the audit trail reads it out."""
    return f"{moment.astimezone(UTC):%-d %b %Y %H:%M} UTC"


def _is_past(moment: datetime) -> bool:
    return moment < now() - LATE_TOLERANCE


def _keep_history(actor: Actor, moment: datetime, what: str, **concerned: Any) -> None:
    """Refuse a change at ``moment`` when lines of later deals were reckoned by the old state."""
    later = CommissionLine.objects.filter(
        tenant_id=actor.tenant_id, deal_at__gte=moment, **concerned
    )
    if later.exists():
        raise HistoryStays(
            f"Commissions after {moment:%-d %b %Y %H:%M} UTC were reckoned already; {what}.",
            fields={"from_at": "Choose a time after the last commission."},
        )


def _end_from(rows: Any, moment: datetime) -> None:
    """Let whatever holds at ``moment`` or is planned for later end: it is replaced."""
    for row in rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=moment)):
        row.until_at = max(row.from_at, moment)
        row.save(update_fields=["until_at"])


@transaction.atomic
def partner_place(
    *,
    actor: Actor,
    partner: Partner,
    parent: Partner | None,
    from_at: datetime | None = None,
    reason: str,
) -> Placement | None:
    """Put a partner under ``parent`` (None: at the top) from a moment on; lines before it stay.

    A planned move after that moment is dropped. Raises ``WouldCircle``, ``HistoryStays``.
    """
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why the partner is moved."})
    tree_locked(actor)
    moment = _moment(from_at)
    row = partner_locked(actor, partner.pk)
    if PartnerState.CLOSED in (row.state, parent.state if parent else ""):
        raise InvalidInput("A closed partner is not moved, and nobody is put under one.")
    _keep_history(actor, moment, "a move does not change them", partner=row)
    mine = Placement.objects.filter(tenant_id=actor.tenant_id, partner=row)
    placed = None
    try:
        with transaction.atomic():
            _end_from(mine, moment)
            if parent is not None:
                placed = Placement.objects.create(
                    tenant_id=actor.tenant_id,
                    partner=row,
                    parent=parent,
                    from_at=moment,
                    reason=reason[:300],
                    set_by=actor.name,
                )
    except IntegrityError as error:
        if row.pk == getattr(parent, "pk", None) or "above itself" in str(error):
            raise WouldCircle(fields={"parent": WouldCircle.sentence}) from error
        raise
    audit(
        actor=actor,
        action=actions.PLACED,
        subject=row,
        data={
            "parent": parent.reference if parent else "nobody",
            "from_at": _said(moment),
            "reason": reason,
        },
    )
    return placed


@transaction.atomic
def client_attribute(
    *,
    actor: Actor,
    client: Client,
    partner: Partner,
    from_at: datetime | None = None,
    reason: str,
) -> ClientAttribution:
    """From a moment on, the client's trades are the partner's. Raises ``HistoryStays``."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    tree_locked(actor)
    moment = _moment(from_at)
    if partner.state == PartnerState.CLOSED:
        raise InvalidInput(f"{partner.reference} is closed.")
    _keep_history(actor, moment, "they stay with the partner of then", client=client)
    _end_from(ClientAttribution.objects.filter(tenant_id=actor.tenant_id, client=client), moment)
    row = ClientAttribution.objects.create(
        tenant_id=actor.tenant_id,
        client=client,
        partner=partner,
        from_at=moment,
        reason=reason[:300],
        set_by=actor.name,
    )
    audit(
        actor=actor,
        action=actions.ATTRIBUTED,
        subject=client,
        data={"partner": partner.reference, "from_at": _said(moment), "reason": reason},
    )
    _follow(actor, client, moment)
    if _is_past(moment):
        recalculation_ask(actor=actor, since=moment, reason=f"{client.reference}: {reason}")
    return row


@transaction.atomic
def client_detach(
    *, actor: Actor, client: Client, from_at: datetime | None = None, reason: str
) -> None:
    """From a moment on, the client is nobody's. Raises ``StateConflict`` when they are already."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    tree_locked(actor)
    moment = _moment(from_at)
    rows = ClientAttribution.objects.filter(tenant_id=actor.tenant_id, client=client)
    held = rows.filter(Q(until_at__isnull=True) | Q(until_at__gt=moment)).select_related("partner")
    last = held.order_by("from_at").first()
    if last is None:
        raise StateConflict(f"{client.reference} is with no partner at that time.")
    _keep_history(actor, moment, "they stay with the partner of then", client=client)
    _end_from(rows, moment)
    audit(
        actor=actor,
        action=actions.DETACHED,
        subject=client,
        data={"partner": last.partner.reference, "reason": reason},
    )
    _follow(actor, client, moment)


def _follow(actor: Actor, client: Client, moment: datetime) -> None:
    """Keep the client's own page right: now, or when the change takes effect."""
    if moment <= now():
        attribution_apply(actor=actor, client=client)
    else:
        outbox.put(APPLY_ATTRIBUTION, subject_id=client.pk, due_at=moment)


def attribution_apply(*, actor: Actor, client: Client) -> None:
    """Write the partner of this moment on the client."""
    moment = now()
    row = (
        ClientAttribution.objects.filter(
            Q(until_at__isnull=True) | Q(until_at__gt=moment),
            tenant_id=actor.tenant_id,
            client=client,
            from_at__lte=moment,
        )
        .select_related("partner")
        .first()
    )
    client_set_partner(actor=actor, client=client, partner_ref=row.partner.reference if row else "")


@transaction.atomic
def agreement_assign(
    *,
    actor: Actor,
    partner: Partner,
    agreement: Agreement,
    from_at: datetime | None = None,
    reason: str,
) -> PartnerAgreement:
    """By which agreement a partner earns from a moment on.

    It may reach back: unpaid lines are then reckoned anew. Lines in a payout or paid stand in its
    way (``HistoryStays``).
    """
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    if not agreement.versions.filter(state=VersionState.PUBLISHED).exists():
        raise InvalidInput(fields={"agreement": f"{agreement.name} has no published version."})
    tree_locked(actor)
    moment = _moment(from_at)
    settled = [LineState.IN_PAYOUT, LineState.PAID]
    _keep_history(actor, moment, "and paid", partner=partner, state__in=settled)
    _end_from(PartnerAgreement.objects.filter(tenant_id=actor.tenant_id, partner=partner), moment)
    row = PartnerAgreement.objects.create(
        tenant_id=actor.tenant_id,
        partner=partner,
        agreement=agreement,
        from_at=moment,
        reason=reason[:300],
        set_by=actor.name,
    )
    audit(
        actor=actor,
        action=actions.AGREEMENT_ASSIGNED,
        subject=partner,
        data={"agreement": agreement.name, "from_at": _said(moment), "reason": reason},
    )
    if _is_past(moment):
        recalculation_ask(actor=actor, since=moment, reason=f"{partner.reference}: {reason}")
    return row
