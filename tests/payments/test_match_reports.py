"""What a gateway reports is held against what the books say of it, line by line."""

import csv
import io
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from backoffice.audit.models import AuditPayload
from backoffice.core.clock import today
from backoffice.core.errors import InvalidInput
from backoffice.core.money import Money
from backoffice.workflow.models import Approval
from ledger import selectors as ledger
from payments.gateways.cashier.report import read_report as read_cashier
from payments.gateways.reports import ReportProblem, ReportRow
from payments.gateways.stripe.report import read_report as read_stripe
from payments.services.settlements import settlement_book
from reconciliation import books
from reconciliation.files import account_add
from reconciliation.models import Break, SettlementReport, StatementLine
from reconciliation.settlements.models import SettlementMatch
from reconciliation.settlements.reports import gateway_match
from reconciliation.settlements.selectors import open_items, subject_line
from reconciliation.settlements.terms import terms_save
from sandbox.gateway.settlement import HEADINGS
from tests.payments.money import MERCHANT, Brokerage, eur

Browse = Callable[[str], Browser]
Rows = list[dict[str, str]]


@dataclass
class Desk:
    """A payments specialist with the cashier's report in hand."""

    shop: Brokerage
    browse: Browse

    def rows(self) -> Rows:
        text = self.shop.cashier.movements.report(MERCHANT)
        return list(csv.DictReader(io.StringIO(text)))

    def take(self, rows: Rows, *, name: str = "report.csv") -> SettlementReport:
        answer = self.send(rows, name=name)
        assert answer.status_code == 302, answer.content.decode()[:2000]
        with self.shop.scope():
            return SettlementReport.objects.latest("id")

    def send(self, rows: Rows, *, name: str = "report.csv") -> Any:
        text = io.StringIO()
        writer = csv.DictWriter(text, HEADINGS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return self.browse("pavel").post(
            reverse("reconciliation:report-import"),
            {
                "gateway": str(self.shop.gateway.pk),
                "file": SimpleUploadedFile(name, text.getvalue().encode()),
            },
        )

    def rungs(self) -> list[int]:
        with self.shop.scope():
            return sorted(SettlementMatch.objects.values_list("rung", flat=True))

    def breaks(self) -> list[str]:
        with self.shop.scope():
            return sorted(Break.objects.filter(closed_at=None).values_list("kind", flat=True))

    def the_break(self) -> Break:
        with self.shop.scope():
            return Break.objects.get(closed_at=None)

    def page(self, name: str, row: Any, who: str = "pavel") -> str:
        answer = self.browse(who).get(reverse(f"reconciliation:{name}", args=[row.pk]))
        assert answer.status_code == 200
        return answer.content.decode()


@pytest.fixture
def desk(shop: Brokerage, browse: Browse) -> Desk:
    return Desk(shop, browse)


def without_reference(row: dict[str, str]) -> dict[str, str]:
    return {**row, "reference": "", "payment": ""}


def net_only(row: dict[str, str]) -> dict[str, str]:
    return {**row, "gross": row["net"], "fee": "0"}


def on_another_day(row: dict[str, str], days: int) -> dict[str, str]:
    return {**row, "date": f"{today() + timedelta(days=days)} 12:00:00"}


def test_every_line_of_a_report_is_the_booking_that_it_names(desk: Desk) -> None:
    for amount in ("100.00", "250.00", "80.50"):
        desk.shop.funded(amount)
    report = desk.take(desk.rows())
    assert (report.state, report.rows_read, report.rows_open) == ("done", 3, 0)
    assert desk.rungs() == [1, 1, 1]
    assert desk.breaks() == []
    page = desk.page("report", report)
    assert "By reference and amount" in page
    assert "430.50" in page


def test_what_the_gateway_kept_is_booked_by_two_people(desk: Desk) -> None:
    desk.shop.funded("100.00")
    report = desk.take(desk.rows())
    assert report.costs_found == {"EUR": 225}
    url = reverse("reconciliation:report-cost", args=[report.pk])
    assert desk.browse("pavel").post(url, {"currency": "EUR"}).status_code == 302
    assert desk.shop.clearing() == Decimal("100.00")
    with desk.shop.scope():
        approval = Approval.objects.get(kind="reconciliation.settlement_cost", state="pending")
    decide = reverse("portal:approval-decide", args=[approval.pk])
    own = desk.browse("pavel").post(decide, {"decision": "approve", "reason": ""}, follow=True)
    assert desk.shop.clearing() == Decimal("100.00"), own.content.decode()[:500]
    desk.browse("petra").post(decide, {"decision": "approve", "reason": "as the report says"})
    assert desk.shop.clearing() == Decimal("97.75")
    assert desk.shop.balance("gateway:cost") == Decimal("2.25")
    again = desk.browse("pavel").post(url, {"currency": "EUR"}, follow=True)
    assert "has no cost in EUR that is not booked" in again.content.decode()
    assert desk.shop.sound()
    # The cost itself is no movement that a later report would have to show.
    desk.shop.funded("60.00")
    desk.take([on_another_day(desk.rows()[-1], 0)])
    assert desk.breaks() == []


def test_the_same_report_and_the_same_line_count_once(desk: Desk) -> None:
    desk.shop.funded("100.00")
    first = desk.rows()
    desk.take(first)
    answer = desk.send(first, name="again.csv")
    assert answer.status_code == 422
    assert "Nothing was counted twice" in answer.content.decode()
    desk.shop.funded("40.00")
    longer = desk.take(desk.rows())
    assert (longer.rows_seen, longer.rows_read, longer.rows_known) == (2, 1, 1)
    assert desk.rungs() == [1, 1]


def test_a_line_without_reference_is_matched_where_only_one_booking_can_be_meant(
    desk: Desk,
) -> None:
    for amount in ("100.00", "250.00"):
        desk.shop.funded(amount)
    desk.take([without_reference(row) for row in desk.rows()])
    assert desk.rungs() == [4, 4]


def test_lines_that_can_not_be_told_apart_are_one_question_for_a_person(desk: Desk) -> None:
    for _ in range(2):
        desk.shop.funded("100.00")
    report = desk.take([without_reference(row) for row in desk.rows()])
    assert (report.rows_open, desk.rungs(), desk.breaks()) == (2, [], ["ambiguous"])
    row = desk.the_break()
    assert "2 lines of 100.00 EUR without a reference and 2 bookings" in row.explanation
    page = desk.page("break", row)
    with desk.shop.scope():
        keys = [part.split('"')[0] for part in page.split('name="item" value="')[1:]]
    assert len(keys) == 2
    url = reverse("reconciliation:break-line-match", args=[row.pk])
    nothing = desk.browse("pavel").post(url, {"item": keys[0], "reason": ""})
    assert nothing.status_code == 422
    done = desk.browse("pavel").post(url, {"item": keys[0], "reason": "the cashier's advice"})
    assert done.status_code == 302
    # What is left is the only pair now, and the ladder is climbed again.
    desk.shop.work()
    assert (desk.rungs(), desk.breaks()) == ([4, 7], [])


def test_a_match_by_hand_is_taken_back_and_what_hung_on_it_is_open_again(desk: Desk) -> None:
    for _ in range(2):
        desk.shop.funded("100.00")
    report = desk.take([without_reference(row) for row in desk.rows()])
    row, pavel = desk.the_break(), desk.browse("pavel")
    with desk.shop.scope():
        line = subject_line(desk.shop.system, row)
        assert line is not None
        (first, _) = open_items(desk.shop.system, line)
    args = [row.pk]
    back = reverse("reconciliation:break-line-unmatch", args=args)
    early = pavel.post(back, {"reason": "too early"})
    assert "No match by hand stands" in early.content.decode()
    sent = {"item": first.key, "reason": "the cashier's advice"}
    pavel.post(reverse("reconciliation:break-line-match", args=args), sent)
    desk.shop.work()
    assert (desk.rungs(), desk.breaks()) == ([4, 7], [])
    assert "Take the match back" in desk.page("break", row)
    assert pavel.post(back, {"reason": ""}).status_code == 422
    assert desk.browse("anna").post(back, {"reason": "I only look"}).status_code == 403
    assert desk.rungs() == [4, 7]
    done = pavel.post(back, {"reason": "it was the other one"})
    assert done.status_code == 302
    assert (desk.rungs(), desk.breaks()) == ([], ["ambiguous"])
    with desk.shop.scope():
        report.refresh_from_db()
        assert (report.rows_open, report.by_rung) == (2, {})
        said = [each.data for each in AuditPayload.objects.all() if "reopened" in each.data]
    assert [(each["reason"], each["reopened"]) for each in said] == [("it was the other one", 1)]
    assert "Take the match back" not in desk.page("break", row)
    again = pavel.post(back, {"reason": "twice"})
    assert again.status_code == 422
    assert desk.shop.sound()


def test_a_line_less_by_the_agreed_fee_is_matched_and_by_another_fee_is_not(desk: Desk) -> None:
    desk.shop.funded("100.00")
    desk.shop.funded("200.00")
    rows = [net_only(row) for row in desk.rows()]
    rows[1]["gross"] = rows[1]["net"] = "180.00"
    with desk.shop.scope():
        terms_save(
            actor=desk.shop.world.actor("petra"),
            gateway=desk.shop.gateway,
            currency="EUR",
            percent=Decimal(2),
            fixed=Decimal("0.25"),
            tolerance=Decimal("0.01"),
        )
    report = desk.take(rows)
    assert (desk.rungs(), desk.breaks()) == ([2], ["fee_diff"])
    assert report.costs_found == {"EUR": 225}


def test_what_no_report_has_in_time_is_missing_until_it_comes(desk: Desk) -> None:
    desk.shop.funded("100.00")
    deposit = desk.shop.funded("70.00")
    first, late = desk.rows()
    stranger = {**on_another_day(without_reference(first), 12), "id": "mov_stranger"}
    stranger |= {"gross": "5.00", "fee": "0", "net": "5.00"}
    desk.take([first])
    assert desk.breaks() == []
    desk.take([stranger])
    assert desk.breaks() == ["missing_in_ledger", "missing_in_statement"]
    with desk.shop.scope():
        missing = Break.objects.get(kind="missing_in_statement")
    assert missing.subject_label == deposit.reference
    assert "No report of the gateway has it." in desk.page("break", missing)
    desk.take([late])
    assert desk.breaks() == ["missing_in_ledger"]
    with desk.shop.scope():
        rows = AuditPayload.objects.filter(entry__action="reconciliation.reports_matched")
        told = [
            tuple(row.data[name] for name in ("matched", "breaks", "ended"))
            for row in rows.order_by("entry_id")
        ]
    assert told == [(1, 0, 0), (0, 2, 0), (1, 0, 1)]


def test_pieces_of_a_payment_and_a_refund_are_told_apart(desk: Desk) -> None:
    desk.shop.funded("100.00")
    (row,) = desk.rows()
    parts = [
        {**row, "id": "one", "gross": "60.00", "fee": "0", "net": "60.00"},
        {**row, "id": "two", "gross": "40.00", "fee": "0", "net": "40.00"},
    ]
    desk.take(parts)
    assert (desk.rungs(), desk.breaks()) == ([6, 6], [])


def test_a_day_in_one_line_is_all_of_its_bookings(desk: Desk) -> None:
    for amount in ("100.00", "250.00", "80.50"):
        desk.shop.funded(amount)
    row = without_reference(desk.rows()[0])
    desk.take([{**row, "gross": "430.50", "fee": "0", "net": "430.50"}])
    assert (desk.rungs(), desk.breaks()) == ([5, 5, 5], [])


def test_a_settlement_waits_for_the_bank_and_must_be_the_sum_of_its_lines(desk: Desk) -> None:
    desk.shop.funded("100.00")
    desk.shop.cashier.settle(MERCHANT)
    rows = desk.rows()
    report = desk.take(rows)
    assert (report.rows_open, desk.breaks()) == (1, [])
    off = [dict(row, id=f"{row['id']}-b") for row in rows]
    off[1] |= {"gross": "-90.00", "net": "-90.00"}
    desk.take(off)
    assert "amount_diff" in desk.breaks()


def test_a_settlement_that_the_bank_names_is_matched_and_its_lines_may_be_older(
    desk: Desk,
) -> None:
    for amount in ("100.00", "60.00"):
        desk.shop.funded(amount)
    # Reported before it is settled: which settlement brings it is known later.
    desk.take(desk.rows())
    names = []
    for _ in range(2):
        (paid,) = desk.shop.cashier.settle(MERCHANT)
        names.append(paid.settlement)
        desk.shop.funded("60.00")
    desk.take(desk.rows())
    assert desk.breaks() == []
    for name, amount in zip(names, ("156.30", "58.55"), strict=True):
        with desk.shop.scope():
            settlement_book(
                actor=desk.shop.world.actor("pavel"),
                gateway_id=desk.shop.gateway.pk,
                key=f"settlement:{name}",
                iban=desk.shop.our_iban,
                money=eur(amount),
                cost=eur("0.00"),
                text=f"Hosted cashier {name} thanks",
            )
            gateway_match(actor=desk.shop.system, gateway=desk.shop.gateway)
    assert desk.rungs() == [1, 1, 1, 1, 3, 3]
    assert desk.breaks() == []


def test_a_cost_that_a_report_says_is_not_booked_with_the_settlement_as_well(desk: Desk) -> None:
    desk.shop.funded("100.00")
    (paid,) = desk.shop.cashier.settle(MERCHANT)
    desk.take(desk.rows())
    with desk.shop.scope():
        account = account_add(
            actor=desk.shop.world.actor("pavel"),
            name="Client money",
            iban=desk.shop.our_iban,
            currency="EUR",
        )
        line = StatementLine(
            account=account, currency="EUR", amount=Decimal("97.75"), value_date=today(),
            date=today(), number=1, text=paid.settlement,
        )  # fmt: skip
        (choice,) = books.collected(desk.shop.system, line)
        assert choice[1].endswith(f"its report has this payout, {paid.settlement}")
        with pytest.raises(InvalidInput, match="booked from its reports"):
            books.settle_gateway(desk.shop.system, line, desk.shop.gateway.pk, eur("1.00"))


def test_a_row_that_can_not_be_read_is_listed_and_the_rest_is_kept(desk: Desk) -> None:
    desk.shop.funded("100.00")
    (row,) = desk.rows()
    odd = [{**row, "id": "x", "gross": "ten"}, {**row, "id": "y", "net": "1.00"}]
    report = desk.take([odd[0], row, odd[1]])
    assert (report.rows_seen, report.rows_read) == (3, 1)
    assert [problem["number"] for problem in report.problems] == [2, 4]
    assert "Gross less fee is not net." in desk.page("report", report)


def test_a_file_that_is_no_report_is_refused_and_kept(desk: Desk) -> None:
    answer = desk.browse("pavel").post(
        reverse("reconciliation:report-import"),
        {"gateway": str(desk.shop.gateway.pk), "file": SimpleUploadedFile("a.csv", b"a,b\n1,2\n")},
        follow=True,
    )
    assert "The headings lack id, type" in answer.content.decode()
    with desk.shop.scope():
        assert SettlementReport.objects.get().state == "refused"


def test_two_runs_at_one_moment_match_once(
    desk: Desk, django_db_serialized_rollback: None, transactional_db: None
) -> None:
    desk.shop.funded("100.00")
    report = desk.take(desk.rows())
    with desk.shop.scope():
        SettlementMatch.objects.all().delete()
        SettlementReport.objects.update(state="read")
    start, failed = threading.Barrier(2), []

    def climb() -> None:
        try:
            start.wait()
            with desk.shop.scope():
                gateway_match(actor=desk.shop.system, gateway=desk.shop.gateway)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)
        finally:
            connection.close()

    crew = [threading.Thread(target=climb) for _ in range(2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert (failed, desk.rungs()) == ([], [1])
    with desk.shop.scope():
        report.refresh_from_db()
    assert report.rows_open == 0


def test_whoever_only_looks_can_not_import_or_propose(desk: Desk) -> None:
    desk.shop.funded("100.00")
    report = desk.take(desk.rows())
    sam = desk.browse("sam")
    assert sam.get(reverse("reconciliation:report-import")).status_code == 403
    url = reverse("reconciliation:report-cost", args=[report.pk])
    assert sam.post(url, {"currency": "EUR"}).status_code == 403


def test_the_ledgers_books_are_sound_after_reports(desk: Desk) -> None:
    desk.shop.funded("100.00")
    desk.take(desk.rows())
    with desk.shop.scope():
        assert ledger.verify(desk.shop.world.aurora.pk).faults == []


STRIPE = (
    "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,"
    "description,payment_intent_id,automatic_payout_id,payment_metadata[reference]\n"
    "txn_1,2026-11-02 14:03:11,eur,100.00,3.20,96.80,charge,ch_1,Deposit,pi_1,po_1,D-2026-000001\n"
    "txn_2,2026-11-02 15:03:11,jpy,5000,0,5000,charge,ch_2,Deposit D-2026-000002,pi_2,po_2,\n"
    "txn_3,2026-11-03 01:00:00,eur,-96.80,0.00,-96.80,payout,po_1,STRIPE PAYOUT,,,\n"
    "txn_4,2026-11-03 02:00:00,eur,-1.50,0.00,-1.50,fee,fee_1,Radar,,po_1,\n"
)


def test_stripes_itemised_report_is_read_in_minor_units() -> None:
    rows = list(read_stripe(STRIPE.encode()))
    assert [type(row) for row in rows] == [ReportRow] * 4
    charge, text, payout, fee = (row for row in rows if isinstance(row, ReportRow))
    assert (charge.gross, charge.fee, charge.our_ref) == (10000, 320, "D-2026-000001")
    assert (charge.source_ref, charge.batch_ref, charge.in_text) == ("pi_1", "po_1", False)
    assert (text.gross, text.currency, text.our_ref) == (5000, "JPY", "D-2026-000002")
    assert text.in_text
    assert (payout.kind, payout.source_ref, payout.gross) == ("payout", "po_1", -9680)
    assert (fee.kind, fee.gross) == ("fee", -150)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_bytes_break_a_reader_of_reports(content: bytes) -> None:
    for read in (read_cashier, read_stripe):
        headed = [content, STRIPE.splitlines()[0].encode() + b"\n" + content]
        for each in headed:
            assert all(isinstance(row, ReportRow | ReportProblem) for row in read(each))


def test_amounts_of_a_report_are_money_of_its_currency() -> None:
    row = next(iter(read_stripe(STRIPE.encode())))
    assert isinstance(row, ReportRow)
    assert Money.from_minor(row.gross, row.currency) == Money(Decimal(100), "EUR")
