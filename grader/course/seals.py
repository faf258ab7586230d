"""Texts that open with the right words alone: salted slow hashes, and sealing with keys made from words."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

import msgspec

HASH_ROUNDS = 15_000
SEAL_ROUNDS = 100_000


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that whoever has its words can read."""

    text: str
    mac: str


@dataclass(frozen=True)
class Keys:
    """What encrypts a text, and what signs it."""

    encrypting: bytes
    signing: bytes


def slow_hash(word: str, salt: str) -> str:
    """A hash that takes a while, so that nobody tries very many words."""
    return hashlib.pbkdf2_hmac("sha256", word.encode(), bytes.fromhex(salt), HASH_ROUNDS).hex()


def keys_from(words: str, salt: str, slowly: bool = False) -> Keys:
    """The keys that these words give."""
    rounds = SEAL_ROUNDS if slowly else HASH_ROUNDS
    key = hashlib.pbkdf2_hmac("sha512", words.encode(), bytes.fromhex(salt), rounds)
    return Keys(key[:32], key[32:])


def seal(text: str, keys: Keys) -> dict[str, str]:
    """The text sealed, as it is written into a file."""
    data = _stream(text.encode(), keys.encrypting)
    mac = hmac.new(keys.signing, data, "sha256").hexdigest()
    return {"text": base64.b64encode(data).decode(), "mac": mac}


def open_seal(sealed: Sealed, keys: Keys) -> str | None:
    """The text, or None where these are not its keys."""
    data = base64.b64decode(sealed.text)
    if not hmac.compare_digest(hmac.new(keys.signing, data, "sha256").hexdigest(), sealed.mac):
        return None
    return _stream(data, keys.encrypting).decode()


def _stream(data: bytes, key: bytes) -> bytes:
    """XOR with a stream of hashes; the same again undoes it."""
    blocks = (len(data) + 31) // 32
    stream = b"".join(hashlib.sha256(key + number.to_bytes(8, "big")).digest() for number in range(blocks))
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
