"""Fields of forms that several domains ask with."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

_WRITTEN = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class AmountField(forms.DecimalField):
    """A Decimal as it is written on paper. What only a machine would write, such as ``1e3`` for a
    thousand, and a comma, which is a point to some and groups thousands to others, are refused:
    nobody's money moves on a guess."""

    def prepare_value(self, value: Any) -> Any:
        """What is stored with eight places is shown with those that say something."""
        if isinstance(value, Decimal) and value.is_finite():
            return format(value.normalize(), "f")
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        text = value.strip() if isinstance(value, str) else ""
        if text and not _WRITTEN.fullmatch(text):
            raise ValidationError(
                "Write it in digits, with a point before the cents: 1250.00.", code="invalid"
            )
        return super().to_python(text or value)
