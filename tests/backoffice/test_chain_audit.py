"""The audit trail: appended by anyone who acts, changed by no one, proved whole."""

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.audit import selectors
from backoffice.audit.actions import Action
from backoffice.audit.models import AuditEntry, AuditPayload
from backoffice.audit.services import audit, seal
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from tests.world import World

TESTED = Action("tests.tested", "tested {subject}")


def _entries(actor: Actor, count: int) -> None:
    for number in range(count):
        audit(actor=actor, action=TESTED, label=f"thing {number}", data={"number": number})


def _as_owner(sql: str) -> None:
    """What only someone with the owner's login could do."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(sql)
        cursor.execute("SET LOCAL session_replication_role = origin")
        cursor.execute("SET ROLE backoffice_app")


def test_an_intact_chain_verifies_with_every_entry_sealed_once(world: World) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        before = AuditEntry.objects.filter(tenant=world.aurora).count()
        _entries(adam, 7)
        assert seal(actor=adam) == before + 7
        assert seal(actor=adam) == 0
        found = selectors.verify(world.aurora.pk)
    assert (found.intact, found.last_seq, found.waiting) == (True, before + 7, 0)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE audit_auditentry SET actor_name = 'nobody' WHERE id = '{id}'", "changed entry"),
        ("UPDATE audit_auditpayload SET data = '{{}}' WHERE entry_id = '{id}'", "changed payload"),
        ("DELETE FROM audit_auditentry WHERE id = '{id}'", "missing entry"),
        ("DELETE FROM audit_auditseal WHERE entry_id = '{id}'", "gap"),
    ],
)
def test_what_the_owner_of_the_database_changes_is_found(
    world: World, sql: str, fault: str
) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        _entries(adam, 5)
        seal(actor=adam)
        victim = AuditEntry.objects.get(tenant=world.aurora, subject_label="thing 2")
        with transaction.atomic():
            _as_owner(sql.format(id=victim.pk))
            found = selectors.verify(world.aurora.pk)
            transaction.set_rollback(True)
    assert not found.intact
    assert fault in {name for _, name in found.faults}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_auditentry SET actor_name = 'x'",
        "DELETE FROM audit_auditentry",
        "DELETE FROM audit_auditpayload",
        "UPDATE audit_audithead SET seq = 0",
        "DELETE FROM audit_auditseal",
        "TRUNCATE audit_auditentry CASCADE",
        "INSERT INTO audit_auditunsealed (tenant_id, id) VALUES (1, uuidv7())",
    ],
)
def test_the_runtime_role_can_only_append(world: World, sql: str) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        _entries(adam, 1)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(sql)


def test_an_entry_for_another_tenant_is_refused_inside_the_function(world: World) -> None:
    zoe = world.actor("zoe")
    with (
        tenant_scope(world.aurora.pk),
        pytest.raises(DatabaseError, match="not in scope"),
        transaction.atomic(),
    ):
        audit(actor=zoe, action=TESTED)


def test_a_removed_payload_leaves_the_chain_whole(world: World) -> None:
    adam = world.actor("adam")
    with tenant_scope(world.aurora.pk, adam):
        _entries(adam, 3)
        seal(actor=adam)
        payload = AuditPayload.objects.filter(tenant=world.aurora).order_by("id").last()
        assert payload is not None
        _as_owner(f"DELETE FROM audit_auditpayload WHERE id = '{payload.pk}'")
        assert selectors.verify(world.aurora.pk).intact
