"""The cashier's settlement report: one CSV row for each movement, headings as in ``NEEDED``."""

from collections.abc import Iterator

from payments.gateways import tabular
from payments.gateways.reports import TEXT_MAX, ReportProblem, ReportRow, named

NEEDED = ("id", "type", "date", "reference", "currency", "gross", "fee", "net", "settlement")
KINDS = {
    "payment": "payment",
    "refund": "refund",
    "payout": "sent",
    "chargeback": "dispute",
    "chargeback_reversal": "dispute",
    "fee": "fee",
    "settlement": "payout",
}


def read_report(content: bytes) -> Iterator[ReportRow | ReportProblem]:
    return tabular.rows_of(content, NEEDED, _row)


def _row(number: int, row: tabular.Row) -> ReportRow:
    currency = tabular.currency_of(row["currency"])
    gross = tabular.minor_of(row["gross"], currency)
    fee = tabular.minor_of(row["fee"], currency)
    if gross - fee != tabular.minor_of(row["net"], currency):
        raise tabular.RowUnreadable("Gross less fee is not net.")
    if row["type"] not in KINDS:
        raise tabular.RowUnreadable(f"{row['type'][:20]} is not a type of movement.")
    kind = KINDS[row["type"]]
    transaction = tabular.said(row, "id")
    if not transaction:
        raise tabular.RowUnreadable("The row has no id.")
    text = tabular.said(row, "text", TEXT_MAX)
    ours, in_text = named(row["reference"], text)
    settlement = tabular.said(row, "settlement")
    return ReportRow(
        number=number,
        kind=kind,
        transaction_ref=transaction,
        booked_on=tabular.day_of(row["date"]),
        currency=currency,
        gross=gross,
        fee=fee,
        source_ref=settlement if kind == "payout" else tabular.said(row, "payment"),
        our_ref=ours,
        in_text=in_text,
        batch_ref="" if kind == "payout" else settlement,
        text=text,
    )
