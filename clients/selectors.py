"""Reading clients: who is in sight, what they may do, who else they may be."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

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
    Party,
    Restriction,
    UploadLink,
)
from clients.ownership.states import PartyState
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


# What two people who may be one have in common; the first that holds names the reason.
_SAME = {
    "the same document number": """EXISTS (
        SELECT FROM clients_clientdocument d
        WHERE d.tenant_id = %(tenant)s AND d.client_id = c.id AND d.number_hash IN (
            SELECT m.number_hash FROM clients_clientdocument m
            WHERE m.tenant_id = %(tenant)s AND m.client_id = %(client)s
              AND m.number_hash <> ''))""",
    "the same file": """EXISTS (
        SELECT FROM clients_clientdocument d
        WHERE d.tenant_id = %(tenant)s AND d.client_id = c.id AND d.sha256 IN (
            SELECT m.sha256 FROM clients_clientdocument m
            WHERE m.tenant_id = %(tenant)s AND m.client_id = %(client)s
              AND m.sha256 <> ''))""",
    "the same e-mail address": "c.email = %(email)s",
    "the same surname and birth date": "c.surname_key = %(surname)s AND c.birth_date = %(born)s",
}
# One statement, written here: Django took 7 ms of each page that shows it to compose it.
_TWIN = """(
    SELECT c.id, c.reference, c.company_name, c.first_name, c.last_name, c.state, c.desk_id,
        {rank} AS rank
    FROM clients_client c
    WHERE c.tenant_id = %(tenant)s AND c.id <> %(client)s AND {same}
    LIMIT {most}
)"""
_TWINS = " UNION ALL ".join(
    _TWIN.format(rank=rank, same=same, most=DUPLICATES_MAX)
    for rank, same in enumerate(_SAME.values())
)


def possible_duplicates(client: Client) -> list[tuple[Client, str]]:
    """Other clients who may be the same person, each with why. It links, it never rejects."""
    known = {
        "tenant": current_tenant_id(),
        "client": client.pk,
        "email": client.email or None,  # who was erased has none, and is nobody's twin
        "surname": client.surname_key,
        "born": client.birth_date if client.surname_key else None,
    }
    others: list[Any] = list(Client.objects.raw(_TWINS, known))  # with ``rank``
    reasons, found = list(_SAME), dict[UUID, tuple[Client, str]]()
    for other in sorted(others, key=lambda other: other.rank):
        found.setdefault(other.pk, (other, reasons[other.rank]))
    return list(found.values())[:DUPLICATES_MAX]


def documents_of(client: Client) -> QuerySet[ClientDocument]:
    """The newest first, those of the parties of a company among them."""
    rows = ClientDocument.objects.filter(tenant_id=current_tenant_id(), client=client)
    return rows.select_related("party").order_by("-id")


def parties_of(client: Client) -> QuerySet[Party]:
    """Who stands behind a company now, by the order in which they were named."""
    rows = Party.objects.filter(tenant_id=current_tenant_id(), client=client)
    return rows.exclude(state=PartyState.ENDED).order_by("id")


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
