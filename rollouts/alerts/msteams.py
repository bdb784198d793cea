"""Microsoft Teams: a message card at an incoming webhook."""

from dataclasses import replace

from analysis.requests import Http
from rollouts.alerts.protocol import Account, Notice, Service, posted

GOOD, BAD = "0076D7", "FF0000"
CONTEXT = "http://schema.org/extensions"


def render(notice: Notice, account: Account) -> Http:
    """A card with the facts below the message."""
    section = {
        "activityTitle": notice.message,
        "activitySubtitle": notice.subject,
        "facts": [{"name": name, "value": value} for name, value in notice.facts],
    }
    body = {
        "@type": "MessageCard",
        "@context": CONTEXT,
        "themeColor": BAD if notice.is_bad else GOOD,
        "summary": notice.subject,
        "sections": [section],
    }
    return posted(replace(account, token=""), body)


SERVICE = Service(render, has_channels=False)
