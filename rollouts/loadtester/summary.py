"""What came of a load, and its picture in lines. Filled by generator, printed by `sluice load`.

Times are counted in steps of one per cent, not kept: an hour of load takes no more memory than a second.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

PERCENTS = (10, 25, 50, 75, 90, 95, 99)
_STEP = math.log(1.01)
_SHORTEST = 1e-6
_CAUSES = 20
"""How many different errors are told apart; others are counted together."""


@dataclass
class Summary:
    """Counts of answers by code, of requests without one by cause, and of times. `seconds` is how long it all took."""

    seconds: float = 0.0
    size: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    _times: Counter[int] = field(default_factory=Counter)
    _sum: float = 0.0
    _fastest: float = math.inf
    _slowest: float = 0.0

    def answered(self, code: int, seconds: float, size: int) -> None:
        """An answer, whole after so many seconds."""
        self.codes[code] += 1
        self.size += size
        self._sum += seconds
        self._fastest, self._slowest = min(self._fastest, seconds), max(self._slowest, seconds)
        self._times[round(math.log(max(seconds, _SHORTEST)) / _STEP)] += 1

    def lost(self, cause: str) -> None:
        """No answer, or not the whole of one."""
        self.errors[cause if cause in self.errors or len(self.errors) < _CAUSES else "others"] += 1

    @property
    def answers(self) -> int:
        """How many answers came."""
        return self.codes.total()

    def percentile(self, percent: float) -> float:
        """Seconds within which so many of a hundred answers came, to one per cent; 0 where none came."""
        needed, seen = self.answers * percent / 100, 0
        for step, count in sorted(self._times.items()):
            seen += count
            if seen >= needed:
                return min(max(math.exp(step * _STEP), self._fastest), self._slowest)
        return 0.0

    def lines(self) -> Iterator[str]:
        """The picture, in the form that readers of hey know."""
        yield from ("", "Summary:", f"  Total:\t{self.seconds:.4f} secs")
        if self.answers:
            yield f"  Slowest:\t{self._slowest:.4f} secs"
            yield f"  Fastest:\t{self._fastest:.4f} secs"
            yield f"  Average:\t{self._sum / self.answers:.4f} secs"
        yield f"  Requests/sec:\t{self._requests() / max(self.seconds, _SHORTEST):.4f}"
        yield f"  Total data:\t{self.size} bytes"
        if self.answers:
            yield from ("", "Latency distribution:")
            yield from (f"  {percent}% in {self.percentile(percent):.4f} secs" for percent in PERCENTS)
            yield from ("", "Status code distribution:")
            yield from (f"  [{code}]\t{count} responses" for code, count in sorted(self.codes.items()))
        if self.errors:
            yield from ("", "Error distribution:")
            yield from (f"  [{count}]\t{cause}" for cause, count in self.errors.most_common())
        yield ""

    def _requests(self) -> int:
        return self.answers + self.errors.total()
