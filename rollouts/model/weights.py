"""Who gets how much traffic: wanted (Shares), and read back from routes (Weights or Unknown)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """Part of the traffic that goes to one version through one Service."""

    weight: int
    service: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Shares:
    """A whole split. Invariant: canary + stable + the extra ones are `total`."""

    canary: Share
    stable: Share
    extra: tuple[Share, ...] = ()  # those of experiments
    total: int = 100


@dataclass(frozen=True, slots=True)
class Weights:
    """What a route says now: canary and stable weight as parts of `total`, and the managed routes that stand."""

    canary: int
    stable: int
    total: int = 100
    managed: tuple[str, ...] = ()  # by name; a route of header or mirror steps
    is_mirrored: bool = False  # the new version gets copies of requests


@dataclass(frozen=True, slots=True)
class Unknown:
    """A route that could not be read, and why (missing, foreign backends, not accepted)."""

    reason: str
