"""Two connections at one moment: a bonus is put on an account once, and a client has one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from backoffice.core.errors import DomainError
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow.approvals import approval_vote, pending_for
from payments.bonus_states import OnWithdrawal
from payments.bonuses.services import KIND, bonus_ask, bonus_cancel, bonus_look
from payments.models import Bonus
from tests.payments.factories import HUNDRED, make_bonus
from tests.payments.test_race_for_money import _at_once
from tests.trading.rows import make_deal
from tests.world import World, load_world
from trading.models import BalanceOperation


@dataclass
class Case:
    world: World
    row: Bonus


@pytest.fixture
def case(committed: None) -> Iterator[Case]:
    """Rows really committed, so that another connection sees them; it waits for approval."""
    world = load_world()
    with scope(world):
        bonus = make_bonus(world)
    yield Case(world, bonus)


def scope(world: World) -> Any:
    return tenant_scope(world.aurora.pk, world.system())


def refusals(found: list[Any]) -> int:
    return len([each for each in found if isinstance(each, DomainError)])


def inside(case: Case, work: Callable[..., Any], name: str, **facts: Any) -> Callable[[], Any]:
    actor = case.world.actor(name)

    def run() -> Any:
        with scope(case.world):
            return work(actor=actor, **facts)

    return run


def state_of(case: Case) -> tuple[str, list[Any]]:
    with scope(case.world):
        operations = BalanceOperation.objects.filter(kind="credit").order_by("id")
        return Bonus.objects.get(pk=case.row.pk).state, [each.amount for each in operations]


def approval_of(case: Case) -> Any:
    with scope(case.world):
        return pending_for(case.world.system(), case.row.pk, KIND)


def test_two_people_approve_at_one_moment(case: Case) -> None:
    facts = {"approval": approval_of(case), "approves": True}
    yes = [inside(case, approval_vote, name, **facts) for name in ("petra", "adam")]
    assert refusals(_at_once(*yes)) == 1
    assert state_of(case) == ("granting", [100])


def test_one_is_approved_as_it_is_taken_back(case: Case) -> None:
    yes = inside(case, approval_vote, "petra", approval=approval_of(case), approves=True)
    no = inside(case, bonus_cancel, "pavel", bonus=case.row, reason="no more")
    assert refusals(_at_once(yes, no)) == 1
    assert state_of(case) in [("granting", [100]), ("cancelled", [])]


def test_two_are_asked_for_at_one_moment(case: Case) -> None:
    with scope(case.world):
        bonus_cancel(actor=case.world.actor("pavel"), bonus=case.row, reason="anew")
    terms: dict[str, Any] = {
        "client": case.row.client, "account": case.row.account, "money": HUNDRED, "lots": None,
        "days": None,
        "on_withdrawal": OnWithdrawal.WHOLE, "base": None, "reason": "welcome",
    }  # fmt: skip
    asks = [inside(case, bonus_ask, name, **terms) for name in ("pavel", "petra")]
    assert refusals(_at_once(*asks)) == 1


def test_one_is_released_as_it_is_taken_off(case: Case) -> None:
    row = case.row
    with scope(case.world):
        Bonus.objects.filter(pk=row.pk).update(
            state="active",
            left_amount=100,
            lots_needed=1,
            decided_by_ref="user:petra",
            granted_at=row.created_at,
        )
        make_deal(row.account, 900_001, action=0, entry=0)
    look = inside(case, bonus_look, "adam", bonus_id=row.pk)
    off = inside(case, bonus_cancel, "pavel", bonus=row, reason="no more")
    again = inside(case, bonus_look, "petra", bonus_id=row.pk)
    _at_once(look, off, again)
    state, amounts = state_of(case)
    assert state in ("releasing", "removing")
    assert amounts == [-100]
