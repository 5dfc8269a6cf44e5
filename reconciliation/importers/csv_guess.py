"""A first guess at what the columns of a CSV file mean, for a person to look at and mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from .csv_mapping import CsvMapping, CsvPreview, MappingError

# In the order in which they are tried: where a day could be a month too, the day is first.
DATE_FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%Y-%m-%dT%H:%M:%S"),
    "%Y-%m-%d %H:%M:%S",
)
# What banks call their columns, in lower case; the first that is there is taken.
_WORDS: dict[str, tuple[str, ...]] = {
    "date": (
        *("booking date", "posting date", "transaction date", "date", "buchungstag"),
        *("buchungsdatum", "buchung", "datum", "fecha", "data", "completed date"),
    ),
    "value_date": ("value date", "valuta", "wertstellung", "valutadatum", "fecha valor"),
    "amount": ("amount", "betrag", "umsatz", "importe", "montant", "transaction amount"),
    "credit": ("credit", "credit amount", "money in", "paid in", "haben", "deposit"),
    "debit": ("debit", "debit amount", "money out", "paid out", "soll", "withdrawal"),
    "direction": ("credit/debit", "debit/credit", "c/d", "d/c", "dr/cr", "cr/dr", "soll/haben"),
    "currency": ("currency", "währung", "waehrung", "ccy", "moneda", "devise"),
    "account": ("account", "iban", "account number", "auftragskonto", "own account"),
    "end_to_end": ("end-to-end id", "end to end id", "end to end", "end-to-end-referenz"),
    "our_reference": ("reference", "customer reference", "kundenreferenz", "payment reference"),
    "bank_reference": ("bank reference", "transaction id", "id", "bankreferenz"),
    "counterparty_name": (
        *("counterparty", "counterparty name", "payee", "payer", "name"),
        *("beguenstigter/zahlungspflichtiger", "auftraggeber/empfänger", "partner name"),
    ),
    "counterparty_account": ("counterparty iban", "counterparty account", "kontonummer/iban"),
    "balance": ("balance", "saldo", "running balance", "kontostand"),
}
_TEXTS = (
    *("description", "details", "narrative", "verwendungszweck", "buchungstext", "purpose"),
    *("text", "concepto", "libellé", "memo"),
)
_COMMA_DECIMALS = re.compile(r"\d,\d{1,2}-?\)?$")
_HAS_DIGIT = re.compile(r"\d")


def headings_of(preview: CsvPreview) -> tuple[str, ...]:
    """The first row that is as wide as any and has words alone; nothing where there is none."""
    widest = max((len(row) for row in preview.rows), default=0)
    for row in preview.rows:
        filled = [cell for cell in row if cell]
        if len(row) == widest > 1 and len(filled) > 1 and not any(map(_is_value, filled)):
            return row
    return ()


def _is_value(cell: str) -> bool:
    return bool(_HAS_DIGIT.search(cell)) and len(cell) < 40


def guess(preview: CsvPreview, headings: Sequence[str]) -> CsvMapping | None:
    """A mapping by the words of the headings; None where they do not say enough."""
    by_word = {heading.strip().casefold(): heading for heading in reversed(headings) if heading}
    found = {
        name: by_word[word]
        for name, words in _WORDS.items()
        if (word := next((each for each in words if each in by_word), ""))
    }
    if "amount" in found:
        found.pop("credit", None)
        found.pop("debit", None)
    else:
        found.pop("direction", None)
    text = tuple(by_word[word] for word in _TEXTS if word in by_word)
    places = {heading: place for place, heading in reversed([*enumerate(headings)])}
    days = _cells(preview, headings, [places[found["date"]]]) if "date" in found else []
    amounts = [places[found[name]] for name in ("amount", "credit", "debit") if name in found]
    try:
        return CsvMapping(
            **found,  # type: ignore[arg-type]  # names of columns, all of them text
            text=text,
            date_format=date_format_of(days),
            decimal_mark=_mark_of(_cells(preview, headings, amounts)),
        )
    except (MappingError, TypeError):
        return None


def _cells(preview: CsvPreview, headings: Sequence[str], places: Iterable[int]) -> list[str]:
    """What stands under the headings in these columns."""
    start = preview.rows.index(tuple(headings)) + 1
    wanted = list(places)
    return [
        row[place]
        for row in preview.rows[start:]
        for place in wanted
        if place < len(row) and row[place]
    ]


def date_format_of(days: Sequence[str]) -> str:
    """The format that fits most of them, the first of several."""
    return max(DATE_FORMATS, key=lambda each: sum(_fits(day, each) for day in days))


def _fits(day: str, date_format: str) -> bool:
    try:
        datetime.strptime(day, date_format)  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return False
    return True


def _mark_of(amounts: Sequence[str]) -> str:
    return "," if any(_COMMA_DECIMALS.search(amount) for amount in amounts) else "."
