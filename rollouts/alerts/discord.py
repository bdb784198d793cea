"""Discord: a webhook, asked in the form of Slack, for which its address ends in /slack."""

from dataclasses import replace
from urllib.parse import urlsplit

from analysis.requests import Http
from rollouts.alerts.attachments import message
from rollouts.alerts.protocol import Account, Notice, Service, posted

GOOD, BAD = "good", "danger"
ENDING = "/slack"


def render(notice: Notice, account: Account) -> Http:
    """An attachment in the channel that the webhook was made for."""
    ending = "" if urlsplit(account.address).path.endswith(ENDING) else ENDING
    return posted(replace(account, token=""), message(notice, account, good=GOOD, bad=BAD), ending)


SERVICE = Service(render)
