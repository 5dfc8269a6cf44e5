"""Every rule of the books is derived again, and a broken one is named."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from backoffice.core.clock import now
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.days import day_close
from ledger.errors import DayNotClosable
from ledger.selectors import Fault
from ledger.services import hold_place, hold_settle, journal_reverse, seal
from tests.ledger.books import Books, eur, vandal
from tests.world import World


@pytest.fixture
def busy(books: Books) -> Books:
    """Books with a bit of everything in them."""
    wallet, transit = books.wallet(), books.account(chart.in_transit_bank())
    posting = books.deposit(wallet, eur("100.00"))
    books.deposit(wallet, eur("50.00"))
    books.move(wallet, books.account(chart.fee("x")), eur("1.00"))
    journal_reverse(actor=books.actor, key="r", journal_id=posting.journal_id)
    for key in ("open", "settled"):
        held = hold_place(
            actor=books.actor,
            key=key,
            kind="w",
            debit=wallet,
            credit=transit,
            amount=eur("10.00"),
        )
    hold_settle(actor=books.actor, key="s", hold_id=held.id)
    assert selectors.verify(books.actor.tenant_id).sound
    return books


VANDALISM = {
    "debits equal credits": "UPDATE ledger_account SET debits = debits + 1 WHERE code LIKE 'fee%'",
    "stored sums are the sums of the lines": (
        "UPDATE ledger_account SET debits = debits + 1, credits = credits + 1"
        " WHERE code LIKE '%wallet'"
    ),
    "versions are contiguous": (
        "UPDATE ledger_account SET version = version + 1 WHERE code LIKE '%wallet'"
    ),
    "each line carries the balance after it": (
        "UPDATE ledger_transfer SET credit_balance = 7 WHERE code = 'principal'"
    ),
    "time runs forward along an account": (
        "UPDATE ledger_transfer t SET created_at = t.created_at - interval '1 hour'"
        " FROM ledger_journal j WHERE j.id = t.journal_id AND j.reverses_id IS NOT NULL"
    ),
    "lines are in the currency of their account": (
        "UPDATE ledger_transfer SET currency = 'USD' WHERE amount = 5000"
    ),
    "pending sums are the open holds": (
        "UPDATE ledger_account SET pending_debits = 0 WHERE code LIKE '%wallet'"
    ),
    "no overdraft, open holds included": (
        "UPDATE ledger_hold SET amount = 1000000 WHERE state = 'held'"
    ),
    "a journal has lines, numbered from 1, of its own moment": (
        "UPDATE ledger_transfer SET line = 2 WHERE amount = 5000"
    ),
    "a reversal mirrors its journal": (
        "UPDATE ledger_transfer t SET amount = 1 FROM ledger_journal j"
        " WHERE j.id = t.journal_id AND j.reverses_id IS NOT NULL"
    ),
    "a settled hold moved what it says, once": (
        "UPDATE ledger_hold SET settled = 999 WHERE state = 'settled'"
    ),
}


@pytest.mark.parametrize("rule", VANDALISM)
def test_what_no_role_of_the_product_could_do_is_found(busy: Books, rule: str) -> None:
    with vandal() as cursor:
        cursor.execute("ALTER TABLE ledger_account DROP CONSTRAINT ledger_account_no_overdraft")
        cursor.execute(VANDALISM[rule])
        assert cursor.rowcount > 0
    assert rule in {fault.rule for fault in selectors.verify(busy.actor.tenant_id).faults}


def test_a_changed_journal_no_longer_fits_its_seal(busy: Books) -> None:
    assert seal(actor=busy.actor) == 5
    assert seal(actor=busy.actor) == 0
    busy.deposit(busy.wallet(), eur("1.00"))
    assert seal(actor=busy.actor) == 1
    assert selectors.verify(busy.actor.tenant_id).sound
    with vandal() as cursor:
        cursor.execute("UPDATE ledger_journal SET actor_ref = 'system:nobody' WHERE kind = 'w'")
    faults = selectors.verify(busy.actor.tenant_id).faults
    assert [(fault.rule, fault.subject) for fault in faults] == [
        ("a seal stands in the audit chain and fits its journals", "L-1")
    ]


def test_a_seal_that_was_forged_is_not_in_the_audit_chain(busy: Books) -> None:
    seal(actor=busy.actor)
    with vandal() as cursor:
        cursor.execute("UPDATE ledger_transfer SET code = 'forged' WHERE amount = 5000")
        cursor.execute(
            "UPDATE ledger_seal s SET digest ="
            " (SELECT digest FROM ledger_digest(s.tenant_id, s.starts_at, s.ends_at))"
        )
    faults = selectors.verify(busy.actor.tenant_id).faults
    assert [fault.subject for fault in faults] == ["L-1"]


def test_a_day_does_not_close_on_books_that_do_not_verify(busy: Books) -> None:
    with vandal() as cursor:
        cursor.execute("UPDATE ledger_account SET debits = debits + 1 WHERE code LIKE 'fee%'")
    with pytest.raises(DayNotClosable, match="debits equal credits"):
        day_close(actor=busy.actor, day=(now() - timedelta(days=2)).date())


@pytest.fixture
def business_check() -> Iterator[list[Fault]]:
    """A domain's own check, which finds what the test puts into the list."""
    found: list[Fault] = []
    selectors.register_check("tests", lambda tenant_id: found)
    yield found
    found.clear()


def test_a_domain_adds_its_own_rule(books: Books, business_check: list[Fault]) -> None:
    assert selectors.verify(books.actor.tenant_id).sound
    business_check.append(Fault("a paid withdrawal has its journal", "W-1", "none found"))
    assert selectors.verify(books.actor.tenant_id).faults == business_check


def test_the_command_names_the_faults_and_fails(world: World, db: None) -> None:
    books = Books(world.system())
    with tenant_scope(world.aurora.pk, books.actor):
        books.deposit(books.wallet(), eur("5.00"))
    out = StringIO()
    call_command("ledger_verify", stdout=out)
    assert [line.split(" (")[0] for line in out.getvalue().splitlines()] == [
        "aurora: sound",
        "borealis: sound",
    ]
    with tenant_scope(world.aurora.pk, books.actor), vandal() as cursor:
        cursor.execute("UPDATE ledger_account SET debits = 1 WHERE code LIKE '%wallet'")
    with pytest.raises(CommandError, match="aurora"):
        call_command("ledger_verify", "--tenant", "aurora", stdout=out)
    assert "stored sums are the sums of the lines: client:ada:wallet" in out.getvalue()
    call_command("ledger_verify", "--tenant", "borealis", stdout=out)
    with pytest.raises(CommandError, match="no brokerage"):
        call_command("ledger_verify", "--tenant", "nobody", stdout=out)
