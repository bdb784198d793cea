"""The Secret of a GitRepository, read. Called by the controller's kind; pure.

Keys as in Flux: username and password, bearerToken, identity and known_hosts, ca.crt (or caFile).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from rollouts.gitsync.errors import AUTHENTICATION_FAILED, FetchError
from rollouts.gitsync.ports import Credentials
from rollouts.gitsync.sources import Source


def read(source: Source, secret: Mapping[str, Any]) -> Credentials:
    """The credentials for this source. Raises FetchError where they do not fit its URL."""
    data = {key: _decoded(source, key, value) for key, value in (secret.get("data") or {}).items()}
    found = Credentials(
        username=data.get("username", ""),
        password=data.get("password", ""),
        bearer_token=data.get("bearerToken", ""),
        identity=data.get("identity", ""),
        known_hosts=data.get("known_hosts", ""),
        authority=data.get("ca.crt") or data.get("caFile", ""),
    )
    _require(source, found, data)
    return found


def missing(source: Source) -> FetchError | None:
    """What a source without a Secret lacks: ssh works with none never."""
    if source.scheme != "ssh" or source.secret:
        return None
    return _refusal("ssh needs spec.secretRef: a Secret with identity and known_hosts")


def _require(source: Source, found: Credentials, data: Mapping[str, str]) -> None:
    where = f"Secret {source.namespace}/{source.secret}"
    if source.scheme == "ssh":
        if not (found.identity and found.known_hosts):
            raise _refusal(f"{where} must hold identity and known_hosts for an ssh URL")
        if found.password:
            raise _refusal(f"{where}: an identity with a password is not supported: store the key without one")
        return
    if "githubAppID" in data or "tls.key" in data:
        raise _refusal(f"{where}: only username with password, or bearerToken, are supported: use a token")
    if found.password and not found.username:
        raise _refusal(f"{where} holds a password but no username: add one (any word goes with a token)")
    if not (found.password or found.bearer_token or found.authority):
        raise _refusal(f"{where} holds neither username and password, bearerToken nor ca.crt")
    if any("\n" in part or "\r" in part for part in (found.username, found.password, found.bearer_token)):
        raise _refusal(f"{where}: a line break in username, password or bearerToken: store it without")


def _decoded(source: Source, key: str, value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _refusal(f"Secret {source.namespace}/{source.secret}: key {key} cannot be read as text") from None


def _refusal(message: str) -> FetchError:
    return FetchError(message, reason=AUTHENTICATION_FAILED)
