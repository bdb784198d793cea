"""What a chat service has to know of an alert, and what its module gives: the request that tells of it.

Siblings are strangers; what several have in common lies below them. A module is one `Service`, a row of the registry.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from analysis.errors import SettingsError
from analysis.providers.access import checked_url
from analysis.redirects import origin_and_rest
from analysis.requests import Answer, Bearer, Http, Json, Server
from rollouts.model.alerts import Alert, Severity

TIMEOUT = timedelta(seconds=5)
_HEADERS = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert of somebody: `subject` is its name, a dot and its namespace. `facts` stand beside the message."""

    subject: str
    message: str
    severity: Severity = Severity.INFO
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def is_bad(self) -> bool:
        """It is an error, and shown in the colour of errors."""
        return self.severity is Severity.ERROR


def notice_of(alert: Alert, subject: str, cluster: str = "") -> Notice:
    """An alert as it is told: the cluster's name, if the operator gave it one, comes before all other facts."""
    facts = (("Cluster", cluster), *alert.facts) if cluster else alert.facts
    return Notice(subject, alert.message, alert.severity, facts)


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom a chat is written to."""

    address: str = field(repr=False)
    channel: str = ""
    username: str = ""
    title: str = ""
    icon: str = ""
    token: str = field(default="", repr=False)
    proxy: str = field(default="", repr=False)


Render = Callable[[Notice, Account], Http]
"""The request that tells a chat of a notice."""


def _never(_: Answer) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Service:
    """One row of the registry. `has_channels`: it is told a channel and a name, and cannot do without.

    `refuses` looks into a good answer for a refusal.
    """

    render: Render
    has_channels: bool = True
    refuses: Callable[[Answer], bool] = _never


def posted(account: Account, body: Json, ending: str = "") -> Http:
    """The JSON at the account's address, whose path gets `ending`. SettingsError where the address is no URL."""
    if not account.address:
        raise SettingsError("has no address: give the AlertProvider one, or a secretRef")
    origin, rest = origin_and_rest(_checked(account.address, "address"))
    path, mark, query = rest.partition("?")
    server = Server(
        origin,
        auth=Bearer(account.token) if account.token else None,
        timeout=TIMEOUT,
        proxy=_checked(account.proxy, "proxy") if account.proxy else "",
    )
    return Http(server, "POST", path + ending + mark + query, headers=_HEADERS, body=_written(body))


def _checked(url: str, what: str) -> str:
    try:
        return checked_url(url, what)
    except SettingsError:  # whose text shows the address, which opens the chat to anybody who has it
        raise SettingsError(f"has no URL as its {what}: it must start with http:// or https://") from None


def _written(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
