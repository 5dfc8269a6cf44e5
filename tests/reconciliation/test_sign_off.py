"""An account is signed off for a day: both sides frozen, and a later change of either shows."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.db.utils import IntegrityError, ProgrammingError
from django.test import Client as Browser
from django.urls import reverse

from backoffice.core.errors import DomainError, InvalidInput, NotPermitted, StateConflict
from backoffice.core.ids import uuid7
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from ledger import chart
from ledger import selectors as ledger
from ledger.chart import AccountSpec
from ledger.days import day_close, day_end
from ledger.entries import Line
from ledger.services import account_for, post
from payments.books import house_spec
from payments.models import GatewayAccount
from reconciliation.account_days import (
    AccountDay,
    Place,
    account_day,
    places,
    signed,
    weekday_before,
)
from reconciliation.models import Break, SignOff
from reconciliation.signing import account_sign, needs_reason
from sandbox.bank.camt053 import write_camt053
from tests.reconciliation.test_match_statements import DAY, IBAN, Bank, entry, statement, upload
from tests.world import World, load_world

Browse = Callable[[str], Browser]


@pytest.fixture(autouse=True)
def the_day_after() -> Iterator[None]:
    with time_machine.travel(datetime.combine(DAY + timedelta(days=1), time(9), UTC), tick=True):
        yield


class Vault(Bank):
    """The bank account, its statements, and the ledger's rows of the day."""

    @property
    def tenant_id(self) -> int:
        return self.world.aurora.pk

    def book(self, amount: str, day: date = DAY, spec: AccountSpec | None = None) -> None:
        system = self.world.system()
        with tenant_scope(self.tenant_id, system):
            sides = (spec or chart.bank_client(IBAN), chart.client_wallet(self.client.pk))
            accounts = [account_for(actor=system, spec=s, currency="EUR") for s in sides]
            money = Money(Decimal(amount), "EUR")
            debit, credit = accounts if money.amount > 0 else accounts[::-1]
            post(
                actor=system,
                key=str(uuid7()),
                kind="test",
                lines=[Line(debit, credit, abs(money))],
                effective_at=datetime.combine(day, time(12), UTC),
            )

    def place(self) -> Place:
        with tenant_scope(self.tenant_id, self.world.system()):
            return next(each for each in places(self.world.system()) if each.bank is not None)

    def both(self) -> AccountDay:
        return account_day(self.world.system(), self.place(), DAY)

    def sign(self, name: str = "petra", reason: str = "") -> SignOff:
        actor, place = self.world.actor(name), self.place()
        with tenant_scope(self.tenant_id, actor):
            return account_sign(actor=actor, place=place, day=DAY, reason=reason)

    def import_(self, browse: Browse, *amounts: str, number: int = 1) -> None:
        entries = [entry(n, amount) for n, amount in enumerate(amounts, 1)]
        written = statement(*entries, sequence=number)
        upload(browse("pavel"), write_camt053([written], message_id=f"M{number}"))


@pytest.fixture
def vault(world: World) -> Vault:
    return Vault(world)


def test_both_sides_stand_beside_each_other_and_the_difference_is_explained(
    vault: Vault, browse: Browse
) -> None:
    vault.book("1000.00", DAY - timedelta(days=3))
    vault.book("30.00")
    vault.book("7.00", DAY + timedelta(days=1))  # of the next day
    vault.import_(browse, "30.00", "-4.50")
    with tenant_scope(vault.tenant_id, vault.world.system()):
        row = vault.both()
        assert (str(row.opening), str(row.closing)) == ("1,000.00 EUR", "1,025.50 EUR")
        assert (str(row.ledger_opening), str(row.ledger_closing)) == (
            "1,000.00 EUR",
            "1,030.00 EUR",
        )
        assert (row.matched, row.unmatched, len(row.breaks), row.booked.count) == (0, 2, 2, 1)
        assert (str(row.stated_in), str(row.stated_out)) == ("30.00 EUR", "4.50 EUR")
        # 30.00 is in the books under another name; 4.50 is not.
        assert (str(row.difference), str(row.open_lines)) == ("-4.50 EUR", "25.50 EUR")


def test_what_a_line_pays_is_booked_on_its_value_date_so_that_both_sides_agree(
    vault: Vault, browse: Browse
) -> None:
    vault.book("1000.00", DAY - timedelta(days=3))
    deposit = vault.deposit("250.00")
    written = statement(entry(1, "250.00", text=deposit.reference), entry(2, "-4.50"))
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    with tenant_scope(vault.tenant_id):
        row = Break.objects.get(closed_at=None)
    browse("pavel").post(
        reverse("reconciliation:break-accept", args=[row.pk]), {"outcome": "A fee"}
    )
    with tenant_scope(vault.tenant_id, vault.world.system()):
        both = vault.both()
        assert (str(both.difference), both.matched, both.booked.count) == ("0.00 EUR", 2, 2)
        assert needs_reason(both) == ""
        assert {line.effective_at.date() for line in both.booked.newest} == {DAY}


def test_a_line_of_a_closed_day_is_booked_on_the_first_open_one(
    vault: Vault, browse: Browse
) -> None:
    system = vault.world.system()
    deposit = vault.deposit("250.00")
    with tenant_scope(vault.tenant_id, system):
        day_close(actor=system, day=DAY)
    written = statement(entry(1, "250.00", text=deposit.reference))
    upload(browse("pavel"), write_camt053([written], message_id="M1"))
    assert (vault.wallet(), vault.again(deposit).state) == (Decimal(250), "credited")
    with tenant_scope(vault.tenant_id, system):
        (entry_,) = ledger.journals_of(vault.tenant_id, deposit.reference)
        assert entry_.journal.effective_at == day_end(vault.tenant_id, DAY)
        assert str(entry_.journal.meta["value_date"]).startswith(DAY.isoformat())
        assert vault.both().booked.count == 0


def test_what_does_not_agree_is_signed_with_a_reason_and_frozen(
    vault: Vault, browse: Browse
) -> None:
    vault.book("1000.00")
    vault.import_(browse, "-4.50")
    with pytest.raises(InvalidInput, match="A line of the statement can't be found in the books"):
        vault.sign()
    made = vault.sign(reason="The charge is asked about.")
    assert (made.opening, made.closing, made.ledger_opening, made.ledger_closing) == (
        Decimal(1000),
        Decimal("995.50"),
        Decimal(0),
        Decimal(1000),
    )
    assert (made.lines, made.matched, made.unmatched, made.booked, len(made.breaks)) == (
        *(1, 0, 1, 1),
        1,
    )
    assert (len(made.statement_sha256), len(made.ledger_sha256)) == (64, 64)
    assert vault.sign("olivia").pk == made.pk  # it stands as it was signed
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_scope(vault.tenant_id, vault.world.system()),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE reconciliation_signoff SET closing = 0")


@pytest.mark.parametrize("what", ["posting", "statement"])
def test_a_later_input_shows_and_is_signed_again(vault: Vault, browse: Browse, what: str) -> None:
    vault.book("1000.00")
    vault.import_(browse, "-4.50")
    first = vault.sign(reason="The charge is asked about.")
    url = reverse("reconciliation:sign-off", args=[DAY.isoformat(), vault.place().pk, "EUR"])
    assert b"Changed since it was signed" not in browse("petra").get(url).content
    if what == "posting":
        vault.book("-4.50")
    else:
        vault.import_(browse, "-9.00", number=2)
    assert b"Changed since it was signed" in browse("petra").get(url).content
    second = vault.sign(reason="Booked since.")
    assert (second.replaces_id, second.pk != first.pk) == (first.pk, True)
    assert (second.ledger_sha256 != first.ledger_sha256) == (what == "posting")
    assert (second.statement_sha256 != first.statement_sha256) == (what == "statement")
    with tenant_scope(vault.tenant_id, vault.world.system()):
        again = SignOff.objects.get(pk=first.pk)
        assert (again.ledger_closing, again.reason) == (Decimal(1000), first.reason)
        assert signed(vault.world.system(), DAY)[first.code, "EUR"].pk == second.pk


def test_the_day_has_to_be_over_and_the_right_held(vault: Vault) -> None:
    with pytest.raises(NotPermitted):
        vault.sign("pavel", "so be it")
    early = time_machine.travel(datetime.combine(DAY, time(22), UTC))
    with early, pytest.raises(StateConflict, match="not over yet"):
        vault.sign(reason="early")
    with pytest.raises(InvalidInput, match="No statement of the day is in"):
        vault.sign()
    assert vault.sign(reason="Bank holiday.").closing is None


def test_a_gateway_has_no_statement_and_is_signed_by_its_books(
    vault: Vault, browse: Browse
) -> None:
    system, petra = vault.world.system(), vault.world.actor("petra")
    with tenant_scope(vault.tenant_id, system):
        cashier = GatewayAccount.objects.create(kind="cashier", name="Cashier", base_url="http://x")
    vault.book("80.00", spec=house_spec(cashier))
    with tenant_scope(vault.tenant_id, petra):
        place = next(each for each in places(petra) if each.bank is None)
        row = account_day(petra, place, DAY)
        assert (place.label, needs_reason(row), str(row.ledger_closing)) == (
            "Cashier",
            "",
            "80.00 EUR",
        )
        made = account_sign(actor=petra, place=place, day=DAY)
        assert (made.closing, made.ledger_closing, made.statement_sha256) == (
            None,
            Decimal(80),
            "",
        )
    page = browse("petra").get(f"/reconciliation/sign-offs/?day={DAY}").content
    assert b"Cashier" in page


def test_an_account_is_signed_through_its_page(vault: Vault, browse: Browse) -> None:
    vault.book("1000.00", DAY - timedelta(days=1))
    vault.import_(browse)
    url = reverse("reconciliation:sign-off", args=[DAY.isoformat(), vault.place().pk, "EUR"])
    listed = f"{reverse('reconciliation:sign-offs')}?day={DAY}"
    assert b"Not signed" in browse("petra").get(listed).content
    assert browse("pavel").post(f"{url}sign/").status_code == 403
    assert browse("zoe").get(url).status_code == 404
    assert browse("zoe").post(f"{url}sign/").status_code == 404
    browse("petra").post(f"{url}sign/")
    page = browse("petra").get(url).content
    assert b"Petra has signed it" in page
    assert b"Signed" in browse("petra").get(listed).content
    assert browse("petra").get("/reconciliation/sign-offs/?day=tomorrow").status_code == 404


def test_a_monday_has_the_lines_of_its_weekend(vault: Vault) -> None:
    assert weekday_before(date(2026, 11, 2)) == date(2026, 10, 30)
    sunday = DAY + timedelta(days=2)
    vault.book("5.00", sunday)
    with tenant_scope(vault.tenant_id, vault.world.system()):
        monday = account_day(vault.world.system(), vault.place(), DAY + timedelta(days=3))
        assert (monday.booked.count, str(monday.ledger_opening)) == (1, "0.00 EUR")


@pytest.mark.usefixtures("committed")
def test_two_who_sign_at_once_sign_once() -> None:
    vault = Vault(load_world())
    vault.book("1000.00")
    start, found = threading.Barrier(2), []

    def run(name: str) -> None:
        try:
            start.wait()
            found.append(vault.sign(name, "Bank holiday.").signed_by)
        except (DomainError, IntegrityError) as refusal:
            found.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[name]) for name in ("petra", "olivia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(vault.tenant_id, vault.world.system()):
        assert SignOff.objects.count() == 1
    assert "IntegrityError" not in found
