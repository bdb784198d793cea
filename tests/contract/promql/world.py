"""The series that both sides answer from: counters with resets, gauges with gaps, histograms, NaN and infinities.

Drawn once from a fixed seed. Scrapes come every 15 s with some milliseconds of jitter, as real ones do.
"""

import math
import random
from collections.abc import Iterator
from typing import NamedTuple

from rollouts.simulator.series import Series

START = 1_700_000_000
LENGTH = 40 * 60
SCRAPE = 15
BOUNDS = ("0.05", "0.1", "0.25", "0.5", "1", "+Inf")


class Point(NamedTuple):
    """One sample of one metric."""

    name: str
    labels: dict[str, str]
    value: float
    at: float


def points(seed: int = 1) -> list[Point]:
    """All samples, each series' in order of time."""
    dice = random.Random(seed)
    found: list[Point] = []
    for pod, version in (("web-1", "v1"), ("web-2", "v1"), ("web-3", "v2"), ("web-4", "v2")):
        labels = {"pod": pod, "version": version}
        found += _requests(dice, labels)
        found += _gauges(dice, labels)
        found += _latencies(dice, labels)
        found += [Point("build_info", {**labels, "commit": f"c{pod[-1]}"}, 1.0, at) for at in _scrapes(dice)]
    found += _oddities(dice)
    return found


def into_series(found: list[Point]) -> Series:
    """The samples in our own store."""
    series = Series(retention=86_400)
    for point in sorted(found, key=lambda point: point.at):
        series.record(*point)
    return series


def open_metrics(found: list[Point]) -> str:
    """The samples as promtool reads them."""
    lines = [f"{p.name}{{{_label_text(p.labels)}}} {_value_text(p.value)} {p.at:.3f}" for p in found]
    return "\n".join([*lines, "# EOF", ""])


def _label_text(labels: dict[str, str]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels.items())


def _value_text(value: float) -> str:
    return repr(value) if math.isfinite(value) else {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")


def _scrapes(dice: random.Random) -> Iterator[float]:
    phase = dice.uniform(0, SCRAPE)
    for number in range(LENGTH // SCRAPE):
        yield round(START + phase + number * SCRAPE + dice.uniform(0, 0.04), 3)


def _requests(dice: random.Random, labels: dict[str, str]) -> Iterator[Point]:
    for code in ("200", "404", "500"):
        count, pace = 0.0, dice.choice((0.3, 4, 60))
        for at in _scrapes(dice):
            count = 0.0 if dice.random() < 0.02 else count + dice.randint(0, round(pace * 2) + 1)
            yield Point("http_requests_total", {**labels, "code": code}, count, at)


def _gauges(dice: random.Random, labels: dict[str, str]) -> Iterator[Point]:
    level = dice.uniform(1e8, 9e8)
    gap = dice.randint(0, LENGTH - 600)
    for at in _scrapes(dice):
        level *= dice.uniform(0.9, 1.12)
        if not gap <= at - START <= gap + 500:
            yield Point("memory_bytes", labels, level, at)
    for at in _scrapes(dice):
        yield Point("temperature_celsius", labels, dice.uniform(-20, 40), at)


def _latencies(dice: random.Random, labels: dict[str, str]) -> Iterator[Point]:
    counts = [0.0] * len(BOUNDS)
    total = 0.0
    for at in _scrapes(dice):
        for _ in range(dice.randint(0, 12)):
            seconds = dice.expovariate(6)
            total += seconds
            counts = [count + (seconds <= float(bound)) for count, bound in zip(counts, BOUNDS, strict=True)]
        for bound, count in zip(BOUNDS, counts, strict=True):
            yield Point("latency_seconds_bucket", {**labels, "le": bound}, count, at)
        yield Point("latency_seconds_count", labels, counts[-1], at)
        yield Point("latency_seconds_sum", labels, total, at)


def _oddities(dice: random.Random) -> Iterator[Point]:
    for number, at in enumerate(_scrapes(dice)):
        value = dice.choice((math.nan, math.inf, -math.inf, 0.0, -1.5, 1e-9, 3e22))
        yield Point("odd_value", {"kind": "mixed"}, value, at)
        yield Point("odd_value", {"kind": "infinite"}, math.inf, at)
        yield Point("odd_value", {"kind": "step"}, float(number // 20), at)
    for at in list(_scrapes(dice))[:40]:
        yield Point("short_lived", {"pod": "web-0"}, dice.uniform(0, 1), at)
