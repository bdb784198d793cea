"""AWS's signature, version 4, for one request. Pure; called by the HTTP client with credentials that were looked up.

Written after the specification (AWS, "Create a signed AWS API request") and held to AWS's published test suite. Paths
are normalised and encoded twice, as every service but S3 wants them.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from posixpath import normpath
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SPARED = "-_.~"


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """An access key, its secret, and for temporary ones the session's token."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature is good for."""

    region: str
    service: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed: method, whole URL, the headers that shall be covered, and the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


def signature_headers(signed: Signed, keys: AwsKeys, scope: Scope, now: datetime) -> dict[str, str]:
    """The headers to add to the request. `host` is taken from the URL and must be sent as it stands there."""
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": moment, **({"x-amz-security-token": keys.token} if keys.token else {})}
    names, request = _canonical(signed, added)
    place = f"{moment[:8]}/{scope.region}/{scope.service}/aws4_request"
    text = "\n".join((_ALGORITHM, moment, place, _digest(request.encode())))
    signature = hmac.new(_key(keys, scope, moment[:8]), text.encode(), hashlib.sha256).hexdigest()
    told = f"{_ALGORITHM} Credential={keys.access_key}/{place}, SignedHeaders={names}, Signature={signature}"
    return {**added, "authorization": told}


def _canonical(signed: Signed, added: Mapping[str, str]) -> tuple[str, str]:
    """The names of the headers that are covered, and the request in the form whose digest is signed."""
    parts = urlsplit(signed.url)
    covered = {"host": parts.netloc.rpartition("@")[2], **signed.headers, **added}
    headers = {name.lower(): " ".join(value.split()) for name, value in covered.items()}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    query = _query(parts.query)
    return names, "\n".join((signed.method, _path(parts.path), query, lines, names, _digest(signed.body)))


def _path(path: str) -> str:
    """The path as it is sent (encoded once already), without dots and doubled slashes, encoded once more."""
    if not path or path == "/":
        return "/"
    clean = "/" + normpath(path).lstrip("/")
    is_folder = path.endswith(("/", "/.", "/..")) and clean != "/"
    return quote(clean + ("/" if is_folder else ""), safe=f"/{_SPARED}")


def _query(query: str) -> str:
    pairs = ((_encoded(name), _encoded(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encoded(text: str) -> str:
    return quote(text, safe=_SPARED)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _key(keys: AwsKeys, scope: Scope, day: str) -> bytes:
    key = f"AWS4{keys.secret_key}".encode()
    for part in (day, scope.region, scope.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
