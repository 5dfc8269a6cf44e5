"""Check a file of signed audit heads alone: ``python check_heads.py FILE [OLDER ...]``.

Needs Python and the ``cryptography`` package, nothing of this repository. With older files of the
same brokerage it also says whether any head of theirs is missing or another one now. How the file
is made and what it proves: docs/audit.md.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTHING = "0" * 64


def statement(brokerage: int, head: dict[str, Any]) -> bytes:
    """The seven lines that a head's signature is over."""
    return (
        "backoffice audit head v1\n"
        f"brokerage {brokerage}\n"
        f"number {head['number']}\n"
        f"link {head['link']}\n"
        f"head {head['head']}\n"
        f"previous {head['previous']}\n"
        f"signed {head['signed']}\n"
    ).encode()


def faults_of(file: dict[str, Any]) -> list[str]:
    keys = {
        name: Ed25519PublicKey.from_public_bytes(base64.b64decode(text))
        for name, text in file["public_keys"].items()
    }
    faults, previous, link = [], NOTHING, 0
    for number, head in enumerate(file["heads"], start=1):
        signature = base64.b64decode(head["signature"])
        name = f"head {head['number']}"
        if head["number"] != number:
            faults.append(f"head {number} is missing")
            break
        if head["previous"] != previous or head["link"] <= link:
            faults.append(f"{name} does not follow the one before it")
        if head["key"] not in keys:
            faults.append(f"{name} is signed with a key that the file does not have")
        else:
            try:
                keys[head["key"]].verify(signature, statement(file["brokerage"], head))
            except InvalidSignature:
                faults.append(f"{name} does not bear its signature")
        previous, link = hashlib.sha256(signature).hexdigest(), head["link"]
    return faults


def faults_since(older: dict[str, Any], file: dict[str, Any]) -> list[str]:
    """What an older file has that this one lacks or has otherwise."""
    now = {head["number"]: head for head in file["heads"]}
    return [
        f"head {head['number']} of the file of {older['made_at']} is missing or another one now"
        for head in older["heads"]
        if now.get(head["number"]) != head
    ]


def main(paths: list[str]) -> int:
    if not paths:
        print(__doc__)
        return 2
    file, *older = [json.loads(Path(path).read_text()) for path in paths]
    faults = faults_of(file)
    for each in older:
        faults += faults_since(each, file)
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"{file['name']}: {len(file['heads'])} signed heads, {len(faults)} faults")
    for name in file["public_keys"]:
        print(f"key {name}: compare this name with the one that the brokerage gave you")
    if file["heads"]:
        last = file["heads"][-1]
        print(f"newest: link {last['link']}, {last['head']}, signed {last['signed']}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
