"""The workbook of a report: numbers as numbers, totals as formulas over the rows beneath them."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from backoffice.core.context import current_tenant_id
from backoffice.core.money import exponent
from reporting.models import (
    ClientMoneyAccount,
    ClientMoneyBalance,
    ClientMoneyFigure,
    ClientMoneyReport,
)

SHEET_ROWS_MAX = 1_000_000  # under the format's own limit, with room for heads
BALANCE_HEADS = ("Client", "Owner", "Wallet", "Trading", "Open positions", "Below zero", "Counted")
FIRST_ROW = 4


def write_workbook(path: Path, report: ClientMoneyReport, brokerage: str) -> None:
    """Summary, accounts, and one sheet of balances per currency (more past a million rows)."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties(
            {
                "title": f"Client money {report.day:%Y-%m-%d}",
                "company": brokerage,
                "comments": f"{report.reference}, figures sha256 {report.figures_sha256}",
                "created": report.prepared_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        _Writer(book, report, brokerage).write()


class _Writer:
    def __init__(self, book: Any, report: ClientMoneyReport, brokerage: str) -> None:
        self.book, self.report, self.brokerage = book, report, brokerage
        self.bold = book.add_format({"bold": True})
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        self.figures: Sequence[ClientMoneyFigure] = list(
            report.figures.filter(tenant_id=current_tenant_id()).order_by("currency")
        )
        self.accounts: Sequence[ClientMoneyAccount] = list(
            report.accounts.filter(tenant_id=current_tenant_id()).order_by(
                "group", "code", "currency"
            )
        )
        self.formats = {
            figure.currency: (
                book.add_format({"num_format": number_format(figure.currency)}),
                book.add_format(
                    {"num_format": number_format(figure.currency), "bold": True, "top": 1}
                ),
            )
            for figure in self.figures
        }

    def write(self) -> None:
        # The summary comes first in the file; its formulas name sheets that follow.
        summary = self.book.add_worksheet("Summary")
        totals = {figure.currency: self._balance_sheets(figure) for figure in self.figures}
        places = self._account_sheet()
        self._summary(summary, totals, places)

    def _title(self, sheet: Any, text: str) -> None:
        sheet.write(0, 0, f"{self.brokerage}: {text}", self.bold)
        sheet.write(1, 0, f"{self.report.reference}, end of {self.report.day:%d %B %Y}")

    def _balance_sheets(self, figure: ClientMoneyFigure) -> dict[str, list[str]]:
        """Cells that hold the totals of each column, one per sheet."""
        cells: dict[str, list[str]] = {head: [] for head in BALANCE_HEADS[2:]}
        rows = self._balances(figure.currency)
        for number in range(1 + max(figure.clients - 1, 0) // SHEET_ROWS_MAX):
            name = f"Balances {figure.currency}" + (f" {number + 1}" if number else "")
            sheet = self.book.add_worksheet(name)
            last, sums = self._balance_rows(sheet, figure.currency, rows)
            for index, head in enumerate(BALANCE_HEADS[2:], start=2):
                letter = chr(ord("A") + index)
                formula = f"=SUM({letter}{FIRST_ROW + 1}:{letter}{max(last, FIRST_ROW + 1)})"
                bold = self.formats[figure.currency][1]
                sheet.write_formula(last + 1, index, formula, bold, float(sums[index]))
                cells[head].append(f"'{name}'!{letter}{last + 2}")
            sheet.write(last + 1, 0, "Total", self.bold)
        return cells

    def _balance_rows(
        self, sheet: Any, currency: str, rows: Iterator[ClientMoneyBalance]
    ) -> tuple[int, dict[int, Decimal]]:
        self._title(sheet, f"client balances in {currency}")
        sheet.freeze_panes(FIRST_ROW, 1)
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 44, None, {"hidden": True})
        sheet.set_column(2, len(BALANCE_HEADS) - 1, 18)
        for index, head in enumerate(BALANCE_HEADS):
            sheet.write(FIRST_ROW - 1, index, head, self.head)
        sums = dict.fromkeys(range(2, len(BALANCE_HEADS)), Decimal(0))
        plain, at = self.formats[currency][0], FIRST_ROW
        for at, row in enumerate(rows, start=FIRST_ROW):
            amounts = (row.wallet, row.trading, row.open_positions, -row.negatives, row.counted)
            sheet.write_string(at, 0, row.client_reference or row.owner_ref)
            sheet.write_string(at, 1, row.owner_ref)
            for index, amount in enumerate(amounts, start=2):
                sheet.write_number(at, index, float(amount), plain)
                sums[index] += amount
            if at - FIRST_ROW + 1 == SHEET_ROWS_MAX:
                break
        return at + 1, sums

    def _balances(self, currency: str) -> Iterator[ClientMoneyBalance]:
        found = ClientMoneyBalance.objects.filter(
            tenant_id=current_tenant_id(), report=self.report, currency=currency
        )
        return iter(found.order_by("-counted", "id").iterator(chunk_size=5_000))

    def _account_sheet(self) -> dict[tuple[str, str], list[str]]:
        """(group, currency) -> the cells with the balances of its accounts."""
        sheet = self.book.add_worksheet("Accounts")
        self._title(sheet, "accounts of the house")
        sheet.set_column(0, 1, 36)
        sheet.set_column(2, 3, 18)
        for index, head in enumerate(("Group", "Account", "Currency", "Balance")):
            sheet.write(FIRST_ROW - 1, index, head, self.head)
        places: dict[tuple[str, str], list[str]] = {}
        for at, account in enumerate(self.accounts, start=FIRST_ROW):
            sheet.write_string(at, 0, account.get_group_display())
            sheet.write_string(at, 1, account.code)
            sheet.write_string(at, 2, account.currency)
            plain = self.formats[account.currency][0]
            sheet.write_number(at, 3, float(account.balance), plain)
            places.setdefault((account.group, account.currency), []).append(f"Accounts!D{at + 1}")
        return places

    def _summary(
        self,
        sheet: Any,
        totals: dict[str, dict[str, list[str]]],
        places: dict[tuple[str, str], list[str]],
    ) -> None:
        self._title(sheet, "client money")
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, max(len(self.figures), 1), 20)
        sheet.write(FIRST_ROW - 1, 0, "", self.head)
        for index, figure in enumerate(self.figures, start=1):
            sheet.write(FIRST_ROW - 1, index, figure.currency, self.head)
        columns = [
            _summary_column(
                chr(ord("A") + index), figure, totals[figure.currency], places, self.report
            )
            for index, figure in enumerate(self.figures, start=1)
        ]
        # Row by row: a workbook of constant memory can't go back.
        for at, (label, strong) in enumerate(SUMMARY_LINES, start=FIRST_ROW):
            sheet.write(at, 0, label, self.bold if strong else None)
            for index, (figure, lines) in enumerate(
                zip(self.figures, columns, strict=True), start=1
            ):
                formula, value = lines[at - FIRST_ROW]
                style = self.formats[figure.currency][1 if strong else 0]
                sheet.write_formula(at, index, formula, style, float(value))
        notes = [
            f"Audit chain at link {self.report.audit_seq}: {self.report.audit_head}",
            f"Figures sha256: {self.report.figures_sha256}",
            f"Prepared by {self.report.prepared_by},"
            f" {self.report.prepared_at:%Y-%m-%d %H:%M:%S} UTC",
        ]
        for offset, note in enumerate(notes, start=1):
            sheet.write_string(FIRST_ROW + len(SUMMARY_LINES) + offset, 0, note)


SUMMARY_LINES = (
    ("Wallets", False),
    ("Trading accounts, booked", False),
    ("Open positions", False),
    ("Accounts below zero, counted as zero", False),
    ("Client balances", True),
    ("Between wallet and trading account", False),
    ("Unallocated", False),
    ("Prudent segregation", False),
    ("Requirement", True),
    ("Client bank accounts", False),
    ("Gateways, counted by policy", False),
    ("Resource", True),
    ("Difference (resource less requirement)", True),
    ("Gateways, not counted", False),
    ("In transit, not counted", False),
)


def _summary_column(
    letter: str,
    figure: ClientMoneyFigure,
    totals: dict[str, list[str]],
    places: dict[tuple[str, str], list[str]],
    report: ClientMoneyReport,
) -> list[tuple[str, Decimal]]:
    """(formula, value) of each line of the summary in one currency."""
    group = ClientMoneyAccount.Group

    def row(place: int) -> str:
        return f"{letter}{FIRST_ROW + 1 + place}"

    def cells(kind: ClientMoneyAccount.Group) -> str:
        return "+".join(places.get((kind, figure.currency), [])) or "0"

    counts = bool(report.policy.get("gateway_counts"))
    percent = report.policy.get("prudent_percent", "0")
    digits = exponent(figure.currency)
    gateway, nothing = figure.gateway, Decimal(0)
    return [
        ("=" + "+".join(totals["Wallet"]), figure.wallets),
        ("=" + "+".join(totals["Trading"]), figure.trading),
        ("=" + "+".join(totals["Open positions"]), figure.open_positions),
        ("=-(" + "+".join(totals["Below zero"]) + ")", figure.negatives),
        (f"=SUM({row(0)}:{row(3)})", figure.client_balances),
        (f"=MAX({cells(group.BRIDGE)},0)", figure.bridge),
        (f"={cells(group.UNALLOCATED)}", figure.unallocated),
        (f"=ROUNDUP({row(4)}*{percent}/100,{digits})", figure.prudent),
        (f"=SUM({row(4)}:{row(7)})", figure.requirement),
        (f"={cells(group.BANK)}", figure.bank),
        (f"={cells(group.GATEWAY) if counts else '0'}", gateway if counts else nothing),
        (f"={row(9)}+{row(10)}", figure.resource),
        (f"={row(11)}-{row(8)}", figure.difference),
        (f"={'0' if counts else cells(group.GATEWAY)}", nothing if counts else gateway),
        (f"={cells(group.TRANSIT)}", figure.in_transit),
    ]


def number_format(currency: str) -> str:
    """Grouped, with the currency's own decimal places; negatives with a minus."""
    places = exponent(currency)
    return "#,##0" + ("." + "0" * places if places else "")
