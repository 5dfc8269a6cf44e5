"""Reading clients: who is in sight, what they may do, who else they may be."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from backoffice.core.clock import now
from backoffice.core.context import Actor, current_tenant_id
from backoffice.portal import search
from backoffice.portal.models import SearchEntry
from backoffice.staff.models import Membership, User
from clients import rules
from clients.errors import ActionStopped
from clients.models import (
    Client,
    ClientAction,
    ClientDocument,
    Desk,
    Note,
    Restriction,
    UploadLink,
)
from clients.rules import Permit

DUPLICATES_MAX = 10


def clients_for(actor: Actor) -> QuerySet[Client]:
    """Every client that the actor may see: their tenant's, of their desks."""
    rows = Client.objects.filter(tenant_id=actor.tenant_id)
    return rows if actor.desks is None else rows.filter(desk_id__in=actor.desks)


def desks_for(actor: Actor) -> QuerySet[Desk]:
    rows = Desk.objects.filter(tenant_id=actor.tenant_id).order_by("name")
    return rows if actor.desks is None else rows.filter(pk__in=actor.desks)


def matching(rows: QuerySet[Client], text: str) -> QuerySet[Client]:
    """The clients of ``rows`` that have, for each word typed, a word that begins with it."""
    for word in search.tokens(text):
        entries = SearchEntry.objects.filter(
            tenant_id=current_tenant_id(),
            object_id=OuterRef("pk"),
            token__gte=word,
            token__lt=word + search.LAST,
        )
        rows = rows.filter(Exists(entries))
    return rows


def standing(client: Client) -> QuerySet[Restriction]:
    """Restrictions that hold now or begin later, the newest first."""
    return Restriction.objects.filter(
        Q(until_at__isnull=True) | Q(until_at__gt=now()),
        tenant_id=current_tenant_id(),
        client=client,
        lifted_at=None,
    ).order_by("-id")


def allowed(
    client: Client, restrictions: Iterable[Restriction] | None = None
) -> dict[ClientAction, Permit]:
    """What the client may do now, each with its sentence. One query, or none where a page gives
    the standing restrictions that it shows.

    ``Permit`` unpacks: ``ok, sentence = allowed(client)[ClientAction.DEPOSIT]``.
    """
    moment = now()
    stops: dict[str, list[str]] = defaultdict(list)
    for row in standing(client) if restrictions is None else restrictions:
        if row.from_at <= moment:
            stops[row.action].append(f"{row.text} (since {row.from_at:%-d %b %Y})")
    return {
        action: rules.permit(action, state=client.state, rights=client.rights, stops=stops[action])
        for action in ClientAction
    }


def check_allowed(client: Client, action: ClientAction) -> None:
    """Raises ``ActionStopped`` with the reason when the client may not do ``action`` now."""
    verdict = allowed(client)[action]
    if not verdict.ok:
        raise ActionStopped(
            f"{action.label} is stopped for {client.reference}: {verdict.sentence}."
        )


def possible_duplicates(client: Client) -> list[tuple[Client, str]]:
    """Other clients who may be the same person, each with why. It links, it never rejects."""
    mine = ClientDocument.objects.filter(tenant_id=current_tenant_id(), client=client)
    others = Client.objects.filter(tenant_id=current_tenant_id()).exclude(pk=client.pk)
    found: dict[UUID, tuple[Client, str]] = {}
    documents = ClientDocument.objects.filter(
        tenant_id=current_tenant_id(), client_id=OuterRef("pk")
    )
    numbers = mine.exclude(number_hash="").values("number_hash")
    same = [
        (
            "the same document number",
            others.filter(Exists(documents.filter(number_hash__in=numbers))),
        ),
        (
            "the same file",
            others.filter(Exists(documents.filter(sha256__in=mine.values("sha256")))),
        ),
        ("the same e-mail address", others.filter(email=client.email)),
    ]
    if client.birth_date and client.surname_key:
        people = others.filter(surname_key=client.surname_key, birth_date=client.birth_date)
        same.append(("the same surname and birth date", people))
    # One statement; what comes first in the list names the reason of who is in several.
    shown = (*Client.NAMED, "state", "desk")
    each, *rest = (
        rows.annotate(rank=Value(rank)).only(*shown)[:DUPLICATES_MAX]
        for rank, (_, rows) in enumerate(same)
    )
    for other in sorted(each.union(*rest, all=True), key=lambda other: other.rank):
        found.setdefault(other.pk, (other, same[other.rank][0]))
    return list(found.values())[:DUPLICATES_MAX]


def documents_of(client: Client) -> QuerySet[ClientDocument]:
    return ClientDocument.objects.filter(tenant_id=current_tenant_id(), client=client).order_by(
        "-id"
    )


def links_of(client: Client) -> QuerySet[UploadLink]:
    return UploadLink.objects.filter(tenant_id=current_tenant_id(), client=client).order_by("-id")


def client_by_reference(actor: Actor, reference: str) -> Client | None:
    """For other domains and the API: a client in view by ``C-2026-000123``."""
    return clients_for(actor).filter(reference=reference).first()


def colleagues(actor: Actor) -> QuerySet[User]:
    """People who work here, by name."""
    members = Membership.objects.filter(tenant_id=actor.tenant_id, active=True)
    return User.objects.filter(pk__in=members.values("user_id"), is_active=True).order_by("name")


def notes_of(client: Client) -> QuerySet[Note]:
    return Note.objects.filter(tenant_id=current_tenant_id(), client=client).order_by("-id")
