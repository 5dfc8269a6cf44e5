"""The text on the wire: escaped parameters out, tolerant JSON in."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from trading.bridge.errors import BadAnswer
from trading.bridge.mt5 import retcodes

Parameters = Mapping[str, str | int]

_SPECIAL = re.compile(r"[\\=|\n]")
_BACKSLASH = re.compile(r'\\(["\\/]|u[0-9A-Fa-f]{4})?')
EXCERPT_LENGTH = 60  # enough to tell HTML from JSON, too little for a person's data


def escape(value: str) -> str:
    r"""The server's own escaping inside a parameter value: ``\``, ``=``, ``|`` and line feed."""
    return _SPECIAL.sub(lambda match: "\\" + match[0], value)


def query_string(parameters: Parameters) -> str:
    """``name=value&...``: server escaping, then URL encoding (a space as ``%20``)."""
    return "&".join(
        f"{quote(name, safe='')}={quote(escape(str(value)), safe='*,!')}"
        for name, value in parameters.items()
    )


def loads(body: bytes) -> object:
    r"""JSON as servers in the field send it: UTF-8 with or without mark, numbers kept exact.

    Some builds leave the backslashes of group names bare (``real\std``); when the text is no JSON,
    those are doubled and it is read again. Raises ``BadAnswer``.
    """
    text = body.decode("utf-8-sig", errors="replace").strip().rstrip("\0")
    try:
        return _decode(text)
    except ValueError:
        pass
    try:
        return _decode(_BACKSLASH.sub(_doubled, text))
    except ValueError:
        excerpt = text[:EXCERPT_LENGTH]
        raise BadAnswer(f"The server's answer is not JSON: {excerpt!r}") from None


def _decode(text: str) -> object:
    return json.loads(text, strict=False, parse_float=Decimal, parse_constant=_no_constant)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number.")


def _doubled(match: re.Match[str]) -> str:
    return match[0] if match[1] else "\\\\"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. ``top`` is the whole object, ``payload`` its ``answer`` (None if absent)."""

    retcode: int
    text: str
    top: Mapping[str, object]
    payload: object

    @classmethod
    def parse(cls, body: bytes) -> "Answer":
        """Raises ``BadAnswer`` for anything but an object with a return code."""
        top = loads(body)
        if not isinstance(top, dict):
            raise BadAnswer("The server's answer is not a JSON object.")
        try:
            code, text = retcodes.parse(find(top, "retcode"))
        except ValueError:
            raise BadAnswer("The server's answer has no return code.") from None
        return cls(code, text, top, find(top, "answer"))


def find(record: Mapping[str, object], name: str) -> object:
    """The field of that name, whatever its case; None if absent."""
    if name in record:
        return record[name]
    lowered = name.lower()
    return next((value for key, value in record.items() if key.lower() == lowered), None)
