"""Authentication hashes and the stream cipher of the raw TCP form."""

import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK_BYTES = 16
CRYPT_RAND_BYTES = 256


def _md5(data: bytes) -> bytes:
    # The protocol prescribes MD5; nothing here is a choice.
    return hashlib.md5(data, usedforsecurity=False).digest()


def password_digest(password: str) -> bytes:
    """P of the protocol: MD5(MD5(utf16le(password)) || "WebAPI"), 16 bytes."""
    return _md5(_md5(password.encode("utf-16-le")) + b"WebAPI")


def random_answer(digest: bytes, random_hex: str) -> str:
    """What proves knowledge of the password for a random number given in hex; lower-case hex."""
    return _md5(digest + bytes.fromhex(random_hex)).hex()


def key_material(digest: bytes, crypt_rand: bytes) -> list[bytes]:
    """The sixteen 16-byte values derived from the server's 256 random bytes."""
    out, material = digest, []
    for start in range(0, CRYPT_RAND_BYTES, BLOCK_BYTES):
        out = _md5(crypt_rand[start : start + BLOCK_BYTES] + out)
        material.append(out)
    return material


class StreamCipher:
    """One direction of an AES256OFB connection; encrypting and decrypting are the same.

    The key stream is the repeated AES encryption of the seed. It goes on from packet to packet,
    but what a packet leaves unused of its last block is thrown away. CBC over zeros produces
    exactly this stream, and keeps its state inside the library.
    """

    def __init__(self, key: bytes, seed: bytes) -> None:
        self._stream = Cipher(algorithms.AES(key), modes.CBC(seed)).encryptor()

    def apply(self, body: bytes) -> bytes:
        length = len(body)
        blocks = -(-length // BLOCK_BYTES)
        mask = self._stream.update(bytes(blocks * BLOCK_BYTES))[:length]
        mixed = int.from_bytes(body, "big") ^ int.from_bytes(mask, "big")
        return mixed.to_bytes(length, "big")


def server_ciphers(digest: bytes, crypt_rand: bytes) -> tuple[StreamCipher, StreamCipher]:
    """Ciphers for what the client sends and for what the server sends."""
    material = key_material(digest, crypt_rand)
    key = material[0] + material[1]
    return StreamCipher(key, material[2]), StreamCipher(key, material[3])
