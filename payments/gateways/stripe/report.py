"""Stripe's itemised reports: "Balance change from activity" and "Payout reconciliation".

Source: docs.stripe.com/reports/report-types/balance and .../payout-reconciliation (columns, amounts
in major units), docs.stripe.com/reports/reporting-categories.
"""

from collections.abc import Iterator

from payments.gateways import tabular
from payments.gateways.reports import TEXT_MAX, ReportProblem, ReportRow, named

NEEDED = (
    "balance_transaction_id",
    "created_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
)
KINDS = {
    "charge": "payment",
    "charge_failure": "refund",
    "partial_capture_reversal": "refund",
    "refund": "refund",
    "refund_failure": "refund",
    "dispute": "dispute",
    "dispute_reversal": "dispute",
    "fee": "fee",
    "tax": "fee",
    "network_cost": "fee",
    "payout": "payout",
    "payout_reversal": "payout",
    "payout_minimum_balance_hold": "other",
}


def read_report(content: bytes) -> Iterator[ReportRow | ReportProblem]:
    return tabular.rows_of(content, NEEDED, _row)


def _row(number: int, row: tabular.Row) -> ReportRow:
    currency = tabular.currency_of(row["currency"])
    gross = tabular.minor_of(row["gross"], currency)
    fee = tabular.minor_of(row["fee"], currency)
    if gross - fee != tabular.minor_of(row["net"], currency):
        raise tabular.RowUnreadable("Gross less fee is not net.")
    reference = row.get("payment_metadata[reference]") or row.get("refund_metadata[reference]", "")
    if row["reporting_category"].startswith("refund"):
        reference = row.get("refund_metadata[reference]", "") or reference
    text = tabular.said(row, "description", TEXT_MAX)
    ours, in_text = named(reference, text)
    kind = KINDS.get(row["reporting_category"], "other")
    payment = tabular.said(row, "payment_intent_id")
    transaction = tabular.said(row, "balance_transaction_id")
    if not transaction:
        raise tabular.RowUnreadable("The row has no balance_transaction_id.")
    return ReportRow(
        number=number,
        kind=kind,
        transaction_ref=transaction,
        booked_on=tabular.day_of(row["created_utc"]),
        currency=currency,
        gross=gross,
        fee=fee,
        # A refund of a payment names the payment, which is another movement.
        source_ref=payment if kind == "payment" else tabular.said(row, "source_id"),
        our_ref=ours,
        in_text=in_text,
        batch_ref=tabular.said(row, "automatic_payout_id"),
        text=text,
    )
