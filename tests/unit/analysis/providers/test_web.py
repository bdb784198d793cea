"""The web flow: what it sends, and the settings that it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.errors import PathError, SettingsError
from analysis.model import Metric
from analysis.providers import web
from analysis.requests import Basic, Http, OAuth2, Setting, SigV4

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
URL = "https://shop.example/rate"


def asked(**settings: Any) -> Http:
    request = next(web.run(Metric("rate", "web", {"url": URL, **settings}), Setting(NOW)))
    assert isinstance(request, Http)
    return request


def test_a_bare_url_is_read() -> None:
    """By GET, in ten seconds."""
    request = asked()

    assert (request.method, request.server.address, request.path) == ("GET", "https://shop.example", "/rate")
    assert (request.server.timeout, request.server.is_insecure, request.body) == (timedelta(seconds=10), False, b"")


def test_all_settings_have_their_place() -> None:
    """Headers in their order, JSON with its type."""
    request = asked(
        method="PUT",
        headers=[{"key": "X-A", "value": "1"}],
        jsonBody={"q": ["ü", 1]},
        timeoutSeconds=3,
        insecure=True,
        authentication={"basicAuth": {"username": "u", "password": "p"}, "oauth2": {}},
    )

    assert (request.method, request.body) == ("PUT", '{"q":["ü",1]}'.encode())
    assert request.headers == (("Content-Type", "application/json"),)
    assert (request.server.headers, request.server.auth) == ((("X-A", "1"),), Basic("u", "p"))
    assert (request.server.timeout, request.server.is_insecure) == (timedelta(seconds=3), True)


def test_a_text_is_sent_as_it_is() -> None:
    """Without a type, as in Argo."""
    request = asked(method="POST", body="a=b")

    assert (request.method, request.body, request.headers) == ("POST", b"a=b", ())


@pytest.mark.parametrize(
    ("url", "address", "path"),
    [
        ("http://x:8080", "http://x:8080", ""),
        ("http://x/a b?q=rate(x[5m]) > 1&y=%20", "http://x", "/a%20b?q=rate(x[5m])%20%3E%201&y=%20"),
        ("http://[::1]:9/ü", "http://[::1]:9", "/%C3%BC"),
    ],
)
def test_urls_are_taken_as_people_write_them(url: str, address: str, path: str) -> None:
    """What is encoded stays so."""
    request = asked(url=url)

    assert (request.server.address, request.path) == (address, path)


def test_ways_of_authentication() -> None:
    """A user in the URL, OAuth2, and AWS's signature for the service that the address names."""
    oauth2 = {"tokenUrl": "https://t/x", "clientId": "i", "clientSecret": "s", "scopes": ["a"]}
    sigv4 = {"region": "eu-west-1", "roleArn": "arn:x", "profile": "p"}

    assert asked(url="http://joe:p%40w@x/").server.auth == Basic("joe", "p@w")
    assert asked(url="http://joe:p%40w@x/").server.address == "http://x"
    assert asked(authentication={"oauth2": oauth2}).server.auth == OAuth2("https://t/x", "i", "s", ("a",))
    for host, service in (
        ("a1.execute-api.eu-west-1.amazonaws.com", "execute-api"),
        ("aps-workspaces.eu-west-1.amazonaws.com", "aps"),
        ("f.lambda-url.eu-west-1.on.aws", "lambda"),
        ("shop.example", "execute-api"),
    ):
        signed = asked(url=f"https://{host}/x", authentication={"sigv4": sigv4}).server.auth
        assert signed == SigV4("eu-west-1", service, "p", "arn:x")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": ""}, "metric rate: provider.web.url is empty"),
        ({"url": "shop.example"}, "provider.web.url 'shop.example' is no URL"),
        ({"url": "http://a b/"}, "is no URL"),
        ({"url": "http://x:port/"}, "is no URL"),
        ({"url": "http://x/\n"}, "is no URL"),
        ({"method": "DELETE"}, "provider.web.method 'DELETE' is unknown: use one of GET, POST, PUT"),
        ({"method": "POST", "body": "a", "jsonBody": {}}, "use either Body or JSONBody; both cannot exists"),
        ({"body": "a"}, "Body/JSONBody can only be used with POST or PUT WebMetric Method types"),
        ({"jsonBody": {}}, "Body/JSONBody can only be used with POST or PUT WebMetric Method types"),
        ({"timeoutSeconds": "3"}, "timeoutSeconds must be a whole number"),
        ({"headers": [{"key": ""}]}, "headers.0. has no key"),
        ({"headers": {"a": "b"}}, "headers must be a list"),
        ({"authentication": {"oauth2": {"tokenUrl": "x", "clientId": "i", "clientSecret": "s"}}}, "'x' is no URL"),
        ({"authentication": {"oauth2": {"clientId": "i"}}}, "oauth2.tokenUrl is missing"),
        (
            {"url": "https://sts.eu-west-1.amazonaws.com/", "authentication": {"sigv4": {"region": "x"}}},
            "not for sts: only",
        ),
        ({"authentication": {"basicAuth": {"username": 1}}}, "basicAuth.username must be a text"),
        ({"authentication": {"basicAuth": {"username": "u"}, "sigv4": {"region": "x"}}}, "keep one of them"),
    ],
)
def test_settings_that_cannot_work_name_their_field(settings: dict[str, Any], message: str) -> None:
    """Nothing is asked."""
    with pytest.raises(SettingsError, match=message):
        asked(**settings)


@pytest.mark.parametrize("path", ["$.data", "{.a", "{.a[}"])
def test_a_path_that_cannot_be_read_is_told(path: str) -> None:
    """Before anything is asked."""
    with pytest.raises(PathError):
        asked(jsonPath=path)
