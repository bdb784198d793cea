"""Rocket.Chat: an incoming webhook, in the form of Slack with colours of its own."""

from dataclasses import replace

from analysis.requests import Http
from rollouts.alerts.attachments import message
from rollouts.alerts.protocol import Account, Notice, Service, posted

GOOD, BAD = "#0076D7", "#FF0000"


def render(notice: Notice, account: Account) -> Http:
    """An attachment in the channel."""
    return posted(replace(account, token=""), message(notice, account, good=GOOD, bad=BAD))


SERVICE = Service(render)
