"""Secrets of a source, read: what fits its URL, and what is told when it does not."""

import base64

import pytest

from rollouts.gitsync import credentials
from rollouts.gitsync.errors import FetchError
from rollouts.gitsync.sources import Reference, Source


def a_source(url: str = "https://git.example/app", secret: str = "token") -> Source:
    return Source("shop", "app", url, Reference(branch="main"), secret=secret)


def a_secret(**data: str) -> dict[str, dict[str, str]]:
    return {"data": {key.replace("__", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}}


def test_what_is_read() -> None:
    """Flux's keys, for https and for ssh."""
    basic = credentials.read(a_source(), a_secret(username="me", password="pw", ca__crt="PEM"))
    bearer = credentials.read(a_source(), a_secret(bearerToken="t0k"))
    ssh = credentials.read(a_source("ssh://git@git.example/app"), a_secret(identity="KEY", known_hosts="host"))

    assert (basic.username, basic.password, basic.authority) == ("me", "pw", "PEM")
    assert bearer.bearer_token == "t0k"
    assert (ssh.identity, ssh.known_hosts) == ("KEY", "host")
    assert basic.secrets == ("pw",)


@pytest.mark.parametrize(
    ("url", "data", "words"),
    [
        ("https://git.example/app", {}, "holds neither"),
        ("https://git.example/app", {"password": "pw"}, "no username"),
        ("https://git.example/app", {"githubAppID": "7"}, "use a token"),
        ("https://git.example/app", {"username": "me", "password": "p\nw"}, "line break"),
        ("ssh://git@git.example/app", {"identity": "KEY"}, "identity and known_hosts"),
        ("ssh://git@git.example/app", {"identity": "K", "known_hosts": "h", "password": "p"}, "not supported"),
    ],
)
def test_what_does_not_fit(url: str, data: dict[str, str], words: str) -> None:
    """The Secret is named, with what it lacks; its values are not."""
    with pytest.raises(FetchError, match=words) as caught:
        credentials.read(a_source(url), a_secret(**data))

    assert caught.value.reason == "AuthenticationFailed"
    assert "pw" not in str(caught.value)


def test_what_is_no_text() -> None:
    """A value that is no base64, or no text, is told by its key."""
    with pytest.raises(FetchError, match="key password cannot be read"):
        credentials.read(a_source(), {"data": {"password": "???"}})


def test_ssh_needs_a_secret() -> None:
    """Without a key and known hosts ssh can never work: no attempt is made."""

    assert credentials.missing(a_source("ssh://git@git.example/app", secret="")) is not None
    assert credentials.missing(a_source("ssh://git@git.example/app")) is None
    assert credentials.missing(a_source(secret="")) is None
