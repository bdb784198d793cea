"""What people are told beside events: an alert and how grave it is. The ticking stages decide, the shell sends."""

from dataclasses import dataclass
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
