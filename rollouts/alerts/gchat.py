"""Google Chat: a card at the webhook of a space."""

from dataclasses import replace

from analysis.requests import Http, Json
from rollouts.alerts.protocol import Account, Notice, Service, posted

GREY = "<font color=#848484><strong>{}</strong></font>"


def render(notice: Notice, account: Account) -> Http:
    """A card with a section for the message, and one for each fact."""
    texts = (GREY.format(notice.message), *(f"{name}<br>{GREY.format(value)}" for name, value in notice.facts))
    header = {"title": account.title, "subtitle": notice.subject, "imageUrl": account.icon}
    body = {"cards": [{"header": header, "sections": [_section(text) for text in texts]}]}
    return posted(replace(account, token=""), body)


def _section(text: str) -> Json:
    return {"widgets": [{"textParagraph": {"text": text}}]}


SERVICE = Service(render, has_channels=False)
