"""The partner pages through their addresses: what people see, type and may not do."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.clock import now
from backoffice.core.context import Actor
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import queues
from backoffice.workflow.approvals import pending_for
from ib import selectors
from ib.forms import MoveForm
from ib.models import Agreement, AgreementVersion, CommissionLine, Partner, Payout
from ib.services import accrual_run, payout_propose
from tests.ib.factories import (
    Market,
    attribute,
    make_agreement,
    make_client,
    make_partner,
    rates,
)
from tests.world import World

Browse = Callable[[str], Browser]


@pytest.fixture
def tree(igor: Actor, market: Market) -> list[Partner]:
    """A parent, its partner whose client closed two lots of gold, and another parent."""
    agreement = make_agreement(igor, rates(XAUUSD=["8", "2.5"], ANY=["5", "2"]))
    parent = make_partner(igor, agreement=agreement)
    child = make_partner(igor, parent, agreement)
    other = make_partner(igor, agreement=agreement)
    client = make_client(igor)
    attribute(igor, client, child)
    market.closed(client, "2", "XAUUSD")
    accrual_run(actor=igor)
    return [parent, child, other]


def _page(browse: Browse, name: str, address: str, *args: Any, status: int = 200) -> str:
    answer = browse(name).get(reverse(address, args=args))
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def test_the_list_shows_partners_with_their_month(browse: Browse, tree: list[Partner]) -> None:
    page = _page(browse, "igor", "ib:list")
    for partner in tree:
        assert partner.reference in page
    assert page.count("16.00") == 1
    assert page.count("5.00") == 1


def test_a_partners_page_shows_the_tree_and_the_money(browse: Browse, tree: list[Partner]) -> None:
    timeline = _page(browse, "igor", "ib:partner", tree[1].pk)
    assert re.search(r">Put C-[0-9-]+ under it</a>", timeline)
    parent, child, other = tree
    page = _page(browse, "igor", "ib:partner", child.pk)
    assert parent.name in page
    assert other.name not in page
    assert "16" in page
    above = _page(browse, "igor", "ib:partner", parent.pk)
    assert child.name in above


def test_a_line_explains_itself(browse: Browse, tree: list[Partner]) -> None:
    line = CommissionLine.objects.get(partner_id=tree[1].pk)
    page = _page(browse, "igor", "ib:line", line.pk)
    for words in (
        str(line.deal_ticket),
        str(line.position_ticket),
        "XAUUSD",
        f"{line.version.agreement.name} v1",  # type: ignore[union-attr]
        "2 lots",
        tree[0].name,
        tree[1].name,
        "3,600 s",
    ):
        assert words in page, words


def test_moving_says_what_changes_and_keeps_history(browse: Browse, tree: list[Partner]) -> None:
    parent, child, other = tree
    address = reverse("ib:move", args=[child.pk])
    page = browse("igor").get(address).content.decode()
    assert "with 1 client." in page
    assert "5.00" in page  # what the parent earned from this branch
    refused = browse("igor").post(address, {"parent": child.reference, "reason": "x"})
    assert refused.status_code == 422
    assert "above itself" in refused.content.decode()
    unknown = browse("igor").post(address, {"parent": "P-1999-000001", "reason": "x"})
    assert unknown.status_code == 422
    nothing = browse("igor").post(address, {"reason": "x"})
    assert nothing.status_code == 422
    answer = browse("igor").post(address, {"parent": other.reference, "reason": "new desk"})
    assert answer.status_code == 302
    placement = selectors.parent_of(child)
    assert placement is not None
    assert placement.parent == other
    assert CommissionLine.objects.get(partner_id=parent.pk).amount == Decimal(5)


def test_an_agreement_is_written_proposed_and_published_by_someone_else(
    browse: Browse, igor: Actor
) -> None:
    made = browse("igor").post(reverse("ib:agreement-new"), {"name": "Gold", "currency": "EUR"})
    assert made.status_code == 302
    agreement = Agreement.objects.get(name="Gold")
    edit = reverse("ib:version-edit", args=[agreement.pk])
    terms = {
        "effective_from": f"{now() - timedelta(days=3):%Y-%m-%dT10:00}",
        "minimum_holding_s": "60",
        "pattern": ["XAU*", "*", ""],
        "tier-1": ["8", "5", ""],
        "tier-2": ["2.5", "", ""],
    }
    wrong = browse("igor").post(edit, {**terms, "tier-1": ["8", "x", ""]})
    assert wrong.status_code == 422
    assert "is not an amount" in wrong.content.decode()
    assert AgreementVersion.objects.count() == 0
    assert browse("igor").post(edit, terms).status_code == 302
    version = AgreementVersion.objects.get()
    assert version.rates == [
        {"pattern": "XAU*", "amounts": ["8", "2.5"]},
        {"pattern": "*", "amounts": ["5"]},
    ]
    propose = reverse("ib:version-propose", args=[agreement.pk])
    browse("igor").post(propose)
    version.refresh_from_db()
    assert version.state == "proposed"
    assert browse("igor").post(edit, terms).status_code == 422
    approval = pending_for(igor, version.pk)
    assert approval is not None
    page = browse("olivia").get(reverse("ib:agreement", args=[agreement.pk])).content.decode()
    assert reverse("portal:approval", args=[approval.pk]) in page
    decide = reverse("portal:approval-decide", args=[approval.pk])
    browse("igor").post(decide, {"decision": "approve"})
    version.refresh_from_db()
    assert version.state == "proposed"
    browse("olivia").post(decide, {"decision": "approve"})
    version.refresh_from_db()
    assert (version.state, version.published_by) == ("published", "Olivia")


def test_a_payout_is_proposed_and_decided_on_its_pages(
    browse: Browse, igor: Actor, tree: list[Partner]
) -> None:
    child = tree[1]
    new = reverse("ib:payout-new", args=[child.pk])
    refused = browse("igor").post(new, {"currency": "EUR", "minimum": "99"})
    assert refused.status_code == 422
    assert Payout.objects.count() == 0
    browse("igor").post(new, {"currency": "EUR"})
    payout = Payout.objects.get()
    page = _page(browse, "petra", "ib:payout", payout.pk)
    assert "Approve 16.00 EUR" in page
    assert "XAUUSD" in page
    assert "someone else decides" in _page(browse, "igor", "ib:payout", payout.pk)
    decide = reverse("ib:payout-decide", args=[payout.pk])
    assert browse("igor").post(decide, {"decision": "approve"}).status_code == 403
    assert browse("petra").post(decide, {"decision": "refuse"}).status_code == 302
    payout.refresh_from_db()
    assert payout.state == "proposed"  # a refusal needs a reason
    assert browse("petra").post(decide, {"decision": "approve"}).status_code == 302
    payout.refresh_from_db()
    assert payout.state == "paid"
    again = browse("olivia").post(decide, {"decision": "approve"}, follow=True)
    assert "decided already" in again.content.decode()
    assert queues.item_for(igor, "ib-payouts", payout.pk) is None


def test_another_brokerage_cannot_name_our_partners(world: World) -> None:
    adam, zoe = world.actor("adam"), world.actor("zoe")
    with tenant_scope(adam.tenant_id, adam):
        _, ours = make_partner(adam), make_partner(adam)
    with tenant_scope(zoe.tenant_id, zoe):
        theirs = make_partner(zoe)
        form = MoveForm(zoe, {"parent": ours.reference, "reason": "x"})
        assert "There is no partner" in str(form.errors["parent"])
        assert MoveForm(zoe, {"parent": theirs.reference, "reason": "x"}).is_valid()


def test_who_may_only_look_changes_nothing(browse: Browse, tree: list[Partner]) -> None:
    child = tree[1]
    page = _page(browse, "anna", "ib:partner", child.pk)
    assert "Propose payout" not in page
    for address in ("ib:move", "ib:client-add", "ib:assign", "ib:payout-new"):
        answer = browse("anna").post(reverse(address, args=[child.pk]), {"reason": "x"})
        assert answer.status_code == 403
    assert browse("sam").get(reverse("ib:list")).status_code == 403


def test_partners_of_other_desks_are_not_found(
    world: World, igor: Actor, tree: list[Partner]
) -> None:
    from dataclasses import replace

    narrow = replace(igor, desks=frozenset())
    assert selectors.partners_for(narrow).count() == 0
    assert selectors.lines_for(narrow).count() == 0
    payout = payout_propose(actor=igor, partner=tree[1], currency="EUR")
    assert selectors.payouts_for(narrow).count() == 0
    assert selectors.payouts_for(igor).get() == payout


def test_the_clients_page_says_through_whom_they_came(browse: Browse, tree: list[Partner]) -> None:
    line = CommissionLine.objects.filter(partner_id=tree[1].pk).get()
    page = _page(browse, "igor", "clients:tab", line.client_id, "partner")
    assert tree[1].reference in page
    assert "Make a partner" in page
    mine = _page(browse, "igor", "clients:tab", tree[1].client_id, "partner")
    assert "Make a partner" not in mine


def test_pages_ask_the_database_a_bounded_number_of_times(
    browse: Browse,
    igor: Actor,
    market: Market,
    tree: list[Partner],
    django_assert_max_num_queries: Any,
) -> None:
    browser = browse("igor")
    browser.get(reverse("ib:list"))
    with django_assert_max_num_queries(25):
        browser.get(reverse("ib:list"))
    with django_assert_max_num_queries(40):
        browser.get(reverse("ib:partner", args=[tree[0].pk]))
    with tenant_scope(igor.tenant_id, igor):
        for _ in range(6):
            make_partner(igor, tree[0])
    with django_assert_max_num_queries(25):
        browser.get(reverse("ib:list"))
    with django_assert_max_num_queries(40):
        browser.get(reverse("ib:partner", args=[tree[0].pk]))
