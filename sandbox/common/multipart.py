"""Forms that carry files."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any


def parts(kind: str, body: bytes) -> dict[str, Any]:
    """A form that carries files: each is its name and its bytes."""
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    found: dict[str, Any] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            continue
        file_name = part.get_filename()
        found[name] = (
            content.decode("utf-8", "replace")
            if file_name is None
            else (
                file_name,
                content,
            )
        )
    return found
