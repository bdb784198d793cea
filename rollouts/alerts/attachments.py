"""A message with one coloured attachment: the form that Slack invented and others took over. For their modules."""

from analysis.requests import Json
from rollouts.alerts.protocol import Account, Notice

EMOJI = ":rocket:"


def message(notice: Notice, account: Account, *, good: str, bad: str) -> Json:
    """The body, in the colours of the service."""
    attachment = {
        "color": bad if notice.is_bad else good,
        "author_name": notice.subject,
        "text": notice.message,
        "mrkdwn_in": ["text"],
        "fields": [{"title": name, "value": value, "short": False} for name, value in notice.facts],
    }
    return {
        "channel": account.channel,
        "username": account.username,
        "icon_url": "",
        "icon_emoji": EMOJI,
        "attachments": [attachment],
    }
