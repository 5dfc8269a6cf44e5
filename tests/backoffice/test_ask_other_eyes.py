"""Approvals: asked by one, decided by others, executed once, never on something changed."""

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.context import Actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted, StateConflict
from backoffice.core.money import Money
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import approvals
from backoffice.workflow.approvals import ApprovalKind, approval_ask, approval_vote, why_not
from backoffice.workflow.models import Approval, ApprovalBand
from tests.world import World, load_world

KIND = "tests.rename"
RIGHT = "staff.manage_settings"
executed: list[str] = []


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    executed.clear()
    approvals.register(
        ApprovalKind(
            code=KIND,
            label="Rename",
            permission=RIGHT,
            content=lambda actor, approval: {
                "name": LegalEntity.objects.get(pk=approval.subject_id).name
            },
            execute=lambda actor, approval: executed.append("done"),
            refused=lambda actor, approval: executed.append("refused"),
            url=lambda approval: "/",
        )
    )
    yield
    executed.clear()


def _holding(actor: Actor, *codes: str) -> Actor:
    from dataclasses import replace

    return replace(actor, permissions=actor.permissions | set(codes))


@pytest.fixture
def asked(world: World) -> Iterator[Approval]:
    olivia = _holding(world.actor("olivia"), RIGHT)
    with tenant_scope(world.aurora.pk):
        entity = LegalEntity.objects.create(name="Aurora EU", regulator="CySEC", country="CY")
        yield approval_ask(
            actor=olivia, kind=KIND, subject=entity, label="Rename", content={"name": "Aurora EU"}
        )


def test_another_person_with_the_right_approves_and_it_is_executed_once(
    world: World, asked: Approval
) -> None:
    adam = _holding(world.actor("adam"), RIGHT)
    done = approval_vote(actor=adam, approval=asked, approves=True)
    assert (done.state, executed) == ("approved", ["done"])
    with pytest.raises(StateConflict):
        approval_vote(actor=adam, approval=asked, approves=True)
    assert executed == ["done"]


def test_the_maker_is_refused_by_the_service_and_by_the_database(
    world: World, asked: Approval
) -> None:
    olivia = _holding(world.actor("olivia"), RIGHT)
    with pytest.raises(FourEyes):
        approval_vote(actor=olivia, approval=asked, approves=True)
    insert = (
        "INSERT INTO workflow_approvalvote (tenant_id, id, approval_id, step, permission,"
        " voter_ref, voter_name, maker_ref, approves, reason, at)"
        " VALUES (%s, uuidv7(), %s, 0, 'x', %s, 'x', %s, true, '', now())"
    )
    for maker in (olivia.ref, "user:999"):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(insert, [world.aurora.pk, asked.pk, olivia.ref, maker])
    assert executed == []


def test_no_sql_of_the_runtime_role_can_approve_without_votes(
    world: World, asked: Approval
) -> None:
    for change in ("state = 'approved', decided_at = now()", "maker_ref = 'user:0'"):
        with pytest.raises(DatabaseError), transaction.atomic():
            connection.cursor().execute(
                f"UPDATE workflow_approval SET {change} WHERE id = '{asked.pk}'"
            )


def test_what_changed_since_it_was_asked_is_not_executed(world: World, asked: Approval) -> None:
    LegalEntity.objects.filter(tenant=world.aurora).update(name="Another name")
    adam = _holding(world.actor("adam"), RIGHT)
    row = approval_vote(actor=adam, approval=asked, approves=True)
    assert (row.state, executed) == ("stale", ["refused"])


def test_a_refusal_needs_a_reason_and_executes_nothing(world: World, asked: Approval) -> None:
    adam = _holding(world.actor("adam"), RIGHT)
    with pytest.raises(InvalidInput):
        approval_vote(actor=adam, approval=asked, approves=False)
    row = approval_vote(actor=adam, approval=asked, approves=False, reason="wrong name")
    assert (row.state, executed) == ("refused", ["refused"])


def test_without_the_right_the_button_says_why(world: World, asked: Approval) -> None:
    sam = world.actor("sam")
    assert "right" in why_not(sam, asked)
    with pytest.raises(NotPermitted):
        approval_vote(actor=sam, approval=asked, approves=True)


def test_a_large_amount_needs_two_people(world: World) -> None:
    first, second = "staff.manage_settings", "staff.manage_staff"
    with tenant_scope(world.aurora.pk):
        ApprovalBand.objects.create(kind=KIND, amount_max=Decimal(1000), steps=[first])
        ApprovalBand.objects.create(kind=KIND, amount_max=None, steps=[first, second])
        entity = LegalEntity.objects.create(name="Aurora EU", regulator="CySEC", country="CY")
        row = approval_ask(
            actor=world.actor("olivia"),
            kind=KIND,
            subject=entity,
            label="Large",
            content={"name": "Aurora EU"},
            amount=Money(Decimal(5000), "EUR"),
            amount_base=Decimal(5000),
        )
        adam = _holding(world.actor("adam"), first, second)
        row = approval_vote(actor=adam, approval=row, approves=True)
        assert (row.state, executed) == ("pending", [])
        with pytest.raises(NotPermitted):
            approval_vote(actor=adam, approval=row, approves=True)
        mary = _holding(world.actor("mary"), second)
        row = approval_vote(actor=mary, approval=row, approves=True)
        assert (row.state, executed) == ("approved", ["done"])


@pytest.mark.slow
@pytest.mark.parametrize("second", [True, False], ids=["both approve", "one refuses"])
def test_two_who_decide_at_the_same_moment_decide_it_once(committed: None, second: bool) -> None:
    world = load_world()
    with tenant_scope(world.aurora.pk):
        entity = LegalEntity.objects.create(name="Aurora EU", regulator="CySEC", country="CY")
        row = approval_ask(
            actor=world.actor("olivia"),
            kind=KIND,
            subject=entity,
            label="Rename",
            content={"name": "Aurora EU"},
        )
    start, outcomes = threading.Barrier(2), []

    def vote(actor: Actor, approves: bool) -> None:
        start.wait()
        try:
            with tenant_scope(actor.tenant_id, actor):
                done = approval_vote(actor=actor, approval=row, approves=approves, reason="No")
            outcomes.append(done.state)
        except StateConflict:
            outcomes.append("too late")
        finally:
            connection.close()

    people = [(world.actor("adam"), True), (world.actor("mary"), second)]
    threads = [
        threading.Thread(target=vote, args=[_holding(actor, RIGHT), approves])
        for actor, approves in people
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(world.aurora.pk):
        row.refresh_from_db()
        votes = row.votes.count()
    assert sorted(outcomes) == sorted(["too late", row.state])
    assert executed == ["done" if row.state == "approved" else "refused"]
    assert votes == 1
