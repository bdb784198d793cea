"""Signatures by RSA keys, held against openssl; and a Google token asked for with one."""

import base64
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from analysis.errors import ProviderError
from analysis.model import Metric
from analysis.providers import stackdriver
from analysis.requests import Answer, Http, Setting
from analysis.rs256 import signature, token
from tests.unit.analysis.providers.conversing import NOW

FORMS = {"PKCS #8": ("genpkey", "-algorithm", "RSA"), "PKCS #1": ("genrsa", "-traditional")}


def openssl(*words: str | Path) -> str:
    """What openssl says."""
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("form", FORMS)
def test_a_signature_is_one_for_openssl(form: str, tmp_path: Path) -> None:
    """Both forms of keys that are about."""
    pem = openssl(*FORMS[form])
    private, public, signed = tmp_path / "key", tmp_path / "public", tmp_path / "signature"
    private.write_text(pem)
    public.write_text(openssl("pkey", "-in", private, "-pubout"))
    message = tmp_path / "message"
    message.write_bytes(b"a message")
    signed.write_bytes(signature(b"a message", pem))

    assert "Verified OK" in openssl("dgst", "-sha256", "-verify", public, "-signature", signed, message)


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        ("", "is no PEM of an RSA key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "no RSA key that can be read"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "no RSA key that can be read"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMAwCAQACAQ8CAQMCAQM=\n-----END RSA PRIVATE KEY-----", "is too short"),
    ],
)
def test_a_key_that_cannot_be_read_is_told(pem: str, said: str) -> None:
    """And nothing of it is shown."""
    with pytest.raises(ProviderError, match=said):
        token({}, pem)


def test_a_service_account_asks_for_a_token_with_its_key() -> None:
    """The claims name account, scope, audience and an hour; the token goes to the monitoring API."""
    key = {"client_email": "a@b", "private_key_id": "k1", "private_key": openssl("genpkey", "-algorithm", "RSA")}
    metric = Metric("rate", "stackdriver", {"query": "fetch x", "secretRef": {"name": "gcloud"}})
    flow: Any = stackdriver.run(metric, Setting(NOW))
    next(flow)
    asked = flow.send({"project": "p", "serviceAccountKey": json.dumps(key)})
    assert isinstance(asked, Http)
    form = parse_qs(asked.body.decode())
    header, claims = (json.loads(base64.urlsafe_b64decode(f"{part}==")) for part in form["assertion"][0].split(".")[:2])
    onward = flow.send(Answer(200, b'{"access_token": "ya29"}'))

    assert asked.server.address == "https://oauth2.googleapis.com/token"
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims["iss"] == "a@b"
    assert (claims["aud"], claims["exp"] - claims["iat"]) == (asked.server.address, 3600)
    assert onward.server.auth.token == "ya29"
