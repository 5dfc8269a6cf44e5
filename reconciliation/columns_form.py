"""The form on which the columns of a CSV statement are chosen."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms

from reconciliation.columns import Sample
from reconciliation.importers import CsvMapping, MappingError
from reconciliation.importers.csv_guess import DATE_FORMATS
from reconciliation.models import BankAccount

ONE, WORD, TWO = "one", "word", "two"
SIGNS = (
    (ONE, "One column, money out with a minus"),
    (WORD, "One column, and a word says in or out"),
    (TWO, "A column for money in and one for money out"),
)
_EXAMPLES = {"%Y": "2026", "%y": "26", "%m": "03", "%d": "31", "%b": "Mar",
             "%H": "14", "%M": "05", "%S": "09"}  # fmt: skip
# Form fields that name one column each, and the words on them.
_COLUMNS = {
    "date": "Booking date",
    "value_date": "Value date",
    "amount": "Amount",
    "direction": "Word for in or out",
    "credit": "Money in",
    "debit": "Money out",
    "our_reference": "Our reference",
    "end_to_end": "End-to-end id",
    "bank_reference": "The bank's reference",
    "counterparty_name": "Name of the other side",
    "counterparty_account": "Account of the other side",
    "balance": "Balance after it",
    "account": "Column of our account",
    "currency": "Column of the currency",
}
_OF_SIGNS = {ONE: ("amount",), WORD: ("amount", "direction"), TWO: ("credit", "debit")}


def date_words(date_format: str) -> str:
    """The format as an example that everybody reads the same way."""
    for code, example in _EXAMPLES.items():
        date_format = date_format.replace(code, example)
    return date_format


def column_choices(sample: Sample, *, headed: bool) -> list[tuple[str, str]]:
    """What a column can be named by: its heading, or its number where it has none of its own."""
    found: list[tuple[str, str]] = [("", "none")]
    first = sample.rows[0] if sample.rows else ()
    for place in range(sample.width):
        number = f"#{place + 1}"
        heading = sample.headings[place] if headed and place < len(sample.headings) else ""
        if heading and heading not in [name for name, _ in found]:
            found.append((heading, heading))
        elif headed:
            found.append((number, f"Column {place + 1}, without a heading"))
        else:
            example = first[place][:24] if place < len(first) else ""
            found.append((number, f"Column {place + 1}: {example}"))
    return found


class ColumnsForm(forms.Form):
    """``mapping`` is there once the form is valid."""

    has_header = forms.BooleanField(label="Its columns have headings", required=False)
    date = forms.ChoiceField()
    date_format = forms.ChoiceField(
        label="Dates are written like 31 March 2026 as",
        choices=[(each, date_words(each)) for each in DATE_FORMATS],
    )
    value_date = forms.ChoiceField(required=False)
    signs = forms.ChoiceField(label="Amounts", choices=SIGNS, widget=forms.RadioSelect)
    amount = forms.ChoiceField(required=False)
    direction = forms.ChoiceField(required=False)
    credit_words = forms.CharField(
        label="Words for money in", required=False, max_length=120, help_text="With commas between."
    )
    debit_words = forms.CharField(label="Words for money out", required=False, max_length=120)
    credit = forms.ChoiceField(required=False)
    debit = forms.ChoiceField(required=False)
    is_inverted = forms.BooleanField(
        label="The other way round: money out has no minus",
        required=False,
        help_text="As on statements of cards.",
    )
    decimal_mark = forms.ChoiceField(
        label="Decimals", choices=[(".", "1,234.56 or 1234.56"), (",", "1.234,56 or 1234,56")]
    )
    ours = forms.ChoiceField(label="Which account it is of", required=False)
    account = forms.ChoiceField(required=False)
    currency = forms.ChoiceField(required=False)
    our_reference = forms.ChoiceField(required=False)
    end_to_end = forms.ChoiceField(required=False)
    bank_reference = forms.ChoiceField(required=False)
    text = forms.MultipleChoiceField(
        label="Text of the payment", required=False, widget=forms.CheckboxSelectMultiple
    )
    counterparty_name = forms.ChoiceField(required=False)
    counterparty_account = forms.ChoiceField(required=False)
    balance = forms.ChoiceField(
        required=False, help_text="With it the sums of the file are checked."
    )
    is_newest_first = forms.BooleanField(label="The newest row is the first", required=False)
    keep_as = forms.CharField(
        label="Keep these columns as",
        required=False,
        max_length=80,
        help_text="For the bank's next file; one picked up with the same headings is read so by "
        "itself. Empty: for this file alone.",
    )

    def __init__(
        self,
        data: Any = None,
        *,
        sample: Sample,
        accounts: list[BankAccount],
        mapping: CsvMapping | None = None,
        keep_as: str = "",
    ) -> None:
        headed = bool(data.get("has_header")) if data else _headed(sample, mapping)
        super().__init__(data, initial=_initial(mapping, accounts, headed, keep_as))
        self._accounts = {str(each.pk): each for each in accounts}
        choices = column_choices(sample, headed=headed)
        for name, label in _COLUMNS.items():
            self.fields[name].label = label
            self._offer(name, choices)
        self._offer("text", choices[1:])
        named = [(pk, f"{each.name} ({each.currency})") for pk, each in self._accounts.items()]
        self._offer("ours", [("", "a column says it"), *named])
        self.mapping: CsvMapping | None = None
        # Shown before anything was sent: with the account that the form has chosen already.
        self.begun_with = None if data else _begun(mapping, self._accounts, self.initial)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, (forms.ChoiceField, forms.MultipleChoiceField))
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                self.mapping = self._mapping(values)
            except MappingError as error:
                self.add_error(None, str(error))
        return values

    def _mapping(self, values: dict[str, Any]) -> CsvMapping:
        used = _OF_SIGNS[values["signs"]]
        missing = [_COLUMNS[name].lower() for name in used if not values[name]]
        if missing:
            raise MappingError(f"Choose the column of: {', '.join(missing)}.")
        given = {name: values[name] for name in _COLUMNS if values[name]}
        for name in {"amount", "direction", "credit", "debit"} - set(used):
            given.pop(name, None)
        ours = self._accounts.get(values["ours"])
        if ours is not None:
            given |= {"fixed_account": ours.iban, "fixed_currency": ours.currency}
            given.pop("account", None)
            given.pop("currency", None)
        elif not values["account"] or not values["currency"]:
            raise MappingError(
                "Say which account it is, or which columns name the account and the currency."
            )
        words: dict[str, Any] = {
            name: _words(values[name])
            for name in ("credit_words", "debit_words")
            if values["signs"] == WORD and values[name].strip()
        }
        return CsvMapping(
            **given | words,
            text=tuple(values["text"]),
            date_format=values["date_format"],
            decimal_mark=values["decimal_mark"],
            has_header=values["has_header"],
            is_newest_first=values["is_newest_first"],
            is_inverted=values["is_inverted"],
        )


def _begun(
    mapping: CsvMapping | None, accounts: dict[str, BankAccount], initial: Mapping[str, Any]
) -> CsvMapping | None:
    ours = accounts.get(initial["ours"])
    if mapping is None or ours is None:
        return mapping
    return replace(mapping, fixed_account=ours.iban, fixed_currency=ours.currency)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def _headed(sample: Sample, mapping: CsvMapping | None) -> bool:
    return mapping.has_header if mapping else bool(sample.headings)


def _initial(
    mapping: CsvMapping | None, accounts: list[BankAccount], headed: bool, keep_as: str
) -> dict[str, Any]:
    plain = CsvMapping(date="#1", amount="#1")
    shown = mapping or plain
    names = ("date_format", "decimal_mark", "is_newest_first", "is_inverted", "text")
    initial: dict[str, Any] = {name: getattr(shown, name) for name in names}
    if mapping is not None:
        initial |= {name: getattr(mapping, name) for name in _COLUMNS}
    signs = WORD if shown.direction else TWO if shown.credit or shown.debit else ONE
    fixed = (shown.fixed_account, shown.fixed_currency)
    only = [*accounts][:1] if len(accounts) == 1 and not shown.account else []
    ours = [each for each in accounts if (each.iban, each.currency) == fixed] or only
    return initial | {
        "has_header": headed,
        "signs": signs,
        "credit_words": ", ".join(shown.credit_words),
        "debit_words": ", ".join(shown.debit_words),
        "ours": str(ours[0].pk) if ours else "",
        "keep_as": keep_as,
    }
