"""Raw SQL as the runtime role against every rule of the books. None of it gets through."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from backoffice.core.ids import uuid7
from backoffice.tenancy.scope import tenant_scope
from ledger import chart, selectors
from ledger.services import hold_place, seal
from tests.ledger.books import Books, count, eur
from tests.world import World

TABLES = [
    "ledger_account",
    "ledger_journal",
    "ledger_transfer",
    "ledger_hold",
    "ledger_idempotency",
    "ledger_dayclose",
    "ledger_balancesnapshot",
    "ledger_seal",
]


def refused(statement: str, *parameters: Any) -> str:
    """What PostgreSQL says to the runtime role."""
    with connection.cursor() as cursor:
        with pytest.raises(DatabaseError) as refusal, transaction.atomic():
            cursor.execute(statement, parameters)
        return str(refusal.value)


def partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'ledger_transfer'::regclass"
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def filled(books: Books) -> Books:
    books.deposit(books.wallet(), eur("10.00"))
    hold_place(
        actor=books.actor,
        key="h",
        kind="w",
        debit=books.wallet(),
        credit=books.clearing(),
        amount=eur("1.00"),
    )
    seal(actor=books.actor)
    return books


@pytest.mark.parametrize("table", TABLES)
def test_the_runtime_role_can_only_read(filled: Books, table: str) -> None:
    for statement in (
        f"INSERT INTO {table} SELECT * FROM {table}",
        f"UPDATE {table} SET tenant_id = tenant_id",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        assert "permission denied" in refused(statement), statement


def test_a_partition_is_no_way_round(filled: Books) -> None:
    names = partitions()
    assert "ledger_transfer_default" in names
    for name in names:
        for statement in (
            f"INSERT INTO {name} SELECT * FROM ledger_transfer",
            f"UPDATE {name} SET amount = 1",
            f"DELETE FROM {name}",
            f"TRUNCATE {name}",
            f"DROP TABLE {name}",
        ):
            message = refused(statement)
            assert "permission denied" in message or "must be owner" in message, statement


def test_not_even_the_owner_changes_what_is_booked(filled: Books) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE backoffice_owner")
    for table in ["ledger_journal", "ledger_transfer", "ledger_seal", *partitions()]:
        for statement in (
            f"UPDATE {table} SET tenant_id = tenant_id",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            message = refused(statement)
            assert "append-only" in message or "for ever" in message, statement
    for column in ("code = 'x'", "normal = -normal", "no_overdraft = false", "currency = 'USD'"):
        assert "for ever" in refused(f"UPDATE ledger_account SET {column}")


def test_another_tenants_rows_are_not_there(filled: Books, world: World) -> None:
    with connection.cursor() as cursor:
        for table in [*TABLES, *partitions()]:
            cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(world.borealis.pk)])
            assert count(table) == 0, table
            cursor.execute("SELECT set_config('app.tenant_id', '', true)")
            assert count(table) == 0, table


CALLS = {
    "ledger_post": (
        "SELECT ledger_post(%s, 'k', '\\x00', gen_random_uuid(), 'x', '', now(), '{}', NULL,"
        " ARRAY['a','b','c','','',''], ARRAY[%s::uuid], ARRAY[%s::uuid], ARRAY['EUR'],"
        " ARRAY[1::bigint], ARRAY['x'])"
    ),
    "ledger_post_batch": (
        "SELECT ledger_post_batch(%s, ARRAY['k'], ARRAY['\\x00'::bytea], ARRAY[gen_random_uuid()],"
        " ARRAY['x'], ARRAY[''], ARRAY[now()], ARRAY['{}'::jsonb], ARRAY['a','b','c','','',''],"
        " ARRAY[1], ARRAY[%s::uuid], ARRAY[%s::uuid], ARRAY['EUR'], ARRAY[1::bigint], ARRAY['x'])"
    ),
    "ledger_hold_place": (
        "SELECT ledger_hold_place(%s, 'k', '\\x00', gen_random_uuid(), 'x', '', NULL,"
        " ARRAY['a','b','c','','',''], %s, %s, 'EUR', 1)"
    ),
    "ledger_hold_resolve": (
        "SELECT ledger_hold_resolve(%s, 'k', '\\x00', %s, 0, 'voided', now(), %s, now(), 'x', '{}',"
        " ARRAY['a','b','c','','',''])"
    ),
    "ledger_account_open": (
        "SELECT ledger_account_open(%s, ARRAY[%s::uuid, %s::uuid], 'x', 'asset', '', 'EUR', 1,"
        " false)"
    ),
    "ledger_account_set_closed": "SELECT ledger_account_set_closed(%s, %s::text, %s::text, true)",
    "ledger_day_close": "SELECT ledger_day_close(%s, %s, '2026-01-01', now(), %s::text)",
    "ledger_seal": "SELECT ledger_seal(%s, %s, %s, '\\x00', 10)",
}


@pytest.mark.parametrize("function", CALLS)
def test_a_function_serves_only_the_tenant_in_scope(
    filled: Books, world: World, function: str
) -> None:
    message = refused(CALLS[function], world.borealis.pk, uuid4(), uuid4())
    assert "is not in scope" in message


def test_snapshots_serve_only_the_tenant_in_scope(filled: Books, world: World) -> None:
    assert "not in scope" in refused("SELECT ledger_snapshots_take(%s)", world.borealis.pk)


@pytest.mark.parametrize(
    "call",
    [
        "ledger_move(1, now(), '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
        "ledger_unclaim(1, 'k')",
        "ledger_claim(1, 'k', '', gen_random_uuid(), now())",
        "ledger_wall('ledger_account')",
    ],
)
def test_the_inner_functions_are_not_for_the_runtime_role(filled: Books, call: str) -> None:
    assert "permission denied for function" in refused(f"SELECT {call}")


def test_an_account_of_another_tenant_cant_be_posted_to(filled: Books, world: World) -> None:
    stranger = world.actor("zoe")
    mine = filled.clearing()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(world.borealis.pk)])
        cursor.execute(
            "SELECT (ledger_post(%s, 'k', '\\x00', %s, 'x', '', now(), '{}', NULL,"
            " ARRAY['a','b','c','','',''], ARRAY[%s::uuid], ARRAY[%s::uuid], ARRAY['EUR'],"
            " ARRAY[1::bigint], ARRAY['x'])).outcome",
            [stranger.tenant_id, uuid7(), mine.ids[0], mine.ids[1]],
        )
        assert cursor.fetchone() == ("missing",)


@pytest.mark.parametrize("amount", [0, -5])
def test_a_line_without_an_amount_meets_the_check(filled: Books, amount: int) -> None:
    wallet, clearing = filled.wallet(), filled.clearing()
    message = refused(
        CALLS["ledger_post"].replace("ARRAY[1::bigint]", f"ARRAY[{amount}::bigint]"),
        filled.actor.tenant_id,
        clearing.id,
        wallet.id,
    )
    assert "ledger_transfer_amount" in message or "ledger_account_sums" in message


def test_a_line_from_an_account_to_itself_meets_the_check(filled: Books) -> None:
    clearing = filled.clearing()
    message = refused(CALLS["ledger_post"], filled.actor.tenant_id, clearing.id, clearing.id)
    assert "amount" in message or "missing or closed" in message


def test_the_maker_as_approver_meets_the_check(filled: Books) -> None:
    call = CALLS["ledger_post"].replace(
        "ARRAY['a','b','c','','','']", "ARRAY['a','b','c','b','','']"
    )
    message = refused(call, filled.actor.tenant_id, filled.clearing().id, filled.wallet().id)
    assert "four_eyes" in message


def test_a_late_month_is_never_a_failed_post(books: Books) -> None:
    """Nobody laid the month: the line is booked all the same, and moves when the month is laid."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE backoffice_owner")
        current = [name for name in partitions() if name != "ledger_transfer_default"]
        for name in current:
            cursor.execute(f"DROP TABLE {name}")
        cursor.execute("SET LOCAL ROLE backoffice_app")
    wallet = books.wallet()
    books.deposit(wallet, eur("5.00"))
    assert count("ledger_transfer_default") == 1
    from ledger.tasks import ledger_make_partitions

    assert ledger_make_partitions() >= 4
    assert count("ledger_transfer_default") == 0
    assert count("ledger_transfer") == 1
    assert ledger_make_partitions() == 0
    books.deposit(wallet, eur("5.00"))
    assert count("ledger_transfer_default") == 0
    assert "append-only" in _as_owner(f"DELETE FROM {sorted(partitions())[0]}")
    assert selectors.verify(books.actor.tenant_id).faults == []
    with tenant_scope(books.actor.tenant_id):
        assert books.posted(wallet) == eur("10.00")


def _as_owner(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE backoffice_owner")
        message = refused(statement)
        cursor.execute("SET LOCAL ROLE backoffice_app")
    return message


def test_an_income_account_may_go_either_way_and_a_wallet_may_not(filled: Books) -> None:
    fees = filled.account(chart.fee("x"))
    filled.move(fees, filled.wallet(), eur("3.00"))
    assert filled.posted(fees) == eur("-3.00")
    call = CALLS["ledger_post"].replace("1::bigint", "9999::bigint")
    parameters: list[Any] = [filled.actor.tenant_id, filled.wallet().id, filled.clearing().id]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT (x).outcome FROM ({call} AS x) y", parameters)
        assert cursor.fetchone() == ("insufficient",)
