"""What the users saw: totals by version, and how many requests came since when. Filled by the flow, read by the demo's
summary, by `sluice simulate` and by tests.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Who answered: pods with this hash and image. Empty: nobody, the gateway itself."""

    namespace: str = ""
    hash: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests, errors among them, and the seconds that the answers took in all."""

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.requests + other.requests, self.errors + other.errors, self.seconds + other.seconds)

    def __sub__(self, earlier: "Tally") -> "Tally":
        """What came after an earlier tally of the same counts."""
        requests, errors = self.requests - earlier.requests, self.errors - earlier.errors
        return Tally(requests, errors, self.seconds - earlier.seconds)


class Served:
    """Everything served so far."""

    def __init__(self) -> None:
        self.by_version: dict[Version, Tally] = {}
        self.total = Tally()
        self._moments: list[datetime] = []
        self._requests: list[int] = []

    def add(self, version: Version, tally: Tally) -> None:
        """One version answered so many requests."""
        self.by_version[version] = self.by_version.get(version, Tally()) + tally
        self.total += tally

    def mark(self, now: datetime) -> None:
        """A tick is over: remember how far we are."""
        self._moments.append(now)
        self._requests.append(self.total.requests)

    def requests_since(self, moment: datetime) -> int:
        """Requests that came after this moment."""
        index = bisect_right(self._moments, moment)
        return self.total.requests - (self._requests[index - 1] if index else 0)
