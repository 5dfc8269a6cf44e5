"""The form of a table of leverage caps: regions beside each other, a figure for each class."""

from typing import Any

from django import forms

from clients.forms import DateInput
from trading.leverage.tables import CLASSES, MOST, OTHERS, Region, Table

REGIONS = 3
NUMBER = {"inputmode": "numeric", "autocomplete": "off"}


class TableForm(forms.Form):
    """``table`` is what it begins as. The last region is everywhere else; of the others those
    without a name are left out."""

    note = forms.CharField(label="What is new in it", max_length=200)
    source = forms.CharField(label="Where the figures are from", max_length=200)
    as_of = forms.DateField(label="The source's date", widget=DateInput())

    def __init__(self, data: Any, *, table: Table) -> None:
        super().__init__(data, initial=_initial(table))
        for number in range(REGIONS):
            last = number == REGIONS - 1
            if not last:
                self.fields[f"name{number}"] = forms.CharField(
                    label=f"Region {number + 1}", max_length=60, required=False
                )
                self.fields[f"countries{number}"] = forms.CharField(
                    label=f"Countries of region {number + 1}",
                    required=False,
                    widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
                )
            for code, title in {**CLASSES, **OTHERS}.items():
                place = "everywhere else" if last else f"region {number + 1}"
                self.fields[f"{code}{number}"] = forms.IntegerField(
                    label=f"{title}, {place}",
                    min_value=1,
                    max_value=MOST,
                    required=last,
                    widget=forms.TextInput(NUMBER),
                )

    def head(self) -> list[forms.BoundField]:
        return [self[name] for name in ("note", "source", "as_of")]

    def region_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"name{n}"], self[f"countries{n}"]) for n in range(REGIONS - 1)]

    def rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [
            (title, [self[f"{code}{number}"] for number in range(REGIONS)])
            for code, title in {**CLASSES, **OTHERS}.items()
        ]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for number in range(REGIONS - 1):
            if not found.get(f"name{number}"):
                continue
            if not found.get(f"countries{number}"):
                self.add_error(f"countries{number}", "Name its countries by their two letters.")
            for code in {**CLASSES, **OTHERS}:
                if found.get(f"{code}{number}") is None and f"{code}{number}" not in self.errors:
                    self.add_error(f"{code}{number}", "Give a figure.")
        return found

    def table(self) -> Table:
        found = self.cleaned_data
        chosen = [n for n in range(REGIONS - 1) if found[f"name{n}"]] + [REGIONS - 1]
        return Table(
            regions=tuple(
                Region(
                    found.get(f"name{n}") or "Everywhere else",
                    tuple(found.get(f"countries{n}", "").upper().replace(",", " ").split()),
                    {code: found[f"{code}{n}"] for code in CLASSES},
                    {code: found[f"{code}{n}"] for code in OTHERS},
                )
                for n in chosen
            ),
            source=found["source"],
            as_of=found["as_of"],
        )


def _initial(table: Table) -> dict[str, Any]:
    named = [each for each in table.regions if each.countries][: REGIONS - 1]
    rest = next(each for each in table.regions if not each.countries)
    found: dict[str, Any] = {"source": table.source, "as_of": table.as_of}
    for number, region in [*enumerate(named), (REGIONS - 1, rest)]:
        found[f"name{number}"] = region.name
        found[f"countries{number}"] = " ".join(region.countries)
        found |= {f"{code}{number}": most for code, most in region.retail.items()}
        found |= {f"{code}{number}": most for code, most in region.others.items()}
    return found
