"""Reading self-certifications: two queries for a client and all who control it."""

from uuid import UUID

from backoffice.core.context import current_tenant_id
from clients.models import Client, TaxCertification
from clients.ownership.selectors import Structure
from clients.ownership.states import PartyKind, PartyRole
from clients.tax.states import Classification


def certifications_of(client: Client) -> list[TaxCertification]:
    """Every one, of the client and of parties, the newest first, with their countries."""
    rows = TaxCertification.objects.filter(tenant_id=current_tenant_id(), client=client)
    return list(rows.select_related("party").prefetch_related("residences").order_by("-id"))


def holding(rows: list[TaxCertification]) -> dict[UUID | None, TaxCertification]:
    """The one that holds of each: by party, the client's own under None."""
    found: dict[UUID | None, TaxCertification] = {}
    for row in rows:
        found.setdefault(row.party_id, row)
    return found


def controlling(structure: Structure) -> list[UUID]:
    """Controlling persons (CRS section VIII D 6): who owns a quarter in the end; where nobody
    does, who directs."""
    people = [party for party in structure.parties.values() if party.kind == PartyKind.PERSON]
    owners = [party.pk for party in people if structure.share(party) >= structure.threshold]
    return owners or [party.pk for party in people if PartyRole.DIRECTOR in structure.roles(party)]


def missing_of(
    client: Client, rows: dict[UUID | None, TaxCertification], structure: Structure | None
) -> list[tuple[str, UUID | None]]:
    """Who has not certified and has to, by name and party. The controlling persons of a company
    certify when it is a passive entity."""
    own = rows.get(None)
    if own is None:
        return [(client.name, None)]
    if structure is None or own.classification != Classification.PASSIVE:
        return []
    return [(structure.parties[pk].name, pk) for pk in controlling(structure) if pk not in rows]
