"""A business day from its checklist to its close: who may, what stops it, and what stays."""

import csv
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client
from pypdf import PdfReader

from backoffice.audit.models import AuditEntry
from backoffice.audit.selectors import verify as verify_trail
from backoffice.core.context import Actor
from backoffice.core.errors import (
    DomainError,
    FourEyes,
    InvalidInput,
    NotPermitted,
    StateConflict,
)
from backoffice.core.ids import uuid7
from backoffice.tenancy.models import Tenant
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from backoffice.workflow.approvals import approval_vote
from backoffice.workflow.models import Approval
from ledger import chart
from ledger import selectors as ledger
from ledger.days import day_end
from ledger.errors import PeriodClosed
from ledger.selectors import Fault
from ledger.totals import totals_at, totals_hash
from reconciliation.breaks import break_open
from reconciliation.files import account_add
from reporting.day_close import services
from reporting.day_close.calendar import business_day_before, business_days
from reporting.day_close.checklist import Check, checklist
from reporting.day_close.files import file_path
from reporting.day_close.policy import cut_off_of, policy_of
from reporting.errors import DayNotReady
from reporting.models import BusinessDay, DayFile, DayTotal
from tests.reporting.closing import Closing
from tests.reporting.money import IBAN
from tests.world import World, load_world

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Client]
BANK = chart.bank_client(IBAN)


@pytest.fixture
def house(world: World) -> Closing:
    return Closing(world)


def _lights(house: Closing, row: BusinessDay) -> dict[str, Check]:
    with tenant_scope(house.actor.tenant_id, house.actor):
        return {each.code: each for each in checklist(house.actor, row)}


def test_a_day_is_closed_by_two_people_and_its_books_are_frozen(
    house: Closing, scope: Scope
) -> None:
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "100.00")
        house.book(BANK, chart.client_wallet("b"), "50.00")
    row = house.closed()
    with scope(house.actor):
        assert (row.state, row.asked_by, row.closed_by) == ("closed", "Petra", "Mary")
        frozen = {t.code: (t.accounts, t.balance) for t in DayTotal.objects.filter(day=row)}
        assert frozen == {
            f"bank:client:{IBAN}": (1, Decimal(150)),
            "client:*:wallet": (2, Decimal(150)),
        }
        assert services.content_hash(row) == row.content_sha256
        assert [line["light"] for line in row.checklist] == ["good"] * len(row.checklist)
        entries = AuditEntry.objects.filter(subject_id=row.pk).order_by("id")
        assert [entry.action for entry in entries] == [
            "reporting.verify_asked",
            "reporting.books_verified",
            "reporting.close_asked",
            "workflow.approval_asked",
            "reporting.day_closed",
        ]
        assert verify_trail(house.actor.tenant_id).intact
        with pytest.raises(PeriodClosed, match="The books are closed up to"):
            house.book(BANK, chart.client_wallet("a"), "1.00")
        assert ledger.verify(house.actor.tenant_id).sound


def test_the_totals_of_a_closed_day_are_the_same_whenever_they_are_read_again(
    house: Closing, scope: Scope
) -> None:
    with scope(house.actor):
        for number in range(5):
            house.book(BANK, chart.client_wallet(str(number)), f"{number + 1}.00")
        house.book(BANK, chart.unallocated(), "3.00")
    row = house.ready()
    house.approve(house.ask(row, {"unallocated": "Asked the bank."}))
    with scope(house.actor):
        row.refresh_from_db()
        house.book(BANK, chart.client_wallet("0"), "9.00", at=row.ends_at)  # of the next day
        assert totals_hash(totals_at(row.tenant_id or 0, row.ends_at)) == row.totals_sha256
    outbox.drain(house.actor)  # takes the snapshots: read another way from here on
    with scope(house.actor):
        again = totals_at(row.tenant_id or 0, row.ends_at)
        assert totals_hash(again) == row.totals_sha256
        kept = DayTotal.objects.filter(day=row).order_by("id")
        assert [(t.code, t.balance, t.sha256) for t in kept] == [
            (t.code, t.balance.amount, t.sha256) for t in again
        ]


def test_each_thing_that_is_not_done_keeps_the_day_open(house: Closing, scope: Scope) -> None:
    row = house.day()
    red = {code for code, each in _lights(house, row).items() if each.stops}
    assert red == {"client_money", "books"}
    with pytest.raises(DayNotReady, match="Client money report: Not prepared yet"):
        house.ask(row)
    house.report()
    with pytest.raises(DayNotReady, match="Verification of the books: Not done"):
        house.ask(row)
    house.verify(row)
    with scope(house.actor):
        row.refresh_from_db()
        assert row.state == "ready"  # the verification looked at it


def test_what_is_booked_into_the_day_makes_report_and_verification_worthless(
    house: Closing, scope: Scope
) -> None:
    row = house.ready()
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "1.00")
    lights = _lights(house, row)
    assert "changed since" in lights["client_money"].says
    assert "booked in the day since" in lights["books"].says
    with pytest.raises(DayNotReady):
        house.ask(row)
    with scope(house.actor):
        assert services.day_look(actor=house.actor, row=row).state == "open"
    house.report()  # a signed report is replaced, for the day is open and its books changed
    house.verify(row)
    assert house.approve(house.ask(row)).state == "approved"


def test_what_is_booked_after_it_was_asked_for_ends_the_request(
    house: Closing, scope: Scope
) -> None:
    row = house.ready()
    approval = house.ask(row)
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "1.00")
    assert house.approve(approval).state == "stale"
    with scope(house.actor):
        row.refresh_from_db()
        assert (row.state, row.asked_by, row.reasons) == ("open", "", {})
        assert DayTotal.objects.count() == 0
        house.book(BANK, chart.client_wallet("a"), "1.00")  # nothing was closed


def test_books_that_do_not_verify_are_not_closed(
    house: Closing, scope: Scope, faults: list[Fault]
) -> None:
    row = house.day()
    house.report()
    faults.append(Fault("a paid withdrawal has its journal", "W-1", "none found"))
    check = house.verify(row)
    assert (check.state, check.faults) == ("faulty", [asdict(faults[0])])
    with pytest.raises(DayNotReady, match=r"1 fault, the first: a paid withdrawal .*\(W-1\)"):
        house.ask(row)
    faults.clear()
    again = house.verify(row)
    assert (again.state, again.faults, again.pk != check.pk) == ("sound", [], True)
    assert house.approve(house.ask(row)).state == "approved"


@pytest.fixture
def faults() -> Iterator[list[Fault]]:
    found: list[Fault] = []
    ledger.register_check("tests of the day close", lambda tenant_id: found)
    yield found
    found.clear()


def test_an_amber_line_stays_with_a_reason_that_is_kept(house: Closing, scope: Scope) -> None:
    with scope(house.actor):
        account_add(actor=house.actor, name="Clients EUR", iban=IBAN, currency="EUR")
        _break(house, "12.00")
        house.book(BANK, chart.unallocated(), "12.00")
    row = house.ready()
    amber = [each for each in _lights(house, row).values() if each.carried]
    assert [each.label for each in amber] == [
        "Clients EUR",
        "Breaks",
        "Unallocated money",
    ]
    assert amber[1].says == "1 break open, by age: 0 d: 1 (12.00 EUR)."
    codes = [each.code for each in amber]
    with pytest.raises(InvalidInput, match="needs a reason") as refusal:
        house.ask(row, {codes[0]: "Bank holiday.", codes[1]: "   "})
    assert sorted(refusal.value.fields) == sorted(codes[1:])
    reasons = dict(zip(codes, ("Bank holiday.", "Bank was asked.", "Same money."), strict=True))
    house.approve(house.ask(row, reasons))
    with scope(house.actor):
        row.refresh_from_db()
        kept = {line["code"]: line["reason"] for line in row.checklist if line["reason"]}
        assert kept == reasons


def _break(house: Closing, amount: str, currency: str = "EUR") -> None:
    break_open(
        actor=house.actor,
        kind="mt_balance_diff",
        amount=Decimal(amount),
        currency=currency,
        explanation="tests",
        subject_id=uuid7(),
    )


@pytest.mark.parametrize(("amount", "currency"), [("10000.01", "EUR"), ("1.00", "USD")])
def test_a_break_above_the_limit_or_of_unknown_worth_keeps_the_day_open(
    house: Closing, scope: Scope, amount: str, currency: str
) -> None:
    with scope(house.actor):
        _break(house, "10000.00")
    assert _lights(house, house.day())["breaks"].carried
    with scope(house.actor):
        _break(house, f"-{amount}", currency)
    assert _lights(house, house.day())["breaks"].stops


def test_money_in_transit_is_stale_when_it_was_there_all_the_time(
    house: Closing, scope: Scope
) -> None:
    row = house.day()
    with scope(house.actor):
        before = row.ends_at - timedelta(days=4)
        house.book(BANK, chart.client_wallet("a"), "100.00", at=before)
        house.book(chart.client_wallet("a"), chart.in_transit_bank(), "30.00", at=before)
        house.book(chart.client_wallet("a"), chart.in_transit_bank(), "20.00")  # of the day itself
    assert _lights(house, row)["transit"].says == "30.00 EUR for more than 3 days."
    with scope(house.actor):
        house.book(chart.in_transit_bank(), BANK, "45.00")
    assert _lights(house, row)["transit"].says == "5.00 EUR for more than 3 days."


def test_who_asked_does_not_approve_and_who_may_not_can_neither(
    house: Closing, scope: Scope
) -> None:
    row = house.ready()
    olivia, pavel = house.world.actor("olivia"), house.world.actor("pavel")
    with scope(pavel), pytest.raises(NotPermitted):
        services.close_ask(actor=pavel, row=row, reasons={})
    with scope(olivia):
        approval = services.close_ask(actor=olivia, row=row, reasons={})
        with pytest.raises(FourEyes):
            approval_vote(actor=olivia, approval=approval, approves=True)
    with scope(house.petra), pytest.raises(NotPermitted):
        approval_vote(actor=house.petra, approval=approval, approves=True)
    with scope(house.actor):
        row.refresh_from_db()
        assert row.state == "closing"
    assert house.approve(approval).state == "approved"


def test_a_refused_or_withdrawn_request_opens_the_day_again(house: Closing, scope: Scope) -> None:
    row = house.ready()
    approval = house.ask(row)
    with scope(house.mary):
        approval_vote(actor=house.mary, approval=approval, approves=False, reason="Not yet.")
    with scope(house.petra):
        row.refresh_from_db()
        assert row.state == "open"
        services.close_ask(actor=house.petra, row=row, reasons={})
        with pytest.raises(StateConflict, match="waits for a second person already"):
            services.close_ask(actor=house.petra, row=row, reasons={})
    with scope(house.mary), pytest.raises(StateConflict, match="no request of yours"):
        services.close_cancel(actor=house.mary, row=row)
    with scope(house.petra):
        assert services.close_cancel(actor=house.petra, row=row).state == "open"
        assert Approval.objects.filter(subject_id=row.pk, state="pending").count() == 0


def test_days_close_in_order(house: Closing, scope: Scope) -> None:
    row = house.day()
    with scope(house.actor):
        before = business_day_before(row.first_day, weekends=False)
        older = BusinessDay.objects.create(
            day=before, first_day=before, ends_at=row.ends_at - timedelta(days=1)
        )
    house.report()
    house.verify(row)
    with pytest.raises(DayNotReady, match="is not closed; days close in order"):
        house.ask(row)
    assert _lights(house, row)["before"].url.endswith(f"/{older.pk}/")


def test_a_closed_day_can_not_be_changed_by_the_application(house: Closing, scope: Scope) -> None:
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "1.00")
    row = house.closed()
    for statement in (
        "UPDATE reporting_businessday SET state = 'open', closed_at = NULL, closed_by_ref = ''",
        "DELETE FROM reporting_businessday",
        "UPDATE reporting_daytotal SET balance = 0",
        "DELETE FROM reporting_daytotal",
        "DELETE FROM reporting_bookscheck",
        "DELETE FROM ledger_dayclose",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied|stays as it is"),
            scope(house.actor),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    with pytest.raises(StateConflict, match="closed already"):
        house.verify(row)


def test_the_files_of_a_closed_day_say_what_was_frozen(house: Closing, scope: Scope) -> None:
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "100.25")
        house.book(BANK, chart.unallocated(), "7.00")
    row = house.ready()
    house.approve(house.ask(row, {"unallocated": "<b>Bank</b> was asked & answers tomorrow"}))
    outbox.drain(house.actor)
    with scope(house.actor):
        row.refresh_from_db()
        files = {file.kind: file for file in DayFile.objects.filter(day=row)}
        with file_path(files["totals"]).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(r["code"], r["accounts"], r["balance"]) for r in rows] == [
            (f"bank:client:{IBAN}", "1", "107.25"),
            ("client:*:wallet", "1", "100.25"),
            ("unallocated", "1", "7.00"),
        ]
        pages = [page.extract_text() for page in PdfReader(file_path(files["record"])).pages]
        text = "".join(pages).replace("\n", "")
        for proof in (row.content_sha256, row.totals_sha256, row.audit_head):
            assert proof in text
        assert files["totals"].sha256 in text
        assert "<b>Bank</b> was asked & answers tomorrow" in text
        assert "107.25" in text
        assert "Petra" in text
        assert "Mary" in text


# The pages


def test_a_day_is_verified_asked_for_approved_and_read_through_the_pages(
    house: Closing, scope: Scope, browse: Browse
) -> None:
    with scope(house.actor):
        house.book(BANK, chart.client_wallet("a"), "100.00")
        house.book(BANK, chart.unallocated(), "7.00")
    row = house.day()
    house.report()
    petra, mary, anna = browse("petra"), browse("mary"), browse("anna")
    url = f"/reports/days/{row.pk}/"
    assert b"1 line keeps the day open, 1 needs a reason" in petra.get(url).content
    assert b"Ask for the close" not in petra.get(url).content
    assert anna.post(f"{url}verify/").status_code == 403
    petra.post(f"{url}verify/")
    assert b"It goes on by itself" in petra.get(url).content
    outbox.drain(house.actor)
    ready = petra.get(url).content
    assert b"Verify again" in ready
    assert b"nothing keeps the day open" in ready
    assert b"Ready to close" in petra.get("/reports/days/").content
    missing = petra.post(f"{url}close/")
    assert (missing.status_code, b"This field is required" in missing.content) == (422, True)
    assert anna.post(f"{url}close/", {"reason_0": "Mine."}).status_code == 403
    petra.post(f"{url}close/", {"reason_0": "The bank was asked."})
    with scope(house.actor):
        approval = Approval.objects.get(subject_id=row.pk)
    page = mary.get(f"/approvals/{approval.pk}/").content
    assert b"The bank was asked." in page
    mary.post(f"/approvals/{approval.pk}/decide/", {"decision": "approve"})
    closed = anna.get(url).content.decode()
    assert "Because: The bank was asked." in closed
    assert "client:*:wallet" in closed
    assert "The file is being made" in closed
    outbox.drain(house.actor)
    closed = anna.get(url).content.decode()
    assert "The file is being made" not in closed
    with scope(house.actor):
        for file in DayFile.objects.filter(day=row):
            answer = anna.get(f"/reports/days/files/{file.pk}/")
            assert f'filename="{file.name}"' in answer["Content-Disposition"]
            assert len(answer.getvalue()) == file.size


def test_the_policy_is_set_by_who_closes_days(house: Closing, browse: Browse) -> None:
    petra, url = browse("petra"), "/reports/days/policy/"
    assert browse("anna").get(url).status_code == 403
    assert b'value="10:00"' in petra.get(url).content
    bad = petra.post(url, {"cut_off": "25:00", "materiality": "-1", "transit_days": "0"})
    assert bad.status_code == 422
    petra.post(url, {"cut_off": "07:30", "materiality": "500", "transit_days": "2"})
    page = petra.get(url).content
    assert b'value="07:30"' in page
    assert b'value="500' in page


def test_another_brokerages_day_is_not_found(house: Closing, browse: Browse) -> None:
    row = house.day()
    zoe = browse("zoe")
    assert zoe.get(f"/reports/days/{row.pk}/").status_code == 404
    for verb in ("verify", "close", "cancel"):
        assert zoe.post(f"/reports/days/{row.pk}/{verb}/").status_code == 404
    assert str(row.day).encode() not in zoe.get("/reports/days/").content


# The calendar


def test_business_days_leave_the_weekend_out_unless_the_policy_says_otherwise() -> None:
    friday, monday = date(2026, 10, 30), date(2026, 11, 2)  # over the end of a month
    assert business_days(friday, monday, weekends=False) == [friday, monday]
    assert len(business_days(friday, monday, weekends=True)) == 4
    assert business_day_before(monday, weekends=False) == friday


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2026-11-01T12:00", ["2026-10-30"]),  # a Sunday, the first of a month
        ("2026-11-02T12:00", ["2026-10-30", "2026-11-02"]),
        ("2026-10-31T23:30", ["2026-10-30"]),  # Sunday already where the brokerage is
        ("2026-11-01T22:30", ["2026-10-30", "2026-11-02"]),  # Monday there
    ],
)
def test_days_begin_where_the_brokerage_is(
    house: Closing, scope: Scope, at: str, days: list[str]
) -> None:
    Tenant.objects.filter(pk=house.actor.tenant_id).update(timezone="Asia/Nicosia")
    with time_machine.travel(datetime.fromisoformat(f"{at}+00:00")), scope(house.actor):
        made = services.days_open(actor=house.actor)
        assert [str(row.day) for row in made] == days
        assert services.days_open(actor=house.actor) == []


def test_monday_covers_the_weekend_and_the_first_day_the_books_from_their_beginning(
    house: Closing, scope: Scope
) -> None:
    with time_machine.travel(datetime(2026, 6, 15, 12, tzinfo=UTC)), scope(house.actor):
        first = datetime(2026, 5, 4, 9, tzinfo=UTC)
        house.book(BANK, chart.client_wallet("a"), "1.00", at=first)
        friday, monday = services.days_open(actor=house.actor)
        assert (friday.first_day, friday.day) == (date(2026, 5, 4), date(2026, 6, 12))
        assert (monday.first_day, monday.day) == (date(2026, 6, 13), date(2026, 6, 15))


@pytest.mark.parametrize(
    ("day", "cut_off_utc", "hours"),
    [
        (date(2026, 10, 24), "2026-10-25T08:00", 24),  # the day before the clocks go back
        (date(2026, 10, 25), "2026-10-26T08:00", 25),
        (date(2026, 3, 29), "2026-03-30T07:00", 23),
    ],
)
def test_the_cut_off_is_by_the_clock_on_the_wall(
    house: Closing, scope: Scope, day: date, cut_off_utc: str, hours: int
) -> None:
    zone = "Asia/Nicosia"
    Tenant.objects.filter(pk=house.actor.tenant_id).update(timezone=zone)
    with scope(house.actor):
        moment = cut_off_of(policy_of(house.actor.tenant_id), day, zone)
        assert moment == datetime.fromisoformat(f"{cut_off_utc}+00:00")
        ends = [day_end(house.actor.tenant_id, day - timedelta(days=n)) for n in (0, 1)]
        assert (ends[0].astimezone(UTC) - ends[1].astimezone(UTC)) == timedelta(hours=hours)


def test_before_the_cut_off_the_day_stays_open(house: Closing, scope: Scope) -> None:
    with scope(house.actor):
        services.policy_set(actor=house.actor, values={"cut_off": time(23, 59)})
    with time_machine.travel(datetime(2026, 6, 17, 12, tzinfo=UTC)):
        row = house.day()
        assert row.day == date(2026, 6, 16)
        cut_off = _lights(house, row)["cut_off"]
        assert (cut_off.stops, cut_off.says) == (True, "Not before 17 June, 23:59 (UTC).")
        with pytest.raises(DayNotReady, match="Cut-off"):
            house.ask(row)


# At once


def _together(*calls: Callable[[], str]) -> list[str]:
    """What came of each, run on connections of their own at one moment."""
    start, found = threading.Barrier(len(calls)), dict.fromkeys(range(len(calls)), "")

    def run(place: int) -> None:
        try:
            start.wait()
            found[place] = calls[place]()
        except DomainError as refusal:
            found[place] = refusal.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(found.values())


@pytest.mark.usefixtures("committed")
def test_a_close_and_a_back_dated_post_at_once_leave_one_of_them_out() -> None:
    """Whoever is first wins; the other says so, and the frozen totals are what the books say."""
    house = Closing(load_world())
    row = house.ready()
    approval = house.ask(row)

    def book() -> str:
        with tenant_scope(house.actor.tenant_id, house.actor):
            house.book(BANK, chart.client_wallet("a"), "1.00")
        return "booked"

    closed, booked = _together(lambda: str(house.approve(approval).state), book)
    with tenant_scope(house.actor.tenant_id, house.actor):
        row.refresh_from_db()
        said = totals_hash(totals_at(house.actor.tenant_id, row.ends_at))
    if closed == "approved":
        assert (booked, row.state, row.totals_sha256) == ("period-closed", "closed", said)
    else:
        # Caught by what was hashed, or at the very last moment under the ledger's lock.
        assert (booked, closed in ("stale", "day-not-ready")) == ("booked", True)
        assert (row.state in ("open", "closing"), row.totals_sha256) == (True, "")


@pytest.mark.usefixtures("committed")
def test_two_approve_and_two_ask_at_once_and_one_counts() -> None:
    house = Closing(load_world())
    row = house.ready()
    olivia = house.world.actor("olivia")

    def ask_as(actor: Actor) -> Callable[[], str]:
        def ask() -> str:
            with tenant_scope(actor.tenant_id, actor):
                services.close_ask(actor=actor, row=row, reasons={})
            return "asked"

        return ask

    asked = _together(ask_as(house.petra), ask_as(olivia))
    assert sorted(asked) == ["asked", "state-conflict"]
    with tenant_scope(house.actor.tenant_id, house.actor):
        approval = Approval.objects.get(subject_id=row.pk)
    adam = house.world.actor("adam")
    ended = _together(
        lambda: str(house.approve(approval).state), lambda: str(house.approve(approval, adam).state)
    )
    assert sorted(ended) == ["approved", "state-conflict"]
    with tenant_scope(house.actor.tenant_id, house.actor):
        assert AuditEntry.objects.filter(action="reporting.day_closed").count() == 1
