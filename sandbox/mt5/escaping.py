"""Escaping of parameter values: `\\`, `=`, `|` and line feed carry a backslash."""

import re

_ESCAPED = re.compile(r"\\([\\=|\n])")
_SPECIAL = re.compile(r"([\\=|\n])")


def unescape(text: str) -> str:
    r"""`a\|b` -> `a|b`; a backslash before any other character stands for itself."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
