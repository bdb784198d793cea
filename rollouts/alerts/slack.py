"""Slack: an incoming webhook, or the Web API's chat.postMessage with a token."""

import json

from analysis.requests import Answer, Http
from rollouts.alerts.attachments import message
from rollouts.alerts.protocol import Account, Notice, Service, posted

GOOD, BAD = "good", "danger"


def render(notice: Notice, account: Account) -> Http:
    """An attachment in the channel; only here a token counts."""
    return posted(account, message(notice, account, good=GOOD, bad=BAD))


def refuses(answer: Answer) -> bool:
    """The Web API says 200 to everything; its body tells whether it is meant."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return False  # webhooks say ok, and no more
    return isinstance(body, dict) and body.get("ok") is False


SERVICE = Service(render, refuses=refuses)
