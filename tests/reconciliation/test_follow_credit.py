"""Credit that no bonus explains is put before people, and what a bonus explains is not."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import transaction

from backoffice.tenancy.models import LegalEntity
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.bonus_states import OnWithdrawal
from payments.bonuses.policies import policy_set
from payments.bonuses.services import KIND, bonus_ask, bonus_cancel
from payments.models import Bonus
from reconciliation.credit_plane import credits_check
from reconciliation.models import Break
from tests.payments.money import eur
from tests.trading.house import House, house_of
from tests.world import World
from trading.bridge.port import BalanceKind
from trading.models import Account, SyncKind
from trading.sync.readings import read


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with house_of(world) as running:
        running.setup()
        with running.scope():
            LegalEntity.objects.all().delete()
            policy_set(actor=world.actor("adam"), active=True, barred_regulators=[])
        yield running


def _checked(house: House, *, fresh: bool = True) -> list[str]:
    """What stands open once the accounts were read and held against the bonuses."""
    if fresh:
        read(house.system, house.server, SyncKind.ACCOUNTS)
    with house.scope():
        credits_check(actor=house.system)
        rows = Break.objects.filter(tenant=house.world.aurora, closed_at=None)
        return [f"{row.kind} {row.amount.normalize():f}" for row in rows]


def _work(house: House) -> None:
    """What the worker does, and what follows from it."""
    while house.drain():
        pass


def _given(house: House, account: Account) -> Bonus:
    client = account.client
    assert client is not None
    with house.scope(), transaction.atomic():
        type(client).objects.filter(pk=client.pk).update(residence="ZA")
        client.refresh_from_db()
        row = bonus_ask(
            actor=house.pavel, client=client, account=account, money=eur("100.00"), lots=None,
            days=None, on_withdrawal=OnWithdrawal.WHOLE, base=None, reason="welcome",
        )  # fmt: skip
        approval = pending_for(house.system, row.pk, KIND)
        assert approval is not None
        approval_vote(actor=house.world.actor("petra"), approval=approval, approves=True)
    return row


def test_credit_that_we_did_not_give_is_a_break_until_it_is_gone(house: House) -> None:
    account = house.open()
    house.ask(account, "40.00", kind=BalanceKind.CREDIT)
    assert _checked(house) == ["mt_credit_vs_balance 40"]
    assert _checked(house) == ["mt_credit_vs_balance 40"]  # one, however often it is looked at
    house.ask(account, "-40.00", ref="deposit:D-2", kind=BalanceKind.CREDIT)
    assert _checked(house) == []


def test_a_bonus_explains_its_credit_and_one_under_way_tells_nothing_yet(house: House) -> None:
    account = house.open()
    row = _given(house, account)
    assert _checked(house) == []  # on its way
    _work(house)
    assert _checked(house, fresh=False) == []  # there, but the account was read before
    assert _checked(house) == []
    with house.scope():
        Bonus.objects.filter(pk=row.pk).update(left_amount=Decimal(60))
    assert _checked(house) == ["mt_credit_vs_balance 40"]
    with house.scope():
        Bonus.objects.filter(pk=row.pk).update(left_amount=Decimal(100))
    assert _checked(house) == []
    with house.scope():
        bonus_cancel(actor=house.pavel, bonus=row, reason="asked to")
    _work(house)
    assert _checked(house, fresh=False) == []
    assert _checked(house) == []
