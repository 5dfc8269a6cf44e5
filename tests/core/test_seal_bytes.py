"""Encryption at rest: who can open what, and what a rotation of keys changes."""

import base64
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from backoffice.core.crypto import Unreadable, fingerprints, seal, unseal

OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(b"n" * 32).decode()


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.FIELD_KEYS = [OLD]


def test_what_was_sealed_opens_again_and_shows_nothing_of_itself() -> None:
    sealed = seal(b"C01X0006H", tenant_id=1, purpose="number", bound_to="row")
    assert b"C01X0006H" not in sealed
    assert unseal(sealed, tenant_id=1, purpose="number", bound_to="row") == b"C01X0006H"


def test_the_same_bytes_seal_differently_each_time() -> None:
    assert seal(b"x", tenant_id=1, purpose="p") != seal(b"x", tenant_id=1, purpose="p")


@pytest.mark.parametrize(
    ("tenant_id", "purpose", "bound_to"),
    [(2, "number", "row"), (1, "file", "row"), (1, "number", "other row")],
)
def test_another_tenant_purpose_or_row_cant_open_it(
    tenant_id: int, purpose: str, bound_to: str
) -> None:
    sealed = seal(b"secret", tenant_id=1, purpose="number", bound_to="row")
    with pytest.raises(Unreadable):
        unseal(sealed, tenant_id=tenant_id, purpose=purpose, bound_to=bound_to)


def test_an_altered_byte_is_noticed() -> None:
    sealed = bytearray(seal(b"secret", tenant_id=1, purpose="p"))
    sealed[-1] ^= 1
    with pytest.raises(Unreadable):
        unseal(bytes(sealed), tenant_id=1, purpose="p")


@pytest.mark.parametrize("junk", [b"", b"\x01", b"not sealed at all, but long enough"])
def test_bytes_that_were_never_sealed_are_refused(junk: bytes) -> None:
    with pytest.raises(Unreadable):
        unseal(junk, tenant_id=1, purpose="p")


def test_a_rotated_key_still_opens_old_bytes_and_seals_new_ones(settings: Any) -> None:
    old = seal(b"old", tenant_id=1, purpose="p")
    settings.FIELD_KEYS = [NEW, OLD]
    new = seal(b"new", tenant_id=1, purpose="p")
    assert unseal(old, tenant_id=1, purpose="p") == b"old"
    settings.FIELD_KEYS = [NEW]
    assert unseal(new, tenant_id=1, purpose="p") == b"new"
    with pytest.raises(Unreadable):
        unseal(old, tenant_id=1, purpose="p")


def test_a_fingerprint_is_found_again_after_a_rotation(settings: Any) -> None:
    stored = fingerprints("C01X0006H", tenant_id=1, purpose="number")[0]
    settings.FIELD_KEYS = [NEW, OLD]
    searched = fingerprints("C01X0006H", tenant_id=1, purpose="number")
    assert stored in searched
    assert searched[0] != stored
    assert stored not in fingerprints("C01X0006H", tenant_id=2, purpose="number")


@pytest.mark.parametrize("key", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_bad_key_is_named_before_anything_is_sealed(settings: Any, key: str) -> None:
    settings.FIELD_KEYS = [key]
    with pytest.raises(ImproperlyConfigured, match="FIELD_KEYS"):
        seal(b"x", tenant_id=1, purpose="p")
