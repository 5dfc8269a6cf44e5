"""Every row is met once when a list is walked by its key, whatever it is ordered by."""

from uuid import UUID

import pytest
from django.db.models import QuerySet

from backoffice.core.clock import now
from backoffice.portal.keyset import bounded_count, keyset_page
from backoffice.tenancy.scope import tenant_scope
from payments.models import Withdrawal
from tests.clients.factories import make_active
from tests.compliance import planted
from tests.world import World

AMOUNTS = ["30", "10", "20", "20", "20", "40", "10"]


@pytest.mark.parametrize("order", ["amount", "-amount", "id", "-id", "created_at"])
def test_a_list_is_walked_forth_and_back_with_every_row_once(world: World, order: str) -> None:
    with tenant_scope(world.aurora.pk):
        client = make_active(world.actor("olivia"))
        for amount in AMOUNTS:
            planted.withdrawal(client, amount, now())
        rows = Withdrawal.objects.filter(tenant_id=world.aurora.pk).select_related("client")
        tie = "-id" if order.startswith("-") else "id"
        whole = [row.pk for row in rows.order_by(order, tie)]
        forth, back = _walk(rows, order)
    assert forth == whole
    assert back == whole[:-1]  # the last page has one row, from which it goes back


def _walk(rows: QuerySet[Withdrawal], order: str) -> tuple[list[UUID], list[UUID]]:
    page = keyset_page(rows, order=order, size=2)
    forth = [row.pk for row in page.rows]
    while page.older:
        page = keyset_page(rows, order=order, size=2, after=page.older)
        forth += [row.pk for row in page.rows]
    back: list[UUID] = []
    while page.newer:
        page = keyset_page(rows, order=order, size=2, before=page.newer)
        back = [row.pk for row in page.rows] + back
    return forth, back


def test_rows_are_counted_no_further_than_asked(world: World) -> None:
    with tenant_scope(world.aurora.pk):
        client = make_active(world.actor("olivia"))
        for amount in AMOUNTS:
            planted.withdrawal(client, amount, now())
        rows = Withdrawal.objects.filter(tenant_id=world.aurora.pk)
        assert [bounded_count(rows, most, order="-id") for most in (3, 6, 7, 9)] == [4, 7, 7, 7]
        assert bounded_count(rows, 3, order="-amount") == 4
