"""Chats: who is told, with which credentials and by which way; what is said of those who cannot be."""

import json
from typing import Any

import pytest

from analysis.driving import drive
from analysis.errors import AnalysisError, SettingsError
from analysis.redirects import url_of
from analysis.requests import Answer, Bearer, Http, Request, Secret
from rollouts.alerts.operators import operators_receiver
from rollouts.alerts.protocol import Notice, notice_of
from rollouts.alerts.registry import SERVICES, deliver
from rollouts.model.alerts import Alert, Receiver, Severity

NOTICE = Notice("web.shop", "It <failed> & stopped", Severity.ERROR, (("Target", "Deployment/web.shop"),))
URL = "https://chat.example/in/T0/key"


def a_receiver(service: str = "slack", **fields: Any) -> Receiver:
    """A chat that can be told."""
    given = {"address": URL, "channel": "ops", "username": "bot", "namespace": "shop", **fields}
    return Receiver("shop/p", service, **given)


async def told(receiver: Receiver, says: Answer | None = None, secret: dict[str, str] | None = None) -> Http:
    """The request that tells the chat."""
    sent: list[Http] = []

    async def ask(request: Request) -> Any:
        if isinstance(request, Secret):
            return secret if (request.name, request.namespace) == ("keys", "shop") else None
        assert isinstance(request, Http)
        sent.append(request)
        return says or Answer(200, b"ok")

    await drive(deliver(NOTICE, receiver), ask)
    (request,) = sent
    return request


@pytest.mark.parametrize("service", sorted(SERVICES))
async def test_every_chat_is_told_the_whole_message(service: str) -> None:
    """Message, subject and facts are in what is posted, within five seconds."""
    request = await told(a_receiver(service))
    body = json.loads(request.body)

    assert request.method == "POST"
    assert request.server.timeout.total_seconds() == 5
    for part in (NOTICE.message, NOTICE.subject, "Deployment/web.shop"):
        assert part in json.dumps(body, ensure_ascii=False)


async def test_a_secret_holds_the_address() -> None:
    """And a token, which only Slack is shown."""
    secret = {"address": f"{URL}2\n", "token": "t0k\n"}
    slack = await told(a_receiver(address="http://other", secret="keys"), secret=secret)
    rocket = await told(a_receiver("rocket", secret="keys"), secret=secret)

    assert (url_of(slack), slack.server.auth) == (f"{URL}2", Bearer("t0k"))
    assert (url_of(rocket), rocket.server.auth) == (f"{URL}2", None)


async def test_discord_is_asked_in_slacks_form() -> None:
    """The path gets its ending once, before any query."""
    plain = await told(a_receiver("discord", address=f"{URL}?wait=true"))
    ready = await told(a_receiver("discord", address=f"{URL}/slack"))

    assert (url_of(plain), url_of(ready)) == (f"{URL}/slack?wait=true", f"{URL}/slack")


async def test_a_proxy_is_taken() -> None:
    """The receiver's own, not the operator's."""
    request = await told(a_receiver(proxy="http://proxy:3128"))

    assert request.server.proxy == "http://proxy:3128"


@pytest.mark.parametrize(
    ("receiver", "says", "words"),
    [
        (a_receiver(fault="AlertProvider shop/p does not exist"), None, "AlertProvider shop/p does not exist"),
        (a_receiver("irc"), None, "shop/p: type 'irc' is not known: use one of discord, gchat"),
        (a_receiver(channel=""), None, "shop/p has no channel or no username"),
        (a_receiver(address=""), None, "shop/p has no address"),
        (a_receiver(address="chat.example/key"), None, "shop/p has no URL as its address"),
        (a_receiver(proxy="proxy:1"), None, "shop/p has no URL as its proxy"),
        (a_receiver(secret="gone"), None, "Secret shop/gone does not exist"),
        (a_receiver(secret="keys"), None, "Secret shop/keys has no key address"),
        (a_receiver(), Answer(500, b"boom"), "shop/p: slack answered 500: boom"),
        (a_receiver(), Answer(200, b'{"ok": false, "error": "not_in_channel"}'), "slack refused: {"),
    ],
)
async def test_who_cannot_be_told_is_named(receiver: Receiver, says: Answer | None, words: str) -> None:
    """With the reason, and without the address, which would open the chat to anybody."""
    with pytest.raises(AnalysisError) as raised:
        await told(receiver, says, secret={"token": "x"})

    assert words in str(raised.value)
    assert "key" not in str(raised.value).replace("keys", "").replace("key address", "")


def test_a_receiver_hears_what_is_grave_enough() -> None:
    """From its severity on; one without any hears nothing."""
    heard = {
        least: [severity.value for severity in Severity if a_receiver(least=least).hears(severity)]
        for least in (*Severity, None)
    }

    assert heard == {
        Severity.INFO: ["info", "warn", "error"],
        Severity.WARN: ["warn", "error"],
        Severity.ERROR: ["error"],
        None: [],
    }


def test_the_cluster_comes_first() -> None:
    """Where the operator named it."""
    alert = Alert("m", Severity.INFO, (("Target", "t"),))

    assert notice_of(alert, "web.shop", "west").facts == (("Cluster", "west"), ("Target", "t"))
    assert notice_of(alert, "web.shop").facts == (("Target", "t"),)


def test_the_operator_names_a_chat_for_all() -> None:
    """By flags, which variables overrule; Teams wins over Slack, and nothing is nobody."""
    flags = {"slack-url": "http://flag", "slack-user": "bot", "slack-channel": "ops", "slack-token": "a"}
    slack = operators_receiver(flags, {"SLACK_URL": "http://variable", "SLACK_TOKEN": "b"})
    teams = operators_receiver(flags, {"MSTEAMS_URL": "http://teams", "MSTEAMS_PROXY_URL": "http://proxy"})

    assert slack is not None
    assert teams is not None
    assert (slack.service, slack.address, slack.token, slack.channel) == ("slack", "http://variable", "b", "ops")
    assert (teams.service, teams.address, teams.proxy) == ("msteams", "http://teams", "http://proxy")
    assert operators_receiver({}, {}) is None
    with pytest.raises(SettingsError, match="--slack-channel is empty"):
        operators_receiver({"slack-url": "http://x"}, {})
