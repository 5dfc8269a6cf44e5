"""Four layers, each attacked alone."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from backoffice.core.context import tenant_context
from backoffice.core.errors import TenantScopeError
from backoffice.core.tenant_tables import is_tenant_model, references
from backoffice.staff.models import Membership, Role
from backoffice.tenancy.models import Counter, LegalEntity
from backoffice.tenancy.references import next_reference
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

TENANT_MODELS = [model for model in apps.get_models() if is_tenant_model(model)]


def test_every_query_without_a_tenant_raises(world: World) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: list(Role.objects.all()),
        lambda: Role.objects.exists(),
        lambda: Role.objects.count(),
        lambda: Role.objects.first(),
        lambda: Role.objects.aggregate(models.Count("id")),
        lambda: Role.objects.update(name="x"),
        lambda: Role.objects.all().delete(),
        lambda: list(Role.objects.iterator()),
        lambda: Role.objects.create(code="x", name="x", group_id=1),
        lambda: Role.objects.bulk_create([Role(code="x", name="x", group_id=1)]),
        lambda: list(Role.history.all()),
        lambda: list(Role.history.model.objects.all()),
        lambda: next_reference("W"),
    ]
    for attempt in attempts:
        with pytest.raises(TenantScopeError):
            attempt()


def test_a_row_of_another_tenant_cant_be_made_in_scope(world: World) -> None:
    with tenant_scope(world.aurora.pk), pytest.raises(TenantScopeError):
        Counter.objects.create(tenant_id=world.borealis.pk, prefix="W", year=2026)


def test_scopes_of_two_tenants_never_nest(world: World) -> None:
    with (
        tenant_scope(world.aurora.pk),
        pytest.raises(TenantScopeError),
        tenant_scope(world.borealis.pk),
    ):
        pass


def test_without_the_database_setting_even_a_scoped_query_is_empty(world: World) -> None:
    with tenant_context(world.aurora.pk), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', '', true)")
        assert Membership.objects.filter(tenant=world.aurora).count() == 0


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_raw_sql_of_the_runtime_role_sees_and_touches_one_tenant_only(
    world: World, model: type[models.Model]
) -> None:
    table = connection.ops.quote_name(model._meta.db_table)
    other = world.borealis.pk
    with tenant_scope(world.aurora.pk), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [other])
        assert cursor.fetchone() == (0,)
        for attack in (
            f"UPDATE {table} SET tenant_id = tenant_id WHERE tenant_id = {other}",
            f"DELETE FROM {table} WHERE tenant_id = {other}",
        ):
            try:
                with transaction.atomic():
                    cursor.execute(attack)
                    assert cursor.rowcount == 0, attack
            except DatabaseError as error:
                assert "permission denied" in str(error) or "append-only" in str(error)


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_the_database_has_the_key_the_policy_and_the_references(
    db: None, model: type[models.Model]
) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [f'"{table}"'],
        )
        assert cursor.fetchone() == (True, True)
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass",
            [f'"{table}"'],
        )
        definitions = [row[0] for row in cursor.fetchall()]
    keys = [text for text in definitions if text.startswith("PRIMARY KEY")]
    assert keys[0].startswith("PRIMARY KEY (tenant_id, ")
    for text in definitions:
        assert not text.startswith("UNIQUE") or "(tenant_id" in text or "group_id" in text, text
    for column, target in references(model):
        wanted = f"FOREIGN KEY (tenant_id, {column}) REFERENCES {target}(tenant_id, id)"
        assert any(text.startswith(wanted) for text in definitions), wanted


def test_a_reference_into_another_tenant_is_refused_by_the_database(world: World) -> None:
    with tenant_scope(world.borealis.pk):
        theirs = Role.objects.get(tenant=world.borealis)
    with tenant_scope(world.aurora.pk), connection.cursor() as cursor:
        mine = Membership.objects.filter(tenant=world.aurora).first()
        assert mine is not None
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(DatabaseError, match="foreign key"), transaction.atomic():
            cursor.execute(
                "INSERT INTO staff_membershiprole (id, tenant_id, membership_id, role_id)"
                " VALUES (%s, %s, %s, %s)",
                [uuid4(), world.aurora.pk, mine.pk, theirs.pk],
            )


def test_history_carries_the_tenant_and_the_actor(world: World) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        entity = LegalEntity.objects.create(name="Aurora EU", regulator="CySEC", country="CY")
        row = LegalEntity.history.get(id=entity.pk)
        assert (row.tenant_id, row.history_user_id) == (world.aurora.pk, adam.user_id)


def test_references_count_up_per_tenant_and_prefix(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        first, second = next_reference("W"), next_reference("W")
        other = next_reference("D")
    with tenant_scope(world.borealis.pk):
        theirs = next_reference("W")
    assert [text[-6:] for text in (first, second, other, theirs)] == [
        "000001",
        "000002",
        "000001",
        "000001",
    ]
