"""What clients declare of work, income and wealth."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser

from backoffice.audit.models import AuditEntry
from backoffice.core.clock import today
from backoffice.core.context import Actor
from backoffice.core.errors import InvalidInput, StateConflict
from backoffice.tenancy.scope import tenant_scope
from clients.means import means_declare, means_of
from clients.models import Client, Means
from clients.services import client_move
from tests.clients.factories import make_active, make_lead
from tests.world import World

Browse = Callable[[str], Browser]
SALARIED: dict[str, Any] = {
    "occupation": "employee",
    "employer": " Shipping  Agency ",
    "currency": "eur",
    "income": Decimal("48000"),
    "wealth": Decimal("20000.50"),
    "deposits": Decimal("6000"),
    "sources": ["savings", "salary"],
}


def _declare(actor: Actor, client: Client, **changes: Any) -> Means:
    return means_declare(actor=actor, client=client, **{**SALARIED, **changes})


def test_the_newest_declaration_holds_and_the_ones_before_stay(carla: Actor) -> None:
    client = make_lead(carla)
    first = _declare(carla, client, declared_on=date(2026, 1, 5))
    second = _declare(carla, client, occupation="owner", income=Decimal("90000"))
    assert means_of(client) == [second, first]
    assert (first.employer, first.currency, first.sources) == (
        "Shipping Agency",
        "EUR",
        ["salary", "savings"],
    )
    entries = AuditEntry.objects.filter(subject_id=client.pk, action="clients.means_declared")
    assert entries.count() == 2
    with pytest.raises(DatabaseError), transaction.atomic():
        Means.objects.filter(tenant_id=carla.tenant_id, pk=first.pk).update(income=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occupation", "astronaut"),
        ("currency", "XAU"),
        ("income", Decimal("-1")),
        ("wealth", Decimal("1.001")),
        ("deposits", Decimal(10) ** 13),
        ("sources", []),
        ("sources", ["lottery"]),
        ("employer", "x" * 121),
        ("declared_on", today() + timedelta(days=3)),
        ("declared_on", date(1999, 1, 1)),
    ],
)
def test_what_can_not_be_so_is_named_and_nothing_is_kept(
    carla: Actor, field: str, value: Any
) -> None:
    client = make_lead(carla)
    with pytest.raises(InvalidInput) as refused:
        _declare(carla, client, **{field: value})
    assert list(refused.value.fields) == [field]
    assert means_of(client) == []


def test_a_closed_client_declares_nothing(carla: Actor) -> None:
    client = make_active(carla)
    client_move(actor=carla, client=client, state="closed", reason="left")
    with pytest.raises(StateConflict, match="closed"):
        _declare(carla, client)


def test_the_form_keeps_a_new_one_and_shows_who_may_see_it(world: World, browse: Browse) -> None:
    with tenant_scope(world.aurora.pk, world.actor("carla")):
        client = make_lead(world.actor("carla"))
        _declare(world.actor("carla"), client, declared_on=date(2026, 2, 1))
    carla, path = browse("carla"), f"/clients/{client.pk}/means/"
    page = carla.get(path).content.decode()
    assert "48000" in page
    values = {**SALARIED, "currency": "EUR", "declared_on": "2026-03-01", "income": "1,000"}
    refused = carla.post(path, values)
    assert refused.status_code == 422
    assert "Write it in digits" in refused.content.decode()
    assert carla.post(path, {**values, "income": "51000"}).status_code == 302
    tab = carla.get(f"/clients/{client.pk}/identity/").content.decode()
    assert "51,000.00" in tab
    assert "48,000.00" in tab
    assert "51,000.00" not in browse("sam").get(f"/clients/{client.pk}/identity/").content.decode()
    assert browse("sam").get(path).status_code == 403
