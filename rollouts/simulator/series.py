"""The samples of the embedded cluster. Traffic records into it, promql reads from it.

One `Track` a label set, two flat arrays each: a million samples take 16 MB. Samples come in order of time, as a scrape
gives them; what is older than the retention goes away in sweeps, so that a write stays an append.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

NAME = "__name__"
Labels = tuple[tuple[str, str], ...]
"""A label set: pairs in order of their names, the metric's name under `__name__`, no empty values."""


class Sampled(NamedTuple):
    """One sample as stored: unix milliseconds and value."""

    time: int
    value: float


class Match(Protocol):
    """A condition on one label; a label that is not there counts as empty."""

    @property
    def name(self) -> str:
        """The label that it looks at."""
        ...

    def accepts(self, value: str) -> bool:
        """Is this value one that we look for?"""
        ...


def labels_of(name: str, labels: Mapping[str, str]) -> Labels:
    """The label set of a metric; labels without a value do not exist, as in Prometheus."""
    pairs = [(key, value) for key, value in labels.items() if value]
    return tuple(sorted([*pairs, (NAME, name)] if name else pairs))


@dataclass(slots=True)
class Track:
    """The samples of one label set, oldest first. `times` are unix milliseconds."""

    labels: Labels
    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def append(self, time: int, value: float) -> None:
        """Add the newest sample; one at the same moment as the last replaces it."""
        last = self.times[-1] if self.times else None
        if last is not None and time < last:
            raise ValueError(f"{dict(self.labels)}: sample at {time} ms is older than the last one at {last} ms")
        if time == last:
            self.values[-1] = value
            return
        self.times.append(time)
        self.values.append(value)

    def latest(self, since: int, until: int) -> Sampled | None:
        """The newest sample of [since, until], both ends included."""
        index = bisect_right(self.times, until) - 1
        if index < 0 or self.times[index] < since:
            return None
        return Sampled(self.times[index], self.values[index])

    def between(self, since: int, until: int) -> tuple["array[int]", "array[float]"]:
        """Times and values of [since, until], both ends included."""
        low, high = bisect_left(self.times, since), bisect_right(self.times, until)
        return self.times[low:high], self.values[low:high]

    def forget_before(self, moment: int) -> None:
        """Drop the samples older than `moment`."""
        count = bisect_left(self.times, moment)
        del self.times[:count], self.values[:count]


class Series:
    """Every track of the embedded cluster. `retention` is in seconds; samples live at most a quarter longer."""

    def __init__(self, retention: float = 7200.0) -> None:
        self._retention = round(retention * 1000)
        self._tracks: dict[str, dict[Labels, Track]] = {}
        self._swept_at: int | None = None

    def record(self, name: str, labels: Mapping[str, str], value: float, at: float) -> None:
        """Store one sample; `at` is in unix seconds and never runs backwards within a label set."""
        time = round(at * 1000)
        key = labels_of(name, labels)
        tracks = self._tracks.setdefault(name, {})
        if (track := tracks.get(key)) is None:
            track = tracks[key] = Track(key)
        track.append(time, value)
        self._sweep(time)

    def select(self, matches: Iterable[Match], name: str | None = None) -> list[Track]:
        """The tracks that satisfy every match (and bear the name, if one is given), in order of their labels."""
        conditions = list(matches)
        groups = self._tracks.values() if name is None else [self._tracks.get(name, {})]
        found = [track for group in groups for track in group.values() if _satisfies(track.labels, conditions)]
        return sorted(found, key=lambda track: track.labels)

    def __iter__(self) -> Iterator[Track]:
        for group in self._tracks.values():
            yield from group.values()

    def _sweep(self, now: int) -> None:
        if self._swept_at is None:
            self._swept_at = now
        if now - self._swept_at < self._retention // 4:
            return
        self._swept_at = now
        for name, group in list(self._tracks.items()):
            for track in group.values():
                track.forget_before(now - self._retention)
            self._tracks[name] = {labels: track for labels, track in group.items() if track.times}
        self._tracks = {name: group for name, group in self._tracks.items() if group}


def _satisfies(labels: Labels, conditions: list[Match]) -> bool:
    if not conditions:
        return True
    values = dict(labels)
    return all(condition.accepts(values.get(condition.name, "")) for condition in conditions)
