"""Authorization of requests: tokens of OAuth2 and signatures of AWS, with servers on loopback that look at them.

Tokens: RFC 6749, sections 4.4 and 5; credentials in the header first, then in the form, as Go's library tries it. STS:
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from analysis.aws import AwsLookup
from analysis.errors import ProviderError, SettingsError
from analysis.requests import Answer, Basic, Bearer, Http, OAuth2, Server, SigV4
from analysis.sigv4 import AwsKeys
from tests.builders.outside import a_client, answering

STS = """<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>
<AccessKeyId>ASIA{role}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"""


@dataclass
class Issuer:
    """A token server, and a service that takes its tokens. `replies` are given in turn, the last one for ever."""

    replies: list[Any] = field(default_factory=lambda: [{"access_token": "one", "expires_in": 3600}])
    good: set[str] = field(default_factory=lambda: {"Bearer one"})
    asked: list[dict[str, str]] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """A token, or the service's answer."""
        if request.path != "/token":
            self.shown.append(request.headers["Authorization"])
            return web.Response(status=200 if self.shown[-1] in self.good else 401)
        form = {str(name): str(value) for name, value in (await request.post()).items()}
        self.asked.append({**form, "header": request.headers.get("Authorization", "")})
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, web.Response) else web.json_response(reply)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Http]:
        """A request that needs a token."""
        async with answering(self.answer) as url:
            auth = OAuth2(f"{url}/token", "me", "s:e&c", ("read", "write"))
            yield Http(Server(url, auth=auth), "GET", "/api")


async def test_a_token_is_asked_for_once_and_kept() -> None:
    """By client credentials, also where many ask at once."""
    issuer = Issuer()
    async with issuer.opened() as request, a_client() as client:
        answers = await asyncio.gather(*(client.send(request) for _ in range(5)))

    assert {answer.status for answer in answers} == {200}
    header = "Basic bWU6cyUzQWUlMjZj"  # me:s%3Ae%26c
    assert issuer.asked == [{"grant_type": "client_credentials", "scope": "read write", "header": header}]


async def test_a_server_that_wants_the_form_gets_it() -> None:
    """Where the header is refused."""
    issuer = Issuer([web.Response(status=401), {"access_token": "one"}])
    async with issuer.opened() as request, a_client() as client:
        assert (await client.send(request)).status == 200

    assert (issuer.asked[1]["client_id"], issuer.asked[1]["client_secret"], issuer.asked[1]["header"]) == (
        "me",
        "s:e&c",
        "",
    )


async def test_a_token_that_expires_is_asked_for_anew() -> None:
    """Ten seconds before its end it is not used any more."""
    issuer = Issuer([{"access_token": "one", "expires_in": "9"}, {"access_token": "two", "expires_in": 60}])
    issuer.good = {"Bearer one", "Bearer two"}
    async with issuer.opened() as request, a_client() as client:
        for _ in range(3):
            await client.send(request)

    assert issuer.shown == ["Bearer one", "Bearer two", "Bearer two"]


async def test_a_token_that_is_refused_is_asked_for_anew_once() -> None:
    """A server may forget its tokens; one that refuses for good is not asked in a circle."""
    issuer = Issuer([{"access_token": "one"}, {"access_token": "two"}])
    async with issuer.opened() as request, a_client() as client:
        await client.send(request)
        issuer.good = {"Bearer two"}
        again = await client.send(request)
        issuer.good = set()
        refused = await client.send(request)

    assert (again.status, refused.status) == (200, 401)
    assert issuer.shown == ["Bearer one", "Bearer one", "Bearer two", "Bearer two", "Bearer two"]


def test_credentials_do_not_show_in_errors() -> None:
    """Values are shown by tracebacks and logs of defects; what is secret is left out."""
    secret = "hunter2"
    shown = (Basic("u", secret), Bearer(secret), OAuth2("https://t", "i", secret), AwsKeys("a", secret, secret))

    assert secret not in repr(shown)


async def test_kinds_of_tokens_and_forms_of_answers() -> None:
    """The kind stands before the token; a form does as an answer, too."""
    form = web.Response(text="access_token=one&token_type=bearer", content_type="application/x-www-form-urlencoded")
    issuer = Issuer([form])
    async with issuer.opened() as request, a_client() as client:
        assert (await client.send(request)).status == 200


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (400, '{"error": "invalid_scope", "error_description": "no"}', "400 invalid_scope: no"),
        (500, "<html>", "500"),
        (200, '{"token": "x"}', "200"),
        (200, "[]", "200"),
    ],
)
async def test_without_a_token_nothing_is_asked(status: int, body: str, why: str) -> None:
    """The address of the tokens is named, and what it said."""
    issuer = Issuer([web.Response(status=status, text=body, content_type="application/json") for _ in range(2)])
    async with issuer.opened() as request, a_client() as client:
        with pytest.raises(ProviderError, match=f"^oauth2: http://127.*/token gave no token: {why}$"):
            await client.send(request)

    assert issuer.shown == []


async def test_a_request_is_signed_as_it_is_sent() -> None:
    """AWS's own library comes to the same signature for what has arrived."""
    botocore_auth = pytest.importorskip("botocore.auth")
    aws_request = pytest.importorskip("botocore.awsrequest").AWSRequest
    credentials = pytest.importorskip("botocore.credentials").Credentials

    seen: list[tuple[str, str]] = []

    async def check(request: web.Request) -> web.Response:
        sent = request.headers
        again = aws_request(request.method, str(request.url), data=await request.read())
        again.headers["Content-Type"] = sent["Content-Type"]
        again.context["timestamp"] = sent["x-amz-date"]
        signer = botocore_auth.SigV4Auth(credentials("AKID", "secret", "token"), "aps", "eu-west-1")
        signer._modify_request_before_signing(again)
        place = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
        seen.append((sent["Authorization"].rpartition("=")[2], place))
        return web.Response()

    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
    async with answering(check) as url, a_client(environ) as client:
        server = Server(url, auth=SigV4("eu-west-1", "aps"))
        header = (("Content-Type", "application/x-www-form-urlencoded"),)
        params = (("query", "sum(rate(x[5m]))"), ("b", "ü"))
        await client.send(Http(server, "POST", "/workspaces/ws-1/api/v1/query", params, header, b"a=b"))

    [(ours, theirs)] = seen
    assert ours == theirs


async def test_keys_of_the_environment_need_no_library() -> None:
    """And the region may come from there."""
    environ = {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_DEFAULT_REGION": "eu-north-1"}

    assert await AwsLookup(environ).keys(SigV4("", "aps")) == (AwsKeys("A", "S"), "eu-north-1")
    assert (await AwsLookup(environ).keys(SigV4("eu-west-1", "aps")))[1] == "eu-west-1"
    with pytest.raises(SettingsError, match=r"set authentication\.sigv4\.region, or AWS_REGION"):
        await AwsLookup({**environ, "AWS_DEFAULT_REGION": ""}).keys(SigV4("", "aps"))


async def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to set, or what to install."""
    monkeypatch.setitem(sys.modules, "botocore.session", None)

    with pytest.raises(SettingsError, match=r"install sluice-delivery\[aws\]"):
        await AwsLookup({}).keys(SigV4("eu-west-1", "aps"))


@asynccontextmanager
async def an_account(monkeypatch: pytest.MonkeyPatch, folder: Path) -> AsyncIterator[list[dict[str, str]]]:
    """A machine with a profile `ops` and an STS on loopback; what STS is asked is noted."""
    pytest.importorskip("botocore")
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        form = {str(name): str(value) for name, value in (await request.post()).items()}
        asked.append(form)
        role = form["RoleArn"].rpartition("/")[2]
        return web.Response(text=STS.format(action=form["Action"], role=role), content_type="text/xml")

    (folder / "credentials").write_text("[ops]\naws_access_key_id = AKOPS\naws_secret_access_key = opssecret\n")
    (folder / "config").write_text("[profile ops]\nregion = ap-south-1\n")
    (folder / "token").write_text("identity")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    async with answering(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        yield asked


async def test_a_profile_has_its_keys_and_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Read as AWS's tools do."""
    async with an_account(monkeypatch, tmp_path):
        found = await AwsLookup({}).keys(SigV4("", "aps", profile="ops"))

    assert found == (AwsKeys("AKOPS", "opssecret"), "ap-south-1")


async def test_a_role_is_assumed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the profile's keys; what it gives is kept while it is good."""
    auth = SigV4("eu-west-1", "aps", profile="ops", role_arn="arn:aws:iam::123456789012:role/metrics")
    async with an_account(monkeypatch, tmp_path) as asked:
        lookup = AwsLookup({})
        found = [await lookup.keys(auth) for _ in range(2)]

    assert found == [(AwsKeys("ASIAmetrics", "secret", "token"), "eu-west-1")] * 2
    assert [(form["Action"], form["RoleSessionName"]) for form in asked] == [("AssumeRole", "sluice")]


async def test_a_web_identity_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As pods of EKS have one (IRSA)."""
    async with an_account(monkeypatch, tmp_path) as asked:
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        keys, _ = await AwsLookup({}).keys(SigV4("eu-west-1", "aps"))

    assert keys.access_key == "ASIApod"
    assert (asked[0]["Action"], asked[0]["WebIdentityToken"]) == ("AssumeRoleWithWebIdentity", "identity")


async def test_without_any_keys_it_is_told_where_they_may_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And a profile that is not there is named."""
    async with an_account(monkeypatch, tmp_path):
        with pytest.raises(
            SettingsError, match="give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"
        ):
            await AwsLookup({}).keys(SigV4("eu-west-1", "aps"))
        with pytest.raises(ProviderError, match=r"profile \(gone\) could not be found"):
            await AwsLookup({}).keys(SigV4("eu-west-1", "aps", profile="gone"))


def test_an_answer_is_kept_apart_from_its_bytes() -> None:
    """What is no UTF-8 can still be shown."""
    answer = Answer(200, b"\xff\xfe", address="http://x")

    assert answer.text == "\ufffd\ufffd"
    assert replace(answer, body=b"[1]").json() == [1]
