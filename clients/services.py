"""Writing clients: each verb is one business fact, with its audit entry in its transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from backoffice.audit.actions import Action
from backoffice.audit.services import audit
from backoffice.core.clock import now, today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.portal import search
from backoffice.portal.desks import desk_moved
from backoffice.staff.models import Membership, User
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.references import next_reference
from backoffice.workflow import moves, outbox
from clients import actions, followers, rules
from clients.locks import client_locked
from clients.looks import look
from clients.models import (
    Category,
    Client,
    ClientAction,
    ClientKind,
    Desk,
    LookKind,
    Note,
    Restriction,
    RiskBand,
)
from clients.states import CLIENT, ClientState

PARTICULARS = (
    "kind",
    "first_name",
    "last_name",
    "company_name",
    "email",
    "phone",
    "birth_date",
    "nationality",
    "residence",
    "address",
    "language",
    "do_not_contact",
)
SEARCH_KIND = "client"
NEW_CLIENT_RIGHTS = (ClientAction.LOGIN,)
NOTE_CHARS_MAX = 4000
MENTIONS_MAX = 10


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """Known particulars, tidied. Raises ``InvalidInput`` naming each field."""
    unknown = set(values) - set(PARTICULARS)
    assert not unknown, unknown
    clean = {
        name: rules.tidied(value) if isinstance(value, str) else value
        for name, value in values.items()
    }
    for name in ("nationality", "residence"):
        if clean.get(name):
            clean[name] = clean[name].upper()
    if "email" in clean:
        clean["email"] = clean["email"].lower()
    if "phone" in clean:
        clean["phone"] = rules.tidy_phone(clean["phone"])
    return clean


def _check(row: Client) -> None:
    values = {name: getattr(row, name) for name in PARTICULARS}
    found = rules.problems(values, today())
    for name in PARTICULARS:
        limit = getattr(Client._meta.get_field(name), "max_length", None)
        if limit and isinstance(values[name], str) and len(values[name]) > limit:
            found[name] = f"At most {limit} characters fit."
    if found:
        raise InvalidInput(fields=found)


@transaction.atomic
def client_create(
    *,
    actor: Actor,
    email: str,
    kind: str = ClientKind.PERSON,
    source: str = "",
    desk: Desk | None = None,
    manager: User | None = None,
    legal_entity: LegalEntity | None = None,
    **particulars: Any,
) -> Client:
    """A new lead. ``particulars`` are named in ``PARTICULARS``; ``InvalidInput`` lists problems.

    An actor who sees some desks only puts the client into one of them.
    """
    if not actor.sees_desk(desk.pk if desk else None):
        raise InvalidInput(fields={"desk": "Choose one of your desks."})
    client = Client(
        tenant_id=actor.tenant_id,
        desk=desk,
        manager=_member(actor, manager),
        legal_entity=legal_entity,
        source=" ".join(source.split())[:40] if rules.is_plain(source) else "",
        rights=[str(right) for right in NEW_CLIENT_RIGHTS],
        **_tidy({"email": email, "kind": kind, **particulars}),
    )
    _check(client)
    client.surname_key = rules.surname_key(client.kind, client.last_name, client.company_name)
    client.reference = next_reference("C")
    client.save(force_insert=True)
    _index(client)
    moves.begin(client, CLIENT, actor=actor)
    audit(
        actor=actor,
        action=actions.CREATED,
        subject=client,
        data={"source": source or "the portal", "name": client.name, "email": client.email},
    )
    followers.tell("created", client)
    return client


def _member(actor: Actor, user: User | None) -> User | None:
    if user is not None and not Membership.objects.filter(
        tenant_id=actor.tenant_id, user=user, active=True
    ):
        raise InvalidInput(fields={"manager": "This person does not work here."})
    return user


def _index(client: Client) -> None:
    """Keep the client's entries behind the search box, under its desk."""
    search.index(
        kind=SEARCH_KIND,
        subject=client,
        label=client.name,
        detail=client.reference,
        words=[client.reference, client.reference[-6:], client.email, client.phone.lstrip("+")],
        desk_id=client.desk_id,
    )


@transaction.atomic
def client_update(*, actor: Actor, client: Client, **changes: Any) -> Client:
    """Change particulars. Who is named in a document keeps its history (simple history)."""
    row = client_locked(actor, client.pk)
    _refuse_closed(row)
    before = {name: getattr(row, name) for name in changes}
    clean = _tidy(changes)
    changed = sorted(name for name, value in clean.items() if before[name] != value)
    if not changed:
        return row
    for name in changed:
        setattr(row, name, clean[name])
    _check(row)
    row.surname_key = rules.surname_key(row.kind, row.last_name, row.company_name)
    row.save(update_fields=[*changed, "surname_key"])
    _index(row)
    audit(
        actor=actor,
        action=actions.CHANGED,
        subject=row,
        data={
            "fields": ", ".join(name.replace("_", " ") for name in changed),
            "before": {name: before[name] for name in changed},
            "after": {name: clean[name] for name in changed},
        },
    )
    followers.tell("changed", row, fields=changed)
    return row


def _refuse_closed(row: Client) -> None:
    if row.state == ClientState.CLOSED:
        raise StateConflict("The client is closed. Nothing was changed.")


@transaction.atomic
def client_move(*, actor: Actor, client: Client, state: str, reason: str) -> Client:
    """Suspend, reactivate, close and the like; ``reason`` is kept and shown."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why."})
    row = client_locked(actor, client.pk)
    if moves.move(row, CLIENT, state, actor=actor, reason=reason[:300]):
        audit(
            actor=actor,
            action=actions.STATE_MOVED,
            subject=row,
            data={"state": row.get_state_display().lower(), "reason": reason},
        )
    return row


@transaction.atomic
def client_set_level(
    *, actor: Actor, client: Client, level: int, rights: Iterable[str], reason: str = ""
) -> Client:
    """What a KYC decision grants: the level and the actions that it opens."""
    row = client_locked(actor, client.pk)
    _refuse_closed(row)
    wanted = [str(action) for action in ClientAction if action in set(rights)]
    if (row.level, row.rights) != (level, wanted):
        row.level, row.rights = level, wanted
        row.save(update_fields=["level", "rights"])
        audit(
            actor=actor,
            action=actions.LEVEL_SET,
            subject=row,
            data={"level": level, "rights": wanted, "reason": reason},
        )
    return row


@transaction.atomic
def client_set_risk(
    *,
    actor: Actor,
    client: Client,
    band: str,
    score: int | None = None,
    reason: str = "",
    politically_exposed: bool | None = None,
    by_hand: bool = False,
) -> Client:
    """The outcome of a risk calculation, or with ``by_hand`` a person's own judgement, which no
    calculation goes below; low by hand leaves it to the calculation again."""
    row = client_locked(actor, client.pk)
    if by_hand and not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why the band is set by hand."})
    row.risk_band = RiskBand(band)
    row.risk_score = score if score is not None else row.risk_score
    if by_hand:
        row.risk_floor = "" if row.risk_band == RiskBand.LOW else row.risk_band
        row.risk_override_ref = actor.ref
    if politically_exposed is not None:
        row.politically_exposed = politically_exposed
    row.save(
        update_fields=[
            "risk_band",
            "risk_score",
            "risk_floor",
            "risk_override_ref",
            "politically_exposed",
        ]
    )
    audit(
        actor=actor,
        action=actions.RISK_SET,
        subject=row,
        data={
            "band": band,
            "score": score,
            "reason": reason or "calculated",
            "politically_exposed": row.politically_exposed,
        },
    )
    if by_hand or politically_exposed is not None:
        followers.tell("changed", row, fields=["risk_floor"])
    return row


@transaction.atomic
def client_set_category(*, actor: Actor, client: Client, category: str, reason: str) -> Client:
    row = client_locked(actor, client.pk)
    _refuse_closed(row)
    if row.category != Category(category):
        row.category = category
        row.save(update_fields=["category"])
        data = {"category": row.get_category_display().lower(), "reason": reason}
        audit(actor=actor, action=actions.CATEGORY_SET, subject=row, data=data)
    return row


@transaction.atomic
def client_set_partner(*, actor: Actor, client: Client, partner_ref: str) -> Client:
    """Which introducing broker the client came from; called by the partner domain, which has
    written down who put them there and why."""
    row = client_locked(actor, client.pk)
    if row.partner_ref != partner_ref:
        row.partner_ref = partner_ref
        row.save(update_fields=["partner_ref"])
    return row


@transaction.atomic
def client_assign(
    *, actor: Actor, client: Client, desk: Desk | None, manager: User | None
) -> Client:
    """Give a client to a desk and to one of its people."""
    if not actor.sees_desk(desk.pk if desk else None):
        raise InvalidInput(fields={"desk": "Choose one of your desks."})
    row = client_locked(actor, client.pk)
    row.desk, row.manager = desk, _member(actor, manager)
    row.save(update_fields=["desk", "manager"])
    _index(row)
    desk_moved(tenant_id=actor.tenant_id, client_id=row.pk, desk_id=desk.pk if desk else None)
    audit(
        actor=actor,
        action=actions.ASSIGNED,
        subject=row,
        data={
            "desk": desk.name if desk else "none",
            "manager": manager.name if manager else "none",
        },
    )
    followers.tell("assigned", row)
    return row


@transaction.atomic
def restriction_place(
    *,
    actor: Actor,
    client: Client,
    action: str,
    reason: str,
    text: str,
    origin: str = "",
    until: datetime | None = None,
) -> Restriction:
    """Stop one action. A repeat returns what stands already; one that holds longer replaces it.

    A rule (``origin``) has one stop for a reason; people may have several, each with its text, and
    each has to be lifted by itself.
    """
    said = text.strip()[:300]
    if not said:
        raise InvalidInput("Say why.", fields={"text": "Say why, for your colleagues."})
    if until is not None and until <= now():
        raise InvalidInput(fields={"until": "This moment has passed already."})
    row = client_locked(actor, client.pk)
    same = Restriction.objects.filter(
        tenant_id=actor.tenant_id,
        client=row,
        action=ClientAction(action),
        reason=reason,
        origin=origin,
        lifted_at=None,
    )
    standing = (same if origin else same.filter(text=said)).first()
    if standing is not None:
        if standing.until_at is None or (until is not None and standing.until_at >= until):
            return standing
        ended = standing.until_at <= now()
        _lift(actor, row, standing, "its time ended" if ended else "a longer stop replaces it")
    restriction = Restriction.objects.create(
        tenant_id=actor.tenant_id,
        client=row,
        action=ClientAction(action),
        reason=reason,
        origin=origin,
        text=said,
        until_at=until,
        placed_by_ref=actor.ref,
        placed_by=actor.name,
    )
    _audit_stop(actor, actions.RESTRICTED, row, restriction, said)
    return restriction


@transaction.atomic
def restriction_lift(*, actor: Actor, restriction: Restriction, reason: str) -> Restriction:
    """Let the client do it again. Raises ``StateConflict`` when it was lifted already."""
    if not reason.strip():
        raise InvalidInput("Say why.", fields={"reason": "Say why it is lifted."})
    client = client_locked(actor, restriction.client_id)
    row = Restriction.objects.select_for_update().get(tenant_id=actor.tenant_id, pk=restriction.pk)
    if row.lifted_at is not None:
        raise StateConflict(f"{row.lifted_by} has lifted it already.")
    _lift(actor, client, row, reason)
    return row


@transaction.atomic
def restrictions_lift_of(*, actor: Actor, client: Client, origin: str, reason: str) -> int:
    """Lift whatever one rule placed; returns how many."""
    assert origin
    row = client_locked(actor, client.pk)
    rows = Restriction.objects.filter(
        tenant_id=actor.tenant_id, client=row, origin=origin, lifted_at=None
    )
    placed = list(rows)
    for restriction in placed:
        _lift(actor, row, restriction, reason)
    return len(placed)


def _lift(actor: Actor, client: Client, row: Restriction, reason: str) -> None:
    row.lifted_at, row.lifted_by, row.lift_reason = now(), actor.name, reason[:300]
    row.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    _audit_stop(actor, actions.LIFTED, client, row, reason)


def _audit_stop(actor: Actor, action: Action, client: Client, row: Restriction, text: str) -> None:
    audit(
        actor=actor,
        action=action,
        subject=client,
        data={
            "action": row.get_action_display().lower(),
            "text": text,
            "reason": text,
            "code": row.reason,
            "restriction": row.pk,
        },
    )


@transaction.atomic
def note_add(*, actor: Actor, client: Client, text: str, mentions: Iterable[int] = ()) -> Note:
    """Write a note, for good. People mentioned are told."""
    clean = text.strip()
    if not clean:
        raise InvalidInput(fields={"text": "The note is empty."})
    if len(clean) > NOTE_CHARS_MAX:
        raise InvalidInput(fields={"text": f"At most {NOTE_CHARS_MAX} characters fit."})
    wanted = sorted(set(mentions))[:MENTIONS_MAX]
    known = Membership.objects.filter(
        tenant_id=actor.tenant_id, user_id__in=wanted, active=True
    ).values_list("user_id", flat=True)
    note = Note.objects.create(
        tenant_id=actor.tenant_id,
        client=client,
        text=clean,
        mentions=sorted(known),
        author_ref=actor.ref,
        author=actor.name,
    )
    audit(actor=actor, action=actions.NOTED, subject=client, data={"text": clean})
    for user_id in note.mentions:
        _tell(user_id, note, client, actor)
    return note


def _tell(user_id: int, note: Note, client: Client, actor: Actor) -> None:
    outbox.put(
        "operations.notify",
        subject_id=note.pk,
        payload={
            "to": f"user:{user_id}",
            "template": "clients.mentioned",
            "client": str(client.pk),
            "reference": client.reference,
            "by": actor.name,
        },
    )


def data_shown(*, actor: Actor, client: Client) -> None:
    """Record that unmasked particulars were opened."""
    look(actor=actor, client=client, kind=LookKind.FULL)
    audit(actor=actor, action=actions.DATA_SHOWN, subject=client)


@transaction.atomic
def desk_create(*, actor: Actor, name: str) -> Desk:
    clean = " ".join(name.split())
    if not clean:
        raise InvalidInput(fields={"name": "A desk needs a name."})
    if Desk.objects.filter(tenant_id=actor.tenant_id, name=clean).exists():
        raise InvalidInput(fields={"name": "There is a desk of this name."})
    desk = Desk.objects.create(tenant_id=actor.tenant_id, name=clean)
    audit(actor=actor, action=actions.DESK_CREATED, subject=desk, label=desk.name)
    return desk
