"""What people are told beside events: an alert and how grave it is. The ticking stages decide, the shell sends."""

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How grave it is, as users write it."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Alert:
    """A message of a rollout. `facts` are name and value of what is shown beside it, in order."""

    message: str
    severity: Severity
    facts: tuple[tuple[str, str], ...] = ()


_GRAVITY = (Severity.INFO, Severity.WARN, Severity.ERROR)


@dataclass(frozen=True, slots=True)
class Receiver:
    """A chat that is told of alerts. `service` is a name of the registry in rollouts/alerts, `name` the user's own.

    With `secret`, a Secret of `namespace`, the address is its key `address`, and a token may be its key `token`.
    `title` and `icon` head a message where the chat shows such. `least` is the severity from which on it is told; None:
    of nothing. `fault` says why it cannot be told ("": it can).
    """

    name: str
    service: str = ""
    address: str = field(default="", repr=False)
    channel: str = ""
    username: str = ""
    title: str = ""
    icon: str = ""
    proxy: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    namespace: str = ""
    secret: str = ""
    least: Severity | None = Severity.INFO
    fault: str = ""

    def hears(self, severity: Severity) -> bool:
        """Whether it wants to know of something that grave."""
        return self.least is not None and _GRAVITY.index(severity) >= _GRAVITY.index(self.least)
