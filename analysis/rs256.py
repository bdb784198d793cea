"""Signatures of tokens by RSA keys (RS256, RFC 7518 §3.3), in plain arithmetic. Pure; called by providers.

One kind of signature and two forms of keys are all that is needed to ask for Google's tokens, so no library has to come
along for it. A key's arithmetic takes the same few milliseconds whoever asks, and nobody but its owner can make it run.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from analysis.errors import ProviderError

_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""Says, before a digest, that it is SHA-256's (RFC 8017 §9.2)."""
_LEAST_BYTES = 128


def token(claims: Mapping[str, Any], pem: str, key_id: str = "") -> str:
    """A JSON web token with these claims; ProviderError for a key that cannot be read."""
    header = {"alg": "RS256", "typ": "JWT"} | ({"kid": key_id} if key_id else {})
    parts = ".".join(_written(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    return f"{parts}.{_written(signature(parts.encode(), pem))}"


def signature(message: bytes, pem: str) -> bytes:
    """The signature of a message by a private key in PEM (PKCS #8 or PKCS #1)."""
    modulus, exponent = _key(pem)
    size = (modulus.bit_length() + 7) // 8
    if size < _LEAST_BYTES:
        raise ProviderError("the private key is too short: it must have 1024 bits or more")
    told = _SHA256 + hashlib.sha256(message).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(told) - 3) + b"\x00" + told
    return pow(int.from_bytes(padded), exponent, modulus).to_bytes(size)


def _key(pem: str) -> tuple[int, int]:
    """Modulus and private exponent."""
    match = re.search(r"-----BEGIN (RSA )?PRIVATE KEY-----(.*?)-----END", pem, re.DOTALL)
    if match is None:
        raise ProviderError("the private key is no PEM of an RSA key")
    try:
        parts = _parts(base64.b64decode(match[2]))
        if not match[1]:
            parts = _parts(dict(parts)[_OCTETS])
        numbers = [int.from_bytes(content) for tag, content in parts if tag == _INTEGER]
        return numbers[1], numbers[3]
    except (binascii.Error, IndexError, KeyError, ValueError) as error:
        raise ProviderError("the private key is no RSA key that can be read") from error


def _parts(sequence: bytes) -> list[tuple[int, bytes]]:
    """What a DER sequence holds: tags and contents, the last of each tag counting where one is asked for."""
    tag, content, _ = _part(sequence)
    if tag != _SEQUENCE:
        raise ValueError("no sequence")
    found = []
    while content:
        tag, part, content = _part(content)
        found.append((tag, part))
    return found


def _part(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element, and what comes behind it."""
    tag, length, start = data[0], data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start])
    return tag, data[start : start + length], data[start + length :]


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
