"""A revision as `history` tells it. Made for rollouts by history, for Canaries by canaries/past."""

from datetime import datetime
from typing import NamedTuple

CAUSE = "kubernetes.io/change-cause"


class Revision(NamedTuple):
    """One line. Texts are empty where nobody remembers."""

    number: int
    hash: str
    images: tuple[str, ...]
    cause: str
    created: datetime | None
    seconds: float | None
    verdict: str
    why: str = ""
    former: str = ""
