"""The mutual authentication of the MT5 Web API: MD5 challenge and answer, both ways.

The vendor fixes MD5; what protects the exchange on the wire is TLS.
"""

import hashlib
import hmac
import secrets

RANDOM_BYTES = 16


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def password_digest(password: str) -> bytes:
    """MD5(MD5(UTF-16LE password) + "WebAPI"), 16 raw bytes. ``password`` is the API password."""
    return _md5(_md5(password.encode("utf-16-le")) + b"WebAPI")


def challenge_answer(digest: bytes, challenge_hex: str) -> str:
    """Lower-case hex MD5(digest + challenge). Raises ValueError if the challenge is not hex."""
    return _md5(digest + bytes.fromhex(challenge_hex)).hex()


def new_challenge() -> str:
    """16 random bytes as hex."""
    return secrets.token_hex(RANDOM_BYTES)


def answer_is_right(digest: bytes, challenge_hex: str, answer_hex: str) -> bool:
    """Whether the other side knows the password, too. Hex of either case."""
    expected = challenge_answer(digest, challenge_hex)
    return hmac.compare_digest(expected.encode(), answer_hex.strip().lower().encode())
