"""Our references as others write them."""

import re

# What next_reference() gives payments; banks and gateways fold case and drop or add spaces.
OUR_REFERENCE = re.compile(r"\b(WP|[DW])[-\s]?(\d{4})[-\s]?(\d{6,})\b", re.IGNORECASE)


def our_references(text: str) -> list[str]:
    return [f"{kind.upper()}-{year}-{number}" for kind, year, number in OUR_REFERENCE.findall(text)]


def our_reference(text: str) -> str:
    """The one reference in ``text``; empty when it names none or several."""
    found = set(our_references(text)) if text else set()
    return found.pop() if len(found) == 1 else ""
