"""The report as a PDF for a file that an auditor opens years later: figures, accounts, balances
with totals carried from page to page, signatures, and the hashes that tie it to the trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from backoffice.core.context import current_tenant_id
from backoffice.core.money import Money
from backoffice.portal.figures import amount_text
from backoffice.tenancy.models import LegalEntity
from backoffice.tenancy.scope import brokerage
from reporting.models import ClientMoneyBalance, ClientMoneyFigure, ClientMoneyReport, ReportFile

STYLE = Path(__file__).parents[1] / "print" / "client_money.css"
ROWS_ON_PAGE = 38
# Past this the schedule is the workbook, whose hash the report carries; the largest are shown.
BALANCES_MAX = 1_000


@dataclass(frozen=True)
class SchedulePage:
    """One page of balances in one currency, with what is carried in and out (None: nothing)."""

    currency: str
    rows: Sequence[dict[str, Any]]
    brought: dict[str, str] | None
    carried: dict[str, str]
    last: bool
    note: str = ""


AMOUNTS = ("wallet", "trading", "open_positions", "negatives", "counted")


def write_document(path: Path, report: ClientMoneyReport, *, workbook: ReportFile) -> None:
    from backoffice.core.pdf import (
        write_pdf,
    )  # its library takes a second that no other process owes

    with translation.override("en"):
        html = render_to_string("reporting/client_money_pdf.html", context(report, workbook))
    write_pdf(path, html=html, style=STYLE.read_text())


def context(report: ClientMoneyReport, workbook: ReportFile) -> dict[str, Any]:
    """What the template shows; amounts as text, so that no digit is lost on the way."""
    figures = list(report.figures.filter(tenant_id=current_tenant_id()).order_by("currency"))
    accounts = report.accounts.filter(tenant_id=current_tenant_id()).order_by(
        "group", "code", "currency"
    )
    entity = LegalEntity.objects.filter(tenant_id=current_tenant_id()).first()
    return {
        "report": report,
        "brokerage": brokerage(),
        "entity": entity,
        "figures": [figure_texts(figure) for figure in figures],
        "accounts": [
            {
                "group": account.get_group_display(),
                "code": account.code,
                "currency": account.currency,
                "balance": _text(account.balance, account.currency),
            }
            for account in accounts
        ],
        "pages": [page for figure in figures for page in schedule(report, figure)],
        "workbook": workbook,
    }


def _text(amount: Decimal, currency: str) -> str:
    return amount_text(Money(amount, currency).amount, currency)


def figure_texts(figure: ClientMoneyFigure) -> dict[str, Any]:
    """Each amount as text, and the transfer that the difference asks for in words."""
    texts = {
        field.name: _text(getattr(figure, field.name), figure.currency)
        for field in figure._meta.get_fields()
        if getattr(field, "decimal_places", None)
    }
    return texts | {
        "currency": figure.currency,
        "clients": figure.clients,
        "short": figure.difference < 0,
        "transfer": transfer_words(figure),
    }


def transfer_words(figure: ClientMoneyFigure) -> str:
    amount = f"{_text(abs(figure.difference), figure.currency)} {figure.currency}"
    if figure.difference < 0:
        return f"Pay {amount} from own funds into the client bank account today."
    if figure.difference > 0:
        return f"Excess: withdraw {amount} to own funds today."
    return "No transfer."


def schedule(report: ClientMoneyReport, figure: ClientMoneyFigure) -> list[SchedulePage]:
    """The pages of balances in one currency, largest first, with running totals."""
    found = ClientMoneyBalance.objects.filter(
        tenant_id=current_tenant_id(), report=report, currency=figure.currency
    ).order_by("-counted", "id")
    balances = list(found[: BALANCES_MAX + 1])
    cut = len(balances) > BALANCES_MAX
    balances = balances[:BALANCES_MAX]
    pages: list[SchedulePage] = []
    running = dict.fromkeys(AMOUNTS, Decimal(0))
    for start in range(0, len(balances), ROWS_ON_PAGE):
        chunk = balances[start : start + ROWS_ON_PAGE]
        brought = _texts(running, figure.currency) if start else None
        for row in chunk:
            for name in AMOUNTS:
                running[name] += getattr(row, name)
        pages.append(
            SchedulePage(
                currency=figure.currency,
                rows=[_row(row) for row in chunk],
                brought=brought,
                carried=_texts(running, figure.currency),
                last=start + ROWS_ON_PAGE >= len(balances),
                note=_cut_note(figure, running["counted"]) if cut else "",
            )
        )
    return pages


def _cut_note(figure: ClientMoneyFigure, shown: Decimal) -> str:
    rest = _text(figure.client_balances - shown, figure.currency)
    return (
        f"The {BALANCES_MAX:,} largest balances. All others, {rest} {figure.currency} together,"
        " are in the workbook named by its hash on the first page."
    )


def _row(row: ClientMoneyBalance) -> dict[str, Any]:
    amounts = {name: getattr(row, name) for name in AMOUNTS}
    return {"client": row.client_reference or row.owner_ref, **_texts(amounts, row.currency)}


def _texts(amounts: dict[str, Decimal], currency: str) -> dict[str, str]:
    return {name: _text(amount, currency) for name, amount in amounts.items()}
