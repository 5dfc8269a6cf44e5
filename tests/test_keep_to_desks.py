"""A member of one desk sees the clients of that desk and nothing of the others', wherever.

Everything that an address of the product shows is made for a client (tests/objects.py). Ned
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
from tests.addresses import Address, addresses, by_object
from tests.clients.factories import make_lead
from tests.objects import OBJECTS
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
    "trading:leverage-table", "trading:leverage-propose",
    "trading:server", "trading:server-edit", "trading:server-ask", "trading:group-offer",
    "compliance:risk-model", "compliance:risk-try", "compliance:risk-propose",
    "kyc:vendor", "kyc:vendor-test", "kyc:form", "kyc:form-propose",
    "kyc:form-next", "kyc:form-drop", "kyc:form-preview", "kyc:form-edit", "kyc:form-about",
    "kyc:form-test", "kyc:form-question", "kyc:form-move", "kyc:form-copy", "kyc:form-remove",
    "kyc:level-tax",
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


def test_a_desk_sees_its_own_clients_and_those_alone(world: World, ned: Actor) -> None:
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        _everything(world)
        words = set(SearchEntry.objects.values_list("token", flat=True))
        assert len(words) > 20
        _sees_nothing(ned, words)
        assert _kinds(adam, words) >= {"client", "deposit", "partner"}
        desk = Desk.objects.get(name="Limassol")
        _give(adam, desk)
        _sees_all_that(adam, ned, words)
        waiting = set(WorkItem.objects.filter(closed_at=None).values_list("queue", "desk_id"))
        of_clients = {pair for pair in waiting if pair[0] not in HOUSE_QUEUES}
        assert len(of_clients) > 2
        assert {desk_id for _, desk_id in of_clients} == {desk.pk}
        _give(adam, desk_create(actor=adam, name="Varna"))
        _sees_nothing(ned, words)
        assert not SearchEntry.objects.filter(desk_id=desk.pk).exists()


def _give(actor: Actor, desk: Desk) -> None:
    for client in Person.objects.all():
        client_assign(actor=actor, client=client, desk=desk, manager=None)


def _sees_nothing(actor: Actor, words: set[str]) -> None:
    """Neither in a list, an export, a queue or a count, nor by any word of the index."""
    assert {code for code, count in _lists(actor).items() if count} == set()
    assert [count.total for count in queues.counts(actor) if count.total] == []
    for queue in queues.queues:
        assert not queues.open_items(actor, queue).exists()
    assert [hit for word in words for hit in search.find(actor, word)] == []
    with tenant_scope(actor.tenant_id, actor):
        _exports_nothing(actor)


def _exports_nothing(actor: Actor) -> None:
    for page in lists.pages():
        if not page.exportable or not page.permission or page.code in HOUSE_LISTS:
            continue
        asked = {"list_code": page.code, "query": "", "file_format": "csv"}
        if actor.can(page.permission):
            assert exports.export_ask(actor=actor, **asked).rows == 0, page.code
        else:
            with pytest.raises(NotPermitted):
                exports.export_ask(actor=actor, **asked)


def _sees_all_that(everyone: Actor, actor: Actor, words: set[str]) -> None:
    seen, there = _lists(actor), _lists(everyone)
    short = {
        code: (count, there[code])
        for code, count in seen.items()
        if count != there[code] and code not in OWN | {"payments.messages"}
    }
    assert short == {}
    assert _kinds(actor, words) == _kinds(everyone, words)


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


WITH_CLIENT = [
    address
    for address in addresses()
    if address.needs is not None and address.arguments and address.name not in NO_CLIENTS
]


@pytest.mark.parametrize("group", by_object(WITH_CLIENT))
def test_a_page_about_another_desks_client_is_not_found(
    world: World, ned: Actor, browse: Browse, group: list[Address]
) -> None:
    """Not found, or a right over the whole house that a desk does not go with."""
    adam = world.actor("adam")
    with tenant_scope(adam.tenant_id, adam):
        arguments = dict(OBJECTS[group[0].name](world))
    client = browse("sam")
    wrong = {}
    for address in group:
        path = reverse(address.name, kwargs=arguments)
        answers = {client.get(path).status_code, client.post(path).status_code}
        house = set(address.needs or ()) & HOUSE_WIDE
        if not answers <= ({403, 405} if house else {404, 405}):
            wrong[address.name] = answers
    assert wrong == {}


def test_figures_of_the_whole_house_are_not_a_desks(
    world: World, ned: Actor, browse: Browse
) -> None:
    mine, all_of = browse("sam"), browse("adam")
    assert "Deposits today" in all_of.get("/").content.decode()
    page = mine.get("/").content.decode()
    for words in ("Deposits today", "Deposits and withdrawals", "New clients today"):
        assert words not in page
    assert not ned.permissions & HOUSE_WIDE
