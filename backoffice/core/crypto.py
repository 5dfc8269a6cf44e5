"""Encryption at rest with one key per tenant and purpose, derived from ``settings.FIELD_KEYS``.

The newest key encrypts; every configured key decrypts, so keys rotate by putting a new one first.
A sealed value is ``version(1) || key id(4) || nonce(12) || AES-256-GCM ciphertext and tag``.
"""

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
KEY_BYTES = 32
_HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES


class Unreadable(Exception):  # noqa: N818 - says what the bytes are
    """Sealed bytes that no configured key opens, or that were altered."""


@lru_cache(maxsize=8)
def _master(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ImproperlyConfigured("FIELD_KEYS: a key is not base64.") from None
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured(f"FIELD_KEYS: a key has {len(key)} bytes, not {KEY_BYTES}.")
    return key


def _masters() -> list[bytes]:
    if not settings.FIELD_KEYS:
        raise ImproperlyConfigured("FIELD_KEYS is empty.")
    return [_master(encoded) for encoded in settings.FIELD_KEYS]


def _key_id(master: bytes) -> bytes:
    return hashlib.sha256(b"field key id" + master).digest()[:KEY_ID_BYTES]


@lru_cache(maxsize=1024)
def _derived(master: bytes, tenant_id: int, purpose: str) -> bytes:
    info = f"backoffice/{tenant_id}/{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)


def seal(plain: bytes, *, tenant_id: int, purpose: str, bound_to: str = "") -> bytes:
    """Encrypt ``plain``. ``bound_to`` (a row's id) must be given again to open it."""
    master = _masters()[0]
    head = VERSION + _key_id(master)
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(_derived(master, tenant_id, purpose))
    return head + nonce + cipher.encrypt(nonce, plain, head + bound_to.encode())


def unseal(sealed: bytes, *, tenant_id: int, purpose: str, bound_to: str = "") -> bytes:
    """Decrypt what ``seal`` made with this or an older key. Raises ``Unreadable``."""
    sealed = bytes(sealed)
    head, nonce = sealed[: 1 + KEY_ID_BYTES], sealed[1 + KEY_ID_BYTES : _HEAD_BYTES]
    if len(sealed) < _HEAD_BYTES or head[:1] != VERSION:
        raise Unreadable("These bytes were not sealed here.")
    for master in _masters():
        if head[1:] != _key_id(master):
            continue
        try:
            cipher = AESGCM(_derived(master, tenant_id, purpose))
            return cipher.decrypt(nonce, sealed[_HEAD_BYTES:], head + bound_to.encode())
        except InvalidTag:
            raise Unreadable("The sealed bytes were altered or belong elsewhere.") from None
    raise Unreadable("The key that sealed these bytes is not configured.")


def fingerprints(text: str, *, tenant_id: int, purpose: str) -> list[str]:
    """HMAC-SHA256 of ``text`` in hex under each key: the first is stored, all are searched."""
    return [
        hmac.new(
            _derived(master, tenant_id, f"{purpose}/hmac"), text.encode(), "sha256"
        ).hexdigest()
        for master in _masters()
    ]
