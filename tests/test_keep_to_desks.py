"""A member of one desk sees the clients of that desk and nothing of the others', wherever.

Everything that an address of the product shows is made for a client (tests/addresses.py). Ned
holds every right but the one to see all desks. While the clients are of no desk of his, no list,
queue, search, count or page shows him anything of theirs; once they are his desk's, it does.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import cast
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import assign_perm

from backoffice.core.context import Actor
from backoffice.core.errors import DomainError, NotPermitted
from backoffice.core.ids import uuid7
from backoffice.core.tenant import TenantModel
from backoffice.portal import exports, lists, search
from backoffice.portal.models import SearchEntry
from backoffice.staff.models import Membership
from backoffice.staff.selectors import ALL_DESKS, HOUSE_WIDE, actor_for
from backoffice.staff.services import role_create
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from backoffice.workflow.models import WorkItem
from clients.models import Client as Person
from clients.models import Desk
from clients.services import client_assign, desk_create
from tests.addresses import OBJECTS, Address, addresses
from tests.clients.factories import make_lead
from tests.world import World


class Thing:
    """Something that can be found: an id is all that the index asks for."""

    def __init__(self, pk: UUID) -> None:
        self.pk = pk


Browse = Callable[[str], Client]

# Objects of the house and of oneself: no client is behind them.
NO_CLIENTS = {
    "portal:view-delete", "portal:export-file", "portal:approval", "portal:approval-decide",
    "portal:settings-level", "portal:settings-entity",
    "portal:support-end", "compliance:scenario-move",
    "payments:gateway", "payments:gateway-test", "payments:method", "ib:agreement",
    "ib:version-edit", "ib:version-propose", "operations:notification", "operations:item-retry",
    "trading:server", "trading:server-edit", "trading:server-ask", "trading:group-offer",
}  # fmt: skip
# Lists of what belongs to no client: one's own files, and the house's agreements.
HOUSE_LISTS = {"portal.exports", "ib.agreements", "staff.members"}
FIRST = {"payments:notice", "trading:operation", "payments:withdrawal"}
HOUSE_QUEUES = {"notices", "breaks", "tests"}
OWN = {"workflow.approvals"}  # of what one asked for oneself, and of one's desks


@pytest.fixture
def ned(world: World, browse: Browse) -> Actor:
    """Bound to the desk Limassol; otherwise he may do whatever an administrator may."""
    adam, boss = world.actor("adam"), world.system()
    with tenant_scope(adam.tenant_id, boss):
        rights = world.actor("adam").permissions - {ALL_DESKS}
        role = role_create(actor=boss, code="desk", name="Desk", permissions=rights)
        user = world.user("sam")
        member = Membership.objects.get(user=user)
        member.held.all().delete()
        member.held.create(tenant_id=adam.tenant_id, membership=member, role=role)
        desk = desk_create(actor=boss, name="Limassol")
        assign_perm("clients.work_desk", user, desk)
        found = actor_for(user, adam.tenant_id)
    assert found is not None
    assert found.desks == frozenset({desk.pk})
    return found


def _everything(world: World) -> None:
    """One of each thing that the addresses know, each with clients of its own."""
    made = set()
    adam = world.actor("adam")
    for name in queues.queues:
        queues.item_open(actor=adam, queue=name, subject=make_lead(adam))
    for name, make in sorted(OBJECTS.items(), key=lambda pair: pair[0] not in FIRST):
        if make in made or name.startswith("operations:"):
            continue
        made.add(make)
        # Some set up what another set up already; that each list has rows is asserted below.
        with suppress(DomainError, IntegrityError, IndexError), transaction.atomic():
            make(world)


def _kinds(actor: Actor, words: set[str]) -> set[str]:
    return {hit.kind.code for word in words for hit in search.find(actor, word)}


def _lists(actor: Actor) -> dict[str, int]:
    """Rows of each list that the actor may open."""
    found = {}
    for page in lists.pages():
        if page.code in HOUSE_LISTS or (page.permission and not actor.can(page.permission)):
            continue
        found[page.code] = page.rows(actor).count()
    return found


def test_lists_queues_and_search_show_a_desk_its_own_clients_alone(
    world: World, ned: Actor
) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        _everything(world)
        assert {code for code, count in _lists(ned).items() if count} == set()
        assert [count.total for count in queues.counts(ned) if count.total] == []
        for queue in queues.queues:
            assert not queues.open_items(ned, queue).exists()
        words = set(SearchEntry.objects.values_list("token", flat=True))
        assert len(words) > 20
        assert [hit for word in words for hit in search.find(ned, word)] == []
        assert _kinds(adam, words) >= {"client", "deposit", "partner"}


def test_each_thing_by_itself_is_in_no_list_of_another_desk(world: World, ned: Actor) -> None:
    """One at a time, since some of the makers get into each other's way."""
    adam = world.actor("adam")
    shown: set[str] = set()
    with tenant_scope(adam.tenant_id, adam):
        for make in dict.fromkeys(OBJECTS.values()):
            with transaction.atomic():
                make(world)
                shown |= {code for code, count in _lists(adam).items() if count}
                assert {code for code, count in _lists(ned).items() if count} == set()
                transaction.set_rollback(True)
        every = set(_lists(adam))
    # What is empty for an administrator too proves nothing.
    assert every - shown <= {
        "compliance.alerts", "reporting.client_money_balances", "operations.deliveries",
        "trading.positions", "reconciliation.lines", "kyc.queue",
    }  # fmt: skip


def test_once_the_clients_are_the_desks_it_sees_all_of_theirs(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        _everything(world)
        before = {code: count for code, count in _lists(adam).items() if code in _lists(ned)}
        desk = Desk.objects.get(name="Limassol")
        for client in Person.objects.all():
            client_assign(actor=adam, client=client, desk=desk, manager=None)
        after = _lists(ned)
        short = {
            code: (after[code], count)
            for code, count in before.items()
            if after[code] != count and code not in OWN | {"payments.messages"}
        }
        assert short == {}
        words = set(SearchEntry.objects.values_list("token", flat=True))
        assert _kinds(ned, words) == _kinds(adam, words)
        waiting = set(WorkItem.objects.filter(closed_at=None).values_list("queue", "desk_id"))
        of_clients = {pair for pair in waiting if pair[0] not in HOUSE_QUEUES}
        assert len(of_clients) > 2
        assert {desk_id for _, desk_id in of_clients} == {desk.pk}


def test_each_kind_of_search_is_kept_to_desks(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        other = desk_create(actor=adam, name="Varna")
        for code in search._kinds:
            for number, desk_id in enumerate([None, other.pk, *(ned.desks or ())]):
                search.index(
                    kind=code,
                    subject=cast("TenantModel", Thing(uuid7())),
                    label=f"Walked {number}",
                    desk_id=desk_id,
                )
        for code, kind in search._kinds.items():
            seen = {hit.label for hit in search.find(ned, "walked", most=99)
                    if hit.kind.code == code}  # fmt: skip
            assert seen == ({"Walked 2"} if ned.can(kind.permission) else set()), code


def test_a_client_who_is_given_to_another_desk_leaves_the_first(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        _everything(world)
        desk = Desk.objects.get(name="Limassol")
        other = desk_create(actor=adam, name="Varna")
        for target in (desk, other):
            for client in Person.objects.all():
                client_assign(actor=adam, client=client, desk=target, manager=None)
        assert {code for code, count in _lists(ned).items() if count} == set()
        assert [count.total for count in queues.counts(ned) if count.total] == []
        assert not SearchEntry.objects.filter(desk_id=desk.pk).exists()


WITH_CLIENT = [
    address
    for address in addresses()
    if address.needs is not None and address.arguments and address.name not in NO_CLIENTS
]


@pytest.mark.parametrize("address", WITH_CLIENT, ids=lambda address: address.name)
def test_a_page_about_another_desks_client_is_not_found(
    world: World, ned: Actor, browse: Browse, address: Address
) -> None:
    """Not found, or a right over the whole house that a desk does not go with."""
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        arguments = dict(OBJECTS[address.name](world))
    path = reverse(address.name, kwargs=arguments)
    needed = set(address.needs or ())
    refusals = {403, 405} if needed & HOUSE_WIDE else {404, 405}
    client = browse("sam")
    answers = {client.get(path).status_code, client.post(path).status_code}
    assert answers <= refusals, answers


def test_figures_of_the_whole_house_are_not_a_desks(
    world: World, ned: Actor, browse: Browse
) -> None:
    mine, all_of = browse("sam"), browse("adam")
    assert "Deposits today" in all_of.get("/").content.decode()
    page = mine.get("/").content.decode()
    for words in ("Deposits today", "Deposits and withdrawals", "New clients today"):
        assert words not in page
    assert not ned.permissions & HOUSE_WIDE


def test_an_export_holds_what_the_list_shows(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        _everything(world)
    with tenant_scope(ned.tenant_id, ned):
        for page in lists.pages():
            if not page.exportable or not page.permission:
                continue
            if not ned.can(page.permission):
                with pytest.raises(NotPermitted):
                    exports.export_ask(actor=ned, list_code=page.code, query="", file_format="csv")
            elif page.code not in HOUSE_LISTS:
                made = exports.export_ask(
                    actor=ned, list_code=page.code, query="", file_format="csv"
                )
                assert made.rows == 0, page.code
