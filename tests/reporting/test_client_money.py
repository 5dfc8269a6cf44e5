"""The daily client money report: what it counts, who signs it, what its files say."""

import hashlib
import threading
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client
from lxml import etree
from pypdf import PdfReader

from backoffice.audit.models import AuditEntry
from backoffice.audit.selectors import verify
from backoffice.core.clock import now
from backoffice.core.context import Actor, system_actor
from backoffice.core.errors import FourEyes, InvalidInput, NotPermitted
from backoffice.core.money import Money
from backoffice.tenancy.scope import tenant_scope
from backoffice.workflow import outbox
from ledger import chart
from ledger.entries import Line
from ledger.models import DayClose
from ledger.services import account_for, post
from reporting.client_money import files
from reporting.client_money.collect import Policy
from reporting.client_money.files import file_path
from reporting.client_money.services import (
    figures_hash,
    policy_set,
    report_prepare,
    report_sign,
)
from reporting.client_money.tasks import client_money_nightly
from reporting.client_money.workbook import write_workbook
from reporting.day_close.policy import last_business_day
from reporting.day_close.services import policy_set as day_policy_set
from reporting.errors import AlreadySigned, DayNotOver
from reporting.kept_files import hash_file
from reporting.models import (
    ClientMoneyBalance,
    ClientMoneyFigure,
    ClientMoneyReport,
    ReportFile,
)
from tests.reporting.money import IBAN, House
from tests.world import World, load_world
from trading.models import Account, Group, TradingServer

Scope = Callable[..., AbstractContextManager[None]]
Browse = Callable[[str], Client]


def _usual(house: House) -> tuple[UUID, UUID]:
    """Ada has 1,000.00, of it 400.00 on MT5; Bob's account is 50.00 below zero."""
    ada, bob = house.client("C-1"), house.client("C-2")
    house.deposit(ada, "1000.00")
    house.move(chart.client_wallet(ada), chart.mt_bridge(), "400.00")
    house.move(chart.mt_bridge(), chart.mt_mirror(ada, "mt5", 1), "400.00")
    house.deposit(bob, "30.00")
    house.move(chart.mt_mirror(bob, "mt5", 2), chart.dealing_pnl(), "50.00")
    house.move(chart.gateway_clearing("cashier"), chart.client_wallet(ada), "250.00")
    return ada, bob


def _prepare(house: House, actor: Actor | None = None) -> ClientMoneyReport:
    actor = actor or house.actor
    with tenant_scope(house.actor.tenant_id, actor):
        return report_prepare(actor=actor, day=house.yesterday)


def _figure(house: House, report: ClientMoneyReport, currency: str = "EUR") -> ClientMoneyFigure:
    with tenant_scope(house.actor.tenant_id):
        return ClientMoneyFigure.objects.get(report=report, currency=currency)


def _eur(amount: str) -> Decimal:
    return Decimal(amount)


def test_what_clients_are_owed_is_set_against_the_client_bank_accounts(house: House) -> None:
    _usual(house)
    house.close()
    figure = _figure(house, _prepare(house))
    assert (figure.wallets, figure.trading, figure.negatives) == (
        _eur("880.00"),
        _eur("350.00"),
        _eur("50.00"),
    )
    # Bob's 50.00 below zero takes nothing from his own wallet nor from what Ada is owed.
    assert figure.client_balances == _eur("1280.00")
    assert (figure.bank, figure.gateway) == (_eur("1030.00"), _eur("250.00"))
    assert (figure.requirement, figure.resource) == (_eur("1280.00"), _eur("1030.00"))
    assert figure.difference == _eur("-250.00")
    assert figure.clients == 2


def test_gateways_count_and_a_margin_is_added_when_the_policy_says_so(house: House) -> None:
    _usual(house)
    house.close()
    mary = house.world.actor("mary")
    with tenant_scope(mary.tenant_id, mary):
        policy = Policy(
            gateway_counts=True, positions_at_equity=True, prudent_percent=Decimal("0.001")
        )
        policy_set(actor=mary, policy=policy)
    figure = _figure(house, _prepare(house))
    assert figure.prudent == _eur("0.02")  # 0.0128, rounded up: never less than the policy says
    assert figure.difference == _eur("-0.02")


def test_unidentified_money_and_money_on_the_bridge_are_client_money(house: House) -> None:
    ada = house.client("C-1")
    house.deposit(ada, "100.00")
    house.move(chart.client_wallet(ada), chart.mt_bridge(), "40.00")
    house.move(chart.bank_client(IBAN), chart.unallocated(), "7.00")
    house.close()
    figure = _figure(house, _prepare(house))
    assert (figure.client_balances, figure.bridge, figure.unallocated) == (60, 40, 7)
    assert (figure.requirement, figure.difference) == (107, 0)


def test_open_positions_count_at_equity(house: House, scope: Scope) -> None:
    ada, _ = _usual(house)
    with scope(house.actor):
        server = TradingServer.objects.create(
            name="mt5", url="https://127.0.0.1", manager_login=1, password_sealed=b"x"
        )
        group = Group.objects.create(server=server, name="real", currency="EUR")
        facts = {"server": server, "group": group, "currency": "EUR", "leverage": 100}
        Account.objects.create(
            reference="A-1", client_id=ada, login=1, balance=400, equity=Decimal("380.55"), **facts
        )
    house.close()
    figure = _figure(house, _prepare(house))
    assert figure.open_positions == _eur("-19.45")
    assert figure.client_balances == _eur("1260.55")


def test_each_currency_stands_alone(house: House) -> None:
    ada = house.client("C-1")
    house.deposit(ada, "100.00")
    house.deposit(ada, "80.00", "USD")
    house.close()
    report = _prepare(house)
    assert _figure(house, report, "EUR").difference == 0
    assert _figure(house, report, "USD").client_balances == 80


def test_what_was_booked_today_is_not_in_yesterdays_report(house: House, scope: Scope) -> None:
    ada = house.client("C-1")
    house.deposit(ada, "100.00")
    house.close()
    with scope(house.actor):
        bank = account_for(actor=house.actor, spec=chart.bank_client(IBAN), currency="EUR")
        wallet = account_for(actor=house.actor, spec=chart.client_wallet(ada), currency="EUR")
        amount = Money(Decimal(5), "EUR")
        post(actor=house.actor, key="today", kind="test", lines=[Line(bank, wallet, amount)])
    assert _figure(house, _prepare(house)).client_balances == 100


def test_a_day_that_is_not_over_has_no_report(house: House, scope: Scope) -> None:
    with scope(house.actor):
        with pytest.raises(DayNotOver, match="not over yet"):
            report_prepare(actor=house.actor, day=house.yesterday + timedelta(days=1))
        assert ClientMoneyReport.objects.count() == 0


def test_a_signed_report_is_replaced_only_when_the_books_of_its_open_day_changed(
    house: House, scope: Scope, world: World
) -> None:
    house.deposit(house.client("C-1"), "10.00")
    first = _prepare(house)
    with scope(world.actor("mary")):
        report_sign(actor=world.actor("mary"), report=first)
    with pytest.raises(AlreadySigned, match="stays as it is"):
        _prepare(house)
    house.deposit(house.client("C-2"), "5.00")
    second = _prepare(house)
    with scope(world.actor("mary")):
        first.refresh_from_db()
        assert (first.state, first.signed_by) == ("replaced", "Mary")  # what was signed is kept
        assert _figure(house, first).client_balances == 10
        assert _figure(house, second).client_balances == 15
        assert second.books_sha256 != first.books_sha256


def test_a_repeat_replaces_the_unsigned_report_and_never_a_signed_one(
    house: House, scope: Scope, world: World
) -> None:
    _usual(house)
    house.close()
    first, second = _prepare(house), _prepare(house)
    with scope(world.actor("mary")):
        first.refresh_from_db()
        assert (first.state, second.state) == ("replaced", "prepared")
        report_sign(actor=world.actor("mary"), report=second, note="Topped up 250.00.")
    with pytest.raises(AlreadySigned, match="stays as it is"):
        _prepare(house)


def test_who_prepared_it_does_not_sign_it(house: House, scope: Scope, world: World) -> None:
    house.deposit(house.client("C-1"), "10.00")
    house.close()
    mary, olivia, anna = (world.actor(name) for name in ("mary", "olivia", "anna"))
    report = _prepare(house, mary)
    with scope(mary), pytest.raises(FourEyes):
        report_sign(actor=mary, report=report)
    with scope(anna), pytest.raises(NotPermitted):
        report_sign(actor=anna, report=report)
    with scope(olivia):
        assert report_sign(actor=olivia, report=report).state == "signed"
        assert report_sign(actor=olivia, report=report).signed_by == "Olivia"
        entries = AuditEntry.objects.filter(action="reporting.report_signed", subject_id=report.pk)
        assert entries.count() == 1


def test_a_shortfall_is_signed_with_a_note_alone(house: House, scope: Scope, world: World) -> None:
    _usual(house)
    house.close()
    report = _prepare(house)
    with scope(world.actor("mary")):
        with pytest.raises(InvalidInput, match="shortfall"):
            report_sign(actor=world.actor("mary"), report=report)
        signed = report_sign(actor=world.actor("mary"), report=report, note="Paid 250.00 today.")
        assert signed.note == "Paid 250.00 today."


def test_reported_rows_can_not_be_changed(house: House, scope: Scope) -> None:
    _usual(house)
    house.close()
    _prepare(house)
    for table in ("clientmoneyfigure", "clientmoneyaccount", "clientmoneybalance"):
        for verb in ("DELETE FROM {}", "UPDATE {} SET currency = 'USD'"):
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                scope(house.actor),
                connection.cursor() as cursor,
            ):
                cursor.execute(verb.format(f"reporting_{table}"))


def test_the_figures_hash_and_the_audit_head_are_real(house: House, scope: Scope) -> None:
    _usual(house)
    house.close()
    report = _prepare(house)
    with scope(house.actor):
        again = ClientMoneyReport.objects.get(pk=report.pk)
        assert figures_hash(again, list(again.figures.all())) == report.figures_sha256
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT encode(hash, 'hex') FROM audit_auditseal WHERE seq = %s", [report.audit_seq]
            )
            assert cursor.fetchone() == (report.audit_head,)
        assert verify(house.actor.tenant_id).intact


def _files(house: House, report: ClientMoneyReport) -> dict[str, tuple[ReportFile, Path]]:
    outbox.drain(house.actor)
    with tenant_scope(house.actor.tenant_id):
        found = ReportFile.objects.filter(report=report)
        return {file.kind: (file, file_path(file)) for file in found}


def test_the_document_carries_totals_from_page_to_page_and_names_its_proof(
    house: House, scope: Scope, world: World
) -> None:
    for number in range(60):
        house.deposit(house.client(f"C-{number:03d}"), f"{number + 1}.25")
    house.close()
    report = _prepare(house)
    with scope(world.actor("mary")):
        report_sign(actor=world.actor("mary"), report=report)
    files = _files(house, report)
    assert sorted(files) == ["signed", "workbook"]
    pages = [page.extract_text() for page in PdfReader(files["signed"][1]).pages]
    text = " ".join(pages)
    assert report.audit_head in text.replace("\n", "")
    assert report.figures_sha256 in text.replace("\n", "")
    assert files["workbook"][0].sha256 in text.replace("\n", "")
    assert "Mary" in pages[0]
    assert "1,845.00" in pages[0]
    carried = [page for page in pages if "Carried forward" in page]
    brought = [page for page in pages if "Brought forward" in page]
    # The 38 largest of 60: 60.25 down to 23.25, in sum 1,586.50.
    assert len(carried) == len(brought) == 1
    assert carried[0].count("1,586.50") == brought[0].count("1,586.50") == 2
    assert f"Page 1 of {len(pages)}" in pages[0]
    assert all(report.reference in page for page in pages)


NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def _sheet(path: Path, number: int) -> dict[str, tuple[str, str]]:
    """cell -> (formula, value) of a sheet's numbers."""
    with zipfile.ZipFile(path) as book:
        tree = etree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    found = {}
    for cell in tree.iterfind(".//x:c", NAMESPACE):
        if cell.get("t") not in (None, "n"):
            continue
        formula, value = cell.find("x:f", NAMESPACE), cell.find("x:v", NAMESPACE)
        if value is not None:
            text = "" if formula is None else str(formula.text)
            found[str(cell.get("r"))] = (text, str(value.text))
    return found


def test_the_workbook_has_numbers_and_its_totals_are_formulas(house: House) -> None:
    _usual(house)
    house.close()
    path = _files(house, _prepare(house))["workbook"][1]
    balances = _sheet(path, 2)
    assert balances["C5"] == ("", "850")  # Ada's wallet, largest first
    assert balances["G8"] == ("SUM(G5:G6)", "1280.0")
    summary = _sheet(path, 1)
    assert summary["B9"] == ("SUM(B5:B8)", "1280.0")
    assert summary["B17"] == ("B16-B13", "-250.0")
    assert summary["B14"][0].startswith("Accounts!D")


def test_every_summary_formula_gives_the_value_beside_it(house: House) -> None:
    """Recomputed here by hand: a spreadsheet shows what the report says."""
    _usual(house)
    house.close()
    path = _files(house, _prepare(house))["workbook"][1]
    summary = {cell: Decimal(value) for cell, (_, value) in _sheet(path, 1).items()}
    assert sum(summary[f"B{row}"] for row in range(5, 9)) == summary["B9"]
    assert sum(summary[f"B{row}"] for row in range(9, 13)) == summary["B13"]
    assert summary["B14"] + summary["B15"] == summary["B16"]


def test_a_download_is_in_the_trail_and_a_changed_file_is_not_handed_out(
    house: House, scope: Scope, browse: Browse
) -> None:
    _usual(house)
    house.close()
    file, path = _files(house, _prepare(house))["prepared"]
    response: Any = browse("anna").get(f"/reports/files/{file.pk}/")
    body = b"".join(response.streaming_content)
    assert hashlib.sha256(body).hexdigest() == file.sha256
    path.chmod(0o600)
    path.write_bytes(body + b" ")
    response = browse("anna").get(f"/reports/files/{file.pk}/", follow=True)
    assert "no longer matches the hash" in response.content.decode()
    with scope(house.actor):
        downloads = AuditEntry.objects.filter(action="reporting.file_downloaded")
        assert downloads.count() == 1


def test_of_two_workers_the_second_leaves_the_file_of_the_first(
    house: House, scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = write_workbook

    def meanwhile(path: Path, report: ClientMoneyReport, brokerage: str) -> None:
        monkeypatch.setattr(files, "write_workbook", written)
        files.files_make(actor=house.actor, report=report)
        path.write_bytes(b"the same figures, made a second time")

    _usual(house)
    house.close()
    report = _prepare(house)
    with scope(house.actor):
        monkeypatch.setattr(files, "write_workbook", meanwhile)
        made = files.files_make(actor=house.actor, report=report)
        assert [hash_file(file_path(file))[0] for file in made] == [file.sha256 for file in made]
        assert ReportFile.objects.count() == 2
        assert not list(file_path(made[0]).parent.glob("*.part"))


def test_a_report_is_run_signed_and_read_through_the_pages(house: House, browse: Browse) -> None:
    _usual(house)
    anna, mary = browse("anna"), browse("mary")
    run = "/reports/client-money/run/"
    refused = anna.post(run, {"day": str(house.yesterday + timedelta(days=1))})
    assert (refused.status_code, b"not over yet" in refused.content) == (422, True)
    assert b"Enter a valid date" in anna.post(run, {"day": "31 February"}).content
    house.close()
    made = anna.post(run, {"day": str(house.yesterday)})
    page = anna.get(made["Location"])
    assert b"Pay 250.00 EUR from own funds" in page.content
    assert anna.post(f"{made['Location']}sign/").status_code == 403
    short = mary.post(f"{made['Location']}sign/")
    assert (short.status_code, b"There is a shortfall" in short.content) == (422, True)
    mary.post(f"{made['Location']}sign/", {"note": "Paid today."})
    assert b"Signed" in mary.get("/reports/client-money/").content
    with tenant_scope(house.actor.tenant_id):
        report = ClientMoneyReport.objects.get()
        assert (report.state, report.prepared_by, report.signed_by) == ("signed", "Anna", "Mary")
    rows = anna.get(f"/reports/client-money/balances/?report={report.reference}&currency=EUR")
    assert b"C-1" in rows.content
    assert b"C-1" in anna.get("/reports/client-money/balances/").content


@pytest.mark.slow
def test_two_who_sign_at_the_same_moment_are_one_signature(committed: None) -> None:
    house = House(world := load_world())
    house.deposit(house.client("C-1"), "10.00")
    house.close()
    report = _prepare(house)
    path = f"/reports/client-money/{report.pk}/sign/"
    start, pages = threading.Barrier(2), []

    def sign(name: str) -> None:
        client = Client()
        client.force_login(world.user(name))
        start.wait()
        pages.append(client.post(path, {"note": f"Seen by {name}."}, follow=True))
        connection.close()

    threads = [threading.Thread(target=sign, args=[name]) for name in ("mary", "olivia")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(house.actor.tenant_id):
        report.refresh_from_db()
        signed = AuditEntry.objects.filter(action="reporting.report_signed", subject_id=report.pk)
        assert [entry.actor_name for entry in signed] == [report.signed_by]
        assert report.note == f"Seen by {report.signed_by.lower()}."
    texts = [page.content.decode() for page in pages]
    told = [f"{report.signed_by} signed it before you. Nothing was changed." in t for t in texts]
    assert sorted(told) == [False, True]
    assert sorted(f"{report.reference} is signed." in text for text in texts) == [False, True]


NOTES = {
    "html": "<img src=file:///etc/hostname><script>alert(1)</script><b>Paid</b> & done",
    "long": "W" * 480,
    "mixed": "دفعنا الفرق اليوم. שולם היום. 已支付 🙂 paid",
}


@pytest.mark.parametrize("kind", NOTES)
def test_a_note_of_any_kind_stands_in_the_document_as_it_was_typed(
    house: House, scope: Scope, world: World, kind: str
) -> None:
    house.deposit(house.client("C-1"), "10.00")
    house.close()
    report = _prepare(house)
    with scope(world.actor("mary")):
        report_sign(actor=world.actor("mary"), report=report, note=NOTES[kind])
    reader = PdfReader(_files(house, report)["signed"][1])
    text = "".join(page.extract_text() for page in reader.pages).replace("\n", "")
    if kind == "html":
        assert "<script>alert(1)</script><b>Paid</b> & done" in text.replace("  ", " ")
    elif kind == "long":
        lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
        runs = [line.count("W") for line in lines if "WW" in line]
        assert sum(runs) == 480
        assert max(runs) < 80  # broken over lines, not run off the page
    assert len(reader.pages) == 3


def test_the_day_to_run_is_the_last_business_day(house: House, browse: Browse) -> None:
    run = "/reports/client-money/run/"
    for moment, day in (("2026-11-02", "2026-10-30"), ("2026-10-31", "2026-10-30")):
        with time_machine.travel(datetime.fromisoformat(f"{moment}T12:00:00+00:00")):
            page = browse("anna").get(run).content.decode()
        assert f'type="date" name="day" value="{day}"' in page


def test_the_night_prepares_each_brokerages_report_once_after_the_cut_off(
    house: House, world: World
) -> None:
    _usual(house)
    for slug in ("aurora", "borealis"):
        tenant = getattr(world, slug)
        actor = system_actor(tenant.pk, "tests")
        with tenant_scope(tenant.pk, actor):
            day_policy_set(actor=actor, values={"weekends": True, "cut_off": time(10)})
    with time_machine.travel(now().replace(hour=9, minute=59), tick=False):
        assert client_money_nightly() == 0
    with time_machine.travel(now().replace(hour=12), tick=False):
        assert client_money_nightly() == 2
        assert client_money_nightly() == 0
    with tenant_scope(world.aurora.pk, house.actor):
        report = ClientMoneyReport.objects.get()
        assert report.prepared_by == "client money report"
        assert report.day == last_business_day(house.actor) == house.yesterday
        assert ClientMoneyBalance.objects.count() == 2
        assert DayClose.objects.count() == 0  # people close days
